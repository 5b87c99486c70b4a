// coppice/resident/entries.hpp: how the keys and values of an ordered collection lie in its leaves.
//
//     key and value            a leaf holds                             a separator is
//     both copied as bytes     keys, and values behind them             a key
//     the key is               keys, and counted blocks of a value      a key
//     the key is not           counted blocks of a key and its value    where the key is
//     a set's, copied or not   keys, or counted blocks of one           a key, or where it is
//
// So copying a leaf, or a separator, never throws (counted_block.hpp).
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include <coppice/resident/counted_block.hpp>
#include <coppice/resident/layout.hpp>

namespace coppice {

/// What an iterator over an ordered map shows, as over std::map: `for (const auto& [key, value] : map)`, or first and
/// second. It holds while a map lives that has them; what keeps one makes a std::pair<K, V> of it.
template <class K, class V>
struct map_entry : std::pair<const K&, const V&> {
    map_entry(const K& key, const V& value) noexcept : std::pair<const K&, const V&>(key, value) {}
};

namespace resident {

/// What a collection is given is `given`: a key, or a key and a value. `assign` puts it in place of an element of an
/// own leaf, if that can be done without another block.  A set's keys are those where V is nothing.
template <class K, class V, class Nodes, bool Inline = lies_inline<K>>
struct keyed_entries;

template <class K, class Nodes>
struct keyed_entries<K, void, Nodes, true> {
    using given = K;
    using element = K;
    using at = K*;
    using separator = K;
    using value_type = K;
    using reference = const K&;
    static constexpr bool keys_inline = true;
    static constexpr bool all_inline = true;
    static constexpr bool has_values = false;
    static constexpr std::size_t leaf_most = 64;
    [[nodiscard]] static element make(given&& key) { return key; }
    [[nodiscard]] static const K& key_in(const given& key) noexcept { return key; }
    [[nodiscard]] static const K* keys(at first) noexcept { return first; }
    [[nodiscard]] static const K& key(at place) noexcept { return *place; }
    [[nodiscard]] static reference show(at place) noexcept { return *place; }
    [[nodiscard]] static const K* first(at place) noexcept { return place; }
    [[nodiscard]] static separator low(at place) noexcept { return *place; }
    [[nodiscard]] static const K& key_of(const separator& low) noexcept { return low; }
    [[nodiscard]] static bool is_same(at /*a*/, at /*b*/) noexcept { return true; }
};

template <class K, class Nodes>
struct keyed_entries<K, void, Nodes, false> {
    using given = K;
    using element = counted_entry<K, Nodes>;
    using at = element*;
    using separator = const K*;
    using value_type = K;
    using reference = const K&;
    static constexpr bool keys_inline = false;
    static constexpr bool all_inline = false;
    static constexpr bool has_values = false;
    static constexpr std::size_t leaf_most = 32;
    [[nodiscard]] static element make(given&& key) { return element::make(std::move(key)); }
    [[nodiscard]] static const K& key_in(const given& key) noexcept { return key; }
    [[nodiscard]] static const K& key(at place) noexcept { return **place; }
    [[nodiscard]] static reference show(at place) noexcept { return **place; }
    [[nodiscard]] static const element* first(at place) noexcept { return place; }
    [[nodiscard]] static separator low(at place) noexcept { return &**place; }
    [[nodiscard]] static const K& key_of(const separator& low) noexcept { return *low; }
    [[nodiscard]] static bool is_same(at /*a*/, at /*b*/) noexcept { return true; }
};

template <class K, class V, class Nodes>
struct keyed_entries<K, V, Nodes, true> {
    struct given {
        K key;
        V value;
    };
    static constexpr bool keys_inline = true;
    static constexpr bool all_inline = lies_inline<V>;
    static constexpr bool has_values = true;
    using cell = std::conditional_t<all_inline, V, counted_entry<V, Nodes>>;
    using element = columns<K, cell>;
    using at = columns_at<K, cell>;
    using separator = K;
    using value_type = std::pair<K, V>;
    using reference = map_entry<K, V>;
    static constexpr std::size_t leaf_most = 64;
    [[nodiscard]] static element make(given&& from) {
        if constexpr (all_inline) {
            return {from.key, from.value};
        } else {
            return {from.key, cell::make(std::move(from.value))};
        }
    }
    [[nodiscard]] static bool assign(at place, given&& from) noexcept {
        if constexpr (all_inline) {
            std::construct_at(place.second, from.value);
        } else {
            if (!place.second->assign(std::move(from.value))) { return false; }
        }
        std::construct_at(place.first, from.key);
        return true;
    }
    [[nodiscard]] static const K& key_in(const given& from) noexcept { return from.key; }
    [[nodiscard]] static const K* keys(at first) noexcept { return first.first; }
    [[nodiscard]] static const K& key(at place) noexcept { return *place.first; }
    [[nodiscard]] static const V& value(at place) noexcept {
        if constexpr (all_inline) {
            return *place.second;
        } else {
            return **place.second;
        }
    }
    [[nodiscard]] static reference show(at place) noexcept { return {key(place), value(place)}; }
    [[nodiscard]] static const K* first(at place) noexcept { return place.first; }
    [[nodiscard]] static separator low(at place) noexcept { return *place.first; }
    [[nodiscard]] static const K& key_of(const separator& low) noexcept { return low; }
    [[nodiscard]] static bool is_same(at a, at b) noexcept {
        if constexpr (!all_inline) {
            if (*a.second == *b.second) { return true; }
        }
        return value(a) == value(b);
    }
};

template <class K, class V, class Nodes>
struct keyed_entries<K, V, Nodes, false> {
    struct given {
        K key;
        V value;
    };
    using element = counted_entry<given, Nodes>;
    using at = element*;
    using separator = const K*;
    using value_type = std::pair<K, V>;
    using reference = map_entry<K, V>;
    static constexpr bool keys_inline = false;
    static constexpr bool all_inline = false;
    static constexpr bool has_values = true;
    static constexpr std::size_t leaf_most = 32;
    [[nodiscard]] static element make(given&& from) { return element::make(std::move(from)); }
    /// The key that is there stays: to free its text would fetch that from memory.
    [[nodiscard]] static bool assign(at place, given&& from) noexcept {
        if constexpr (std::is_nothrow_move_constructible_v<V>) {
            if (given* const own = place->own()) {
                std::destroy_at(&own->value);
                std::construct_at(&own->value, std::move(from.value));
                return true;
            }
        }
        return false;
    }
    [[nodiscard]] static const K& key_in(const given& from) noexcept { return from.key; }
    [[nodiscard]] static const K& key(at place) noexcept { return (*place)->key; }
    [[nodiscard]] static const V& value(at place) noexcept { return (*place)->value; }
    [[nodiscard]] static reference show(at place) noexcept { return {key(place), value(place)}; }
    [[nodiscard]] static const element* first(at place) noexcept { return place; }
    [[nodiscard]] static separator low(at place) noexcept { return &(*place)->key; }
    [[nodiscard]] static const K& key_of(const separator& low) noexcept { return *low; }
    [[nodiscard]] static bool is_same(at a, at b) noexcept { return *a == *b || value(a) == value(b); }
};

/// What `->` of an iterator gives where there is no object to point to.
template <class T>
struct arrow {
    T shown;
    const T* operator->() const noexcept { return &shown; }
};

/// Where an entry is, as an iterator over leaves needs it.
template <class Entries>
struct entry_cursor {
    typename Entries::at at{};

