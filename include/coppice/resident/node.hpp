// coppice/resident/node.hpp: the nodes of a sequence in memory, and who owns them.
//
//     leaf   | owners height | used capacity | root |  element element element ....  room |
//     inner  | owners height entries regular | (lows) | (measures) | child child ... | sums: elements in 0..k |
//
// - A leaf is `used` elements of at most `capacity`. A leaf that is a vector's tail also owns the tree in front of it
//   (vector.hpp); in a tree its `root` is null.
// - An inner node has `entries` children, all of one height. sums[k] is the number of elements in its first k + 1
//   children; entries behind the last are as large as can be, so that searching needs no length. Nodes up to
//   narrow_height count in 32 bits, those above in 64.
// - `regular`: every child but the last holds as many elements as can be, and the last is regular. Then a position is
//   found by arithmetic. It is known in O(1) from the sums and the last child.
// - Where elements have keys (Order::keyed), lows[k] is the separator of child k + 1: that of the first element below
//   it, which the leaf owns and the separator only names. The last child's is repeated behind it, for a search of fixed
//   length.
// - Where elements are measured (Order::measure is not no_measure), measures[k] is the measure of those below child k.
//
// A node is written only by who owns it alone, on a path of such nodes; the last owner frees it, and with it what it
// alone owned. Counts are the only thing that threads share.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>

#include <coppice/base/assert.hpp>
#include <coppice/resident/layout.hpp>
#include <coppice/resident/policy.hpp>

namespace coppice::resident {

template <class Nodes>
struct header {
    owner_count<Nodes::atomic> owners;
    std::uint8_t height = 0;   ///< 0 for a leaf
    std::uint8_t entries = 0;  ///< inner: children
    bool regular = true;       ///< inner: found by arithmetic
};

template <class T, class Nodes>
struct leaf : header<Nodes> {
    using layout = resident::layout<T>;
    using at = typename layout::at;
    /// Elements that are constructed. A value on another thread may claim room behind those of its tail.
    std::conditional_t<Nodes::atomic, std::atomic<std::uint32_t>, std::uint32_t> used = 0;
    std::uint32_t capacity = 0;
    header<Nodes>* root = nullptr;  ///< a tail's: the tree in front of it

    static constexpr std::size_t alignment = std::max(layout::alignment, alignof(void*));
    [[nodiscard]] static constexpr std::size_t first_byte() noexcept {
        return (sizeof(leaf) + layout::alignment - 1) / layout::alignment * layout::alignment;
    }
    /// Elements that fill a leaf of leaf_bytes.
    [[nodiscard]] static constexpr std::size_t fitting() noexcept {
        const std::size_t room = Nodes::leaf_bytes - std::min(Nodes::leaf_bytes, first_byte());
        return std::max<std::size_t>(room / layout::element_bytes, 2);
    }

    /// Where the first element is. Of a leaf that is not owned elements are only read.
    [[nodiscard]] at items() const noexcept {
        return layout::start(const_cast<char*>(reinterpret_cast<const char*>(this)) + first_byte(), capacity);
    }
    [[nodiscard]] std::size_t size() const noexcept {
        if constexpr (Nodes::atomic) {
            return used.load(std::memory_order_relaxed);
        } else {
            return used;
        }
    }
    /// Requires: the leaf is owned, here, so nobody else looks.
    void set_size(std::size_t count) noexcept {
        if constexpr (Nodes::atomic) {
            used.store(static_cast<std::uint32_t>(count), std::memory_order_relaxed);
        } else {
            used = static_cast<std::uint32_t>(count);
        }
    }
};

template <class Nodes, class Order, bool Keyed = Order::keyed>
struct low_header : header<Nodes> {
    std::array<typename Order::separator, Nodes::fanout - 1> lows{};
};
template <class Nodes, class Order>
struct low_header<Nodes, Order, false> : header<Nodes> {};

template <class Order>
inline constexpr bool is_measured = !std::is_same_v<typename Order::measure, no_measure>;

template <class Nodes, class Order, bool Measured = is_measured<Order>>
struct measured_header : low_header<Nodes, Order> {
    std::array<typename Order::measure, Nodes::fanout> measures{};
};
template <class Nodes, class Order>
struct measured_header<Nodes, Order, false> : low_header<Nodes, Order> {};

template <class Nodes, class Order>
struct inner : measured_header<Nodes, Order> {
    std::array<header<Nodes>*, Nodes::fanout> children;  // of which `entries` are there
};
template <class Nodes, class Order, class Sum>
struct counted : inner<Nodes, Order> {
    std::array<Sum, Nodes::fanout> sums;
};

/// What the nodes of sequences of T can do alone: counting owners, searching, making and copying.
template <class T, class Nodes, class Order = by_position>
struct node_kind {
    using value = T;
    using header = resident::header<Nodes>;
    using leaf = resident::leaf<T, Nodes>;
    using inner = resident::inner<Nodes, Order>;
    using narrow = counted<Nodes, Order, std::int32_t>;  // signed: baseline SIMD compares such
    using wide = counted<Nodes, Order, std::int64_t>;
    using at = typename leaf::at;
    using separator = typename Order::separator;
    using measure = typename Order::measure;

