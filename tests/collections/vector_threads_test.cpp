// Vectors, and texts, that share nodes, on several threads: each does as it would alone.
#include <coppice/text.hpp>
#include <coppice/vector.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace coppice {
namespace {

constexpr int threads = 4;

template <class Body>
void on_each_thread(Body body) {
    std::atomic<int> ready = 0;
    std::vector<std::thread> running;
    for (int each = 0; each < threads; ++each) {
        running.emplace_back([&, each] {
            ++ready;
            while (ready.load() < threads) {}
            body(each);
        });
    }
    for (auto& one : running) { one.join(); }
}

TEST(VectorThreads, OneOfThoseThatPushOntoOneVectorGetsItsPlaceAndTheOthersCopy) {
    for (int round = 0; round < 200; ++round) {
        vector<std::string> base;
        for (int each = 0; each < 20; ++each) { base = std::move(base).push_back("element " + std::to_string(each)); }
        std::vector<vector<std::string>> made(threads);
        on_each_thread([&](int me) {
            vector<std::string> mine = base;
            for (int each = 0; each < 40; ++each) {
                mine =
                    each % 2 == 0 ? mine.push_back(std::to_string(me)) : std::move(mine).push_back(std::to_string(me));
            }
            made[static_cast<std::size_t>(me)] = mine;
        });
        for (int me = 0; me < threads; ++me) {
            const auto& subject = made[static_cast<std::size_t>(me)];
            ASSERT_EQ(subject.size(), 60U);
            ASSERT_EQ(subject.take(20), base);
            for (std::size_t each = 20; each < 60; ++each) { ASSERT_EQ(subject[each], std::to_string(me)); }
        }
    }
}

TEST(VectorThreads, EachChangesItsOwn) {
    vector<int> base;
    for (int each = 0; each < 20'000; ++each) { base = std::move(base).push_back(each); }
    on_each_thread([&](int me) {
        vector<int> mine = base;
        long sum = 0;
        for (int step = 0; step < 2'000; ++step) {
            const auto at = static_cast<std::size_t>((step * 7'919 + me * 13) % 20'000);
            switch (step % 4) {
                case 0: mine = std::move(mine).set(at, -me); break;
                case 1: mine = mine.insert(at, me); break;
                case 2: mine = std::move(mine).erase(at); break;
                default: mine = mine.take(at) + base.drop(at); break;
            }
            sum += mine[at / 2];
        }
        mine.check_invariants();
        EXPECT_NE(sum, 0);
    });
    base.check_invariants();
    for (int each = 0; each < 20'000; ++each) { ASSERT_EQ(base[static_cast<std::size_t>(each)], each); }
}

TEST(TextThreads, EachChangesItsOwn) {
    std::string lines;
    for (int each = 0; each < 3'000; ++each) { lines += "line " + std::to_string(each) + '\n'; }
    const text base(lines);
    on_each_thread([&](int me) {
        text mine = base;
        const std::string mark = "<" + std::to_string(me) + ">";
        for (std::size_t step = 0; step < 500; ++step) {
            const std::size_t at = mine.position_of_line(step * 5);
            mine = step % 2 == 0 ? std::move(mine).insert(at, mark) : mine.replace(at, at + 4, mark);
        }
        mine.check_invariants();
        EXPECT_EQ(mine.line_count(), base.line_count());
        EXPECT_TRUE(mine.starts_with(mark));
    });
    EXPECT_EQ(base, lines);
}

}  // namespace
}  // namespace coppice
