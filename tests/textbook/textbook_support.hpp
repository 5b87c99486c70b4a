// tests/textbook/textbook_support.hpp: elements that are counted, and that see recursion.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace coppice::textbook {

/// A number. `alive` counts all of them: what a structure forgets to free stays there.
struct tracked {
    tracked(int given) noexcept : number(given) { ++alive; }  // NOLINT: stands for its number
    tracked(const tracked& from) noexcept : number(from.number) { ++alive; }
    tracked& operator=(const tracked&) noexcept = default;
    ~tracked() { --alive; }
    friend bool operator==(const tracked& a, const tracked& b) noexcept { return a.number == b.number; }
    friend bool operator<(const tracked& a, const tracked& b) noexcept { return a.number < b.number; }

    int number;
    static inline std::ptrdiff_t alive = 0;
};

/// A number whose destructor notes how deep the stack is: what recurses once for each node is seen there.
struct sounding {
    sounding(int given) noexcept : number(given) {}  // NOLINT: stands for its number
    sounding(const sounding&) noexcept = default;
    sounding& operator=(const sounding&) noexcept = default;
    ~sounding() {
        const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
        lowest = std::min(lowest, here);
        highest = std::max(highest, here);
    }
    friend bool operator<(const sounding& a, const sounding& b) noexcept { return a.number < b.number; }

    int number;
    static inline std::uintptr_t lowest = UINTPTR_MAX;
    static inline std::uintptr_t highest = 0;
};

/// Bytes of stack between the destructors that `body` runs.
template <class Body>
std::uintptr_t stack_bytes_of_destructors(Body&& body) {
    sounding::lowest = UINTPTR_MAX;
    sounding::highest = 0;
    body();
    return sounding::highest - sounding::lowest;
}
constexpr std::uintptr_t stack_bytes_of_a_loop = 1024;  // a few frames

}  // namespace coppice::textbook
