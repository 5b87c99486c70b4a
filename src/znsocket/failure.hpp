// znsocket/failure.hpp: an error as clients of ZnSocket know it: the Python exception that they raise, and its text.
#pragma once

#include <string>
#include <string_view>

namespace coppice::znsocket {

struct failure {
    std::string type;  ///< the exception's class: "ResponseError", "DataError", "TypeError" ...
    std::string text;
    friend bool operator==(const failure&, const failure&) = default;
};

/// The TypeError of an event, in the words that ZnSocket has for it.
[[nodiscard]] failure wrong_arguments(std::string_view event, std::string_view why);

/// Appends the answer {"error":{"msg":text,"type":type}}.
void append_error(std::string& out, const failure& what);

}  // namespace coppice::znsocket
