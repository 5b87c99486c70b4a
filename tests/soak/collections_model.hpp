// tests/soak/collections_model.hpp: the six kinds of collections, one inside the other, beside containers of std.
//
//     page    a text                        std::string
//     pages   a vector of texts             std::vector<std::string>
//     names   a set of texts                std::set<std::string>
//     book    a map of texts to vectors     std::map<std::string, std::vector<std::string>>
//     shelf   an ordered map to sets        std::map<int, std::set<std::string>>
//     sorted  an ordered set of vectors     std::set<std::vector<std::string>>
//
// A version is a collection and what it says, for ever. A library keeps some versions of each kind; what is put into
// one is taken from others, so that they share nodes across kinds.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <coppice/map.hpp>
#include <coppice/ordered_map.hpp>
#include <coppice/ordered_set.hpp>
#include <coppice/set.hpp>
#include <coppice/text.hpp>
#include <coppice/vector.hpp>

#include "collections/support.hpp"

namespace coppice::soak {

// Nodes so small that a page has some levels of them, and counted.
using ordered_nodes = testing::tiny_nodes<64, 4>;
using hashed_nodes = testing::tiny_hashed<3>;

using page = basic_text<ordered_nodes>;
using pages = vector<page, ordered_nodes>;
using names = set<page, default_hash<page>, default_equal, hashed_nodes>;
using book = map<page, pages, default_hash<page>, default_equal, hashed_nodes>;
using shelf = ordered_map<int, names, ascending, ordered_nodes>;
using sorted = ordered_set<pages, ascending, ordered_nodes>;

template <class C>
inline constexpr bool has_values = requires {
    typename C::mapped_type;
};
template <class C>
inline constexpr bool has_keys = requires {
    typename C::key_type;
};

/// What a collection says, read element by element.
template <class C>
auto plain(const C& of) {
    if constexpr (std::is_same_v<C, int>) {
        return of;
    } else if constexpr (std::is_same_v<C, page>) {
        return of.to_string();
    } else if constexpr (has_values<C>) {
        std::map<decltype(plain(typename C::key_type())), decltype(plain(typename C::mapped_type()))> all;
        for (const auto& [key, value] : of) { EXPECT_TRUE(all.emplace(plain(key), plain(value)).second); }
        return all;
    } else if constexpr (has_keys<C>) {
        std::set<decltype(plain(typename C::key_type()))> all;
        for (const auto& key : of) { EXPECT_TRUE(all.insert(plain(key)).second); }
        return all;
    } else {
        std::vector<decltype(plain(typename C::value_type()))> all;
        for (const auto& each : of) { all.push_back(plain(each)); }
        return all;
    }
}
template <class C>
using model = decltype(plain(C()));

template <class C>
struct version {
    C value{};
    model<C> says{};
    void check() const {
        value.check_invariants();
        EXPECT_EQ(value.size(), says.size());
        EXPECT_EQ(plain(value), says);
    }
};

struct library {
    static constexpr std::size_t kept = 24;  // versions of each kind
    template <class... C>
    using shelves = std::tuple<std::vector<version<C>>...>;

    random_source& random;
    shelves<page, pages, names, book, shelf, sorted> all{};

    [[nodiscard]] std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random.below(bound)); }
    template <class C>
    [[nodiscard]] std::vector<version<C>>& versions() {
        return std::get<std::vector<version<C>>>(all);
    }
    /// One that is kept, or sometimes nothing.
    template <class C>
    [[nodiscard]] version<C> any() {
        const auto& from = versions<C>();
        return from.empty() || random.one_in(20) ? version<C>() : from[below(from.size())];
    }
    /// Keeps one, in place of another when there are many; that must be what it was.
    template <class C>
    void keep(version<C> made) {
        auto& to = versions<C>();
        if (to.size() < kept) { return to.push_back(std::move(made)); }
        version<C>& old = to[below(kept)];
        old.check();
        old = std::move(made);
    }
    void check() const {
        const auto check_kind = [](const auto& kind) {
            for (const auto& each : kind) { each.check(); }
        };
        std::apply([&](const auto&... kind) { (check_kind(kind), ...); }, all);
    }
};

}  // namespace coppice::soak
