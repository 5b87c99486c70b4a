// coppice/resident/sequence.hpp: a counted copy-on-write B+tree by position, in memory.
//
// A tree is the pointer to its root, null when empty; who holds it owns one reference. Functions that change a tree
// take that pointer by reference, change in place what the tree alone owns and copy the rest; those that make trees
// from others borrow these and share their nodes. vector.hpp makes a value of it.
//
//            [ 5 | 9 ]             sums: elements in the children up to here
//             /     `-----.
//       [a b c d e] [f g h i]      leaves, all at one depth
//
// Invariants (check reports them by number)
//   I1  All leaves are at one depth; an inner node has height 1 more than its children.
//   I2  Leaves hold 1 to leaf_most elements, inner nodes 1 to fanout children, the root at least 2.
//   I3  Nodes inside the tree, not on its left or right edge, hold at least a quarter of that, unless memory ran out
//       when they were to be joined.
//   I4  sums[k] is the number of elements below children 0 to k; behind them stands the greatest number.
//   I5  A node that is marked regular is.
//   I6  lows[k] is the separator of the first element below child k + 1 (only where elements have keys).
//   I7  measures[k] is the measure of the elements below child k (only where they are measured).
//
// How a change stays whole. First the path to the leaf becomes the tree's own, which changes nothing that it says. Then
// all memory is taken and all elements are copied that the change needs. Only then is anything changed, and nothing
// throws from there on. Elements are moved inside nodes only when their moving cannot throw, else leaves are copied.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <type_traits>
#include <utility>

#include <coppice/resident/leaf.hpp>

namespace coppice::resident {

inline constexpr unsigned height_most = 48;

template <class T, class Nodes, class Order = by_position>
class sequence : public leaf_kind<T, Nodes, Order> {
    using kind = leaf_kind<T, Nodes, Order>;

public:
    using typename kind::at;
    using typename kind::branch;
    using typename kind::change;
    using typename kind::header;
    using typename kind::held;
    using typename kind::inner;
    using typename kind::leaf;
    using typename kind::piece;
    using typename kind::layout;
    using kind::as_inner, kind::as_leaf, kind::before, kind::copied, kind::cut, kind::fanout, kind::fanout_least,
        kind::fill, kind::find, kind::gather, kind::is_own, kind::last_use, kind::leaf_least, kind::leaf_most,
        kind::low_of, kind::put, kind::release, kind::remove, kind::replace, kind::retain, kind::size_of, kind::whole;

    // ---- Looking

    struct place {
        const leaf* in;
        std::size_t at;
    };
    /// Where the element at `position` is.  Requires: position < size of the tree.
    [[nodiscard]] static place find_leaf(const header* node, std::size_t position) noexcept {
        if (node->height != 0 && node->regular) [[likely]] {
            std::size_t nth = position / leaf_most;
            const std::size_t at = position - nth * leaf_most;
            if constexpr ((fanout & (fanout - 1)) == 0) {
                constexpr int bits = std::countr_zero(fanout);
                switch (node->height) {  // the heights that there are, without a loop
                    case 4: node = as_inner(*node).children[nth >> (3 * bits) & (fanout - 1)]; [[fallthrough]];
                    case 3: node = as_inner(*node).children[nth >> (2 * bits) & (fanout - 1)]; [[fallthrough]];
                    case 2: node = as_inner(*node).children[nth >> bits & (fanout - 1)]; [[fallthrough]];
                    case 1: return {&as_leaf(*as_inner(*node).children[nth & (fanout - 1)]), at};
                    default: break;
                }
            }
            while (node->height != 0) {
                const std::size_t below = kind::full(node->height - 1U) / leaf_most;
                node = as_inner(*node).children[nth / below];
                nth %= below;
            }
            return {&as_leaf(*node), at};
        }
        while (node->height != 0) { node = as_inner(*node).children[find(as_inner(*node), position)]; }
        return {&as_leaf(*node), position};
    }

    // ---- Changing

    /// Requires: position < size, here and below.
    static void set(header*& root, std::size_t position, T&& value) {
        path way;
        header*& slot = own_path(root, position, way);
        set_at(slot, way, position, std::move(value));
    }
    static void insert(header*& root, std::size_t position, T&& value) {
        path way;
        header*& slot = own_path(root, position, way);
        insert_at(root, slot, way, position, std::move(value));
    }
    static void erase(header*& root, std::size_t position) {
        path way;
        header*& slot = own_path(root, position, way);
        erase_at(root, slot, way, position);
    }

