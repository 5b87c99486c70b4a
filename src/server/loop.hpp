// src/server/loop.hpp: the event loop, the only place that knows libuv.
//
// One thread runs the loop; descriptors, timers, signals and calls posted by other threads come to it as
// calls. A round ends with the turn's end: `on_turn_end` is called once before the loop sleeps, after
// everything that was ready has been handled.
//
// Threads: post, wake and stop may be called from any thread, all else from the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace coppice::server {

/// What a watched descriptor is ready for, or should be watched for; a set of bits.
enum class readiness : std::uint8_t { none = 0, read = 1, write = 2, hang_up = 4, broken = 8 };
[[nodiscard]] constexpr readiness operator|(readiness a, readiness b) noexcept {
    return static_cast<readiness>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
[[nodiscard]] constexpr bool has(readiness set, readiness bit) noexcept {
    return (static_cast<unsigned>(set) & static_cast<unsigned>(bit)) != 0;
}

enum class timer_id : std::uint64_t { none = 0 };

class loop {
public:
    /// Throws std::system_error when the system gives no loop (descriptors, memory).
    loop();
    ~loop();
    loop(const loop&) = delete;
    loop& operator=(const loop&) = delete;

    /// Runs until stop().
    void run();
    void stop();

    /// Calls `f` on the loop's thread, soon.  What is posted after the loop ended is dropped with the loop.
    void post(std::function<void()> f);
    /// Makes a turn happen soon, even if nothing is ready.
    void wake() noexcept;

    /// Calls `f` once after `delay`, or every `period`.  Millisecond resolution.
    timer_id after(std::chrono::milliseconds delay, std::function<void()> f);
    timer_id every(std::chrono::milliseconds period, std::function<void()> f);
    void cancel(timer_id timer) noexcept;

    /// Calls `f` when the signal comes; the process no longer dies of it.
    void on_signal(int number, std::function<void()> f);
    /// Called once at the end of each round.
    void on_turn_end(std::function<void()> f);

    /// Watches a descriptor.  `ready` may destroy the watch.
    class watch;
    [[nodiscard]] std::unique_ptr<watch> watch_descriptor(int descriptor, std::function<void(readiness)> ready);

    struct inside;

private:
    std::unique_ptr<inside> inside_;
};

/// A watched descriptor; watches nothing until told for what.  Must be destroyed before its descriptor is closed
/// and before the loop.
class loop::watch {
public:
    virtual ~watch() = default;
    virtual void want(readiness what) noexcept = 0;
};

}  // namespace coppice::server
