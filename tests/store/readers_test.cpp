// Readers beside writers, all threads on one store in memory. Values say which key, which generation and a hash of
// both, so that a torn, mixed or stale read shows itself:
//   - every transaction writes all keys of its branch with one generation, so a version holds one generation;
//   - a reader never sees a generation that is older than one it has seen, or than one whose write had returned
//     before it began to read (each key linearizes as a register with one writer a branch);
//   - checkpoints, clean-ups, differences, metrics and branches that come and go run beside.
#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <coppice/base/random.hpp>
#include <coppice/store.hpp>

#include <gtest/gtest.h>

namespace coppice {
namespace {

constexpr std::uint64_t keys = 8;

std::string key_of(std::uint64_t number) { return "key:" + std::to_string(number); }

/// "key generation hash", long enough that some lie in nodes of their own.
std::string value_of(std::uint64_t number, std::uint64_t generation) {
    std::string text = key_of(number) + " " + std::to_string(generation) + " ";
    text += std::to_string(std::hash<std::string>()(text));
    text.append(number == 0 ? 3000 : 0, '.');
    return text;
}

/// The generation that a value says, having checked the rest of it.
std::uint64_t generation_of(std::uint64_t number, const std::string& text) {
    const std::uint64_t generation = std::stoull(text.substr(text.find(' ') + 1));
    EXPECT_EQ(text, value_of(number, generation));
    return generation;
}

/// The one generation of a version; 0 where nothing has been written.
std::uint64_t generation_in(const view& version) {
    const auto first = version.get(key_of(0));
    if (!first.has_value() || !first->has_value()) { return 0; }
    const std::uint64_t generation = generation_of(0, **first);
    for (std::uint64_t number = 1; number < keys; ++number) {
        const auto text = version.get(key_of(number));
        EXPECT_TRUE(text.has_value() && text->has_value());
        EXPECT_EQ(generation_of(number, **text), generation) << "a version of two transactions";
    }
    EXPECT_EQ(version.size("list").value(), generation % 50);
    const auto field = version.field("hash", "generation");
    EXPECT_EQ(field.value().value(), std::to_string(generation));
    return generation;
}

void write(branch& to, std::uint64_t generation) {
    const auto done = to.transact([&](editor& edit) {
        for (std::uint64_t number = 0; number < keys; ++number) {
            edit.put(key_of(number), value_of(number, generation));
        }
        edit.put_field("hash", "generation", std::to_string(generation));
        if (generation % 50 == 0) {
            edit.erase("list");
        } else {
            edit.push_back("list", std::to_string(generation));
        }
    });
    EXPECT_TRUE(done.has_value()) << (done ? "" : done.error().message());
}

struct written_branch {
    explicit written_branch(branch handle) : data(std::move(handle)) {}
    branch data;
    std::atomic<std::uint64_t> acknowledged{0};  // generation whose transact() has returned
    std::atomic<std::uint64_t> begun{0};         // and whose had been called
};

/// Reads until `done`, and checks what it reads against what was acknowledged before and begun behind it.
void read_until(const std::atomic<bool>& done, written_branch& of, std::uint64_t seed,
                std::atomic<std::uint64_t>& reads) {
    branch mine = of.data;
    random_source random(seed);
    std::uint64_t newest = 0;
    std::vector<std::pair<snapshot, std::uint64_t>> held;
    while (!done.load(std::memory_order_relaxed) && !::testing::Test::HasFailure()) {
        const std::uint64_t at_least = of.acknowledged.load(std::memory_order_acquire);
        std::uint64_t seen = 0;
        if (random.one_in(2)) {
            seen = mine.peek([](const view& lent) { return generation_in(lent); });
        } else {
            const snapshot owned = mine.read();
            seen = generation_in(owned);
            if (held.size() < 4) { held.emplace_back(owned, seen); }
        }
        const std::uint64_t at_most = of.begun.load(std::memory_order_acquire);
        ASSERT_GE(seen, at_least) << "an acknowledged write was not seen";
        ASSERT_LE(seen, at_most) << "a write was seen before it began";
        ASSERT_GE(seen, newest) << "a reader went back in time";
        newest = seen;
        if (!held.empty() && random.one_in(3)) {
            const std::size_t which = random.below(held.size());
            ASSERT_EQ(generation_in(held[which].first), held[which].second) << "a snapshot changed";
            held.erase(held.begin() + static_cast<std::ptrdiff_t>(which));
        }
        reads.fetch_add(1, std::memory_order_relaxed);
    }
}

TEST(Readers, SeeWholeVersionsThatNeverGoBackWhileAllElseGoesOn) {
    constexpr std::uint64_t generations = 500;
    auto opened = store::open_memory({.history_budget = 64 * 1024,
                                      .checkpoint_log_bytes = 256 * 1024,
                                      .restore_point_interval = std::chrono::milliseconds(5)});
    ASSERT_TRUE(opened.has_value());
    store data = *opened;
    ASSERT_TRUE(data.create_branch("exp").has_value());
    written_branch first(*data.branch("main"));
    written_branch second(*data.branch("exp"));
    std::atomic<bool> done = false;
    std::atomic<std::uint64_t> reads = 0;
    std::vector<std::thread> threads;
    for (std::uint64_t id = 0; id < 2; ++id) {
        for (written_branch* of : {&first, &second}) {
            threads.emplace_back([&, id, of] { read_until(done, *of, id, reads); });
        }
    }
    threads.emplace_back([&] {  // upkeep
        store mine = data;
        for (std::uint64_t round = 0; !done.load(std::memory_order_relaxed); ++round) {
            EXPECT_TRUE(mine.checkpoint().has_value());
            if (round % 5 == 0) { EXPECT_TRUE(mine.verify().value().empty()); }
            EXPECT_TRUE(mine.metrics().has_value());
            std::this_thread::yield();
        }
    });
    threads.emplace_back([&] {
        store mine = data;
        while (!done.load(std::memory_order_relaxed)) {
            EXPECT_TRUE(mine.clean_up().has_value());
            std::this_thread::yield();
        }
    });
    threads.emplace_back([&] {  // references
        store mine = data;
        for (std::uint64_t round = 0; !done.load(std::memory_order_relaxed); ++round) {
            auto made = mine.create_branch("short-lived", round % 2 == 0 ? "main" : "exp");
            ASSERT_TRUE(made.has_value());
            const std::uint64_t then = generation_in(made->read());
            write(*made, then + 1);
            EXPECT_EQ(generation_in(made->read()), then + 1);
            if (round % 4 == 0) { EXPECT_TRUE(made->commit("kept").has_value()); }
            std::uint64_t differing = 0;
            EXPECT_TRUE(mine.diff("main", "exp", [&](const key_difference&) { ++differing; }).has_value());
            EXPECT_LE(differing, keys + 2);
            EXPECT_TRUE(mine.history("main").has_value());
            EXPECT_TRUE(mine.drop_branch("short-lived").has_value());
        }
    });
    std::vector<std::thread> writers;
    for (written_branch* to : {&first, &second}) {
        writers.emplace_back([&, to] {
            branch mine = to->data;
            for (std::uint64_t generation = 1; generation <= generations; ++generation) {
                to->begun.store(generation, std::memory_order_release);
                write(mine, generation);
                to->acknowledged.store(generation, std::memory_order_release);
            }
        });
    }
    for (std::thread& each : writers) { each.join(); }
    done = true;
    for (std::thread& each : threads) { each.join(); }
    EXPECT_EQ(generation_in(first.data.read()), generations);
    EXPECT_EQ(generation_in(second.data.read()), generations);
    EXPECT_GT(reads.load(), 0U);
    EXPECT_TRUE(data.verify().value().empty());
}

// Two writers on one branch: each transaction reads a counter and writes one more. None is lost, so they ran one
// after the other, and each was told a version of its own.
TEST(Readers, TransactionsOfOneBranchRunOneAfterTheOther) {
    constexpr std::uint64_t rounds = 150;
    constexpr std::uint64_t writers = 3;
    store data = *store::open_memory();
    std::vector<std::vector<version_id>> made(writers);
    std::vector<std::thread> threads;
    for (std::uint64_t id = 0; id < writers; ++id) {
        threads.emplace_back([&, id] {
            store mine = data;
            branch main = *mine.branch("main");
            for (std::uint64_t i = 0; i < rounds; ++i) {
                const auto done = main.transact([&](editor& edit) {
                    const auto now = edit.get("counter").value().value_or("0");
                    edit.put("counter", std::to_string(std::stoull(now) + 1));
                    edit.add_member("done", std::to_string(id) + ":" + std::to_string(i));
                });
                ASSERT_TRUE(done.has_value());
                made[id].push_back(*done);
                if (i % 16 == 0) { EXPECT_TRUE(main.commit("a commit").has_value()); }
            }
        });
    }
    for (std::thread& each : threads) { each.join(); }
    const snapshot end = data.branch("main")->read();
    EXPECT_EQ(end.get("counter").value().value(), std::to_string(writers * rounds));
    EXPECT_EQ(end.size("done").value(), writers * rounds);
    std::vector<version_id> all;
    for (const auto& each : made) {
        EXPECT_TRUE(std::is_sorted(each.begin(), each.end()));
        all.insert(all.end(), each.begin(), each.end());
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
}

// The last to let go closes the store, whoever that is.
TEST(Readers, SnapshotsOutliveTheStoreOnAnyThread) {
    for (int round = 0; round < 10; ++round) {
        std::vector<std::thread> threads;
        {
            store data = *store::open_memory();
            branch main = *data.branch("main");
            write(main, 1);
            for (int id = 0; id < 3; ++id) {
                threads.emplace_back([held = main.read(), mine = main]() mutable {
                    EXPECT_EQ(generation_in(held), 1U);
                    { const branch gone = std::move(mine); }
                    EXPECT_EQ(generation_in(held), 1U);
                });
            }
            write(main, 2);
        }
        for (std::thread& each : threads) { each.join(); }
    }
}

// A rewind moves the root that a transaction on another thread is about to edit.
TEST(Readers, RewindsAndDropsTakeTheBranchsTurn) {
    store data = *store::open_memory();
    branch main = *data.branch("main");
    write(main, 1);
    ASSERT_TRUE(main.commit("first").has_value());
    std::atomic<bool> done = false;
    std::thread rewinder([&, mine = main]() mutable {
        while (!done) { EXPECT_TRUE(mine.rewind("main~0").has_value()); }
    });
    std::thread dropper([&, mine = data]() mutable {
        while (!done) {
            auto made = mine.create_branch("exp");
            ASSERT_TRUE(made.has_value());
            std::thread writer([exp = *made]() mutable {
                for (std::uint64_t i = 2; i < 5; ++i) {
                    static_cast<void>(exp.transact([&](editor& edit) { edit.put("k", std::to_string(i)); }));
                }
            });
            EXPECT_TRUE(mine.drop_branch("exp").has_value());
            writer.join();
        }
    });
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(main.transact([](editor& edit) { edit.push_back("more", "x"); }).has_value());
        EXPECT_EQ(generation_in(main.read()), 1U);
    }
    done = true;
    rewinder.join();
    dropper.join();
}

}  // namespace
}  // namespace coppice
