// The checker of histories accepts what can have happened and nothing else.
#include "collections/history.hpp"

#include <gtest/gtest.h>

namespace coppice::testing {
namespace {

operation at(int called, int returned, std::uint64_t saw, std::uint64_t wrote) {
    const operation::time zero{};
    return {saw, wrote, zero + std::chrono::seconds(called), zero + std::chrono::seconds(returned)};
}
operation read_at(int called, int returned, std::uint64_t saw) { return at(called, returned, saw, saw); }

TEST(History, WhatOverlapsMayStandInEitherOrder) {
    EXPECT_EQ(trouble_of({}, 0), "");
    EXPECT_EQ(trouble_of({at(0, 9, 0, 1), read_at(1, 2, 0), read_at(3, 4, 1)}, 0), "");
    EXPECT_EQ(trouble_of({at(0, 9, 0, 1), at(0, 9, 1, 2), read_at(8, 9, 0), read_at(1, 8, 2)}, 0), "");
    EXPECT_EQ(trouble_of({read_at(5, 6, 7), read_at(1, 2, 7)}, 7), "");
}

TEST(History, WhatCannotHaveHappenedIsFound) {
    EXPECT_EQ(trouble_of({at(0, 1, 0, 1), at(0, 1, 0, 2)}, 0), "0 was replaced twice");
    EXPECT_EQ(trouble_of({at(0, 1, 0, 1), at(0, 1, 1, 0)}, 0), "0 was written twice");
    EXPECT_EQ(trouble_of({at(0, 1, 5, 6)}, 0), "a write replaced what was never there");
    EXPECT_EQ(trouble_of({read_at(0, 1, 5)}, 0), "5 was read and never written");
    EXPECT_NE(trouble_of({at(0, 1, 0, 1), read_at(2, 3, 0)}, 0), "") << "a read of what was replaced before";
    EXPECT_NE(trouble_of({read_at(0, 1, 1), at(2, 3, 0, 1)}, 0), "") << "a read of what comes later";
    EXPECT_NE(trouble_of({at(0, 9, 0, 1), read_at(1, 2, 1), read_at(3, 4, 0)}, 0), "") << "reads that go back";
    EXPECT_NE(trouble_of({at(5, 6, 0, 1), at(1, 2, 1, 2)}, 0), "") << "a write upon one that comes later";
}

}  // namespace
}  // namespace coppice::testing
