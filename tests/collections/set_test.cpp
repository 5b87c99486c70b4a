// coppice::set against std::set: every version stays, and what two sets are together is what std's algorithms say.
#include <coppice/set.hpp>

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "collections/support.hpp"

namespace coppice {
namespace {

using namespace testing;

static_assert(std::forward_iterator<set<int>::const_iterator>);
static_assert(sizeof(set<int>) == 16);

using model_set = std::set<int>;
struct poor_hash {
    template <class K>
    std::size_t operator()(const K& key) const {
        return static_cast<std::size_t>(number(key) % 9);
    }
};
template <class K, class Nodes, class Hash = default_hash<K>>
using set_with = set<K, Hash, default_equal, Nodes>;

int number(int key) { return key; }
int number(const fussy<true>& key) { return key.value(); }

template <class Subject>
model_set keys_of(const Subject& subject) {
    model_set found;
    for (const auto& each : subject) { found.insert(number(each)); }
    EXPECT_EQ(found.size(), subject.size());
    subject.check_invariants();
    return found;
}
template <class Subject>
struct version {
    Subject subject;
    model_set model;
};

template <class Subject>
class SetOf : public ::testing::Test {};
using kinds = ::testing::Types<set_with<int, tiny_hashed<3>>, set_with<int, tiny_hashed<4>, poor_hash>,
                               set_with<fussy<true>, tiny_hashed<3>, poor_hash>,
                               set_with<referring, tiny_hashed<3>, poor_hash>, set<int>>;
TYPED_TEST_SUITE(SetOf, kinds);

TYPED_TEST(SetOf, MatchesStdSetInEveryVersion) {
    using model_made = std::insert_iterator<model_set>;
    using algorithm = model_made (*)(model_set::const_iterator, model_set::const_iterator, model_set::const_iterator,
                                     model_set::const_iterator, model_made);
    const auto made = [](const model_set& a, const model_set& b, algorithm use) {
        model_set both;
        use(a.begin(), a.end(), b.begin(), b.end(), std::inserter(both, both.end()));
        return both;
    };
    for_each_seed(20, [&](random_source& random) {
        {
            std::vector<version<TypeParam>> history(1);
            for (int step = 0; step < 60; ++step) {
                version<TypeParam> next = history[static_cast<std::size_t>(random.below(history.size()))];
                for (auto changes = random.below(30); changes-- > 0;) {
                    const int key = static_cast<int>(random.below(200));
                    const bool adds = random.below(3) != 0;
                    (void)(adds ? next.model.insert(key).second : next.model.erase(key) != 0);
                    if (random.below(2) == 0) {
                        next.subject = adds ? next.subject.insert(key) : next.subject.erase(key);
                    } else {
                        next.subject = adds ? std::move(next.subject).insert(key) : std::move(next.subject).erase(key);
                    }
                }
                history.push_back(next);
            }
            for (const auto& [a, in_a] : history) {
                ASSERT_EQ(keys_of(a), in_a);
                const auto& [b, in_b] = history[static_cast<std::size_t>(random.below(history.size()))];
                const auto& [base, in_base] = history[static_cast<std::size_t>(random.below(history.size()))];
                ASSERT_EQ(a == b, in_a == in_b);
                ASSERT_EQ(keys_of(a | b), made(in_a, in_b, std::set_union));
                ASSERT_EQ(keys_of(a & b), made(in_a, in_b, std::set_intersection));
                ASSERT_EQ(keys_of(a - b), made(in_a, in_b, std::set_difference));
                ASSERT_EQ(keys_of(a ^ b), made(in_a, in_b, std::set_symmetric_difference));
                model_set merged;
                for (int key = 0; key < 200; ++key) {
                    const bool changed = in_b.contains(key) != in_base.contains(key);
                    if (changed ? in_b.contains(key) : in_a.contains(key)) { merged.insert(key); }
                }
                ASSERT_EQ(keys_of(merge(base, a, b)), merged);
            }
        }
        ASSERT_EQ(live_nodes, 0);
        ASSERT_EQ(live_elements, 0);
    });
}

TEST(Set, AFailedChangeChangesNothing) {
    using subject = set_with<fussy<true>, tiny_hashed<3>, poor_hash>;
    for (const int size : {0, 1, 3, 40}) {
        const auto make = [size] {
            subject made;
            for (int each = 0; each < size; ++each) { made = std::move(made).insert(each); }
            return made;
        };
        expect_all_or_nothing(make, {2, 100},
                              {[](subject& of, int key) { of = std::move(of).insert(key); },
                               [](subject& of, int key) { of = of.erase(key); },
                               [](subject& of, int key) {
                                   of = of | subject{1, 2, key, key + 1};
                               },
                               [](subject& of, int key) {
                                   of = of & subject{1, 2, key, key + 1};
                               }});
    }
}

struct tagged {
    int key;
    char whose;
    friend bool operator==(const tagged& a, const tagged& b) { return a.key == b.key; }
};
struct counting_hash {
    static inline int calls = 0;
    std::size_t operator()(const tagged& of) const {
        ++calls;
        return static_cast<std::size_t>(of.key);
    }
};

TEST(Set, AFewKeysAreLookedUpInMany) {
    using subject = set<tagged, counting_hash>;
    subject many;
    for (int key = 0; key < 1000; ++key) { many = std::move(many).insert({key, 'm'}); }
    const subject few{{5, 'f'}, {2000, 'f'}};
    const auto whose = [](const subject& in, int key) {
        const tagged* found = in.find(tagged{key, '?'});
        return found == nullptr ? '-' : found->whose;
    };
    counting_hash::calls = 0;
    const subject all[] = {few | many, many | few, few & many, many & few, few - many, many - few, few ^ many};
    EXPECT_LT(counting_hash::calls, 100);
    const std::size_t sizes[] = {1001, 1001, 1, 1, 1, 999, 1000};
    const std::string five = "fmfm---";  // keys are as the left one has them
    for (std::size_t each = 0; each < std::size(all); ++each) {
        EXPECT_EQ(all[each].size(), sizes[each]) << each;
        EXPECT_EQ(whose(all[each], 5), five[each]) << each;
        all[each].check_invariants();
    }
}

TEST(Set, TextsAreFoundByViews) {
    const set<std::string> names{"ada", "alan", "ada"};
    EXPECT_EQ(names.size(), 2U);
    EXPECT_TRUE(names.contains(std::string_view("ada and others").substr(0, 3)));
    EXPECT_EQ(names.erase("alan"), set<std::string>{"ada"});
    auto edit = names.edit();
    edit.insert("alan");
    EXPECT_TRUE(edit.done().is_same(names));
    edit.erase("ada");
    EXPECT_EQ(std::move(edit).done(), set<std::string>{"alan"});
}

}  // namespace
}  // namespace coppice
