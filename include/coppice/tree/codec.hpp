// coppice/tree/codec.hpp: a node as bytes, on storage and inside its parent's record.
//
// A stored node (docs/format.md draws every byte):
//
//   version 1 B | leaf kind 1 B | flags 1 B (1: keyed) | height 1 B | entries 2 B | slots 2 B | prefix 2 B |
//   zero 2 B | tail 4 B | prefix | (id 8 B, seal 8 B) per slot | counts 8 B | heads 4 B | offsets 2 B | records
//
// The same arrays as in memory, without free space or dead bytes; offsets are distances from the end.
// An embedded tree is one leaf without references: shape 1 B (kind, 16: keyed) | varint entries | per
// record, when keyed, varint length and key; then varint length and bytes.
#pragma once

#include <string>
#include <string_view>

#include <coppice/tree/pool.hpp>

namespace coppice {

/// Appends the payload of `n` to `out`.  Requires: every child in a slot is stored or has its id.
void encode_node(const node& n, std::string& out);

/// The node that `payload` says, its children not loaded.  Errors: errc::corrupt, saying what is wrong; never
/// trusts a byte.  Throws std::bad_alloc.
[[nodiscard]] result<node_ptr> decode_node(node_pool& pool, std::string_view payload);

/// Whether a tree with this root may be embedded when it takes at most `bytes_max` bytes.
[[nodiscard]] bool fits_embedded(const node& root, std::size_t bytes_max) noexcept;
/// Appends the embedded form of a leaf.  Requires: fits_embedded.
void encode_embedded(const node& root, std::string& out);
/// The leaf that an embedded tree says.  `embedded` lies in a node that has been checked.
[[nodiscard]] node_ptr open_embedded(tree_context& context, std::string_view embedded);
/// Whether untrusted bytes are an embedded tree; null when they are, else what is wrong.
[[nodiscard]] const char* check_embedded(std::string_view embedded) noexcept;

}  // namespace coppice
