// storage/node_envelope.hpp: how a node's payload is packed for a disk.
//
//   0       1
//   | codec | length (varint) | payload, packed |        codec: 0 as it is, 1 lz4 block, 2 zstd frame
//
// There is no checksum here: it lies in the parent (node_store.hpp). So what is unpacked may be any bytes, and
// the length is checked against node_bytes_max before it sizes an allocation.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <storage/storage.hpp>

namespace coppice {

/// Appends the envelope of `payload` to `out`. Payloads that do not shrink by an eighth are kept as they are:
/// the reader would pay for less than a saved block.  Requires: payload.size() <= node_bytes_max.
void pack_node(std::string& out, std::string_view payload, node_codec codec, int level);

/// The payload, or nothing if these bytes are no envelope.
[[nodiscard]] std::optional<std::string> unpack_node(std::string_view envelope);

}  // namespace coppice
