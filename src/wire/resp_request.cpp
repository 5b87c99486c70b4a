#include "wire/resp_request.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>

namespace coppice::wire {
namespace {

// The longest line that announces a number; Redis has one limit for this and for typed commands.
constexpr std::size_t count_line_bytes = 64 * 1024;
constexpr std::size_t read_bytes = 16 * 1024;  // asked for when it is not known how much is missing
constexpr std::size_t pieces_kept = 64;        // a connection between requests holds no more than this

// A number as Redis reads it: no plus, no zero in front, no space.
std::optional<std::int64_t> strict_number(std::string_view digits) noexcept {
    const bool negative = digits.starts_with('-');
    if (negative) { digits.remove_prefix(1); }
    if (digits.empty() || digits.size() > 18) { return std::nullopt; }
    if (digits.front() == '0' && (digits.size() > 1 || negative)) { return std::nullopt; }
    std::int64_t number = 0;
    for (const char digit : digits) {
        if (digit < '0' || digit > '9') { return std::nullopt; }
        number = number * 10 + (digit - '0');
    }
    return negative ? -number : number;
}

enum class count_line { whole, more, too_long, malformed };

// Reads "<kind><number>\r\n" at `at`, and moves `at` behind it.
inline count_line read_count(std::string_view bytes, std::size_t& at, std::int64_t& number) noexcept {
    const char* const digits = bytes.data() + at + 1;
    const std::size_t there = bytes.size() - at - 1;
    const auto digit = [&](std::size_t i) { return static_cast<unsigned>(digits[i]) - unsigned{'0'}; };
    // One and two digits are nearly all there is.
    if (there >= 4 && digit(0) < 10) [[likely]] {
        if (digits[1] == '\r') {
            number = digit(0);
            at += 4;
            return count_line::whole;
        }
        if (digits[2] == '\r' && digit(1) < 10 && digit(0) != 0) {
            number = digit(0) * 10 + digit(1);
            at += 5;
            return count_line::whole;
        }
    }
    const auto* const end = there == 0 ? nullptr : static_cast<const char*>(std::memchr(digits, '\r', there));
    const auto length = end == nullptr ? there : static_cast<std::size_t>(end - digits);
    if (length >= count_line_bytes) { return count_line::too_long; }
    if (end == nullptr || length + 1 == there) { return count_line::more; }
    const auto read = strict_number({digits, length});
    if (!read) { return count_line::malformed; }
    number = *read;
    at += length + 3;
    return count_line::whole;
}

bool is_space(char byte) noexcept { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }
bool ends_word(char byte) noexcept { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }

int hex_digit(char byte) noexcept {
    if (byte >= '0' && byte <= '9') { return byte - '0'; }
    if (byte >= 'a' && byte <= 'f') { return byte - 'a' + 10; }
    if (byte >= 'A' && byte <= 'F') { return byte - 'A' + 10; }
    return -1;
}

// What stands behind a backslash in double quotes; takes it from the front of `rest`.
char take_escape(std::string_view& rest) noexcept {
    if (rest.size() >= 3 && rest[0] == 'x' && hex_digit(rest[1]) >= 0 && hex_digit(rest[2]) >= 0) {
        const auto byte = static_cast<char>(hex_digit(rest[1]) * 16 + hex_digit(rest[2]));
        rest.remove_prefix(3);
        return byte;
    }
    const char named = rest.front();
    rest.remove_prefix(1);
    switch (named) {
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        case 'b': return '\b';
        case 'a': return '\a';
        default: return named;
    }
}

// Takes the inside of a quoted run and its closing quote.  False when it is not closed, or does not end the word.
bool take_quoted(std::string_view& rest, char quote, std::string& into) {
    while (!rest.empty()) {
        const char byte = rest.front();
        rest.remove_prefix(1);
        if (byte == quote) { return rest.empty() || is_space(rest.front()); }
        if (byte == '\\' && !rest.empty() && (quote == '"' || rest.front() == '\'')) {
            into += quote == '"' ? take_escape(rest) : '\'';
            if (quote == '\'') { rest.remove_prefix(1); }
        } else {
            into += byte;
        }
    }
    return false;
}

// Takes a word that has quotes in it.
bool take_unescaped(std::string_view& rest, std::string& into) {
    while (!rest.empty() && !ends_word(rest.front())) {
        const char byte = rest.front();
        rest.remove_prefix(1);
        if (byte == '"' || byte == '\'') { return take_quoted(rest, byte, into); }
        into += byte;
    }
    return true;
}

}  // namespace

std::span<const request> request_batch::requests() {
    requests_.clear();
    std::size_t from = 0;
    for (const auto& end : ends_) {
        requests_.emplace_back(words_.data() + from, end.words - from);
        from = end.words;
    }
    return requests_;
}

parse_outcome resp_request_parser::next(std::string_view bytes, const request_limits& allowed, request_batch& into,
                                        std::size_t before) {
    if (bytes.empty()) {
        wanted_ = read_bytes;
        return parse_outcome::more;
    }
    const auto words_before = into.words_.size();
    const auto outcome = bytes.front() == '*' ? next_array(bytes, allowed, into) : next_line(bytes, allowed, into);
    if (outcome == parse_outcome::whole && into.words_.size() != words_before) {
        into.ends_.push_back({into.words_.size(), before + consumed_});
    }
    return outcome;
}

parse_outcome resp_request_parser::next_array(std::string_view bytes, const request_limits& allowed,
                                              request_batch& into) {
    if (!in_array_) {
        std::size_t at = 0;
        std::int64_t count = 0;
        switch (read_count(bytes, at, count)) {
            case count_line::whole: break;
            case count_line::more: wanted_ = bytes.size() + read_bytes; return parse_outcome::more;
            case count_line::too_long: return fail("too big mbulk count string");
            case count_line::malformed: return fail("invalid multibulk length");
        }
        if (count <= 0) { return finished(at); }
        if (static_cast<std::uint64_t>(count) > allowed.arguments) {
            const bool within = static_cast<std::uint64_t>(count) <= limits::arguments;
            return fail(within && !allowed.authenticated ? "unauthenticated multibulk length"
                                                         : "invalid multibulk length");
        }
        in_array_ = true;
        position_ = at;
        arguments_left_ = static_cast<std::size_t>(count);
    }
    return read_arguments(bytes, allowed, into);
}

parse_outcome resp_request_parser::read_arguments(std::string_view bytes, const request_limits& allowed,
                                                  request_batch& into) {
    const auto words_before = into.words_.size();
    while (arguments_left_ != 0) {
        if (!bulk_left_known_) {
            if (position_ == bytes.size()) { return suspended(bytes, into, words_before); }
            if (bytes[position_] != '$') {
                const char got = bytes[position_] == '\r' || bytes[position_] == '\n' ? ' ' : bytes[position_];
                return fail(std::string("expected '$', got '") + got + "'");
            }
            std::int64_t length = 0;
            switch (read_count(bytes, position_, length)) {
                case count_line::whole: break;
                case count_line::more: return suspended(bytes, into, words_before);
                case count_line::too_long: return fail("too big bulk count string");
                case count_line::malformed: return fail("invalid bulk length");
            }
            if (length < 0) { return fail("invalid bulk length"); }
            if (static_cast<std::uint64_t>(length) > allowed.bulk_bytes) {
                const bool within = static_cast<std::uint64_t>(length) <= limits::value_bytes;
                return fail(within && !allowed.authenticated ? "unauthenticated bulk length" : "invalid bulk length");
            }
            request_bytes_ += static_cast<std::uint64_t>(length);
            if (request_bytes_ > allowed.request_bytes) { return fail("too big request"); }
            bulk_bytes_ = static_cast<std::size_t>(length);
            bulk_left_known_ = true;
        }
        // The two bytes behind a string are taken for its line end without a look, as Redis does.
        if (bytes.size() - position_ < bulk_bytes_ + 2) { return suspended(bytes, into, words_before); }
        into.words_.emplace_back(bytes.data() + position_, bulk_bytes_);
        position_ += bulk_bytes_ + 2;
        bulk_left_known_ = false;
        --arguments_left_;
    }
    if (!pieces_.empty()) {
        std::vector<std::string_view> earlier;
        earlier.reserve(pieces_.size());
        for (const auto& part : pieces_) { earlier.push_back(bytes.substr(part.offset, part.size)); }
        into.words_.insert(into.words_.begin() + static_cast<std::ptrdiff_t>(words_before), earlier.begin(),
                           earlier.end());
    }
    return finished(position_);
}

parse_outcome resp_request_parser::next_line(std::string_view bytes, const request_limits& allowed,
                                             request_batch& into) {
    const auto end = bytes.find('\n');
    if (std::min(end, bytes.size()) > allowed.inline_bytes) { return fail("too big inline request"); }
    if (end == std::string_view::npos) {
        wanted_ = bytes.size() + read_bytes;
        return parse_outcome::more;
    }
    auto rest = bytes.substr(0, end);
    if (rest.ends_with('\r')) { rest.remove_suffix(1); }
    for (;;) {
        while (!rest.empty() && is_space(rest.front())) { rest.remove_prefix(1); }
        if (rest.empty()) { return finished(end + 1); }
        std::size_t plain = 0;
        while (plain < rest.size() && !ends_word(rest[plain]) && rest[plain] != '"' && rest[plain] != '\'') { ++plain; }
        if (plain == rest.size() || ends_word(rest[plain])) {
            into.words_.push_back(rest.substr(0, plain));
            rest.remove_prefix(plain);
            continue;
        }
        auto& word = into.unescaped_.emplace_back();
        if (!take_unescaped(rest, word)) { return fail("unbalanced quotes in request"); }
        into.words_.push_back(word);
    }
}

parse_outcome resp_request_parser::finished(std::size_t bytes) noexcept {
    reset();
    consumed_ = bytes;
    return parse_outcome::whole;
}

parse_outcome resp_request_parser::suspended(std::string_view bytes, request_batch& into, std::size_t words_before) {
    for (auto i = words_before; i < into.words_.size(); ++i) {
        const auto word = into.words_[i];
        pieces_.push_back({static_cast<std::size_t>(word.data() - bytes.data()), word.size()});
    }
    into.words_.resize(words_before);
    const auto ahead = limits::unread_bytes + ahead_of_seen * bytes.size();
    wanted_ = bulk_left_known_ ? std::min(position_ + bulk_bytes_ + 2, ahead) : bytes.size() + read_bytes;
    return parse_outcome::more;
}

parse_outcome resp_request_parser::fail(std::string_view text) {
    error_ = "ERR Protocol error: ";
    error_ += text;
    return parse_outcome::failed;
}

void resp_request_parser::reset() noexcept {
    position_ = 0;
    arguments_left_ = 0;
    bulk_bytes_ = 0;
    request_bytes_ = 0;
    in_array_ = false;
    bulk_left_known_ = false;
    if (pieces_.capacity() > pieces_kept) {
        std::vector<piece>().swap(pieces_);
    } else {
        pieces_.clear();
    }
}

}  // namespace coppice::wire
