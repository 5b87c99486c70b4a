// coppice/resident/hashed.hpp: a copy-on-write trie by hash, in memory.
//
// A tree is the pointer to its root, null when empty; who holds it owns one reference. Functions that change a tree
// take that pointer by reference, change in place what the tree alone owns and copy the rest. map.hpp and set.hpp make
// values of it.
//
//      path of a key: 0101 1100 ...         four bits a level, the first ones first
//
//               [. . . . . 5 . . . . . . . . . .]
//                          |
//      [a a a a a a a a b b b b c c . .]    leaf a: the next bit is 0; b: 10; c: 110; none begins with 111
//
// Invariants (check reports them by number)
//   I1  The slots of one leaf are 2^k neighbours, at a multiple of 2^k: all paths with some first bits. An inner node
//       has one slot. A full leaf is halved by the next bit, so that leaves are two thirds full, whatever their number.
//   I2  Every entry lies where the path of its key leads, under its tag, and once.
//   I3  A leaf holds 1 to leaf_most entries; below levels_most inner nodes, where paths end, as many as there are.
//   I4  An inner node has a child.
//
// How a change stays whole. First the path to the leaf becomes the tree's own, and the leaf gets room, which changes
// nothing that the tree says. Then the entry is made. Only then is anything changed, and nothing throws from there on.
#pragma once

#include <coppice/resident/hashed_node.hpp>

namespace coppice::resident {

template <class Kind, class Hash, class Equal, class Nodes>
class hashed : public hashed_nodes<Kind, Hash, Equal, Nodes> {
    using base = hashed_nodes<Kind, Hash, Equal, Nodes>;

public:
    using typename base::cell;
    using typename base::cells;
    using typename base::element;
    using typename base::header;
    using typename base::held;
    using typename base::inner;
    using typename base::leaf;
    using base::as_inner, base::as_leaf, base::capacity_for, base::find_in, base::hashed_of, base::key_of,
        base::leaf_most, base::merged_most, base::nowhere, base::path_of, base::release, base::retain;

    // ---- Looking

    /// The entry of a key, or null.
    template <class Key>
    [[nodiscard]] static const element* find(const header* node, hashed_key of, const Key& key) {
        std::uint32_t path = of.path;
        while (node != nullptr && !node->is_leaf) {
            node = as_inner(*node).children[path >> (path_bits - slot_bits)];
            path <<= slot_bits;
        }
        if (node == nullptr) { return nullptr; }
        const leaf& in = as_leaf(*node);
        const std::uint32_t at = find_in(in, of.tag, key);
        return at == nowhere ? nullptr : &cells::element(in.begin()[at]);
    }

    /// Some cells beside each other, and the path at which the next ones begin; 2^32 behind the last ones.
    struct run {
        const cell* begin = nullptr;
        const cell* end = nullptr;
        std::uint64_t next = 0;
    };
    /// The first cells at `path` or behind it.
    [[nodiscard]] static run cells_from(const header* root, std::uint64_t path) noexcept {
        while (path >> path_bits == 0) {
            const header* node = root;
            unsigned shift = path_bits;
            std::uint64_t next = std::uint64_t{1} << path_bits;
            while (node != nullptr && !node->is_leaf) {
                shift -= slot_bits;
                const auto& children = as_inner(*node).children;
                const auto first = static_cast<unsigned>(path >> shift) & (slots - 1);
                node = children[first];
                unsigned behind = first + 1;
                while (behind < slots && children[behind] == node) { ++behind; }
                next = ((path >> shift) + behind - first) << shift;
            }
            if (node != nullptr) { return {as_leaf(*node).begin(), as_leaf(*node).end(), next}; }
            path = next;
        }
        return {nullptr, nullptr, path};
    }

    // ---- Changing

