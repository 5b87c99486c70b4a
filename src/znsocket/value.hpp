// znsocket/value.hpp: JSON as peers of Socket.IO send it, and as we answer.
//
// Read: what Python's json module writes. NaN, Infinity and -Infinity are numbers, and a number keeps the digits it
// was sent with: an integer may have more than fit into 64 bits, up to what a double can say. Written: what every
// parser takes. NaN and the infinities become null, bytes that are not UTF-8 become U+FFFD, control characters are
// escaped.
//
// Values lie as deep in each other as json_limits says and no deeper, so what walks over them may recurse.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/error.hpp>
#include <coppice/base/limits.hpp>

namespace coppice::znsocket {

enum class value_kind : std::uint8_t {
    null,
    boolean,  ///< truth
    integer,  ///< text: its digits
    real,     ///< text: its digits, NaN, Infinity or -Infinity
    text,     ///< text, in UTF-8
    array,    ///< items
    object,   ///< items: name, value, name, value ... in the order in which they came
};

struct value {
    value_kind kind = value_kind::null;
    bool truth = false;
    std::string text{};
    std::vector<value> items{};

    [[nodiscard]] bool is(value_kind one) const noexcept { return kind == one; }
    [[nodiscard]] bool is_null() const noexcept { return kind == value_kind::null; }
    /// What stands in an array at `place`; none where there is nothing, or this is no array.
    [[nodiscard]] const value& item(std::size_t place) const noexcept;
    /// What an object holds under `name`, the last of several; null when there is nothing, or this is no object.
    [[nodiscard]] const value* find(std::string_view name) const noexcept;
    /// Of an integer of 64 bits that is not negative; nothing for all else.
    [[nodiscard]] std::optional<std::uint64_t> whole_number() const noexcept;
    /// Of {"_placeholder":true,"num":n}: n, the place of the binary attachment that belongs here.
    [[nodiscard]] std::optional<std::size_t> placeholder() const noexcept;

    friend bool operator==(const value&, const value&) = default;
};

struct json_limits {
    std::size_t nesting = limits::document_nesting;
    std::size_t values = limits::event_values;
};

/// The value that `text` says.  Errors: errc::invalid, errc::limit; the context says what is wrong at which byte.
[[nodiscard]] result<value> read_json(std::string_view text, json_limits allowed = {});

/// Appends a value; NaN and the infinities as null.
void append_json(std::string& out, const value& given);
[[nodiscard]] std::string json_of(const value& given);
/// Appends bytes as a text between quotes.
void append_json_text(std::string& out, std::string_view bytes);
/// Appends a number with its shortest digits; NaN and the infinities as null.
void append_json_number(std::string& out, double number);

/// Appends the inside of a text that comes in parts, wherever they were split.
class json_text_writer {
public:
    explicit json_text_writer(std::string& out) noexcept : out_(out) {}

    void add(std::string_view bytes);
    /// No more bytes come.  The writer is then ready for the next text.
    void end();
    /// The text is not finished.  The writer is then ready for the next one.
    void forget() noexcept { cut_.clear(); }

private:
    std::string& out_;
    std::string cut_;  // the start of a sequence that the last part ended in
};

}  // namespace coppice::znsocket
