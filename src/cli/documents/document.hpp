// cli/documents/document.hpp: what a file of documents holds, whatever its format.
//
//   [ {"id": 7, "tags": ["a"]}, 3, "x" ]        three documents
//      object with two members    number, string
//
// One level is taken apart: a document is an object (members with names), an array (members without) or a
// scalar. What lies deeper stays JSON text inside its member. Numbers keep their digits as written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/error.hpp>
#include <coppice/base/function_ref.hpp>

namespace coppice::cli {

enum class value_kind : std::uint8_t { null, boolean, number, string, array, object };

[[nodiscard]] constexpr bool is_container(value_kind kind) noexcept { return kind >= value_kind::array; }
[[nodiscard]] std::string_view name_of(value_kind kind) noexcept;  ///< "an array", as errors say it

struct value {
    value_kind kind = value_kind::null;
    std::string text;  ///< a string: its characters; anything else: compact JSON text

    friend bool operator==(const value&, const value&) = default;
};

struct member {
    std::string name;  ///< empty in an array
    value content;

    friend bool operator==(const member&, const member&) = default;
};

/// Where something begins in a file, both from 1; columns count characters.
struct text_position {
    std::uint64_t line = 1;
    std::uint64_t column = 1;

    friend bool operator==(const text_position&, const text_position&) = default;
};

struct document {
    bool is_named = false;
    std::string name;  ///< its member's name in the top object, or its path in a folder
    value_kind kind = value_kind::null;
    std::string text;             ///< of a scalar, as in `value`; of a container not taken apart, its JSON
    std::vector<member> members;  ///< of an object or an array
    text_position where;

    /// The last member called `name`, or null.
    [[nodiscard]] const value* find(std::string_view member_name) const noexcept;
};

/// Takes one document, borrowed for the call.  An error ends the reading and is what the reader returns.
using document_sink = function_ref<status(const document&)>;

/// "countries.json:3:14: invalid: ..." with bytes that no terminal should see written as \xNN.
[[nodiscard]] error error_at(std::string_view file, text_position where, std::string_view what,
                             errc code = errc::invalid);
/// `text` cut to `length_max` bytes, control characters and bad UTF-8 as \xNN.
[[nodiscard]] std::string printable(std::string_view text, std::size_t length_max = 200);
/// The index of the first byte that is not UTF-8, or npos.
[[nodiscard]] std::size_t find_bad_utf8(std::string_view text) noexcept;

}  // namespace coppice::cli
