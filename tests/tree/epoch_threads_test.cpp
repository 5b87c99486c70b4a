// Epochs under threads: readers borrow and hold while a writer replaces and somebody else reclaims. Nothing that is
// freed is seen, nobody goes back in time, and in the end everything was freed once.
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include <coppice/base/random.hpp>
#include <coppice/tree/epoch.hpp>

#include <gtest/gtest.h>

namespace coppice {
namespace {

/// A value that says whether it is whole, and is spoilt when it is freed.
struct stamped final : counted {
    explicit stamped(std::uint64_t given) : number(given), twice(2 * given) { ++all; }
    ~stamped() {
        number = 0;
        twice = 1;
        --all;
    }
    [[nodiscard]] bool whole() const { return twice == 2 * number; }
    std::uint64_t number;
    std::uint64_t twice;
    static inline std::atomic<std::uint64_t> all{0};
};

TEST(EpochThreads, ReadersSeeWholeValuesThatNeverGoBack) {
    constexpr std::uint64_t writes = 5'000;
    constexpr int readers = 3;
    {
        epoch_domain domain;
        published<stamped> box(domain, counted_ptr<stamped>::adopt(new stamped(0)));
        std::atomic<bool> done = false;
        std::atomic<std::uint64_t> reads = 0;
        std::vector<std::thread> threads;
        for (int id = 0; id < readers; ++id) {
            threads.emplace_back([&, id] {
                std::uint64_t newest = 0;
                random_source random(static_cast<std::uint64_t>(id));
                std::vector<counted_ptr<const stamped>> held;
                while (!done.load(std::memory_order_relaxed)) {
                    std::uint64_t seen = 0;
                    if (random.one_in(2)) {
                        seen = box.with([](const stamped& lent) { return lent.whole() ? lent.number : ~0ULL; });
                    } else {
                        held.push_back(box.load());
                        ASSERT_TRUE(held.back()->whole());
                        seen = held.back()->number;
                        if (held.size() > 8) { held.erase(held.begin()); }
                        for (const auto& each : held) { ASSERT_TRUE(each->whole()); }
                    }
                    ASSERT_GE(seen, newest);
                    ASSERT_LE(seen, writes);
                    newest = seen;
                    reads.fetch_add(1, std::memory_order_relaxed);
                }
            });
        }
        std::thread cleaner([&] {
            while (!done.load(std::memory_order_relaxed)) {
                domain.reclaim();
                std::this_thread::yield();
            }
        });
        for (std::uint64_t i = 1; i <= writes; ++i) {
            box.exchange(counted_ptr<stamped>::adopt(new stamped(i)));
            if (i % 64 == 0) { std::this_thread::yield(); }
        }
        done = true;
        for (std::thread& each : threads) { each.join(); }
        cleaner.join();
        EXPECT_GT(reads.load(), 0U);
        EXPECT_EQ(domain.readers(), 0U);
    }
    EXPECT_EQ(stamped::all.load(), 0U) << "everything was freed, once";
}

}  // namespace
}  // namespace coppice
