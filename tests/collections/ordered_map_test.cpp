// coppice::ordered_map against std::map: every version stays alive and is compared at the end: old ones never change.
#include <coppice/ordered_map.hpp>

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collections/support.hpp"

namespace coppice {
namespace {

using namespace testing;

static_assert(std::random_access_iterator<ordered_map<int, int>::const_iterator>);
static_assert(std::random_access_iterator<ordered_map<std::string, std::string>::const_iterator>);
static_assert(std::is_nothrow_copy_constructible_v<ordered_map<int, int>>);
static_assert(std::is_nothrow_move_assignable_v<ordered_map<int, int>>);
static_assert(sizeof(ordered_map<int, int>) == 16);

/// What the model says with an int.
template <class T>
T made_of(int number) {
    if constexpr (std::is_same_v<T, std::string>) {
        const std::string digits = std::to_string(number);
        return std::string(20 - digits.size(), '0') + digits;
    } else {
        return T(number);
    }
}
struct by_value {
    template <bool Moves>
    bool operator()(const fussy<Moves>& a, const fussy<Moves>& b) const {
        faults::count();  // comparing may throw as well
        return a.value() < b.value();
    }
};
struct descending {
    bool operator()(int a, int b) const { return b < a; }
};

using model_map = std::map<int, int>;
template <class Subject>
struct version {
    Subject subject;
    model_map model;
};
template <class Subject>
constexpr bool descends = std::is_same_v<typename Subject::key_compare, descending>;

template <class Subject>
bool same(const Subject& subject, const model_map& model) {
    const auto equal = [](const auto& entry, const auto& pair) {
        return number(entry.first) == pair.first && number(entry.second) == pair.second;
    };
    if constexpr (descends<Subject>) {
        return std::equal(subject.begin(), subject.end(), model.rbegin(), model.rend(), equal);
    } else {
        return std::equal(subject.begin(), subject.end(), model.begin(), model.end(), equal);
    }
}

template <class Subject>
class OrderedMapOf : public ::testing::Test {};
using kinds = ::testing::Types<ordered_map<int, int, ascending, tiny_nodes<64, 4>>,
                               ordered_map<int, int, ascending, tiny_nodes<72, 5>>,
                               ordered_map<int, int, descending, tiny_nodes<64, 4, local_nodes>>,
                               ordered_map<int, std::string, ascending, tiny_nodes<84, 4>>,
                               ordered_map<std::string, int, ascending, tiny_nodes<56, 4>>,
                               ordered_map<fussy<true>, fussy<false>, by_value, tiny_nodes<64, 4>>,
                               ordered_map<int, int>, ordered_map<std::string, std::string, ascending, local_nodes>>;
TYPED_TEST_SUITE(OrderedMapOf, kinds);

/// One random change, of the value itself or of a copy.
template <class Subject>
void change(random_source& random, version<Subject>& now, const version<Subject>& other) {
    using K = typename Subject::key_type;
    using V = typename Subject::mapped_type;
    auto& subject = now.subject;
    auto& model = now.model;
    const bool reuse = random.below(2) == 0;
    const auto become = [&](auto with) { subject = reuse ? with(std::move(subject)) : with(std::as_const(subject)); };
    const auto some_key = [&] { return static_cast<int>(random.below(400)); };
    const int key = some_key();
    const int value = static_cast<int>(random.below(1000));
    switch (random.below(9)) {
        case 0:
        case 1:
        case 2:
            for (auto times = random.below(20); times-- > 0;) {
                const int each = some_key();
                become([&](auto&& of) {
                    return std::forward<decltype(of)>(of).insert(made_of<K>(each), made_of<V>(value));
                });
                model.insert_or_assign(each, value);
            }
            return;
        case 3:
            for (auto times = random.below(25); times-- > 0;) {
                const int each = some_key();
                become([&](auto&& of) { return std::forward<decltype(of)>(of).erase(made_of<K>(each)); });
                model.erase(each);
            }
            return;
        case 4:
            become([&](auto&& of) {
                return std::forward<decltype(of)>(of).try_insert(made_of<K>(key), made_of<V>(value));
            });
            model.try_emplace(key, value);
            return;
        case 5:
            become([&](auto&& of) {
                return std::forward<decltype(of)>(of).update(made_of<K>(key), [&](const V* old) {
                    return made_of<V>(old == nullptr ? value : number(*old) / 2);
                });
            });
            if (const auto [at, added] = model.try_emplace(key, value); !added) { at->second /= 2; }
            return;
        case 6: {  // cut out a range and join what is left; the first and the last go sometimes
            if (descends<Subject>) { return; }
            const int high = key + static_cast<int>(random.below(60));
            const auto [low_part, rest] = subject.split(made_of<K>(key));
            subject = low_part + rest.split(made_of<K>(high)).second;
            model.erase(model.lower_bound(key), model.lower_bound(high));
            return;
        }
        case 7: {
            const auto first = static_cast<std::size_t>(random.below(1 + model.size() / 8));
            if (descends<Subject>) { return; }
            subject = subject.drop(first);
            model.erase(model.begin(), std::next(model.begin(), static_cast<std::ptrdiff_t>(first)));
            return;
        }
        default: {  // takes all of another version
            if (descends<Subject>) { return; }
            const auto middle = made_of<K>(key);
            subject = subject.split(middle).first + other.subject.split(middle).second;
            model.erase(model.lower_bound(key), model.end());
            model.insert(other.model.lower_bound(key), other.model.end());
            return;
        }
    }
}

template <class Subject>
void expect_found(const Subject& subject, const model_map& model) {
    using K = typename Subject::key_type;
    std::size_t rank = 0;
    for (int key = -1; key < 402; ++key) {
        const auto in_model = model.find(key);
        const auto* found = subject.find(made_of<K>(std::max(key, 0)));
        if (key < 0) { continue; }
        ASSERT_EQ(found != nullptr, in_model != model.end());
        ASSERT_EQ(subject.contains(made_of<K>(key)), found != nullptr);
        if (found != nullptr) { ASSERT_EQ(number(*found), in_model->second); }
        if (descends<Subject>) { continue; }
        ASSERT_EQ(subject.rank_of(made_of<K>(key)), rank);
        ASSERT_EQ(static_cast<std::size_t>(subject.lower_bound(made_of<K>(key)) - subject.begin()), rank);
        if (found != nullptr) { ASSERT_EQ(number(subject.nth(rank++).first), key); }
        ASSERT_EQ(static_cast<std::size_t>(subject.upper_bound(made_of<K>(key)) - subject.begin()), rank);
    }
}

/// What diff says turns one model into the other.
template <class Subject>
void expect_difference(const version<Subject>& from, const version<Subject>& to) {
    model_map became = from.model;
    std::size_t changes = 0;
    diff(from.subject, to.subject, [&](const auto& key, const auto* before, const auto* after) {
        ++changes;
        const auto had = from.model.find(number(key));
        ASSERT_EQ(before != nullptr, had != from.model.end());
        if (before != nullptr) { ASSERT_EQ(number(*before), had->second); }
        if (after != nullptr) {
            became.insert_or_assign(number(key), number(*after));
        } else {
            became.erase(number(key));
        }
    });
    ASSERT_EQ(became, to.model);
    ASSERT_EQ(changes == 0, from.model == to.model);
    ASSERT_EQ(from.subject == to.subject, from.model == to.model);
}

TYPED_TEST(OrderedMapOf, MatchesStdMapInEveryVersion) {
    for_each_seed(12, [](random_source& random) {
        {
            std::vector<version<TypeParam>> history(1);
            for (int step = 0; step < 150; ++step) {
                const auto pick = [&] { return static_cast<std::size_t>(random.below(history.size())); };
                const auto chosen = random.below(3) == 0 ? pick() : history.size() - 1;
                version<TypeParam> next = history[chosen];
                for (auto changes = 1 + random.below(3); changes-- > 0;) { change(random, next, history[pick()]); }
                next.subject.check_invariants();
                ASSERT_TRUE(same(next.subject, next.model)) << "in step " << step;
                ASSERT_NO_FATAL_FAILURE(expect_difference(history[chosen], next));
                ASSERT_NO_FATAL_FAILURE(expect_difference(next, history[pick()]));
                history.push_back(std::move(next));
            }
            for (const auto& [subject, model] : history) {
                subject.check_invariants();
                ASSERT_EQ(subject.size(), model.size());
                ASSERT_TRUE(same(subject, model));
            }
            ASSERT_NO_FATAL_FAILURE(expect_found(history.back().subject, history.back().model));
            ASSERT_NO_FATAL_FAILURE(expect_found(history[75].subject, history[75].model));
        }
        ASSERT_EQ(live_nodes, 0);
        ASSERT_EQ(live_elements, 0);
    });
}

TYPED_TEST(OrderedMapOf, LosesItsKeysInAnyOrder) {
    using K = typename TypeParam::key_type;
    using V = typename TypeParam::mapped_type;
    for_each_seed(6, [](random_source& random) {
        {
            version<TypeParam> now;
            std::vector<version<TypeParam>> history;
            for (int each = 0; each < 250; ++each) {
                const int key = static_cast<int>(random.below(300));
                now.subject = std::move(now.subject).insert(made_of<K>(key), made_of<V>(each));
                now.model.insert_or_assign(key, each);
            }
            const auto order = random.below(4);
            while (!now.model.empty()) {
                if (random.below(4) == 0) { history.push_back(now); }
                auto gone = order == 0 ? std::prev(now.model.end()) : now.model.begin();
                if (order > 1) { std::advance(gone, static_cast<std::ptrdiff_t>(random.below(now.model.size()))); }
                now.subject = std::move(now.subject).erase(made_of<K>(gone->first));
                now.model.erase(gone);
                now.subject.check_invariants();
                ASSERT_TRUE(same(now.subject, now.model));
            }
            for (const auto& [subject, model] : history) { ASSERT_TRUE(same(subject, model)); }
        }
        ASSERT_EQ(live_nodes, 0);
        ASSERT_EQ(live_elements, 0);
    });
}

template <class Subject>
class OrderedMapFaults : public ::testing::Test {};
using fussy_kinds = ::testing::Types<ordered_map<fussy<true>, fussy<false>, by_value, tiny_nodes<64, 4>>,
                                     ordered_map<int, fussy<true>, ascending, tiny_nodes<84, 4>>,
                                     ordered_map<int, int, ascending, tiny_nodes<64, 4>>>;
TYPED_TEST_SUITE(OrderedMapFaults, fussy_kinds);

TYPED_TEST(OrderedMapFaults, AFailedChangeChangesNothing) {
    using K = typename TypeParam::key_type;
    for (const int size : {0, 1, 4, 5, 17, 64, 90}) {
        SCOPED_TRACE(size);
        const auto make = [size] {
            TypeParam made;
            for (int each = 0; each < size; ++each) { made = std::move(made).insert(K(each * 2), each); }
            if (size > 20) { made = std::move(made).erase(K(20)).erase(K(22)); }
            return made;
        };
        expect_all_or_nothing(
            make, {0, 1, size, 2 * size - 2, 2 * size},
            {[](TypeParam& of, int key) { of = std::move(of).insert(K(key), 7); },
             [](TypeParam& of, int key) { of = of.insert(K(key), 7); },
             [](TypeParam& of, int key) { of = std::move(of).erase(K(key)); },
             [](TypeParam& of, int key) { of = of.erase(K(key)); },
             [](TypeParam& of, int key) { of = of.split(K(key)).first + of.split(K(key + 6)).second; },
             [](TypeParam& of, int key) {
                 const auto base = of;
                 const auto b = of.insert(K(key), 1).erase(K(4));
                 of = merge(base, of.insert(K(key), 2), b, [](auto&&...) { return std::nullopt; });
             }});
    }
}

TEST(OrderedMap, IsBuiltOfARangeInAnyOrder) {
    using small = ordered_map<int, int, ascending, tiny_nodes<64, 4>>;
    std::vector<std::pair<int, int>> pairs;
    for (int each = 0; each < 500; ++each) { pairs.emplace_back(each, each * 3); }
    const small ascending_keys(pairs.begin(), pairs.end());
    ascending_keys.check_invariants();
    std::reverse(pairs.begin() + 200, pairs.end());
    pairs.emplace_back(7, 1);
    const small any_order(pairs.begin(), pairs.end());
    any_order.check_invariants();
    EXPECT_EQ(any_order, ascending_keys.insert(7, 1));
    const std::vector<std::pair<int, int>> back(ascending_keys.begin(), ascending_keys.end());
    EXPECT_EQ(small(back.begin(), back.end()), ascending_keys);
    int keys = 0;
    ascending_keys.for_each_span([&](std::span<const int> some, std::span<const int> values) {
        ASSERT_EQ(some.size(), values.size());
        for (std::size_t each = 0; each < some.size(); ++each, ++keys) { ASSERT_EQ(values[each], some[each] * 3); }
    });
    EXPECT_EQ(keys, 500);
    EXPECT_EQ(std::next(ascending_keys.rbegin(), 10)->second, 489 * 3);
}

TEST(OrderedMap, IsBuiltOfWhatComesInOrderForAWhile) {
    using small = ordered_map<int, int, ascending, tiny_nodes<64, 4>>;
    for_each_seed(50, [](random_source& random) {
        std::vector<std::pair<int, int>> pairs;
        model_map model;
        int key = 0;
        for (int each = 0; each < 40; ++each) {
            key += random.below(8) == 0 ? -static_cast<int>(random.below(6)) : 1 + static_cast<int>(random.below(3));
            pairs.emplace_back(key, each);
            model.insert_or_assign(key, each);
        }
        const small forward(pairs.begin(), pairs.end());
        forward.check_invariants();
        ASSERT_TRUE(same(forward, model));
        std::reverse(pairs.begin(), pairs.end());
        const small backward(pairs.begin(), pairs.end());
        backward.check_invariants();
        ASSERT_EQ(backward.size(), model.size());
    });
}

TEST(OrderedMap, IsBuiltInOneComparisonEachAndOfFullLeaves) {
    static std::size_t compared;
    struct counting {
        bool operator()(int a, int b) const {
            ++compared;
            return a < b;
        }
    };
    std::vector<std::pair<int, int>> pairs;
    for (int each = 0; each < 500; ++each) { pairs.emplace_back(each, each); }
    compared = 0;
    const ordered_map<int, int, counting, tiny_nodes<64, 4>> built(pairs.begin(), pairs.end());
    EXPECT_LE(compared, 500U);
    std::size_t leaves = 0;
    built.for_each_span([&](std::span<const int>, std::span<const int>) { ++leaves; });
    EXPECT_EQ(leaves, 100U);
}

TEST(OrderedMap, NoLeafIsLargerThanItsPolicySays) {
    static std::size_t most;
    struct measured : tiny_nodes<256, 4> {
        static void* allocate(std::size_t bytes, std::align_val_t alignment) {
            most = std::max(most, bytes);
            return tiny_nodes<256, 4>::allocate(bytes, alignment);
        }
    };
    std::vector<std::pair<int, int>> pairs;
    for (int each = 0; each < 500; ++each) { pairs.emplace_back(each, each); }
    most = 0;
    ordered_map<int, int, ascending, measured> made(pairs.begin(), pairs.end());
    for (const auto& [key, value] : pairs) { made = std::move(made).erase(key).insert(-key, value); }
    EXPECT_LE(most, 256U);
}

TEST(OrderedMap, FindsTextWithoutACopy) {
    const ordered_map<std::string, int> ages{{"ann", 31}, {"bob", 27}};
    EXPECT_EQ(*ages.find(std::string_view("bob")), 27);
    EXPECT_EQ(ages.at("ann"), 31);
    EXPECT_FALSE(ages.contains("al"));
    EXPECT_EQ(ages.rank_of(std::string_view("b")), 1U);
    EXPECT_THROW(static_cast<void>(ages.at("eve")), std::out_of_range);
    const ordered_map<unsigned, int> numbers{{1, 1}};
    EXPECT_TRUE(numbers.contains(1));  // an int becomes a key
}

TEST(OrderedMap, AMergeAsksOnlyAboutConflicts) {
    using words = ordered_map<std::string, int>;
    const words base{{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}, {"e", 5}};
    const words a = base.insert("a", 10).erase("b").insert("c", 30).insert("new", 1).erase("e");
    const words b = base.insert("b", 20).insert("c", 31).erase("d").insert("new", 1).erase("e");
    std::vector<std::string> asked;
    const words merged =
        merge(base, a, b, [&](const std::string& key, const int* before, const int* in_a, const int* in_b) {
            asked.push_back(key);
            EXPECT_NE(before, nullptr);
            EXPECT_EQ(in_a == nullptr, key == "b");
            return key == "b" ? std::optional<int>() : std::optional<int>(*in_a + *in_b);
        });
    EXPECT_EQ(asked, (std::vector<std::string>{"b", "c"}));
    EXPECT_EQ(merged, (words{{"a", 10}, {"c", 61}, {"new", 1}}));
    EXPECT_TRUE(merge(base, base, b, [](auto&&...) { return std::nullopt; }).is_same(b));
    EXPECT_TRUE(merge(base, a, base, [](auto&&...) { return std::nullopt; }).is_same(a));
}

TEST(OrderedMap, WhatChangesNothingIsTheSameValue) {
    const ordered_map<int, int> some{{1, 1}, {2, 2}};
    EXPECT_TRUE(some.erase(3).is_same(some));
    EXPECT_TRUE(some.try_insert(2, 7).is_same(some));
    EXPECT_THROW(static_cast<void>(some + some), std::invalid_argument);
    EXPECT_EQ(some + (ordered_map<int, int>{{3, 3}}), (ordered_map<int, int>{{1, 1}, {2, 2}, {3, 3}}));
    EXPECT_LT(some, (ordered_map<int, int>{{1, 2}}));
}

TEST(OrderedMap, AnEditEndsInAValue) {
    const ordered_map<int, int> before{{1, 10}, {2, 20}};
    auto edit = before.edit();
    edit.insert(3, 30);
    EXPECT_FALSE(edit.try_insert(3, 31));
    const auto between = edit.done();
    EXPECT_TRUE(edit.erase(1));
    EXPECT_FALSE(edit.erase(1));
    edit.update(2, [](const int* old) { return *old + 1; });
    const auto after = std::move(edit).done();
    EXPECT_EQ(before, (ordered_map<int, int>{{1, 10}, {2, 20}}));
    EXPECT_EQ(between, (ordered_map<int, int>{{1, 10}, {2, 20}, {3, 30}}));
    EXPECT_EQ(after, (ordered_map<int, int>{{2, 21}, {3, 30}}));
}

TEST(OrderedMap, ASoleOwnerPutsValuesInPlace) {
    using texts = ordered_map<std::string, std::string, ascending, tiny_nodes<64, 4>>;
    texts subject;
    for (int each = 0; each < 100; ++each) { subject = std::move(subject).insert(made_of<std::string>(each), "old"); }
    const std::string key = made_of<std::string>(50);
    const std::string* const place = subject.find(key);
    faults::left = 0;  // nothing is allocated
    subject = std::move(subject).insert(key, "new");
    faults::left = -1;
    EXPECT_EQ(subject.find(key), place);
    EXPECT_EQ(*place, "new");
    const texts other = subject;
    subject = std::move(subject).insert(key, "newer");
    EXPECT_EQ(*other.find(key), "new");
    EXPECT_EQ(*subject.find(key), "newer");
    subject.check_invariants();
}

TEST(OrderedMap, ASoleOwnerIsChangedInPlace) {
    using numbers = ordered_map<int, int, ascending, tiny_nodes<2048, 16>>;
    numbers subject;
    for (int each = 0; each < 2'000; ++each) { subject = std::move(subject).insert(each, each); }
    subject = std::move(subject).erase(1'000);  // so that there is room
    faults::left = 0;
    subject = std::move(subject).insert(1'000, 7).insert(999, 8).erase(1'001);
    faults::left = -1;
    EXPECT_EQ(*subject.find(1'000), 7);
    EXPECT_EQ(*subject.find(999), 8);
    subject.check_invariants();
}

TEST(OrderedMap, KeysThatComeInOrderFillTheirLeaves) {
    ordered_map<int, int, ascending, tiny_nodes<64, 4>> subject;
    for (int each = 0; each < 500; ++each) { subject = std::move(subject).insert(each, each); }
    std::size_t leaves = 0;
    subject.for_each_span([&](std::span<const int>, std::span<const int>) { ++leaves; });
    EXPECT_EQ(leaves, 100U);
}

TEST(OrderedMap, ADifferenceOfFewChangesComparesFewKeys) {
    static std::size_t compared;
    struct counting {
        bool operator()(int a, int b) const {
            ++compared;
            return a < b;
        }
    };
    using map = ordered_map<int, int, counting>;
    std::vector<std::pair<int, int>> pairs;
    for (int each = 0; each < 100'000; ++each) { pairs.emplace_back(each, each); }
    const map before(pairs.begin(), pairs.end());
    map after = before;
    for (int each = 0; each < 10; ++each) { after = std::move(after).insert(each * 9'777, -1).erase(each * 7'003 + 1); }
    compared = 0;
    std::size_t changes = 0;
    diff(before, after, [&](int, const int*, const int*) { ++changes; });
    EXPECT_EQ(changes, 20U);
    EXPECT_LT(compared, 20U * 64 * 2);
}

TEST(OrderedMap, ASmallOneIsOneAllocationOfLittleMore) {
    using counted = ordered_map<std::int64_t, std::int64_t, ascending, tiny_nodes<2048, 16>>;
    const auto before = live_nodes;
    const counted ten{{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 6}, {7, 7}, {8, 8}, {9, 9}, {10, 10}};
    EXPECT_EQ(live_nodes, before + 1);
    EXPECT_LE(sizeof(counted) + counted::node_bytes_beyond_elements, 64U);
}

}  // namespace
}  // namespace coppice
