// What every kind of storage does alike: the promises in node_store.hpp, head_store.hpp and write_log.hpp that
// need no crash.

#include <atomic>
#include <map>
#include <thread>

#include "storage_kinds.hpp"

namespace coppice::testing {
namespace {

class EveryKind : public ::testing::TestWithParam<storage_kind> {
protected:
    void SetUp() override { open_ = GetParam().make(); }
    storage open() { return open_(); }

private:
    std::function<storage()> open_;
};
INSTANTIATE_TEST_SUITE_P(Storage, EveryKind, ::testing::ValuesIn(all_kinds()),
                         [](const auto& given) { return given.param.name; });

node_id id(std::uint32_t number, std::uint32_t arena = 1) { return make_node_id(arena, number); }

std::vector<log_sequence> replayed(write_log& log, log_sequence from, std::vector<std::string>* records = nullptr) {
    std::vector<log_sequence> sequences;
    const auto report = log.replay(from, [&](log_sequence sequence, std::string_view record) -> status {
        sequences.push_back(sequence);
        if (records != nullptr) { records->emplace_back(record); }
        return {};
    });
    EXPECT_TRUE(report) << report.error().message();
    return sequences;
}

// A node comes back as it was put, whatever its size, and a stranger's seal does not fit.
TEST_P(EveryKind, ReturnsNodesAsTheyWerePut) {
    auto disk = open();
    random_source random(test_seed());
    std::map<node_id, std::string> model;
    for (std::uint32_t i = 1; i <= 200; ++i) {
        model[id(i)] = random_bytes(random, random.below(i % 50 == 0 ? 300'000 : 9000), i % 3 == 0 ? 256 : 4);
    }
    model[id(201)] = "";
    std::vector<stored_node> nodes;
    for (const auto& [node, payload] : model) { nodes.push_back({node, payload}); }
    ASSERT_TRUE(disk.nodes->put_many(nodes));
    for (const bool synced : {false, true}) {
        if (synced) { ASSERT_TRUE(disk.nodes->sync()); }
        for (const auto& [node, payload] : model) {
            const auto seal = seal_of(node, payload);
            EXPECT_EQ(*disk.nodes->get(node, seal), payload);
            EXPECT_EQ(*disk.nodes->get(node, seal | seal_references_bit), payload) << "that bit is the tree's";
            const auto wrong = disk.nodes->get(node, seal ^ 1);
            EXPECT_EQ(wrong.error(), (error{errc::corrupt, to_string(node) + ": checksum"}));
        }
    }
    EXPECT_EQ(disk.nodes->get(id(999), 0).error().code, errc::not_found);
    const std::vector<node_reference> wanted{{id(3), seal_of(id(3), model[id(3)])}, {id(999), 0}};
    const auto several = disk.nodes->get_many(wanted);
    EXPECT_EQ(*several[0], model[id(3)]);
    EXPECT_FALSE(several[1]);
    EXPECT_TRUE(verify_storage(disk).empty());
    EXPECT_GT(disk.nodes->disk_bytes(), 0U);
}

// Ids are listed in order within bounds, and retired ones are gone.
TEST_P(EveryKind, ListsAndRetiresNodes) {
    auto disk = open();
    const std::string payload(2000, 'x');
    std::vector<stored_node> nodes;
    for (std::uint32_t arena = 1; arena <= 2; ++arena) {
        for (std::uint32_t i = 1; i <= 300; ++i) { nodes.push_back({id(i * 2, arena), payload}); }
    }
    ASSERT_TRUE(disk.nodes->put_many(nodes));
    const auto list = [&](node_id from, node_id to) {
        std::vector<node_id> found;
        EXPECT_TRUE(disk.nodes->for_each_id(from, to, [&](node_id at) {
            found.push_back(at);
            return true;
        }));
        EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
        return found;
    };
    EXPECT_EQ(list(node_id::none, node_id_end).size(), 600U);
    EXPECT_EQ(list(id(100), id(104)), (std::vector{id(100), id(102)}));
    EXPECT_EQ(list(id(0, 2), node_id_end).size(), 300U);
    const std::vector<node_id> dead{id(2), id(3), id(600, 2)};
    ASSERT_TRUE(disk.nodes->retire(dead));
    ASSERT_TRUE(disk.nodes->sync());
    std::atomic<bool> stop{false};
    ASSERT_TRUE(disk.nodes->compact(stop));
    EXPECT_EQ(list(node_id::none, node_id_end).size(), 598U);
    EXPECT_EQ(disk.nodes->get(id(2), seal_of(id(2), payload)).error().code, errc::not_found);
    EXPECT_EQ(*disk.nodes->get(id(4), seal_of(id(4), payload)), payload);
    ASSERT_TRUE(disk.nodes->resume());
}

// Only who knows the newest token moves a head.
TEST_P(EveryKind, MovesAHeadOnlyFromWhereItIs) {
    auto disk = open();
    EXPECT_FALSE(disk.heads->read("main")->has_value());
    EXPECT_EQ(disk.heads->move_head("main", head_token("7"), "x")->outcome, move_outcome::lost);
    const auto first = disk.heads->move_head("main", {}, "one");
    ASSERT_EQ(first->outcome, move_outcome::moved);
    EXPECT_EQ(disk.heads->move_head("main", {}, "again")->outcome, move_outcome::lost);
    const auto second = disk.heads->move_head("main", first->token, std::string("two\0three", 9));
    ASSERT_EQ(second->outcome, move_outcome::moved);
    EXPECT_EQ(disk.heads->move_head("main", first->token, "late")->outcome, move_outcome::lost);
    EXPECT_EQ((*disk.heads->read("main"))->bytes, std::string("two\0three", 9));
    EXPECT_EQ((*disk.heads->read("main"))->token, second->token);
    EXPECT_FALSE(disk.heads->read("other")->has_value());
    ASSERT_EQ(disk.heads->move_head("other", {}, "")->outcome, move_outcome::moved);
    EXPECT_EQ((*disk.heads->read("other"))->bytes, "");
}

// Records come back in order, with their numbers, from any one on; also those longer than several segments.
TEST_P(EveryKind, ReplaysWhatWasWritten) {
    auto disk = open();
    random_source random(test_seed());
    std::vector<std::string> model;
    log_batch batch;
    while (model.size() < 300) {
        batch.clear();
        const auto first = model.size() + 1;
        for (auto left = 1 + random.below(20); left > 0; --left) {
            model.push_back(random_bytes(random, random.one_in(40) ? random.below(400'000) : random.below(200)));
            batch.add(model.back());
        }
        batch.begin_record();
        batch.append("taken back");
        batch.drop_record();
        ASSERT_TRUE(disk.log->reserve(batch.size_bytes()));
        EXPECT_EQ(*disk.log->write(batch), first);
        if (random.one_in(4)) {
            ASSERT_TRUE(disk.log->sync());
            EXPECT_EQ(disk.log->synced(), model.size() + 1);
        }
    }
    const auto check = [&] {
        EXPECT_EQ(disk.log->next(), model.size() + 1);
        EXPECT_EQ(disk.log->first(), 1U);
        for (const std::size_t from :
             {std::size_t{1}, std::size_t{2}, model.size() / 2, model.size(), model.size() + 1}) {
            std::vector<std::string> records;
            const auto sequences = replayed(*disk.log, from, &records);
            ASSERT_EQ(sequences.size(), model.size() + 1 - from);
            for (std::size_t i = 0; i < records.size(); ++i) {
                EXPECT_EQ(sequences[i], from + i);
                EXPECT_EQ(records[i], model[from - 1 + i]);
            }
        }
    };
    check();
    EXPECT_TRUE(verify_storage(disk).empty());
    if (!GetParam().survives) { return; }
    disk = {};
    disk = open();
    check();
    EXPECT_EQ(*disk.log->append("and on"), model.size() + 1);
    EXPECT_TRUE(verify_storage(disk).empty());
}

// A visitor's error ends the replay and is its answer.
TEST_P(EveryKind, StopsAReplayWhereTheVisitorSays) {
    auto disk = open();
    for (int i = 0; i < 5; ++i) { ASSERT_TRUE(disk.log->append("record")); }
    int seen = 0;
    const auto report = disk.log->replay(1, [&](log_sequence sequence, std::string_view) -> status {
        ++seen;
        if (sequence == 3) { return error{errc::conflict, "enough"}; }
        return {};
    });
    EXPECT_EQ(report.error(), (error{errc::conflict, "enough"}));
    EXPECT_EQ(seen, 3);
}

// Dropping a prefix keeps everything from there on, and a replay from below says that it is gone.
TEST_P(EveryKind, DropsAPrefixAndKeepsTheRest) {
    auto disk = open();
    const std::string record(10'000, 'r');
    for (int i = 0; i < 50; ++i) { ASSERT_TRUE(disk.log->append(record)); }
    ASSERT_TRUE(disk.log->sync());
    ASSERT_TRUE(disk.log->drop_before(31));
    EXPECT_GT(disk.log->first(), 1U);
    EXPECT_LE(disk.log->first(), 31U);
    EXPECT_EQ(replayed(*disk.log, 31).size(), 20U);
    EXPECT_EQ(disk.log->replay(1, [](log_sequence, std::string_view) -> status { return {}; }).error().code,
              errc::corrupt);
    ASSERT_TRUE(disk.log->rotate());
    ASSERT_TRUE(disk.log->drop_before(disk.log->next()));
    EXPECT_EQ(disk.log->first(), 51U);
    if (GetParam().survives) {
        disk = {};
        disk = open();
    }
    EXPECT_EQ(disk.log->next(), 51U) << "the numbers go on though nothing is left";
    EXPECT_EQ(*disk.log->append("next"), 51U);
    EXPECT_EQ(replayed(*disk.log, 51).size(), 1U);
}

// A checkpoint may hold records that the log lost in a crash: the log goes on behind them.
TEST_P(EveryKind, GoesOnBehindACheckpointBeyondItsEnd) {
    auto disk = open();
    for (int i = 0; i < 5; ++i) { ASSERT_TRUE(disk.log->append("old")); }
    EXPECT_TRUE(replayed(*disk.log, 9).empty());
    EXPECT_EQ(disk.log->next(), 9U);
    EXPECT_EQ(*disk.log->append("new"), 9U);
    ASSERT_TRUE(disk.log->sync());
    if (GetParam().survives) {
        disk = {};
        disk = open();
    }
    std::vector<std::string> records;
    EXPECT_EQ(replayed(*disk.log, 9, &records), std::vector<log_sequence>{9});
    EXPECT_EQ(records, std::vector<std::string>{"new"});
    EXPECT_FALSE(disk.log->replay(3, [](log_sequence, std::string_view) -> status { return {}; }));
}

// A clean stop and start keeps nodes, heads and log.
TEST_P(EveryKind, KeepsEverythingOverACleanStop) {
    if (!GetParam().survives) { return; }
    auto disk = open();
    const std::string payload(3000, 'p');
    const std::vector<stored_node> nodes{{id(7), payload}};
    ASSERT_TRUE(disk.nodes->put_many(nodes));
    ASSERT_TRUE(disk.nodes->sync());
    const auto moved = disk.heads->move_head("main", {}, "head");
    ASSERT_TRUE(disk.log->append("record"));
    disk = {};
    disk = open();
    EXPECT_EQ(*disk.nodes->get(id(7), seal_of(id(7), payload)), payload);
    EXPECT_EQ((*disk.heads->read("main"))->bytes, "head");
    EXPECT_EQ(disk.heads->move_head("main", moved->token, "next")->outcome, move_outcome::moved);
    EXPECT_EQ(replayed(*disk.log, 1).size(), 1U);
}

// One thread writes, others sync, drop and read.
TEST_P(EveryKind, LetsOthersSyncAndReadWhileOneWrites) {
    auto disk = open();
    const std::string payload(1500, 'n');
    std::atomic<bool> done = false;
    std::atomic<std::uint32_t> newest = 0;
    std::thread syncer([&] {
        while (!done) {
            const auto before = disk.log->next();
            EXPECT_TRUE(disk.log->sync());
            EXPECT_GE(disk.log->synced(), before);
            EXPECT_TRUE(disk.log->drop_before(disk.log->synced() / 2));
        }
    });
    std::thread reader([&] {
        while (!done) {
            const auto number = newest.load();
            if (number > 0) { EXPECT_EQ(*disk.nodes->get(id(number), seal_of(id(number), payload)), payload); }
            EXPECT_TRUE(disk.nodes->for_each_id(id(1), id(5), [](node_id) { return true; }));
        }
    });
    const std::string record(300, 'r');
    for (std::uint32_t i = 1; i <= 400; ++i) {
        const std::vector<stored_node> nodes{{id(i), payload}};
        EXPECT_TRUE(disk.nodes->put_many(nodes));
        newest = i;
        EXPECT_TRUE(disk.log->reserve(record.size() * 2));
        EXPECT_EQ(*disk.log->append(record), i);
        if (i % 100 == 0) { EXPECT_TRUE(disk.nodes->sync()); }
    }
    done = true;
    syncer.join();
    reader.join();
    EXPECT_EQ(replayed(*disk.log, 300).size(), 101U);
}

}  // namespace
}  // namespace coppice::testing
