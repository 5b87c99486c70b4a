// command/parse.cpp: reading arguments, and the words that many errors share.
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include <coppice/tree/cursor.hpp>

#include <command/command.hpp>
#include <command/parse.hpp>
#include <tree/page_key.hpp>

namespace coppice {
namespace {

constexpr std::size_t real_text_max = 5 * 1024;  // the longest text that is read as a number

[[nodiscard]] constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// One element of a pattern that is not a star: whether it takes `byte`, and where the next one begins.
bool takes(std::string_view pattern, std::size_t& at, char byte) noexcept {
    if (pattern[at] == '?') { return ++at, true; }
    if (pattern[at] == '[') {
        ++at;
        const bool negated = at < pattern.size() && pattern[at] == '^';
        if (negated) { ++at; }
        bool found = false;
        for (; at < pattern.size() && pattern[at] != ']'; ++at) {
            const auto left = pattern.size() - at;
            if (pattern[at] == '\\' && left >= 2) {
                found = found || pattern[++at] == byte;
            } else if (left >= 3 && pattern[at + 1] == '-') {
                const auto one = static_cast<unsigned char>(pattern[at]);
                const auto other = static_cast<unsigned char>(pattern[at + 2]);
                const auto is = static_cast<unsigned char>(byte);
                found = found || (is >= std::min(one, other) && is <= std::max(one, other));
                at += 2;
            } else {
                found = found || pattern[at] == byte;
            }
        }
        if (at < pattern.size()) { ++at; }
        return found != negated;
    }
    if (pattern[at] == '\\' && at + 1 < pattern.size()) { ++at; }
    return pattern[at++] == byte;
}

}  // namespace

error wrong_type_error() { return {errc::wrong_type, "Operation against a key holding the wrong kind of value"}; }
error not_integer_error() { return {errc::invalid, "value is not an integer or out of range"}; }
error not_float_error() { return {errc::invalid, "value is not a valid float"}; }
error syntax_error() { return {errc::invalid, "syntax error"}; }
error arity_error(std::string_view command_name) {
    std::string name(command_name);
    std::transform(name.begin(), name.end(), name.begin(), lower);
    return {errc::invalid, "wrong number of arguments for '" + name + "' command"};
}

result<std::int64_t> integer_in(std::string_view text) {
    // Only what an integer is written as: no plus, no spaces, no leading zeros, no "-0".
    const auto digits = text.starts_with('-') ? text.substr(1) : text;
    const bool plain = !digits.empty() && (digits.front() != '0' || text == "0");
    std::int64_t number = 0;
    if (plain) {
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (failure == std::errc{} && end == text.data() + text.size()) { return number; }
    }
    return not_integer_error();
}

result<long double> real_in(std::string_view text) {
    if (text.empty() || text.size() > real_text_max) { return not_float_error(); }
    const std::string copy(text);  // strtold wants an end
    if (std::isspace(static_cast<unsigned char>(copy.front())) != 0) { return not_float_error(); }
    char* end = nullptr;
    errno = 0;
    const long double number = std::strtold(copy.c_str(), &end);
    const bool out_of_range = errno == ERANGE && (std::isinf(number) || std::fpclassify(number) == FP_ZERO);
    if (end != copy.data() + copy.size() || out_of_range || errno == EINVAL || std::isnan(number)) {
        return not_float_error();
    }
    return number;
}

std::string human_real(long double number) {
    if (std::isinf(number)) { return number > 0 ? "inf" : "-inf"; }
    char room[5 * 1024];
    const int length = std::snprintf(room, sizeof room, "%.17Lf", number);
    std::string text(room, static_cast<std::size_t>(std::max(length, 0)));
    if (text.find('.') != std::string::npos) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.ends_with('.')) { text.pop_back(); }
    }
    return text == "-0" ? "0" : text;
}

bool says(std::string_view text, std::string_view word) noexcept {
    return text.size() == word.size()
           && std::equal(text.begin(), text.end(), word.begin(), [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view printed(std::string_view word) noexcept { return word.substr(0, word.find('\0')); }

std::string lower_case(std::string_view text) {
    std::string lowered(text);
    std::transform(lowered.begin(), lowered.end(), lowered.begin(), lower);
    return lowered;
}

// A star takes as little as it can; when what follows fails, the last star takes one more byte. Going back to
// the last one is enough, since whatever an earlier star could take the last one can.
bool matches_glob(std::string_view pattern, std::string_view text) noexcept {
    if (text.empty()) { return pattern.empty() || pattern == "*"; }  // Redis 7.0 asks `**` for a byte
    std::size_t at = 0;
    std::size_t in_text = 0;
    std::size_t after_star = std::string_view::npos;
    std::size_t star_text = 0;
    while (in_text < text.size()) {
        if (at < pattern.size() && pattern[at] == '*') {
            after_star = ++at;
            star_text = in_text;
            continue;
        }
        std::size_t next = at;
        if (at < pattern.size() && takes(pattern, next, text[in_text])) {
            at = next;
            ++in_text;
        } else if (after_star != std::string_view::npos) {
            at = after_star;
            in_text = ++star_text;
        } else {
            return false;
        }
    }
    while (at < pattern.size() && pattern[at] == '*') { ++at; }
    return at == pattern.size();
}

namespace {

void say_parts(reply_sink& reply, const tree& rope) {
    for (cursor at(rope); !at.at_end(); at.skip_leaf()) { reply.part(at.rest_of_leaf()); }
}

}  // namespace

void reply_value_of(reply_sink& reply, const value_view& value) {
    if (!value.rope) { return reply.bulk(value.bytes); }
    reply.begin_bulk(value.rope->size());
    say_parts(reply, *value.rope);
    reply.end_bulk();
}

void reply_name_of(reply_sink& reply, const record_view& record, std::string& room) {
    room.clear();
    record.append_page_key(room);
    if (!record.has_long_key) { return reply.bulk(room); }
    reply.begin_bulk(record.key_bytes());
    reply.part(std::string_view(room).substr(0, record.shown_key_bytes()));
    say_parts(reply, remainder_of(record));
    reply.end_bulk();
}

}  // namespace coppice
