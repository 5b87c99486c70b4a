// The persistent list: what std::list says, in every version for ever; tails are shared, nothing leaks.
#include <algorithm>
#include <iterator>
#include <list>
#include <memory>
#include <utility>
#include <vector>

#include <coppice/textbook/list.hpp>

#include <gtest/gtest.h>

#include "support/failing_allocation.hpp"
#include "support/seeds.hpp"
#include "textbook/textbook_support.hpp"

namespace coppice::textbook {
namespace {

using numbers = list<tracked>;
static_assert(std::forward_iterator<numbers::const_iterator>);

TEST(TextbookList, MatchesStdListInEveryVersionForEver) {
    coppice::testing::for_each_seed(20, [](random_source& random) {
        std::vector<std::pair<numbers, std::list<tracked>>> history(1);
        for (int step = 0; step < 300; ++step) {
            auto [subject, model] = history[random.below(history.size())];
            if (model.empty() || !random.one_in(3)) {
                const int number = static_cast<int>(random.below(5));
                subject = subject.push_front(number);
                model.emplace_front(number);
            } else {
                ASSERT_EQ(subject.front(), model.front());
                subject = subject.pop_front();
                model.pop_front();
            }
            history.emplace_back(std::move(subject), std::move(model));
        }
        for (const auto& [subject, model] : history) {
            EXPECT_EQ(subject.size(), model.size());
            EXPECT_EQ(subject.empty(), model.empty());
            EXPECT_TRUE(std::equal(subject.begin(), subject.end(), model.begin(), model.end()));
            const auto& other = history[random.below(history.size())];
            EXPECT_EQ(subject == other.first, model == other.second);
        }
    });
    EXPECT_EQ(tracked::alive, 0);
}

TEST(TextbookList, ListsShareTheirEnds) {
    const numbers a{2, 3};
    const numbers b = a.push_front(1);
    const numbers c = a.push_front(9).push_front(8);
    EXPECT_EQ(tracked::alive, 5) << "2 3 1 9 8";
    EXPECT_EQ(b.shared_with(c), 2U);
    EXPECT_EQ(c.shared_with(b), 2U);
    EXPECT_EQ(b.shared_with(b), 3U);
    EXPECT_EQ(b.pop_front().shared_with(a), 2U);
    EXPECT_EQ(a.shared_with({2, 3}), 0U) << "equal elements in other nodes";
    EXPECT_EQ(a, (numbers{2, 3}));
}

TEST(TextbookList, ElementsNeedNotBeCopyable) {
    auto made = list<std::unique_ptr<int>>().push_front(std::make_unique<int>(1));
    made = made.push_front(std::make_unique<int>(2));
    EXPECT_EQ(**std::next(made.begin()), 1);
}

TEST(TextbookList, AMillionNodesEndWithoutRecursion) {
    list<sounding> half;
    list<sounding> whole;
    for (int i = 0; i < 1'000'000; ++i) {
        whole = whole.push_front(i);
        if (i == 499'999) { half = whole; }
    }
    EXPECT_LT(stack_bytes_of_destructors([&] { whole = {}; }), stack_bytes_of_a_loop);
    EXPECT_EQ(half.front().number, 499'999);
    EXPECT_EQ(std::distance(half.begin(), half.end()), 500'000);
}

TEST(TextbookList, AnAllocationThatFailsChangesNothing) {
    const numbers before{1, 2, 3};
    int made = 0;
    coppice::testing::with_each_allocation_failing(
        [&] {
            const numbers after = before.push_front(0).push_front(9);
            const numbers other{4, 5, 6};
            made += after.size() == 5 && other.size() == 3 ? 1 : 0;
        },
        [&](bool) {
            EXPECT_EQ(tracked::alive, 3);
            EXPECT_EQ(before, (numbers{1, 2, 3}));
        });
    EXPECT_EQ(made, 1) << "the run in which none fails";
}

}  // namespace
}  // namespace coppice::textbook