    /// What an inner node knows of a child.
    struct branch {
        header* node;
        std::size_t size;
        [[no_unique_address]] separator low;  ///< where it matters: of no first child
        [[no_unique_address]] measure total;
    };
    /// What comes to the elements below a node, or goes.
    struct change {
        std::ptrdiff_t size;
        [[no_unique_address]] measure total;
    };
    [[nodiscard]] static change coming(at first, std::size_t count) noexcept {
        return {static_cast<std::ptrdiff_t>(count), Order::measured(first, count)};
    }
    [[nodiscard]] static change going(at first, std::size_t count) noexcept {
        return {-static_cast<std::ptrdiff_t>(count), measure() - Order::measured(first, count)};
    }

    /// Elements of a full leaf.
    static constexpr std::size_t leaf_most = std::min(leaf::fitting(), Order::leaf_most);
    static constexpr unsigned fanout = Nodes::fanout;
    static constexpr std::size_t leaf_least = (leaf_most + 3) / 4;  ///< inside a tree, if it can be
    static constexpr unsigned fanout_least = std::max(2U, fanout / 4);
    static_assert(fanout >= 4 && fanout <= 32, "an inner node has 4 to 32 children");

    /// Elements below a node of `height` that is as full as can be.
    [[nodiscard]] static constexpr std::uint64_t full(unsigned height) noexcept {
        std::uint64_t all = leaf_most;
        for (unsigned level = 0; level < height; ++level) { all *= fanout; }
        return all;
    }

    // ---- Looking

    [[nodiscard]] static leaf& as_leaf(header& node) noexcept { return static_cast<leaf&>(node); }
    [[nodiscard]] static const leaf& as_leaf(const header& node) noexcept { return static_cast<const leaf&>(node); }
    [[nodiscard]] static inner& as_inner(header& node) noexcept { return static_cast<inner&>(node); }
    [[nodiscard]] static const inner& as_inner(const header& node) noexcept { return static_cast<const inner&>(node); }

    /// Calls `use` with the sums of an inner node, as they are counted at its height.
    template <class Inner, class Use>
    static decltype(auto) with_sums(Inner& node, Use use) {
        if (node.height <= Nodes::narrow_height) [[likely]] {
            return use(static_cast<std::conditional_t<std::is_const_v<Inner>, const narrow, narrow>&>(node).sums);
        }
        return use(static_cast<std::conditional_t<std::is_const_v<Inner>, const wide, wide>&>(node).sums);
    }
    /// Elements in children [0, slot).
    [[nodiscard]] static std::size_t before(const inner& node, unsigned slot) noexcept {
        return slot == 0 ? 0 : with_sums(node, [slot](auto& sums) { return static_cast<std::size_t>(sums[slot - 1]); });
    }
    [[nodiscard]] static std::size_t size_of(const header& node) noexcept {
        return node.height == 0 ? as_leaf(node).size() : before(as_inner(node), node.entries);
    }
    /// The child that holds the element at `position`, which becomes a position in that child.
    [[nodiscard]] static unsigned find(const inner& node, std::size_t& position) noexcept {
        if constexpr (std::has_single_bit(leaf_most * fanout)) {  // then arithmetic is quicker than looking
            if (node.regular) {
                constexpr int leaf_bits = std::countr_zero(leaf_most);
                constexpr int level_bits = std::countr_zero(std::size_t{fanout});
                const int below = leaf_bits + level_bits * (node.height - 1);
                const auto slot = static_cast<unsigned>(position >> below);
                position &= (std::size_t{1} << below) - 1;
                return slot;
            }
        }
        return with_sums(node, [&](auto& sums) {
            using sum = std::remove_reference_t<decltype(sums[0])>;
            const auto wanted = static_cast<std::remove_const_t<sum>>(position);
            unsigned slot = 0;
            for (unsigned each = 0; each + 1 < fanout; ++each) { slot += sums[each] <= wanted ? 1U : 0U; }
            position -= slot == 0 ? 0 : static_cast<std::size_t>(sums[slot - 1]);
            return slot;
        });
    }

