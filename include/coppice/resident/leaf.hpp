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

template <class T, class Nodes>
class leaf_kind : public node_kind<T, Nodes> {
    using kind = node_kind<T, Nodes>;

public:
    using typename kind::header;
    using typename kind::leaf;
    using kind::as_leaf, kind::release;

    static constexpr bool moves = std::is_nothrow_move_constructible_v<T>;

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
        T* first;
        std::size_t count;
        bool last_use = false;
    };
    [[nodiscard]] static piece copied(const T* first, std::size_t count) noexcept {
        return {const_cast<T*>(first), count, false};
    }

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
        std::size_t all = 0;
        for (const piece& each : pieces) { all += each.count; }
        return gather(pieces, 0, all, capacity);
    }
    /// Puts elements behind those of a leaf that is owned.  Requires: room.
    static void fill(leaf& to, piece from) {
        T* at = to.items() + to.size();
        if constexpr (std::is_trivially_copyable_v<T>) {
            if (from.count != 0) { std::memcpy(static_cast<void*>(at), from.first, from.count * sizeof(T)); }
            to.set_size(to.size() + from.count);
        } else {
            for (std::size_t each = 0; each < from.count; ++each) {
                if (moves && from.last_use) {
                    std::construct_at(at + each, std::move(from.first[each]));
                } else {
                    std::construct_at(at + each, std::as_const(from.first[each]));
                }
                to.set_size(to.size() + 1);
            }
        }
    }
    /// Moves the elements from `first` on by `distance`, of a leaf that is owned; then it has that many more or fewer.
    static void shift(leaf& in, std::size_t first, std::ptrdiff_t distance) noexcept {
        T* items = in.items();
        const std::size_t count = in.size() - first;
        if constexpr (std::is_trivially_copyable_v<T>) {
            std::memmove(static_cast<void*>(items + first + distance), items + first, count * sizeof(T));
        } else if constexpr (moves) {
            for (std::size_t each = 0; each < count; ++each) {
                T* from = items + (distance > 0 ? first + count - 1 - each : first + each);
                std::construct_at(from + distance, std::move(*from));
                std::destroy_at(from);
            }
        }
        in.set_size(in.size() + static_cast<std::size_t>(distance));
    }
    static void put(leaf& in, std::size_t at, T&& value) noexcept {
        shift(in, at, 1);
        std::construct_at(in.items() + at, std::move(value));
    }
    static void remove(leaf& in, std::size_t at) noexcept {
        std::destroy_at(in.items() + at);
        shift(in, at + 1, -1);
    }
    /// The leaf may be changed in place.
    [[nodiscard]] static bool is_own(const header& node) noexcept { return moves && node.owners.is_one(); }
    static void replace(header*& slot, held by) noexcept {
        release(slot);
        slot = by.take();
    }
};

}  // namespace coppice::resident
