#include "znsocket/row.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "znsocket/python_text.hpp"

namespace coppice::znsocket {
namespace {

std::string in_lower_case(std::string_view text) {
    std::string lower(text);
    for (auto& one : lower) { one = static_cast<char>(std::tolower(static_cast<unsigned char>(one))); }
    return lower;
}

// "MEMORY USAGE" is two words.
void append_name(std::string_view command, prepared& made) {
    const auto space = command.find(' ');
    made.words.emplace_back(command.substr(0, space));
    if (space != command.npos) { made.words.emplace_back(command.substr(space + 1)); }
}

std::optional<failure> append_rest(const row& of, const value* by_name, std::span<const value> rest, prepared& made) {
    if (by_name != nullptr) { return append_word(of, *by_name, made); }
    for (const auto& one : rest) {
        if (auto failed = append_word(of, one, made)) { return failed; }
    }
    return std::nullopt;
}

// What one parameter says.
std::optional<failure> append_parameter(const row& of, const bound_arguments& bound, std::size_t place,
                                        prepared& made) {
    const auto& one = of.parameters[place];
    const auto* const given = bound.given[place];
    switch (one.kind) {
        case parameter_kind::none:
        case parameter_kind::free: return std::nullopt;
        case parameter_kind::word: return append_word(of, *given, made);
        case parameter_kind::preset:
            if (given != nullptr) { return append_word(of, *given, made); }
            made.words.emplace_back(one.said);
            return std::nullopt;
        case parameter_kind::maybe: return bound.has(place) ? append_word(of, *given, made) : std::nullopt;
        case parameter_kind::option: return append_option(of, given, one.said, made);
        case parameter_kind::flag:
            if (bound.is_true(place)) { made.words.emplace_back(one.said); }
            return std::nullopt;
        case parameter_kind::blank:
            if (bound.has(place)) { return append_word(of, *given, made); }
            made.words.emplace_back();
            return std::nullopt;
        case parameter_kind::rest:
        case parameter_kind::extra: return append_rest(of, given, bound.rest, made);
        case parameter_kind::texts:
            if (auto failed = append_texts(of, *given, made)) { return failed; }
            return append_rest(of, nullptr, bound.rest, made);
        case parameter_kind::list: return append_texts(of, *given, made);
        case parameter_kind::pairs: return append_pairs(of, *given, made);
        case parameter_kind::if_null:
            if (given == nullptr) { return std::nullopt; }
            made.if_null.clear();
            append_json(made.if_null, *given);
            return std::nullopt;
    }
    return std::nullopt;
}

bool needs_one(parameter_kind kind) noexcept {
    return kind == parameter_kind::rest || kind == parameter_kind::texts || kind == parameter_kind::list
           || kind == parameter_kind::pairs;
}

}  // namespace

std::optional<failure> append_words(const row& of, const bound_arguments& bound, prepared& made) {
    append_name(of.command, made);
    for (std::size_t place = 0; place < of.parameters.size(); ++place) {
        const auto before = made.words.size();
        if (auto failed = append_parameter(of, bound, place, made)) { return failed; }
        if (needs_one(of.parameters[place].kind) && made.words.size() == before) {
            return wrong_number_of_arguments(of);
        }
    }
    return std::nullopt;
}

failure data_error(std::string text) { return {"DataError", std::move(text)}; }

failure wrong_number_of_arguments(const row& of) {
    return {"ResponseError", fmt::format("wrong number of arguments for '{}' command", in_lower_case(of.command))};
}

std::optional<failure> append_word(const row& of, const value& given, prepared& made) {
    switch (given.kind) {
        case value_kind::text: made.words.push_back(given.text); return std::nullopt;
        case value_kind::integer: made.words.push_back(python_int(given.text)); return std::nullopt;
        case value_kind::real: made.words.push_back(python_float(given.text)); return std::nullopt;
        case value_kind::null:
            if (of.short_none) { return data_error("Invalid input of type None"); }
            break;
        default: break;
    }
    return data_error(fmt::format("Invalid input of type: '{}'. Convert to a bytes, string, int or float first.",
                                  python_class(given)));
}

std::optional<failure> append_option(const row& of, const value* given, std::string_view said, prepared& made) {
    if (given == nullptr || given->is_null()) { return std::nullopt; }
    made.words.emplace_back(said);
    return append_word(of, *given, made);
}

std::optional<failure> append_texts(const row& of, const value& given, prepared& made) {
    if (!given.is(value_kind::array)) { return append_word(of, given, made); }
    return append_rest(of, nullptr, given.items, made);
}

std::optional<failure> append_pairs(const row& of, const value& given, prepared& made) {
    if (!given.is(value_kind::object)) {
        return data_error(fmt::format("Invalid input of type: '{}'. Convert to a dict first.", python_class(given)));
    }
    for (const auto& one : given.items) {
        if (auto failed = append_word(of, one, made)) { return failed; }
    }
    return std::nullopt;
}

void answer_fixed(prepared& made, std::string_view json) {
    made = {.words = {"PING"}, .form = answer_form::fixed, .if_null = std::string(json)};
}

}  // namespace coppice::znsocket
