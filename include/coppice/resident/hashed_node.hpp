// coppice/resident/hashed_node.hpp: the nodes of a map or set in memory, and how they hold entries.
//
//     leaf   | owners is_leaf | count capacity | tag tag tag ...  room | cell cell cell ...  room |
//     inner  | owners is_leaf | child child ... 16 slots, of which some may be empty or have the same child |
//
// A leaf holds its entries in no order. A tag is eight bits of a key's hash that no path uses; sixteen are compared at
// once, so that finding a key touches the tags and one entry.
//
// What lies in a leaf is a cell. If keys and values are trivially copyable and not large it is the entry itself, and so
// it is if they are nothing but references that count. Else it is a pointer to a counted block: then copying a leaf
// counts its entries, and no key or value is ever copied.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <coppice/base/assert.hpp>
#include <coppice/resident/counted_block.hpp>
#include <coppice/resident/hash.hpp>
#include <coppice/resident/policy.hpp>

namespace coppice::resident {

/// An entry is its own cell.
template <class Element>
struct inline_cells {
    using cell = Element;
    static constexpr bool counted = false;
    [[nodiscard]] static const Element& element(const cell& of) noexcept { return of; }
    [[nodiscard]] static cell make(Element&& element, std::uint32_t /*path*/) noexcept { return element; }
    static void assign(cell& of, Element&& element, std::uint32_t /*path*/) noexcept {
        std::construct_at(&of, std::move(element));
    }
    [[nodiscard]] static bool is_unshared(const cell& /*of*/) noexcept { return true; }
    static void retain(const cell& /*of*/) noexcept {}
    static void release(const cell& /*of*/) noexcept {}
};

/// An entry is its own cell, in bytes: it is moved by moving them, and copying them counts.
template <class Element>
struct shared_cells {
    struct cell {
        alignas(Element) std::array<std::byte, sizeof(Element)> bytes;
        [[nodiscard]] friend bool operator==(const cell& a, const cell& b) noexcept { return a.bytes == b.bytes; }
    };
    static constexpr bool counted = true;
    /// Copying is to count and no more, and a leaf is not to become large.
    static constexpr bool fits = sizeof(Element) <= 32 && std::is_nothrow_copy_constructible<Element>::value
                                 && std::is_nothrow_move_constructible<Element>::value && relocatable<Element>;

    [[nodiscard]] static const Element& element(const cell& of) noexcept {
        return *std::launder(reinterpret_cast<const Element*>(of.bytes.data()));
    }
    [[nodiscard]] static cell make(Element&& element, std::uint32_t /*path*/) noexcept {
        return cell_of(std::move(element));
    }
    static void assign(cell& of, Element&& element, std::uint32_t /*path*/) noexcept {
        release(std::exchange(of, cell_of(std::move(element))));
    }
    [[nodiscard]] static bool is_unshared(const cell& /*of*/) noexcept { return true; }
    static void retain(const cell& of) noexcept { (void)cell_of(element(of)); }  // which are the bytes of `of`
    static void release(const cell& of) noexcept { std::destroy_at(const_cast<Element*>(&element(of))); }

private:
    template <class From>
    [[nodiscard]] static cell cell_of(From&& from) noexcept {
        cell made;
        ::new (made.bytes.data()) Element(std::forward<From>(from));
        return made;
    }
};

/// A cell is one ownership of a block that holds the entry; the path of its key is noted there.
template <class Element, class Nodes>
struct counted_cells {
    using block = counted_block<Element, Nodes, std::uint32_t>;
    using cell = block*;
    static constexpr bool counted = true;

    [[nodiscard]] static const Element& element(const cell& of) noexcept { return of->value; }
    /// Errors: throws what allocating and moving an entry throw.
    [[nodiscard]] static cell make(Element&& element, std::uint32_t path) {
        return block::make(path, std::move(element));
    }
    /// Puts another entry in place of that of an own cell.  Errors: as make; the cell is then as it was.
    static void assign(cell& of, Element&& element, std::uint32_t path) {
        if (!of->assign(std::move(element))) { block::release(std::exchange(of, make(std::move(element), path))); }
    }
    [[nodiscard]] static bool is_unshared(const cell& of) noexcept { return of->owners.is_one(); }
    [[nodiscard]] static std::uint32_t path_of(const cell& of) noexcept { return of->note; }
    static void retain(const cell& of) noexcept { of->owners.add(); }
    static void release(const cell& of) noexcept { block::release(of); }
};

/// What a map holds.
template <class K, class V>
struct map_element {
    using key = K;
    using type = std::pair<K, V>;
    static constexpr bool plain = std::is_trivially_copyable_v<K> && std::is_trivially_copyable_v<V>;
    [[nodiscard]] static const K& key_of(const type& of) noexcept { return of.first; }
    [[nodiscard]] static bool equal_values(const type& a, const type& b) { return a.second == b.second; }
};
/// What a set holds.
template <class K>
struct set_element {
    using key = K;
    using type = K;
    static constexpr bool plain = std::is_trivially_copyable_v<K>;
    [[nodiscard]] static const K& key_of(const type& of) noexcept { return of; }
    [[nodiscard]] static bool equal_values(const type& /*a*/, const type& /*b*/) noexcept { return true; }
};

template <class Nodes>
struct hashed_header {
    owner_count<Nodes::atomic> owners;
    bool is_leaf;
};

inline constexpr unsigned slot_bits = 4;
inline constexpr unsigned slots = 1U << slot_bits;
inline constexpr unsigned path_bits = 32;
inline constexpr unsigned levels_most = path_bits / slot_bits;

template <class Nodes>
struct hashed_inner : hashed_header<Nodes> {
    std::array<hashed_header<Nodes>*, slots> children{};
};

/// Which of the first `count` of sixteen tags are `tag`, as bits.
[[nodiscard]] inline std::uint32_t matches(const std::uint8_t* tags, std::uint8_t tag, std::uint32_t count) noexcept {
    std::uint32_t found = 0;
#ifdef __SSE2__
    const __m128i all = _mm_loadu_si128(reinterpret_cast<const __m128i*>(tags));
    found = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(all, _mm_set1_epi8(static_cast<char>(tag)))));
