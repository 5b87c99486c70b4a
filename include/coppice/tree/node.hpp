// coppice/tree/node.hpp: how a node of the stored tree lies in memory.
//
// Leaves and inner nodes share one layout, so copying, growing and storing know no difference:
//
//   header | prefix | slots | seals | counts | heads | offsets |  free  | records
//   48 B     keys'    8 B     8 B     8 B      4 B     2 B                 filled from the node's end
//            common   each    each    inner    keyed   records and
//            bytes                    only     only    keyed inner
//
// - A record leaf has an entry per record; a record is [key part][value part] (record.hpp).
// - An inner node has an entry per child: its slot, the number of elements below it and, when keyed, a
//   separator: the least key that may stand below that child. Entry 0 has none (nothing is less).
// - A bytes leaf has no entries: header, then `tail` bytes at the end.
// - A keyed node keeps its keys' common prefix once; a head is the four bytes of a key that follow the
//   prefix, as a number, zero-padded. Searching touches heads, and a record only on equal heads.
// - An offset is a record's distance from the node's end, so a node grows by two memcpys.
// - A slot is one atomic word: nothing (0), a resident node, or the id of a node on storage (lowest bit
//   1) whose seal stands beside it. Loading turns an id into a pointer and changes nothing that the
//   node says. While a child is resident its id and seal live in its own header.
//
// A node with one owner, no id and a path of such nodes above it is edited in place; any other is copied
// first. A node with an id is frozen for ever, and its children have ids.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <coppice/base/assert.hpp>
#include <coppice/base/bytes.hpp>
#include <coppice/base/node_id.hpp>