    /// Enters a leaf behind all others.  Its elements are not moved; it must have some.
    static void append(header*& root, leaf* last) {
        held added(last);
        if (root == nullptr) {
            root = added.take();
            return;
        }
        // The lowest node of the right edge that has room takes a chain of nodes with one child each.
        unsigned room_at = 0;
        for (const header* node = root; node->height != 0; node = as_inner(*node).children[node->entries - 1U]) {
            if (node->entries < fanout) { room_at = node->height; }
        }
        const unsigned chain_height = room_at == 0 ? root->height : room_at - 1;
        for (unsigned height = 1; height <= chain_height; ++height) {
            inner* above = kind::make_inner(height);
            kind::append(*above, added.take());
            added = held(above);
        }
        if (room_at == 0) {
            inner* above = kind::make_inner(chain_height + 1);
            kind::append(*above, root);
            kind::append(*above, added.take());
            kind::note_regular(*above);
            root = above;
            return;
        }
        path way;
        header** slot = &root;
        while ((*slot)->height >= room_at) {
            inner& node = own(*slot);
            way.push(node, node.entries - 1U);
            slot = &node.children[node.entries - 1U];
        }
        const branch behind = whole(added.take());
        kind::append(*way.steps[way.depth - 1].at, behind);
        kind::note_regular(*way.steps[way.depth - 1].at);
        note_above(way, way.depth - 1, {static_cast<std::ptrdiff_t>(behind.size), behind.total});
    }

    // ---- Making trees from others

    /// Elements [first, last).  Requires: first < last <= size.
    [[nodiscard]] static held slice(header* from, std::size_t first, std::size_t last) {
        while (from->height != 0) {
            std::size_t in_first = first;
            std::size_t in_last = last - 1;
            const unsigned slot = find(as_inner(*from), in_first);
            if (slot != find(as_inner(*from), in_last)) { break; }
            from = as_inner(*from).children[slot];
            first = in_first;
            last = in_last + 1;
        }
        return part(from, first, last);
    }
    /// The elements of one tree and then those of another.  Either may be empty (null).
    [[nodiscard]] static held concat(header* left, header* right) {
        if (left == nullptr || right == nullptr) {
            header* all = left == nullptr ? right : left;
            return held(all == nullptr ? nullptr : retain(all));
        }
        pair both = join(left, right);
        if (!both.second) {
            header* all = both.first.take();
            drop_chain(all);
            return held(all);
        }
        inner* above = kind::make_inner(both.first.get()->height + 1U);
        kind::append(*above, both.first.take());
        kind::append(*above, both.second.take());
        kind::note_regular(*above);
        return held(above);
    }

    /// Calls `use(node, bytes of the node)` for a node and all below it, unless `use` says false: then not for those.
    template <class Use>
    static void for_each_node(const header& node, Use& use) {
        if (!use(node, kind::bytes_of(node)) || node.height == 0) { return; }
        const inner& here = as_inner(node);
        for (unsigned slot = 0; slot < here.entries; ++slot) { for_each_node(*here.children[slot], use); }
    }

    /// Calls `use(node, first, count)` for nodes below which lie up to `most` elements, and for leaves, in order: all
    /// elements once. `first` is the position of the first one below `node`.
    template <class Use>
    static void for_each_run(const header& node, std::size_t first, std::size_t most, Use& use) {
        if (node.height == 0 || kind::size_of(node) <= most) { return use(node, first, kind::size_of(node)); }
        const inner& here = as_inner(node);
        for (unsigned slot = 0; slot < here.entries; ++slot) {
            for_each_run(*here.children[slot], first + kind::before(here, slot), most, use);
        }
    }

    /// How many elements in front lie in nodes that both trees have, as far as their shapes agree.
    [[nodiscard]] static std::size_t shared_front(const header& a, const header& b) noexcept {
        if (&a == &b) { return kind::size_of(a); }
        if (a.height != b.height || a.height == 0) { return 0; }
        const inner& in_a = as_inner(a);
        const inner& in_b = as_inner(b);
        unsigned slot = 0;
        const unsigned both = std::min(in_a.entries, in_b.entries);
        while (slot < both && in_a.children[slot] == in_b.children[slot]) { ++slot; }
        return kind::before(in_a, slot) + (slot < both ? shared_front(*in_a.children[slot], *in_b.children[slot]) : 0);
    }

