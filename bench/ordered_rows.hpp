// bench/ordered_rows.hpp: ordered_map beside std::map and absl::btree_map: ns per operation, bytes per element.
//
// Keys come in random order, accesses are independent of each other, each figure is the best of three.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <coppice/base/random.hpp>
#include <coppice/ordered_map.hpp>

#ifdef COPPICE_BENCH_ABSL
#include <absl/container/btree_map.h>
#endif

namespace coppice::bench {

inline std::int64_t bytes_alive = 0;  // of nodes
inline volatile std::uint64_t answer = 0;

struct measured_nodes : shared_nodes {
    [[nodiscard]] static void* allocate(std::size_t bytes, std::align_val_t alignment) {
        bytes_alive += static_cast<std::int64_t>(bytes);
        return shared_nodes::allocate(bytes, alignment);
    }
    static void deallocate(void* memory, std::size_t bytes, std::align_val_t alignment) noexcept {
        bytes_alive -= static_cast<std::int64_t>(bytes);
        shared_nodes::deallocate(memory, bytes, alignment);
    }
};
template <class T>
struct measured_allocator {
    using value_type = T;
    measured_allocator() = default;
    template <class U>
    measured_allocator(const measured_allocator<U>& /*of*/) {}  // NOLINT: as allocators are
    [[nodiscard]] T* allocate(std::size_t count) {
        bytes_alive += static_cast<std::int64_t>(count * sizeof(T));
        return std::allocator<T>().allocate(count);
    }
    void deallocate(T* memory, std::size_t count) {
        bytes_alive -= static_cast<std::int64_t>(count * sizeof(T));
        std::allocator<T>().deallocate(memory, count);
    }
    friend bool operator==(const measured_allocator&, const measured_allocator&) { return true; }
};

/// Nanoseconds for each of `count` operations of `run`, the best of three, after `prepare` each time.
template <class Prepare, class Run>
double best_of_three(std::size_t count, Prepare prepare, Run run) {
    double best = std::numeric_limits<double>::max();
    for (int round = 0; round < 3; ++round) {
        auto subject = prepare();
        const auto start = std::chrono::steady_clock::now();
        run(subject);
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count() / static_cast<double>(count));
    }
    return best;
}

inline constexpr double unknown = -1;

/// One line of the table; unknown figures show as a dash.
inline void print_row(const char* name, std::size_t size, std::initializer_list<double> figures) {
    std::printf("%-34s %9zu", name, size);
    for (const double each : figures) { each < 0 ? std::printf(" %9s", "-") : std::printf(" %9.1f", each); }
    std::printf("\n");
}
inline void print_head(const char* title) {
    std::printf("%-34s %9s %9s %9s %9s\n", title, "n", "coppice", "std::map", "btree_map");
}

template <class Key>
Key key_of(std::uint64_t number) {
    if constexpr (std::is_same_v<Key, std::string>) {
        const std::string digits = std::to_string(number % 1'000'000'000'000'000'000U);
        return std::string(18 - std::min<std::size_t>(18, digits.size()), '0') + digits;
    } else {
        return static_cast<Key>(number);
    }
}

/// What the rows of one kind of key have in common.
template <class Key>
struct ordered_rows {
    using map = ordered_map<Key, Key, ascending, measured_nodes>;
    using pair_allocator = measured_allocator<std::pair<const Key, Key>>;
    using std_map = std::map<Key, Key, std::less<Key>, pair_allocator>;
#ifdef COPPICE_BENCH_ABSL
    using btree = absl::btree_map<Key, Key, std::less<Key>, pair_allocator>;
#else
    using btree = std_map;
#endif
    std::size_t size;
    std::vector<Key> keys;
    std::vector<std::size_t> order;  // of accesses

    explicit ordered_rows(std::size_t count) : size(count) {
        random_source random(1);
        for (std::size_t each = 0; each < size; ++each) { keys.push_back(key_of<Key>(random())); }
        for (std::size_t each = 0; each < size; ++each) { order.push_back(random.below(size)); }
    }

    map built() const {
        auto edit = map().edit();
        for (const Key& each : keys) { edit.insert(each, each); }
        return std::move(edit).done();
    }
    template <class Map>
    Map filled() const {
        Map made;
        for (const Key& each : keys) { made.emplace(each, each); }
        return made;
    }
    /// Bytes of nodes for each element of what `make` makes.
    template <class Make>
    double bytes(Make make) const {
        const std::int64_t before = bytes_alive;
        const auto made = make();
        return static_cast<double>(bytes_alive - before) / static_cast<double>(made.size());
    }

