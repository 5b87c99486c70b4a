#include "znsocket/python_text.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iterator>

#include <fmt/format.h>

namespace coppice::znsocket {
namespace {

// Digits beyond a double's range are infinite or zero, as in Python; JSON's numbers are all of strtod's.
double number_in(std::string_view digits) { return std::strtod(std::string(digits).c_str(), nullptr); }

// Python writes out what has its point within this many digits.
constexpr int plain_exponent_min = -4;
constexpr int plain_exponent_max = 15;

}  // namespace

std::string_view python_class(const value& given) noexcept {
    switch (given.kind) {
        case value_kind::null: return "NoneType";
        case value_kind::boolean: return "bool";
        case value_kind::integer: return "int";
        case value_kind::real: return "float";
        case value_kind::text: return "str";
        case value_kind::array: return "list";
        case value_kind::object: return "dict";
    }
    return {};
}

bool is_truthy(const value& given) noexcept {
    switch (given.kind) {
        case value_kind::null: return false;
        case value_kind::boolean: return given.truth;
        case value_kind::integer:
        case value_kind::real: return number_in(given.text) != 0;
        case value_kind::text: return !given.text.empty();
        case value_kind::array:
        case value_kind::object: return !given.items.empty();
    }
    return false;
}

std::string python_float(std::string_view digits) {
    const double number = number_in(digits);
    if (std::isnan(number)) { return "nan"; }
    if (std::isinf(number)) { return number < 0 ? "-inf" : "inf"; }
    // The shortest digits as d.ddde+xx; Python and to_chars agree on them and on the exponent's two digits.
    char room[32];
    const auto written = [&](std::chars_format format) {
        return std::string(room, std::to_chars(std::begin(room), std::end(room), number, format).ptr);
    };
    auto text = written(std::chars_format::scientific);
    const auto mark = text.find('e');
    const int exponent = std::atoi(text.c_str() + mark + 1);
    if (exponent < plain_exponent_min || exponent > plain_exponent_max) { return text; }
    text = written(std::chars_format::fixed);
    if (text.find('.') == text.npos) { text += ".0"; }
    return text;
}

std::string python_int(std::string_view digits) { return std::string(digits == "-0" ? "0" : digits); }

}  // namespace coppice::znsocket
