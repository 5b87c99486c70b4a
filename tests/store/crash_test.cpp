// Simulated crashes at every commit of a workload, and of the reopening itself. Whatever the disk lost of what
// was not synced, the store opens, verifies, and says what it said when the last acknowledged change was made.
#include <algorithm>
#include <deque>

#include "store/store_support.hpp"
#include "support/seeds.hpp"

namespace coppice {
namespace {

using testing::change_something;
using testing::dump;
using testing::for_each_seed;
using testing::hand_clock;

engine_options options_of(durability sync) {
    engine_options options;
    options.sync = sync;
    options.background = false;
    options.sizes = testing::small_nodes;
    options.history_budget = 200'000;
    return options;
}

std::unique_ptr<engine> open_on(sim_storage& disk, const hand_clock& clock, durability sync) {
    auto opened = disk.open();
    EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message());
    if (!opened) { return nullptr; }
    auto made = engine::open(std::move(*opened), options_of(sync), clock);
    EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message());
    return made ? std::move(*made) : nullptr;
}

std::string verified(engine& store) {
    std::string all;
    for (const finding& each : store.verify()) { all += each.where + ": " + each.what + "\n"; }
    return all;
}

TEST(Crash, NothingAcknowledgedIsLostWhenEveryChangeIsSynced) {
    for_each_seed(6, [](random_source& random) {
        sim_storage disk({.seed = random()});
        hand_clock clock;
        auto store = open_on(disk, clock, durability::always);
        for (int step = 0; step < 60; ++step) {
            change_something(*store, clock, random);
            if (random.one_in(12)) { ASSERT_TRUE(store->checkpoint().has_value()); }
            if (random.one_in(25)) { ASSERT_TRUE(store->clean_up().has_value()); }
            const std::string said = dump(*store);
            disk.for_each_crash_image(2, random, [&](sim_storage& image) {
                const hand_clock later = clock;
                auto again = open_on(image, later, durability::always);
                ASSERT_NE(again, nullptr);
                ASSERT_EQ(dump(*again), said) << "step " << step;
                ASSERT_EQ(verified(*again), "");
                if (random.one_in(2)) { static_cast<void>(again->checkpoint()); }
                again.reset();
                // A crash of what was reopened.
                const auto second = image.crash_image(random);
                auto third = open_on(*second, later, durability::always);
                ASSERT_NE(third, nullptr);
                ASSERT_EQ(dump(*third), said) << "step " << step;
            });
            if (::testing::Test::HasFatalFailure()) { return; }
            if (random.one_in(15)) {  // a clean restart
                if (random.one_in(2)) { ASSERT_TRUE(store->close().has_value()); }
                store.reset();
                store = open_on(disk, clock, durability::always);
                ASSERT_EQ(dump(*store), said);
            }
        }
    });
}

// What is lost is a tail: the store says what it said at some moment not before the last sync.
TEST(Crash, WithoutSyncsAPrefixSurvives) {
    for_each_seed(6, [](random_source& random) {
        sim_storage disk({.seed = random()});
        hand_clock clock;
        auto store = open_on(disk, clock, durability::no);
        std::deque<std::string> said = {dump(*store, false)};  // since the last sync
        for (int step = 0; step < 60; ++step) {
            change_something(*store, clock, random);
            said.push_back(dump(*store, false));
            if (random.one_in(10)) {
                ASSERT_TRUE((random.one_in(2) ? store->sync_now() : store->checkpoint()).has_value());
                said.erase(said.begin(), said.end() - 1);
            }
            disk.for_each_crash_image(3, random, [&](sim_storage& image) {
                auto again = open_on(image, clock, durability::no);
                ASSERT_NE(again, nullptr);
                ASSERT_NE(std::find(said.begin(), said.end(), dump(*again, false)), said.end()) << "step " << step;
                ASSERT_EQ(verified(*again), "");
            });
            if (::testing::Test::HasFatalFailure()) { return; }
        }
    });
}

// Each operation of the disk fails once, at every place of a workload: the store says so, reads go on, and what was
// acknowledged before is there after reopening.
TEST(Crash, EveryFailingOperationLeavesWhatWasAcknowledged) {
    for (const errc code : {errc::io, errc::no_space}) {
        for (std::uint64_t k = 0; k < 400; k += 3) {
            random_source random(7);
            sim_storage disk;
            hand_clock clock;
            auto store = open_on(disk, clock, durability::always);
            for (int step = 0; step < 10; ++step) { change_something(*store, clock, random); }
            disk.fail_operation(k, code);
            std::string said;
            const std::uint64_t before = disk.operations();
            for (int step = 0; step < 12; ++step) {
                said = dump(*store);
                const auto main = store->branch("main");
                if (!main) { break; }
                const std::string key = "k" + std::to_string(step);
                const status done = store->transact(**main, [&](branch_writer& writer) {
                    writer.put_string(0, key, std::string(700, 'v'), no_deadline);
                    return status{};
                });
                if (!done) { break; }
                said = dump(*store);
                if (step % 4 == 3 && !store->checkpoint()) { break; }
            }
            const bool reached = disk.operations() > before + k;
            disk.fail_nothing();
            EXPECT_EQ(dump(*store), said) << "k " << k;  // reads go on
            store.reset();
            auto again = open_on(disk, clock, durability::always);
            ASSERT_NE(again, nullptr) << "k " << k;
            const std::string found = dump(*again);
            // The change that failed may have reached the disk: then it is there, whole.
            if (found != said) { EXPECT_NE(found.find("key"), std::string::npos); }
            EXPECT_EQ(verified(*again), "") << "k " << k;
            if (!reached) { break; }
        }
    }
}

}  // namespace
}  // namespace coppice
