// The tree with path copying: what std::set says, in every version for ever; a change copies the path to the root and
// shares the rest, nothing leaks, and a chain is no deeper than any tree.
#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <coppice/textbook/search_tree.hpp>

#include <gtest/gtest.h>

#include "support/failing_allocation.hpp"
#include "support/seeds.hpp"
#include "textbook/textbook_support.hpp"

namespace coppice::textbook {
namespace {

using numbers = search_tree<tracked>;
static_assert(std::forward_iterator<numbers::const_iterator>);

template <class... Values>
numbers tree_of(Values... values) {
    numbers made;
    ((made = made.insert(values)), ...);
    return made;
}

std::vector<int> path_of(const numbers& in, int key) {
    std::vector<int> path;
    in.for_each_on_path(tracked(key), [&](const tracked& value, std::size_t level) {
        EXPECT_EQ(level, path.size());
        path.push_back(value.number);
    });
    return path;
}

TEST(TextbookTree, MatchesStdSetInEveryVersionForEver) {
    coppice::testing::for_each_seed(20, [](random_source& random) {
        std::vector<std::pair<numbers, std::set<tracked>>> history(1);
        for (int step = 0; step < 300; ++step) {
            auto [subject, model] = history[random.below(history.size())];
            if (random.one_in(2)) { std::tie(subject, model) = history.back(); }
            const tracked number = static_cast<int>(random.below(40));
            switch (random.below(4)) {
                case 0:
                    subject = subject.erase(number);
                    model.erase(number);
                    break;
                case 1:
                    subject = subject.set(number);
                    model.insert(number);
                    break;
                default:
                    subject = subject.insert(number);
                    model.insert(number);
                    break;
            }
            history.emplace_back(std::move(subject), std::move(model));
        }
        for (const auto& [subject, model] : history) {
            EXPECT_EQ(subject.size(), model.size());
            EXPECT_EQ(subject.empty(), model.empty());
            EXPECT_TRUE(std::equal(subject.begin(), subject.end(), model.begin(), model.end()));
            for (int number = 0; number < 40; ++number) {
                const tracked* const found = subject.find(tracked(number));
                EXPECT_EQ(found != nullptr, model.contains(number));
                if (found != nullptr) { EXPECT_EQ(found->number, number); }
            }
        }
    });
    EXPECT_EQ(tracked::alive, 0);
}

TEST(TextbookTree, AChangeCopiesThePathAndSharesTheRest) {
    const numbers a = tree_of(4, 2, 7, 1, 3, 9);
    const std::ptrdiff_t before = tracked::alive;
    const numbers b = a.insert(6);
    EXPECT_EQ(tracked::alive - before, 3) << "4 and 7 copied, 6 new";
    EXPECT_EQ(path_of(b, 6), (std::vector<int>{4, 7, 6}));
    for (const int shared : {2, 1, 3, 9}) { EXPECT_TRUE(b.shares_node(a, tracked(shared))) << shared; }
    for (const int other : {4, 7, 6, 5}) { EXPECT_FALSE(b.shares_node(a, tracked(other))) << other; }

    const numbers c = b.erase(tracked(4));  // 6 takes its place: the way to 6 is copied, too
    EXPECT_EQ(path_of(c, 9), (std::vector<int>{6, 7, 9}));
    for (const int shared : {2, 1, 3, 9}) { EXPECT_TRUE(c.shares_node(a, tracked(shared))) << shared; }
    EXPECT_FALSE(c.shares_node(b, tracked(7)));
    EXPECT_EQ(tracked::alive - before, 5) << "and 6 and 7 once more";
}

TEST(TextbookTree, WhatChangesNothingCopiesNothing) {
    const numbers a = tree_of(4, 2, 7);
    const std::ptrdiff_t before = tracked::alive;
    const numbers b = a.insert(7).erase(tracked(5));
    EXPECT_EQ(tracked::alive, before);
    EXPECT_TRUE(b.shares_node(a, tracked(4)));
}

TEST(TextbookTree, SetReplacesWhatIsEqualAndInsertDoesNot) {
    struct by_name {
        using entry = std::pair<std::string, int>;
        bool operator()(const entry& a, const entry& b) const { return a.first < b.first; }
        bool operator()(const entry& a, std::string_view b) const { return a.first < b; }
        bool operator()(std::string_view a, const entry& b) const { return a < b.first; }
    };
    using table = search_tree<by_name::entry, by_name>;
    const table a = table().insert({"one", 1}).insert({"two", 0});
    EXPECT_EQ(a.insert({"two", 2}).find("two")->second, 0);
    const table b = a.set({"two", 2});
    EXPECT_EQ(b.find("two")->second, 2);
    EXPECT_EQ(a.find("two")->second, 0);
    EXPECT_EQ(b.size(), 2U);
    EXPECT_EQ(b.erase("one").begin()->first, "two");
}

TEST(TextbookTree, AChainIsReadChangedAndFreedWithoutRecursion) {
    constexpr int length = 500;  // built in 500 * 500 / 2 copies
    search_tree<sounding> chain;
    for (int i = length; i > 0; --i) { chain = chain.insert(i % 2 == 0 ? i : -i); }  // each between the two before
    std::size_t levels = 0;
    chain.for_each_on_path(sounding(0), [&](const sounding&, std::size_t) { ++levels; });
    EXPECT_EQ(levels, length);
    auto other = chain.erase(sounding(-1)).insert(0);
    EXPECT_EQ(std::distance(other.begin(), other.end()), length);
    EXPECT_LT(stack_bytes_of_destructors([&] {
                  chain = {};
                  other = {};
              }),
              stack_bytes_of_a_loop);
}

TEST(TextbookTree, AnAllocationThatFailsChangesNothing) {
    const numbers before = tree_of(4, 2, 7, 1, 3, 9);
    const std::ptrdiff_t alive = tracked::alive;
    int made = 0;
    coppice::testing::with_each_allocation_failing(
        [&] {
            const numbers after = before.insert(6).erase(tracked(4)).set(9).erase(tracked(2)).insert(0);
            const std::vector<tracked> all(after.begin(), after.end());
            made += all == std::vector<tracked>{0, 1, 3, 6, 7, 9} ? 1 : 0;
        },
        [&](bool) {
            EXPECT_EQ(tracked::alive, alive);
            EXPECT_EQ(path_of(before, 3), (std::vector<int>{4, 2, 3}));
            EXPECT_EQ(path_of(before, 9), (std::vector<int>{4, 7, 9}));
        });
    EXPECT_EQ(made, 1) << "the run in which none fails";
}

// Copies that throw, one after the other.
struct costly {
    costly(int given) : number(given) {}  // NOLINT: stands for its number
    costly(const costly& from) : number(from.number) {
        if (copies_left-- == 0) { throw 1; }
    }
    costly& operator=(const costly&) = default;
    friend bool operator<(const costly& a, const costly& b) { return a.number < b.number; }
    int number;
    static inline int copies_left = -1;
};

TEST(TextbookTree, ACopyThatThrowsChangesNothing) {
    search_tree<costly> before;
    for (const int number : {4, 2, 7, 1, 3, 9, 6}) { before = before.insert(number); }
    int thrown = 0;
    for (;; ++thrown) {
        costly::copies_left = thrown;
        try {
            const auto after = before.erase(costly(4)).insert(5);
            EXPECT_EQ(after.size(), 7U);
            break;
        } catch (int) { EXPECT_EQ(std::distance(before.begin(), before.end()), 7); }
    }
    EXPECT_GT(thrown, 4);
    costly::copies_left = -1;
}

}  // namespace
}  // namespace coppice::textbook