    /// Dies naming the broken invariant.  Cost: O(n / leaf size).
    static void check(const header* root) {
        if (root == nullptr) { return; }
        COPPICE_CHECK(root->height == 0 || root->entries >= 2);  // I2
        check_below(*root);
    }

protected:
    struct step {
        inner* at;
        unsigned slot;
    };
    struct path {
        std::array<step, height_most> steps;
        unsigned depth = 0;
        void push(inner& at, unsigned slot) noexcept { steps[depth++] = {&at, slot}; }
    };
    struct pair {
        held first;
        held second;  // perhaps nothing
    };

    /// Children, while it is open which node gets which.
    struct row {
        std::array<branch, 2 * fanout + 2> children;
        unsigned count = 0;

        void push(const branch& child) noexcept { children[count++] = child; }
        void push(const inner& from, unsigned first, unsigned last) noexcept {
            for (unsigned slot = first; slot < last; ++slot) { push(kind::child(from, slot)); }
        }
        /// Makes [first, last) the children of `node`, which had them or gave up its own.
        void store(inner& node, unsigned first, unsigned last) const noexcept {
            kind::truncate(node, 0);
            for (unsigned each = first; each < last; ++each) { kind::append(node, children[each]); }
            kind::note_regular(node);
        }
    };

    /// Nodes that are there before they are needed, for the full nodes of a path and a new root.
    class spares {
    public:
        explicit spares(const path& way) {
            unsigned level = way.depth;
            while (level > 0 && way.steps[level - 1].at->entries == fanout) { --level; }
            const unsigned highest = way.depth - level + (level == 0 ? 1 : 0);
            for (unsigned height = 1; height <= highest; ++height) {
                nodes_[height - 1] = held(kind::make_inner(height));
            }
        }
        /// The next one, from the lowest on.
        [[nodiscard]] inner& take() noexcept { return as_inner(*nodes_[taken_++].take()); }

    private:
        std::array<held, height_most> nodes_;
        unsigned taken_ = 0;
    };

    /// Makes the inner node in `slot` the tree's own.  Requires: what holds the slot is.
    static inner& own(header*& slot) {
        if (!slot->owners.is_one()) { replace(slot, held(kind::copy(as_inner(*slot)))); }
        return as_inner(*slot);
    }
    /// Makes the inner nodes the tree's own on the way that `slot_in` chooses; returns the slot of the leaf at its end.
    template <class SlotIn>
    static header*& own_way(header*& root, path& way, SlotIn slot_in) {
        header** slot = &root;
        while ((*slot)->height != 0) {
            inner& node = own(*slot);
            const unsigned next = slot_in(node);
            way.push(node, next);
            slot = &node.children[next];
        }
        return *slot;
    }
    /// The same on the way to the leaf of `position`, which is then one in that leaf.
    static header*& own_path(header*& root, std::size_t& position, path& way) {
        return own_way(root, way, [&position](const inner& node) { return find(node, position); });
    }

    // ---- Changing the leaf at the end of an owned path

    static void set_at(header*& slot, const path& way, std::size_t position, T&& value) {
        static_assert(!is_measured<Order>, "what is measured is spliced");
        leaf& old = as_leaf(*slot);
        const at items = old.items();
        if (is_own(old)) {
            destroy_elements(items + position, 1);
            construct_moved(items + position, layout::place_of(value), 1);
        } else {
            replace(slot, gather({copied(items, position), last_use(value),
                                  copied(items + (position + 1), old.size() - position - 1)},
                                 old.size()));
        }
        if (position == 0) { note_first(way, way.depth, *slot); }
    }