    /// What the node itself takes.
    [[nodiscard]] static std::size_t bytes_of(const header& node) noexcept {
        return node.height == 0 ? leaf_bytes(as_leaf(node).capacity) : inner_bytes(node.height);
    }

    /// The separator of a node: of its first element.
    [[nodiscard]] static separator low_of(const header& node) noexcept {
        if constexpr (Order::keyed) {
            const header* first = &node;
            while (first->height != 0) { first = as_inner(*first).children[0]; }
            return Order::low(as_leaf(*first).items());
        } else {
            return {};
        }
    }
    /// The measure of the elements in children [0, slot).
    [[nodiscard]] static measure measure_before(const inner& node, unsigned slot) noexcept {
        measure all{};
        if constexpr (is_measured<Order>) {
            for (unsigned each = 0; each < slot; ++each) { all = all + node.measures[each]; }
        }
        return all;
    }
    /// Cost: O(1) of an inner node; of a leaf, as its elements are measured.
    [[nodiscard]] static measure measure_of(const header& node) noexcept {
        return node.height == 0 ? Order::measured(as_leaf(node).items(), as_leaf(node).size())
                                : measure_before(as_inner(node), node.entries);
    }
    [[nodiscard]] static branch whole(header* node) noexcept {
        return {node, size_of(*node), low_of(*node), measure_of(*node)};
    }
    /// A child as its parent knows it.
    [[nodiscard]] static branch child(const inner& node, unsigned slot) noexcept {
        branch known{node.children[slot], before(node, slot + 1) - before(node, slot), {}, {}};
        if constexpr (Order::keyed) { known.low = slot == 0 ? low_of(*node.children[0]) : node.lows[slot - 1]; }
        if constexpr (is_measured<Order>) { known.total = node.measures[slot]; }
        return known;
    }

    // ---- Owning

    static header* retain(header* node) noexcept {
        node->owners.add();
        return node;
    }
    /// Gives up one ownership of a node, or of nothing.
    static void release(header* node) noexcept {
        if (node != nullptr && node->owners.drop()) { end(*node); }
    }

    // ---- Making.  Errors: these throw what allocating and copying a T throw, and have then changed nothing.

    /// A leaf without elements.
    [[nodiscard]] static leaf* make_leaf(std::size_t capacity) {
        void* memory = Nodes::allocate(leaf_bytes(capacity), std::align_val_t{leaf::alignment});
        auto* made = ::new (memory) leaf;
        made->capacity = static_cast<std::uint32_t>(capacity);
        return made;
    }
    /// An inner node without children.
    [[nodiscard]] static inner* make_inner(unsigned height) {
        inner* made = new_inner(height);
        with_sums(*made, [](auto& sums) { sums.fill(std::numeric_limits<std::decay_t<decltype(sums[0])>>::max()); });
        return made;
    }
    [[nodiscard]] static inner* copy(const inner& from) {
        inner* made = new_inner(from.height);
        made->entries = from.entries;
        made->regular = from.regular;
        made->children = from.children;
        if constexpr (Order::keyed) { made->lows = from.lows; }
        if constexpr (is_measured<Order>) { made->measures = from.measures; }
        for (unsigned slot = 0; slot < from.entries; ++slot) { retain(from.children[slot]); }
        with_sums(*made, [&from](auto& sums) {
            sums = static_cast<const counted<Nodes, Order, std::decay_t<decltype(sums[0])>>&>(from).sums;
        });
        return made;
    }
    static void free_leaf(leaf* dead) noexcept {
        const std::size_t bytes = leaf_bytes(dead->capacity);
        std::destroy_at(dead);
        Nodes::deallocate(dead, bytes, std::align_val_t{leaf::alignment});
    }
    /// Frees the node alone.
    static void free_inner(inner* dead) noexcept {
        Nodes::deallocate(dead, inner_bytes(dead->height), std::align_val_t{alignof(wide)});
    }

    // ---- Changing an inner node that is owned

