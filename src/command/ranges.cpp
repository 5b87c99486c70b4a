#include "command/ranges.hpp"

#include <string>

#include <fmt/format.h>

#include <coppice/base/limits.hpp>

#include <command/session.hpp>

namespace coppice {
namespace {

result<std::uint64_t> at_least_in(std::string_view text, std::int64_t least, std::string_view message) {
    const auto number = integer_in(text);
    if (!number || *number < least) { return error{errc::invalid, std::string(message)}; }
    return static_cast<std::uint64_t>(*number);
}

}  // namespace

result<std::uint64_t> count_in(std::string_view text, std::string_view message) {
    return at_least_in(text, 0, message);
}
result<std::uint64_t> positive_in(std::string_view text, std::string_view message) {
    return at_least_in(text, 1, message);
}

result<random_count> random_count_in(std::string_view text) {
    const auto number = integer_in(text);
    if (!number) { return number.error(); }
    if (*number == INT64_MIN) {
        return error{errc::invalid,
                     fmt::format("value is out of range, value must between {} and {}", -INT64_MAX, INT64_MAX)};
    }
    return random_count{static_cast<std::uint64_t>(*number < 0 ? -*number : *number), *number < 0};
}

status check_repeats(const random_count& wanted) {
    if (!wanted.repeats || wanted.count <= limits::random_picks) { return {}; }
    return error{errc::limit,
                 fmt::format("value is out of range, at most {} elements with repeats", limits::random_picks)};
}

random_source& random_of(const command_context& context) noexcept {
    thread_local random_source of_worker(random_seed());
    return context.host != nullptr ? context.host->random : of_worker;
}

std::vector<std::uint64_t> different_below(random_source& random, std::uint64_t size, std::uint64_t count) {
    std::vector<std::uint64_t> chosen;
    chosen.reserve(count);
    if (count > size / 64) {
        // A bit for each number takes no more room than what is chosen. At most half of them are drawn: those that are
        // chosen, or those that are not.
        const bool drawn_is_chosen = count <= size / 2;
        std::vector<bool> drawn(size);
        for (auto missing = drawn_is_chosen ? count : size - count; missing > 0;) {
            auto bit = drawn[random.below(size)];
            missing -= bit ? 0 : 1;
            bit = true;
        }
        for (std::uint64_t number = 0; number < size; ++number) {
            if (drawn[number] == drawn_is_chosen) { chosen.push_back(number); }
        }
        return chosen;
    }
    // Drawn until there are enough: of few among many hardly any comes twice.
    while (chosen.size() < count) {
        for (auto missing = count - chosen.size(); missing > 0; --missing) { chosen.push_back(random.below(size)); }
        std::sort(chosen.begin(), chosen.end());
        chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
    }
    return chosen;
}

std::uint64_t size_of(const command_context& context, std::string_view key, value_type type) {
    const auto found = context.view().find(context.database, key);
    return found && found->type == type ? found->size() : 0;
}

}  // namespace coppice
