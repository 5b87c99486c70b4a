// examples/copy_on_write/stage.hpp: how scenes speak: paragraphs, tables, measured figures.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/error.hpp>

namespace copy_on_write {

enum class colour { plain, bold, shared, copied };

class stage {
public:
    /// `small`: sizes for a test. `coloured`: escape sequences of a terminal.
    stage(bool small, bool coloured) : small_(small), coloured_(coloured) {}

    /// The size of something: the second in a test.
    [[nodiscard]] std::size_t size(std::size_t full, std::size_t in_a_test) const { return small_ ? in_a_test : full; }
    /// `text` as the terminal is to show it.
    [[nodiscard]] std::string in(colour shade, std::string_view text) const;
    void title(std::string_view text) const;
    void say(std::string_view text) const;
    /// The first row is the head. The first column is aligned left, the others right.
    void table(const std::vector<std::vector<std::string>>& rows) const;

private:
    bool small_;
    bool coloured_;
};

// Figures, with three digits and a unit.

std::string time_text(std::chrono::duration<double> time);
std::string bytes_text(double bytes);
std::string count_text(std::uint64_t number);  ///< 1,234,567
std::string percent_text(double share);

/// What `work` took by the clock on the wall.
template <class Work>
std::chrono::duration<double> time_of(Work&& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::steady_clock::now() - begin;
}

/// Memory of this process that is in RAM.
double resident_bytes();

/// Keeps a computed value from being optimised away.
template <class T>
void keep(const T& value) {
    asm volatile("" : : "r"(&value) : "memory");
}

/// Ends the program with what was wrong: one of yours would go on with it.
[[noreturn]] void stop(std::string_view why);

/// Ends the program where a scene does not show what it says.
inline void expect(bool shown, std::string_view what) {
    if (!shown) { stop(what); }
}

/// What is in a result, or the end of this program.
template <class T>
T need(coppice::result<T> given) {
    if (!given) { stop(given.error().message()); }
    if constexpr (!std::is_void_v<T>) { return std::move(*given); }
}

}  // namespace copy_on_write
