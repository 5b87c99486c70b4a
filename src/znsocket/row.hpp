// znsocket/row.hpp: one row of the table of events: a method, the command it becomes, the form of its answer.
//
//     {"lindex", "LINDEX", {word("name"), word("index")}},
//     {"expire", "EXPIRE", {word("name"), word("time"), flag("nx", "NX"), flag("xx", "XX")}},
//
// The words of the command are its name and what the parameters say, in their order. A method that needs more
// than that has a function of its own.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "znsocket/commands.hpp"
#include "znsocket/signature.hpp"

namespace coppice::znsocket {

struct row;

/// Puts words, and perhaps another form, into `made`.
using words_maker = std::optional<failure> (*)(const row& of, const bound_arguments& bound, prepared& made);

/// What every row does that has no function of its own.
[[nodiscard]] std::optional<failure> append_words(const row& of, const bound_arguments& bound, prepared& made);

struct row {  // NOLINT: the order is that in which rows are read, not the smallest
    std::string_view event;
    std::string_view command;
    parameter_list parameters{};
    answer_form form = answer_form::plain;
    words_maker make = append_words;
    /// The same in memory storage's order, chosen by a third positional argument that is a boolean.
    const row* memory_order = nullptr;
    /// None is refused in memory storage's words, not redis-py's.
    bool short_none = false;
};

// What the parameters of a row take; the kinds say what becomes of it.
namespace takes {

constexpr parameter word(std::string_view name, std::string_view other = {}) {
    return {name, other, parameter_kind::word};
}
constexpr parameter preset(std::string_view name, std::string_view value) {
    return {name, {}, parameter_kind::preset, value};
}
constexpr parameter maybe(std::string_view name, std::string_view other = {}) {
    return {name, other, parameter_kind::maybe};
}
constexpr parameter option(std::string_view name, std::string_view said) {
    return {name, {}, parameter_kind::option, said};
}
constexpr parameter flag(std::string_view name, std::string_view said) {
    return {name, {}, parameter_kind::flag, said};
}
constexpr parameter rest(std::string_view name, std::string_view other = {}) {
    return {name, other, parameter_kind::rest};
}
constexpr parameter texts(std::string_view name) { return {name, {}, parameter_kind::texts}; }
constexpr parameter pairs(std::string_view name) { return {name, {}, parameter_kind::pairs}; }
constexpr parameter free(std::string_view name) { return {name, {}, parameter_kind::free}; }
constexpr parameter of_kind(parameter_kind kind, std::string_view name) { return {name, {}, kind}; }

}  // namespace takes

// For the functions of rows.

[[nodiscard]] failure data_error(std::string text);
[[nodiscard]] failure wrong_number_of_arguments(const row& of);
/// Appends a text or a number.  Errors: DataError for everything else.
[[nodiscard]] std::optional<failure> append_word(const row& of, const value& given, prepared& made);
/// Appends an option's own word and its value, when it is given.
[[nodiscard]] std::optional<failure> append_option(const row& of, const value* given, std::string_view said,
                                                   prepared& made);
/// Appends a text, or each of a list of them.
[[nodiscard]] std::optional<failure> append_texts(const row& of, const value& given, prepared& made);
/// Appends the names and values of a dict.
[[nodiscard]] std::optional<failure> append_pairs(const row& of, const value& given, prepared& made);
/// Answers without asking for anything: `json`.
void answer_fixed(prepared& made, std::string_view json);

// The rows of each data type.
[[nodiscard]] std::span<const row> string_rows();
[[nodiscard]] std::span<const row> key_rows();
[[nodiscard]] std::span<const row> list_rows();
[[nodiscard]] std::span<const row> hash_rows();
[[nodiscard]] std::span<const row> set_rows();

}  // namespace coppice::znsocket