    /// Puts an entry into the tree, in place of one with the same key; true if there was none.
    static bool insert(header*& root, hashed_key of, element&& entry) {
        for (;;) {
            trail way;
            const place at = own_path(root, of.path, way);
            if (*at.begin == nullptr) {
                held fresh(base::make_leaf(capacity_for(1)));
                base::append(as_leaf(*fresh.get()), of.tag, cells::make(std::move(entry), of.path));
                at.put(fresh.take());
                return true;
            }
            leaf& old = as_leaf(**at.begin);
            const std::uint32_t found = find_in(old, of.tag, Kind::key_of(entry));
            if (found != nowhere) {
                cells::assign(own_leaf(at, 0).begin()[found], std::move(entry), of.path);
                return false;
            }
            if (old.count < leaf_most || (way.depth == levels_most && at.count == 1)) {
                leaf& in = own_leaf(at, 1);
                base::append(in, of.tag, cells::make(std::move(entry), of.path));
                return true;
            }
            at.count == 1 ? push_down(at) : halve(at, way.depth);
        }
    }

    /// Takes the entry of a key away.  Requires: there is one.
    template <class Key>
    static void erase(header*& root, hashed_key of, const Key& key) {
        trail way;
        const place at = own_path(root, of.path, way);
        leaf& old = as_leaf(**at.begin);
        const std::uint32_t found = find_in(old, of.tag, key);
        if (old.count == 1) {
            at.put(nullptr);
            release(&old);
        } else {
            base::remove(own_leaf(at, 0), found);
        }
        join(way);
    }

    // ---- Comparing

    /// Calls `visit(key, before, after)`, two pointers to entries of which one may be null, for each entry that is only
    /// in one of two trees or has different values in them, until it returns false; returns whether it never did.
    /// Cost: O(differences).
    template <class Visit>
    static bool diff(const header* before, const header* after, Visit visit) {
        return differ<Visit>{before, after, visit}.nodes(before, after);
    }

    /// Calls `use` with each entry that the tree alone holds, in nodes that it alone holds.
    template <class Use>
    static void for_each_unshared(const header* node, Use& use) {
        if (node == nullptr || !node->owners.is_one()) { return; }
        if (!node->is_leaf) {
            const header* last = nullptr;
            for (const header* child : as_inner(*node).children) {
                if (child != last) { for_each_unshared(child, use); }
                last = child;
            }
            return;
        }
        for (const cell& each : as_leaf(*node)) {
            if (cells::is_unshared(each)) { use(cells::element(each)); }
        }
    }

    /// Calls `use` with nodes that are leaves or above leaves alone: all entries are below one of them.
    template <class Use>
    static void for_each_run(const header* node, Use& use) {
        if (node == nullptr) { return; }
        bool above_leaves = true;
        if (!node->is_leaf) {
            base::for_each_child(as_inner(*node), [&](const header& child) { above_leaves &= child.is_leaf; });
        }
        if (above_leaves) { return use(*node); }
        base::for_each_child(as_inner(*node), [&use](const header& child) { for_each_run(&child, use); });
    }

    /// Dies naming the broken invariant.  Cost: O(n).
    static void check(const header* root, std::size_t size) {
        const std::size_t found = root == nullptr ? 0
                                  : root->is_leaf ? check_leaf(as_leaf(*root), 0, slots, 1)
                                                  : check_below(as_inner(*root), 0, 0);
        COPPICE_CHECK(found == size);
    }

private:
    /// Slots that have one child, or none, and belong together.
    struct place {
        header** begin;
        unsigned count;
        void put(header* node) const noexcept { std::fill_n(begin, count, node); }
    };
    struct step {
        header** holder;  // the slot, or the root, that has the node
        unsigned slot;    // the way goes on there
    };
    struct trail {
        std::array<step, levels_most> steps;
        unsigned depth = 0;
    };