    static void insert_at(header*& root, header*& slot, const path& way, std::size_t position, T&& value) {
        leaf& old = as_leaf(*slot);
        const std::size_t size = old.size();
        const at items = old.items();
        const change added = kind::coming(layout::place_of(value), 1);
        const std::initializer_list<piece> pieces = {copied(items, position), last_use(value),
                                                     copied(items + position, size - position)};
        if (size < leaf_most) {
            if (is_own(old) && size < old.capacity) {
                put(old, position, std::move(value));
            } else {
                replace(slot, gather(pieces, Order::capacity_for(size + 1, leaf_most)));
            }
            return note_change(way, added);
        }
        // What is added behind all others leaves full leaves behind, not halves.
        const std::size_t half = position == size && is_last(way) ? size : (size + 1) / 2;
        const std::size_t capacity = Order::capacity_for(size + 1 - half, leaf_most);
        spares reserve(way);
        if (is_own(old)) {
            leaf& right = *kind::make_leaf(capacity);
            const std::size_t kept = position < half ? half - 1 : half;
            fill(right, {items + kept, size - kept, true});
            cut(old, kept);
            position < half ? put(old, position, std::move(value)) : put(right, position - half, std::move(value));
            enter(root, way, added, held(&right), reserve);
        } else {
            held right = gather(pieces, half, size + 1, capacity);
            replace(slot, gather(pieces, 0, half, leaf_most));
            enter(root, way, added, std::move(right), reserve);
        }
    }

    static void erase_at(header*& root, header*& slot, const path& way, std::size_t position) {
        leaf& old = as_leaf(*slot);
        const std::size_t size = old.size();
        const at items = old.items();
        const change gone = kind::going(items + position, 1);
        if (size == 1) { return leave(root, way, gone); }
        if (is_own(old)) {
            remove(old, position);
        } else {
            replace(slot,
                    gather({copied(items, position), copied(items + (position + 1), size - position - 1)}, size - 1));
        }
        note_change(way, gone);
        if (position == 0) { note_first(way, way.depth, *slot); }
        if (!is_filled(*slot)) { mend(root, way); }
    }

    /// The node below the first `level` steps of the path begins with another element.
    static void note_first(const path& way, unsigned level, const header& node) noexcept {
        if constexpr (Order::keyed) {
            while (level > 0 && way.steps[level - 1].slot == 0) { --level; }
            if (level > 0) { kind::set_low(*way.steps[level - 1].at, way.steps[level - 1].slot, low_of(node)); }
        }
    }
    /// The path leads to the last leaf.
    [[nodiscard]] static bool is_last(const path& way) noexcept {
        for (unsigned level = 0; level < way.depth; ++level) {
            if (way.steps[level].slot + 1U != way.steps[level].at->entries) { return false; }
        }
        return true;
    }

    /// The elements of the leaf at the end of the path have changed.
    static void note_change(const path& way, const change& made) noexcept {
        for (unsigned level = way.depth; level-- > 0;) {
            inner& node = *way.steps[level].at;
            const unsigned slot = way.steps[level].slot;
            const header& child = *node.children[slot];
            kind::add(node, slot, made);
            node.regular = node.regular && slot + 1U == node.entries && (child.height == 0 || child.regular);
        }
    }
    /// The same for nodes above `level`, whose children may have become regular or not in other ways.
    static void note_above(const path& way, unsigned level, const change& made) noexcept {
        while (level-- > 0) {
            kind::add(*way.steps[level].at, way.steps[level].slot, made);
            kind::note_regular(*way.steps[level].at);
        }
    }

    /// Some came to the leaf at the end of the path, and it was split: what it has no more is `right`.
    static void enter(header*& root, const path& way, const change& added, held right, spares& reserve) noexcept {
        for (unsigned level = way.depth; level-- > 0;) {
            inner& node = *way.steps[level].at;
            const unsigned slot = way.steps[level].slot;
            row all;
            all.push(node, 0, slot);
            all.push(whole(node.children[slot]));
            all.push(whole(right.take()));
            all.push(node, slot + 1, node.entries);
            if (all.count <= fanout) {
                all.store(node, 0, all.count);
                return note_above(way, level, added);
            }
            inner& beside = reserve.take();
            all.store(beside, all.count / 2, all.count);
            all.store(node, 0, all.count / 2);
            right = held(&beside);
        }
        inner& above = reserve.take();
        kind::append(above, root);
        kind::append(above, right.take());
        kind::note_regular(above);
        root = &above;
    }

