#include "znsocket/failure.hpp"

#include <fmt/format.h>

#include "znsocket/value.hpp"

namespace coppice::znsocket {

failure wrong_arguments(std::string_view event, std::string_view why) {
    return {"TypeError", fmt::format("Invalid arguments for {}: {}", event, why)};
}

void append_error(std::string& out, const failure& what) {
    out += R"({"error":{"msg":)";
    append_json_text(out, what.text);
    out += R"(,"type":)";
    append_json_text(out, what.type);
    out += "}}";
}

}  // namespace coppice::znsocket
