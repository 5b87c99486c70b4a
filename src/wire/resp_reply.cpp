#include "wire/resp_reply.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

namespace coppice::wire {
namespace {

constexpr std::size_t items_reserved = 1024;  // of an announced aggregate, before any was seen
constexpr std::size_t line_end_bytes = 2;
constexpr std::size_t format_bytes = 4;  // "txt:"

template <class Number>
std::optional<Number> number_in(std::string_view text) {
    if (text.starts_with('+')) { text.remove_prefix(1); }
    Number number{};
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size()) { return std::nullopt; }
    return number;
}

std::optional<double> real_in(std::string_view text) {
    constexpr auto limits = std::numeric_limits<double>();
    if (text == "inf") { return limits.infinity(); }
    if (text == "-inf") { return -limits.infinity(); }
    if (text == "nan" || text == "-nan") { return limits.quiet_NaN(); }
    return number_in<double>(text);
}

reply_value text_of(reply_kind kind, std::string_view text) {
    reply_value value;
    value.kind = kind;
    value.text = text;
    return value;
}

bool all_digits(std::string_view text) {
    if (text.starts_with('-') || text.starts_with('+')) { text.remove_prefix(1); }
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

reply_outcome resp_reply_parser::feed(std::string_view& bytes) {
    if (!error_.empty()) { return reply_outcome::failed; }
    while (!bytes.empty()) {
        auto outcome = reply_outcome::more;
        if (bulk_left_ != 0) {
            outcome = take_bulk(bytes);
        } else {
            const auto end = bytes.find('\n');
            const auto taken = bytes.substr(0, end == std::string_view::npos ? bytes.size() : end + 1);
            if (line_.size() + taken.size() > allowed_.line_bytes) { return fail("a line is too long"); }
            bytes.remove_prefix(taken.size());
            if (end == std::string_view::npos) {
                line_.append(taken);
                break;
            }
            if (line_.empty()) {
                outcome = take_line(taken);
            } else {
                const auto line = std::exchange(line_, {}).append(taken);
                outcome = take_line(line);
            }
        }
        if (outcome != reply_outcome::more) { return outcome; }
    }
    return reply_outcome::more;
}

reply_value resp_reply_parser::take() { return std::exchange(done_, {}); }

reply_outcome resp_reply_parser::take_line(std::string_view line) {
    if (line.size() < 1 + line_end_bytes || line[line.size() - 2] != '\r') { return fail("a line is malformed"); }
    const char kind = line.front();
    const auto rest = line.substr(1, line.size() - 1 - line_end_bytes);
    reply_value value;
    switch (kind) {
        case '+': return completed(text_of(reply_kind::status, rest));
        case '-': return completed(text_of(reply_kind::error, rest));
        case '_':
            if (!rest.empty()) { return fail("a null has a value"); }
            return completed(std::move(value));
        case '#':
            if (rest != "t" && rest != "f") { return fail("a boolean is neither t nor f"); }
            value.kind = reply_kind::boolean;
            value.number = rest == "t";
            return completed(std::move(value));
        case ',': {
            const auto number = real_in(rest);
            if (!number) { return fail("a double is malformed"); }
            value = text_of(reply_kind::real, rest);
            value.real = *number;
            return completed(std::move(value));
        }
        case '(':
            if (!all_digits(rest)) { return fail("a big number is malformed"); }
            return completed(text_of(reply_kind::big_number, rest));
        default: break;
    }
    const auto number = number_in<std::int64_t>(rest);
    if (!number) { return fail(std::string("an integer or a length is malformed behind '") + kind + "'"); }
    if (kind == ':') {
        value.kind = reply_kind::integer;
        value.number = *number;
        return completed(std::move(value));
    }
    if (*number == -1 && (kind == '$' || kind == '*')) { return completed(std::move(value)); }
    if (*number < 0) { return fail("a length is negative"); }
    const auto length = static_cast<std::uint64_t>(*number);
    switch (kind) {
        case '$': return begin_bulk(length, reply_kind::bulk);
        case '!': return begin_bulk(length, reply_kind::error);
        case '=': return begin_bulk(length, reply_kind::verbatim);
        case '*': return begin_aggregate(reply_kind::array, length, false);
        case '~': return begin_aggregate(reply_kind::set, length, false);
        case '>': return begin_aggregate(reply_kind::push, length, false);
        case '%': return begin_aggregate(reply_kind::map, length * 2, false);
        case '|': return begin_aggregate(reply_kind::map, length * 2, true);
        default: return fail(std::string("no type begins with '") + kind + "'");
    }
}

reply_outcome resp_reply_parser::begin_bulk(std::uint64_t length, reply_kind kind) {
    if (length > allowed_.bulk_bytes) { return fail("a string is too long"); }
    if (kind == reply_kind::verbatim && length < format_bytes) { return fail("a verbatim text has no format"); }
    bulk_ = text_of(kind, {});
    bulk_.text.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(length, limits::unread_bytes)));
    bulk_left_ = length + line_end_bytes;
    return reply_outcome::more;
}

reply_outcome resp_reply_parser::take_bulk(std::string_view& bytes) {
    // The text, without the line end, which comes last.
    if (bulk_left_ > line_end_bytes) {
        const auto taken = bytes.substr(
            0, static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), bulk_left_ - line_end_bytes)));
        bulk_.text.append(taken);
        bytes.remove_prefix(taken.size());
        bulk_left_ -= taken.size();
    }
    for (; !bytes.empty() && bulk_left_ != 0; --bulk_left_) {
        if (bytes.front() != (bulk_left_ == 2 ? '\r' : '\n')) { return fail("a string does not end where it should"); }
        bytes.remove_prefix(1);
    }
    if (bulk_left_ != 0) { return reply_outcome::more; }
    auto value = std::exchange(bulk_, {});
    if (value.kind == reply_kind::verbatim) {
        if (value.text[format_bytes - 1] != ':') { return fail("a verbatim text has no format"); }
        value.format = value.text.substr(0, format_bytes - 1);
        value.text.erase(0, format_bytes);
    }
    return completed(std::move(value));
}

reply_outcome resp_reply_parser::begin_aggregate(reply_kind kind, std::uint64_t items, bool attribute) {
    if (items > limits::elements) { return fail("an aggregate is too long"); }
    if (open_.size() >= allowed_.nesting) { return fail("aggregates are nested too deeply"); }
    reply_value value;
    value.kind = kind;
    // Of two attributes in a row the second counts; were the first kept inside it, nesting would have no limit.
    auto said = std::exchange(attributes_, {});
    if (!attribute) { value.attributes = std::move(said); }
    if (items == 0) { return attribute ? reply_outcome::more : completed(std::move(value)); }
    value.items.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(items, items_reserved)));
    open_.push_back({std::move(value), items, attribute});
    return reply_outcome::more;
}

reply_outcome resp_reply_parser::completed(reply_value value) {
    if (!attributes_.empty()) { value.attributes = std::exchange(attributes_, {}); }
    while (!open_.empty()) {
        auto& parent = open_.back();
        parent.value.items.push_back(std::move(value));
        if (--parent.items_left != 0) { return reply_outcome::more; }
        value = std::move(parent.value);
        const bool attribute = parent.attribute;
        open_.pop_back();
        if (attribute) {
            attributes_ = std::move(value.items);
            return reply_outcome::more;
        }
    }
    done_ = std::move(value);
    return reply_outcome::reply;
}

reply_outcome resp_reply_parser::fail(std::string text) {
    error_ = std::move(text);
    return reply_outcome::failed;
}

}  // namespace coppice::wire
