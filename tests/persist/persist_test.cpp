// Collections in a store: every version that was saved is read as it was, whole and in parts; a save writes what
// differs; who saves over another's change is told.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <unistd.h>

#include <coppice/persist.hpp>

#include "support/must.hpp"
#include "support/seeds.hpp"

#include <gtest/gtest.h>

namespace coppice {
namespace {

using testing::for_each_seed;
using testing::must;


template <class T>
errc code_of(const result<T>& given) {
    EXPECT_FALSE(given.has_value());
    return given ? errc{} : given.error().code;
}

// ---- What is done to each kind of collection at random, and how it is read in parts.

std::string word(random_source& random) { return "w" + std::to_string(random.below(300)); }

void change(vector<std::string>& value, random_source& random) {
    switch (random.below(4)) {
        case 0: value = value.push_back(word(random)); break;
        case 1: value = value.insert(random.below(value.size() + 1), word(random)); break;
        case 2:
            if (!value.empty()) { value = value.set(random.below(value.size()), word(random)); }
            break;
        default:
            const std::size_t first = random.below(value.size() + 1);
            value = value.erase(first, std::min(value.size(), first + random.below(4)));
    }
}
void change(text& value, random_source& random) {
    const std::size_t at = value.position_of_code_point(random.below(value.length() + 1));
    if (random.below(3) != 0) {
        value = value.insert(at, "zwölf" + word(random));
    } else {
        value = value.erase(
            at, value.position_of_code_point(std::min<std::size_t>(value.length(), value.code_points_before(at) + 30)));
    }
}
template <class Map>
void change_map(Map& value, random_source& random) {
    const std::string key = word(random);
    value = random.below(3) == 0 ? value.erase(key) : value.insert(key, static_cast<int>(random.below(1000)));
}
void change(map<std::string, int>& value, random_source& random) { change_map(value, random); }
void change(ordered_map<std::string, int>& value, random_source& random) { change_map(value, random); }
template <class Set>
void change_set(Set& value, random_source& random) {
    const int key = static_cast<int>(random.below(300)) - 150;
    value = random.below(3) == 0 ? value.erase(key) : value.insert(key);
}
void change(set<int>& value, random_source& random) { change_set(value, random); }
void change(ordered_set<int>& value, random_source& random) { change_set(value, random); }

void check_parts(const stored<vector<std::string>>& kept, const vector<std::string>& value, random_source& random) {
    EXPECT_EQ(must(kept.size()), value.size());
    EXPECT_EQ(code_of(kept.at(value.size())), errc::invalid);
    if (value.empty()) { return; }
    const std::size_t at = random.below(value.size());
    EXPECT_EQ(must(kept.at(at)), value[at]);
    EXPECT_EQ(must(kept.slice(at, at + 5)), value.slice(at, std::min(value.size(), at + 5)));
}
void check_parts(const stored<text>& kept, const text& value, random_source& random) {
    EXPECT_EQ(must(kept.size()), value.size());
    const std::size_t at = value.position_of_code_point(random.below(value.length() + 1));
    EXPECT_EQ(must(kept.slice(at, value.size())), value.drop(at));
    EXPECT_TRUE(must(kept.slice(5, 2)).empty());
}
void check_parts(const stored<map<std::string, int>>& kept, const map<std::string, int>& value, random_source& random) {
    EXPECT_EQ(must(kept.size()), value.size());
    const std::string key = word(random);
    const int* there = value.find(key);
    EXPECT_EQ(must(kept.find(key)), there == nullptr ? std::nullopt : std::optional(*there));
    EXPECT_EQ(must(kept.contains(key)), there != nullptr);
}
void check_parts(const stored<set<int>>& kept, const set<int>& value, random_source& random) {
    EXPECT_EQ(must(kept.size()), value.size());
    const int key = static_cast<int>(random.below(300)) - 150;
    EXPECT_EQ(must(kept.contains(key)), value.contains(key));
}
template <class Ordered, class Key>
void check_ranks(const stored<Ordered>& kept, const Ordered& value, const Key& key) {
    EXPECT_EQ(must(kept.size()), value.size());
    EXPECT_EQ(must(kept.rank_of(key)), value.rank_of(key));
    EXPECT_EQ(must(kept.contains(key)), value.contains(key));
    EXPECT_EQ(code_of(kept.nth(value.size())), errc::invalid);
}
void check_parts(const stored<ordered_map<std::string, int>>& kept, const ordered_map<std::string, int>& value,
                 random_source& random) {
    const std::string key = word(random);
    check_ranks(kept, value, key);
    const int* there = value.find(key);
    EXPECT_EQ(must(kept.find(key)), there == nullptr ? std::nullopt : std::optional(*there));
    if (value.empty()) { return; }
    const std::size_t at = random.below(value.size());
    EXPECT_EQ(must(kept.nth(at)), (std::pair<std::string, int>(value.nth(at))));
    std::size_t seen = at;
    must(kept.for_each(
        [&](const std::string& name, int of) {
            EXPECT_EQ(name, value.nth(seen).first);
            EXPECT_EQ(of, value.nth(seen++).second);
        },
        at, at + 3));
    EXPECT_EQ(seen, std::min(at + 3, value.size()));
}
void check_parts(const stored<ordered_set<int>>& kept, const ordered_set<int>& value, random_source& random) {
    check_ranks(kept, value, static_cast<int>(random.below(300)) - 150);
    if (value.empty()) { return; }
    const std::size_t at = random.below(value.size());
    EXPECT_EQ(must(kept.nth(at)), value.nth(at));
}

template <class C>
class Persist : public ::testing::Test {};
using kinds = ::testing::Types<vector<std::string>, text, map<std::string, int>, set<int>,
                               ordered_map<std::string, int>, ordered_set<int>>;
TYPED_TEST_SUITE(Persist, kinds);

TYPED_TEST(Persist, EveryVersionStaysAsItWasSaved) {
    using C = TypeParam;
    for_each_seed(12, [](random_source& random) {
        store data = must(store::open_memory({.background = false}));
        branch main = must(data.branch("main"));
        struct version {
            C value;
            stored<C> kept;
        };
        std::vector<version> all;
        C value;
        all.push_back({value, must(save(main, "kept", value))});
        for (std::size_t changes = random.below(1000); changes > 0; --changes) { change(value, random); }
        for (int step = 0; step < 40; ++step) {
            for (std::size_t changes = random.below(30); changes > 0; --changes) { change(value, random); }
            // From what was saved last, which may or may not have been loaded; sometimes without it.
            stored<C> last = random.below(2) == 0 ? all.back().kept : must(find_stored<C>(main.read(), "kept"));
            all.push_back({value, random.below(8) == 0 ? must(save(main, "kept", value))
                                                       : must(save(main, "kept", value, last))});
            check_parts(must(find_stored<C>(main.read(), "kept")), value, random);
            const version& old = all[random.below(all.size())];
            // A handle made anew of the old version, so that nothing is remembered.
            stored<C> again = must(find_stored<C>(old.kept.version(), "kept"));
            check_parts(again, old.value, random);
            // From what another version says, or whole.
            stored<C> other = all[random.below(all.size())].kept;
            EXPECT_EQ(random.below(2) == 0 ? must(again.load(other)) : must(again.load()), old.value);
        }
        must(data.clean_up());
        for (version& each : all) { EXPECT_EQ(must(find_stored<C>(each.kept.version(), "kept")->load()), each.value); }
        EXPECT_TRUE(must(data.verify()).empty());
    });
}

TYPED_TEST(Persist, AnotherKeyIsMadeFromThisOne) {
    using C = TypeParam;
    for_each_seed(8, [](random_source& random) {
        store data = must(store::open_memory({.background = false}));
        branch main = must(data.branch("main"));
        C value;
        for (int each = 0; each < 200; ++each) { change(value, random); }
        auto first = must(save(main, "first", value));
        auto other = value;
        for (int each = 0; each < 10; ++each) { change(other, random); }
        EXPECT_EQ(must(must(save(main, "second", other, first)).load()), other);
        EXPECT_EQ(must(find_stored<C>(main.read(), "second")->load()), other);
        EXPECT_EQ(must(find_stored<C>(main.read(), "first")->load()), value);
        // Also where the first has changed since, and on another branch.
        static_cast<void>(must(save(main, "first", C())));
        EXPECT_EQ(must(must(save(main, "third", other, first)).load()), other);
        branch exp = must(data.create_branch("exp"));
        static_cast<void>(must(save(exp, "fourth", other, first)));
        EXPECT_EQ(must(find_stored<C>(exp.read(), "fourth")->load()), other);
    });
}

// ---- What it costs

class PersistedVector : public ::testing::Test {
protected:
    static vector<int> counted(int count) {
        auto edit = vector<int>().edit();
        for (int each = 0; each < count; ++each) { edit.push_back(each); }
        return std::move(edit).done();
    }
    std::uint64_t log_bytes() { return must(data.metrics()).log_bytes; }