#else
    for (unsigned each = 0; each < 16; ++each) { found |= (tags[each] == tag ? 1U : 0U) << each; }
#endif
    return count >= 16 ? found : found & ((1U << count) - 1);
}

/// What nodes can do alone: counting owners, making, copying, and finding in a leaf.
/// Kind is a map_element or a set_element.
template <class Kind, class Hash, class Equal, class Nodes>
struct hashed_nodes {
    using key_type = typename Kind::key;
    using element = typename Kind::type;
    /// A larger one would make the copying of leaves dear.
    static constexpr std::size_t inline_most = 64;
    using cells = std::conditional_t<
        Kind::plain && sizeof(element) <= inline_most, inline_cells<element>,
        std::conditional_t<shared_cells<element>::fits, shared_cells<element>, counted_cells<element, Nodes>>>;
    using cell = typename cells::cell;
    using header = hashed_header<Nodes>;
    using inner = hashed_inner<Nodes>;

    struct leaf : header {
        std::uint32_t count = 0;
        std::uint32_t capacity = 0;

        static constexpr std::size_t alignment = std::max(alignof(cell), alignof(void*));
        /// Sixteen can always be read.
        [[nodiscard]] static constexpr std::size_t tag_bytes(std::size_t capacity) noexcept {
            return (capacity + 15) / 16 * 16;
        }
        [[nodiscard]] static constexpr std::size_t first_byte(std::size_t capacity) noexcept {
            return (sizeof(leaf) + tag_bytes(capacity) + alignof(cell) - 1) / alignof(cell) * alignof(cell);
        }
        [[nodiscard]] std::uint8_t* tags() noexcept { return reinterpret_cast<std::uint8_t*>(this + 1); }
        [[nodiscard]] const std::uint8_t* tags() const noexcept {
            return reinterpret_cast<const std::uint8_t*>(this + 1);
        }
        [[nodiscard]] cell* begin() noexcept {
            return reinterpret_cast<cell*>(reinterpret_cast<char*>(this) + first_byte(capacity));
        }
        [[nodiscard]] const cell* begin() const noexcept { return const_cast<leaf*>(this)->begin(); }
        [[nodiscard]] const cell* end() const noexcept { return begin() + count; }
    };

    static constexpr unsigned leaf_most = Nodes::hashed_leaf;
    static constexpr unsigned merged_most = leaf_most * 3 / 4;  ///< what two leaves become that are joined
    static_assert(leaf_most >= 2 && leaf_most <= 32, "a leaf has 2 to 32 entries");
    static constexpr std::uint32_t nowhere = ~std::uint32_t{0};

    /// One ownership of a node, or of nothing.
    class held {
    public:
        explicit held(header* node) noexcept : node_(node) {}
        held(held&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
        held& operator=(held&&) = delete;
        ~held() { release(node_); }
        [[nodiscard]] header* get() const noexcept { return node_; }
        [[nodiscard]] header* take() noexcept { return std::exchange(node_, nullptr); }

    private:
        header* node_;
    };

    // ---- Looking

    [[nodiscard]] static leaf& as_leaf(header& node) noexcept { return static_cast<leaf&>(node); }
    [[nodiscard]] static const leaf& as_leaf(const header& node) noexcept { return static_cast<const leaf&>(node); }
    [[nodiscard]] static inner& as_inner(header& node) noexcept { return static_cast<inner&>(node); }
    [[nodiscard]] static const inner& as_inner(const header& node) noexcept { return static_cast<const inner&>(node); }
    [[nodiscard]] static const key_type& key_of(const cell& of) noexcept { return Kind::key_of(cells::element(of)); }

