#include "znsocket/failure.hpp"

#include "znsocket/value.hpp"

namespace coppice::znsocket {

void append_error(std::string& out, const failure& what) {
    out += R"({"error":{"msg":)";
    append_json_text(out, what.text);
    out += R"(,"type":)";
    append_json_text(out, what.type);
    out += "}}";
}

}  // namespace coppice::znsocket
