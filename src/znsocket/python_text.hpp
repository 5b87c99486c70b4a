// znsocket/python_text.hpp: values as the Python that sent them would show them.
#pragma once

#include <string>
#include <string_view>

#include "znsocket/value.hpp"

namespace coppice::znsocket {

/// The name of the value's class: "NoneType", "bool", "int", "float", "str", "list" or "dict".
[[nodiscard]] std::string_view python_class(const value& given) noexcept;

/// Whether `if given:` holds.
[[nodiscard]] bool is_truthy(const value& given) noexcept;

/// repr() of the float with these digits: "1.0", "1e+16", "inf".
[[nodiscard]] std::string python_float(std::string_view digits);

/// str() of the int with these digits, which is what they are, but for "-0".
[[nodiscard]] std::string python_int(std::string_view digits);

}  // namespace coppice::znsocket
