// cli/interruption.hpp: Ctrl-C and SIGTERM while something is written piece by piece.
//
//     interruption watched;
//     while (...) { if (interruption::signal() != 0) { return interrupted(); } ... }
//
// The first one is noted, so that whoever writes can say how far he came; the second ends the program as ever.
#pragma once

#include <csignal>

#include <coppice/base/error.hpp>

namespace coppice::cli {

class interruption {
public:
    interruption() noexcept;
    ~interruption();
    interruption(const interruption&) = delete;
    interruption& operator=(const interruption&) = delete;

    /// The signal that came since the newest one was made, or 0.
    [[nodiscard]] static int signal() noexcept;

private:
    struct sigaction interrupt_before_ {};
    struct sigaction terminate_before_ {};
};

/// errc::closed.
[[nodiscard]] error interrupted();

}  // namespace coppice::cli
