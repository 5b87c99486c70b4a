// bench/beside_immer.hpp: the rows of collections_bench beside immer's, which no package registry of this project has.
//
// Its figures were measured once, on a machine of this kind, with the same method (random order of indices and keys,
// independent accesses, the best of 3; g++ 12 -O3), each beside std's or absl's in the same run. What can be compared
// are the ratios to those, since absolute times of two machines, or two days, cannot be.
#pragma once

#include <cstdio>
#include <string_view>

#include "collections_table.hpp"

namespace coppice::bench {

struct immer_row {
    std::string_view name;     // of the row here
    std::string_view peer;     // the column whose figure is `beside`
    double immer;              // nanoseconds, or bytes
    double beside;             // the peer's, in immer's run
    std::string_view of_peer;  // the row of the peer that is compared, where it is another
};

/// For 1,000,000 elements.
inline constexpr immer_row immer_vector[] = {
    {"push_back, persistent", "std::vector", 24.5, 0.8, "push_back, edit"},
    {"push_back, edit", "std::vector", 4.6, 0.8, {}},
    {"get, random", "std::vector", 4.7, 1.15, {}},
    {"get, random, after 1,000 inserts", "std::vector", 29, 1.15, "get, random"},
    {"set, persistent", "std::vector", 627, 1, "set, sole owner"},
    {"set, sole owner", "std::vector", 22, 0.9, {}},
    {"iterate", "std::vector", 0.6, 0.1, {}},
    {"iterate by spans", "std::vector", 0.12, 0.14, "iterate"},
    {"insert in the middle", "std::vector", 1774, 49600, {}},
    {"insert at random", "std::vector", 3128, 49600, "insert in the middle"},
    {"erase at random", "std::vector", 2535, 49600, "insert in the middle"},
    {"concat with itself", "std::vector", 1338, 49600, "insert in the middle"},
    {"push_front", "std::vector", 1149, 49600, "insert in the middle"},
    {"slice of a third", "std::vector", 428, 49600, "insert in the middle"},
    {"drop 1", "std::vector", 424, 49600, "insert in the middle"},
    {"copy", "std::vector", 9, 1, "set, sole owner"},
    {"bytes per element", "std::vector", 9.3, 8.0, {}},
};
inline constexpr immer_row immer_map[] = {
    {"build, by edit", "absl::btree_map", 276, 150, {}},
    {"get, random", "absl::btree_map", 158, 304, {}},
    {"set, persistent", "absl::btree_map", 1586, 282, "set, sole owner"},
    {"set, sole owner", "absl::btree_map", 330, 242, {}},
    {"erase, persistent", "absl::btree_map", 1219, 282, "set, sole owner"},
    {"iterate", "absl::btree_map", 22, 6, {}},
    {"build, persistent", "absl::btree_map", 1002, 150, "build, by edit"},
    {"diff of 100, us", "absl::btree_map", 47, 266, "get, random"},
    {"diff of 1000, us", "absl::btree_map", 427, 304, "get, random"},
    {"bytes per element", "absl::btree_map", 30.8, 22.6, {}},
};
inline constexpr immer_row immer_strings[] = {
    {"get, random", "absl::btree_map", 481, 1159, {}},
    {"set, persistent", "absl::btree_map", 3575, 1366, "set, sole owner"},
    {"set, sole owner", "absl::btree_map", 1030, 1366, {}},
    {"erase, persistent", "absl::btree_map", 3366, 1366, "set, sole owner"},
    {"iterate", "absl::btree_map", 31, 9, {}},
    {"bytes per element", "absl::btree_map", 146, 154, {}},
};

/// Prints how many times the peer each takes.
template <std::size_t Rows>
void print_beside_immer(const table& of, const immer_row (&rows)[Rows]) {
    std::printf("\n%-36s %18s %18s %18s\n", "times the peer", "coppice", "immer", "peer");
    for (const immer_row& row : rows) {
        const double peer = of.value(row.of_peer.empty() ? row.name : row.of_peer, row.peer);
        const double ours = of.value(row.name, "coppice");
        if (peer <= 0 || ours < 0) { continue; }
        const double ratio = ours / peer;
        const double theirs = row.immer / row.beside;
        std::printf("%-36.*s %18.4g %18.4g %18.*s%s\n", static_cast<int>(row.name.size()), row.name.data(), ratio,
                    theirs, static_cast<int>(row.peer.size()), row.peer.data(), ratio < theirs ? "" : "  behind");
    }
    std::fflush(stdout);
}

}  // namespace coppice::bench
