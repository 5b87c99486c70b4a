#include "tree/assemble.hpp"

#include <algorithm>

namespace coppice {
namespace {

constexpr std::size_t leaf_entries_max = 60'000;  // entries are counted in 16 bits

std::size_t common_prefix(std::string_view a, std::string_view b) noexcept {
    const std::size_t most = std::min(a.size(), b.size());
    std::size_t shared = 0;
    while (shared < most && a[shared] == b[shared]) { ++shared; }
    return shared;
}

/// Cuts a row of sizes into runs. A run stays within `bytes_max` and `entries_max` unless it is one entry.
class cutter {
public:
    cutter(std::size_t bytes_max, std::size_t entries_min, std::size_t entries_max)
        : bytes_max_(bytes_max), entries_min_(entries_min), entries_max_(entries_max) {}

    /// Ends of the runs of `sizes`, read forwards.
    [[nodiscard]] std::vector<std::size_t> cut(const std::vector<std::size_t>& sizes, cut_rule rule) const {
        std::size_t total = 0;
        for (const std::size_t size : sizes) { total += size; }
        std::vector<std::size_t> ends;
        if (total <= bytes_max_ && sizes.size() <= entries_max_) {
            ends.push_back(sizes.size());
            return ends;
        }
        if (rule == cut_rule::fill_last) {
            std::vector<std::size_t> reversed(sizes.rbegin(), sizes.rend());
            for (const std::size_t end : runs(reversed, bytes_max_, entries_max_)) {
                ends.push_back(sizes.size() - end);
            }
            std::reverse(ends.begin(), ends.end());
            ends.erase(ends.begin());  // the end of the reversed row is the begin of this one
            ends.push_back(sizes.size());
            return ends;
        }
        if (rule == cut_rule::fill_first) { return runs(sizes, bytes_max_, entries_max_); }
        // Even: the fewest nodes that are at most seven eighths full, so that no remainder is left over. They are cut
        // evenly in what makes them many, bytes or entries: two aims at once would leave a crumb behind.
        const std::size_t by_bytes = (total + bytes_max_ * 7 / 8 - 1) / std::max<std::size_t>(1, bytes_max_ * 7 / 8);
        const std::size_t by_entries = (sizes.size() + entries_max_ - 1) / entries_max_;
        if (by_entries > by_bytes) { return runs(sizes, bytes_max_, (sizes.size() + by_entries - 1) / by_entries); }
        const bool lean = rule == cut_rule::lean_first && by_bytes == 2
                          && *std::max_element(sizes.begin(), sizes.end()) <= total / 16;
        return runs(sizes, lean ? total * 2 / 3 : total / by_bytes,
                    entries_max_);  // of small entries, a third is more than a quarter
    }

private:
    /// Closes a run when the next entry would carry it past the aim by more than half of itself, or past a limit. The
    /// aims are places in the whole row: what a run falls short of its own, the next one takes, and not a last crumb.
    [[nodiscard]] std::vector<std::size_t> runs(const std::vector<std::size_t>& sizes, std::size_t aim,
                                                std::size_t entries_aim) const {
        std::vector<std::size_t> ends;
        std::size_t used = 0;
        std::size_t before = 0;  // bytes of the runs that are closed
        std::size_t begin = 0;
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            const bool full = used + sizes[i] > bytes_max_ || i - begin >= entries_aim
                              || (aim < bytes_max_ && before + used + sizes[i] / 2 > aim * (ends.size() + 1));
            if (i >= begin + entries_min_ && full) {
                ends.push_back(i);
                begin = i;
                before += used;
                used = 0;
            }
            used += sizes[i];
        }
        ends.push_back(sizes.size());
        return ends;
    }

    std::size_t bytes_max_;
    std::size_t entries_min_;
    std::size_t entries_max_;
};

}  // namespace

void assembly::add(const node& n, unsigned first, unsigned last) {
    const bool inner = height_ > 0;
    for (unsigned i = first; i < last; ++i) {
        piece p{&n, nullptr, {}, i, 0, 0, false, inner, false};
        if (layout::has_offsets(n)) {
            const page::raw_record raw = page::read_raw(n, i);
            p.key_bytes = n.keyed ? n.prefix + raw.suffix_bytes : 0;
            p.has_long_key = raw.has_long_key;
            p.value_bytes = raw.value_bytes + (raw.has_long_key ? page::long_key_mark_bytes : 0);
            p.slot = inner || page::form_of(raw.value) == child_form::slot;
        }
        pieces_.push_back(p);
    }
}

void assembly::rekey(std::size_t at, std::string_view key) noexcept {
    if (!shape_.keyed || at >= pieces_.size()) { return; }
    piece& first = pieces_[at];
    first.own_key = key;
    first.has_own_key = true;
    first.key_bytes = static_cast<std::uint32_t>(key.size());
}

