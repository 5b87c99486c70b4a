#include "wire/resp_writer.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace coppice::wire {
namespace {

constexpr std::size_t header_bytes = 24;  // a kind, twenty digits and a sign, a line end
constexpr std::size_t real_bytes = 32;    // -1.7976931348623157e+308 and some

// "00" to "99": two digits are copied at a time.
constexpr auto digit_pairs = [] {
    std::array<char, 200> pairs{};
    for (std::size_t i = 0; i < 100; ++i) {
        pairs[2 * i] = static_cast<char>('0' + i / 10);
        pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return pairs;
}();

std::size_t digits_of(std::uint64_t number) noexcept {
    std::size_t digits = 1;
    for (; number >= 10'000; number /= 10'000) { digits += 4; }
    return digits + (number >= 10) + (number >= 100) + (number >= 1'000);
}

inline char* put_number(char* to, std::uint64_t number) noexcept {
    if (number < 10) {
        *to = static_cast<char>('0' + number);
        return to + 1;
    }
    char* const end = to + digits_of(number);
    char* at = end;
    for (; number >= 100; number /= 100) {
        at -= 2;
        std::memcpy(at, &digit_pairs[2 * (number % 100)], 2);
    }
    if (number >= 10) {
        std::memcpy(at - 2, &digit_pairs[2 * number], 2);
    } else {
        at[-1] = static_cast<char>('0' + number);
    }
    return end;
}

inline char* put_line_end(char* to) noexcept {
    std::memcpy(to, "\r\n", 2);
    return to + 2;
}

inline char* put_header(char* to, char kind, std::int64_t number) noexcept {
    *to++ = kind;
    auto magnitude = static_cast<std::uint64_t>(number);
    if (number < 0) {
        *to++ = '-';
        magnitude = 0 - magnitude;
    }
    return put_line_end(put_number(to, magnitude));
}

}  // namespace

char* put_real(char* to, double number) noexcept {
    const auto word = [to](std::string_view text) {
        std::memcpy(to, text.data(), text.size());
        return to + text.size();
    };
    if (std::isnan(number)) { return word("nan"); }
    if (std::isinf(number)) { return word(number > 0 ? "inf" : "-inf"); }
    // Whole numbers below 10^17 have no more than 17 digits, so all of them are printed; -0 keeps its sign.
    if (std::fabs(number) < 1e17 && number == std::trunc(number) && !(number == 0 && std::signbit(number))) {
        if (number < 0) { *to++ = '-'; }
        return put_number(to, static_cast<std::uint64_t>(std::fabs(number)));
    }
    return std::to_chars(to, to + real_bytes, number, std::chars_format::general, 17).ptr;
}

void resp_writer::header(char kind, std::int64_t number) {
    char* const to = out_->room(header_bytes);
    out_->added(static_cast<std::size_t>(put_header(to, kind, number) - to));
}

void resp_writer::line(char kind, std::string_view text) {
    char* const from = out_->room(text.size() + 3);
    char* to = from;
    *to++ = kind;
    for (const char byte : text) { *to++ = byte == '\r' || byte == '\n' ? ' ' : byte; }
    out_->added(static_cast<std::size_t>(put_line_end(to) - from));
}

void resp_writer::status(std::string_view text) { line('+', text); }
void resp_writer::error(std::string_view text) { line('-', text); }

void resp_writer::bulk(std::string_view bytes) {
    char* const from = out_->room(header_bytes + bytes.size() + 2);
    char* to = put_header(from, '$', static_cast<std::int64_t>(bytes.size()));
    if (!bytes.empty()) { std::memcpy(to, bytes.data(), bytes.size()); }
    out_->added(static_cast<std::size_t>(put_line_end(to + bytes.size()) - from));
}

void resp_writer::real(double number) {
    char digits[real_bytes];
    const std::string_view text(digits, static_cast<std::size_t>(put_real(digits, number) - digits));
    if (version_ == resp_version::two) {
        bulk(text);
    } else {
        line(',', text);
    }
}

void resp_writer::boolean(bool truth) {
    if (version_ == resp_version::two) {
        out_->append(truth ? ":1\r\n" : ":0\r\n", 4);
    } else {
        out_->append(truth ? "#t\r\n" : "#f\r\n", 4);
    }
}

void resp_writer::verbatim(std::string_view text) {
    if (version_ == resp_version::two) { return bulk(text); }
    header('=', static_cast<std::int64_t>(text.size() + 4));
    out_->append("txt:", 4);
    out_->append(text);
    end_bulk();
}

void resp_writer::big_number(std::string_view digits) {
    if (version_ == resp_version::two) {
        bulk(digits);
    } else {
        line('(', digits);
    }
}

void resp_writer::null() {
    if (version_ == resp_version::two) {
        out_->append("$-1\r\n", 5);
    } else {
        out_->append("_\r\n", 3);
    }
}

void resp_writer::null_array() {
    if (version_ == resp_version::two) {
        out_->append("*-1\r\n", 5);
    } else {
        out_->append("_\r\n", 3);
    }
}

void resp_writer::map(std::size_t pairs) {
    const bool two = version_ == resp_version::two;
    header(two ? '*' : '%', static_cast<std::int64_t>(two ? 2 * pairs : pairs));
}

void resp_writer::set(std::size_t size) {
    header(version_ == resp_version::two ? '*' : '~', static_cast<std::int64_t>(size));
}

void resp_writer::push(std::size_t size) {
    header(version_ == resp_version::two ? '*' : '>', static_cast<std::int64_t>(size));
}

}  // namespace coppice::wire
