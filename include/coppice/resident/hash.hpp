// coppice/resident/hash.hpp: what a hashed collection makes of a key.
//
// std::hash of an integer is that integer, so every hash is mixed, with a seed that differs between runs of a program:
// nobody can choose integers that meet. (Texts whose std::hash is equal can be chosen: give a hash of your own to a map
// whose keys strangers choose.) Of the mixed hash the path leads through the tree, and the tag finds the entry.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace coppice {

/// std::hash, and for a std::string one that a std::string_view finds it by.
template <class K>
struct default_hash : std::hash<K> {};
template <>
struct default_hash<std::string> {
    using is_transparent = void;
    [[nodiscard]] std::size_t operator()(std::string_view key) const noexcept {
        return std::hash<std::string_view>()(key);
    }
};

struct default_equal {
    using is_transparent = void;
    template <class A, class B>
    [[nodiscard]] auto operator()(const A& a, const B& b) const -> decltype(static_cast<bool>(a == b)) {
        return static_cast<bool>(a == b);
    }
};

namespace resident {

/// What is not a K and yet finds one.
template <class Key, class K, class Hash, class Equal>
concept other_key = !std::same_as<Key, K> && requires {
    typename Hash::is_transparent;
    typename Equal::is_transparent;
}
&&std::is_invocable_v<const Hash&, const Key&>&& std::is_invocable_v<const Equal&, const K&, const Key&>;

struct hashed_key {
    std::uint32_t path;
    std::uint8_t tag;
};

/// Where the program lies in memory, which the system chooses anew for each run. One for all libraries of a program.
[[gnu::visibility("default")]] inline constinit char seed_place = 0;

/// The path and the tag of a key whose hash is `hash`.
[[nodiscard]] inline hashed_key mixed(std::uint64_t hash) noexcept {
    constexpr std::uint64_t odd = 0xd6e8'feb8'6659'fd93;
    hash ^= reinterpret_cast<std::uintptr_t>(&seed_place) * odd;
    for (int round = 0; round < 2; ++round) {
        hash ^= hash >> 32;
        hash *= odd;
    }
    return {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint8_t>(hash >> 24)};
}

}  // namespace resident
}  // namespace coppice
