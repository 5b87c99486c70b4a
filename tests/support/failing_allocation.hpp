// tests/support/failing_allocation.hpp: memory that runs out when a test says so.
//
//     failing_allocation fails(k);                             by hand, or
//     with_each_allocation_failing([&] { operation(); }, [&](bool threw) { EXPECT_...; });
//
// What operator new, malloc and realloc give our own code counts, on the thread that asks for it. The library
// failing_allocation (tests/CMakeLists.txt) puts them in place; only a program that links it can use this.
// Simulated disks (storage/sim_disk.hpp) and what a test does between hold() and go_on() are left alone.
#pragma once

#include <cstdint>
#include <new>

namespace coppice::testing {

/// While it lives, the k-th allocation of this thread, counted from 0, fails: once.
class failing_allocation {
public:
    explicit failing_allocation(std::uint64_t k) noexcept;
    ~failing_allocation() { stop(); }
    failing_allocation(const failing_allocation&) = delete;
    failing_allocation& operator=(const failing_allocation&) = delete;

    /// Ends it.  Returns whether an allocation failed.
    bool stop() noexcept;
    /// Allocations that failed so far, of all of them together.
    [[nodiscard]] static std::uint64_t failed_in_all() noexcept;
};

/// While it lives, the allocations of this thread neither count nor fail.
class unfailing_section {
public:
    unfailing_section() noexcept;
    ~unfailing_section();
    unfailing_section(const unfailing_section&) = delete;
    unfailing_section& operator=(const unfailing_section&) = delete;
};

/// Runs `body` with its first, second, ... allocation failing, until none does, and behind each run
/// `check(whether it threw)`.
template <class Body, class Check>
void with_each_allocation_failing(Body&& body, Check&& check) {
    for (std::uint64_t k = 0;; ++k) {
        failing_allocation fails(k);
        bool threw = false;
        try {
            body();
        } catch (const std::bad_alloc&) { threw = true; }
        const bool failed = fails.stop();
        check(threw);
        if (!failed) { return; }
    }
}

}  // namespace coppice::testing
