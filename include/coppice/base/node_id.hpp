// coppice/base/node_id.hpp: how a stored node is named, and how its bytes are sealed.
//
// An id is an arena (31 bits) and a number in it (32 bits). An arena is leased to one opening of a store
// and never leased again, so no id is used twice; ids in an arena grow. 0 names no node.
// A seal lies in the parent's reference: the low 63 bits are a checksum of the node's id and payload, so
// that a damaged, misplaced or stale node is seen; the top bit says that the node or something below it
// refers to further trees, so that a walk which looks for those may skip the others.
#pragma once

#include <cstdint>

namespace coppice {

enum class node_id : std::uint64_t { none = 0 };
using node_seal = std::uint64_t;

inline constexpr node_seal seal_references_bit = std::uint64_t{1} << 63;

[[nodiscard]] constexpr node_id make_node_id(std::uint32_t arena, std::uint32_t number) noexcept {
    return static_cast<node_id>((static_cast<std::uint64_t>(arena) << 32) | number);
}
[[nodiscard]] constexpr std::uint32_t arena_of(node_id id) noexcept {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(id) >> 32);
}
[[nodiscard]] constexpr std::uint32_t number_of(node_id id) noexcept {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(id));
}

}  // namespace coppice
