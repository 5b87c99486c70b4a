// Crashes and failures on the simulated storage: after each, what was acknowledged is there.

#include <set>

#include "storage_kinds.hpp"

namespace coppice::testing {
namespace {

/// A small store: each step writes records; a checkpoint puts a node that names the newest record and moves the
/// head to it. `acknowledged` is what a crash must not take.
class tiny_store {
public:
    struct promise {
        log_sequence log_synced = 1;   ///< records below were answered as durable
        log_sequence head = 0;         ///< newest acknowledged checkpoint
        log_sequence head_maybe = 0;   ///< a move whose answer was unknown
    };

    explicit tiny_store(sim_storage& disk) : opened_(disk.open()) {}

    /// Runs until the first failure.
    void run(int steps, promise& made, const std::function<void()>& between) {
        if (!opened_ || !recover(made)) { return; }
        for (int i = 0; i < steps; ++i) {
            if (!step(i, made)) { return; }
            between();
        }
    }

    /// Checks that everything promised is there. Requires: nothing fails.
    void check(const promise& made) {
        ASSERT_TRUE(opened_) << opened_.error().message();
        auto& disk = *opened_;
        const auto head = disk.heads->read("main");
        ASSERT_TRUE(head) << head.error().message();
        log_sequence from = 1;
        if (*head) {
            from = std::stoull((*head)->bytes);
            const auto payload = payload_of(from);
            const auto node = disk.nodes->get(id_of(from), seal_of(id_of(from), payload));
            ASSERT_TRUE(node) << "H2: " << node.error().message();
        }
        ASSERT_TRUE(from >= std::max<log_sequence>(made.head, 1)) << from << " below " << made.head;
        ASSERT_TRUE(from <= std::max<log_sequence>({made.head, made.head_maybe, 1}));
        log_sequence next = from;
        const auto report = disk.log->replay(from, [&](log_sequence sequence, std::string_view record) -> status {
            EXPECT_EQ(sequence, next++);
            EXPECT_EQ(record, record_of(sequence));
            return {};
        });
        ASSERT_TRUE(report) << report.error().message();
        EXPECT_GE(std::max(next, from), std::max(made.log_synced, made.head));
        EXPECT_TRUE(verify_storage(disk).empty());
        EXPECT_EQ(*disk.log->append(record_of(report->next)), report->next);
        EXPECT_TRUE(disk.log->sync());
    }

private:
    static std::string record_of(log_sequence sequence) {
        return std::to_string(sequence) + std::string(sequence * 131 % 3000, 'r');
    }
    static std::string payload_of(log_sequence head) { return std::to_string(head) + std::string(700, 'n'); }
    static node_id id_of(log_sequence head) { return make_node_id(1, static_cast<std::uint32_t>(head)); }

    bool recover(promise& made) {
        const auto head = opened_->heads->read("main");
        if (!head) { return false; }
        if (*head) { token_ = (*head)->token; }
        const auto report = opened_->log->replay(*head ? std::stoull((*head)->bytes) : 1,
                                                 [](log_sequence, std::string_view) -> status { return {}; });
        if (report) { made.log_synced = std::max(made.log_synced, opened_->log->synced()); }
        return report.has_value();
    }
    bool step(int i, promise& made) {
        auto& disk = *opened_;
        for (int records = 0; records < 1 + i % 4; ++records) {
            const auto record = record_of(disk.log->next());
            if (!disk.log->reserve(2 * record.size() + 100)) { return false; }
            if (!disk.log->append(record)) { return false; }
        }
        if (i % 3 == 1) {
            if (!disk.log->sync()) { return false; }
            made.log_synced = disk.log->synced();
        }
        return i % 5 != 4 || checkpoint(made);
    }
    bool checkpoint(promise& made) {
        auto& disk = *opened_;
        const auto sequence = disk.log->next();
        const auto payload = payload_of(sequence);
        const stored_node node{id_of(sequence), payload};
        if (!disk.nodes->put_many({&node, 1})) { return false; }
        // The node must be durable before the head that names it.
        if (!disk.nodes->sync()) { return false; }
        const auto moved = disk.heads->move_head("main", token_, std::to_string(sequence));
        if (!moved) { return false; }
        if (moved->outcome == move_outcome::unknown) { made.head_maybe = sequence; }
        if (moved->outcome != move_outcome::moved) { return false; }
        const auto before = made.head;
        made.head = sequence;
        token_ = moved->token;
        if (before != 0) {
            const auto dead = id_of(before);
            if (!disk.nodes->retire({&dead, 1})) { return false; }
        }
        return disk.log->drop_before(sequence).has_value();
    }

