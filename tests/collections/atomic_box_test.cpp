// A box by one thread: each operation does what it says, whatever throws changes nothing, and what was replaced goes.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <coppice/atomic_box.hpp>
#include <coppice/textbook/list.hpp>

#include <gtest/gtest.h>

#include "support/failing_allocation.hpp"

namespace coppice {
namespace {

static_assert(sizeof(atomic_box<int>) == 128);

/// A number that counts its kind, and whose copies fail when a test says so.
struct tracked {
    tracked(int given = 0) noexcept : number(given) { ++alive; }  // NOLINT: stands for its number
    tracked(const tracked& from) : number(from.number) {
        if (fails) { throw number; }
        ++alive;
    }
    tracked(tracked&& from) noexcept : number(from.number) { ++alive; }
    tracked& operator=(const tracked&) = default;
    ~tracked() { --alive; }

    int number;
    static inline int alive = 0;
    static inline bool fails = false;
};

tracked next_of(const tracked& now) { return now.number + 1; }

int number_in(const atomic_box<tracked>& box) {
    return box.read([](const tracked& now) { return now.number; });
}

TEST(AtomicBox, HoldsOneValueAtATime) {
    atomic_box<std::string> box;
    EXPECT_EQ(box.load(), "");
    box.store("one");
    EXPECT_EQ(box.load(), "one");
    EXPECT_EQ(*box.exchange("two"), "one");
    EXPECT_EQ(*box.update([](const std::string& now) { return now + "!"; }), "two!");
    EXPECT_EQ(box.read([](const std::string& now) { return now.size(); }), 4U);
    std::size_t seen = 0;
    box.read([&](const std::string& now) { seen = now.size(); });
    EXPECT_EQ(seen, 4U);
}

TEST(AtomicBox, SwapsOnlyWhereNobodyHasWrittenSince) {
    atomic_box<std::string> box("a");
    auto expected = box.view();
    EXPECT_TRUE(box.compare_exchange(expected, "b"));
    EXPECT_FALSE(box.compare_exchange(expected, "c")) << "that was replaced";
    EXPECT_EQ(*expected, "b") << "what the box holds now";
    EXPECT_TRUE(box.compare_exchange(expected, "a"));

    const auto first = box.view();
    EXPECT_EQ(first, box.view());
    box.store("b");
    box.store("a");
    expected = first;
    EXPECT_FALSE(box.compare_exchange(expected, "d")) << "changed and changed back: another a";
    EXPECT_EQ(*first, *expected);
    EXPECT_FALSE(first == expected);
    EXPECT_EQ(box.load(), "a");
}

TEST(AtomicBox, AnUpdateThatWasOvertakenBeginsAnew) {
    atomic_box<int> box(1);
    int tries = 0;
    const auto stored = box.update([&](int now) {
        if (++tries < 3) { box.store(now * 10); }
        return now + 1;
    });
    EXPECT_EQ(tries, 3);
    EXPECT_EQ(*stored, 101);
    EXPECT_EQ(box.load(), 101);
}

TEST(AtomicBox, WhatIsReplacedGoesAndWhatIsHeldStays) {
    epoch_domain epochs;
    {
        atomic_box<tracked> box(1, epochs);
        for (int i = 0; i < 100; ++i) { box.update(next_of); }
        EXPECT_EQ(tracked::alive, 1);
        std::optional held = box.view();
        box.store(5);
        EXPECT_EQ((*held)->number, 101);
        EXPECT_EQ(tracked::alive, 2);
        held.reset();
        EXPECT_EQ(tracked::alive, 1);
        box.read([&](const tracked& lent) {
            box.store(6);
            EXPECT_EQ(lent.number, 5) << "kept while somebody is inside";
            EXPECT_EQ(tracked::alive, 2);
        });
        box.store(7);
        EXPECT_EQ(tracked::alive, 1) << "with the next change";
        box.read([&](const tracked&) { box.store(8); });
        EXPECT_EQ(tracked::alive, 2);
    }
    EXPECT_EQ(tracked::alive, 0) << "or with the end of the box";
}

TEST(AtomicBox, ASnapshotOutlivesItsBox) {
    std::optional<atomic_box<tracked>> box(std::in_place, 3);
    const auto held = box->view();
    box.reset();
    EXPECT_EQ(held->number, 3);
    EXPECT_EQ(tracked::alive, 1);
}

TEST(AtomicBox, BoxesMayHoldBoxes) {
    struct nested {
        std::shared_ptr<atomic_box<tracked>> inner = std::make_shared<atomic_box<tracked>>(4);
    };
    {
        atomic_box<nested> outer;
        outer.store({});
        const int found = outer.read(
            [](const nested& now) { return now.inner->read([](const tracked& inner) { return inner.number; }); });
        EXPECT_EQ(found, 4);
        EXPECT_EQ(tracked::alive, 1);
    }
    EXPECT_EQ(tracked::alive, 0);
}

TEST(AtomicBox, WhatThrowsChangesNothing) {
    atomic_box<tracked> box(1);
    const auto refuse = [](const tracked& now) -> tracked { throw now.number; };
    EXPECT_THROW(box.update(refuse), int);
    EXPECT_THROW(box.read([](const tracked& now) { throw now.number; }), int);
    EXPECT_EQ(box_epochs().readers(), 0U) << "a reader that throws leaves";
    const tracked given(9);
    tracked::fails = true;
    EXPECT_THROW(static_cast<void>(box.load()), int);
    EXPECT_THROW(box.store(given), int);
    EXPECT_THROW(box.update([&](const tracked&) -> tracked { return given; }), int);
    auto expected = box.view();
    EXPECT_THROW(box.compare_exchange(expected, given), int);
    tracked::fails = false;
    EXPECT_EQ(expected, box.view());
    EXPECT_EQ(number_in(box), 1);
    EXPECT_EQ(tracked::alive, 2);
}

TEST(AtomicBox, AnAllocationThatFailsChangesNothing) {
    atomic_box<textbook::list<int>> box;
    int done = 0;
    coppice::testing::with_each_allocation_failing(
        [&] {
            const auto before = box.view();
            const auto after = box.update([](const textbook::list<int>& now) { return now.push_front(1); });
            auto expected = after;
            box.compare_exchange(expected, {1, 2});
            box.exchange({1, 2, 3});
            box.store({1, 2, 3, 4});
            EXPECT_EQ(before->size(), 0U);
            done = 1;
        },
        [&](bool threw) {
            const std::size_t size = box.load().size();
            EXPECT_EQ(size == 4, !threw) << size;
            box.store({});
        });
    EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace coppice