    decltype(auto) operator*() const noexcept { return Entries::show(at); }
    auto operator->() const noexcept {
        if constexpr (std::is_reference_v<typename Entries::reference>) {
            return &Entries::show(at);
        } else {
            return arrow<typename Entries::reference>{Entries::show(at)};
        }
    }
    entry_cursor& operator++() noexcept { return *this += 1; }
    entry_cursor& operator+=(std::ptrdiff_t distance) noexcept {
        at = at + static_cast<std::size_t>(distance);
        return *this;
    }
    [[nodiscard]] friend std::ptrdiff_t operator-(entry_cursor a, entry_cursor b) noexcept {
        return Entries::first(a.at) - Entries::first(b.at);
    }
    [[nodiscard]] friend bool operator==(entry_cursor a, entry_cursor b) noexcept {
        return Entries::first(a.at) == Entries::first(b.at);
    }
};

}  // namespace resident
}  // namespace coppice

/// So that std::views::keys and structured bindings know it as the pair it is.
template <class K, class V>
struct std::tuple_size<coppice::map_entry<K, V>> : std::integral_constant<std::size_t, 2> {};
template <std::size_t Index, class K, class V>
struct std::tuple_element<Index, coppice::map_entry<K, V>> : std::tuple_element<Index, std::pair<const K&, const V&>> {
};
