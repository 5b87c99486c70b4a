// The embedded store as its users see it: what a transaction does and does not do, what a snapshot holds, and what
// branches, times and references mean. The same on disk, after opening again.
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <unistd.h>

#include <coppice/store.hpp>

#include "support/must.hpp"

#include <gtest/gtest.h>

namespace coppice {
namespace {

using testing::must;
using texts = std::vector<std::string>;

class folder {
public:
    folder()
        : path_(std::filesystem::temp_directory_path()
                / ("coppice-api-" + std::to_string(::getpid()) + "-" + std::to_string(counter_++))) {}
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

std::string get(const view& from, std::string_view key) { return must(from.get(key)).value_or("(none)"); }

texts fields_of(const view& from, std::string_view key) {
    texts all;
    must(from.for_each_field(key, [&](std::string_view name, std::string_view value) {
        all.push_back(std::string(name) + "=" + std::string(value));
    }));
    return all;
}

texts members_of(const view& from, std::string_view key) {
    texts all;
    must(from.for_each_member(key, [&](std::string_view member) { all.emplace_back(member); }));
    return all;
}

class StoreApi : public ::testing::Test {
protected:
    hand_clock clock;
    store data = must(store::open_memory({.background = false, .clock = &clock}));
    branch main = must(data.branch("main"));
};

TEST_F(StoreApi, EveryTypeIsWrittenAndRead) {
    must(main.transact([](editor& edit) {
        edit.put("text", "hello");
        edit.append("text", ", world");
        edit.splice_bytes("text", 0, 1, "J");
        edit.push_back("list", {"a", "b", "c", "d"});
        edit.splice("list", 1, 2, {"B"});
        EXPECT_EQ(edit.put_fields("hash", {{"z", "1"}, {"a", "2"}}), 2U);
        EXPECT_EQ(edit.put_field("hash", "z", "3"), 0U);
        EXPECT_EQ(edit.put_field("hash", "m", "4"), 1U);
        EXPECT_EQ(edit.add_members("set", {"y", "x", "y"}), 2U);
        edit.database(3).put("text", "elsewhere");
        EXPECT_EQ(get(edit, "text"), "Jello, world") << "an editor sees what it has done";
    }));
    const snapshot now = main.read();
    EXPECT_EQ(get(now, "text"), "Jello, world");
    EXPECT_EQ(get(now.database(3), "text"), "elsewhere");
    EXPECT_EQ(get(now.database(4), "text"), "(none)");
    EXPECT_EQ(must(now.get_range("text", 7, 100)), "world");
    EXPECT_EQ(must(now.get_range("text", 50, 100)), "");
    EXPECT_EQ(must(now.elements("list")), (texts{"a", "B", "d"}));
    EXPECT_EQ(must(now.elements("list", 1, 1)), (texts{"B"}));
    EXPECT_EQ(must(now.elements("list", 7)), texts{});
    EXPECT_EQ(must(now.element("list", 2)), "d");
    EXPECT_EQ(must(now.element("list", 3)), std::nullopt);
    EXPECT_EQ(fields_of(now, "hash"), (texts{"z=3", "a=2", "m=4"})) << "in the order in which they came";
    EXPECT_EQ(must(now.field("hash", "a")), "2");
    EXPECT_EQ(must(now.field("hash", "b")), std::nullopt);
    EXPECT_EQ(members_of(now, "set"), (texts{"x", "y"}));
    EXPECT_TRUE(must(now.has_member("set", "x")));
    EXPECT_FALSE(must(now.has_member("set", "z")));
    EXPECT_EQ(must(now.type("hash")), value_type::hash);
    EXPECT_EQ(must(now.type("nothing")), std::nullopt);
    EXPECT_EQ(must(now.size("text")), 12U);
    EXPECT_EQ(must(now.size("list")), 3U);
    EXPECT_EQ(must(now.size("nothing")), 0U);
    EXPECT_EQ(must(now.key_count()), 4U);

    must(main.transact([](editor& edit) {
        EXPECT_TRUE(edit.erase("text"));
        EXPECT_FALSE(edit.erase("text"));
        edit.splice("list", 0, 3, {});
        EXPECT_EQ(edit.erase_field("hash", "z") + edit.erase_field("hash", "a") + edit.erase_field("hash", "q"), 2U);
        EXPECT_EQ(edit.erase_member("set", "x") + edit.erase_member("set", "y"), 2U);
    }));
    EXPECT_EQ(must(main.read().key_count()), 1U) << "what became empty is not there";
    EXPECT_EQ(get(now, "text"), "Jello, world") << "a snapshot never changes";
}

TEST_F(StoreApi, LongValuesAreReadInPartsAndWhole) {
    const std::string value(1'000'000, 'x');
    must(main.transact([&](editor& edit) {
        edit.put("long", value);
        edit.push_back("list", {"short", value});
        edit.put_field("hash", "f", value);
    }));
    const snapshot now = main.read();
    EXPECT_EQ(get(now, "long"), value);
    EXPECT_EQ(must(now.element("list", 1)), value);
    EXPECT_EQ(must(now.field("hash", "f")), value);
    EXPECT_EQ(fields_of(now, "hash"), texts{"f=" + value});
    std::size_t parts = 0;
    std::size_t bytes = 0;
    must(now.for_each_part("long", 1000, 500'000, [&](std::string_view part) {
        ++parts;
        bytes += part.size();
    }));
    EXPECT_EQ(bytes, 500'000U);
    EXPECT_GT(parts, 50U);
    parts = 0;
    must(now.for_each_part("long", 0, view::all, [&](std::string_view) { return ++parts < 3; }));
    EXPECT_EQ(parts, 3U) << "a visitor that has seen enough says so";
    must(main.transact([](editor& edit) { edit.splice_bytes("long", 999'999, 1, "yz"); }));
    EXPECT_EQ(must(main.read().get_range("long", 999'998, 10)), "xyz");
}

TEST_F(StoreApi, KeysAreShownInOrderByPrefixAndRange) {
    must(main.transact([](editor& edit) {
        for (const char* key : {"b:2", "a:1", "b:1", "c", "b;"}) { edit.put(key, "v"); }
        edit.push_back("b:0", "x");
        edit.database(1).put("b:9", "not here");
    }));
    const auto keys = [&](auto... range) {
        texts all;
        const snapshot now = main.read();
        const auto show = [&](std::string_view key, value_type) { all.emplace_back(key); };
        if constexpr (sizeof...(range) == 1) {
            must(now.for_each_key(range..., show));
        } else {
            must(now.for_each_key_between(range..., show));
        }
        return all;
    };
    EXPECT_EQ(keys(""), (texts{"a:1", "b:0", "b:1", "b:2", "b;", "c"}));
    EXPECT_EQ(keys("b:"), (texts{"b:0", "b:1", "b:2"}));
    EXPECT_EQ(keys("d"), texts{});
    EXPECT_EQ(keys("b:1", "c"), (texts{"b:1", "b:2", "b;"}));
    EXPECT_EQ(keys("b;", std::nullopt), (texts{"b;", "c"}));
    EXPECT_EQ(keys("c", "a"), texts{});
}

TEST_F(StoreApi, WrongTypesAreErrorsAndUndoATransaction) {
    must(main.transact([](editor& edit) {
        edit.put("text", "1");
        edit.push_back("list", "1");
        edit.put_field("hash", "1", "1");
        edit.add_member("set", "1");
    }));
    const snapshot now = main.read();
    EXPECT_EQ(now.get("list").error().code, errc::wrong_type);
    EXPECT_EQ(now.elements("text").error().code, errc::wrong_type);
    EXPECT_EQ(now.element("hash", 0).error().code, errc::wrong_type);
    EXPECT_EQ(now.field("set", "1").error().code, errc::wrong_type);
    EXPECT_EQ(now.has_member("text", "1").error().code, errc::wrong_type);
    EXPECT_EQ(now.for_each_field("list", [](auto, auto) {}).error().code, errc::wrong_type);
    EXPECT_EQ(now.get("hash").error().message(), "wrong_type: key 'hash' is a hash, not a string");

    const std::vector<std::function<void(editor&)>> wrong{
        [](editor& edit) { edit.append("list", "x"); },        [](editor& edit) { edit.push_back("text", "x"); },
        [](editor& edit) { edit.put_field("set", "f", "v"); }, [](editor& edit) { edit.add_member("hash", "m"); },
        [](editor& edit) { edit.erase_field("list", "f"); },   [](editor& edit) { edit.erase_member("text", "f"); },
    };
    for (const auto& each : wrong) {
        const auto done = main.transact([&](editor& edit) {
            edit.put("before", "x");
            each(edit);
            EXPECT_FALSE(edit.state().has_value());
            edit.put("behind", "x");
            EXPECT_FALSE(edit.erase("text")) << "edits behind an error do nothing";
        });
        ASSERT_FALSE(done.has_value());
        EXPECT_EQ(done.error().code, errc::wrong_type);
        EXPECT_EQ(must(main.read().key_count()), 4U);
    }
    const auto beyond = main.transact([](editor& edit) { edit.splice("list", 1, 1, {"x"}); });
    EXPECT_EQ(beyond.error().code, errc::invalid);
    EXPECT_EQ(beyond.error().context, "key 'list' has 1 elements: cannot replace 1 from 1");
    EXPECT_EQ(must(data.metrics()).transactions_failed, wrong.size() + 1);
}

TEST_F(StoreApi, ErrorsAndExceptionsUndoAll) {
    const version_id first = must(main.transact([](editor& edit) { edit.put("k", "1"); }));
    const auto refused = main.transact([](editor& edit) -> status {
        edit.put("k", "2");
        edit.clear();
        return error{errc::invalid, "I changed my mind"};
    });
    EXPECT_EQ(refused.error().context, "I changed my mind");
    EXPECT_EQ(get(main.read(), "k"), "1");
    const auto throwing = [&] {
        static_cast<void>(main.transact([](editor& edit) {
            edit.put("k", "3");
            edit.push_back("list", {"a", "b"});
            throw std::out_of_range("mine");
        }));
    };
    EXPECT_THROW(throwing(), std::out_of_range);
    EXPECT_EQ(get(main.read(), "k"), "1");
    EXPECT_EQ(must(main.read().key_count()), 1U);
    EXPECT_EQ(main.read().version(), first) << "no version was made";
    const version_id nothing = must(main.transact([](editor& edit) { edit.erase("not there"); }));
    EXPECT_EQ(nothing, first);
    const version_id second = must(main.transact([](editor& edit) { edit.put("k", "4"); }));
    EXPECT_LT(first, second);
    EXPECT_EQ(main.read().version(), second);
}

TEST_F(StoreApi, DeadlinesTakeKeysAndAWriteBeginsAnew) {
    const milliseconds_utc soon = clock.time / 1000 + 1000;
    must(main.transact([&](editor& edit) {
        edit.put("text", "v", soon);
        edit.push_back("list", {"old"});
        EXPECT_TRUE(edit.expire("list", soon));
        EXPECT_FALSE(edit.expire("nothing", soon));
    }));
    const snapshot before = main.read();
    EXPECT_EQ(must(before.deadline("list")), soon);
    clock.time += 2'000'000;
    EXPECT_EQ(get(main.read(), "text"), "(none)");
    EXPECT_EQ(must(main.read().key_count()), 0U);
    EXPECT_EQ(get(before, "text"), "v") << "a snapshot is as of when it was taken";
    must(main.transact([&](editor& edit) {
        EXPECT_FALSE(edit.rename("text", "next"));
        edit.push_back("list", "new");
        edit.append("text", "new");
    }));
    EXPECT_EQ(must(main.read().elements("list")), texts{"new"});
    EXPECT_EQ(must(main.read().deadline("list")), no_deadline);
    EXPECT_EQ(get(main.read(), "text"), "new");
}

TEST_F(StoreApi, BranchesGoTheirOwnWays) {
    must(main.transact([](editor& edit) { edit.push_back("list", {"a", "b"}); }));
    branch exp = must(data.create_branch("exp"));
    must(exp.transact([](editor& edit) { edit.push_back("list", "c"); }));
    EXPECT_EQ(must(main.read().size("list")), 2U);
    EXPECT_EQ(must(exp.read().size("list")), 3U);
    EXPECT_EQ(data.create_branch("exp").error().code, errc::exists);
    EXPECT_EQ(data.branch("nothing").error().code, errc::not_found);
    EXPECT_EQ(data.create_branch("-bad").error().code, errc::invalid);
    must(data.rename_branch("exp", "trial"));
    EXPECT_EQ(exp.name(), "trial");
    const auto all = must(data.branches());
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[1].name, "trial");
    EXPECT_TRUE(all[1].uncommitted);
    const snapshot held = exp.read();
    must(data.drop_branch("trial"));
    EXPECT_EQ(exp.transact([](editor& edit) { edit.put("k", "v"); }).error().code, errc::not_found);
    EXPECT_EQ(must(exp.read().key_count()), 0U);
    EXPECT_EQ(must(held.size("list")), 3U) << "who holds a version keeps it";
    EXPECT_FALSE(data.drop_branch("main").has_value());
    EXPECT_FALSE(main.rewind("nothing").has_value());
}

TEST_F(StoreApi, CommitsTagsTimesAndRewind) {
    must(main.transact([](editor& edit) { edit.put("k", "1"); }));
    const commit_id first = must(main.commit("first", "ada"));
    EXPECT_EQ(must(main.commit("again")), first) << "nothing has changed";
    must(data.create_tag("v1", "main"));
    clock.time += 2'000'000;
    must(main.transact([](editor& edit) { edit.put("k", "2"); }));
    data.make_restore_points();
    clock.time += 2'000'000;
    must(main.transact([](editor& edit) { edit.put("k", "3"); }));
    EXPECT_EQ(get(must(data.at("main")), "k"), "3");
    EXPECT_EQ(get(must(data.at("main@-1s")), "k"), "2");
    EXPECT_EQ(get(must(data.at("main~0")), "k"), "1");
    EXPECT_EQ(get(must(data.at("v1")), "k"), "1");
    EXPECT_EQ(get(must(data.at(to_hex(first).substr(0, 8))), "k"), "1");
    EXPECT_EQ(data.at("v2").error().code, errc::not_found);
    EXPECT_EQ(must(data.commit(first)).author, "ada");
    EXPECT_EQ(must(data.tags()).size(), 1U);
    must(main.rewind("v1"));
    EXPECT_EQ(get(main.read(), "k"), "1");
    const auto moved = must(data.reflog("main"));
    ASSERT_EQ(moved.size(), 1U);
    EXPECT_EQ(moved[0].action, "rewind to v1");
    EXPECT_EQ(get(must(data.at(moved[0].before)), "k"), "3");
    const auto history = must(data.history("main"));
    ASSERT_EQ(history.size(), 3U);
    EXPECT_EQ(history.back().commit->message, "first");
    EXPECT_EQ(must(data.history("main", {.restore_points = false})).size(), 1U);
    must(data.drop_tag("v1"));
    EXPECT_EQ(data.drop_tag("v1").error().code, errc::not_found);
}

TEST_F(StoreApi, DifferencesAreShownDownToTheElement) {
    must(main.transact([](editor& edit) {
        for (int i = 0; i < 1000; ++i) { edit.put("same:" + std::to_string(i), "v"); }
        edit.put("gone", "1");
        edit.push_back("list", {"a", "b", "c"});
        edit.put_fields("hash", {{"x", "1"}, {"y", "2"}});
    }));
    branch exp = must(data.create_branch("exp"));
    must(exp.transact([](editor& edit) {
        edit.erase("gone");
        edit.put("new", "1");
        edit.splice("list", 1, 1, {"B", "BB"});
        edit.put_field("hash", "y", "3");
        edit.database(2).put("there", "1");
    }));
    texts told;
    must(data.diff("main", "exp", [&](const key_difference& key) {
        std::string text = (key.kind == change_kind::added ? "+" : key.kind == change_kind::removed ? "-" : "~");
        text += std::to_string(key.database) + ":" + std::string(key.key);
        must(key.for_each_part([&](const part_difference& part) {
            if (part.what == part_difference::place::field) {
                text += " " + std::string(part.name) + " " + part.before + ">" + part.after;
            } else if (part.what == part_difference::place::run) {
                text += " " + std::to_string(part.run.before_position) + "," + std::to_string(part.run.before_count)
                        + ">" + std::to_string(part.run.after_count);
            }
        }));
        told.push_back(text);
    }));
    EXPECT_EQ(told, (texts{"-0:gone", "~0:hash y 2>3", "~0:list 1,1>2", "+0:new", "+2:there"}));
    told.clear();
    const auto note = [&](const key_difference& key) {
        told.emplace_back(key.key);
        return false;
    };
    must(data.diff("main", "exp", note));
    EXPECT_EQ(told, texts{"gone"});
    told.clear();
    must(data.diff(main.read(), exp.read(), note, {.prefix = "li"}));
    EXPECT_EQ(told, texts{"list"});
    EXPECT_EQ(data.diff("main", "nothing", note).error().code, errc::not_found);
}

/// What a copy was made from says the same after opening again, however it was named.
TEST(StoreApiOnDisk, CopiesFromAnywhereSurviveReplay) {
    const folder where;
    hand_clock clock;
    const store_options by_hand{.background = false, .clock = &clock};
    std::map<std::string, texts> expected;
    const auto check = [&](branch& target) {
        for (const auto& [key, elements] : expected) { EXPECT_EQ(must(target.read().elements(key)), elements) << key; }
        EXPECT_EQ(fields_of(target.read(), "hash2"), (texts{"z=1", "a=2"}));
        EXPECT_EQ(members_of(target.read(), "set2"), (texts{"m", "n"}));
        EXPECT_EQ(must(target.read().size("long2")), 100'000U);
    };
    {
        store data = must(store::open(where.path(), by_hand));
        branch main = must(data.branch("main"));
        must(main.transact([](editor& edit) {
            edit.push_back("list", "1");
            edit.put_fields("hash", {{"z", "1"}, {"a", "2"}});
            edit.add_members("set", {"n", "m"});
            edit.put("long", std::string(100'000, 'l'));
        }));
        const snapshot old = main.read();
        static_cast<void>(must(main.commit("one")));
        must(main.transact([](editor& edit) { edit.push_back("list", "2"); }));
        branch exp = must(data.create_branch("exp"));
        must(exp.transact([](editor& edit) { edit.push_back("list", "exp"); }));
        must(main.transact([&](editor& edit) {
            edit.push_back("list", "3");
            EXPECT_TRUE(edit.copy("list", "own"));
            EXPECT_TRUE(edit.copy(old, "list", "from old"));
            EXPECT_TRUE(edit.copy(old, "hash", "hash2"));
            EXPECT_TRUE(edit.copy(old, "set", "set2"));
            EXPECT_TRUE(edit.copy(old, "long", "long2"));
            EXPECT_TRUE(edit.copy(must(data.at("main")), "list", "from main"));
            EXPECT_TRUE(edit.copy(must(data.at("main~0")), "list", "from commit"));
            EXPECT_TRUE(edit.copy(exp.read(), "list", "from exp"));
            EXPECT_FALSE(edit.copy(exp.read(), "nothing", "x"));
            EXPECT_TRUE(edit.rename("own", "renamed"));
        }));
        expected = {{"list", {"1", "2", "3"}}, {"renamed", {"1", "2", "3"}}, {"from old", {"1"}},
                    {"from main", {"1", "2"}}, {"from commit", {"1"}},       {"from exp", {"1", "2", "exp"}}};
        check(main);
        const auto moved = main.transact([&](editor& edit) {
            EXPECT_TRUE(edit.copy(exp.read(), "list", "late"));
            must(exp.transact([](editor& other) { other.push_back("list", "meanwhile"); }));
        });
        ASSERT_FALSE(moved.has_value());
        EXPECT_EQ(moved.error().code, errc::conflict);
        EXPECT_EQ(must(data.metrics()).conflicts, 1U);
    }
    for (int round = 0; round < 2; ++round) {  // from the log, then from a checkpoint
        store data = must(store::open(where.path(), by_hand));
        branch main = must(data.branch("main"));
        check(main);
        EXPECT_FALSE(must(main.read().contains("late")));
        EXPECT_EQ(must(data.verify()), texts{});
        must(data.checkpoint());
        EXPECT_EQ(must(data.metrics()).checkpoints, 1U);
    }
}

TEST(StoreApiOnDisk, AStoreIsOpenUntilItsLastHandleAndSnapshotAreGone) {
    const folder where;
    std::optional<snapshot> held;
    {
        store data = must(store::open(where.path()));
        branch main = must(data.branch("main"));
        must(main.transact([](editor& edit) { edit.put("k", std::string(10'000, 'v')); }));
        must(data.checkpoint());
        held = main.read();
        const store second_handle = data;
        EXPECT_EQ(store::open(where.path()).error().code, errc::in_use);
        must(data.close());
        EXPECT_EQ(get(main.read(), "k").size(), 10'000U);
    }
    EXPECT_EQ(get(*held, "k").size(), 10'000U);
    EXPECT_EQ(store::open(where.path()).error().code, errc::in_use);
    held.reset();
    store again = must(store::open(where.path()));
    EXPECT_EQ(get(must(again.branch("main")).read(), "k").size(), 10'000U);
    held = must(again.at("main"));
    must(again.close());
    EXPECT_EQ(get(*held, "k").size(), 10'000U);
}

TEST(StoreApiOnDisk, BackupVerifyAndCleanUp) {
    const folder where;
    const folder copy;
    store data = must(store::open(where.path(), {.background = false}));
    branch main = must(data.branch("main"));
    branch exp = must(data.create_branch("exp"));
    must(exp.transact([](editor& edit) {
        for (int i = 0; i < 2000; ++i) { edit.put("key:" + std::to_string(i), std::string(100, 'x')); }
    }));
    must(data.checkpoint());
    must(data.backup(copy.path()));
    must(data.drop_branch("exp"));
    EXPECT_GT(must(data.clean_up()).nodes_retired, 0U);
    EXPECT_EQ(must(data.clean_up()).nodes_retired, 0U);
    EXPECT_EQ(must(data.verify()), texts{});
    EXPECT_GT(data.memory_usage().node_bytes, 0U);
    store other = must(store::open(copy.path(), {.background = false}));
    EXPECT_EQ(must(must(other.branch("exp")).read().key_count()), 2000U);
    EXPECT_EQ(must(store::open_memory()).backup(copy.path()).error().code, errc::unsupported);
}

TEST_F(StoreApi, HeldVersionsAreCounted) {
    EXPECT_EQ(must(data.metrics()).snapshots, 0U);
    must(main.transact([](editor& edit) { edit.put("k", "1"); }));
    {
        const snapshot held = main.read();
        const snapshot again = held;
        EXPECT_EQ(must(data.metrics()).snapshots, 0U) << "what the branch shows costs nothing";
        must(main.transact([](editor& edit) { edit.put("k", "2"); }));
        clock.time += 5'000'000;
        EXPECT_EQ(must(data.metrics()).snapshots, 1U);
        EXPECT_EQ(must(data.metrics()).oldest_snapshot, std::chrono::seconds(5));
        main.peek([&](const view&) { EXPECT_EQ(must(data.metrics()).active_readers, 1U); });
    }
    EXPECT_EQ(must(data.metrics()).snapshots, 0U);
    EXPECT_EQ(must(data.metrics()).active_readers, 0U);
    EXPECT_EQ(must(data.metrics()).transactions, 2U);
    const auto text = main.peek([](const view& now) { return now.get("k"); });
    EXPECT_EQ(must(text), "2");
}

}  // namespace
}  // namespace coppice
