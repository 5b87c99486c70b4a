// bench/map_rows.hpp: the rows of collections_bench for maps, hashed and ordered, beside std's and absl's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <numeric>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <coppice/base/random.hpp>
#include <coppice/map.hpp>
#include <coppice/ordered_map.hpp>

#include "beside_immer.hpp"
#include "collections_table.hpp"

#if defined(COPPICE_BENCH_ABSL)
#include <absl/container/btree_map.h>
#endif

namespace coppice::bench {

template <class Key>
Key key_of(std::uint64_t number) {
    if constexpr (std::is_same_v<Key, std::string>) {
        char text[32];
        std::snprintf(text, sizeof text, "key:%014llu", static_cast<unsigned long long>(number));
        return text;
    } else {
        return static_cast<Key>(number);
    }
}
inline std::uint64_t in_hash(const std::string& text) { return static_cast<unsigned char>(text.back()); }
inline std::uint64_t in_hash(std::int64_t number) { return static_cast<std::uint64_t>(number); }

template <class Key>
std::vector<Key> shuffled_keys(std::size_t first, std::size_t count, std::uint64_t seed) {
    std::vector<std::uint64_t> numbers(count);
    std::iota(numbers.begin(), numbers.end(), first);
    random_source random(seed);
    for (std::size_t each = count; each > 1; --each) { std::swap(numbers[each - 1], numbers[random.below(each)]); }
    std::vector<Key> keys;
    keys.reserve(count);
    for (const auto each : numbers) { keys.push_back(key_of<Key>(each)); }
    return keys;
}

/// What a map<Key, Key> is asked to do. Small ones are worked on often enough to be timed.
template <class Key>
struct map_work {
    std::vector<Key> keys;    // as they were inserted
    std::vector<Key> wanted;  // in another order
    std::size_t rounds;
    std::size_t operations;  // of expensive rows

