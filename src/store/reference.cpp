#include "store/reference.hpp"

#include <chrono>
#include <cstdio>

#include <coppice/base/limits.hpp>

namespace coppice {
namespace {

constexpr std::int64_t second = 1'000'000;
constexpr microseconds_utc time_max = std::int64_t{253'402'300'800} * second;  // the year 10000

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_hex(char c) noexcept { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

error bad(std::string_view what, std::string_view text, std::string_view accepted) {
    return {errc::invalid, std::string(what) + " '" + std::string(text.substr(0, 100)) + "': " + std::string(accepted)};
}

/// Takes up to `digits_max` digits; false when there is none or the number is too long.
bool take_number(std::string_view& from, std::size_t digits_max, std::int64_t& number) noexcept {
    std::size_t digits = 0;
    number = 0;
    while (digits < from.size() && is_digit(from[digits])) {
        if (digits == digits_max) { return false; }
        number = number * 10 + (from[digits++] - '0');
    }
    from.remove_prefix(digits);
    return digits > 0;
}

/// Takes a fraction behind a dot, in millionths; digits behind the sixth are passed over.
bool take_fraction(std::string_view& from, std::int64_t& millionths) noexcept {
    millionths = 0;
    if (from.empty() || from[0] != '.') { return true; }
    from.remove_prefix(1);
    std::int64_t weight = second / 10;
    std::size_t digits = 0;
    for (; digits < from.size() && is_digit(from[digits]); ++digits) {
        millionths += (from[digits] - '0') * weight;
        weight /= 10;
    }
    from.remove_prefix(digits);
    return digits > 0;
}

bool take_char(std::string_view& from, char c) noexcept {
    if (from.empty() || from[0] != c) { return false; }
    from.remove_prefix(1);
    return true;
}

std::optional<microseconds_utc> relative_time(std::string_view text, microseconds_utc now) noexcept {
    std::int64_t total = 0;
    while (!text.empty()) {
        std::int64_t number = 0;
        std::int64_t millionths = 0;
        if (!take_number(text, 9, number) || !take_fraction(text, millionths)) { return std::nullopt; }
        std::int64_t unit = 1;
        if (take_char(text, 'm')) {
            unit = 60;
            if (take_char(text, 's')) {  // milliseconds
                total += (number * second + millionths) / 1000;
                if (total > time_max) { return std::nullopt; }
                continue;
            }
        } else if (take_char(text, 'h')) {
            unit = 3600;
        } else if (take_char(text, 'd')) {
            unit = 86'400;
        } else if (take_char(text, 'w')) {
            unit = 604'800;
        } else if (!take_char(text, 's')) {
            return std::nullopt;
        }
        if (number > time_max / second / unit) { return std::nullopt; }
        total += (number * second + millionths) * unit;
        if (total > time_max) { return std::nullopt; }
    }
    return now - total;
}

std::optional<microseconds_utc> calendar_time(std::string_view text) noexcept {
    std::int64_t year = 0;
    std::int64_t month = 0;
    std::int64_t day = 0;
    if (!take_number(text, 4, year) || !take_char(text, '-') || !take_number(text, 2, month) || !take_char(text, '-')
        || !take_number(text, 2, day)) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok()) { return std::nullopt; }
    std::int64_t seconds = std::chrono::sys_days(date).time_since_epoch().count() * std::int64_t{86'400};
    std::int64_t millionths = 0;
    if (!text.empty()) {
        if (!take_char(text, 'T') && !take_char(text, ' ')) { return std::nullopt; }
        std::int64_t hour = 0;
        std::int64_t minute = 0;
        std::int64_t within = 0;
        if (!take_number(text, 2, hour) || !take_char(text, ':') || !take_number(text, 2, minute)) {
            return std::nullopt;
        }
        if (take_char(text, ':') && (!take_number(text, 2, within) || !take_fraction(text, millionths))) {
            return std::nullopt;
        }
        if (hour > 23 || minute > 59 || within > 60) { return std::nullopt; }
        seconds += hour * 3600 + minute * 60 + within;
        if (!take_char(text, 'Z') && !text.empty()) {  // an offset from UTC; none at all means UTC
            const bool east = take_char(text, '+');
            if (!east && !take_char(text, '-')) { return std::nullopt; }
            if (!take_number(text, 2, hour) || (take_char(text, ':'), !take_number(text, 2, minute))) {
                return std::nullopt;
            }
            if (hour > 23 || minute > 59) { return std::nullopt; }
            seconds += (hour * 3600 + minute * 60) * (east ? -1 : 1);
        }
    }
    if (!text.empty()) { return std::nullopt; }
    return seconds * second + millionths;
}

std::optional<microseconds_utc> unix_time(std::string_view text) noexcept {
    std::int64_t seconds = 0;
    std::int64_t millionths = 0;
    if (!take_number(text, 12, seconds) || !take_fraction(text, millionths) || !text.empty()) { return std::nullopt; }
    return seconds * second + millionths;
}

}  // namespace

result<microseconds_utc> parse_time(std::string_view text, microseconds_utc now) {
    std::optional<microseconds_utc> time;
    if (text.size() > 1 && text[0] == '-') {
        time = relative_time(text.substr(1), now);
    } else if (text.find('-') != std::string_view::npos) {
        time = calendar_time(text);
    } else {
        time = unix_time(text);
    }
    if (!time || *time > time_max) {
        return bad("time", text, "expected -5m, -1h30m, 2026-11-20T10:00:00Z or seconds since 1970");
    }
    return *time;
}

result<reference> parse_reference(std::string_view text, microseconds_utc now) {
    reference made;
    const std::size_t end = text.find_first_of("@~");
    made.base = text.substr(0, end);
    if (made.base.empty()) {
        return bad("reference", text, "expected a branch, a tag or a commit id, then perhaps ~2 or @-5m");
    }
    if (end == std::string_view::npos) { return made; }
    std::string_view rest = text.substr(end + 1);
    if (text[end] == '~') {
        std::int64_t back = 0;
        if (!take_number(rest, 9, back) || !rest.empty()) {
            return bad("reference", text, "expected a number behind ~");
        }
        made.back = static_cast<std::uint64_t>(back);
        return made;
    }
    const auto time = parse_time(rest, now);
    if (!time) { return time.error(); }
    made.time = *time;
    return made;
}

std::string format_time(microseconds_utc time) {
    std::int64_t seconds = time / second;
    std::int64_t millionths = time % second;
    if (millionths < 0) {
        millionths += second;
        --seconds;
    }
    const std::chrono::sys_seconds moment{std::chrono::seconds(seconds)};
    const auto day = std::chrono::floor<std::chrono::days>(moment);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss within(moment - day);
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(within.hours().count()), static_cast<int>(within.minutes().count()),
                  static_cast<int>(within.seconds().count()), static_cast<int>(millionths));
    return text;
}

bool is_commit_prefix(std::string_view text) noexcept {
    if (text.size() < 4 || text.size() > 40) { return false; }
    for (const char c : text) {
        if (!is_hex(c)) { return false; }
    }
    return true;
}

status check_name(std::string_view name) {
    constexpr std::string_view accepted = "expected 1 to 100 of A-Z a-z 0-9 . _ / -, not beginning with - or .";
    if (name.empty() || name.size() > limits::name_bytes || name[0] == '-' || name[0] == '.') {
        return bad("name", name, accepted);
    }
    for (const char c : name) {
        const char lower = static_cast<char>(c | 0x20);
        const bool letter = lower >= 'a' && lower <= 'z';
        if (!letter && !is_digit(c) && c != '.' && c != '_' && c != '/' && c != '-') {
            return bad("name", name, accepted);
        }
    }
    if (name.size() == 40 && is_commit_prefix(name)) {
        return bad("name", name, "40 hexadecimal digits are a commit id");
    }
    return {};
}

}  // namespace coppice