    void print() const {
        const std::size_t some = std::min<std::size_t>(size, 100'000);  // of persistent changes
        const auto nothing = [] { return 0; };
        const map mine = built();
        const std_map standard = filled<std_map>();
        const btree beside = filled<btree>();
        const auto row = [this](const char* name, double ours, double in_std = unknown, double in_absl = unknown) {
            print_row(name, size, {ours, in_std, in_absl});
        };
        const auto copy_of = [](const auto& from) { return [&from] { return from; }; };
        // An own one: nobody else holds its nodes.
        const auto own = [this] { return built(); };

        row("build by edit", best_of_three(size, nothing, [this](int) { answer = built().size(); }),
            best_of_three(size, nothing, [this](int) { answer = filled<std_map>().size(); }),
            best_of_three(size, nothing, [this](int) { answer = filled<btree>().size(); }));
        row("build persistent", best_of_three(some, nothing, [&](int) {
                map made;
                for (std::size_t each = 0; each < some; ++each) { made = made.insert(keys[each], keys[each]); }
            }));
        {
            std::vector<std::pair<Key, Key>> sorted(standard.begin(), standard.end());
            row("build of a sorted range",
                best_of_three(size, nothing, [&](int) { answer = map(sorted.begin(), sorted.end()).size(); }),
                best_of_three(size, nothing, [&](int) { answer = std_map(sorted.begin(), sorted.end()).size(); }),
                best_of_three(size, nothing, [&](int) { answer = btree(sorted.begin(), sorted.end()).size(); }));
            row("bytes an element, sorted", bytes([&] { return map(sorted.begin(), sorted.end()); }),
                bytes([&] { return std_map(sorted.begin(), sorted.end()); }),
                bytes([&] { return btree(sorted.begin(), sorted.end()); }));
        }
        row("bytes an element, random order", bytes([&] { return built(); }), bytes([&] { return filled<std_map>(); }),
            bytes([&] { return filled<btree>(); }));

        const auto get = [&](const auto& find) {
            return best_of_three(size, nothing, [&](int) {
                std::uint64_t found = 0;
                for (const std::size_t each : order) { found += find(keys[each]); }
                answer = found;
            });
        };
        const auto low_byte = [](const Key& value) {
            return static_cast<std::uint64_t>(*reinterpret_cast<const char*>(&value));
        };
        row("get", get([&](const Key& key) { return low_byte(*mine.find(key)); }),
            get([&](const Key& key) { return low_byte(standard.find(key)->second); }),
            get([&](const Key& key) { return low_byte(beside.find(key)->second); }));
        row("set persistent", best_of_three(some, nothing, [&](int) {
                for (std::size_t each = 0; each < some; ++each) {
                    answer = mine.insert(keys[order[each]], keys[each]).size();
                }
            }));
        const auto set_std = [&](auto& of) {
            for (std::size_t each = 0; each < size; ++each) { of.insert_or_assign(keys[order[each]], keys[each]); }
        };
        row("set on an rvalue",
            best_of_three(size, own,
                          [&](map& of) {
                              for (std::size_t each = 0; each < size; ++each) {
                                  of = std::move(of).insert(keys[order[each]], keys[each]);
                              }
                          }),
            best_of_three(size, copy_of(standard), set_std), best_of_three(size, copy_of(beside), set_std));
        row("erase persistent", best_of_three(some, nothing, [&](int) {
                for (std::size_t each = 0; each < some; ++each) { answer = mine.erase(keys[order[each]]).size(); }
            }));
        const auto erase_std = [&](auto& of) {
            for (std::size_t each = 0; each < size; ++each) { of.erase(keys[order[each]]); }
        };
        row("erase on an rvalue",
            best_of_three(size, own,
                          [&](map& of) {
                              for (std::size_t each = 0; each < size; ++each) {
                                  of = std::move(of).erase(keys[order[each]]);
                              }
                          }),
            best_of_three(size, copy_of(standard), erase_std), best_of_three(size, copy_of(beside), erase_std));
        const auto iterate_std = [&](const auto& of) {
            return best_of_three(size, nothing, [&](int) {
                std::uint64_t sum = 0;
                for (const auto& [key, value] : of) { sum += low_byte(key) + low_byte(value); }
                answer = sum;
            });
        };
        row("iterate", iterate_std(mine), iterate_std(standard), iterate_std(beside));
        row("nth at random", get([&](const Key& key) {
                return low_byte(mine.nth(static_cast<std::size_t>(&key - keys.data())).value);
            }));
        row("copy", best_of_three(size, nothing, [&](int) {
                for (std::size_t each = 0; each < size; ++each) {
                    const map copy = mine;
                    asm volatile("" : : "r"(&copy) : "memory");
                }
            }));
        const std::size_t changes = std::max<std::size_t>(size / 1000, 1);
        auto edit = mine.edit();
        for (std::size_t each = 0; each < changes; ++each) { edit.insert(keys[order[each]], keys[each]); }
        const map changed = std::move(edit).done();
        row("diff of n/1,000 changes, us", best_of_three(1000, nothing, [&](int) {
                std::uint64_t found = 0;
                diff(mine, changed, [&](const Key&, const Key*, const Key*) { ++found; });
                answer = found;
            }));
    }
};

inline void print_ordered_rows(std::size_t size) {
    print_head("ordered_map<int64, int64>");
    ordered_rows<std::int64_t>(size).print();
}
inline void print_ordered_text_rows(std::size_t size) {
    print_head("ordered_map<string, string>");
    ordered_rows<std::string>(size).print();
}

}  // namespace coppice::bench