    /// Enters a child behind the others.
    static void append(inner& node, header* child) noexcept { append(node, whole(child)); }
    static void append(inner& node, const branch& child) noexcept {
        COPPICE_ASSERT(node.entries < fanout && child.node->height + 1 == node.height);
        const unsigned last = node.entries++;
        node.children[last] = child.node;
        if (last != 0) { set_low(node, last, child.low); }
        if constexpr (is_measured<Order>) { node.measures[last] = child.total; }
        with_sums(node, [&](auto& sums) {
            using sum = std::decay_t<decltype(sums[0])>;
            sums[last] = static_cast<sum>((last == 0 ? 0 : sums[last - 1]) + static_cast<sum>(child.size));
        });
    }
    /// Enters children [first, last) of a node of the same height behind the others; both own them then.
    static void append_shared(inner& node, const inner& from, unsigned first, unsigned last) noexcept {
        if (first == last) { return; }
        const unsigned begin = node.entries;
        const unsigned count = last - first;
        COPPICE_ASSERT(begin + count <= fanout && node.height == from.height);
        node.entries = static_cast<std::uint8_t>(begin + count);
        for (unsigned each = 0; each < count; ++each) {
            node.children[begin + each] = retain(from.children[first + each]);
            if constexpr (is_measured<Order>) { node.measures[begin + each] = from.measures[first + each]; }
            if (begin + each != 0) { set_low(node, begin + each, child(from, first + each).low); }
        }
        with_sums(node, [&](auto& sums) {
            using sum = std::decay_t<decltype(sums[0])>;
            const auto& theirs = static_cast<const counted<Nodes, Order, sum>&>(from).sums;
            const auto left =
                static_cast<sum>((begin == 0 ? 0 : sums[begin - 1]) - (first == 0 ? 0 : theirs[first - 1]));
            for (unsigned each = 0; each < count; ++each) {
                sums[begin + each] = static_cast<sum>(theirs[first + each] + left);
            }
        });
    }
    /// Says with which element a child begins that is not the first.
    static void set_low(inner& node, unsigned slot, const separator& low) noexcept {
        if constexpr (Order::keyed) {
            const auto at = node.lows.begin() + (slot - 1);
            std::fill(at, slot + 1U == node.entries ? node.lows.end() : at + 1, low);
        }
    }
    /// Gives up all children from `slot` on without releasing them.
    static void truncate(inner& node, unsigned slot) noexcept {
        with_sums(node, [&](auto& sums) {
            std::fill(sums.begin() + slot, sums.end(), std::numeric_limits<std::decay_t<decltype(sums[0])>>::max());
        });
        node.entries = static_cast<std::uint8_t>(slot);
    }
    /// The elements of the child at `slot` have changed.
    static void add(inner& node, unsigned slot, const change& made) noexcept {
        if constexpr (is_measured<Order>) { node.measures[slot] = node.measures[slot] + made.total; }
        with_sums(node, [&](auto& sums) {
            using sum = std::decay_t<decltype(sums[0])>;
            for (unsigned each = slot; each < node.entries; ++each) {
                sums[each] = static_cast<sum>(sums[each] + static_cast<sum>(made.size));
            }
        });
    }
    /// Says anew whether positions are found by arithmetic.
    static void note_regular(inner& node) noexcept {
        const header& last = *node.children[node.entries - 1];
        node.regular = (last.height == 0 || last.regular)
                       && before(node, node.entries - 1U) == (node.entries - 1U) * full(node.height - 1U);
    }

private:
    /// Whose sums are not there yet.
    [[nodiscard]] static inner* new_inner(unsigned height) {
        static_assert(full(Nodes::narrow_height) <= std::numeric_limits<std::int32_t>::max(),
                      "narrow nodes count in 31 bits: choose a smaller narrow_height");
        void* memory = Nodes::allocate(inner_bytes(height), std::align_val_t{alignof(wide)});
        inner* made = height <= Nodes::narrow_height ? static_cast<inner*>(::new (memory) narrow)
                                                     : static_cast<inner*>(::new (memory) wide);
        made->height = static_cast<std::uint8_t>(height);
        return made;
    }
    /// Of a node that nobody holds.  Of most nodes below it others do, which is seen without a call.
    static void end(header& node) noexcept {
        if (node.height == 0) {
            auto& dead = as_leaf(node);
            destroy_elements(dead.items(), dead.size());
            release(dead.root);
            free_leaf(&dead);
        } else {
            auto& dead = as_inner(node);
            for (unsigned slot = 0; slot < dead.entries; ++slot) { release(dead.children[slot]); }
            free_inner(&dead);
        }
    }
    [[nodiscard]] static std::size_t leaf_bytes(std::size_t capacity) noexcept {
        return leaf::first_byte() + leaf::layout::bytes(capacity);
    }
    [[nodiscard]] static std::size_t inner_bytes(unsigned height) noexcept {
        return height <= Nodes::narrow_height ? sizeof(narrow) : sizeof(wide);
    }
};

}  // namespace coppice::resident