    template <class Key>
    [[nodiscard]] static hashed_key hashed_of(const Key& key) {
        return mixed(Hash()(key));
    }
    [[nodiscard]] static std::uint32_t path_of(const cell& of) {
        if constexpr (requires { cells::path_of(of); }) {
            return cells::path_of(of);
        } else {
            return hashed_of(key_of(of)).path;
        }
    }
    /// Where the entry of a key is, or `nowhere`.
    template <class Key>
    [[nodiscard]] static std::uint32_t find_in(const leaf& in, std::uint8_t tag, const Key& key) {
        const std::uint8_t* tags = in.tags();
        const cell* all = in.begin();
        for (std::uint32_t first = 0; first < in.count; first += 16) {
            for (auto found = matches(tags + first, tag, in.count - first); found != 0; found &= found - 1) {
                const auto at = first + static_cast<std::uint32_t>(std::countr_zero(found));
                if (Equal()(key_of(all[at]), key)) { return at; }
            }
        }
        return nowhere;
    }

    // ---- Owning

    static header* retain(header* node) noexcept {
        node->owners.add();
        return node;
    }
    /// Calls `use` with each child, once.
    template <class Use>
    static void for_each_child(const inner& node, Use use) {
        header* last = nullptr;
        for (header* each : node.children) {
            if (each != nullptr && each != last) { use(*each); }
            last = each;
        }
    }
    /// Gives up one ownership of a node, or of nothing.
    static void release(header* node) noexcept {
        if (node != nullptr && node->owners.drop()) { end(*node); }
    }

    // ---- Making.  Errors: these throw what Nodes::allocate throws.

    /// Room for `count` entries and a few more.
    [[nodiscard]] static std::uint32_t capacity_for(std::uint32_t count) noexcept {
        if (count > leaf_most) { return count + count / 2; }
        return std::min(leaf_most, count <= 16 ? (count + 3) / 4 * 4 : (count + 7) / 8 * 8);
    }
    /// A leaf without entries.
    [[nodiscard]] static leaf* make_leaf(std::uint32_t capacity) {
        void* memory = Nodes::allocate(leaf_bytes(capacity), std::align_val_t{leaf::alignment});
        leaf* made = ::new (memory) leaf;
        made->is_leaf = true;
        made->capacity = capacity;
        return made;
    }
    [[nodiscard]] static inner* make_inner() {
        void* memory = Nodes::allocate(sizeof(inner), std::align_val_t{alignof(inner)});
        inner* made = ::new (memory) inner;
        made->is_leaf = false;
        return made;
    }
    [[nodiscard]] static inner* copy(const inner& from) {
        inner* made = make_inner();
        made->children = from.children;
        for_each_child(*made, [](header& child) { child.owners.add(); });
        return made;
    }

    // ---- Changing a leaf that is owned

    /// Puts a cell behind the others.  Requires: room.
    static void append(leaf& to, std::uint8_t tag, const cell& of) noexcept {
        COPPICE_ASSERT(to.count < to.capacity);
        to.tags()[to.count] = tag;
        std::construct_at(to.begin() + to.count, of);
        ++to.count;
    }
    /// Puts all cells of another leaf behind those of `to`, and gives them up there.
    static void append_all(leaf& to, leaf& from) noexcept {
        COPPICE_ASSERT(to.count + from.count <= to.capacity);
        std::memcpy(to.tags() + to.count, from.tags(), from.count);
        std::uninitialized_copy_n(from.begin(), from.count, to.begin() + to.count);
        to.count += from.count;
        give_up(from);
    }
    /// The cells of a leaf have been copied: counts them, or forgets them there if nobody else has the leaf.
    static void give_up(leaf& from) noexcept {
        if constexpr (cells::counted) {
            if (from.owners.is_one()) {
                from.count = 0;
            } else {
                for (const cell& each : from) { cells::retain(each); }
            }
        }
    }
    static void remove(leaf& in, std::uint32_t at) noexcept {
        cells::release(in.begin()[at]);
        --in.count;
        in.tags()[at] = in.tags()[in.count];
        if (at != in.count) { std::construct_at(in.begin() + at, in.begin()[in.count]); }
    }

private:
    /// Of a node that nobody holds.
    static void end(header& node) noexcept {
        if (node.is_leaf) {
            leaf& dead = as_leaf(node);
            if constexpr (cells::counted) {
                for (const cell& each : dead) { cells::release(each); }
            }
            const std::size_t bytes = leaf_bytes(dead.capacity);
            std::destroy_at(&dead);
            Nodes::deallocate(&dead, bytes, std::align_val_t{leaf::alignment});
        } else {
            for_each_child(as_inner(node), [](header& child) { release(&child); });
            std::destroy_at(&as_inner(node));
            Nodes::deallocate(&node, sizeof(inner), std::align_val_t{alignof(inner)});
        }
    }
    [[nodiscard]] static std::size_t leaf_bytes(std::uint32_t capacity) noexcept {
        return leaf::first_byte(capacity) + capacity * sizeof(cell);
    }
};

}  // namespace coppice::resident
