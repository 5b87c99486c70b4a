// coppice/resident/ordered_tree.hpp: the tree of an ordered collection: a sequence that is also searched by key.
//
//            [ d | 5 9 ]           lows: the first key of each child but the first; sums of elements
//             /     `---.
//      [a b c | 1 2 3] [d e | 4 5] keys and values (entries.hpp)
//
// Keys ascend. Inline keys are searched without branches, in a number of steps that hardly varies; all lines of a
// leaf's keys are asked for at once. Others are searched with branches, which load ahead.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <coppice/resident/entries.hpp>
#include <coppice/resident/sequence.hpp>

namespace coppice {

/// The order of keys that have `<`; keys are found by whatever compares with them.
struct ascending {
    using is_transparent = void;
    template <class A, class B>
    [[nodiscard]] constexpr auto operator()(const A& a, const B& b) const -> decltype(static_cast<bool>(a < b)) {
        return static_cast<bool>(a < b);
    }
};

namespace resident {

template <class Entries, class Compare>
struct by_key {
    static constexpr bool keyed = true;
    static constexpr std::size_t leaf_most = Entries::leaf_most;
    using separator = typename Entries::separator;
    using measure = no_measure;

    [[nodiscard]] static measure measured(const auto& /*first*/, std::size_t /*count*/) noexcept { return {}; }
    [[nodiscard]] static separator low(typename Entries::at first) noexcept { return Entries::low(first); }
    [[nodiscard]] static bool same(const separator& a, const separator& b) {
        if constexpr (Entries::keys_inline) {
            return !Compare()(a, b) && !Compare()(b, a);
        } else {
            return a == b;
        }
    }
    /// Leaves grow by steps, so that memory follows what is in them.
    [[nodiscard]] static constexpr std::size_t capacity_for(std::size_t count, std::size_t most) noexcept {
        return std::min(most, count <= 8 ? 8 : (count + 15) / 16 * 16);
    }
};

template <class Entries, class Compare, class Nodes>
class ordered_tree : public sequence<typename Entries::element, Nodes, by_key<Entries, Compare>> {
    using order = by_key<Entries, Compare>;
    using kind = sequence<typename Entries::element, Nodes, order>;

public:
    using element = typename Entries::element;
    using given = typename Entries::given;
    using typename kind::at;
    using typename kind::header;
    using typename kind::held;
    using typename kind::inner;
    using typename kind::leaf;
    using typename kind::path;
    using typename kind::place;
    using kind::as_inner, kind::as_leaf, kind::before, kind::fanout, kind::leaf_most, kind::size_of;

    // ---- Looking

    /// The child of a node that has `key` if one has.
    template <class Key>
    [[nodiscard]] static unsigned slot_of(const inner& node, const Key& key) {
        if constexpr (Entries::keys_inline) {
            unsigned slot = 0;
            for (unsigned each = 0; each + 1 < fanout; ++each) { slot += Compare()(key, node.lows[each]) ? 0U : 1U; }
            return std::min<unsigned>(slot, node.entries - 1U);  // lows behind the last repeat it
        } else {
            unsigned slot = 0;
            for (unsigned end = node.entries; end - slot > 1;) {
                const unsigned middle = slot + (end - slot) / 2;
                Compare()(key, Entries::key_of(node.lows[middle - 1])) ? end = middle : slot = middle;
            }
            return slot;
        }
    }
    /// How many elements of a leaf, which has some, are less than `key`.
    template <class Key>
    [[nodiscard]] static std::size_t lower_in(const leaf& in, const Key& key) {
        std::size_t first = 0;
        std::size_t count = in.size();
        if constexpr (Entries::keys_inline) {
            const auto* keys = Entries::keys(in.items());
            while (count > 1) {
                const std::size_t half = count / 2;
                first += half & -static_cast<std::size_t>(Compare()(keys[first + half - 1], key));
                count -= half;
            }
            return first + (Compare()(keys[first], key) ? 1 : 0);
        } else {
            while (count > 0) {
                const std::size_t half = count / 2;
                if (Compare()(Entries::key(in.items() + (first + half)), key)) {
                    first += half + 1;
                    count -= half + 1;
                } else {
                    count = half;
                }
            }
            return first;
        }
    }
    [[nodiscard]] static bool holds(const leaf& in, std::size_t position, const auto& key) {
        return position < in.size() && !Compare()(key, Entries::key(in.items() + position));
    }
    /// The leaf that has `key` if one has.
    template <class Key>
    [[nodiscard]] static const leaf& leaf_for(const header* node, const Key& key) {
        while (node->height != 0) {
            const inner& here = as_inner(*node);
            node = here.children[slot_of(here, key)];
            if (here.height == 1) { fetch_keys(*node); }
        }
        return as_leaf(*node);
    }
    /// Where the element with `key` is; in no leaf if there is none.
    template <class Key>
    [[nodiscard]] static place find_key(const header* root, const Key& key) {
        if (root == nullptr) { return {nullptr, 0}; }
        const leaf& in = leaf_for(root, key);
        const std::size_t position = lower_in(in, key);
        return {holds(in, position, key) ? &in : nullptr, position};
    }
    /// How many elements are less than `key`; or, with OrSame, not greater.
    template <bool OrSame, class Key>
    [[nodiscard]] static std::size_t rank(const header* node, const Key& key) {
        if (node == nullptr) { return 0; }
        std::size_t passed = 0;
        while (node->height != 0) {
            const unsigned slot = slot_of(as_inner(*node), key);
            passed += before(as_inner(*node), slot);
            node = as_inner(*node).children[slot];
        }
        const std::size_t position = lower_in(as_leaf(*node), key);
        return passed + position + (OrSame && holds(as_leaf(*node), position, key) ? 1 : 0);
    }
    [[nodiscard]] static at first(const header* node) noexcept {
        while (node->height != 0) { node = as_inner(*node).children[0]; }
        return as_leaf(*node).items();
    }
    [[nodiscard]] static at last(const header* node) noexcept {
        while (node->height != 0) { node = as_inner(*node).children[node->entries - 1U]; }
        return as_leaf(*node).items() + (as_leaf(*node).size() - 1);
    }

