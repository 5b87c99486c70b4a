// coppice/resident/leaf.hpp: the elements of leaves: made of pieces, and moved about where the leaf is owned.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <type_traits>
#include <utility>

#include <coppice/resident/node.hpp>

namespace coppice::resident {

template <class T, class Nodes, class Order = by_position>
class leaf_kind : public node_kind<T, Nodes, Order> {
    using kind = node_kind<T, Nodes, Order>;

public:
    using layout = resident::layout<T>;
    using typename kind::at;
    using typename kind::header;
    using typename kind::leaf;
    using kind::as_leaf, kind::release;

    static constexpr bool moves = layout::moves;

    /// One ownership of a node, or of nothing.
    class held {
    public:
        held() = default;
        explicit held(header* node) noexcept : node_(node) {}
        held(held&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
        held& operator=(held other) noexcept {
            std::swap(node_, other.node_);
            return *this;
        }
        ~held() { release(node_); }
        [[nodiscard]] header* get() const noexcept { return node_; }
        [[nodiscard]] header* take() noexcept { return std::exchange(node_, nullptr); }
        explicit operator bool() const noexcept { return node_ != nullptr; }

    private:
        header* node_ = nullptr;
    };

    /// Elements that a new leaf is to have: copied from where they lie, or moved if theirs is the last use.
    struct piece {
        at first;
        std::size_t count;
        bool last_use = false;
    };
    [[nodiscard]] static piece copied(at first, std::size_t count) noexcept { return {first, count, false}; }
    [[nodiscard]] static piece last_use(T& element) noexcept { return {layout::place_of(element), 1, true}; }

    /// A leaf of elements [first, last) of all pieces one behind the other.
    [[nodiscard]] static held gather(std::initializer_list<piece> pieces, std::size_t first, std::size_t last,
                                     std::size_t capacity) {
        held made(kind::make_leaf(capacity));
        leaf& to = as_leaf(*made.get());
        std::size_t passed = 0;
        for (const piece& each : pieces) {
            const std::size_t from = std::clamp(first, passed, passed + each.count) - passed;
            const std::size_t end = std::clamp(last, passed, passed + each.count) - passed;
            fill(to, {each.first + from, end - from, each.last_use});
            passed += each.count;
        }
        return made;
    }
    [[nodiscard]] static held gather(std::initializer_list<piece> pieces, std::size_t capacity) {
        held made(kind::make_leaf(capacity));
        for (const piece& each : pieces) { fill(as_leaf(*made.get()), each); }
        return made;
    }
    /// Puts elements behind those of a leaf that is owned.  Requires: room.
    static void fill(leaf& to, piece from) {
        const at end = to.items() + to.size();
        moves&& from.last_use ? construct_moved(end, from.first, from.count)
                              : construct_copies(end, from.first, from.count);
        to.set_size(to.size() + from.count);
    }
    /// Moves the elements from `first` on by `distance`, of a leaf that is owned; then it has that many more or fewer.
    static void shift(leaf& in, std::size_t first, std::ptrdiff_t distance) noexcept {
        shift_elements(in.items() + first, in.size() - first, distance);
        in.set_size(in.size() + static_cast<std::size_t>(distance));
    }
    static void put(leaf& in, std::size_t position, T&& value) noexcept {
        shift(in, position, 1);
        construct_moved(in.items() + position, layout::place_of(value), 1);
    }
    static void remove(leaf& in, std::size_t position) noexcept {
        destroy_elements(in.items() + position, 1);
        shift(in, position + 1, -1);
    }
    /// Removes the elements from `count` on.
    static void cut(leaf& in, std::size_t count) noexcept {
        destroy_elements(in.items() + count, in.size() - count);
        in.set_size(count);
    }
    /// The leaf may be changed in place.
    [[nodiscard]] static bool is_own(const header& node) noexcept { return moves && node.owners.is_one(); }
    static void replace(header*& slot, held by) noexcept {
        release(slot);
        slot = by.take();
    }
};

}  // namespace coppice::resident
