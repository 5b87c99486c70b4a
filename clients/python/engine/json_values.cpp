#include "json_values.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace coppice::python {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";
// A text that begins so may name a collection; which ones there are, the caller knows.
constexpr std::string_view reference_prefixes[] = {"\"znsocket.", "\"coppice."};

nb::object ascii(std::string_view text) {
    auto made = own(PyUnicode_New(static_cast<Py_ssize_t>(text.size()), 127));
    std::memcpy(PyUnicode_DATA(made.ptr()), text.data(), text.size());
    return made;
}

void append_unit(std::string& out, std::uint32_t unit) {
    out += "\\u";
    for (const unsigned shift : {12U, 8U, 4U, 0U}) { out += hex_digits[(unit >> shift) & 15U]; }
}

void append_escaped(std::string& out, Py_UCS4 point) {
    switch (point) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        case '\f': out += "\\f"; return;
        case '\b': out += "\\b"; return;
        default: break;
    }
    if (point >= 0x20 && point < 0x7f) {
        out += static_cast<char>(point);
    } else if (point < 0x10000) {
        append_unit(out, point);
    } else {  // a pair of surrogates
        append_unit(out, 0xd800U + ((point - 0x10000U) >> 10U));
        append_unit(out, 0xdc00U + ((point - 0x10000U) & 0x3ffU));
    }
}

/// As json writes a string.  `out` is room that is kept between calls.
nb::object string_text(PyObject* value, std::string& out) {
    const auto size = PyUnicode_GET_LENGTH(value);
    const int kind = PyUnicode_KIND(value);
    const void* const data = PyUnicode_DATA(value);
    out.assign(1, '"');
    for (Py_ssize_t i = 0; i < size; ++i) { append_escaped(out, PyUnicode_READ(kind, data, i)); }
    out += '"';
    return ascii(out);
}

nb::object real_text(double value) {
    char* const digits = PyOS_double_to_string(value, 'r', 0, Py_DTSF_ADD_DOT_0, nullptr);
    if (digits == nullptr) { throw nb::python_error(); }
    const std::unique_ptr<char, decltype(&PyMem_Free)> owned(digits, &PyMem_Free);
    return ascii(digits);
}

bool is_digit(char letter) noexcept { return letter >= '0' && letter <= '9'; }

/// Where digits that begin at `at` end.
std::size_t digits_end(std::string_view text, std::size_t at) noexcept {
    while (at < text.size() && is_digit(text[at])) { ++at; }
    return at;
}

/// A number as JSON's grammar has it; nothing where it is no number, or an integer of more than 18 digits.
std::optional<nb::object> number_of(std::string_view text) {
    constexpr std::size_t digits_max = 18;
    const std::size_t begin = text[0] == '-' ? 1 : 0;
    const std::size_t whole = digits_end(text, begin);
    if (whole == begin || (text[begin] == '0' && whole > begin + 1)) { return std::nullopt; }
    if (whole == text.size()) {
        if (whole - begin > digits_max) { return std::nullopt; }
        long long number = 0;
        for (std::size_t i = begin; i < whole; ++i) { number = 10 * number + (text[i] - '0'); }
        return own(PyLong_FromLongLong(begin == 1 ? -number : number));
    }
    std::size_t end = whole;
    if (text[end] == '.') {
        end = digits_end(text, whole + 1);
        if (end == whole + 1) { return std::nullopt; }
    }
    if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
        const std::size_t sign = end + 1 < text.size() && (text[end + 1] == '+' || text[end + 1] == '-') ? 1 : 0;
        const std::size_t from = end + 1 + sign;
        end = digits_end(text, from);
        if (end == from) { return std::nullopt; }
    }
    if (end != text.size()) { return std::nullopt; }
    const double value = PyOS_string_to_double(std::string(text).c_str(), nullptr, nullptr);
    if (value == -1.0 && PyErr_Occurred() != nullptr) { throw nb::python_error(); }
    return own(PyFloat_FromDouble(value));
}

/// A string without escapes that names no collection; nothing for another.
std::optional<nb::object> string_of(std::string_view text) {
    if (text.size() < 2 || text.back() != '"') { return std::nullopt; }
    for (const auto prefix : reference_prefixes) {
        if (text.starts_with(prefix)) { return std::nullopt; }
    }
    const auto inner = text.substr(1, text.size() - 2);
    for (const char letter : inner) {
        if (letter == '"' || letter == '\\' || static_cast<unsigned char>(letter) < 0x20) { return std::nullopt; }
    }
    return own(PyUnicode_DecodeUTF8(inner.data(), static_cast<Py_ssize_t>(inner.size()), "strict"));
}

/// The text of a plain value; nothing for another.
std::optional<nb::object> text_of(PyObject* value, std::string& room) {
    if (PyUnicode_CheckExact(value)) { return string_text(value, room); }
    if (PyLong_CheckExact(value)) {
        int overflow = 0;
        const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
        if (overflow != 0) { return std::nullopt; }
        char digits[24];
        const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
        return ascii({digits, static_cast<std::size_t>(end - digits)});
    }
    if (PyFloat_CheckExact(value) && std::isfinite(PyFloat_AS_DOUBLE(value))) {
        return real_text(PyFloat_AS_DOUBLE(value));
    }
    if (value == Py_None) { return ascii("null"); }
    if (PyBool_Check(value)) { return ascii(value == Py_True ? "true" : "false"); }
    return std::nullopt;
}

/// The value of a plain text; nothing for another.
std::optional<nb::object> value_of(std::string_view text) {
    if (text.empty()) { return std::nullopt; }
    if (text[0] == '"') { return string_of(text); }
    if (is_digit(text[0]) || text[0] == '-') { return number_of(text); }
    if (text == "true" || text == "false") { return nb::bool_(text == "true"); }
    if (text == "null") { return nb::none(); }
    return std::nullopt;
}

/// A list of what `made(item)` makes of the items of a sequence, which it may change.
template <class Make>
nb::object list_of(nb::handle sequence, const char* complaint, Make made) {
    const auto given = own(PySequence_Fast(sequence.ptr(), complaint));
    auto list = own(PyList_New(0));
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(given.ptr()); ++i) {
        const auto item = nb::borrow(PySequence_Fast_GET_ITEM(given.ptr(), i));
        if (PyList_Append(list.ptr(), made(item).ptr()) != 0) { throw nb::python_error(); }
    }
    return list;
}

}  // namespace

nb::object encode_all(nb::handle values, nb::handle encode) {
    std::string room;
    return list_of(values, "expected a sequence of values", [&](const nb::object& value) {
        auto text = text_of(value.ptr(), room);
        return text ? std::move(*text) : own(PyObject_CallOneArg(encode.ptr(), value.ptr()));
    });
}

nb::object decode_all(nb::handle texts, nb::handle decode) {
    return list_of(texts, "expected a sequence of texts", [&](const nb::object& given) {
        if (given.is_none()) { return given; }
        Py_ssize_t size = 0;
        const char* const text = PyUnicode_AsUTF8AndSize(given.ptr(), &size);
        if (text == nullptr) { throw nb::python_error(); }
        auto value = value_of({text, static_cast<std::size_t>(size)});
        return value ? std::move(*value) : own(PyObject_CallOneArg(decode.ptr(), given.ptr()));
    });
}

}  // namespace coppice::python