    store data = must(store::open_memory({.background = false}));
    branch main = must(data.branch("main"));
};

TEST_F(PersistedVector, ASecondVersionWritesOnlyTheDifference) {
    const auto value = counted(100'000);
    const auto before = log_bytes();
    auto first = must(save(main, "v", value));
    EXPECT_GT(log_bytes() - before, 400'000U);
    const auto after_first = log_bytes();
    auto second = must(save(main, "v", value.set(50'000, -1).push_back(7), first));
    EXPECT_LT(log_bytes() - after_first, 200U);
    const auto after_second = log_bytes();
    static_cast<void>(must(save(main, "w", value.erase(3), second)));
    EXPECT_LT(log_bytes() - after_second, 300U);
    const auto after_third = log_bytes();
    const auto same = must(save(main, "v", must(second.load()), second));
    EXPECT_EQ(log_bytes(), after_third) << "nothing has changed";
    EXPECT_EQ(same.version().version(), main.read().version());
}

TEST_F(PersistedVector, IsReadNodeByNodeFromTheDisk) {
    const auto path = std::filesystem::temp_directory_path() / ("coppice-persist-" + std::to_string(::getpid()));
    std::filesystem::remove_all(path);
    {
        store disk = must(store::open(path, {.background = false}));
        branch to = must(disk.branch("main"));
        static_cast<void>(must(save(to, "v", counted(200'000))));
        must(disk.close());
    }
    store disk = must(store::open(path, {.background = false}));
    const auto loaded = [&disk] { return must(disk.metrics()).nodes_loaded; };
    auto kept = must(find_stored<vector<int>>(must(disk.branch("main")).read(), "v"));
    const auto before = loaded();
    EXPECT_EQ(must(kept.at(123'456)), 123'456);
    EXPECT_LE(loaded() - before, 4U) << "one path";
    EXPECT_EQ(must(kept.load()), counted(200'000));
    EXPECT_GT(loaded() - before, 100U);
    std::filesystem::remove_all(path);
}

TEST_F(PersistedVector, VersionsThatAreLoadedShareMemory) {
    const auto value = counted(100'000);
    const auto saved = must(save(main, "v", value));
    auto first = must(find_stored<vector<int>>(saved.version(), "v"));
    static_cast<void>(must(save(main, "v", value.set(70'000, -1).erase(80'000).push_back(7), first)));
    auto second = must(find_stored<vector<int>>(main.read(), "v"));
    const auto all = must(second.load(first));
    EXPECT_EQ(all, value.set(70'000, -1).erase(80'000).push_back(7));
    EXPECT_GT(all.shared_front(must(first.load())), 50'000U);
    // A key that is not there, or of another type, is no version to begin with.
    static_cast<void>(must(main.transact([](editor& edit) { edit.put("v", "text"); })));
    auto none = must(find_stored<vector<int>>(main.read(), "nothing"));
    EXPECT_TRUE(must(none.load(first)).empty());
    static_cast<void>(must(main.transact([](editor& edit) { edit.erase("v"); })));
    auto gone = must(find_stored<vector<int>>(main.read(), "v"));
    EXPECT_TRUE(must(gone.load(first)).empty());
    static_cast<void>(must(save(main, "v", vector<int>{1})));
    EXPECT_EQ(must(must(find_stored<vector<int>>(main.read(), "v")).load(gone)), vector<int>{1});
}

TEST_F(PersistedVector, WhatBranchesAndReferencesSayIsRead) {
    auto kept = must(save(main, "v", vector<int>{1, 2, 3}));
    must(main.commit("three"));
    branch exp = must(data.create_branch("exp"));
    static_cast<void>(must(save(exp, "v", vector<int>{1, 9, 3}, kept)));
    static_cast<void>(must(save(main, "v", vector<int>{1, 2, 3, 4}, kept)));
    EXPECT_EQ(must(find_stored<vector<int>>(exp.read(), "v")->load()), (vector<int>{1, 9, 3}));
    EXPECT_EQ(must(find_stored<vector<int>>(must(data.at("main~0")), "v")->load()), (vector<int>{1, 2, 3}));
    EXPECT_EQ(must(find_stored<vector<int>>(main.read().database(3), "v")->size()), 0U);
}

TEST_F(PersistedVector, SavingOverAnothersChangeIsRefused) {
    auto mine = must(save(main, "v", vector<int>{1, 2, 3}));
    auto theirs = mine;
    static_cast<void>(must(save(main, "other", vector<int>{0})));  // touches nothing of it
    static_cast<void>(must(save(main, "v", vector<int>{1, 2, 3, 4}, theirs)));
    const auto refused = save(main, "v", vector<int>{0, 1, 2, 3}, mine);
    EXPECT_EQ(code_of(refused), errc::conflict);
    auto now = must(find_stored<vector<int>>(main.read(), "v"));
    EXPECT_EQ(must(now.load()), (vector<int>{1, 2, 3, 4})) << "nothing was written";
    // As the header says: load, merge, save.
    const auto both = must(now.load()).push_front(0);
    EXPECT_EQ(must(must(save(main, "v", both, now)).load()), (vector<int>{0, 1, 2, 3, 4}));
}

TEST_F(PersistedVector, SeveralAreSavedInOneTransaction) {
    auto list = must(save(main, "list", vector<int>{1}));
    auto sums = must(save(main, "sums", map<std::string, int>{{"all", 1}}));
    const auto version = main.transact([&](editor& edit) -> status {
        if (auto done = save(edit, "list", vector<int>{1, 2}, list); !done) { return done; }
        return save(edit, "sums", map<std::string, int>{{"all", 3}}, sums);
    });
    ASSERT_TRUE(version.has_value());
    EXPECT_EQ(must(find_stored<vector<int>>(main.read(), "list")->load()).size(), 2U);
    // And both are undone where one is refused.
    const auto failed = main.transact([&](editor& edit) -> status {
        save(edit, "list", vector<int>{9});
        return save(edit, "sums", map<std::string, int>{}, sums);  // has changed since
    });
    EXPECT_EQ(code_of(failed), errc::conflict);
    EXPECT_EQ(must(find_stored<vector<int>>(main.read(), "list")->load()).size(), 2U);
}

// ---- What others may have written

TEST_F(PersistedVector, WhatIsNotACollectionOfThatKindIsNamed) {
    static_cast<void>(must(main.transact([](editor& edit) {
        edit.push_back("words", {"1", "2", "three"});
        edit.push_back("descending", {"3", "1", "2"});
        edit.push_back("odd", {"1", "2", "3"});
        edit.put("bytes", "\xff\xfe");
        edit.put_field("hash", "a", "x");
        edit.put(std::string(150, 'k'), "text");
    })));
    const snapshot now = main.read();
    EXPECT_EQ(code_of(find_stored<vector<int>>(now, "hash")), errc::wrong_type);
    EXPECT_EQ(find_stored<vector<int>>(now, "hash").error().context, "key 'hash' is a hash, not a list");
    EXPECT_EQ(find_stored<set<int>>(now, std::string(150, 'k')).error().context,
              "key '" + std::string(100, 'k') + "' is a string, not a set");
    auto words = must(find_stored<vector<int>>(now, "words"));
    EXPECT_EQ(must(words.at(1)), 2);
    EXPECT_EQ(words.at(2).error().context, "key 'words' holds 'three', which is no such element");
    EXPECT_EQ(code_of(words.load()), errc::wrong_type);
    EXPECT_EQ(code_of(save(main, "words", vector<int>{1}, words)), errc::wrong_type);
    EXPECT_EQ(code_of(find_stored<ordered_set<int>>(now, "descending")->load()), errc::wrong_type);
    EXPECT_EQ(code_of(find_stored<ordered_map<int, int>>(now, "odd")->load()), errc::wrong_type);
    EXPECT_EQ(code_of(find_stored<ordered_map<int, int>>(now, "odd")->size()), errc::wrong_type);
    EXPECT_EQ(code_of(find_stored<text>(now, "bytes")->load()), errc::wrong_type);
    EXPECT_EQ(code_of(find_stored<map<std::string, int>>(now, "hash")->load()), errc::wrong_type);
    EXPECT_EQ(code_of(find_stored<map<std::string, int>>(now, "hash")->find("a")), errc::wrong_type);
    EXPECT_TRUE(must(find_stored<vector<int>>(now, "nothing")->load()).empty());
    EXPECT_EQ(main.read().version(), now.version()) << "nothing was written";
}

TEST_F(PersistedVector, KeysThatBecomeValuesAreToldApart) {
    // The difference of the two lists begins and ends at odd places: 2 goes, 7 comes.
    const ordered_map<int, int> next{{1, 3}, {4, 5}, {6, 7}};
    auto first = must(save(main, "pairs", ordered_map<int, int>{{1, 2}, {3, 4}, {5, 6}}));
    static_cast<void>(must(save(main, "pairs", next)));
    EXPECT_EQ(must(must(find_stored<ordered_map<int, int>>(main.read(), "pairs")).load(first)), next);
}

TEST(PersistedPairs, AreLoadedFromAnyOtherVersion) {
    for_each_seed(30, [](random_source& random) {
        store data = must(store::open_memory({.background = false}));
        branch main = must(data.branch("main"));
        using pairs = ordered_map<int, int>;
        std::vector<stored<pairs>> all;
        for (int step = 0; step < 30; ++step) {
            pairs value;
            for (std::uint64_t left = random.below(12); left > 0; --left) {
                value = value.insert(static_cast<int>(random.below(12)), static_cast<int>(random.below(12)));
            }
            all.push_back(must(save(main, "pairs", value)));
            stored<pairs>& other = all[random.below(all.size())];
            EXPECT_EQ(must(must(find_stored<pairs>(main.read(), "pairs")).load(other)), value);
        }
    });
}

TEST_F(PersistedVector, OrderIsCheckedWhereAnotherVersionIsKnown) {
    auto keys = must(save(main, "keys", ordered_set<int>{1, 2, 3}));
    auto entries = must(save(main, "entries", ordered_map<int, int>{{1, 1}, {2, 2}, {3, 3}}));
    static_cast<void>(must(main.transact([](editor& edit) {
        edit.splice("keys", 1, 1, {"9"});
        edit.splice("entries", 2, 1, {"1"});
    })));
    EXPECT_EQ(code_of(must(find_stored<ordered_set<int>>(main.read(), "keys")).load(keys)), errc::wrong_type);
    EXPECT_EQ(code_of(must(find_stored<ordered_map<int, int>>(main.read(), "entries")).load(entries)),
              errc::wrong_type);
}

TEST_F(PersistedVector, PositionsFarBehindTheEndHoldNothing) {
    const auto kept = must(save(main, "o", ordered_map<int, int>{{1, 2}}));
    constexpr std::uint64_t far = std::uint64_t{1} << 63;  // twice that is 0
    EXPECT_EQ(code_of(kept.nth(far)), errc::invalid);
    must(kept.for_each([](int, int) { ADD_FAILURE(); }, far));
    static_cast<void>(must(main.transact([](editor& edit) { edit.push_back("o", "3"); })));
    const status odd = find_stored<ordered_map<int, int>>(main.read(), "o")->for_each([](int, int) {});
    EXPECT_EQ(code_of(odd), errc::wrong_type);
}

// ---- Keys that are equal and written otherwise

TEST_F(PersistedVector, EqualKeysThatAreWrittenOtherwiseAreNotLost) {
    auto first = must(save(main, "s", set<double>{0.0}));
    static_cast<void>(must(save(main, "s", set<double>{-0.0})));
    auto second = must(find_stored<set<double>>(main.read(), "s"));
    EXPECT_EQ(must(second.load(first)), set<double>{-0.0});
    auto one = must(save(main, "m", map<double, int>{{0.0, 1}}));
    auto other = must(save(main, "m", map<double, int>{{-0.0, 2}}));
    auto found = must(find_stored<map<double, int>>(main.read(), "m"));
    EXPECT_EQ(must(found.load(one)), must(other.load()));
    // What is erased is gone, however it is written.
    auto changed = must(save(main, "m", map<double, int>{{0.0, 3}}, other));
    static_cast<void>(must(save(main, "m", map<double, int>{}, changed)));
    EXPECT_EQ(must(find_stored<map<double, int>>(main.read(), "m")->size()), 0U);
}

TEST_F(PersistedVector, AMemberThatAnotherWroteTwiceIsErasedOnce) {
    static_cast<void>(must(main.transact([](editor& edit) { edit.add_members("s", {"7", "007", "8"}); })));
    auto found = must(find_stored<set<int>>(main.read(), "s"));
    static_cast<void>(must(save(main, "s", must(found.load()).erase(7), found)));
    EXPECT_EQ(must(find_stored<set<int>>(main.read(), "s")->load()), set<int>{8});
}

// ---- Databases, deadlines, stores

TEST_F(PersistedVector, ItIsSavedFromAnotherDatabase) {
    static_cast<void>(must(main.transact([](editor& edit) {
        editor third = edit.database(3);
        save(third, "v", vector<int>{1, 2, 3});
        edit.push_back("v", {"9", "9", "9", "9"});
    })));
    auto from = must(find_stored<vector<int>>(main.read().database(3), "v"));
    static_cast<void>(must(save(main, "v", vector<int>{1, 5, 3}, from)));
    static_cast<void>(must(save(main, "w", vector<int>{1, 2}, from)));
    EXPECT_EQ(must(find_stored<vector<int>>(main.read(), "v")->load()), (vector<int>{1, 5, 3}));
    EXPECT_EQ(must(find_stored<vector<int>>(main.read(), "w")->load()), (vector<int>{1, 2}));
    // And in it.
    static_cast<void>(must(main.transact([&](editor& edit) -> status {
        editor third = edit.database(3);
        return save(third, "v", vector<int>{1, 2, 3, 4}, from);
    })));
    EXPECT_EQ(must(find_stored<vector<int>>(main.read().database(3), "v")->load()), (vector<int>{1, 2, 3, 4}));
    EXPECT_EQ(must(find_stored<vector<int>>(main.read(), "v")->load()), (vector<int>{1, 5, 3}));
}

struct turned_clock final : clock_source {
    [[nodiscard]] microseconds_utc now() const noexcept override { return time; }
    [[nodiscard]] std::chrono::nanoseconds elapsed() const noexcept override { return std::chrono::microseconds(time); }
    std::atomic<microseconds_utc> time{1'700'000'000'000'000};
};

TEST(PersistedDeadline, StaysWithItsKey) {
    const auto clock = std::make_unique<turned_clock>();
    store data = must(store::open_memory({.background = false, .clock = clock.get()}));
    branch main = must(data.branch("main"));
    const milliseconds_utc soon = clock->time / 1000 + 1000;
    const auto saved = [&](const auto& value) {
        static_cast<void>(must(save(main, "key", value)));
        static_cast<void>(must(main.transact([&](editor& edit) { edit.expire("key", soon); })));
        return must(find_stored<std::remove_cvref_t<decltype(value)>>(main.read(), "key"));
    };
    // Where nothing of it is left, too.
    auto keys = saved(ordered_set<int>{5});
    static_cast<void>(must(save(main, "key", ordered_set<int>{3}, keys)));
    EXPECT_EQ(must(main.read().deadline("key")), soon);
    const map<std::string, int> entries{{"a", 1}, {"b", 2}, {"c", 3}};
    auto from = saved(entries);
    static_cast<void>(must(save(main, "before", entries.insert("a", 9), from)));
    EXPECT_EQ(must(main.read().deadline("before")), no_deadline);
    clock->time += 5'000'000;
    // Its deadline has come: what it was is still known.
    static_cast<void>(must(save(main, "after", entries.insert("a", 9), from)));
    EXPECT_EQ(must(find_stored<map<std::string, int>>(main.read(), "after")->load()), entries.insert("a", 9));
    EXPECT_EQ(code_of(save(main, "key", entries, from)), errc::conflict);
}

TEST_F(PersistedVector, AnotherStoreIsNoVersionOfThisOne) {
    store other = must(store::open_memory({.background = false}));
    branch there = must(other.branch("main"));
    const auto value = counted(10'000);
    auto mine = must(save(main, "v", value));
    auto theirs = must(save(there, "v", value.set(17, -1)));
    auto again = must(find_stored<vector<int>>(main.read(), "v"));
    EXPECT_EQ(code_of(again.load(theirs)), errc::invalid);
    EXPECT_EQ(code_of(main.read().is_same("v", there.read())), errc::invalid);
    EXPECT_EQ(code_of(save(main, "w", value, theirs)), errc::invalid);
    must(there.commit("theirs"));
    const snapshot kept = must(other.at("main~0"));
    static_cast<void>(must(main.transact([&](editor& edit) { edit.copy(kept, "v", "w"); })));
    EXPECT_EQ(must(find_stored<vector<int>>(main.read(), "w")->load()), value.set(17, -1));
    EXPECT_TRUE(must(data.verify()).empty());
}

TEST_F(PersistedVector, OtherClientsReadWhatIsWritten) {
    static_cast<void>(must(save(main, "v", vector<double>{1, 0.5})));
    static_cast<void>(must(save(main, "m", map<std::string, int>{{"a", 1}})));
    static_cast<void>(must(save(main, "o", ordered_map<int, std::string>{{2, "b"}, {1, "a"}})));
    static_cast<void>(must(save(main, "s", set<int>{5})));
    static_cast<void>(must(save(main, "t", text("grüße"))));
    const snapshot now = main.read();
    EXPECT_EQ(must(now.elements("v")), (std::vector<std::string>{"1", "0.5"}));
    EXPECT_EQ(must(now.field("m", "a")), "1");
    EXPECT_EQ(must(now.elements("o")), (std::vector<std::string>{"1", "a", "2", "b"}));
    EXPECT_TRUE(must(now.has_member("s", "5")));
    EXPECT_EQ(must(now.get("t")), "grüße");
}

TEST_F(PersistedVector, LongElementsAndManyOfThem) {
    vector<std::string> value;
    for (int each = 0; each < 700; ++each) {
        value = std::move(value).push_back(std::string(static_cast<std::size_t>(each) * 40, 'x'));
    }
    auto kept = must(save(main, "v", value));
    EXPECT_EQ(must(find_stored<vector<std::string>>(main.read(), "v")->load()), value);
    value = value + value.slice(100, 650);
    static_cast<void>(must(save(main, "v", value, kept)));
    EXPECT_EQ(must(find_stored<vector<std::string>>(main.read(), "v")->load()), value);
    text page;
    for (int each = 0; each < 300'000; ++each) { page += std::string_view("zwölf "); }
    auto page_kept = must(save(main, "t", page));
    page = page.replace(7, 14, page);
    static_cast<void>(must(save(main, "t", page, page_kept)));
    EXPECT_EQ(must(find_stored<text>(main.read(), "t")->load()), page);
}

}  // namespace
}  // namespace coppice