    struct block {
        unsigned first;
        unsigned count;
    };
    /// The largest block of slots around `slot` that all have its child.
    [[nodiscard]] static block block_of(const inner& node, unsigned slot) noexcept {
        const header* child = node.children[slot];
        block all{slot, 1};
        while (all.count < slots) {
            const unsigned beside = all.first ^ all.count;
            for (unsigned each = beside; each < beside + all.count; ++each) {
                if (node.children[each] != child) { return all; }
            }
            all = {std::min(all.first, beside), all.count * 2};
        }
        return all;
    }

    /// Makes the inner node that a slot has the tree's own.  Requires: what holds the slot is.
    static inner& own(header*& slot) {
        if (!slot->owners.is_one()) { release(std::exchange(slot, base::copy(as_inner(*slot)))); }
        return as_inner(*slot);
    }
    /// Makes the inner nodes above the leaf of `path` the tree's own; returns the slots of the leaf, or of none.
    static place own_path(header*& root, std::uint32_t path, trail& way) {
        header** slot = &root;
        while (*slot != nullptr && !(*slot)->is_leaf) {
            inner& node = own(*slot);
            const unsigned next = path >> (path_bits - slot_bits);
            way.steps[way.depth++] = {slot, next};
            slot = &node.children[next];
            path <<= slot_bits;
        }
        if (way.depth == 0) { return {slot, 1}; }
        inner& above = last_node(way);
        const block all = block_of(above, way.steps[way.depth - 1].slot);
        return {&above.children[all.first], all.count};
    }
    [[nodiscard]] static inner& last_node(const trail& way) noexcept {
        return as_inner(**way.steps[way.depth - 1].holder);
    }
    /// Makes a leaf the tree's own, with room for `more` entries.
    static leaf& own_leaf(const place& at, std::uint32_t more) {
        leaf& old = as_leaf(**at.begin);
        if (old.owners.is_one() && old.count + more <= old.capacity) { return old; }
        leaf* made = base::make_leaf(capacity_for(old.count + more));
        base::append_all(*made, old);
        at.put(made);
        release(&old);
        return *made;
    }

    /// Puts an inner node between a slot and its leaf.
    static void push_down(const place& at) {
        inner* made = base::make_inner();
        made->children.fill(*at.begin);
        *at.begin = made;
    }
    /// Deals the entries of a full leaf by the next bit of their paths: two leaves, or one and empty slots.
    static void halve(const place& at, unsigned depth) {
        leaf& old = as_leaf(**at.begin);
        const std::uint32_t bit = at.count / 2 << (path_bits - slot_bits * depth);
        std::uint32_t upper = 0;
        for (std::uint32_t each = 0; each < old.count; ++each) {
            upper |= ((path_of(old.begin()[each]) & bit) != 0 ? 1U : 0U) << each;
        }
        const auto upper_count = static_cast<std::uint32_t>(std::popcount(upper));
        const place low{at.begin, at.count / 2};
        const place high{at.begin + at.count / 2, at.count / 2};
        if (upper_count == 0) { return high.put(nullptr); }
        if (upper_count == old.count) { return low.put(nullptr); }

        held spare(base::make_leaf(capacity_for(old.count - upper_count + 1)));
        leaf* second = base::make_leaf(capacity_for(upper_count + 1));
        leaf* first = &as_leaf(*spare.take());
        for (std::uint32_t each = 0; each < old.count; ++each) {
            base::append((upper >> each & 1) != 0 ? *second : *first, old.tags()[each], old.begin()[each]);
        }
        base::give_up(old);
        low.put(first);
        high.put(second);
        release(&old);
    }

