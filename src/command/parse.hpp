// command/parse.hpp: numbers and words as commands read and write them, beside those of command.hpp.
#pragma once

#include <string>
#include <string_view>

namespace coppice {

/// As INCRBYFLOAT says a number: 17 digits behind the point, no zeros at the end, no exponent.
[[nodiscard]] std::string human_real(long double number);
[[nodiscard]] std::string lower_case(std::string_view text);
/// A word as C prints it: up to the first zero byte.
[[nodiscard]] std::string_view printed(std::string_view word) noexcept;

}  // namespace coppice
