// coppice/base/clock.hpp: time, handed in so that a test can own it.
//
// Versions carry microseconds since 1970 UTC; deadlines of keys are milliseconds UTC; how long something
// lasted comes from the monotonic clock, which no administrator can turn back.
#pragma once

#include <chrono>
#include <cstdint>

namespace coppice {

using microseconds_utc = std::int64_t;
using milliseconds_utc = std::int64_t;

/// Threads: every member may be called from any thread.
class clock_source {
public:
    virtual ~clock_source() = default;
    /// Wall-clock time.  It may jump.
    [[nodiscard]] virtual microseconds_utc now() const noexcept = 0;
    /// Time since some fixed moment.  It never goes back.
    [[nodiscard]] virtual std::chrono::nanoseconds elapsed() const noexcept = 0;
};

/// The machine's own clocks.
[[nodiscard]] const clock_source& system_clock() noexcept;

}  // namespace coppice
