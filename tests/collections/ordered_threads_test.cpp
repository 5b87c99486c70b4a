// Threads that change maps which share nodes: each sees its own changes and nobody else's.
#include <array>
#include <map>
#include <string>
#include <thread>

#include <coppice/base/random.hpp>
#include <coppice/ordered_map.hpp>

#include <gtest/gtest.h>

namespace coppice {
namespace {

template <class V>
void change_apart(V (*value)(int)) {
    using map = ordered_map<int, V>;
    map shared;
    for (int key = 0; key < 5'000; ++key) { shared = std::move(shared).insert(key, value(key)); }
    std::array<map, 2> ends;
    std::array<std::thread, 2> threads;
    for (int id = 0; id < 2; ++id) {
        threads[static_cast<std::size_t>(id)] = std::thread([id, value, start = shared, &ends] {
            random_source random(static_cast<std::uint64_t>(id));
            map mine = start;
            for (int step = 0; step < 3'000; ++step) {
                const int key = static_cast<int>(random.below(5'000)) * 2 + id;
                mine = random.one_in(3) ? mine.erase(key) : std::move(mine).insert(key, value(-id - 1));
                if (step % 500 == 0) {
                    mine = mine.take(mine.size() / 2) + start.drop(start.rank_of(mine.nth(mine.size() / 2).first));
                }
            }
            ends[static_cast<std::size_t>(id)] = mine;
        });
    }
    for (std::thread& each : threads) { each.join(); }
    for (int key = 0; key < 5'000; ++key) { ASSERT_EQ(shared.at(key), value(key)); }
    for (int id = 0; id < 2; ++id) {
        ends[static_cast<std::size_t>(id)].check_invariants();
        for (const auto& [key, held] : ends[static_cast<std::size_t>(id)]) {
            ASSERT_TRUE(held == value(-id - 1) || held == value(key));
        }
    }
}

TEST(OrderedMapThreads, MapsThatShareNodesChangeApart) {
    change_apart<int>([](int number) { return number; });
    change_apart<std::string>([](int number) { return std::to_string(number) + " of a value"; });
}

}  // namespace
}  // namespace coppice