void assembly::add(const page::item& fresh) {
    const bool inner = height_ > 0;
    pieces_.push_back({nullptr, &fresh, fresh.key, 0, static_cast<std::uint32_t>(shape_.keyed ? fresh.key.size() : 0),
                       inner ? 0 : page::mark_bytes(fresh) + page::value_part_bytes(fresh), true,
                       inner || fresh.form == child_form::slot, fresh.remainder != 0});
}

std::size_t assembly::entry_bytes(const piece& p, std::size_t prefix) const noexcept {
    const bool inner = height_ > 0;
    const bool offsets = shape_.keyed || !inner;
    const std::size_t suffix = p.key_bytes > prefix ? p.key_bytes - prefix : 0;
    return layout::entry_bytes(inner, shape_.keyed, offsets) + 16U * p.slots() + p.value_bytes
           + (shape_.keyed ? page::key_part_bytes(suffix) : 0);
}

std::string_view assembly::key_at(const piece& p, std::string& buffer) {
    if (p.has_own_key) { return p.own_key; }
    buffer.clear();
    key_of(*p.from, p.entry).append_to(buffer);
    return buffer;
}

std::size_t assembly::shared_prefix(std::size_t first, std::size_t last, std::string& left, std::string& right) const {
    if (height_ > 0) { ++first; }
    if (!shape_.keyed || first >= last) { return 0; }
    return common_prefix(key_at(pieces_[first], left), key_at(pieces_[last - 1], right));
}

std::vector<std::size_t> assembly::choose_cuts(cut_rule rule) const {
    std::string left;
    std::string right;
    const std::size_t prefix = shared_prefix(0, pieces_.size(), left, right);
    std::vector<std::size_t> sizes;
    sizes.reserve(pieces_.size());
    for (const piece& p : pieces_) { sizes.push_back(entry_bytes(p, prefix)); }
    const node_sizes& wanted = context_.sizes;
    const std::size_t fixed = layout::align8(sizeof(node) + prefix);
    const std::size_t bytes = height_ > 0 ? wanted.inner_bytes : wanted.leaf_bytes;
    const std::size_t room = bytes > fixed ? bytes - fixed : 1;
    // An inner node has two children even where their separators are too long: else trees would not narrow upwards.
    return height_ > 0 ? cutter(room, 2, wanted.fanout).cut(sizes, rule)
                       : cutter(room, 1, leaf_entries_max).cut(sizes, rule);
}

void assembly::write_entry(node& to, unsigned entry, const piece& p, bool keyless, std::uint16_t slot,
                           std::string& key) const {
    char* end = layout::at(to, to.capacity);
    const bool inner = height_ > 0;
    if (shape_.keyed && !keyless) {
        const bool same_prefix = !p.has_own_key && p.from->prefix == to.prefix;  // then so are the suffixes
        if (same_prefix) {
            const page::raw_record raw = page::read_raw(*p.from, p.entry);
            const auto bytes = static_cast<std::uint32_t>(raw.value - raw.begin);
            to.tail += bytes + raw.value_bytes;
            std::memcpy(end - to.tail, raw.begin, bytes + raw.value_bytes);
            heads_of(to)[entry] = heads_of(*p.from)[p.entry];
        } else {
            const std::string_view suffix = key_at(p, key).substr(to.prefix);
            to.tail += page::key_part_bytes(suffix.size()) + p.value_bytes;
            char* value = page::write_key(end - to.tail, suffix);
            heads_of(to)[entry] = page::head_of(suffix);
            if (p.from != nullptr && !inner) {
                const page::raw_record raw = page::read_raw(*p.from, p.entry);
                std::memcpy(value, raw.value + raw.value_bytes - p.value_bytes, p.value_bytes);
            }
        }
    } else if (shape_.keyed) {  // entry 0 of an inner node
        to.tail += 1;
        *(end - to.tail) = 0;
        heads_of(to)[entry] = 0;
    } else if (!inner) {
        to.tail += p.value_bytes;
        if (p.from != nullptr) { std::memcpy(end - to.tail, page::read_raw(*p.from, p.entry).value, p.value_bytes); }
    }
    if (layout::has_offsets(to)) { offsets_of(to)[entry] = static_cast<std::uint16_t>(to.tail); }
    if (inner) { return; }
    char* value = end - to.tail;
    if (shape_.keyed) { value = const_cast<char*>(page::value_at(to, entry)); }
    if (p.has_long_key) [[unlikely]] { value = page::write_mark(value, slot++); }
    if (p.from == nullptr) {
        page::write_value(value, *p.fresh, slot);
    } else if (p.slot) {
        put_number(page::slot_field(value), slot);
    }
}

