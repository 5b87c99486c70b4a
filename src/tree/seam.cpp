// tree/seam.cpp: slice and concat, which cut and join trees along one path and share the rest.
//
// join(l, r) makes the fewest nodes, of the taller one's height, that hold both. Only nodes along the
// seam are looked at; one that is full enough is shared as it is. A node that would stay too empty inside
// the result is assembled with its neighbour. Recursion is as deep as a tree is high.

#include <coppice/tree/tree.hpp>

#include "tree/edit.hpp"

namespace coppice {
namespace {

using nodes = std::vector<built_node>;

bool is_low(const tree_context& context, const node& n) noexcept {
    const node_sizes& sizes = context.sizes;
    if (!is_inner(n)) { return layout::live_bytes(n) < sizes.leaf_bytes_min(); }
    return layout::live_bytes(n) < sizes.inner_bytes / 4 && n.entries < sizes.fanout_min();
}

class seam {
public:
    seam(tree_context& context, tree_shape shape, std::string_view separator)
        : context_(context), shape_(shape), separator_(separator) {}

    [[nodiscard]] nodes join(node& left, node& right) const {
        if (left.height > right.height) {
            nodes middle = join(last_child(left), right);
            return wrap(&left, std::move(middle), nullptr);
        }
        if (left.height < right.height) {
            nodes middle = join(left, first_child(right));
            return wrap(nullptr, std::move(middle), &right);
        }
        if (is_inner(left)) {
            node& l = last_child(left);
            node& r = first_child(right);
            nodes middle = join(l, r);
            const bool same = middle.size() == 2 && middle[0].owned.get() == &l && middle[1].owned.get() == &r;
            if (same && !is_low(context_, left) && !is_low(context_, right)) { return both(left, right); }
            return wrap(&left, std::move(middle), &right);
        }
        if (!is_low(context_, left) && !is_low(context_, right)) { return both(left, right); }
        if (shape_.kind == leaf_kind::bytes) {
            return assemble_bytes(context_, {bytes_of(left), bytes_of(right)}, cut_rule::even);
        }
        assembly parts(context_, shape_, 0);
        parts.add(left, 0, left.entries);
        parts.add(right, 0, right.entries);
        return parts.finish(cut_rule::even);
    }

private:
    [[nodiscard]] node& last_child(const node& n) const { return *child_in(context_, n, n.entries - 1U); }
    [[nodiscard]] node& first_child(const node& n) const { return *child_in(context_, n, 0); }

    [[nodiscard]] built_node shared(node& n, std::string_view separator) const {
        built_node built;
        retain(n);
        built.owned = node_ptr(*context_.pool, &n);
        built.separator = separator;
        built.count = count_of(n);
        return built;
    }
    [[nodiscard]] nodes both(node& left, node& right) const {
        nodes two;
        two.reserve(2);
        two.push_back(shared(left, {}));
        two.push_back(shared(right, separator_));
        return two;
    }

    /// The children of `left` but the last, `middle` in place of that and of the first of `right`, and the others.
    [[nodiscard]] nodes wrap(const node* left, nodes middle, const node* right) const {
        unsigned left_end = left == nullptr ? 0 : left->entries - 1U;
        unsigned right_begin = right == nullptr ? 0 : 1;
        std::string key;
        if (shape_.keyed && left != nullptr && left_end > 0) { key_of(*left, left_end).append_to(key); }
        middle.front().separator = key;
        if (middle.size() == 1 && is_low(context_, *middle.front().owned)) {
            absorb(left, left_end, middle, right, right_begin);
        }
        const unsigned height = middle.front().owned->height + 1U;
        assembly parts(context_, shape_, height);
        std::vector<page::item> entries;
        entries.reserve(middle.size());
        for (const built_node& each : middle) { entries.push_back(each.entry()); }
        if (left != nullptr) { parts.add(*left, 0, left_end); }
        for (const page::item& entry : entries) { parts.add(entry); }
        if (right != nullptr) { parts.add(*right, right_begin, right->entries); }
        return parts.finish(cut_rule::even);
    }

