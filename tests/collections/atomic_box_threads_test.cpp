// A box under threads: every operation happens at one moment, nobody sees a value that is half there, gone or older
// than one it has seen, and in the end every value was freed once.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <coppice/atomic_box.hpp>
#include <coppice/base/random.hpp>
#include <coppice/textbook/search_tree.hpp>

#include <gtest/gtest.h>

#include "collections/history.hpp"

namespace coppice {
namespace {

constexpr int threads_in_all = 4;

/// Runs `body(thread's number)` on each of some threads, and waits for them.
template <class Body>
void on_threads(Body body) {
    std::vector<std::thread> threads;
    for (int id = 0; id < threads_in_all; ++id) { threads.emplace_back(body, id); }
    for (std::thread& each : threads) { each.join(); }
}

/// A number that says whether it is whole, is spoilt when it is freed, and counts its kind.
struct stamped {
    explicit stamped(std::uint64_t given) : number(given), twice(2 * given) { ++alive; }
    stamped(const stamped& from) : number(from.number), twice(from.twice) { ++alive; }
    stamped& operator=(const stamped&) = default;
    ~stamped() {
        number = 0;
        twice = 1;
        --alive;
    }
    [[nodiscard]] bool whole() const { return twice == 2 * number; }

    std::uint64_t number;
    std::uint64_t twice;
    static inline std::atomic<std::int64_t> alive{0};
};

TEST(AtomicBoxThreads, EveryOperationHappensAtOneMoment) {
    constexpr int rounds = 3'000;
    constexpr std::uint64_t first = 0;
    using testing::operation;
    const auto now = [] { return std::chrono::steady_clock::now(); };
    {
        atomic_box<stamped> box(stamped{first});
        std::array<std::vector<operation>, threads_in_all> seen;
        on_threads([&](int id) {
            random_source random(static_cast<std::uint64_t>(id));
            std::vector<operation>& history = seen[static_cast<std::size_t>(id)];
            for (std::uint64_t i = 1; i <= rounds; ++i) {
                const std::uint64_t mine = i * threads_in_all + static_cast<std::uint64_t>(id);
                operation done{.saw = 0, .wrote = mine, .called = now(), .returned = {}};
                switch (random.below(6)) {
                    case 0:
                        box.update([&](const stamped& before) {
                            EXPECT_TRUE(before.whole());
                            done.saw = before.number;
                            return stamped(mine);
                        });
                        break;
                    case 1: done.saw = box.exchange(stamped(mine))->number; break;
                    case 2: {
                        auto expected = box.view();
                        const std::uint64_t replaced = expected->number;
                        if (random.one_in(2)) { std::this_thread::yield(); }
                        done.called = now();
                        if (box.compare_exchange(expected, stamped(mine))) {
                            done.saw = replaced;
                        } else {
                            done.saw = done.wrote = expected->number;
                            EXPECT_NE(done.saw, replaced);
                        }
                        break;
                    }
                    case 3: done.saw = done.wrote = box.load().number; break;
                    case 4: done.saw = done.wrote = box.view()->number; break;
                    default:
                        done.saw = done.wrote = box.read([&](const stamped& lent) {
                            const std::uint64_t number = lent.number;
                            if (random.one_in(2)) { std::this_thread::yield(); }  // others replace it meanwhile
                            EXPECT_TRUE(lent.whole() && lent.number == number) << "freed under a reader";
                            return number;
                        });
                        break;
                }
                done.returned = now();
                history.push_back(done);
            }
        });
        std::vector<operation> all;
        for (const auto& each : seen) { all.insert(all.end(), each.begin(), each.end()); }
        EXPECT_EQ(testing::trouble_of(all, first), "");
    }
    EXPECT_EQ(stamped::alive.load(), 0) << "everything was freed, once";
}

// Each thread adds its own numbers; nobody's are lost, whoever else swaps the root meanwhile.
TEST(AtomicBoxThreads, NoUpdateOfATreeIsLost) {
    constexpr int each = 300;
    using tree = textbook::search_tree<int>;
    atomic_box<tree> box;
    on_threads([&](int id) {
        random_source random(static_cast<std::uint64_t>(id));
        std::size_t newest = 0;
        for (int i = 0; i < each; ++i) {
            const int mine = static_cast<int>(random() % 1'000'000) * threads_in_all + id;
            const std::size_t before = box.read([](const tree& lent) { return lent.size(); });
            const auto stored = box.update([&](const tree& lent) { return lent.insert(mine); });
            EXPECT_TRUE(stored->contains(mine));
            EXPECT_TRUE(box.read([&](const tree& lent) { return lent.contains(mine); }));
            EXPECT_GE(before, newest);
            newest = stored->size();
        }
    });
    const tree all = box.load();
    for (int id = 0; id < threads_in_all; ++id) {
        random_source random(static_cast<std::uint64_t>(id));
        for (int i = 0; i < each; ++i) {
            EXPECT_TRUE(all.contains(static_cast<int>(random() % 1'000'000) * threads_in_all + id));
        }
    }
}

// Threads come and go, and so do boxes: no mark is left behind, and what boxes held is freed.
TEST(AtomicBoxThreads, ThreadsAndBoxesComeAndGo) {
    atomic_box<stamped> shared(stamped{1});
    for (int round = 0; round < 40; ++round) {
        on_threads([&](int id) {
            atomic_box<stamped> own(stamped{7});
            for (std::uint64_t i = 0; i < 20; ++i) {
                own.store(stamped(i));
                EXPECT_TRUE(own.load().whole());
                if (id == 0) { shared.store(stamped(i)); }
                EXPECT_TRUE(shared.view()->whole());
            }
        });
    }
    EXPECT_EQ(box_epochs().readers(), 0U);
    shared.store(stamped(2));
    EXPECT_EQ(stamped::alive.load(), 1);
}

}  // namespace
}  // namespace coppice