    explicit map_work(std::size_t n)
        : keys(shuffled_keys<Key>(0, n, 1)),
          wanted(shuffled_keys<Key>(0, n, 2)),
          rounds(std::max<std::size_t>(1, 100'000 / n)),
          operations(std::min<std::size_t>(n * rounds, 200'000)) {}
    [[nodiscard]] const Key& nth(std::size_t at) const { return wanted[at % wanted.size()]; }
};

template <class Map>
constexpr bool is_persistent = false;
template <class K, class V, class Hash, class Equal, class Nodes>
constexpr bool is_persistent<map<K, V, Hash, Equal, Nodes>> = true;
template <class K, class V, class Compare, class Nodes>
constexpr bool is_persistent<ordered_map<K, V, Compare, Nodes>> = true;

template <class Map, class Key>
Map built(const std::vector<Key>& keys) {
    if constexpr (is_persistent<Map>) {
        auto edit = Map().edit();
        for (const Key& each : keys) { edit.insert(each, each); }
        return std::move(edit).done();
    } else {
        Map made;
        for (const Key& each : keys) { made.insert_or_assign(each, each); }
        return made;
    }
}

/// The rows that all maps have. `put(row, value)` takes them.
template <class Map, class Key, class Put>
void common_rows(const map_work<Key>& work, Put put) {
    const std::size_t n = work.keys.size();
    const std::size_t all = n * work.rounds;
    put("bytes per element", bytes_per_element(n, [&work] { return built<Map>(work.keys); }));
    const Map made = built<Map>(work.keys);

    put("build, by edit", time_of(
                              all, [] { return 0; },
                              [&](int) {
                                  for (std::size_t round = 0; round < work.rounds; ++round) {
                                      seen += built<Map>(work.keys).size();
                                  }
                              }));
    put("get, random", time_of(
                           all, [] { return 0; },
                           [&](int) {
                               for (std::size_t round = 0; round < work.rounds; ++round) {
                                   for (const Key& each : work.wanted) {
                                       if constexpr (is_persistent<Map>) {
                                           seen += in_hash(*made.find(each));
                                       } else {
                                           seen += in_hash(made.find(each)->second);
                                       }
                                   }
                               }
                           }));
    put("iterate", time_of(
                       all, [] { return 0; },
                       [&](int) {
                           for (std::size_t round = 0; round < work.rounds; ++round) {
                               for (const auto& [key, value] : made) { seen += in_hash(value); }
                           }
                       }));
    put("set, sole owner", time_of(
                               all, [&] { return built<Map>(work.keys); },
                               [&](Map& subject) {
                                   for (std::size_t at = 0; at < all; ++at) {
                                       if constexpr (is_persistent<Map>) {
                                           subject = std::move(subject).insert(work.nth(at), work.nth(at));
                                       } else {
                                           subject.insert_or_assign(work.nth(at), work.nth(at));
                                       }
                                   }
                               }));
    put("erase, sole owner", time_of(
                                 n, [&] { return built<Map>(work.keys); },
                                 [&](Map& subject) {
                                     for (const Key& each : work.wanted) {
                                         if constexpr (is_persistent<Map>) {
                                             subject = std::move(subject).erase(each);
                                         } else {
                                             subject.erase(each);
                                         }
                                     }
                                 }));
}

template <class Map, class Key, class Put>
void persistent_rows(const map_work<Key>& work, Put put) {
    const Map made = built<Map>(work.keys);
    const auto start = [&made] { return made; };
    put("set, persistent", time_of(work.operations, start, [&](Map& subject) {
            for (std::size_t at = 0; at < work.operations; ++at) {
                subject = std::as_const(subject).insert(work.nth(at), work.nth(at));
            }
        }));
    const std::size_t erased = std::min(work.operations, work.keys.size());
    put("erase, persistent", time_of(erased, start, [&](Map& subject) {
            for (std::size_t at = 0; at < erased; ++at) { subject = std::as_const(subject).erase(work.nth(at)); }
        }));
    put("build, persistent", time_of(
                                 work.operations, [] { return Map(); },
                                 [&](Map& subject) {
                                     for (std::size_t at = 0; at < work.operations; ++at) {
                                         if (at % work.keys.size() == 0) { subject = Map(); }
                                         const Key& key = work.keys[at % work.keys.size()];
                                         subject = std::as_const(subject).insert(key, key);
                                     }
                                 }));
    put("copy", time_of(work.operations, start, [&](Map&) {
            for (std::size_t at = 0; at < work.operations; ++at) { seen += Map(made).size(); }
        }));
    for (const std::size_t changes : {std::size_t{100}, std::size_t{1000}}) {
        if (changes * 10 > work.keys.size()) { continue; }
        auto edit = made.edit();
        for (std::size_t at = 0; at < changes; ++at) { edit.insert(work.nth(at), key_of<Key>(at + 1'000'000'000)); }
        const Map other = std::move(edit).done();
        put("diff of " + std::to_string(changes) + ", us", time_of(1000, start, [&](Map&) {
                diff(made, other, [](const Key&, const Key* was, const Key* is) { seen += was != is ? 1 : 0; });
            }));
    }
}

/// The rows of maps whose keys are in order, also std's and absl's.
template <class Map, class Key, class Put>
void ordered_rows(const map_work<Key>& work, Put put) {
    std::vector<std::pair<Key, Key>> sorted;
    for (const Key& each : work.keys) { sorted.emplace_back(each, each); }
    std::sort(sorted.begin(), sorted.end());
    const auto make = [&sorted] { return Map(sorted.begin(), sorted.end()); };
    put("build, of a sorted range", time_of(
                                        sorted.size() * work.rounds, [] { return 0; },
                                        [&](int) {
                                            for (std::size_t round = 0; round < work.rounds; ++round) {
                                                seen += make().size();
                                            }
                                        }));
    put("bytes per element, sorted", bytes_per_element(sorted.size(), make));
    const Map made = make();
    if constexpr (is_persistent<Map>) {
        put("nth, random", time_of(
                               work.operations, [] { return 0; },
                               [&](int) {
                                   for (std::size_t at = 0; at < work.operations; ++at) {
                                       seen += in_hash(made.nth(at * 7919 % made.size()).second);
                                   }
                               }));
    }
}

template <class Key>
void maps(const settings& set, const std::string& name) {
    for (const std::size_t n : set.sizes) {
        const std::string title = name + ", n = " + std::to_string(n);
        if (title.find(set.only) == title.npos) { continue; }
        table out(title, {"coppice", "coppice, local", "coppice, ordered", "std::unordered_map", "std::map",
                          "absl::btree_map"});
        const map_work<Key> work(n);
        using shared = map<Key, Key>;
        using local = map<Key, Key, default_hash<Key>, default_equal, local_nodes>;
        using ordered = ordered_map<Key, Key>;
        in_turns(set, [&] {
            common_rows<shared>(work, out.column("coppice"));
            persistent_rows<shared>(work, out.column("coppice"));
            common_rows<local>(work, out.column("coppice, local"));
            persistent_rows<local>(work, out.column("coppice, local"));
            common_rows<ordered>(work, out.column("coppice, ordered"));
            persistent_rows<ordered>(work, out.column("coppice, ordered"));
            ordered_rows<ordered>(work, out.column("coppice, ordered"));
            common_rows<std::unordered_map<Key, Key>>(work, out.column("std::unordered_map"));
            common_rows<std::map<Key, Key>>(work, out.column("std::map"));
            ordered_rows<std::map<Key, Key>>(work, out.column("std::map"));
#if defined(COPPICE_BENCH_ABSL)
            common_rows<absl::btree_map<Key, Key>>(work, out.column("absl::btree_map"));
            ordered_rows<absl::btree_map<Key, Key>>(work, out.column("absl::btree_map"));
#endif
        });
        out.print();
        if (n != 1'000'000) { continue; }
        if constexpr (std::is_same_v<Key, std::string>) {
            print_beside_immer(out, immer_strings);
        } else {
            print_beside_immer(out, immer_map);
        }
    }
}

}  // namespace coppice::bench
