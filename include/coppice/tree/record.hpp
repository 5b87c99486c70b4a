// coppice/tree/record.hpp: one record of a leaf: a key, bytes, and perhaps a child tree.
//
//   key part    (keyed nodes)  varint length of the suffix | the suffix's bytes from the fifth on
//   value part  (leaves)       varint (length << 2 | form) | by form:
//     plain     0              bytes
//     slot      1              slot number 2 B | elements of the child 6 B | bytes
//     embedded  2              varint length of the embedded tree | bytes | embedded tree
//     long key  3, length 0    slot number of the key's remainder 2 B | value part of another form
//
// The suffix is the key without its node's common prefix; its first four bytes are the entry's head, so a
// key is never one view: append_key() copies. A record with a slot has its length and count at fixed
// places, so that a child tree may change without the record changing its size.
//
// Long keys. A key of more than node_sizes::key_bytes stands in pages as its page key, one byte longer than
// any short key may be, and so never equal to one:
//
//   the key's first bytes, 473 of 513 | length of the key 8 B, big-endian | SHA-256 of the remainder 32 B
//
// The remainder, what the page does not show, is a tree of bytes in a second slot of the record. To search, to
// order and to separate, a page key is a key like any other, and no remainder is loaded: keys that agree in what is
// shown stand by length, then by digest. Only who asks for the whole key reads it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <coppice/tree/node.hpp>

namespace coppice {

struct tree_context;

enum class child_form : std::uint8_t { none = 0, slot = 1, embedded = 2 };

/// A record that lies in a leaf; valid until the tree that owns the leaf changes or goes.
struct record_view {
    std::string_view bytes;
    child_form child = child_form::none;
    std::uint64_t child_count = 0;  ///< elements of the child tree
    std::string_view embedded;      ///< the embedded child
    const node* leaf = nullptr;
    std::uint16_t entry = 0;
    std::uint16_t slot = 0;            ///< child_form::slot: which of the leaf's slots
    std::uint16_t remainder_slot = 0;  ///< has_long_key: which of the leaf's slots
    bool has_long_key = false;
    tree_context* context = nullptr;  ///< where the remainder is loaded

    /// Appends the record's key to `out`.  Requires: a keyed tree, and a context.
    /// Errors: those of a load, if the key is long; `out` is then unchanged.
    void append_key(std::string& out) const;
    [[nodiscard]] std::string key() const;
    [[nodiscard]] std::size_t key_bytes() const noexcept;
    /// How many of the key's bytes its page shows.
    [[nodiscard]] std::size_t shown_key_bytes() const noexcept;
    /// Appends the key as its page has it, loading nothing. Equal and ordered as the tree's keys are.
    void append_page_key(std::string& out) const;
};

/// The page key of entry `entry`, in pieces: prefix, up to four bytes of the head, and the rest.
struct key_pieces {
    std::string_view prefix;
    char head[4];
    std::uint8_t head_bytes;
    std::string_view rest;

    [[nodiscard]] std::size_t size() const noexcept { return prefix.size() + head_bytes + rest.size(); }
    void append_to(std::string& out) const;
    char* copy_to(char* to) const noexcept;
};
[[nodiscard]] key_pieces key_of(const node& n, unsigned entry) noexcept;

/// The record of `leaf` at `entry`; without a context its key, if it is long, cannot be read whole.
/// Requires: entry < leaf.entries.  Cost: one cache miss or two.
[[nodiscard]] record_view view_record(const node& leaf, unsigned entry, tree_context* context = nullptr) noexcept;

}  // namespace coppice
