#include <coppice/tree/codec.hpp>

#include <algorithm>
#include <vector>

#include <coppice/base/limits.hpp>

#include "tree/assemble.hpp"
#include "tree/page.hpp"
#include "tree/page_key.hpp"

namespace coppice {
namespace {

constexpr std::uint8_t format_version = 1;
constexpr std::uint8_t flag_keyed = 1;
constexpr std::size_t stored_header_bytes = 16;
constexpr std::uint8_t embedded_keyed = 16;
constexpr std::uint32_t node_bytes_max = 128 * 1024;  // what 16-bit offsets reach, twice

error damaged(const char* what) { return {errc::corrupt, what}; }

/// A varint inside [at, end), or false. One that is longer than it must be is refused: page writes it anew.
bool read_varint(const char*& at, const char* end, std::uint64_t& number) noexcept {
    byte_reader reader({at, static_cast<std::size_t>(end - at)});
    number = reader.varint();
    const char* behind = end - reader.rest().size();
    if (reader.failed() || static_cast<std::size_t>(behind - at) != varint_bytes(number)) { return false; }
    at = behind;
    return true;
}

/// Checks that record `entry` lies in the tail and says something; returns its length, 0 when it does not.
std::size_t check_record(const node& n, unsigned entry, std::vector<bool>& used_slots) noexcept {
    const std::uint16_t offset = offsets_of(n)[entry];
    if (offset == 0 || offset > n.tail) { return 0; }
    const char* const begin = record_at(n, entry);
    const char* const end = layout::at(n, n.capacity);
    const char* at = begin;
    std::uint64_t number = 0;
    const auto skip = [&](std::uint64_t bytes) {
        if (bytes > static_cast<std::uint64_t>(end - at)) { return false; }
        at += bytes;
        return true;
    };
    if (n.keyed) {
        if (!read_varint(at, end, number) || !skip(number > 4 ? number - 4 : 0)) { return 0; }
    }
    if (is_inner(n)) { return static_cast<std::size_t>(at - begin); }
    const auto take_slot = [&] {
        if (end - at < 2) { return false; }
        const auto slot = load<std::uint16_t>(at);
        if (slot >= n.slots || used_slots[slot]) { return false; }
        used_slots[slot] = true;
        at += 2;
        return true;
    };
    if (n.keyed && at != end && page::has_long_key_mark(at)) {
        ++at;
        if (!take_slot()) { return 0; }
    }
    if (!read_varint(at, end, number)) { return 0; }
    const auto form = static_cast<child_form>(number & 3);
    const std::uint64_t bytes = number >> 2;
    std::uint64_t embedded = 0;
    switch (form) {
        case child_form::none: break;
        case child_form::slot: {
            if (end - at < 8 || !take_slot() || page::read_child_count(at) == 0) { return 0; }
            at += 6;
            break;
        }
        case child_form::embedded:
            if (!read_varint(at, end, embedded)) { return 0; }
            break;
        default: return 0;
    }
    if (!skip(bytes)) { return 0; }
    if (form == child_form::embedded) {
        const char* const inside = at;
        if (!skip(embedded) || check_embedded({inside, static_cast<std::size_t>(embedded)}) != nullptr) { return 0; }
    }
    return static_cast<std::size_t>(at - begin);
}

const char* check_keys(const node& n) {
    std::string previous;
    std::string key;
    for (unsigned i = is_inner(n) ? 1 : 0; i < n.entries; ++i) {
        key.clear();
        const key_pieces pieces = key_of(n, i);
        // Zero padding of a short suffix's head: anything else would be found under another key.
        if (pieces.head_bytes < 4 && (heads_of(n)[i] << (8 * pieces.head_bytes)) != 0) { return "head of a key"; }
        pieces.append_to(key);
        // No page key is longer than this and no short key as long; a long key is no shorter than its page key.
        const bool is_long = !is_inner(n) && page::read_raw(n, i).has_long_key;
        if (key.size() > (is_long || is_inner(n) ? page_key_bytes_max : short_key_bytes)
            || (is_long && (key.size() <= hidden_key_bytes || long_key_bytes(key) < key.size()))) {
            return "length of a key";
        }
        if (i > (is_inner(n) ? 1U : 0U) && !(previous < key)) { return "order of keys"; }
        std::swap(previous, key);
    }
    return nullptr;
}

/// Whether every slot holds what a stored node's slot may hold. Until then no slot must be followed.
const char* check_slots(const node& n) noexcept {
    for (unsigned i = 0; i < n.slots; ++i) {
        const slot_word word = slots_of(n)[i].load(std::memory_order_relaxed);
        if (word != 0 && (!is_stored(word) || id_in(word) == node_id::none)) { return "child reference"; }
        if (is_inner(n) && word == 0) { return "empty child"; }
    }
    for (unsigned i = 0; is_inner(n) && i < n.entries; ++i) {
        if (counts_of(n)[i] == 0 || counts_of(n)[i] > limits::elements) { return "elements of a child"; }
    }
    return nullptr;
}

/// Records fill the tail: none overlaps another, and nothing lies between them.
const char* check_records(const node& n, std::vector<bool>& used_slots) {
    std::vector<bool> begins(std::size_t{n.tail} + 1);  // by distance from the node's end
    std::size_t used = 0;
    for (unsigned i = 0; i < n.entries; ++i) {
        const std::size_t bytes = check_record(n, i, used_slots);
        if (bytes == 0 || bytes > offsets_of(n)[i] || begins[offsets_of(n)[i]]) { return "record"; }
        begins[offsets_of(n)[i]] = true;
        used += bytes;
    }
    // Each record ends where another one begins, the lowest at the tail's begin; then a sum that fits leaves no room.
    if (used != n.tail || !begins[n.tail]) { return "bytes between records"; }
    for (unsigned i = 0; i < n.entries; ++i) {
        const std::size_t end = offsets_of(n)[i] - page::read_raw(n, i).bytes();
        if (end != 0 && !begins[end]) { return "records that overlap"; }
    }
    return nullptr;
}

const char* check_content(const node& n) {
    if (n.kind == leaf_kind::bytes && !is_inner(n)) { return n.tail == 0 ? "empty leaf" : nullptr; }
    if (n.entries == 0) { return "no entries"; }
    std::vector<bool> used_slots(n.slots);
    if (layout::has_offsets(n)) {
        if (const char* wrong = check_records(n, used_slots); wrong != nullptr) { return wrong; }
    }
    for (unsigned i = 0; !is_inner(n) && i < n.slots; ++i) {
        const bool empty = slots_of(n)[i].load(std::memory_order_relaxed) == 0;
        if (empty == used_slots[i]) { return empty ? "record whose slot is empty" : "reference that no record has"; }
    }
    return n.keyed ? check_keys(n) : nullptr;
}

}  // namespace

void encode_node(const node& n, std::string& out) {
    const std::uint32_t tail = n.tail - n.dead;
    out.push_back(static_cast<char>(format_version));
    out.push_back(static_cast<char>(n.kind));
    out.push_back(static_cast<char>(n.keyed ? flag_keyed : 0));
    out.push_back(static_cast<char>(n.height));
    append_number(out, n.entries);
    append_number(out, n.slots);
    append_number(out, n.prefix);
    append_number(out, std::uint16_t{0});
    append_number(out, tail);
    out.append(prefix_of(n));
    const auto* slots = slots_of(n);
    for (unsigned i = 0; i < n.slots; ++i) {
        const slot_word word = slots[i].load(std::memory_order_acquire);
        const bool resident = word != 0 && !is_stored(word);
        append_number(
            out, resident ? word_of(static_cast<node_id>(node_in(word)->id.load(std::memory_order_relaxed))) : word);
    }
    for (unsigned i = 0; i < n.slots; ++i) {
        const slot_word word = slots[i].load(std::memory_order_acquire);
        const bool resident = word != 0 && !is_stored(word);
        append_number(out, resident ? node_in(word)->seal : seals_of(n)[i]);
    }
    const std::size_t arrays = layout::counts_begin(n);
    const std::size_t offsets = layout::offsets_begin(n);
    out.append(layout::at(n, arrays), offsets - arrays);
    if (n.dead == 0) {
        out.append(layout::at(n, offsets), layout::front_end(n) - offsets);
        out.append(layout::at(n, n.capacity - n.tail), tail);
        return;
    }
    std::uint32_t used = 0;
    for (unsigned i = 0; i < n.entries; ++i) {
        used += page::read_raw(n, i).bytes();
        append_number(out, static_cast<std::uint16_t>(used));
    }
    const std::size_t begin = out.size();
    out.resize(begin + tail);
    char* end = out.data() + out.size();
    for (unsigned i = 0; i < n.entries; ++i) {
        const page::raw_record raw = page::read_raw(n, i);
        end -= raw.bytes();
        std::memcpy(end, raw.begin, raw.bytes());
    }
}

result<node_ptr> decode_node(node_pool& pool, std::string_view payload) {
    byte_reader from(payload);
    if (from.number<std::uint8_t>() != format_version) { return damaged("version"); }
    const auto kind = from.number<std::uint8_t>();
    const auto flags = from.number<std::uint8_t>();
    const auto height = from.number<std::uint8_t>();
    const auto entries = from.number<std::uint16_t>();
    const auto slots = from.number<std::uint16_t>();
    const auto prefix = from.number<std::uint16_t>();
    const auto zero = from.number<std::uint16_t>();
    const auto tail = from.number<std::uint32_t>();
    const auto known = static_cast<leaf_kind>(kind);
    if (from.failed() || (known != leaf_kind::records && known != leaf_kind::bytes) || flags > flag_keyed
        || zero != 0) {
        return damaged("header");
    }
    const bool keyed = flags == flag_keyed;
    const bool inner = height > 0;
    const bool plain = known == leaf_kind::bytes && !inner;
    const bool offsets = keyed || (!inner && !plain);
    if (height > limits::tree_height || (plain && (keyed || entries != 0 || slots != 0))
        || (known == leaf_kind::bytes && keyed) || (inner && slots != entries) || (!keyed && prefix != 0)
        || (inner && !keyed && tail != 0)) {
        return damaged("header");
    }
    const std::size_t arrays =
        prefix + 16U * slots + layout::entry_bytes(inner, keyed, offsets) * (plain ? 0 : entries);
    if (tail > node_bytes_max || payload.size() != stored_header_bytes + arrays + tail) { return damaged("length"); }
    const std::size_t front = layout::align8(sizeof(node) + prefix) + (arrays - prefix);
    node_ptr made(pool, pool.allocate(front + tail));
    node& n = *made;
    n.kind = known;
    n.height = height;
    n.keyed = keyed;
    n.references = false;
    n.entries = entries;
    n.slots = 0;  // slots of a node that is refused must not be read
    n.prefix = prefix;
    n.tail = tail;
    n.dead = 0;
    std::memcpy(layout::at(n, sizeof(node)), from.take(prefix).data(), prefix);
    const std::string_view rest = from.take(arrays - prefix);
    std::memcpy(layout::at(n, layout::slots_begin(n)), rest.data(), rest.size());
    std::memcpy(layout::at(n, n.capacity - tail), from.take(tail).data(), tail);
    n.slots = slots;
    if (const char* wrong = check_slots(n); wrong != nullptr) {
        n.slots = 0;
        return damaged(wrong);
    }
    if (const char* wrong = check_content(n); wrong != nullptr) { return damaged(wrong); }
    return result<node_ptr>(std::move(made));
}

bool fits_embedded(const node& root, std::size_t bytes_max) noexcept {
    if (is_inner(root) || root.kind != leaf_kind::records || root.slots != 0) { return false; }
    if (root.tail - root.dead > bytes_max) { return false; }
    std::size_t bytes = 1 + varint_bytes(root.entries);
    for (unsigned i = 0; i < root.entries; ++i) {
        const page::raw_record raw = page::read_raw(root, i);
        if (page::form_of(raw.value) != child_form::none) { return false; }
        const std::size_t key = root.prefix + raw.suffix_bytes;
        bytes += raw.value_bytes + (root.keyed ? varint_bytes(key) + key : 0);
    }
    return bytes <= bytes_max;
}

void encode_embedded(const node& root, std::string& out) {
    out.push_back(static_cast<char>(static_cast<unsigned>(root.kind) | (root.keyed ? embedded_keyed : 0U)));
    append_varint(out, root.entries);
    for (unsigned i = 0; i < root.entries; ++i) {
        const page::raw_record raw = page::read_raw(root, i);
        if (root.keyed) {
            append_varint(out, root.prefix + raw.suffix_bytes);
            key_of(root, i).append_to(out);
        }
        out.append(raw.value, raw.value_bytes);  // form none: a length and bytes, as a record has them
    }
}

node_ptr open_embedded(tree_context& context, std::string_view embedded) {
    const char* at = embedded.data();
    const auto shape = static_cast<unsigned char>(*at++);
    const bool keyed = (shape & embedded_keyed) != 0;
    const std::uint64_t entries = take_varint(at);
    std::vector<page::item> items;
    items.reserve(entries);
    for (std::uint64_t i = 0; i < entries; ++i) {
        page::item item;
        if (keyed) {
            const std::uint64_t bytes = take_varint(at);
            item.key = {at, bytes};
            at += bytes;
        }
        const std::uint64_t bytes = take_varint(at) >> 2;
        item.bytes = {at, bytes};
        at += bytes;
        items.push_back(item);
    }
    assembly leaf(context, {leaf_kind::records, keyed}, 0);
    for (const page::item& item : items) { leaf.add(item); }
    return leaf.finish_as_one();
}

const char* check_embedded(std::string_view embedded) noexcept {
    byte_reader from(embedded);
    const auto shape = from.number<std::uint8_t>();
    if ((shape & ~unsigned{embedded_keyed}) != static_cast<unsigned>(leaf_kind::records)) { return "embedded shape"; }
    const bool keyed = (shape & embedded_keyed) != 0;
    const std::uint64_t entries = from.varint();
    if (entries == 0 || entries > embedded.size()) { return "embedded entries"; }
    std::string_view previous;
    for (std::uint64_t i = 0; i < entries; ++i) {
        if (keyed) {
            const std::string_view key = from.text();
            if (key.size() > short_key_bytes) { return "embedded key"; }
            if (i > 0 && !(previous < key)) { return "embedded order"; }
            previous = key;
        }
        const std::uint64_t head = from.varint();
        if ((head & 3) != 0) { return "embedded record"; }
        static_cast<void>(from.take(head >> 2));
        if (from.failed()) { return "embedded length"; }
    }
    return from.at_end() ? nullptr : "bytes behind an embedded tree";
}

}  // namespace coppice