    /// The leaf at the end of the path loses its only element, and goes.
    static void leave(header*& root, const path& way, const change& gone) noexcept {
        unsigned level = way.depth;
        while (level > 0 && way.steps[level - 1].at->entries == 1) { --level; }
        if (level == 0) { return replace(root, held()); }
        inner& node = *way.steps[level - 1].at;
        const unsigned slot = way.steps[level - 1].slot;
        const held empty(node.children[slot]);
        row all;
        all.push(node, 0, slot);
        all.push(node, slot + 1, node.entries);
        all.store(node, 0, all.count);
        note_above(way, level - 1, gone);
        if (slot == 0) { note_first(way, level - 1, node); }
        path upper = way;
        upper.depth = level - 1;
        if (!is_filled(node)) { mend(root, upper); }
    }

    /// The node at the end of the path has too few entries: joins it with a neighbour, and so on upwards.
    static void mend(header*& root, const path& way) noexcept {
        unsigned level = way.depth;
        try {
            for (bool filled = false; level > 0 && !filled; --level) {
                inner& node = *way.steps[level - 1].at;
                unsigned slot = way.steps[level - 1].slot;
                while (node.entries > 1 && !is_filled(*node.children[slot])) {
                    slot = std::min<unsigned>(slot, node.entries - 2U);
                    pair both = join(node.children[slot], node.children[slot + 1]);
                    const held old_left(node.children[slot]);
                    const held old_right(node.children[slot + 1]);
                    row all;
                    all.push(node, 0, slot);
                    for (held* each : {&both.first, &both.second}) {
                        if (*each) { all.push(whole(each->take())); }
                    }
                    all.push(node, slot + 2, node.entries);
                    all.store(node, 0, all.count);
                }
                kind::note_regular(node);
                filled = is_filled(node);
            }
        } catch (...) {
            // The change itself is done. A node with few entries is only slower.
        }
        while (level-- > 0) { kind::note_regular(*way.steps[level].at); }
        drop_chain(root);
    }

    /// A root with one child is none.
    static void drop_chain(header*& root) noexcept {
        while (root->height != 0 && root->entries == 1) { replace(root, held(retain(as_inner(*root).children[0]))); }
    }

    /// Elements [first, last) of the tree below `node`, as a node of the same height; between the edges shared.
    [[nodiscard]] static held part(header* node, std::size_t first, std::size_t last) {
        if (first == 0 && last == size_of(*node)) { return held(retain(node)); }
        if (node->height == 0) {
            return gather({copied(as_leaf(*node).items(), as_leaf(*node).size())}, first, last, last - first);
        }
        const inner& from = as_inner(*node);
        std::size_t low = first;
        std::size_t high = last - 1;
        const unsigned begin = find(from, low);
        const unsigned end = find(from, high);
        const auto size_at = [&from](unsigned slot) { return before(from, slot + 1) - before(from, slot); };
        const std::size_t begin_last = begin == end ? high + 1 : size_at(begin);
        held left = low != 0 || begin_last != size_at(begin) ? part(from.children[begin], low, begin_last) : held();
        held right = begin != end && high + 1 != size_at(end) ? part(from.children[end], 0, high + 1) : held();
        inner* made = kind::make_inner(from.height);
        const unsigned shared = begin + (left ? 1U : 0U);
        if (left) { kind::append(*made, left.take()); }
        kind::append_shared(*made, from, shared, right ? end : end + 1);
        if (right) { kind::append(*made, right.take()); }
        kind::note_regular(*made);
        return held(made);
    }