namespace coppice {

/// What the leaves of a tree hold. The numbers reach disk.
enum class leaf_kind : std::uint8_t {
    records = 1,  ///< slotted pages of (key?, bytes, child?)
    bytes = 2,    ///< plain bytes: long strings
    array = 3,    ///< reserved: contiguous elements of one size
};

/// A tree's kind of leaf, and whether its records are found by key. Constant for a tree's life.
struct tree_shape {
    leaf_kind kind = leaf_kind::records;
    bool keyed = false;
    friend bool operator==(const tree_shape&, const tree_shape&) = default;
};

inline constexpr tree_shape keyed_records{leaf_kind::records, true};
inline constexpr tree_shape listed_records{leaf_kind::records, false};
inline constexpr tree_shape plain_bytes{leaf_kind::bytes, false};

/// The longest key that stands in a page as it is, unless a test says otherwise (record.hpp). Reaches disk.
inline constexpr std::uint32_t short_key_bytes = 512;

struct node {
    std::atomic<std::uint32_t> owners;  ///< slots and handles that hold this node
    leaf_kind kind;
    std::uint8_t height;  ///< 0 for a leaf
    bool keyed;
    bool references;         ///< something hangs below by a slot of a leaf; set when the node gets its id
    std::uint32_t capacity;  ///< bytes allocated, header included
    std::uint32_t tail;      ///< bytes used at the end, dead ones included
    std::uint32_t dead;      ///< bytes in the tail that no record uses
    std::uint16_t entries;
    std::uint16_t slots;   ///< inner: one per entry; leaf: one per child tree, some may be empty
    std::uint16_t prefix;  ///< bytes of the keys' common prefix
    std::uint16_t unused;
    std::atomic<std::uint64_t> id;  ///< 0 until the node is stored
    union {
        std::uint64_t seal;  ///< of the stored node
        node* next;          ///< in the list of garbage, once nobody owns the node
    };
};
static_assert(sizeof(node) == 48, "the header is part of every node: know its size");

using slot_word = std::uint64_t;

[[nodiscard]] inline slot_word word_of(const node* resident) noexcept { return reinterpret_cast<slot_word>(resident); }
[[nodiscard]] inline slot_word word_of(node_id id) noexcept { return (static_cast<std::uint64_t>(id) << 1) | 1; }
[[nodiscard]] inline bool is_stored(slot_word word) noexcept { return (word & 1) != 0; }
[[nodiscard]] inline node* node_in(slot_word word) noexcept { return reinterpret_cast<node*>(word); }
[[nodiscard]] inline node_id id_in(slot_word word) noexcept { return static_cast<node_id>(word >> 1); }

namespace layout {

inline constexpr std::size_t align8(std::size_t bytes) noexcept { return (bytes + 7) & ~std::size_t{7}; }

[[nodiscard]] inline char* at(const node& n, std::size_t offset) noexcept {
    return const_cast<char*>(reinterpret_cast<const char*>(&n)) + offset;
}
[[nodiscard]] inline bool has_counts(const node& n) noexcept { return n.height > 0; }
[[nodiscard]] inline bool has_offsets(const node& n) noexcept {
    return n.keyed || (n.height == 0 && n.kind == leaf_kind::records);
}
/// Bytes that one entry takes in the arrays, its slot and its record not counted.
[[nodiscard]] inline std::size_t entry_bytes(bool inner, bool keyed, bool offsets) noexcept {
    return (inner ? 8U : 0U) + (keyed ? 4U : 0U) + (offsets ? 2U : 0U);
}
[[nodiscard]] inline std::size_t slots_begin(const node& n) noexcept { return align8(sizeof(node) + n.prefix); }
[[nodiscard]] inline std::size_t counts_begin(const node& n) noexcept { return slots_begin(n) + 16U * n.slots; }
[[nodiscard]] inline std::size_t heads_begin(const node& n) noexcept {
    return counts_begin(n) + (has_counts(n) ? 8U * n.entries : 0U);
}
[[nodiscard]] inline std::size_t offsets_begin(const node& n) noexcept {
    return heads_begin(n) + (n.keyed ? 4U * n.entries : 0U);
}
[[nodiscard]] inline std::size_t front_end(const node& n) noexcept {
    return offsets_begin(n) + (has_offsets(n) ? 2U * n.entries : 0U);
}
[[nodiscard]] inline std::size_t free_bytes(const node& n) noexcept { return n.capacity - n.tail - front_end(n); }
/// What the node needs, without free space and dead bytes.
[[nodiscard]] inline std::size_t live_bytes(const node& n) noexcept { return front_end(n) + n.tail - n.dead; }

}  // namespace layout

[[nodiscard]] inline std::string_view prefix_of(const node& n) noexcept {
    return {layout::at(n, sizeof(node)), n.prefix};
}
[[nodiscard]] inline std::atomic<slot_word>* slots_of(const node& n) noexcept {
    return reinterpret_cast<std::atomic<slot_word>*>(layout::at(n, layout::slots_begin(n)));
}
[[nodiscard]] inline std::uint64_t* seals_of(const node& n) noexcept {
    return reinterpret_cast<std::uint64_t*>(layout::at(n, layout::slots_begin(n) + 8U * n.slots));
}
/// Elements below each child of an inner node.
[[nodiscard]] inline std::uint64_t* counts_of(const node& n) noexcept {
    return reinterpret_cast<std::uint64_t*>(layout::at(n, layout::counts_begin(n)));
}
[[nodiscard]] inline std::uint32_t* heads_of(const node& n) noexcept {
    return reinterpret_cast<std::uint32_t*>(layout::at(n, layout::heads_begin(n)));
}
[[nodiscard]] inline std::uint16_t* offsets_of(const node& n) noexcept {
    return reinterpret_cast<std::uint16_t*>(layout::at(n, layout::offsets_begin(n)));
}
[[nodiscard]] inline const char* record_at(const node& n, unsigned entry) noexcept {
    return layout::at(n, n.capacity) - offsets_of(n)[entry];
}
/// The bytes of a bytes leaf.
[[nodiscard]] inline std::string_view bytes_of(const node& leaf) noexcept {
    return {layout::at(leaf, leaf.capacity - leaf.tail), leaf.tail};
}

[[nodiscard]] inline bool is_inner(const node& n) noexcept { return n.height > 0; }
[[nodiscard]] inline tree_shape shape_of(const node& n) noexcept { return {n.kind, n.keyed}; }

/// Elements in and below a node.  Cost: O(1) for a leaf, O(fan-out) for an inner node.
[[nodiscard]] inline std::uint64_t count_of(const node& n) noexcept {
    if (!is_inner(n)) { return n.kind == leaf_kind::bytes ? n.tail : n.entries; }
    std::uint64_t sum = 0;
    const std::uint64_t* counts = counts_of(n);
    for (unsigned i = 0; i < n.entries; ++i) { sum += counts[i]; }
    return sum;
}

/// Whether whoever holds the only path to this node may change it in place.
[[nodiscard]] inline bool is_sole(const node& n) noexcept {
    return n.owners.load(std::memory_order_acquire) == 1 && n.id.load(std::memory_order_relaxed) == 0;
}

inline void retain(node& n) noexcept { n.owners.fetch_add(1, std::memory_order_relaxed); }

}  // namespace coppice
