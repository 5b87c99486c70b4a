// cli/progress.hpp: a bar on the terminal while long work goes on.
//
//   importing [##########          ]  51 %  1,234,567 documents  12.3 MB/s  0 m 40 s left
//
// Drawn on standard error, only when that is a terminal, at most ten times a second, and wiped at the end.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include <coppice/base/clock.hpp>

namespace coppice::cli {

class progress {
public:
    progress(std::ostream& err, bool is_shown, std::string doing, std::string noun,
             const clock_source& clock = system_clock());
    ~progress() { done(); }
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;

    /// `parts` of `total` (bytes, or things where `noun` counts them) are done, and `things` were handled.
    void at(std::uint64_t parts, std::optional<std::uint64_t> total, std::uint64_t things);
    /// Wipes the bar.
    void done();

    [[nodiscard]] double seconds() const;

private:
    std::ostream& err_;
    const bool is_shown_;
    const std::string doing_;
    const std::string noun_;
    const clock_source& clock_;
    const std::chrono::nanoseconds begun_;
    std::chrono::nanoseconds drawn_{};
    bool on_screen_ = false;
};

/// The bar's text, without the control characters around it.
[[nodiscard]] std::string progress_line(std::string_view doing, std::string_view noun, std::uint64_t parts,
                                        std::optional<std::uint64_t> total, std::uint64_t things, double seconds);

}  // namespace coppice::cli
