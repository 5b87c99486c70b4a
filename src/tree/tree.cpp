#include <coppice/tree/tree.hpp>

#include <array>
#include <memory>

#include <coppice/tree/codec.hpp>

#include "tree/edit.hpp"
#include "tree/page_key.hpp"

namespace coppice {
namespace {

/// The entry that says `given`; a small child is written into `room`.
page::item item_of(const tree_context& context, const record& given, std::uint32_t embed_bytes, std::string& room) {
    page::item item{
        .key = given.key, .bytes = given.bytes, .form = child_form::none, .embedded = {}, .child = nullptr, .count = 0};
    if (given.child == nullptr || given.child->empty()) { return item; }
    item.count = given.child->size();
    const node& root = *given.child->root();
    if (fits_embedded(root, embed_bytes)) {
        encode_embedded(root, room);
        item.form = child_form::embedded;
        item.embedded = room;
    } else {
        item.form = child_form::slot;
        item.child = given.child->root();
    }
    static_cast<void>(context);
    return item;
}

/// Gives `item`, whose key is long, its remainder: that of the record which is there, loaded or not, or a new one.
/// The result keeps it until the item has been entered.
node_ptr give_remainder(tree_context& context, page::item& item, const page_key& key, const record_view* there) {
    node_ptr kept;
    if (there != nullptr && there->has_long_key) {
        item.remainder = slots_of(*there->leaf)[there->remainder_slot].load(std::memory_order_acquire);
        item.remainder_seal = seals_of(*there->leaf)[there->remainder_slot];
        if (is_stored(item.remainder)) { return kept; }
        retain(*node_in(item.remainder));
        kept = node_ptr(*context.pool, node_in(item.remainder));
    } else {
        const tree made = tree::build_bytes(context, key.remainder());
        retain(*made.root());
        kept = node_ptr(*context.pool, made.root());
        item.remainder = word_of(made.root());
    }
    return kept;
}

/// Entries for records that are entered together.
class item_list {
public:
    item_list(tree_context& context, std::span<const record> given) : rooms_(given.size()) {
        items_.reserve(given.size());
        for (std::size_t i = 0; i < given.size(); ++i) {
            items_.push_back(item_of(context, given[i], context.sizes.embed_bytes, rooms_[i]));
            if (given[i].key.size() > context.sizes.key_bytes) { shorten(context, items_.back()); }
        }
    }
    [[nodiscard]] std::span<const page::item> items() const noexcept { return items_; }

private:
    struct long_key {
        long_key(const node_sizes& sizes, std::string_view whole) : key(sizes, whole) {}
        page_key key;
        node_ptr remainder;
    };
    void shorten(tree_context& context, page::item& item) {
        long_keys_.push_back(std::make_unique<long_key>(context.sizes, item.key));
        long_key& kept = *long_keys_.back();
        item.key = kept.key;
        kept.remainder = give_remainder(context, item, kept.key, nullptr);
    }

    std::vector<std::string> rooms_;
    std::vector<page::item> items_;
    std::vector<std::unique_ptr<long_key>> long_keys_;
};

std::size_t bytes_of(std::span<const record> given) noexcept {
    std::size_t bytes = 0;
    for (const record& each : given) { bytes += each.bytes.size() + each.key.size() + 8; }
    return bytes;
}

/// Builds leaves out of entries that arrive in order.
class leaf_row {
public:
    leaf_row(tree_context& context, tree_shape shape) : context_(context), shape_(shape) {}

