#include "znsocket/value.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <new>
#include <utility>

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

namespace coppice::znsocket {
namespace {

// RapidJSON takes for granted that its allocator gives what it is asked for.
struct throwing_allocator {
    [[maybe_unused]] static constexpr bool kNeedFree = true;  // NOLINT: RapidJSON's name
    static void* Malloc(std::size_t size) {                   // NOLINT
        return size == 0 ? nullptr : there(std::malloc(size));
    }
    static void* Realloc(void* old, std::size_t, std::size_t size) {  // NOLINT
        if (size == 0) {
            std::free(old);
            return nullptr;
        }
        return there(std::realloc(old, size));
    }
    static void Free(void* given) { std::free(given); }  // NOLINT

private:
    static void* there(void* given) {
        if (given == nullptr) { throw std::bad_alloc(); }
        return given;
    }
};

using reader = rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, throwing_allocator>;
// Iterative: the depth of what a peer sends never is that of our stack.
constexpr unsigned reading = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag
                             | rapidjson::kParseNanAndInfFlag | rapidjson::kParseValidateEncodingFlag;

constexpr std::string_view digits_of_nan = "NaN";
constexpr std::string_view digits_of_infinity = "Infinity";

bool is_finite(std::string_view digits) noexcept {
    return !digits.ends_with(digits_of_nan) && !digits.ends_with(digits_of_infinity);
}

// Hears the parser and puts values into each other. Its methods have the names that RapidJSON calls.
class builder {
public:
    explicit builder(json_limits allowed) noexcept : allowed_(allowed) {}

    bool Null() { return completed({}); }                                                       // NOLINT
    bool Bool(bool truth) { return completed({.kind = value_kind::boolean, .truth = truth}); }  // NOLINT
    bool RawNumber(const char* digits, rapidjson::SizeType length, bool) {                      // NOLINT
        const std::string_view text(digits, length);
        if (text.ends_with("Inf")) { return refuse(errc::invalid, "Invalid value."); }
        const bool real = text.find_first_of(".eEN") != text.npos || text.ends_with(digits_of_infinity);
        return completed({.kind = real ? value_kind::real : value_kind::integer, .text = std::string(text)});
    }
    bool String(const char* text, rapidjson::SizeType length, bool) {  // NOLINT
        return completed({.kind = value_kind::text, .text = std::string(text, length)});
    }
    bool Key(const char* text, rapidjson::SizeType length, bool copy) { return String(text, length, copy); }  // NOLINT
    bool StartArray() { return opened(value_kind::array); }                                                   // NOLINT
    bool StartObject() { return opened(value_kind::object); }                                                 // NOLINT
    bool EndArray(rapidjson::SizeType) { return closed(); }                                                   // NOLINT
    bool EndObject(rapidjson::SizeType) { return closed(); }                                                  // NOLINT
    // Never called: numbers come as they were written.
    bool Int(int) { return false; }               // NOLINT
    bool Uint(unsigned) { return false; }         // NOLINT
    bool Int64(std::int64_t) { return false; }    // NOLINT
    bool Uint64(std::uint64_t) { return false; }  // NOLINT
    bool Double(double) { return false; }         // NOLINT

    [[nodiscard]] value take() noexcept { return std::move(root_); }
    /// Why a method returned false.
    [[nodiscard]] const error& refusal() const noexcept { return refusal_; }

private:
    bool counted() {
        if (++values_ <= allowed_.values) { return true; }
        return refuse(errc::limit, fmt::format("more than {} values", allowed_.values));
    }
    bool completed(value one) {
        if (!counted()) { return false; }
        put(std::move(one));
        return true;
    }
    bool opened(value_kind kind) {
        if (!counted()) { return false; }
        if (open_.size() == allowed_.nesting) {
            return refuse(errc::limit, fmt::format("nested deeper than {}", allowed_.nesting));
        }
        open_.push_back({.kind = kind});
        return true;
    }
    bool closed() {
        auto whole = std::move(open_.back());
        open_.pop_back();
        put(std::move(whole));
        return true;
    }
    void put(value one) {
        if (open_.empty()) {
            root_ = std::move(one);
        } else {
            open_.back().items.push_back(std::move(one));
        }
    }
    bool refuse(errc code, std::string why) {
        refusal_ = {code, std::move(why)};
        return false;
    }

