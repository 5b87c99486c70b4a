// coppice/resident/layout.hpp: how the elements of a leaf lie in memory, and what a tree knows of their order.
//
//     T               | element element element ... |             one array
//     columns<A, B>   | a a a a a ... | b b b b b ... |           an array for each part: a search reads only the first
//
// A place (`at`) says where an element lies: T*, or a pointer into each array. Places are added to and copied from as
// pointers are, so that whatever is done with leaves is written once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

namespace coppice::resident {

/// An object that is moved by moving its bytes, and then gone where it was.
template <class T>
inline constexpr bool relocatable = std::is_trivially_copyable_v<T>;
template <class A, class B>
inline constexpr bool relocatable<std::pair<A, B>> = relocatable<A>&& relocatable<B>;

/// An element whose parts lie in two arrays.  Requires: both can be copied without throwing.
template <class A, class B>
struct columns {
    A first;
    B second;
};

template <class A, class B>
struct columns_at {
    A* first = nullptr;
    B* second = nullptr;
    [[nodiscard]] friend columns_at operator+(columns_at from, std::size_t distance) noexcept {
        return {from.first + distance, from.second + distance};
    }
};

/// Copies elements to where none are; trivial ones at once.
template <class T>
void construct_copies(T* to, const T* from, std::size_t count) {
    if constexpr (std::is_trivially_copyable_v<T>) {
        if (count != 0) { std::memcpy(static_cast<void*>(to), from, count * sizeof(T)); }
    } else {
        std::uninitialized_copy_n(from, count, to);
    }
}
/// Moves elements to where none are; they stay, moved from.
template <class T>
void construct_moved(T* to, T* from, std::size_t count) {
    if constexpr (std::is_trivially_copyable_v<T>) {
        construct_copies(to, from, count);
    } else {
        std::uninitialized_move_n(from, count, to);
    }
}
/// Moves elements by `distance`, perhaps onto their own places.
template <class T>
void shift_elements(T* first, std::size_t count, std::ptrdiff_t distance) noexcept {
    if constexpr (relocatable<T>) {
        std::memmove(static_cast<void*>(first + distance), static_cast<const void*>(first), count * sizeof(T));
    } else if constexpr (std::is_nothrow_move_constructible_v<T>) {
        for (std::size_t each = 0; each < count; ++each) {
            T* from = first + (distance > 0 ? count - 1 - each : each);
            std::construct_at(from + distance, std::move(*from));
            std::destroy_at(from);
        }
    }
}
template <class T>
void destroy_elements(T* first, std::size_t count) noexcept {
    std::destroy_n(first, count);
}

/// Elements that are moved as bytes have the same; they are then the same, as far as anybody can tell.
template <class T>
[[nodiscard]] bool same_bytes(const T* a, const T* b, std::size_t count) noexcept {
    static_assert(relocatable<T>);
    return std::memcmp(static_cast<const void*>(a), static_cast<const void*>(b), count * sizeof(T)) == 0;
}

template <class A, class B>
void construct_copies(columns_at<A, B> to, columns_at<A, B> from, std::size_t count) noexcept {
    construct_copies(to.first, from.first, count);
    construct_copies(to.second, from.second, count);
}
template <class A, class B>
void construct_moved(columns_at<A, B> to, columns_at<A, B> from, std::size_t count) noexcept {
    construct_moved(to.first, from.first, count);
    construct_moved(to.second, from.second, count);
}
template <class A, class B>
void shift_elements(columns_at<A, B> first, std::size_t count, std::ptrdiff_t distance) noexcept {
    shift_elements(first.first, count, distance);
    shift_elements(first.second, count, distance);
}
template <class A, class B>
void destroy_elements(columns_at<A, B> first, std::size_t count) noexcept {
    destroy_elements(first.first, count);
    destroy_elements(first.second, count);
}

template <class A, class B>
[[nodiscard]] bool same_bytes(columns_at<A, B> a, columns_at<A, B> b, std::size_t count) noexcept {
    return same_bytes(a.first, b.first, count) && same_bytes(a.second, b.second, count);
}

/// The arrays of elements T in a leaf.
template <class T>
struct layout {
    using at = T*;
    static constexpr std::size_t alignment = alignof(T);
    static constexpr std::size_t element_bytes = sizeof(T);
    static constexpr bool moves = std::is_nothrow_move_constructible_v<T>;

    [[nodiscard]] static at start(char* arrays, std::size_t /*capacity*/) noexcept {
        return reinterpret_cast<T*>(arrays);
    }
    [[nodiscard]] static std::size_t bytes(std::size_t capacity) noexcept { return capacity * sizeof(T); }
    [[nodiscard]] static at place_of(T& element) noexcept { return &element; }
};

template <class A, class B>
struct layout<columns<A, B>> {
    static_assert(std::is_nothrow_copy_constructible_v<A> && std::is_nothrow_copy_constructible_v<B>);
    using at = columns_at<A, B>;
    static constexpr std::size_t alignment = std::max(alignof(A), alignof(B));
    static constexpr std::size_t element_bytes = sizeof(A) + sizeof(B);
    static constexpr bool moves = true;

    [[nodiscard]] static at start(char* arrays, std::size_t capacity) noexcept {
        return {reinterpret_cast<A*>(arrays), reinterpret_cast<B*>(arrays + second_array(capacity))};
    }
    [[nodiscard]] static std::size_t bytes(std::size_t capacity) noexcept {
        return second_array(capacity) + capacity * sizeof(B);
    }
    [[nodiscard]] static at place_of(columns<A, B>& element) noexcept { return {&element.first, &element.second}; }

private:
    [[nodiscard]] static std::size_t second_array(std::size_t capacity) noexcept {
        return (capacity * sizeof(A) + alignof(B) - 1) / alignof(B) * alignof(B);
    }
};

/// What a tree says of elements together, where it says nothing but how many they are.
struct no_measure {
    [[nodiscard]] friend no_measure operator+(no_measure /*a*/, no_measure /*b*/) noexcept { return {}; }
    [[nodiscard]] friend no_measure operator-(no_measure /*a*/, no_measure /*b*/) noexcept { return {}; }
    [[nodiscard]] friend bool operator==(no_measure /*a*/, no_measure /*b*/) noexcept { return true; }
};

/// The order of a tree whose elements are found by their position alone: inner nodes know nothing of them.
struct by_position {
    using measure = no_measure;
    [[nodiscard]] static no_measure measured(const auto& /*first*/, std::size_t /*count*/) noexcept { return {}; }
    static constexpr bool keyed = false;
    static constexpr std::size_t leaf_most = ~std::size_t{0};
    struct separator {};
    /// Room for an inserted element: sequences grow at one place more often than everywhere.
    [[nodiscard]] static constexpr std::size_t capacity_for(std::size_t /*count*/, std::size_t most) noexcept {
        return most;
    }
};

}  // namespace coppice::resident