    /// After an entry or a leaf at the end of the way is gone: leaves that hold few become one with their neighbours,
    /// and inner nodes with one leaf give way to it.
    static void join(trail& way) noexcept {
        try {
            while (way.depth > 0) {
                inner& node = last_node(way);
                block mine = block_of(node, way.steps[way.depth - 1].slot);
                while (mine.count < slots) {
                    const block beside = block_of(node, mine.first ^ mine.count);
                    if (beside.count != mine.count || !join(node, mine, beside)) { return; }
                    mine = block_of(node, mine.first);
                }
                header* only = node.children[0];
                if (only != nullptr && (!only->is_leaf || as_leaf(*only).count > leaf_most)) { return; }
                node.children.fill(nullptr);
                release(std::exchange(*way.steps[--way.depth].holder, only));
            }
        } catch (...) {
            // The change itself is done. Leaves with few entries are only slower.
        }
    }
    /// Makes one leaf, or half of it nothing, of two blocks beside each other; false if they stay.
    static bool join(inner& node, block mine, block beside) {
        header* a = node.children[mine.first];
        header* b = node.children[beside.first];
        for (const header* each : {a, b}) {
            if (each != nullptr && (!each->is_leaf || as_leaf(*each).count > leaf_most)) { return false; }
        }
        header* joined = a == nullptr ? b : a;
        if (a != nullptr && b != nullptr) {
            const std::uint32_t all = as_leaf(*a).count + as_leaf(*b).count;
            if (all > merged_most) { return false; }
            leaf* made = base::make_leaf(capacity_for(all));
            joined = made;
            for (header* each : {a, b}) {
                base::append_all(*made, as_leaf(*each));
                release(each);
            }
        }
        const unsigned first = std::min(mine.first, beside.first);
        std::fill_n(node.children.begin() + first, mine.count * 2, joined);
        return true;
    }

    /// Compares two trees where they differ.
    template <class Visit>
    struct differ {
        const header* before;
        const header* after;
        Visit& visit;

        /// Two nodes in the same place.
        [[nodiscard]] bool nodes(const header* a, const header* b) {
            if (a == b) { return true; }
            if (a == nullptr || b == nullptr || a->is_leaf != b->is_leaf) { return all_gone(a) && all_come(b); }
            return a->is_leaf ? leaves(as_leaf(*a), as_leaf(*b)) : inners(as_inner(*a), as_inner(*b));
        }
        [[nodiscard]] bool inners(const inner& a, const inner& b) {
            std::uint32_t differing = 0;
            for (unsigned slot = 0; slot < slots; ++slot) {
                differing |= (a.children[slot] != b.children[slot] ? 1U : 0U) << slot;
            }
            while (differing != 0) {
                const auto slot = static_cast<unsigned>(std::countr_zero(differing));
                const block in_a = block_of(a, slot);
                const block in_b = block_of(b, slot);
                const block all = in_a.count >= in_b.count ? in_a : in_b;
                if (in_a.count == in_b.count) {
                    if (!nodes(a.children[slot], b.children[slot])) { return false; }
                } else if (!in_block(a, all, [this](const header* each) { return all_gone(each); })
                           || !in_block(b, all, [this](const header* each) { return all_come(each); })) {
                    return false;
                }
                differing &= ~(((1U << all.count) - 1) << all.first);
            }
            return true;
        }
        template <class Use>
        [[nodiscard]] static bool in_block(const inner& node, block all, Use use) {
            const header* last = nullptr;
            for (unsigned slot = all.first; slot < all.first + all.count; ++slot) {
                const header* each = node.children[slot];
                if (each != last && !use(each)) { return false; }
                last = each;
            }
            return true;
        }
        [[nodiscard]] bool leaves(const leaf& a, const leaf& b) {
            // Most entries lie in both at one place.
            const auto stays = [&](std::uint32_t at) {
                return at < a.count && at < b.count && is_same(a.begin()[at], b.begin()[at]);
            };
            for (std::uint32_t at = 0; at < a.count; ++at) {
                if (!stays(at) && !gone(a.begin()[at], entry_in(b, a.tags()[at], a.begin()[at]))) { return false; }
            }
            for (std::uint32_t at = 0; at < b.count; ++at) {
                if (!stays(at) && !come(entry_in(a, b.tags()[at], b.begin()[at]), b.begin()[at])) { return false; }
            }
            return true;
        }
        [[nodiscard]] static const element* entry_in(const leaf& in, std::uint8_t tag, const cell& like) {
            const std::uint32_t at = find_in(in, tag, key_of(like));
            return at == nowhere ? nullptr : &cells::element(in.begin()[at]);
        }
        /// The cells are known to say the same.
        [[nodiscard]] static bool is_same(const cell& a, const cell& b) {
            if constexpr (cells::counted) {
                return a == b;
            } else {
                return Equal()(key_of(a), key_of(b)) && Kind::equal_values(a, b);
            }
        }

