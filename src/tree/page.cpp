#include "tree/page.hpp"

#include <algorithm>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace coppice {
namespace page {
namespace {

/// How many of `heads` are below `wanted`.  Halving down to a few cache lines, then counting without branches.
unsigned count_below(const std::uint32_t* heads, unsigned size, std::uint32_t wanted) noexcept {
    constexpr unsigned counted_at_once = 32;
    unsigned begin = 0;
    while (size > counted_at_once) {
        const unsigned half = size / 2;
        begin = heads[begin + half - 1] < wanted ? begin + half : begin;
        size -= half;
    }
    const std::uint32_t* from = heads + begin;
    unsigned below = 0;
    unsigned i = 0;
#if defined(__SSE2__)
    const __m128i sign = _mm_set1_epi32(static_cast<int>(0x80000000U));  // SSE2 compares signed numbers only
    const __m128i limit = _mm_xor_si128(_mm_set1_epi32(static_cast<int>(wanted)), sign);
    __m128i sum = _mm_setzero_si128();
    for (; i + 4 <= size; i += 4) {
        const __m128i four = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
        sum = _mm_sub_epi32(sum, _mm_cmplt_epi32(_mm_xor_si128(four, sign), limit));
    }
    alignas(16) std::uint32_t lanes[4];
    _mm_store_si128(reinterpret_cast<__m128i*>(lanes), sum);
    below = lanes[0] + lanes[1] + lanes[2] + lanes[3];
#endif
    for (; i < size; ++i) { below += from[i] < wanted ? 1U : 0U; }
    return begin + below;
}

/// The order of an entry's suffix against `suffix` when their heads are equal: negative, zero or positive.
int compare_behind_head(const node& n, unsigned entry, std::string_view suffix) noexcept {
    const char* at = record_at(n, entry);
    const std::uint32_t own = take_length(at);
    if (own > 4 && suffix.size() > 4) {
        const std::size_t shared = std::min<std::size_t>(own, suffix.size()) - 4;
        const int order = std::memcmp(at, suffix.data() + 4, shared);
        if (order != 0) { return order; }
    }
    // Equal heads whose padding is part of one of them: the shorter is a prefix of the longer.
    return own < suffix.size() ? -1 : (own > suffix.size() ? 1 : 0);
}

void store_count(char* to, std::uint64_t count) noexcept {
    put_number(to, static_cast<std::uint32_t>(count));
    put_number(to + 4, static_cast<std::uint16_t>(count >> 32));
}

unsigned free_slot(const node& leaf) noexcept {
    const auto* slots = slots_of(leaf);
    for (unsigned i = 0; i < leaf.slots; ++i) {
        if (slots[i].load(std::memory_order_relaxed) == 0) { return i; }
    }
    return leaf.slots;
}

/// Moves the bytes [from, front_end) of the front by `distance`.
void shift_front(node& n, std::size_t from, std::ptrdiff_t distance) noexcept {
    char* begin = layout::at(n, from);
    std::memmove(begin + distance, begin, layout::front_end(n) - from);
}

/// Where the arrays of a node's front begin.
struct front_arrays {
    std::size_t slots, counts, heads, offsets;
    explicit front_arrays(const node& n) noexcept
        : slots(layout::slots_begin(n)),
          counts(layout::counts_begin(n)),
          heads(layout::heads_begin(n)),
          offsets(layout::offsets_begin(n)) {}
};

/// Moves an array to where the larger front wants it, leaving a gap at entry `gap`.  Move the last array first.
void move_array(node& n, std::size_t from, std::size_t to, std::size_t wide, unsigned entries, unsigned gap) noexcept {
    char* old = layout::at(n, from);
    char* now = layout::at(n, to);
    std::memmove(now + wide * (gap + 1), old + wide * gap, wide * (entries - gap));
    std::memmove(now, old, wide * gap);
}

/// Adds an entry to every array and sets offset and head; the slot of an inner node is left for the caller.
void open_entry(node& n, unsigned entry) noexcept {
    const front_arrays old(n);
    const unsigned entries = n.entries;
    const unsigned slots = n.slots;
    const bool counted = layout::has_counts(n);
    const bool keyed = n.keyed;
    const bool offsets = layout::has_offsets(n);
    n.entries = static_cast<std::uint16_t>(entries + 1);
    if (counted) { n.slots = static_cast<std::uint16_t>(slots + 1); }
    const front_arrays now(n);
    if (offsets) { move_array(n, old.offsets, now.offsets, 2, entries, entry); }
    if (keyed) { move_array(n, old.heads, now.heads, 4, entries, entry); }
    if (counted) {
        move_array(n, old.counts, now.counts, 8, entries, entry);
        move_array(n, old.slots + 8U * slots, now.slots + 8U * (slots + 1), 8, entries, entry);
        move_array(n, old.slots, now.slots, 8, entries, entry);
    }
}

/// The slot of a leaf in which a new child can stand, made if there is none.
unsigned claim_slot(node& leaf) noexcept {
    const unsigned slot = free_slot(leaf);
    if (slot < leaf.slots) { return slot; }
    shift_front(leaf, layout::counts_begin(leaf), 16);
    char* seals = layout::at(leaf, layout::slots_begin(leaf) + 8U * leaf.slots);
    std::memmove(seals + 8, seals, 8U * leaf.slots);
    leaf.slots = static_cast<std::uint16_t>(leaf.slots + 1);
    seals_of(leaf)[slot] = 0;
    return slot;
}

}  // namespace

place find(const node& n, std::string_view key, unsigned from) noexcept {
    const std::string_view prefix = prefix_of(n);
    if (!prefix.empty()) {
        const std::size_t shared = std::min(prefix.size(), key.size());
        const int order = shared == 0 ? 0 : std::memcmp(key.data(), prefix.data(), shared);
        if (order < 0 || (order == 0 && key.size() < prefix.size())) { return {from, false}; }
        if (order > 0) { return {n.entries, false}; }
    }
    const std::string_view suffix = key.substr(prefix.size());
    const std::uint32_t head = head_of(suffix);
    const std::uint32_t* heads = heads_of(n);
    unsigned low = from + count_below(heads + from, n.entries - from, head);
    if (low == n.entries || heads[low] != head) { return {low, false}; }
    unsigned high = low + 1;
    if (high < n.entries && heads[high] == head) {  // a run of equal heads
        high = head == ~std::uint32_t{0} ? n.entries : low + count_below(heads + low, n.entries - low, head + 1);
    }
    while (low < high) {
        const unsigned middle = low + (high - low) / 2;
        const int order = compare_behind_head(n, middle, suffix);
        if (order == 0) { return {middle, true}; }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return {low, false};
}

unsigned child_at(const node& n, std::uint64_t& position, bool at_end) noexcept {
    const std::uint64_t* counts = counts_of(n);
    const unsigned last = n.entries - 1U;
    const std::uint64_t wanted = position + (at_end ? 0 : 1);  // the first child up to whose end there are as many
    std::uint64_t before = 0;
    unsigned i = 0;
    // Eight at a time: their sum has no branch in it.
    for (; i + 8 <= last; i += 8) {
        std::uint64_t sum = 0;
        for (unsigned j = 0; j < 8; ++j) { sum += counts[i + j]; }
        if (before + sum >= wanted) { break; }
        before += sum;
    }
    while (i < last && before + counts[i] < wanted) { before += counts[i++]; }
    position -= before;
    return i;
}

int compare_keys(const key_pieces& a, const key_pieces& b) noexcept {
    std::string_view in_a[] = {a.prefix, {a.head, a.head_bytes}, a.rest};
    std::string_view in_b[] = {b.prefix, {b.head, b.head_bytes}, b.rest};
    unsigned i = 0;
    unsigned j = 0;
    for (;;) {
        while (i < 3 && in_a[i].empty()) { ++i; }
        while (j < 3 && in_b[j].empty()) { ++j; }
        if (i == 3 || j == 3) { return static_cast<int>(j == 3) - static_cast<int>(i == 3); }
        const std::size_t shared = std::min(in_a[i].size(), in_b[j].size());
        const int order = std::memcmp(in_a[i].data(), in_b[j].data(), shared);
        if (order != 0) { return order; }
        in_a[i].remove_prefix(shared);
        in_b[j].remove_prefix(shared);
    }
}

char* slot_field(const char* value) noexcept {
    static_cast<void>(take_length(value));
    return const_cast<char*>(value);
}

std::size_t size_class(std::size_t bytes) noexcept {
    if (bytes <= 128) { return (bytes + 15) & ~std::size_t{15}; }
    // Four classes between two powers of two, as jemalloc has them.
    const std::size_t step = std::bit_floor(bytes - 1) / 4;
    return (bytes + step - 1) / step * step;
}

char* write_key(char* to, std::string_view suffix) noexcept {
    to = put_varint(to, suffix.size());
    if (suffix.size() > 4) {
        std::memcpy(to, suffix.data() + 4, suffix.size() - 4);
        to += suffix.size() - 4;
    }
    return to;
}

char* write_value(char* to, const item& given, std::uint16_t slot) noexcept {
    to = put_varint(to, (given.bytes.size() << 2) | static_cast<unsigned>(given.form));
    if (given.form == child_form::slot) {
        put_number(to, slot);
        store_count(to + 2, given.count);
        to += slot_field_bytes;
    } else if (given.form == child_form::embedded) {
        to = put_varint(to, given.embedded.size());
    }
    to = write_bytes(to, given.bytes);
    return given.form == child_form::embedded ? write_bytes(to, given.embedded) : to;
}

void insert(node& n, unsigned entry, const item& given) noexcept {
    COPPICE_ASSERT(entry <= n.entries);
    const bool inner = is_inner(n);
    unsigned slot = 0;
    if (!inner && given.form == child_form::slot) {
        slot = claim_slot(n);
        slots_of(n)[slot].store(word_of(given.child), std::memory_order_relaxed);
    }
    unsigned remainder = 0;
    if (given.remainder != 0) {
        remainder = claim_slot(n);
        slots_of(n)[remainder].store(given.remainder, std::memory_order_relaxed);
        seals_of(n)[remainder] = given.remainder_seal;
    }
    open_entry(n, entry);
    if (inner) {
        slots_of(n)[entry].store(word_of(given.child), std::memory_order_relaxed);
        seals_of(n)[entry] = 0;
        counts_of(n)[entry] = given.count;
    }
    if (!layout::has_offsets(n)) { return; }
    const std::string_view suffix = n.keyed ? given.key.substr(n.prefix) : std::string_view{};
    const std::uint32_t bytes =
        (n.keyed ? key_part_bytes(suffix.size()) : 0) + (inner ? 0 : mark_bytes(given) + value_part_bytes(given));
    n.tail += bytes;
    char* to = layout::at(n, n.capacity - n.tail);
    if (n.keyed) {
        heads_of(n)[entry] = head_of(suffix);
        to = write_key(to, suffix);
    }
    if (given.remainder != 0) { to = write_mark(to, static_cast<std::uint16_t>(remainder)); }
    if (!inner) { write_value(to, given, static_cast<std::uint16_t>(slot)); }
    offsets_of(n)[entry] = static_cast<std::uint16_t>(n.tail);
}

void erase(node& n, unsigned first, unsigned last, node_pool& pool) noexcept {
    const bool inner = is_inner(n);
    const bool offsets = layout::has_offsets(n);
    const auto give_up = [&](const char* slot_number) {
        const slot_word word = slots_of(n)[load<std::uint16_t>(slot_number)].exchange(0, std::memory_order_relaxed);
        if (!is_stored(word)) { pool.release(node_in(word)); }
    };
    for (unsigned i = first; i < last && offsets; ++i) {
        const raw_record raw = read_raw(n, i);
        n.dead += raw.bytes();
        if (raw.has_long_key) [[unlikely]] { give_up(remainder_field(raw.value)); }
        if (!inner && form_of(raw.value) == child_form::slot) { give_up(slot_field(raw.value)); }
    }
    const front_arrays old(n);
    const unsigned entries = n.entries;
    const unsigned slots = n.slots;
    if (inner) {
        for (unsigned i = first; i < last; ++i) {
            const slot_word word = slots_of(n)[i].load(std::memory_order_relaxed);
            if (!is_stored(word)) { pool.release_copied(node_in(word)); }
        }
    }
    const unsigned gone = last - first;
    n.entries = static_cast<std::uint16_t>(entries - gone);
    if (inner) { n.slots = static_cast<std::uint16_t>(slots - gone); }
    const front_arrays now(n);
    const auto shrink = [&](std::size_t from, std::size_t to, std::size_t wide) {
        std::memmove(layout::at(n, to), layout::at(n, from), wide * first);
        std::memmove(layout::at(n, to + wide * first), layout::at(n, from + wide * last), wide * (entries - last));
    };
    if (inner) {
        shrink(old.slots, now.slots, 8);
        shrink(old.slots + 8U * slots, now.slots + 8U * (slots - gone), 8);
        shrink(old.counts, now.counts, 8);
    }
    if (n.keyed) { shrink(old.heads, now.heads, 4); }
    if (offsets) { shrink(old.offsets, now.offsets, 2); }
    if (n.entries == 0) { n.dead = n.tail = 0; }
}

void overwrite_value(node& leaf, unsigned entry, const item& given) noexcept {
    const raw_record raw = read_raw(leaf, entry);
    write_value(const_cast<char*>(raw.value), given, 0);
}

void set_child_count(node& leaf, unsigned entry, std::uint64_t count) noexcept {
    store_count(slot_field(read_raw(leaf, entry).value) + 2, count);
}

void drop_child(node& leaf, unsigned entry) noexcept {
    const raw_record raw = read_raw(leaf, entry);
    char* to = const_cast<char*>(raw.value);
    const char* from = raw.value;
    const std::uint32_t bytes = take_length(from) >> 2;
    to = put_varint(to, std::uint64_t{bytes} << 2);  // as long as it was: the form is in its lowest bits
    std::memmove(to, from + slot_field_bytes, bytes);
    leaf.dead += slot_field_bytes;
}

node* exchange_child(node& n, unsigned entry, node* child, std::uint64_t count) noexcept {
    counts_of(n)[entry] = count;
    const slot_word old = slots_of(n)[entry].exchange(word_of(child), std::memory_order_acq_rel);
    return is_stored(old) ? nullptr : node_in(old);
}

namespace {

/// Copies the front and the live records; the caller sees to the slots' ownerships.
node_ptr copy_content(tree_context& context, const node& n, std::size_t extra) {
    const std::size_t front = layout::front_end(n);
    const std::size_t tail = n.tail - n.dead;
    node_ptr made(*context.pool, context.pool->allocate(front + tail + extra));
    node& to = *made;
    to.kind = n.kind;
    to.height = n.height;
    to.keyed = n.keyed;
    to.references = false;  // set when the copy gets its id; a checkpoint may be setting that of `n`
    to.entries = n.entries;
    to.slots = 0;  // until the slots are there, letting go of the copy must not read them
    to.prefix = n.prefix;
    to.dead = 0;
    to.tail = static_cast<std::uint32_t>(tail);
    std::memcpy(layout::at(to, sizeof(node)), layout::at(n, sizeof(node)), n.prefix);
    const std::size_t behind = layout::slots_begin(n) + 8U * n.slots;  // slots are copied one by one
    std::memcpy(layout::at(to, behind), layout::at(n, behind), front - behind);
    if (n.dead == 0) {
        std::memcpy(layout::at(to, to.capacity - tail), layout::at(n, n.capacity - n.tail), tail);
        return made;
    }
    to.slots = n.slots;
    std::uint16_t* offsets = offsets_of(to);
    to.slots = 0;
    std::size_t used = 0;
    for (unsigned i = 0; i < n.entries; ++i) {
        const raw_record raw = read_raw(n, i);
        used += raw.bytes();
        std::memcpy(layout::at(to, to.capacity - used), raw.begin, raw.bytes());
        offsets[i] = static_cast<std::uint16_t>(used);
    }
    COPPICE_ASSERT(used == tail);
    return made;
}

}  // namespace

node_ptr copy(tree_context& context, const node& n, std::size_t extra) {
    node_ptr made = copy_content(context, n, extra);
    const auto* from = slots_of(n);
    auto* to = slots_of(*made);
    for (unsigned i = 0; i < n.slots; ++i) {
        const slot_word word = from[i].load(std::memory_order_acquire);
        if (word != 0 && !is_stored(word)) { retain(*node_in(word)); }
        to[i].store(word, std::memory_order_relaxed);
    }
    made->slots = n.slots;
    ++context.edits.copied;
    context.edits.copied_bytes += made->capacity;
    return made;
}

node_ptr regrow(tree_context& context, node& n, std::size_t extra) {
    node_ptr made = copy_content(context, n, extra);
    const auto* from = slots_of(n);
    auto* to = slots_of(*made);
    for (unsigned i = 0; i < n.slots; ++i) {
        to[i].store(from[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
    made->slots = n.slots;
    return made;
}

}  // namespace page

key_pieces key_of(const node& n, unsigned entry) noexcept {
    key_pieces key{};
    key.prefix = prefix_of(n);
    const page::raw_record raw = page::read_raw(n, entry);
    put_number(key.head, __builtin_bswap32(heads_of(n)[entry]));
    key.head_bytes = static_cast<std::uint8_t>(std::min<std::uint32_t>(4, raw.suffix_bytes));
    key.rest = {raw.rest, raw.suffix_bytes - key.head_bytes};
    return key;
}

void key_pieces::append_to(std::string& out) const {
    out.append(prefix);
    out.append(head, head_bytes);
    out.append(rest);
}

char* key_pieces::copy_to(char* to) const noexcept {
    std::memcpy(to, prefix.data(), prefix.size());
    to += prefix.size();
    std::memcpy(to, head, head_bytes);
    to += head_bytes;
    std::memcpy(to, rest.data(), rest.size());
    return to + rest.size();
}

record_view view_record(const node& leaf, unsigned entry, tree_context* context) noexcept {
    COPPICE_ASSERT(entry < leaf.entries && !is_inner(leaf));
    const page::raw_record raw = page::read_raw(leaf, entry);
    record_view view;
    view.leaf = &leaf;
    view.context = context;
    view.entry = static_cast<std::uint16_t>(entry);
    if (raw.has_long_key) [[unlikely]] {
        view.has_long_key = true;
        view.remainder_slot = load<std::uint16_t>(page::remainder_field(raw.value));
    }
    const char* at = raw.value;
    const std::uint32_t head = page::take_length(at);
    view.child = static_cast<child_form>(head & 3U);
    const std::uint32_t bytes = head >> 2;
    switch (view.child) {
        case child_form::none: break;
        case child_form::slot:
            view.slot = load<std::uint16_t>(at);
            view.child_count = page::read_child_count(at + 2);
            at += page::slot_field_bytes;
            break;
        case child_form::embedded: {
            const std::uint32_t embedded = page::take_length(at);
            view.embedded = {at + bytes, embedded};
            const char* inside = view.embedded.data() + 1;  // behind its shape
            view.child_count = embedded == 0 ? 0 : take_varint(inside);
            break;
        }
    }
    view.bytes = {at, bytes};
    return view;
}

}  // namespace coppice
