// Differences and merges of vectors: a difference turns one into the other and names only what changed; a merge has
// what both sides did.
#include <coppice/vector_merge.hpp>

#include <string>
#include <utility>
#include <vector>

#include "collections/support.hpp"

namespace coppice {
namespace {

using namespace testing;

using small = vector<int, tiny_nodes<40, 4>>;

/// `before` with each change taken from `after`.
template <class Vector>
Vector applied(const Vector& before, const Vector& after, const std::vector<splice>& changes) {
    Vector made;
    std::size_t done = 0;
    for (const splice& each : changes) {
        EXPECT_GE(each.at, done);
        made += before.slice(done, each.at);
        EXPECT_EQ(made.size(), each.position);
        made += after.slice(each.position, each.position + each.inserted);
        done = each.at + each.removed;
    }
    return made + before.drop(done);
}

small random_edit(random_source& random, small from, unsigned changes, std::size_t low, std::size_t high) {
    for (unsigned each = 0; each < changes; ++each) {
        const auto at = low + random.below(high - low);
        const auto value = static_cast<int>(random.below(100'000));
        switch (random.below(3)) {
            case 0: from = from.set(at, value); break;
            case 1:
                from = from.insert(at, value);
                ++high;
                break;
            default:
                if (high - low > 1) {
                    from = from.erase(at);
                    --high;
                }
                break;
        }
    }
    return from;
}
small counting(std::size_t size) {
    auto made = small().edit();
    for (std::size_t each = 0; each < size; ++each) { made.push_back(static_cast<int>(each) + 1'000'000); }
    return std::move(made).done();
}

TEST(VectorDiff, TurnsOneIntoTheOther) {
    for_each_seed(200, [](random_source& random) {
        const auto size = 1 + random.below(400);
        const small before = counting(size);
        small after = random_edit(random, before, static_cast<unsigned>(random.below(6)), 0, size);
        if (random.below(4) == 0) { after = after.drop(after.size() / 3) + before.take(size / 2); }
        const auto changes = diff(before, after);
        ASSERT_EQ(applied(before, after, changes), after);
        ASSERT_EQ(diff(before, before), std::vector<splice>());
    });
}

TEST(VectorDiff, OfFewElementsIsTheSmallest) {
    const small before{1, 2, 3, 4, 5, 6};
    EXPECT_EQ(diff(before, small{1, 2, 9, 4, 5, 6}), (std::vector<splice>{{2, 1, 2, 1}}));
    EXPECT_EQ(diff(before, small{1, 2, 4, 5, 7, 6}), (std::vector<splice>{{2, 1, 2, 0}, {5, 0, 4, 1}}));
    EXPECT_EQ(diff(small(), before), (std::vector<splice>{{0, 0, 0, 6}}));
    EXPECT_EQ(diff(before, small()), (std::vector<splice>{{0, 6, 0, 0}}));
}

struct compared {
    int value;
    static inline std::size_t times = 0;
    friend bool operator==(const compared& a, const compared& b) {
        ++times;
        return a.value == b.value;
    }
};

TEST(VectorDiff, ComparesOnlyWhatIsNotShared) {
    auto made = vector<compared>().edit();
    for (int each = 0; each < 100'000; ++each) { made.push_back({each}); }
    const auto before = std::move(made).done();
    auto edit = before.edit();
    for (std::size_t each = 0; each < 10; ++each) {
        edit.set(each * 9'000, {-1});
        edit.insert(each * 9'000 + 2'000, {-2});
        edit.erase(each * 9'000 + 4'000);
    }
    const auto after = std::move(edit).done();
    compared::times = 0;
    EXPECT_EQ(diff(before, after).size(), 30U);
    // Thirty leaves of some 500 elements.
    EXPECT_LT(compared::times, 30'000U);
}

TEST(VectorMerge, TakesWhatBothSidesDidApart) {
    for_each_seed(200, [](random_source& random) {
        const auto size = 40 + random.below(300);
        const small base = counting(size);
        const auto middle = size / 2;
        const small ours = random_edit(random, base, static_cast<unsigned>(random.below(5)), 0, middle - 5);
        const small theirs = random_edit(random, base, static_cast<unsigned>(random.below(5)), middle + 5, size);
        const auto nothing_meets = [](const auto& conflict) {
            ADD_FAILURE() << "at " << conflict.at;
            return conflict.base;
        };
        const small expected = ours.take(ours.size() - (size - middle)) + theirs.drop(middle);
        ASSERT_EQ(merge(base, ours, theirs, nothing_meets), expected);
        ASSERT_EQ(merge(base, theirs, ours, nothing_meets), expected);
        ASSERT_EQ(merge(base, ours, ours, nothing_meets), ours);
        ASSERT_EQ(merge(base, base, theirs, nothing_meets), theirs);
    });
}

TEST(VectorMerge, AsksWhereBothChangedOnePlace) {
    const small base{1, 2, 3, 4};
    std::vector<std::size_t> asked;
    const auto both = [&asked](const auto& conflict) {
        asked.push_back(conflict.at);
        return conflict.ours + conflict.theirs;
    };
    EXPECT_EQ(merge(base, small{1, 9, 3, 4}, small{1, 8, 3, 4}, both), (small{1, 9, 8, 3, 4}));
    EXPECT_EQ(merge(base, small{1, 2, 9, 3, 4}, small{1, 2, 8, 3, 4}, both), (small{1, 2, 9, 8, 3, 4}));
    EXPECT_EQ(merge(base, small{1, 4}, small{1, 2, 8, 4}, both), (small{1, 2, 8, 4}));
    EXPECT_EQ(asked, (std::vector<std::size_t>{1, 2, 1}));
    asked.clear();
    // What only touches does not meet; an insertion before a place stands before what replaces it.
    EXPECT_EQ(merge(base, small{1, 9, 3, 4}, small{1, 2, 8, 4}, both), (small{1, 9, 8, 4}));
    EXPECT_EQ(merge(base, small{1, 9, 2, 3, 4}, small{1, 8, 3, 4}, both), (small{1, 9, 8, 3, 4}));
    EXPECT_EQ(merge(base, small{1, 2, 5, 3, 4}, small{1, 2, 5, 3, 4}, both), (small{1, 2, 5, 3, 4}));
    EXPECT_TRUE(asked.empty());
}

}  // namespace
}  // namespace coppice
