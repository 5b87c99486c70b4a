// coppice::ordered_set against std::set: every version stays alive and is compared at the end.
#include <coppice/ordered_set.hpp>

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "collections/support.hpp"

namespace coppice {
namespace {

using namespace testing;

static_assert(std::random_access_iterator<ordered_set<int>::const_iterator>);
static_assert(sizeof(ordered_set<std::string>) == 16);

template <class K>
K key_of(int number) {
    if constexpr (std::is_same_v<K, std::string>) {
        const std::string digits = std::to_string(number);
        return std::string(20 - digits.size(), '0') + digits;
    } else {
        return K(number);
    }
}

template <class Subject>
struct version {
    Subject subject;
    std::set<typename Subject::key_type> model;
    [[nodiscard]] bool agrees() const { return std::equal(subject.begin(), subject.end(), model.begin(), model.end()); }
};

template <class Subject>
class OrderedSetOf : public ::testing::Test {};
using kinds = ::testing::Types<ordered_set<int, ascending, tiny_nodes<48, 4>>,
                               ordered_set<std::string, ascending, tiny_nodes<64, 5>>, ordered_set<int>>;
TYPED_TEST_SUITE(OrderedSetOf, kinds);

TYPED_TEST(OrderedSetOf, MatchesStdSetInEveryVersion) {
    using K = typename TypeParam::key_type;
    for_each_seed(12, [](random_source& random) {
        {
            std::vector<version<TypeParam>> history(1);
            for (int step = 0; step < 150; ++step) {
                const auto pick = [&] { return static_cast<std::size_t>(random.below(history.size())); };
                version<TypeParam> next = history[random.below(3) == 0 ? pick() : history.size() - 1];
                auto& [subject, model] = next;
                for (auto changes = random.below(20); changes-- > 0;) {
                    const K key = key_of<K>(static_cast<int>(random.below(300)));
                    if (random.below(3) != 0) {
                        subject = changes % 2 == 0 ? subject.insert(key) : std::move(subject).insert(key);
                        model.insert(key);
                    } else {
                        subject = changes % 2 == 0 ? subject.erase(key) : std::move(subject).erase(key);
                        model.erase(key);
                    }
                }
                const auto& other = history[pick()];
                std::set<K> changed;
                const auto put = std::inserter(changed, changed.end());
                switch (random.below(5)) {
                    case 0:
                        std::set_union(model.begin(), model.end(), other.model.begin(), other.model.end(), put);
                        subject = subject | other.subject;
                        break;
                    case 1:
                        std::set_intersection(model.begin(), model.end(), other.model.begin(), other.model.end(), put);
                        if (changed.size() < 20) {
                            changed = model;
                            break;
                        }
                        subject = subject & other.subject;
                        break;
                    case 2:
                        std::set_difference(model.begin(), model.end(), other.model.begin(), other.model.end(), put);
                        if (changed.size() < 20) {
                            changed = model;
                            break;
                        }
                        subject = subject - other.subject;
                        break;
                    case 3:
                        std::set_symmetric_difference(model.begin(), model.end(), other.model.begin(),
                                                      other.model.end(), put);
                        subject = subject ^ other.subject;
                        break;
                    default: changed = model;
                }
                model = changed;
                subject.check_invariants();
                ASSERT_TRUE(next.agrees()) << "in step " << step;
                ASSERT_EQ(subject == other.subject, model == other.model);
                history.push_back(std::move(next));
            }
            for (const auto& each : history) {
                ASSERT_TRUE(each.agrees());
                ASSERT_EQ(each.subject.size(), each.model.size());
            }
        }
        ASSERT_EQ(live_nodes, 0);
    });
}

TEST(OrderedSet, DiffAndMergeAgree) {
    const ordered_set<std::string> base{"a", "b", "c"};
    const auto a = base.insert("d").erase("a");
    const auto b = base.erase("c").insert("d").insert("e");
    std::string said;
    diff(base, a, [&](const std::string& key, bool added) { said += (added ? "+" : "-") + key; });
    EXPECT_EQ(said, "-a+d");
    EXPECT_EQ(merge(base, a, b), (ordered_set<std::string>{"b", "d", "e"}));
    EXPECT_TRUE(merge(base, base, b).is_same(b));
}

TEST(OrderedSet, FindsByRankAndRange) {
    std::vector<int> even(1000);
    for (std::size_t each = 0; each < even.size(); ++each) { even[each] = static_cast<int>(2 * each); }
    const ordered_set<int> some(even.begin(), even.end());
    EXPECT_EQ(some.nth(17), 34);
    EXPECT_EQ(some.rank_of(35), 18U);
    EXPECT_EQ(*some.lower_bound(35), 36);
    EXPECT_EQ(*some.upper_bound(36), 38);
    EXPECT_EQ(some.range(10, 16), (ordered_set<int>{10, 12, 14}));
    EXPECT_TRUE(some.range(16, 10).empty());
    EXPECT_EQ(some.take(2) + some.drop(998), (ordered_set<int>{0, 2, 1996, 1998}));
    EXPECT_TRUE(some.insert(4).is_same(some));
    EXPECT_EQ(*some.find(4), 4);
    const ordered_set<std::string> words{"x", "y"};
    EXPECT_TRUE(words.contains(std::string_view("y")));
    auto edit = words.edit();
    EXPECT_FALSE(edit.insert("x"));
    EXPECT_TRUE(edit.erase("x"));
    EXPECT_EQ(std::move(edit).done(), (ordered_set<std::string>{"y"}));
}

struct counting_order {
    static inline int calls = 0;
    bool operator()(int a, int b) const {
        ++calls;
        return a < b;
    }
};

TEST(OrderedSet, AFewKeysAreLookedUpInMany) {
    using subject = ordered_set<int, counting_order>;
    subject many;
    for (int key = 0; key < 10'000; ++key) { many = std::move(many).insert(key); }
    const subject few{5, 20'000};
    counting_order::calls = 0;
    const subject all[] = {few | many, many | few, few & many, many & few, few - many, many - few};
    EXPECT_LT(counting_order::calls, 2'000);
    const std::size_t sizes[] = {10'001, 10'001, 1, 1, 1, 9'999};
    for (std::size_t each = 0; each < std::size(all); ++each) {
        EXPECT_EQ(all[each].size(), sizes[each]) << each;
        all[each].check_invariants();
    }
    EXPECT_EQ(all[2], (subject{5}));
    EXPECT_EQ(all[4], (subject{20'000}));
}

}  // namespace
}  // namespace coppice
