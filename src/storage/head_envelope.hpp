// storage/head_envelope.hpp: a head's bytes on a disk, and the file that remembers how far heads had come.
//
//   0            8         10  12       16           24         32
//   | "coppihed" | version | 0 | length | generation | checksum | the head's bytes |
//
// The checksum is XXH3-64 over everything else and the head's name. The generation grows by one with each
// move and is the token.
//
// RocksDB takes a damaged last record of its journal for one that a crash tore, and then the newest move
// would be gone without a word. So the file HEADS, written after each move, says which generation every head
// has reached: one that is read with less is corrupt.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace coppice {

struct head_state {
    std::string bytes;
    std::uint64_t generation = 0;  ///< of a head that was moved: from 1
};

[[nodiscard]] std::string pack_head(std::string_view name, std::string_view bytes, std::uint64_t generation);
/// Nothing if these bytes are not what pack_head made for that name.
[[nodiscard]] std::optional<head_state> unpack_head(std::string_view name, std::string_view envelope);

using head_generations = std::map<std::string, std::uint64_t, std::less<>>;

///   | "coppigen" | version 2 | 0 2 | count 4 | count times: name (varint length, bytes), generation 8 | checksum 8 |
[[nodiscard]] std::string pack_generations(const head_generations& generations);
[[nodiscard]] std::optional<head_generations> unpack_generations(std::string_view bytes);

}  // namespace coppice