    // ---- Changing

    /// Puts in what is given, in place of the element with its key if there is one; true if there was none.
    static bool put(header*& root, given&& value) {
        if (root == nullptr) {
            element first = Entries::make(std::move(value));
            root = kind::gather({kind::last_use(first)}, order::capacity_for(1, leaf_most)).take();
            return true;
        }
        const auto& key = Entries::key_in(value);
        path way;
        header*& slot = kind::own_way(root, way, [&key](const inner& node) {
            const unsigned chosen = slot_of(node, key);
            if (node.height == 1) { fetch_keys(*node.children[chosen]); }
            return chosen;
        });
        const leaf& in = as_leaf(*slot);
        const std::size_t position = lower_in(in, key);
        if (!holds(in, position, key)) {
            kind::insert_at(root, slot, way, position, Entries::make(std::move(value)));
            return true;
        }
        if constexpr (Entries::has_values) {
            if (!kind::is_own(in) || !Entries::assign(in.items() + position, std::move(value))) {
                kind::set_at(slot, way, position, Entries::make(std::move(value)));
            }
        }
        return false;
    }
    /// Takes out the element with a key; false if there is none.
    template <class Key>
    static bool erase_key(header*& root, const Key& key) {
        const place found = find_key(root, key);
        if (found.in == nullptr) { return false; }
        path way;
        header*& slot = kind::own_way(root, way, [&key](const inner& node) { return slot_of(node, key); });
        kind::erase_at(root, slot, way, found.at);
        return true;
    }

    /// Makes a tree of elements that come in order.  Cost: O(1) each.
    class builder {
    public:
        /// Of about `expected` elements.
        explicit builder(std::size_t expected) noexcept : expected_(expected) {}
        builder(const builder&) = delete;
        builder& operator=(const builder&) = delete;
        ~builder() { kind::release(root_); }

        [[nodiscard]] bool takes(const given& next) const {
            return !last_ || Compare()(Entries::key(end() + (last_leaf().size() - 1)), Entries::key_in(next));
        }
        /// Requires: takes(next).
        void push(given&& from) {
            element next = Entries::make(std::move(from));
            if (last_ && last_leaf().size() == leaf_most) { append(); }
            if (!last_ || last_leaf().size() == last_leaf().capacity) { grow(); }
            kind::put(last_leaf(), last_leaf().size(), std::move(next));
            ++size_;
        }
        [[nodiscard]] std::size_t size() const noexcept { return size_; }
        [[nodiscard]] header* done() {
            if (last_) { append(); }
            return std::exchange(root_, nullptr);
        }

    private:
        [[nodiscard]] leaf& last_leaf() const noexcept { return as_leaf(*last_.get()); }
        [[nodiscard]] at end() const noexcept { return last_leaf().items(); }
        void append() { kind::append(root_, &as_leaf(*last_.take())); }
        void grow() {
            const std::size_t count = last_ ? last_leaf().size() : 0;
            const std::size_t left = expected_ > size_ ? expected_ - size_ : 1;
            const std::size_t capacity =
                expected_ > size_ ? std::min(leaf_most, count + left) : order::capacity_for(count + 1, leaf_most);
            held made(kind::make_leaf(capacity));
            if (last_) { kind::fill(as_leaf(*made.get()), {end(), count, true}); }
            last_ = std::move(made);
        }

        header* root_ = nullptr;
        held last_;  // not yet in the tree
        std::size_t expected_;
        std::size_t size_ = 0;
    };

    /// Dies naming the broken invariant.  Cost: O(n).
    static void check(const header* root) {
        kind::check(root);
        if (root == nullptr) { return; }
        const std::size_t size = size_of(*root);
        at previous{};
        for (std::size_t index = 0; index < size;) {
            const auto found = kind::find_leaf(root, index);
            for (std::size_t each = 0; each < found.in->size(); ++each, ++index) {
                const at next = found.in->items() + each;
                COPPICE_CHECK(index == 0 || Compare()(Entries::key(previous), Entries::key(next)));  // keys ascend
                previous = next;
            }
        }
    }

private:
    static void fetch_keys(const header& node) noexcept {
        if constexpr (Entries::keys_inline) {
            const auto* keys = reinterpret_cast<const char*>(&node);
            for (std::size_t each = 0; each < leaf_most * sizeof(typename Entries::separator); each += 64) {
                __builtin_prefetch(keys + each);
            }
        }
    }
};

}  // namespace resident
}  // namespace coppice