    /// Adds entries; the last leaf so far is opened again, so that it fills up.
    void add(std::span<const page::item> given) {
        assembly next(context_, shape_, 0);
        built_node open;
        if (!leaves_.empty()) {
            open = std::move(leaves_.back());
            leaves_.pop_back();
            next.add(*open.owned, 0, open.owned->entries);
        }
        for (const page::item& item : given) { next.add(item); }
        bool first = true;
        for (built_node& leaf : next.finish(cut_rule::fill_first)) {
            if (first) { leaf.separator = open.separator; }
            first = false;
            leaves_.push_back(std::move(leaf));
        }
    }
    [[nodiscard]] std::vector<built_node> take() noexcept { return std::move(leaves_); }

private:
    tree_context& context_;
    tree_shape shape_;
    std::vector<built_node> leaves_;
};

constexpr std::size_t build_chunk = 2048;  // records turned into leaves at a time: bounds what building holds

}  // namespace

std::optional<record_view> tree::find(std::string_view key) const {
    if (root_ == nullptr) { return std::nullopt; }
    const page_key wanted(context_->sizes, key);
    const node* n = root_;
    while (is_inner(*n)) { n = child_in(*context_, *n, page::child_for(*n, wanted)); }
    const page::place at = page::find(*n, wanted);
    if (!at.found) { return std::nullopt; }
    return view_record(*n, at.index, context_);
}

tree::place tree::rank(std::string_view key) const {
    std::uint64_t before = 0;
    const node* n = root_;
    if (n == nullptr) { return {0, false}; }
    const page_key wanted(context_->sizes, key);
    while (is_inner(*n)) {
        const unsigned index = page::child_for(*n, wanted);
        for (unsigned i = 0; i < index; ++i) { before += counts_of(*n)[i]; }
        n = child_in(*context_, *n, index);
    }
    const page::place at = page::find(*n, wanted);
    return {before + at.index, at.found};
}

void tree::find_many(std::span<const std::string_view> keys, std::span<record_view> found) const {
    constexpr std::size_t together = 16;  // more misses than this a core does not overlap
    std::vector<std::unique_ptr<page_key>> long_keys;
    for (std::size_t begin = 0; begin < keys.size(); begin += together) {
        const std::size_t size = std::min(together, keys.size() - begin);
        std::array<const node*, together> at;
        std::array<std::string_view, together> wanted;
        for (std::size_t i = 0; i < size; ++i) {
            at[i] = root_;
            wanted[i] = keys[begin + i];
            if (wanted[i].size() > context_->sizes.key_bytes) [[unlikely]] {
                long_keys.push_back(std::make_unique<page_key>(context_->sizes, wanted[i]));
                wanted[i] = *long_keys.back();
            }
        }
        for (unsigned height = root_ == nullptr ? 0 : root_->height; height > 0; --height) {
            for (std::size_t i = 0; i < size; ++i) {
                at[i] = child_in(*context_, *at[i], page::child_for(*at[i], wanted[i]));
                __builtin_prefetch(at[i]);
                __builtin_prefetch(reinterpret_cast<const char*>(at[i]) + 64);
            }
            for (std::size_t i = 0; i < size; ++i) {  // the heads, once the headers say where they are
                const char* heads = reinterpret_cast<const char*>(heads_of(*at[i]));
                for (unsigned line = 64; line < 4U * at[i]->entries; line += 64) { __builtin_prefetch(heads + line); }
            }
        }
        std::array<page::place, together> places;
        for (std::size_t i = 0; i < size; ++i) {
            places[i] = root_ == nullptr ? page::place{0, false} : page::find(*at[i], wanted[i]);
            if (places[i].found) { __builtin_prefetch(record_at(*at[i], places[i].index)); }
        }
        for (std::size_t i = 0; i < size; ++i) {
            found[begin + i] = places[i].found ? view_record(*at[i], places[i].index, context_) : record_view{};
        }
    }
}

record_view tree::at(std::uint64_t position) const {
    COPPICE_CHECK(position < count_);
    const node* n = root_;
    while (is_inner(*n)) { n = child_in(*context_, *n, page::child_at(*n, position, false)); }
    return view_record(*n, static_cast<unsigned>(position), context_);
}

bool tree::put(const record& given) {
    return put_if(given, [](const record_view&) { return true; }) == put_outcome::added;
}

tree::put_outcome tree::put_if(const record& given, function_ref<bool(const record_view& old)> may_replace) {
    std::string room;
    const page_key key(context_->sizes, given.key);
    page::item item = item_of(*context_, {key, given.bytes, given.child}, context_->sizes.embed_bytes, room);
    node_ptr remainder;
    if (root_ == nullptr) {
        if (key.is_long()) { remainder = give_remainder(*context_, item, key, nullptr); }
        assembly only(*context_, shape_, 0);
        only.add(item);
        tree_edit::set_root(*this, only.finish(cut_rule::even));
        return put_outcome::added;
    }
    tree_edit edit(*this);
    const bool there = edit.descend_to_key(key);
    if (there && !may_replace(view_record(edit.leaf(), edit.entry(), context_))) { return put_outcome::refused; }
    if (key.is_long()) [[unlikely]] {
        record_view old;
        if (there) { old = view_record(edit.leaf(), edit.entry()); }
        remainder = give_remainder(*context_, item, key, there ? &old : nullptr);
    }
    edit.replace(edit.entry(), edit.entry() + (there ? 1 : 0), {&item, 1});
    return there ? put_outcome::replaced : put_outcome::added;
}

bool tree::erase(std::string_view key) {
    if (root_ == nullptr) { return false; }
    tree_edit edit(*this);
    if (!edit.descend_to_key(page_key(context_->sizes, key))) { return false; }
    edit.replace(edit.entry(), edit.entry() + 1, {});
    return true;
}

tree tree::child_of(const record_view& of, tree_shape shape) const {
    switch (of.child) {
        case child_form::none: break;
        case child_form::slot: {
            const expected_node expected{.shape = shape, .count = of.child_count};
            node* root = context_->pool->resident(slots_of(*of.leaf)[of.slot], seals_of(*of.leaf)[of.slot],
                                                  context_->may_wait, &expected);
            if (root == nullptr) { break; }
            retain(*root);
            return {*context_, shape, root, of.child_count};
        }
        case child_form::embedded:
            return {*context_, shape, open_embedded(*context_, of.embedded).detach(), of.child_count};
    }
    return {*context_, shape};
}

bool tree::edit_child(std::string_view key, tree_shape shape, child_change change) {
    if (root_ == nullptr) { return false; }
    tree_edit edit(*this);
    const page_key wanted(context_->sizes, key);
    if (!edit.descend_to_key(wanted)) { return false; }
    record_view old = view_record(edit.leaf(), edit.entry(), context_);
    std::string bytes(old.bytes);
    std::string room;
    const auto replace = [&](const tree& child, std::uint32_t embed_bytes) {
        page::item item = item_of(*context_, {wanted, bytes, &child}, embed_bytes, room);
        node_ptr remainder;
        if (wanted.is_long()) [[unlikely]] { remainder = give_remainder(*context_, item, wanted, &old); }
        edit.replace(edit.entry(), edit.entry() + 1, {&item, 1});
    };
    if (old.child != child_form::slot) {
        tree child = child_of(old, shape);
        change(child, bytes);
        replace(child, context_->sizes.unembed_bytes);
        return true;
    }
    // The child is taken out of its slot, so that nothing but its own sharing makes it shared.
    static_cast<void>(child_of(old, shape));  // loads it
    edit.own(0);
    node& leaf = edit.leaf();
    old = view_record(leaf, edit.entry(), context_);
    std::atomic<slot_word>& slot = slots_of(leaf)[old.slot];
    tree child(*context_, shape, node_in(slot.exchange(0, std::memory_order_acq_rel)), old.child_count);
    const auto put_back = [&]() noexcept {
        if (child.empty()) {
            page::drop_child(leaf, edit.entry());
            return;
        }
        page::set_child_count(leaf, edit.entry(), child.count_);
        slot.store(word_of(std::exchange(child.root_, nullptr)), std::memory_order_release);
    };
    try {
        change(child, bytes);
    } catch (...) {
        put_back();
        throw;
    }
    if (bytes.size() == old.bytes.size()) {
        std::memcpy(const_cast<char*>(old.bytes.data()), bytes.data(), bytes.size());
        if (child.empty() || !fits_embedded(*child.root_, context_->sizes.embed_bytes)) {
            put_back();
            return true;
        }
    }
    try {
        replace(child, context_->sizes.embed_bytes);
    } catch (...) {
        put_back();
        if (bytes.size() != old.bytes.size()) { throw; }  // else it only stays out of its record
    }
    return true;
}

void tree::splice(std::uint64_t position, std::uint64_t erased, std::span<const record> given) {
    COPPICE_CHECK(position + erased <= count_ && (!shape_.keyed || given.empty()));
    if (erased == 0 && given.empty()) { return; }
    if (root_ == nullptr || bytes_of(given) > 2 * context_->sizes.leaf_bytes) {
        splice_tree(position, erased, build(*context_, shape_, given));
        return;
    }
    tree_edit edit(*this);
    edit.descend_to_position(position, erased == 0);
    if (edit.entry() + erased > edit.leaf().entries) {
        splice_tree(position, erased, build(*context_, shape_, given));
        return;
    }
    const unsigned first = edit.entry();
    const unsigned last = first + static_cast<unsigned>(erased);
    if (given.size() == 1) {  // the most frequent case, without a list
        std::string room;
        const page::item item = item_of(*context_, given[0], context_->sizes.embed_bytes, room);
        edit.replace(first, last, {&item, 1});
    } else {
        const item_list list(*context_, given);
        edit.replace(first, last, list.items());
    }
}

void tree::splice_bytes(std::uint64_t position, std::uint64_t erased, std::string_view given) {
    COPPICE_CHECK(shape_.kind == leaf_kind::bytes && position + erased <= count_);
    if (erased == 0 && given.empty()) { return; }
    if (root_ == nullptr || given.size() > 2 * context_->sizes.leaf_bytes) {
        splice_tree(position, erased, build_bytes(*context_, given));
        return;
    }
    tree_edit edit(*this);
    edit.descend_to_position(position, erased == 0);
    if (edit.entry() + erased > edit.leaf().tail) {
        splice_tree(position, erased, build_bytes(*context_, given));
        return;
    }
    edit.replace_bytes(edit.entry(), edit.entry() + static_cast<std::size_t>(erased), given);
}

void tree::splice_tree(std::uint64_t position, std::uint64_t erased, const tree& middle) {
    COPPICE_CHECK(position + erased <= count_);
    tree result = position == 0 ? middle : concat(slice(0, position), middle);
    if (position + erased < count_) { result = concat(result, slice(position + erased, count_)); }
    result.context_ = context_;
    *this = std::move(result);
}

void tree::erase_range(std::uint64_t position, std::uint64_t erased) {
    if (erased == 0) { return; }
    if (shape_.kind == leaf_kind::bytes) {
        splice_bytes(position, erased, {});
    } else {
        splice(position, erased, {});
    }
}

tree tree::build(tree_context& context, tree_shape shape, std::span<const record> given) {
    leaf_row row(context, shape);
    for (std::size_t begin = 0; begin < given.size(); begin += build_chunk) {
        const item_list list(context, given.subspan(begin, std::min(build_chunk, given.size() - begin)));
        row.add(list.items());
    }
    tree made(context, shape);
    tree_edit::set_root(made, row.take());
    return made;
}

tree tree::build_bytes(tree_context& context, std::string_view given) {
    tree made(context, plain_bytes);
    if (!given.empty()) { tree_edit::set_root(made, assemble_bytes(context, {given}, cut_rule::fill_first)); }
    return made;
}

}  // namespace coppice
