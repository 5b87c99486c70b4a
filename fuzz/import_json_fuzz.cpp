// The JSON and NDJSON readers on any bytes: no crash, the same documents however the bytes are split, and each
// document's values come back from how they are stored.
//
// The first byte says how long the pieces are, the second whether a path is asked for.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <cli/documents/json_text.hpp>
#include <cli/documents/readers.hpp>
#include <cli/documents/stored.hpp>
#include <coppice/base/assert.hpp>

namespace {

using namespace coppice;
using namespace coppice::cli;

void check_stored(const document& given) {
    value_typing typing;
    for (const auto& member : given.members) {
        auto& digits = typing.of_field(member.name);
        const auto bytes = stored(member.content, digits);
        COPPICE_CHECK(loaded(bytes, digits) == member.content);
    }
}

std::string read_all(std::string_view text, std::size_t piece, const std::vector<std::string>& path, bool lines) {
    memory_source source(text, piece);
    std::string heard;
    const auto sink = [&](const document& given) -> status {
        heard += given.name + '=' + json_of(given) + '\n';
        check_stored(given);
        return {};
    };
    const auto read = lines ? read_ndjson(source, sink) : read_json(source, path, sink);
    return heard + (read ? std::to_string(read->documents) : read.error().message());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) { return 0; }
    const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::size_t piece = std::max<std::size_t>(1, data[0]);
    std::vector<std::string> path;
    if (data[1] % 2 == 1) { path = {"a"}; }
    for (const bool lines : {false, true}) {
        COPPICE_CHECK(read_all(text, SIZE_MAX, path, lines) == read_all(text, piece, path, lines));
    }
    return 0;
}