built_node assembly::build(std::size_t first, std::size_t last) const {
    const bool inner = height_ > 0;
    std::string key;
    std::string right;
    const std::size_t prefix = shared_prefix(first, last, key, right);
    std::size_t bytes = layout::align8(sizeof(node) + prefix);
    std::uint16_t slots = 0;
    for (std::size_t i = first; i < last; ++i) {
        const bool keyless = inner && i == first && shape_.keyed;
        bytes += keyless ? 16 + layout::entry_bytes(true, true, true) + 1 : entry_bytes(pieces_[i], prefix);
        slots = static_cast<std::uint16_t>(slots + pieces_[i].slots());
    }
    built_node built;
    built.owned = node_ptr(*context_.pool, context_.pool->allocate(bytes));
    node& to = *built.owned;
    to.kind = shape_.kind;
    to.height = static_cast<std::uint8_t>(height_);
    to.keyed = shape_.keyed;
    to.references = false;
    to.tail = to.dead = 0;
    to.entries = static_cast<std::uint16_t>(last - first);
    to.slots = slots;
    to.prefix = static_cast<std::uint16_t>(prefix);
    if (prefix > 0) { std::memcpy(layout::at(to, sizeof(node)), key_at(pieces_[last - 1], right).data(), prefix); }
    // Letting go of a half-built node must find empty slots.
    std::memset(static_cast<void*>(slots_of(to)), 0, 16U * slots);
    if (shape_.keyed) { built.separator = key_at(pieces_[first], key); }
    std::uint16_t slot = 0;
    for (std::size_t i = first; i < last; ++i) {
        const piece& p = pieces_[i];
        const auto entry = static_cast<unsigned>(i - first);
        write_entry(to, entry, p, inner && entry == 0, slot, key);
        std::uint64_t count = 1;
        if (inner) {
            count = p.from == nullptr ? p.fresh->count : counts_of(*p.from)[p.entry];
            counts_of(to)[entry] = count;
        }
        built.count += count;
        const auto fill = [&](slot_word word, node_seal seal) {
            if (word != 0 && !is_stored(word)) { retain(*node_in(word)); }
            slots_of(to)[slot].store(word, std::memory_order_relaxed);
            seals_of(to)[slot] = seal;
            ++slot;
        };
        const auto take = [&](unsigned old) {
            fill(slots_of(*p.from)[old].load(std::memory_order_acquire), seals_of(*p.from)[old]);
        };
        if (p.from == nullptr) {
            if (p.has_long_key) { fill(p.fresh->remainder, p.fresh->remainder_seal); }
            if (p.slot) { fill(word_of(p.fresh->child), 0); }
        } else if (inner) {
            take(p.entry);
        } else if (p.slots() > 0) {
            const char* value = page::read_raw(*p.from, p.entry).value;
            if (p.has_long_key) { take(load<std::uint16_t>(page::remainder_field(value))); }
            if (p.slot) { take(load<std::uint16_t>(page::slot_field(value))); }
        }
    }
    return built;
}

std::vector<built_node> assembly::finish(cut_rule rule) {
    std::vector<built_node> made;
    if (pieces_.empty()) { return made; }
    const std::vector<std::size_t> ends = choose_cuts(rule);
    made.reserve(ends.size());
    std::string left;
    std::string right;
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
        made.push_back(build(begin, end));
        if (shape_.keyed && height_ == 0 && begin > 0) {
            made.back().separator =
                shortest_separator(key_at(pieces_[begin - 1], left), key_at(pieces_[begin], right));
        }
        begin = end;
    }
    return made;
}

std::vector<built_node> assemble_bytes(tree_context& context, const std::vector<std::string_view>& parts,
                                       cut_rule rule) {
    std::size_t total = 0;
    for (const std::string_view part : parts) { total += part.size(); }
    const std::size_t room = context.sizes.leaf_bytes - sizeof(node);
    const std::size_t leaves = (total + room - 1) / room;
    std::vector<built_node> made;
    made.reserve(leaves);
    std::size_t part = 0;
    std::size_t offset = 0;
    std::size_t done = 0;
    for (std::size_t i = 0; i < leaves; ++i) {
        std::size_t end = total * (i + 1) / leaves;
        if (rule == cut_rule::fill_first) { end = std::min(total, room * (i + 1)); }
        if (rule == cut_rule::fill_last) { end = total - room * (leaves - i - 1); }
        const std::size_t size = end - done;
        built_node built;
        built.owned = node_ptr(*context.pool, context.pool->allocate(sizeof(node) + size));
        built.count = size;
        node& to = *built.owned;
        to.kind = leaf_kind::bytes;
        to.height = 0;
        to.keyed = to.references = false;
        to.entries = to.slots = to.prefix = 0;
        to.dead = 0;
        to.tail = static_cast<std::uint32_t>(size);
        for (char* at = layout::at(to, to.capacity - size); done < end;) {
            const std::size_t piece = std::min(end - done, parts[part].size() - offset);
            std::memcpy(at, parts[part].data() + offset, piece);
            at += piece;
            done += piece;
            offset += piece;
            if (offset == parts[part].size()) {
                ++part;
                offset = 0;
            }
        }
        made.push_back(std::move(built));
    }
    return made;
}

}  // namespace coppice