    result<storage> opened_;
    head_token token_;
};

sim_options tiny_options() {
    sim_options options;
    options.log_segment_bytes = 16 * 1024;
    options.seed = test_seed();
    return options;
}

// At every step, every image (or 30 of them) holds what was acknowledged; and so does an image of its reopening.
TEST(Crash, EveryImageHoldsWhatWasAcknowledged) {
    random_source random(test_seed());
    sim_storage disk(tiny_options());
    std::size_t images = 0;
    tiny_store store(disk);
    tiny_store::promise made;
    store.run(60, made, [&] {
        images += disk.for_each_crash_image(30, random, [&](sim_storage& image) {
            tiny_store(image).check(made);
            // Opening changes the disk as well: cut, then crash again.
            const auto second = image.crash_image(random);
            tiny_store(*second).check(made);
        });
    });
    EXPECT_GT(images, 500U);
}

// Crash after crash, each image goes on where the last one stopped.
TEST(Crash, SurvivesALifeOfCrashes) {
    random_source random(test_seed());
    auto disk = std::make_unique<sim_storage>(tiny_options());
    tiny_store::promise made;
    for (int life = 0; life < 60; ++life) {
        {
            tiny_store store(*disk);
            store.run(static_cast<int>(random.below(12)), made, [] {});
            auto next = disk->crash_image(random);
            tiny_store(*next->crash_image(random)).check(made);
            // The old one ends well, but on a disk that nobody sees any more.
            disk.swap(next);
            store = tiny_store(*next);
        }
    }
}

// The k-th operation fails, for every k: the store stops or goes on, and what was acknowledged is there.
TEST(Faults, EveryFailingOperationKeepsWhatWasAcknowledged) {
    random_source random(test_seed());
    for (const auto code : {errc::io, errc::no_space}) {
        for (std::uint64_t k = 0;; ++k) {
            sim_storage disk(tiny_options());
            disk.fail_operation(k, code);
            tiny_store::promise made;
            std::unique_ptr<sim_storage> crashed;
            {
                tiny_store store(disk);
                store.run(25, made, [] {});
                crashed = disk.crash_image(random);
            }
            const bool failed = disk.operations() > k;
            disk.fail_nothing();
            tiny_store(*crashed).check(made);
            tiny_store(disk).check(made);
            if (!failed) { break; }
            ASSERT_LT(k, 2000U);
        }
    }
}

// A full disk refuses, loses nothing, and goes on when there is room.
TEST(Faults, GoesOnWhenThereIsRoomAgain) {
    sim_storage disk(tiny_options());
    auto opened = *disk.open();
    const std::string payload(4000, 'p');
    const stored_node first{make_node_id(1, 1), payload};
    const stored_node second{make_node_id(1, 2), payload};
    ASSERT_TRUE(opened.nodes->put_many({&first, 1}));
    disk.set_capacity(disk.used_bytes() + 100);
    EXPECT_EQ(opened.nodes->put_many({&second, 1}).error().code, errc::no_space);
    disk.set_capacity(disk.used_bytes());
    EXPECT_EQ(opened.nodes->resume().error().code, errc::no_space);
    disk.set_capacity(disk.used_bytes() + 100'000);
    ASSERT_TRUE(opened.nodes->resume());
    ASSERT_TRUE(opened.nodes->put_many({&second, 1}));
    ASSERT_TRUE(opened.nodes->sync());
    EXPECT_EQ(*opened.nodes->get(second.id, seal_of(second.id, payload)), payload);
}

// After an unknown move either state stands, both do occur, and the token that is read moves it on.
TEST(Faults, AnUnknownMoveIsOneOrTheOther) {
    std::set<std::string> seen;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        sim_storage disk({.log_segment_bytes = 64 * 1024, .seed = seed});
        auto opened = *disk.open();
        const auto first = opened.heads->move_head("main", {}, "old");
        disk.fail_operation(0, errc::no_space);
        const auto second = opened.heads->move_head("main", first->token, "new");
        ASSERT_EQ(second->outcome, move_outcome::unknown);
        EXPECT_EQ(second->reason->code, errc::no_space);
        ASSERT_TRUE(opened.nodes->resume());
        const auto read = *opened.heads->read("main");
        seen.insert(read->bytes);
        EXPECT_EQ(opened.heads->move_head("main", read->token, "next")->outcome, move_outcome::moved);
    }
    EXPECT_EQ(seen, (std::set<std::string>{"new", "old"}));
}

// Damage that a test does is seen.
TEST(Faults, SeesDamage) {
    sim_storage disk(tiny_options());
    auto opened = *disk.open();
    EXPECT_EQ(disk.open().error().code, errc::in_use);
    const std::string payload(400, 'p');
    const stored_node node{make_node_id(1, 1), payload};
    ASSERT_TRUE(opened.nodes->put_many({&node, 1}));
    ASSERT_TRUE(disk.damage_node(node.id, 77));
    EXPECT_EQ(opened.nodes->get(node.id, seal_of(node.id, payload)).error().code, errc::corrupt);
    EXPECT_FALSE(disk.damage_node(make_node_id(1, 2), 0));
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(opened.log->append("record"));
        ASSERT_TRUE(opened.log->sync());
    }
    ASSERT_TRUE(disk.damage_log(disk.log_files().front(), 8192 * 8 + 3));
    EXPECT_EQ(verify_storage(opened).size(), 1U);
    EXPECT_FALSE(opened.log->replay(1, [](log_sequence, std::string_view) -> status { return {}; }));
}

}  // namespace
}  // namespace coppice::testing
