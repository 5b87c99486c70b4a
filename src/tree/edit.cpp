#include "tree/edit.hpp"

#include <algorithm>

namespace coppice {
namespace {

/// Bytes that an entry of a leaf takes, in the arrays and in the records.
std::size_t entry_cost(const node& leaf, const page::item& given) noexcept {
    return layout::entry_bytes(false, leaf.keyed, true) + 16U * page::slots_of(given) + page::mark_bytes(given)
           + page::value_part_bytes(given) + (leaf.keyed ? page::key_part_bytes(given.key.size() - leaf.prefix) : 0);
}

std::size_t children_cost(const node& parent, const std::vector<built_node>& built) noexcept {
    std::size_t bytes = 0;
    for (std::size_t i = 1; i < built.size(); ++i) {
        bytes += 16 + layout::entry_bytes(true, parent.keyed, parent.keyed)
                 + (parent.keyed ? page::key_part_bytes(built[i].separator.size() - parent.prefix) : 0);
    }
    return bytes;
}

/// Bytes of `parent` without children [first, last).
std::size_t bytes_without(const node& parent, unsigned first, unsigned last) noexcept {
    std::size_t bytes = layout::live_bytes(parent);
    for (unsigned i = first; i < last; ++i) {
        bytes -= 16 + layout::entry_bytes(true, parent.keyed, parent.keyed);
        if (parent.keyed) { bytes -= page::read_raw(parent, i).bytes(); }
    }
    return bytes;
}

}  // namespace

// ---- the path

bool tree_edit::descend_to_key(std::string_view key) {
    depth_ = 0;
    for (node* n = tree_.root_;;) {
        COPPICE_CHECK(depth_ <= limits::tree_height);
        if (!is_inner(*n)) {
            const page::place at = page::find(*n, key);
            path_[depth_++] = {n, at.index};
            return at.found;
        }
        const unsigned index = page::child_for(*n, key);
        path_[depth_++] = {n, index};
        n = child_in(context_, *n, index);
    }
}

void tree_edit::descend_to_position(std::uint64_t position, bool at_end) {
    depth_ = 0;
    for (node* n = tree_.root_;;) {
        COPPICE_CHECK(depth_ <= limits::tree_height);
        if (!is_inner(*n)) {
            path_[depth_++] = {n, static_cast<unsigned>(position)};
            return;
        }
        const unsigned index = page::child_at(*n, position, at_end);
        path_[depth_++] = {n, index};
        n = child_in(context_, *n, index);
    }
}

void tree_edit::own(std::size_t extra) {
    unsigned shared = 0;
    while (shared < depth_ && is_sole(*path_[shared].at)) { ++shared; }
    if (shared == depth_) {
        ++context_.edits.in_place;
        return;
    }
    // Copies hang below each other and below nothing else until the last step; letting go of the first lets go of all.
    node_ptr top = page::copy(context_, *path_[shared].at, shared + 1 == depth_ ? extra : 0);
    node* copied[limits::tree_height + 1];
    copied[shared] = top.get();
    for (unsigned level = shared + 1; level < depth_; ++level) {
        node_ptr below = page::copy(context_, *path_[level].at, level + 1 == depth_ ? extra : 0);
        node& above = *copied[level - 1];
        const unsigned index = path_[level - 1].index;
        copied[level] = below.get();
        context_.pool->release(page::exchange_child(above, index, below.detach(), counts_of(above)[index]));
    }
    node* old = tree_.root_;
    if (shared == 0) {
        tree_.root_ = top.detach();
    } else {
        node& above = *path_[shared - 1].at;
        const unsigned index = path_[shared - 1].index;
        old = page::exchange_child(above, index, top.detach(), counts_of(above)[index]);
    }
    for (unsigned level = shared; level < depth_; ++level) { path_[level].at = copied[level]; }
    context_.pool->release(old);
}

bool tree_edit::on_left_edge(unsigned level) const noexcept {
    for (unsigned i = 0; i < level; ++i) {
        if (path_[i].index != 0) { return false; }
    }
    return true;
}

bool tree_edit::on_right_edge(unsigned level) const noexcept {
    for (unsigned i = 0; i < level; ++i) {
        if (path_[i].index + 1U != path_[i].at->entries) { return false; }
    }
    return true;
}

/// Whether a node that comes to have these bytes and entries is too empty for its place.
bool tree_edit::must_merge(unsigned level, std::size_t bytes, std::size_t entries) const noexcept {
    if (level == 0 || path_[level - 1].at->entries < 2) { return false; }
    const node_sizes& sizes = context_.sizes;
    const bool inner = is_inner(*path_[level].at);
    const bool low =
        inner ? bytes < sizes.inner_bytes / 4 && entries < sizes.fanout_min() : bytes < sizes.leaf_bytes_min();
    return low && !on_left_edge(level) && !on_right_edge(level);
}

unsigned tree_edit::sibling_of(unsigned level) const noexcept {
    const unsigned index = path_[level - 1].index;
    return index > 0 ? index - 1 : 1;
}

void tree_edit::add_to_counts(unsigned levels) noexcept {
    const auto difference = static_cast<std::uint64_t>(difference_);
    for (unsigned i = 0; i < levels; ++i) { counts_of(*path_[i].at)[path_[i].index] += difference; }
    tree_.count_ += difference;
}

void tree_edit::replace_shell(unsigned level, node* larger) noexcept {
    node* old = path_[level].at;
    path_[level].at = larger;
    if (level == 0) {
        tree_.root_ = larger;
    } else {
        node& above = *path_[level - 1].at;
        const unsigned index = path_[level - 1].index;
        slots_of(above)[index].store(word_of(larger), std::memory_order_release);
    }
    context_.pool->free_shell(old);
}

// ---- the leaf

void tree_edit::replace(unsigned first, unsigned last, std::span<const page::item> given) {
    difference_ = static_cast<std::int64_t>(given.size()) - static_cast<std::int64_t>(last - first);
    bool prefixed = true;
    std::size_t added = 0;
    for (const page::item& item : given) {
        if (leaf().keyed && !page::shares_prefix(leaf(), item.key)) {
            prefixed = false;
            break;
        }
        added += entry_cost(leaf(), item);
    }
    own(prefixed ? added : 0);
    node& n = leaf();
    if (prefixed && last == first + 1 && given.size() == 1 && given[0].form == child_form::none) {
        const page::raw_record old = page::read_raw(n, first);
        if (old.value_bytes == page::value_part_bytes(given[0]) && page::form_of(old.value) == child_form::none) {
            page::overwrite_value(n, first, given[0]);
            return;
        }
    }
    std::size_t removed = 0;
    for (unsigned i = first; i < last; ++i) {
        removed += layout::entry_bytes(false, n.keyed, true) + page::read_raw(n, i).bytes();
    }
    const std::size_t entries = n.entries - (last - first) + given.size();
    const std::size_t bytes = layout::live_bytes(n) - removed + added;
    const bool merge = removed > added && must_merge(depth_ - 1, bytes, entries);
    if (entries == 0 || merge || !prefixed || (bytes > context_.sizes.leaf_bytes && entries > 1)) {
        rebuild_leaf(first, last, given, merge);
        return;
    }
    if (layout::free_bytes(n) < added) {
        // The leaf at which a tree grows gets its final size at once: else each of its bytes is copied five times.
        const cut_rule rule = depth_ > 1 ? rule_for(first, last) : cut_rule::even;
        const bool grows = rule == cut_rule::fill_first || rule == cut_rule::fill_last;
        const std::size_t extra = grows ? context_.sizes.leaf_bytes - layout::live_bytes(n) : added;
        replace_shell(depth_ - 1, page::regrow(context_, n, extra).detach());
    }
    replace_in_place(first, last, given);
}

void tree_edit::replace_in_place(unsigned first, unsigned last, std::span<const page::item> given) {
    node& n = leaf();
    if (last > first) { page::erase(n, first, last, *context_.pool); }
    for (const page::item& item : given) {
        if (item.form == child_form::slot && item.child != nullptr) { retain(*item.child); }
        if (item.remainder != 0 && !is_stored(item.remainder)) { retain(*node_in(item.remainder)); }
        page::insert(n, first++, item);
    }
    add_to_counts(depth_ - 1);
    // A leaf that has become half empty gives memory back; if there is none to do so, it stays as it is.
    if (last > first && n.capacity > 512 && layout::live_bytes(n) * 2 < n.capacity) {
        try {
            replace_shell(depth_ - 1, page::regrow(context_, n, 0).detach());
        } catch (const std::bad_alloc&) {}
    }
}

/// Where a leaf is cut when entries [first, last) of it are replaced: whoever adds at an end will go on there.
cut_rule tree_edit::rule_for(unsigned first, unsigned last) const noexcept {
    if (first != last) { return cut_rule::even; }
    if (last == leaf().entries) { return on_right_edge(depth_ - 1) ? cut_rule::fill_first : cut_rule::lean_first; }
    return first == 0 && on_left_edge(depth_ - 1) ? cut_rule::fill_last : cut_rule::even;
}

/// Whether a leaf at an edge of the tree is so full that nothing of `given`, set beside it, would move into it.
bool tree_edit::stays_full(cut_rule rule, std::span<const page::item> given) const noexcept {
    if (given.empty() || (rule != cut_rule::fill_first && rule != cut_rule::fill_last)) { return false; }
    const page::item& nearest = rule == cut_rule::fill_first ? given.front() : given.back();
    const node& n = leaf();
    const bool prefixed = !n.keyed || page::shares_prefix(n, nearest.key);
    return prefixed && layout::live_bytes(n) + entry_cost(n, nearest) > context_.sizes.leaf_bytes;
}

/// The leaf as it is, and leaves of `given` behind or before it.
tree_edit::nodes tree_edit::set_beside(cut_rule rule, std::span<const page::item> given) {
    node& n = leaf();
    assembly parts(context_, tree_.shape_, 0);
    for (const page::item& item : given) { parts.add(item); }
    nodes built = parts.finish(rule);
    retain(n);
    const bool behind = rule == cut_rule::fill_first;
    built_node same{.owned = node_ptr(*context_.pool, &n), .separator = {}, .count = n.entries};
    if (n.keyed) {
        std::string key;
        key_of(n, behind ? n.entries - 1U : 0).append_to(key);
        if (behind) {
            built.front().separator = shortest_separator(key, given.front().key);
        } else {
            same.separator = shortest_separator(given.back().key, key);
        }
    }
    built.insert(behind ? built.begin() : built.end(), std::move(same));
    return built;
}

void tree_edit::rebuild_leaf(unsigned first, unsigned last, std::span<const page::item> given, bool merge) {
    const node& n = leaf();
    const unsigned level = depth_ - 1;
    const cut_rule rule = rule_for(first, last);
    unsigned begin = level > 0 ? path_[level - 1].index : 0;
    unsigned end = begin + 1;
    if (stays_full(rule, given)) {
        ++context_.edits.split;
        enter(level, begin, end, set_beside(rule, given));
        return;
    }
    assembly parts(context_, tree_.shape_, 0);
    const node* sibling = nullptr;
    if (merge) {
        const unsigned beside = sibling_of(level);
        sibling = child_in(context_, *path_[level - 1].at, beside);
        begin = std::min(begin, beside);
        end = begin + 2;
        if (beside == begin) { parts.add(*sibling, 0, sibling->entries); }
        ++context_.edits.merged;
    }
    parts.add(n, 0, first);
    for (const page::item& item : given) { parts.add(item); }
    parts.add(n, last, n.entries);
    if (merge && begin == path_[level - 1].index) { parts.add(*sibling, 0, sibling->entries); }
    nodes built = parts.finish(rule);
    if (built.size() > end - begin) { ++context_.edits.split; }
    enter(level, begin, end, std::move(built));
}

void tree_edit::replace_bytes(std::size_t first, std::size_t last, std::string_view given) {
    difference_ = static_cast<std::int64_t>(given.size()) - static_cast<std::int64_t>(last - first);
    const std::size_t bytes = leaf().tail - (last - first) + given.size();
    const std::size_t room = context_.sizes.leaf_bytes - sizeof(node);
    const unsigned level = depth_ - 1;
    own(given.size() > last - first ? given.size() - (last - first) : 0);
    const bool merge = difference_ < 0 && must_merge(level, sizeof(node) + bytes, 1);
    if (bytes > 0 && bytes <= room && !merge) {
        const std::size_t grows = difference_ > 0 ? static_cast<std::size_t>(difference_) : 0;
        if (leaf().capacity - sizeof(node) - leaf().tail < grows) {
            replace_shell(level, page::regrow(context_, leaf(), grows).detach());
        }
        node& n = leaf();
        char* old = layout::at(n, n.capacity - n.tail);
        char* now = layout::at(n, n.capacity - bytes);
        std::memmove(now, old, first);
        page::write_bytes(now + first, given);
        n.tail = static_cast<std::uint32_t>(bytes);
        add_to_counts(level);
        return;
    }
    cut_rule rule = cut_rule::even;
    if (first == leaf().tail && on_right_edge(level)) { rule = cut_rule::fill_first; }
    std::vector<std::string_view> parts;
    unsigned begin = level > 0 ? path_[level - 1].index : 0;
    unsigned end = begin + 1;
    const std::string_view own_bytes = bytes_of(leaf());
    parts = {own_bytes.substr(0, first), given, own_bytes.substr(last)};
    if (merge) {
        const unsigned beside = sibling_of(level);
        const std::string_view others = bytes_of(*child_in(context_, *path_[level - 1].at, beside));
        parts.insert(beside < begin ? parts.begin() : parts.end(), others);
        begin = std::min(begin, beside);
        end = begin + 2;
        ++context_.edits.merged;
    }
    std::erase_if(parts, [](std::string_view part) { return part.empty(); });
    nodes built = assemble_bytes(context_, parts, rule);
    enter(level, begin, end, std::move(built));
}

// ---- the nodes above

/// Puts `built` in the place of the node at `level`, or of children [begin, end) of the node above it.
void tree_edit::enter(unsigned level, unsigned begin, unsigned end, nodes built) {
    if (level == 0) {
        set_root(tree_, std::move(built));
    } else {
        replace_children(level - 1, begin, end, std::move(built));
    }
}

void tree_edit::set_root(tree& t, nodes built) {
    while (built.size() > 1) {
        std::vector<page::item> entries;
        entries.reserve(built.size());
        const unsigned height = built.front().owned->height + 1U;
        assembly above(*t.context_, t.shape_, height);
        for (const built_node& child : built) { entries.push_back(child.entry()); }
        for (const page::item& entry : entries) { above.add(entry); }
        nodes next = above.finish(cut_rule::fill_first);
        built = std::move(next);
    }
    node* old = t.root_;
    t.root_ = nullptr;
    t.count_ = 0;
    if (!built.empty()) {
        t.count_ = built.front().count;
        t.root_ = built.front().owned.detach();
    }
    t.context_->pool->release_copied(old);
}

bool tree_edit::takes_in_place(node& parent, unsigned first, unsigned last, const nodes& built) const noexcept {
    const std::size_t entries = parent.entries - (last - first) + built.size();
    if (entries > context_.sizes.fanout) { return false; }
    for (std::size_t i = 1; parent.keyed && i < built.size(); ++i) {
        if (!page::shares_prefix(parent, built[i].separator)) { return false; }
    }
    return layout::live_bytes(parent) + children_cost(parent, built) <= context_.sizes.inner_bytes;
}

void tree_edit::replace_children(unsigned level, unsigned first, unsigned last, nodes built) {
    node& parent = *path_[level].at;
    const std::size_t entries = parent.entries - (last - first) + built.size();
    if (parent.keyed && !built.empty()) {
        built.front().separator.clear();
        if (first > 0) { key_of(parent, first).append_to(built.front().separator); }
    }
    const auto fewer = static_cast<unsigned>(last - first - std::min<std::size_t>(built.size(), last - first));
    const bool merge = fewer > 0 && must_merge(level, bytes_without(parent, last - fewer, last), entries);
    if (entries > 0 && !merge && takes_in_place(parent, first, last, built)) {
        const std::size_t need = children_cost(parent, built);
        if (layout::free_bytes(parent) < need) { replace_shell(level, page::regrow(context_, parent, need).detach()); }
        apply_children(level, first, last, built);
        return;
    }
    nodes above;
    unsigned begin = level > 0 ? path_[level - 1].index : 0;
    unsigned end = begin + 1;
    if (entries > 0) {
        unsigned beside = 0;
        if (merge) {
            beside = sibling_of(level);
            begin = std::min(begin, beside);
            end = begin + 2;
            ++context_.edits.merged;
        }
        above = rebuild_inner(level, first, last, built, merge, beside);
        if (above.size() > end - begin) { ++context_.edits.split; }
    }
    enter(level, begin, end, std::move(above));
}

tree_edit::nodes tree_edit::rebuild_inner(unsigned level, unsigned first, unsigned last, nodes& built, bool merge,
                                          unsigned sibling) {
    const node& parent = *path_[level].at;
    cut_rule rule = cut_rule::even;
    if (last == parent.entries && on_right_edge(level)) { rule = cut_rule::fill_first; }
    if (first == 0 && on_left_edge(level)) { rule = cut_rule::fill_last; }
    std::vector<page::item> entries;
    entries.reserve(built.size());
    for (const built_node& child : built) { entries.push_back(child.entry()); }
    assembly parts(context_, tree_.shape_, parent.height);
    std::string separator;
    const bool before = merge && sibling < path_[level - 1].index;
    if (merge && tree_.shape_.keyed) {
        key_of(*path_[level - 1].at, std::max(sibling, path_[level - 1].index)).append_to(separator);
    }
    const node* beside = merge ? child_in(context_, *path_[level - 1].at, sibling) : nullptr;
    if (before) { parts.add(*beside, 0, beside->entries); }
    const std::size_t own_begin = parts.size();
    parts.add(parent, 0, first);
    for (const page::item& entry : entries) { parts.add(entry); }
    parts.add(parent, last, parent.entries);
    if (before) { parts.rekey(own_begin, separator); }
    if (merge && !before) {
        const std::size_t behind = parts.size();
        parts.add(*beside, 0, beside->entries);
        parts.rekey(behind, separator);
    }
    return parts.finish(rule);
}

void tree_edit::apply_children(unsigned level, unsigned first, unsigned last, nodes& built) noexcept {
    node& parent = *path_[level].at;
    node_pool& pool = *context_.pool;
    if (built.empty()) {
        page::erase(parent, first, last, pool);
    } else {
        if (last > first + 1) { page::erase(parent, first + 1, last, pool); }
        node* old = page::exchange_child(parent, first, built.front().owned.detach(), built.front().count);
        pool.release_copied(old);
        for (std::size_t i = 1; i < built.size(); ++i) {
            const page::item entry = built[i].entry();
            page::insert(parent, first + static_cast<unsigned>(i), entry);
            static_cast<void>(built[i].owned.detach());
        }
    }
    add_to_counts(level);
    collapse_root();
}

/// A root with one child stands for that child.  A child that is not in memory is left where it is.
void tree_edit::collapse_root() noexcept {
    while (tree_.root_ != nullptr && is_inner(*tree_.root_) && tree_.root_->entries == 1) {
        const slot_word word = slots_of(*tree_.root_)[0].load(std::memory_order_acquire);
        if (is_stored(word)) { return; }
        node* old = tree_.root_;
        retain(*node_in(word));
        tree_.root_ = node_in(word);
        context_.pool->release_copied(old);
    }
}

}  // namespace coppice
