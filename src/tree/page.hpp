// tree/page.hpp: what can be done inside one node: search it, read it, change it where it lies, copy it.
//
// Nothing here knows about paths or other nodes. The functions that change a node require that the caller
// owns it alone, and they cannot fail: whoever calls them has made room first.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include <coppice/base/bytes.hpp>
#include <coppice/tree/pool.hpp>
#include <coppice/tree/record.hpp>

namespace coppice::page {

/// What an entry of a node is to say: a record of a leaf, or a child of an inner node.
struct item {
    std::string_view key;                ///< page key, or a child's separator
    std::string_view bytes;              ///< leaf
    child_form form = child_form::none;  ///< leaf
    std::string_view embedded;           ///< leaf, child_form::embedded: with its count in `count`
    node* child = nullptr;               ///< inner, or child_form::slot; null: a slot that holds nothing
    std::uint64_t count = 0;             ///< elements of the child
    slot_word remainder = 0;             ///< leaf, `key` is that of a long key: the rest of it, borrowed
    node_seal remainder_seal = 0;        ///< of a remainder that is not in memory
};

// Reading.

struct place {
    unsigned index;
    bool found;
};
/// Where `key`, a page key, is among entries [from, n.entries), or would be.  Requires: keyed.
[[nodiscard]] place find(const node& n, std::string_view key, unsigned from = 0) noexcept;
/// The child of an inner keyed node below which `key` belongs.
[[nodiscard]] inline unsigned child_for(const node& n, std::string_view key) noexcept {
    const place at = find(n, key, 1);
    return at.found ? at.index : at.index - 1;
}
/// The child of an inner node that holds element `position`, which becomes relative to that child. A
/// position at the end of a child counts as that child's when `at_end`, else as the next one's.
[[nodiscard]] unsigned child_at(const node& n, std::uint64_t& position, bool at_end) noexcept;

/// The parts of a record as they lie in a node.
struct raw_record {
    const char* begin;
    std::uint32_t suffix_bytes;  ///< of the key, head included
    const char* rest;            ///< the suffix from the fifth byte on
    const char* value;           ///< the value part, behind the mark of a long key
    std::uint32_t value_bytes;   ///< its length; 0 in an inner node
    bool has_long_key;
    [[nodiscard]] std::uint32_t bytes() const noexcept {
        return static_cast<std::uint32_t>(value - begin) + value_bytes;
    }
};
inline constexpr std::uint32_t slot_field_bytes = 8;     // slot number 2, count 6
inline constexpr std::uint32_t long_key_mark_bytes = 3;  // form 3 without a length 1, slot number 2
/// Whether a value part begins with the mark of a long key.
[[nodiscard]] inline bool has_long_key_mark(const char* value) noexcept { return *value == 3; }
/// Where the mark before `value` keeps the number of the remainder's slot.
[[nodiscard]] inline char* remainder_field(const char* value) noexcept { return const_cast<char*>(value) - 2; }

/// Takes the varint before a key's suffix or a value part: nearly always one byte.
[[nodiscard]] inline std::uint32_t take_length(const char*& from) noexcept {
    const auto first = static_cast<unsigned char>(*from);
    if (first < 0x80) {
        ++from;
        return first;
    }
    return static_cast<std::uint32_t>(take_varint(from));
}
/// Bytes of a suffix that lie in its record: the first four are its head.
[[nodiscard]] inline std::uint32_t rest_bytes(std::size_t suffix_bytes) noexcept {
    return static_cast<std::uint32_t>(suffix_bytes > 4 ? suffix_bytes - 4 : 0);
}
[[nodiscard]] inline child_form form_of(const char* value) noexcept {
    return static_cast<child_form>(static_cast<unsigned char>(*value) & 3U);
}
/// Elements of a child, in the six bytes behind a slot's number.
[[nodiscard]] inline std::uint64_t read_child_count(const char* from) noexcept {
    return load<std::uint32_t>(from) | (static_cast<std::uint64_t>(load<std::uint16_t>(from + 4)) << 32);
}
/// The length of a value part.
[[nodiscard]] inline std::uint32_t value_part_bytes(const char* value) noexcept {
    const char* at = value;
    const std::uint32_t head = take_length(at);
    std::uint32_t more = head >> 2;
    if ((head & 3U) != 0) { more += form_of(value) == child_form::slot ? slot_field_bytes : take_length(at); }
    return static_cast<std::uint32_t>(at - value) + more;
}
[[nodiscard]] inline raw_record read_raw(const node& n, unsigned entry) noexcept {
    raw_record raw{};
    const char* at = raw.begin = record_at(n, entry);
    if (n.keyed) {
        raw.suffix_bytes = take_length(at);
        raw.rest = at;
        at += rest_bytes(raw.suffix_bytes);
    }
    raw.value = at;
    if (is_inner(n)) { return raw; }
    if (has_long_key_mark(at)) [[unlikely]] {
        raw.has_long_key = true;
        raw.value = at += long_key_mark_bytes;
    }
    raw.value_bytes = value_part_bytes(at);
    return raw;
}
/// Where the value part of a record begins, or the mark before it: neither need have been written yet.
[[nodiscard]] inline const char* value_at(const node& n, unsigned entry) noexcept {
    const char* at = record_at(n, entry);
    if (n.keyed) {
        const std::uint32_t suffix = take_length(at);
        at += rest_bytes(suffix);
    }
    return at;
}
/// The order of two page keys: negative, zero or positive.
[[nodiscard]] int compare_keys(const key_pieces& a, const key_pieces& b) noexcept;
/// Where a value part with a slot keeps the slot's number; six bytes of count follow.
[[nodiscard]] char* slot_field(const char* value) noexcept;

// Sizes.

/// Bytes of the value part that `given` gets, the mark of a long key not counted.
[[nodiscard]] inline std::uint32_t value_part_bytes(const item& given) noexcept {
    const auto bytes = static_cast<std::uint32_t>(given.bytes.size());
    std::uint32_t size = static_cast<std::uint32_t>(varint_bytes(std::uint64_t{bytes} << 2)) + bytes;
    if (given.form == child_form::slot) { size += slot_field_bytes; }
    if (given.form == child_form::embedded) {
        size += static_cast<std::uint32_t>(varint_bytes(given.embedded.size()) + given.embedded.size());
    }
    return size;
}
[[nodiscard]] inline std::uint32_t mark_bytes(const item& given) noexcept {
    return given.remainder != 0 ? long_key_mark_bytes : 0;
}
/// Slots that `given` takes in a leaf.
[[nodiscard]] inline unsigned slots_of(const item& given) noexcept {
    return (given.form == child_form::slot ? 1U : 0U) + (given.remainder != 0 ? 1U : 0U);
}
[[nodiscard]] inline std::uint32_t key_part_bytes(std::size_t suffix_bytes) noexcept {
    return static_cast<std::uint32_t>(varint_bytes(suffix_bytes)) + rest_bytes(suffix_bytes);
}
/// The allocator's size class for `bytes`: what a node of that size really takes.
[[nodiscard]] std::size_t size_class(std::size_t bytes) noexcept;
/// Copies `from`, which may be nothing and lie nowhere, to `to`; returns its end.
inline char* write_bytes(char* to, std::string_view from) noexcept {
    if (!from.empty()) { std::memcpy(to, from.data(), from.size()); }
    return to + from.size();
}
/// Writes the value part of `given`, saying slot number `slot` where it has one; returns its end.
char* write_value(char* to, const item& given, std::uint16_t slot) noexcept;
/// Writes the mark of a long key whose remainder is in slot `slot`; returns its end.
inline char* write_mark(char* to, std::uint16_t slot) noexcept {
    *to = 3;
    put_number(to + 1, slot);
    return to + long_key_mark_bytes;
}
/// Writes the key part for `suffix`; returns its end.
char* write_key(char* to, std::string_view suffix) noexcept;
/// The first four bytes as a number that has their order, zero-padded.
[[nodiscard]] inline std::uint32_t head_of(std::string_view suffix) noexcept {
    if (suffix.size() >= 4) { return __builtin_bswap32(load<std::uint32_t>(suffix.data())); }
    std::uint32_t head = 0;
    for (std::size_t i = 0; i < suffix.size(); ++i) {
        head |= static_cast<std::uint32_t>(static_cast<unsigned char>(suffix[i])) << (24 - 8 * i);
    }
    return head;
}

// Changing. Each requires a node with one owner and no id.

[[nodiscard]] inline bool shares_prefix(const node& n, std::string_view key) noexcept {
    return key.starts_with(prefix_of(n));
}
/// Enters `given` at `entry`, taking over one ownership of its child and its remainder.
/// Requires: its key shares the prefix, and there is room.
void insert(node& n, unsigned entry, const item& given) noexcept;
/// Removes entries [first, last) and gives up what their slots hold.
void erase(node& n, unsigned first, unsigned last, node_pool& pool) noexcept;
/// Gives entry `entry` of a leaf the value part of `given`, its key and remainder staying.  Requires: the value
/// part has the size of the old one, and neither has a slot.
void overwrite_value(node& leaf, unsigned entry, const item& given) noexcept;
/// Sets the count that a record with a slot says of its child.
void set_child_count(node& leaf, unsigned entry, std::uint64_t count) noexcept;
/// Makes a record whose slot has become empty one without a child.
void drop_child(node& leaf, unsigned entry) noexcept;
/// Replaces the child of an inner node; returns the old one, whose ownership passes to the caller.
[[nodiscard]] node* exchange_child(node& n, unsigned entry, node* child, std::uint64_t count) noexcept;

// Copying.

/// A copy of `n` with room for `extra` more bytes, dead bytes left out; children gain an owner each.
/// Errors: bad_alloc.
[[nodiscard]] node_ptr copy(tree_context& context, const node& n, std::size_t extra);
/// The same content in a node with more room; takes over the children's ownerships, so `n` must then be
/// given to node_pool::free_shell.  Errors: bad_alloc.
[[nodiscard]] node_ptr regrow(tree_context& context, node& n, std::size_t extra);

}  // namespace coppice::page
