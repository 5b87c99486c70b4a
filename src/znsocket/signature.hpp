// znsocket/signature.hpp: a Python method's parameters, and how arguments find them.
//
// A row of the table lists them in redis-py's order; one may have a second name, that of memory storage. Those
// behind a `rest` can only be given by name, as in Python.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "znsocket/commands.hpp"

namespace coppice::znsocket {

enum class parameter_kind : std::uint8_t {
    none,     ///< behind the last one
    word,     ///< one word, which must be given
    preset,   ///< one word, parameter::said when it is not given
    maybe,    ///< one word when it is given and not None
    option,   ///< parameter::said and one word, when it is given and not None
    flag,     ///< parameter::said, when it is true
    blank,    ///< one word, an empty one for None
    rest,     ///< *values: one word or more
    extra,    ///< *values: any number of words
    texts,    ///< keys, *args: a text or a list of them, and more: one word or more
    list,     ///< a text or a list of them: one word or more
    pairs,    ///< a dict: name and value, one pair or more
    if_null,  ///< no word: what is answered instead of null
    free,     ///< may be left out; the row's own function looks at it
};

struct parameter {
    std::string_view name{};
    std::string_view other{};
    parameter_kind kind = parameter_kind::none;
    std::string_view said{};
};

inline constexpr std::size_t parameters_max = 10;  // SET has as many
using parameter_list = std::array<parameter, parameters_max>;

/// What each parameter was given, by its place; null: nothing.
struct bound_arguments {
    std::array<const value*, parameters_max> given{};
    std::span<const value> rest{};  ///< of rest, extra or texts: what came behind the others

    /// Whether it was given and is not None.
    [[nodiscard]] bool has(std::size_t place) const noexcept {
        return given[place] != nullptr && !given[place]->is_null();
    }
    [[nodiscard]] bool is_true(std::size_t place) const noexcept;
};

/// Errors: TypeError in Python's words: "lindex() missing 1 required positional argument: 'index'".
[[nodiscard]] std::variant<bound_arguments, failure> bind(std::string_view event, const parameter_list& parameters,
                                                          const value& args, const value& kwargs);

/// "name, value, ex=None, *rest".
[[nodiscard]] std::string signature_of(const parameter_list& parameters);

}  // namespace coppice::znsocket