        /// For an entry of the first tree, and that of its key in the second one: if they differ it is visited.
        [[nodiscard]] bool gone(const cell& was, const element* is) {
            const element* old = &cells::element(was);
            if (is == old || (is != nullptr && Kind::equal_values(*old, *is))) { return true; }
            return visit(Kind::key_of(*old), old, is);
        }
        /// The other way round, except that entries whose key is in both were visited.
        [[nodiscard]] bool come(const element* was, const cell& is) {
            return was != nullptr || visit(key_of(is), was, &cells::element(is));
        }
        [[nodiscard]] bool all_gone(const header* node) {
            return each_cell(
                node, [this](const cell& was) { return gone(was, find(after, hashed_of(key_of(was)), key_of(was))); });
        }
        [[nodiscard]] bool all_come(const header* node) {
            return each_cell(
                node, [this](const cell& is) { return come(find(before, hashed_of(key_of(is)), key_of(is)), is); });
        }
        template <class Use>
        [[nodiscard]] static bool each_cell(const header* node, Use use) {
            if (node == nullptr) { return true; }
            if (node->is_leaf) {
                for (const cell& each : as_leaf(*node)) {
                    if (!use(each)) { return false; }
                }
                return true;
            }
            return in_block(as_inner(*node), {0, slots}, [&use](const header* child) { return each_cell(child, use); });
        }
    };

    /// Entries below an inner node, to which `depth` inner nodes and the first bits of `path` lead.
    [[nodiscard]] static std::size_t check_below(const inner& here, std::uint32_t path, unsigned depth) {
        COPPICE_CHECK(depth < levels_most);
        const unsigned shift = path_bits - slot_bits * (depth + 1);
        std::size_t count = 0;
        bool empty = true;
        for (unsigned slot = 0; slot < slots;) {
            const header* child = here.children[slot];
            const block all = block_of(here, slot);
            COPPICE_CHECK(all.first == slot);  // I1
            const std::uint32_t first = path | slot << shift;
            if (child != nullptr) {
                empty = false;
                count += child->is_leaf ? check_leaf(as_leaf(*child), first, all.count, depth + 1)
                                        : check_below(as_inner(*child), first, depth + 1);
                COPPICE_CHECK(child->is_leaf || all.count == 1);  // I1
            }
            slot += all.count;
        }
        COPPICE_CHECK(!empty);  // I4
        return count;
    }
    /// The leaf has `width` slots of a node at `depth`, the first of which has the path `first`.
    [[nodiscard]] static std::size_t check_leaf(const leaf& in, std::uint32_t first, unsigned width, unsigned depth) {
        COPPICE_CHECK(in.count > 0 && in.count <= in.capacity);                        // I3
        COPPICE_CHECK(in.count <= leaf_most || (depth == levels_most && width == 1));  // I3
        const unsigned shift = path_bits - slot_bits * depth;
        for (std::uint32_t at = 0; at < in.count; ++at) {
            const hashed_key of = hashed_of(key_of(in.begin()[at]));
            const std::uint64_t last = std::uint64_t{first} + (std::uint64_t{width} << shift);
            COPPICE_CHECK(of.path >= first && of.path < last);                 // I2
            COPPICE_CHECK(of.tag == in.tags()[at]);                            // I2
            COPPICE_CHECK(find_in(in, of.tag, key_of(in.begin()[at])) == at);  // I2
        }
        return in.count;
    }
};

}  // namespace coppice::resident