    json_limits allowed_;
    std::size_t values_ = 0;
    std::vector<value> open_;  // arrays and objects whose end has not come, each inside the one before it
    value root_;
    error refusal_{errc::invalid, {}};
};

error at_byte(std::size_t place, const error& what) {
    return {what.code, fmt::format("JSON at byte {}: {}", place, what.context)};
}

// Bytes of the UTF-8 sequence at the front of `bytes`.
struct sequence {
    std::size_t bytes;  // never 0; of one that is not valid: what one U+FFFD stands for
    bool valid;
    bool cut;  // valid so far, and `bytes` ends in it
};

// Unicode 15, table 3-7. The second byte's range keeps out overlong forms, surrogates and what is above U+10FFFF.
sequence sequence_at(std::string_view bytes) noexcept {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) { return {1, true, false}; }
    if (lead < 0xC2 || lead > 0xF4) { return {1, false, false}; }
    const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    for (std::size_t at = 1; at < length; ++at, low = 0x80, high = 0xBF) {
        if (at == bytes.size()) { return {at, false, true}; }
        if (byte(at) < low || byte(at) > high) { return {at, false, false}; }
    }
    return {length, true, false};
}

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

bool is_plain(char one) noexcept {
    const auto byte = static_cast<unsigned char>(one);
    return byte >= 0x20 && byte < 0x80 && one != '"' && one != '\\';
}

void append_escaped(std::string& out, char one) {
    switch (one) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\b': out += "\\b"; return;
        case '\f': out += "\\f"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(one)); return;
    }
}

// Appends `bytes` but for a sequence that they end in the midst of, and returns how many bytes that one has.
std::size_t append_whole(std::string& out, std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
        const auto first = at;
        while (at < bytes.size() && is_plain(bytes[at])) { ++at; }
        out += bytes.substr(first, at - first);
        if (at == bytes.size()) { break; }
        const auto rest = bytes.substr(at);
        const auto next = sequence_at(rest);
        if (next.cut) { return next.bytes; }
        if (!next.valid) {
            out += replacement;
        } else if (next.bytes == 1) {
            append_escaped(out, rest.front());
        } else {
            out += rest.substr(0, next.bytes);
        }
        at += next.bytes;
    }
    return 0;
}

}  // namespace

const value& value::item(std::size_t place) const noexcept {
    static const value nothing;
    return kind == value_kind::array && place < items.size() ? items[place] : nothing;
}

const value* value::find(std::string_view name) const noexcept {
    if (kind != value_kind::object) { return nullptr; }
    for (std::size_t at = items.size(); at > 0; at -= 2) {
        if (items[at - 2].text == name) { return &items[at - 1]; }
    }
    return nullptr;
}

std::optional<std::uint64_t> value::whole_number() const noexcept {
    if (kind != value_kind::integer) { return std::nullopt; }
    std::uint64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size()) { return std::nullopt; }
    return number;
}

std::optional<std::size_t> value::placeholder() const noexcept {
    const auto* marked = find("_placeholder");
    const auto* number = find("num");
    if (marked == nullptr || !marked->truth || number == nullptr) { return std::nullopt; }
    return number->whole_number();
}

result<value> read_json(std::string_view text, json_limits allowed) {
    rapidjson::MemoryStream stream(text.data(), text.size());
    builder built(allowed);
    reader parser;
    const auto outcome = parser.Parse<reading>(stream, built);
    if (outcome.Code() == rapidjson::kParseErrorTermination) { return at_byte(outcome.Offset(), built.refusal()); }
    if (outcome.IsError()) {
        return at_byte(outcome.Offset(), {errc::invalid, rapidjson::GetParseError_En(outcome.Code())});
    }
    // RapidJSON takes a zero byte for the end.
    if (stream.Tell() != text.size()) { return at_byte(stream.Tell(), {errc::invalid, "a zero byte"}); }
    return built.take();
}

void append_json(std::string& out, const value& given) {
    const auto append_items = [&](bool pairs) {
        for (std::size_t at = 0; at < given.items.size(); ++at) {
            if (at > 0) { out += pairs && at % 2 == 1 ? ':' : ','; }
            append_json(out, given.items[at]);
        }
    };
    switch (given.kind) {
        case value_kind::null: out += "null"; return;
        case value_kind::boolean: out += given.truth ? "true" : "false"; return;
        case value_kind::integer: out += given.text; return;
        case value_kind::real: out += is_finite(given.text) ? std::string_view(given.text) : "null"; return;
        case value_kind::text: append_json_text(out, given.text); return;
        case value_kind::array:
            out += '[';
            append_items(false);
            out += ']';
            return;
        case value_kind::object:
            out += '{';
            append_items(true);
            out += '}';
            return;
    }
}

std::string json_of(const value& given) {
    std::string json;
    append_json(json, given);
    return json;
}

void append_json_text(std::string& out, std::string_view bytes) {
    out += '"';
    if (append_whole(out, bytes) > 0) { out += replacement; }
    out += '"';
}

void append_json_number(std::string& out, double number) {
    if (!std::isfinite(number)) {
        out += "null";
        return;
    }
    fmt::format_to(std::back_inserter(out), "{}", number);
}

void json_text_writer::add(std::string_view bytes) {
    // A cut sequence is finished byte by byte: what follows its first bad byte is text again.
    while (!cut_.empty() && !bytes.empty()) {
        cut_ += bytes.front();
        bytes.remove_prefix(1);
        const std::string tried = std::exchange(cut_, {});
        cut_ = tried.substr(tried.size() - append_whole(out_, tried));
    }
    cut_ += bytes.substr(bytes.size() - append_whole(out_, bytes));
}

void json_text_writer::end() {
    if (!cut_.empty()) { out_ += replacement; }
    cut_.clear();
}

}  // namespace coppice::znsocket
