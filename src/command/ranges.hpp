// command/ranges.hpp: counts and positions, as commands on lists, hashes and sets read them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include <coppice/base/random.hpp>

#include <command/command.hpp>

namespace coppice {

/// A number that is not negative.  Errors: `message`, also where it is not a number.
[[nodiscard]] result<std::uint64_t> count_in(std::string_view text,
                                             std::string_view message = "value is out of range, must be positive");
/// A number above 0.  Errors: `message`, also where it is not a number.
[[nodiscard]] result<std::uint64_t> positive_in(std::string_view text, std::string_view message);

/// Of how many elements a random choice is made, and whether one may come again.
struct random_count {
    std::uint64_t count = 0;
    bool repeats = false;  ///< said by a negative count
};
/// Errors: not an integer; out of range.
[[nodiscard]] result<random_count> random_count_in(std::string_view text);
/// Errors: more with repeats than one answer may hold.
[[nodiscard]] status check_repeats(const random_count& wanted);

/// The command's random numbers: the host's, or a worker's own.
[[nodiscard]] random_source& random_of(const command_context& context) noexcept;
/// `count` different numbers below `size`, evenly, ascending.  Requires: count <= size.
/// Cost: O(count log count) where that is below O(size).
[[nodiscard]] std::vector<std::uint64_t> different_below(random_source& random, std::uint64_t size,
                                                         std::uint64_t count);

/// Elements [first, first + count) of a collection.
struct element_range {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
};
/// From `first` to `last`, both included and negative from the end, as LRANGE has them.
[[nodiscard]] inline element_range range_between(std::int64_t first, std::int64_t last, std::uint64_t size) noexcept {
    const auto end = static_cast<std::int64_t>(size);
    const auto from = std::max<std::int64_t>(first < 0 ? first + end : first, 0);
    const auto to = std::min(last < 0 ? last + end : last, end - 1);
    if (from > to) { return {}; }
    return {static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(to - from + 1)};
}
/// A position to insert at: negative from the end, no further than the ends.
[[nodiscard]] inline std::uint64_t place_in(std::int64_t position, std::uint64_t size) noexcept {
    const auto end = static_cast<std::int64_t>(size);
    return static_cast<std::uint64_t>(std::clamp<std::int64_t>(position < 0 ? position + end : position, 0, end));
}

/// Elements of a collection of `type` at a key, 0 where there is none: what a read of all of it touches.
[[nodiscard]] std::uint64_t size_of(const command_context& context, std::string_view key, value_type type);

}  // namespace coppice