    /// Joins a node that is too empty with a neighbour that the seam has left alone.
    void absorb(const node* left, unsigned& left_end, nodes& middle, const node* right, unsigned& right_begin) const {
        const bool before = left != nullptr && left_end > 0;
        const bool behind = right != nullptr && right_begin < right->entries;
        if (!before && !behind) { return; }
        // On an edge of the whole tree a node may stay low; which edge this is, only the caller's caller knows.
        node& low = *middle.front().owned;
        node& other = before ? *child_in(context_, *left, left_end - 1) : *child_in(context_, *right, right_begin);
        if (other.height != low.height) { return; }
        std::string own_key = middle.front().separator;
        std::string other_key;
        if (shape_.keyed && before && left_end > 1) { key_of(*left, left_end - 1).append_to(other_key); }
        if (shape_.keyed && !before) { key_of(*right, right_begin).append_to(other_key); }
        // Joined, not put together: the only child of a node that is too empty may be too empty itself.
        const seam between(context_, shape_, before ? own_key : other_key);
        nodes merged = before ? between.join(other, low) : between.join(low, other);
        merged.front().separator = before ? other_key : own_key;
        middle = std::move(merged);
        if (before) {
            --left_end;
        } else {
            ++right_begin;
        }
    }

    tree_context& context_;
    tree_shape shape_;
    std::string_view separator_;
};

/// The page key of the first or the last record.
std::string edge_key(const tree& of, bool last) {
    std::string key;
    of.at(last ? of.size() - 1 : 0).append_page_key(key);
    return key;
}

/// Elements [from, to) below `n` as a tree.
tree slice_below(tree_context& context, tree_shape shape, node& n, std::uint64_t from, std::uint64_t to) {
    tree made(context, shape);
    const std::uint64_t count = count_of(n);
    if (from == 0 && to == count) {
        retain(n);
        return {context, shape, &n, count};
    }
    if (!is_inner(n)) {
        if (shape.kind == leaf_kind::bytes) { return tree::build_bytes(context, bytes_of(n).substr(from, to - from)); }
        assembly parts(context, shape, 0);
        parts.add(n, static_cast<unsigned>(from), static_cast<unsigned>(to));
        tree_edit::set_root(made, parts.finish(cut_rule::even));
        return made;
    }
    std::uint64_t from_inside = from;
    std::uint64_t to_inside = to;
    const unsigned first = page::child_at(n, from_inside, false);
    const unsigned last = page::child_at(n, to_inside, true);
    if (first == last) { return slice_below(context, shape, *child_in(context, n, first), from_inside, to_inside); }
    tree left = slice_below(context, shape, *child_in(context, n, first), from_inside, counts_of(n)[first]);
    tree right = slice_below(context, shape, *child_in(context, n, last), 0, to_inside);
    if (first + 1 == last) { return tree::concat(left, right); }
    if (first + 2 == last) {
        node* only = child_in(context, n, first + 1);
        retain(*only);
        made = tree(context, shape, only, counts_of(n)[first + 1]);
    } else {
        assembly parts(context, shape, n.height);
        parts.add(n, first + 1, last);
        tree_edit::set_root(made, parts.finish(cut_rule::even));
    }
    return tree::concat(tree::concat(left, made), right);
}

}  // namespace

tree tree::slice(std::uint64_t from, std::uint64_t to) const {
    COPPICE_CHECK(from <= to && to <= count_);
    if (from == to) { return {*context_, shape_}; }
    return slice_below(*context_, shape_, *root_, from, to);
}

tree tree::concat(const tree& left, const tree& right) {
    COPPICE_CHECK(left.shape_ == right.shape_);
    if (left.empty()) { return right; }
    if (right.empty()) { return left; }
    std::string separator;
    if (left.shape_.keyed) {
        const std::string below = edge_key(left, true);
        const std::string above = edge_key(right, false);
        COPPICE_CHECK(below < above);
        separator = shortest_separator(below, above);
    }
    tree joined(*left.context_, left.shape_);
    tree_edit::set_root(joined, seam(*left.context_, left.shape_, separator).join(*left.root_, *right.root_));
    return joined;
}

}  // namespace coppice