    /// Two trees as one or two nodes as high as the higher.  Both are borrowed.
    [[nodiscard]] static pair join(header* left, header* right) {
        const unsigned height = std::max(left->height, right->height);
        if (height == 0) { return join_leaves(left, right); }
        if (left->height == right->height && has_enough(left, false) && has_enough(right, true)) {
            return {held(retain(left)), held(retain(right))};
        }
        header* last = left->height == height ? as_inner(*left).children[left->entries - 1U] : left;
        header* first = right->height == height ? as_inner(*right).children[0] : right;
        pair middle = join(last, first);
        unsigned in_left = left->height == height ? left->entries - 1U : 0;
        unsigned from_right = right->height == height ? 1 : 0;
        while (!middle.second && !is_filled(*middle.first.get())) {
            if (in_left > 0) {
                middle = join(as_inner(*left).children[--in_left], middle.first.get());
            } else if (right->height == height && from_right < right->entries) {
                middle = join(middle.first.get(), as_inner(*right).children[from_right++]);
            } else {
                break;
            }
        }
        row all;
        if (left->height == height) { all.push(as_inner(*left), 0, in_left); }
        for (const held* each : {&middle.first, &middle.second}) {
            if (*each) { all.push(whole(each->get())); }
        }
        if (right->height == height) { all.push(as_inner(*right), from_right, right->entries); }

        const unsigned in_first = all.count <= fanout ? all.count : all.count / 2;
        held one(kind::make_inner(height));
        held two(in_first == all.count ? nullptr : kind::make_inner(height));
        for (unsigned each = 0; each < all.count; ++each) { retain(all.children[each].node); }
        all.store(as_inner(*one.get()), 0, in_first);
        if (two) { all.store(as_inner(*two.get()), in_first, all.count); }
        return {std::move(one), std::move(two)};
    }
    [[nodiscard]] static pair join_leaves(header* left, header* right) {
        const leaf& a = as_leaf(*left);
        const leaf& b = as_leaf(*right);
        const std::size_t all = a.size() + b.size();
        if (all > leaf_most && a.size() >= leaf_least && b.size() >= leaf_least) {
            return {held(retain(left)), held(retain(right))};
        }
        const std::initializer_list<piece> pieces = {copied(a.items(), a.size()), copied(b.items(), b.size())};
        if (all <= leaf_most) { return {gather(pieces, Order::capacity_for(all, leaf_most)), held()}; }
        const std::size_t capacity = Order::capacity_for(all - all / 2, leaf_most);
        held first = gather(pieces, 0, all / 2, capacity);
        return {std::move(first), gather(pieces, all / 2, all, capacity)};
    }
    /// It may stand inside a tree.
    [[nodiscard]] static bool is_filled(const header& node) noexcept {
        return node.height == 0 ? as_leaf(node).size() >= leaf_least : node.entries >= fanout_least;
    }
    /// No node on this edge has too few entries to stand inside a tree.
    [[nodiscard]] static bool has_enough(const header* node, bool first_edge) noexcept {
        while (node->height != 0 && is_filled(*node)) {
            node = as_inner(*node).children[first_edge ? 0 : node->entries - 1U];
        }
        return is_filled(*node);
    }

    struct edges {
        bool left;
        bool right;
    };
    static void check_below(const header& node, edges on = {true, true}) {
        const bool inside = !on.left && !on.right;
        if (node.height == 0) {
            const std::size_t size = as_leaf(node).size();
            COPPICE_CHECK(size > 0 && size <= leaf_most && size <= as_leaf(node).capacity);  // I2
            COPPICE_CHECK(!inside || is_filled(node));                                       // I3
            COPPICE_CHECK(as_leaf(node).root == nullptr);
            return;
        }
        const inner& here = as_inner(node);
        COPPICE_CHECK(here.entries >= 1 && here.entries <= fanout);  // I2
        COPPICE_CHECK(!inside || is_filled(node));                   // I3
        std::size_t sum = 0;
        bool regular = true;
        for (unsigned slot = 0; slot < here.entries; ++slot) {
            const header& child = *here.children[slot];
            COPPICE_CHECK(child.height + 1 == here.height);  // I1
            const bool last = slot + 1U == here.entries;
            check_below(child, {on.left && slot == 0, on.right && last});
            sum += size_of(child);
            COPPICE_CHECK(before(here, slot + 1) == sum);  // I4
            if constexpr (Order::keyed) {
                COPPICE_CHECK(slot == 0 || Order::same(here.lows[slot - 1], low_of(child)));  // I6
            }
            COPPICE_CHECK(kind::child(here, slot).total == kind::measure_of(child));  // I7
            regular =
                regular && (last ? child.height == 0 || child.regular : size_of(child) == kind::full(child.height));
        }
        COPPICE_CHECK(!here.regular || regular);  // I5
        kind::with_sums(here, [&here](const auto& sums) {
            for (unsigned slot = here.entries; slot < fanout; ++slot) {
                COPPICE_CHECK(sums[slot] == std::numeric_limits<std::decay_t<decltype(sums[0])>>::max());  // I4
            }
        });
    }
};

}  // namespace coppice::resident
