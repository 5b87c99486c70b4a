// The store as its users see it: what was written is there after a restart, versions stay what they were, and
// branches go their own ways.
#include <array>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include <coppice/tree/check.hpp>
#include <coppice/tree/cursor.hpp>
#include <storage/storage.hpp>
#include <store/engine.hpp>
#include <store/reference.hpp>

#include <gtest/gtest.h>

namespace coppice {
namespace {

class folder {
public:
    folder()
        : path_(std::filesystem::temp_directory_path()
                / ("coppice-test-" + std::to_string(::getpid()) + "-" + std::to_string(counter_++))) {}
    ~folder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    static inline int counter_ = 0;
    std::filesystem::path path_;
};

class hand_clock final : public clock_source {
public:
    microseconds_utc now() const noexcept override { return time; }
    std::chrono::nanoseconds elapsed() const noexcept override { return std::chrono::microseconds(time); }
    microseconds_utc time = 1'700'000'000'000'000;
};

const engine_options by_hand{.background = false};

std::unique_ptr<engine> open_at(const folder& where, const clock_source& clock,
                                const engine_options& options = by_hand) {
    auto opened = open_directory_storage(where.path());
    EXPECT_TRUE(opened.has_value()) << opened.error().message();
    auto made = engine::open(std::move(*opened), options, clock);
    EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message());
    return std::move(*made);
}

void set(engine& store, std::string_view branch, std::string_view key, std::string_view value) {
    const auto handle = store.branch(branch);
    ASSERT_TRUE(handle.has_value());
    const status done = store.transact(**handle, [&](branch_writer& writer) {
        writer.put_string(0, key, value, no_deadline);
        return status{};
    });
    ASSERT_TRUE(done.has_value()) << done.error().message();
}

std::string get_in(const snapshot_state& state, std::string_view key) {
    const auto view = state.view_then();
    const auto found = view.find(0, key);
    if (!found) { return "(none)"; }
    std::string text;
    view.string_value(*found).append_to(text);
    return text;
}

std::string get(engine& store, std::string_view reference, std::string_view key) {
    const auto resolved = store.resolve(reference);
    return resolved ? get_in(resolved->state, key) : resolved.error().message();
}

TEST(Engine, WhatWasWrittenIsThereAfterARestartWithAndWithoutCheckpoint) {
    const folder where;
    const hand_clock clock;
    {
        const auto store = open_at(where, clock);
        set(*store, "main", "a", "1");
        set(*store, "main", "long", std::string(100'000, 'x'));
    }
    {
        const auto store = open_at(where, clock);
        EXPECT_EQ(get(*store, "main", "a"), "1");
        EXPECT_EQ(get(*store, "main", "long"), std::string(100'000, 'x'));
        ASSERT_TRUE(store->close().has_value());
    }
    const auto store = open_at(where, clock);
    EXPECT_EQ(store->figures().log_records, 0U);
    EXPECT_EQ(get(*store, "main", "a"), "1");
    EXPECT_EQ(get(*store, "main", "long"), std::string(100'000, 'x'));
    set(*store, "main", "a", "2");
    ASSERT_TRUE(store->checkpoint().has_value());
    EXPECT_EQ(store->verify().size(), 0U);
}

TEST(Engine, BranchesCommitsTagsTimesAndRewindSurviveARestart) {
    const folder where;
    hand_clock clock;
    std::string first_commit;
    for (int round = 0; round < 3; ++round) {  // 0: write, 1: after replaying the log, 2: after a checkpoint
        const auto store = open_at(where, clock);
        if (round == 0) {
            set(*store, "main", "k", "one");
            auto main = *store->branch("main");
            first_commit = to_hex(*store->commit(*main, "first", "ada"));
            EXPECT_EQ(to_hex(*store->commit(*main, "again", "ada")), first_commit);  // nothing has changed
            ASSERT_TRUE(store->create_tag("v1", "main").has_value());
            ASSERT_TRUE(store->create_branch("exp", "main").has_value());
            clock.time += 2'000'000;
            store->tick();
            set(*store, "exp", "k", "two");
            clock.time += 2'000'000;
            store->tick();
            set(*store, "main", "k", "three");
            static_cast<void>(store->commit(*main, "second", "ada"));
            clock.time += 2'000'000;
            set(*store, "exp", "k", "four");
            clock.time += 2'000'000;
            store->tick();
            ASSERT_TRUE(store->rewind(*main, "main~1").has_value());
        }
        EXPECT_EQ(get(*store, "main", "k"), "one");
        EXPECT_EQ(get(*store, "exp", "k"), "four");
        EXPECT_EQ(get(*store, "v1", "k"), "one");
        EXPECT_EQ(get(*store, first_commit.substr(0, 6), "k"), "one");
        EXPECT_EQ(get(*store, "exp@" + format_time(clock.time - 3'000'000), "k"), "two");
        EXPECT_EQ(get(*store, "main@" + format_time(clock.time - 3'000'000), "k"), "three");
        const auto entries = store->reflog("main", 10);
        ASSERT_EQ(entries->size(), 1U);
        EXPECT_EQ(get(*store, entries->front().before, "k"), "three");
        EXPECT_EQ(store->branches().size(), 2U);
        const auto commits_of = [&](const std::string& reference) {
            return store->history(reference, {.points = false})->size();
        };
        EXPECT_EQ(commits_of("main"), 1U) << "the rewind left the second behind";
        EXPECT_EQ(commits_of("main@" + format_time(clock.time - 3'000'000)), 2U);
        EXPECT_EQ(commits_of("exp"), 1U) << "inherited";
        EXPECT_EQ(store->verify().size(), 0U);
        if (round == 1) { ASSERT_TRUE(store->checkpoint().has_value()); }
    }
}

TEST(Engine, ADroppedBranchIsGoneAndItsHandleSaysSo) {
    const folder where;
    const hand_clock clock;
    const auto store = open_at(where, clock);
    ASSERT_TRUE(store->create_branch("exp", "main").has_value());
    auto exp = *store->branch("exp");
    set(*store, "exp", "k", "v");
    ASSERT_TRUE(store->drop_branch("exp").has_value());
    EXPECT_FALSE(store->branch("exp").has_value());
    EXPECT_FALSE(store->transact(*exp, [](branch_writer&) { return status{}; }).has_value());
    EXPECT_FALSE(store->drop_branch("main").has_value());
}

TEST(Engine, CleanUpGivesADeletedBranchsSpaceBackAndKeepsWhatSnapshotsHold) {
    const folder where;
    hand_clock clock;
    {
        const auto store = open_at(where, clock);
        set(*store, "main", "kept", std::string(50'000, 'k'));
        ASSERT_TRUE(store->create_branch("exp", "main").has_value());
        set(*store, "exp", "dropped", std::string(500'000, 'd'));
        ASSERT_TRUE(store->create_branch("held", "main").has_value());
        set(*store, "held", "held", std::string(90'000, 'h'));
        ASSERT_TRUE(store->close().has_value());
    }
    const auto store = open_at(where, clock);
    const auto snapshot = store->resolve("held");  // nothing of it is in memory yet but its root
    ASSERT_TRUE(snapshot.has_value());
    ASSERT_TRUE(store->drop_branch("exp").has_value());
    ASSERT_TRUE(store->drop_branch("held").has_value());
    const auto first = store->clean_up();
    ASSERT_TRUE(first.has_value()) << first.error().message();
    EXPECT_GT(first->nodes_retired, 100U);
    EXPECT_EQ(get_in(snapshot->state, "held"), std::string(90'000, 'h'));
    EXPECT_EQ(get_in(snapshot->state, "kept"), std::string(50'000, 'k'));
    EXPECT_EQ(get(*store, "main", "kept"), std::string(50'000, 'k'));
    EXPECT_EQ(store->verify().size(), 0U);
    const auto second = store->clean_up();
    ASSERT_TRUE(second.has_value());
    EXPECT_LT(second->nodes_retired, 10U);
}

TEST(Engine, KeysOfAnyLengthAreKept) {
    const folder where;
    const hand_clock clock;
    const auto key_of = [](std::size_t bytes) {
        std::string key(bytes, 'k');
        if (bytes > 0) { key.back() = 'z'; }
        return key;
    };
    const std::vector<std::size_t> lengths{0, 1, 471, 472, 473, 511, 512, 513, 514, 3000, 9 * 1024, 1024 * 1024};
    {
        const auto store = open_at(where, clock);
        for (const std::size_t bytes : lengths) { set(*store, "main", key_of(bytes), std::to_string(bytes)); }
        ASSERT_TRUE(store->checkpoint().has_value());
        set(*store, "main", key_of(9000), "behind the checkpoint");
        EXPECT_EQ(store->verify().size(), 0U);
    }
    const auto store = open_at(where, clock);
    for (const std::size_t bytes : lengths) { EXPECT_EQ(get(*store, "main", key_of(bytes)), std::to_string(bytes)); }
    EXPECT_EQ(get(*store, "main", key_of(9000)), "behind the checkpoint");
    const tree keys = store->read(*store->branch("main").value()).keys;
    EXPECT_EQ(keys.size(), lengths.size() + 1);
    for (cursor at(keys); !at.at_end(); at.next()) { EXPECT_EQ(keys.find(at.get().key())->entry, at.get().entry); }
    EXPECT_EQ(find_broken_rule(keys, check_depth::deep), "");
    ASSERT_TRUE(store->clean_up().has_value());
    EXPECT_EQ(store->verify().size(), 0U);
}

TEST(Engine, AKeyAboveTheLimitIsRefused) {
    const folder where;
    const hand_clock clock;
    const auto store = open_at(where, clock);
    const std::string_view key("never read behind its length", limits::key_bytes + 1);
    for (const bool field : {false, true}) {
        const status refused = store->transact(*store->branch("main").value(), [&](branch_writer& writer) {
            const field_value fields[] = {{"short", "v"}, {key, "v"}};
            if (field) {
                writer.put_fields(0, "h", fields);
            } else {
                writer.put_string(0, key, "v", no_deadline);
            }
            return status{};
        });
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().code, errc::limit);
    }
    EXPECT_EQ(store->read(*store->branch("main").value()).keys.size(), 0U);
}

TEST(Engine, AFailedTransactionLeavesNothing) {
    const folder where;
    const hand_clock clock;
    const auto store = open_at(where, clock);
    set(*store, "main", "a", "1");
    auto main = *store->branch("main");
    const status failed = store->transact(*main, [](branch_writer& writer) -> status {
        writer.put_string(0, "a", "2", no_deadline);
        writer.put_string(0, "b", "2", 12345);
        const field_value fields[] = {{"f", "1"}, {"g", "2"}};
        writer.put_fields(0, "h", fields);
        writer.erase_space(0);
        return error{errc::conflict, "no"};
    });
    EXPECT_FALSE(failed.has_value());
    EXPECT_EQ(get(*store, "main", "a"), "1");
    EXPECT_EQ(store->read(*main).keys.size(), 1U);
}

TEST(Engine, TheBackgroundCleansUpWhenMuchWasWritten) {
    auto opened = engine::open(open_memory_storage(), {.history_budget = 0, .clean_up_bytes = 100'000}, system_clock());
    ASSERT_TRUE(opened.has_value());
    const auto store = std::move(*opened);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (int i = 0; store->figures().nodes_retired == 0 && std::chrono::steady_clock::now() < deadline; ++i) {
        set(*store, "main", "a", std::string(1'000'000, static_cast<char>('a' + i % 26)));
        ASSERT_TRUE(store->checkpoint().has_value());
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_GT(store->figures().clean_ups, 0U);
    EXPECT_GT(store->figures().nodes_retired, 0U);
    EXPECT_EQ(store->verify().size(), 0U);
}

// Fresh data that is deleted again costs no copies, but a restore point between keeps all of it.
TEST(Engine, RestorePointsFitTheBudgetWhateverTheyHold) {
    constexpr std::uint64_t budget = 4'000'000;
    const folder where;
    hand_clock clock;
    const auto store = open_at(where, clock, {.history_budget = budget, .background = false});
    const auto second_later = [&] {
        clock.time += 1'500'000;
        store->tick();
    };
    for (int round = 0; round < 10; ++round) {
        for (int i = 0; i < 100; ++i) {
            set(*store, "main", "k" + std::to_string(i), std::string(10'000, static_cast<char>('a' + round)));
        }
        second_later();
        const status emptied = store->transact(**store->branch("main"), [](branch_writer& writer) {
            writer.erase_space(0);
            return status{};
        });
        ASSERT_TRUE(emptied.has_value());
        second_later();
    }
    ASSERT_GT(store->pool().figures().bytes, 2 * budget);
    set(*store, "main", "one", "is there");
    const snapshot_state held = store->snapshot(**store->branch("main"));  // does not make history of what it is not
    for (int pass = 0; pass < 4; ++pass) {
        ASSERT_TRUE(store->clean_up().has_value());
        second_later();
    }
    while (store->pool().free_garbage(1000) != 0) {}
    EXPECT_LT(store->pool().figures().bytes, budget * 5 / 4);
    EXPECT_GT(store->figures().points, 1U);
    EXPECT_GT(store->figures().point_bytes, budget / 4);
    EXPECT_EQ(store->verify().size(), 0U);
}

// No page of a value that is replaced whole is copied; the restore points between hold all of it.
TEST(Engine, RestorePointsAreChargedForValuesThatWereReplacedOrErased) {
    const folder where;
    hand_clock clock;
    const auto store = open_at(where, clock, {.history_budget = 4'000'000, .background = false});
    for (int round = 0; round < 40; ++round) {
        const std::string value(500'000, static_cast<char>('a' + round % 26));
        set(*store, "main", "k" + std::to_string(round % 2), value);
        const status put = store->transact(**store->branch("main"), [&](branch_writer& writer) {
            const std::array<field_value, 1> field{{{"f", value}}};
            writer.put_fields(0, "h", field);
            if (round % 10 == 0) { writer.erase(0, "h"); }
            return status{};
        });
        ASSERT_TRUE(put.has_value());
        clock.time += 1'500'000;
        store->tick();
        while (store->pool().free_garbage(1000) != 0) {}
    }
    EXPECT_LT(store->pool().figures().bytes, 8'000'000U) << "1.5 MB live, the budget, and a point's worth";
    EXPECT_GT(store->figures().points, 0U);
}

// A power failure may keep any part of what was not synced: here, all but the last `lost` bytes.
TEST(Engine, AChangeOfSeveralBranchesIsThereOrNotWhereverItsLogIsCut) {
    constexpr std::size_t each = 300'000;  // of each branch: more than a frame of the log usually takes
    const folder where;
    const hand_clock clock;
    const auto store = open_at(where, clock, {.sync = durability::no, .background = false});
    ASSERT_TRUE(store->create_branch("b", "main").has_value());
    const auto main = store->branch("main");
    const auto other = store->branch("b");
    live_branch* const both[] = {main->get(), other->get()};
    for (live_branch* branch : both) {
        branch->writer.begin_group();
        branch->writer.put_string(0, "k", std::string(each, 'x'), no_deadline);
        branch->writer.end_group();
    }
    store->record(both);
    ASSERT_TRUE(store->end_turn().has_value());
    for (const std::size_t lost : {std::size_t{0}, each / 2, each, each * 3 / 2}) {
        const folder after;
        std::filesystem::copy(where.path(), after.path(), std::filesystem::copy_options::recursive);
        for (const auto& segment : std::filesystem::directory_iterator(after.path() / "log")) {
            std::ifstream in(segment.path(), std::ios::binary);
            std::string bytes((std::istreambuf_iterator<char>(in)), {});
            const std::size_t written = bytes.find_last_not_of('\0') + 1;
            if (written < each) { continue; }
            std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(written - lost), bytes.end(), '\0');
            std::ofstream(segment.path(), std::ios::binary) << bytes;
        }
        const auto again = open_at(after, clock);
        for (const char* branch : {"main", "b"}) {
            EXPECT_EQ(get(*again, branch, "k").size(), lost == 0 ? each : 6) << branch << ", lost " << lost;
        }
    }
}

}  // namespace
}  // namespace coppice
