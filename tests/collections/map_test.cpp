// coppice::map against std::map: every version stays alive and is compared at the end, for old ones never change.
#include <coppice/map.hpp>

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "collections/support.hpp"

namespace coppice {
namespace {

using namespace testing;

static_assert(std::forward_iterator<map<int, int>::const_iterator>);
static_assert(std::is_nothrow_copy_constructible_v<map<int, int>>);
static_assert(std::is_nothrow_move_assignable_v<map<int, int>>);
static_assert(sizeof(map<int, int>) == 16);

/// A hash that is one of so few that entries meet below the last level.
template <int Few>
struct poor_hash {
    template <class K>
    std::size_t operator()(const K& key) const {
        return static_cast<std::size_t>(number(key) % Few);
    }
};

using model_map = std::map<int, int>;
template <class Subject>
struct version {
    Subject subject;
    model_map model;
};

template <class Subject>
bool same(const Subject& subject, const model_map& model) {
    model_map found;
    for (const auto& [key, value] : subject) { found.emplace(number(key), number(value)); }
    return subject.size() == model.size() && found == model;
}
template <class Subject>
Subject made_of(const model_map& model) {
    Subject made;
    for (auto each = model.rbegin(); each != model.rend(); ++each) {
        made = std::move(made).insert(element_of<typename Subject::key_type>(each->first),
                                      element_of<typename Subject::mapped_type>(each->second));
    }
    return made;
}

template <class Subject>
class MapOf : public ::testing::Test {};
template <class K, class V, class Nodes, class Hash = default_hash<K>>
using map_with = map<K, V, Hash, default_equal, Nodes>;
using plain = fussy<true>;
using rigid = fussy<false>;
using kinds = ::testing::Types<
    map_with<int, int, tiny_hashed<2>>, map_with<int, int, tiny_hashed<5>>,
    map_with<int, int, tiny_hashed<3>, poor_hash<1>>, map_with<int, int, tiny_hashed<4>, poor_hash<7>>,
    map_with<std::string, std::string, tiny_hashed<3>>, map_with<std::string, int, tiny_hashed<3>, poor_hash<11>>,
    map_with<plain, plain, tiny_hashed<3>, poor_hash<1000>>, map_with<rigid, rigid, tiny_hashed<4>, poor_hash<1000>>,
    map_with<referring, referring, tiny_hashed<3>, poor_hash<1000>>, map_with<int, int, tiny_hashed<3, local_nodes>>,
    map<int, int>, map_with<std::string, std::string, local_nodes>>;
TYPED_TEST_SUITE(MapOf, kinds);

/// One random change, of the value itself or of a copy.
template <class Subject>
void change(random_source& random, version<Subject>& now, int keys) {
    auto& subject = now.subject;
    auto& model = now.model;
    const auto key_of = [](int key) { return element_of<typename Subject::key_type>(key); };
    const auto value_of = [](int value) { return element_of<typename Subject::mapped_type>(value); };
    const int key = static_cast<int>(random.below(static_cast<std::uint64_t>(keys)));
    const int value = static_cast<int>(random.below(5));
    const bool reuse = random.below(2) == 0;
    const auto become = [&](auto with) { subject = reuse ? with(std::move(subject)) : with(std::as_const(subject)); };
    switch (random.below(8)) {
        case 0:
        case 1:
            for (int each = key; each < key + value; ++each) {
                become([&](auto&& of) { return std::forward<decltype(of)>(of).insert(key_of(each), value_of(value)); });
                model[each] = value;
            }
            return;
        case 2:
            become([&](auto&& of) { return std::forward<decltype(of)>(of).try_insert(key_of(key), value_of(value)); });
            model.emplace(key, value);
            return;
        case 3:
            become([&](auto&& of) {
                return std::forward<decltype(of)>(of).update(
                    key_of(key), [&](const auto* old) { return value_of(old == nullptr ? 100 : number(*old) + 1); });
            });
            model[key] = model.count(key) == 0 ? 100 : model[key] + 1;
            return;
        case 4:  // all but a few go
            if (random.below(8) != 0) { return; }
            while (model.size() > 2) {
                const int gone = model.begin()->first;
                become([&](auto&& of) { return std::forward<decltype(of)>(of).erase(key_of(gone)); });
                model.erase(gone);
            }
            return;
        default:
            for (int each = key; each < key + value; ++each) {
                become([&](auto&& of) { return std::forward<decltype(of)>(of).erase(key_of(each)); });
                model.erase(each);
            }
            return;
    }
}

/// What diff says of two maps, as key -> before and after; -1: absent.
using change_map = std::map<int, std::pair<int, int>>;
template <class Subject>
change_map changes_of(const Subject& before, const Subject& after) {
    change_map all;
    diff(before, after, [&all](const auto& key, const auto* was, const auto* is) {
        const auto said =
            all.emplace(number(key), std::pair(was == nullptr ? -1 : number(*was), is == nullptr ? -1 : number(*is)));
        EXPECT_TRUE(said.second) << "twice: " << number(key);
    });
    return all;
}
change_map changes_of(const model_map& before, const model_map& after) {
    change_map all;
    for (const auto& [key, value] : before) { all[key] = {value, -1}; }
    for (const auto& [key, value] : after) {
        const auto& [at, added] = all.emplace(key, std::pair(-1, value));
        if (!added) { at->second.second = value; }
        if (at->second.first == value) { all.erase(at); }
    }
    return all;
}

TYPED_TEST(MapOf, MatchesStdMapInEveryVersion) {
    for_each_seed(20, [](random_source& random) {
        {
            const int keys = random.below(2) == 0 ? 30 : 400;
            std::vector<version<TypeParam>> history(1);
            for (int step = 0; step < 150; ++step) {
                const auto chosen = random.below(3) == 0 ? random.below(history.size()) : history.size() - 1;
                version<TypeParam> next = history[static_cast<std::size_t>(chosen)];
                for (auto changes = 1 + random.below(5); changes-- > 0;) { change(random, next, keys); }
                next.subject.check_invariants();
                ASSERT_TRUE(same(next.subject, next.model)) << "in step " << step;
                history.push_back(std::move(next));
            }
            for (const auto& [subject, model] : history) {
                subject.check_invariants();
                ASSERT_TRUE(same(subject, model));
                for (int key = 0; key < keys; ++key) {
                    const auto* value = subject.find(element_of<typename TypeParam::key_type>(key));
                    ASSERT_EQ(value != nullptr, model.contains(key));
                    if (value != nullptr) { ASSERT_EQ(number(*value), model.at(key)); }
                }
                // Equal whatever the order was in which it was made, and only then.
                const auto again = made_of<TypeParam>(model);
                ASSERT_TRUE(again == subject);
                ASSERT_TRUE(changes_of(again, subject).empty());
                const auto& other = history[static_cast<std::size_t>(random.below(history.size()))];
                ASSERT_EQ(changes_of(subject, other.subject), changes_of(model, other.model));
                ASSERT_EQ(subject == other.subject, model == other.model);
            }
        }
        ASSERT_EQ(live_nodes, 0);
        ASSERT_EQ(live_elements, 0);
    });
}

TYPED_TEST(MapOf, MergesAsWordForWord) {
    for_each_seed(20, [](random_source& random) {
        version<TypeParam> base;
        for (int step = 0; step < 60; ++step) { change(random, base, 60); }
        version<TypeParam> a = base;
        version<TypeParam> b = base;
        for (int step = 0; step < 10; ++step) { change(random, a, 60); }
        for (int step = 0; step < 10; ++step) { change(random, b, 60); }
        const auto in = [](const model_map& model, int key) { return model.contains(key) ? model.at(key) : -1; };
        model_map expected;
        std::map<int, int> conflicts;
        for (int key = 0; key < 70; ++key) {
            const int was = in(base.model, key);
            const int left = in(a.model, key);
            const int right = in(b.model, key);
            const bool conflict = left != right && left != was && right != was;
            if (conflict) { conflicts[key] = was; }
            // Of two values the sum; what either took away stays away.
            const int wins = conflict ? (left < 0 || right < 0 ? -1 : left + right) : left == was ? right : left;
            if (wins >= 0) { expected[key] = wins; }
        }
        using value = typename TypeParam::mapped_type;
        const auto merged = merge(base.subject, a.subject, b.subject,
                                  [&](const auto& key, const value* was, const value* left, const value* right) {
                                      EXPECT_EQ(conflicts.count(number(key)), 1U);
                                      EXPECT_EQ(was == nullptr ? -1 : number(*was), conflicts[number(key)]);
                                      conflicts.erase(number(key));
                                      if (left == nullptr || right == nullptr) { return std::optional<value>(); }
                                      return std::optional<value>(element_of<value>(number(*left) + number(*right)));
                                  });
        merged.check_invariants();
        EXPECT_TRUE(same(merged, expected));
        EXPECT_TRUE(conflicts.empty());
    });
}

template <class Subject>
class MapFaults : public ::testing::Test {};
using fussy_kinds =
    ::testing::Types<map_with<plain, plain, tiny_hashed<3>, poor_hash<1000>>,
                     map_with<rigid, rigid, tiny_hashed<4>, poor_hash<1000>>, map_with<int, int, tiny_hashed<3>>,
                     map_with<plain, plain, tiny_hashed<2>, poor_hash<2>>>;
TYPED_TEST_SUITE(MapFaults, fussy_kinds);

TYPED_TEST(MapFaults, AFailedChangeChangesNothing) {
    for (const int size : {0, 1, 2, 3, 4, 5, 17, 64, 90}) {
        SCOPED_TRACE(size);
        const auto make = [size] {
            TypeParam made;
            for (int each = 0; each < size; ++each) { made = std::move(made).insert(each, each); }
            return made;
        };
        expect_all_or_nothing(make, {0, size / 2, size},
                              {[](TypeParam& of, int at) { of = std::move(of).insert(at, 7); },
                               [](TypeParam& of, int at) { of = of.insert(at, 7); },
                               [](TypeParam& of, int at) { of = std::move(of).erase(at); },
                               [](TypeParam& of, int at) { of = of.erase(at); },
                               [](TypeParam& of, int at) {
                                   of = std::move(of).update(
                                       at, [](const auto* old) { return old == nullptr ? 5 : number(*old); });
                               },
                               [](TypeParam& of, int at) {
                                   auto edit = of.edit();
                                   for (int key = at; key > at - 10; --key) { edit.erase(key); }
                                   for (int key = at; key < at + 4; ++key) { edit.insert(1000 + key, 7); }
                                   of = std::move(edit).done();
                               }});
    }
}

TEST(Map, CopiesNoKeyAndNoValue) {
    static int copies;
    struct counted {
        counted() = default;
        counted(const counted&) { ++copies; }
        counted(counted&&) noexcept = default;
        counted& operator=(const counted&) = delete;
    };
    copies = 0;
    map<int, counted> subject;
    std::vector<map<int, counted>> versions;
    for (int each = 0; each < 500; ++each) {
        versions.push_back(subject);
        subject = subject.insert(each, counted());
    }
    for (int each = 0; each < 500; ++each) { subject = subject.erase(each); }
    EXPECT_EQ(copies, 0);
}

TEST(Map, ASoleOwnerIsChangedInPlace) {
    map_with<int, int, tiny_hashed<32>> subject;
    for (int each = 0; each < 2'000; ++each) { subject = std::move(subject).insert(each, each); }
    subject = std::move(subject).erase(1'000);  // so that there is room
    faults::left = 0;
    subject = std::move(subject).insert(1'000, 7).insert(999, 8);
    faults::left = -1;
    EXPECT_EQ(subject.at(1'000) + subject.at(999), 15);
    subject.check_invariants();
    map_with<std::string, std::string, tiny_hashed<3>> texts{{"a", "old"}, {"b", "old"}};
    faults::left = 0;
    texts = std::move(texts).insert("a", "new");
    faults::left = -1;
    EXPECT_EQ(texts.at("a"), "new");
}

TEST(Map, ErasingGivesNodesBack) {
    map_with<int, int, tiny_hashed<8>> subject;
    for (int each = 0; each < 2'000; ++each) { subject = std::move(subject).insert(each, each); }
    EXPECT_GT(live_nodes, 200);
    for (int each = 0; each < 1'995; ++each) { subject = std::move(subject).erase(each); }
    EXPECT_EQ(live_nodes, 1);
    EXPECT_EQ(subject.size(), 5U);
}

TEST(Map, TextsAreFoundByViews) {
    const map<std::string, int> ages{{"ada", 36}, {"alan", 41}};
    constexpr std::string_view name = "ada and others";
    EXPECT_EQ(ages.at(name.substr(0, 3)), 36);
    EXPECT_EQ(ages.count("alan"), 1U);
    EXPECT_FALSE(ages.contains(name));
}

TEST(Map, AnEditEndsInAValue) {
    const map<std::string, int> before{{"a", 1}, {"b", 2}};
    auto edit = before.edit();
    edit.insert("c", 3);
    edit.update("a", [](const int* old) { return *old + 10; });
    edit.try_insert("b", 7);
    const auto between = edit.done();
    edit.erase("b");
    const auto after = std::move(edit).done();
    EXPECT_EQ(before, (map<std::string, int>{{"a", 1}, {"b", 2}}));
    EXPECT_EQ(between, (map<std::string, int>{{"a", 11}, {"b", 2}, {"c", 3}}));
    EXPECT_EQ(after, (map<std::string, int>{{"a", 11}, {"c", 3}}));
}

TEST(Map, SaysWhatIsNotThere) {
    const map<int, int> subject{{1, 2}, {1, 3}};
    EXPECT_EQ(subject.size(), 1U);
    EXPECT_EQ(subject.at(1), 3);
    EXPECT_THROW(static_cast<void>(subject.at(2)), std::out_of_range);
    EXPECT_EQ(subject.find(2), nullptr);
    EXPECT_TRUE(subject.is_same(subject.erase(2)));
    EXPECT_EQ((map<int, int>{}.begin()), (map<int, int>{}.end()));
}

TEST(Map, HoldsOveralignedEntries) {
    struct alignas(64) line {
        int value;
    };
    struct alignas(32) half_line {
        int value;
    };
    map<int, line> lines;
    map<int, half_line> halves;
    for (int each = 0; each < 200; ++each) {
        lines = std::move(lines).insert(each, {each});
        halves = std::move(halves).insert(each, {each});
    }
    for (int each = 0; each < 200; ++each) {
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(lines.find(each)) % 64, 0U);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(halves.find(each)) % 32, 0U);
        EXPECT_EQ(lines.at(each).value + halves.at(each).value, 2 * each);
    }
}

TEST(Map, ASmallOneIsOneAllocationOfLittleMore) {
    struct measured : tiny_hashed<32> {
        static void* allocate(std::size_t bytes, std::align_val_t alignment) {
            last_bytes() = bytes;
            return tiny_hashed<32>::allocate(bytes, alignment);
        }
        static std::size_t& last_bytes() {
            static std::size_t bytes;
            return bytes;
        }
    };
    const auto before = live_nodes;
    map_with<std::int64_t, std::int64_t, measured> ten;
    for (std::int64_t each = 0; each < 10; ++each) { ten = std::move(ten).insert(each, each); }
    EXPECT_EQ(live_nodes, before + 1);
    EXPECT_LE(measured::last_bytes(), 10 * 16 + 64U);
}

/// Two threads change maps that share all nodes, and so does a third one that compares them.
template <class K>
void share_among_threads() {
    map<K, int> base;
    for (int each = 0; each < 2000; ++each) { base = std::move(base).insert(element_of<K>(each), each); }
    const auto work = [base](int from) {
        auto mine = base;
        for (int each = from; each < from + 500; ++each) {
            const auto kept = mine;
            mine = std::move(mine).insert(element_of<K>(each), -each).erase(element_of<K>(each + 1000));
            EXPECT_EQ(kept.at(element_of<K>(each)), each);
        }
        mine.check_invariants();
        EXPECT_EQ(mine.size(), 1500U);
    };
    std::vector<std::thread> threads;
    threads.emplace_back(work, 0);
    threads.emplace_back(work, 250);
    for (int round = 0; round < 20; ++round) { EXPECT_EQ(base, (map<K, int>(base.begin(), base.end()))); }
    for (auto& each : threads) { each.join(); }
    EXPECT_EQ(base.size(), 2000U);
}
TEST(Map, VersionsOnSeveralThreadsAreIndependent) {
    share_among_threads<int>();
    share_among_threads<std::string>();
}

}  // namespace
}  // namespace coppice
