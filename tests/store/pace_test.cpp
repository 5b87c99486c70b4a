// How fast writers may be while a checkpoint is behind.
#include <gtest/gtest.h>

#include <store/pace.hpp>

namespace coppice {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t half = (log_pace::easy + log_pace::most) / 2;

TEST(Pace, NobodyWaitsWhereLittleIsBehind) {
    EXPECT_FALSE(log_pace().slows());
    EXPECT_FALSE(log_pace(log_pace::easy).slows());
    EXPECT_EQ(log_pace(log_pace::easy).wait(100 * limits::mebibyte, 1), microseconds(0));
    EXPECT_EQ(log_pace(log_pace::easy + 1).wait(1, 1), microseconds(0));
}

TEST(Pace, WritersTogetherAreHeldToTheSpeedOfThatMoment) {
    const log_pace pace(half);
    for (const std::size_t writers : {1, 7, 100}) {
        // Each writes a share of what may be written in a second.
        const auto wait = pace.wait(log_pace::full_speed / 2 / writers, writers);
        EXPECT_GE(wait, milliseconds(990));
        EXPECT_LE(wait, milliseconds(1010));
    }
}

TEST(Pace, WhoWritesLittleWaitsLittleBesideWhoWritesMuch) {
    const log_pace pace(log_pace::most);
    EXPECT_EQ(pace.wait(limits::mebibyte, 2), log_pace::longest);
    EXPECT_LT(pace.wait(50, 2), milliseconds(1));
}

TEST(Pace, AtTheLimitThereIsATrickleAndNoWaitIsEndless) {
    const log_pace pace(log_pace::most);
    EXPECT_EQ(pace.wait(log_pace::trickle / 2, 1), milliseconds(500));
    EXPECT_EQ(log_pace(UINT64_MAX).wait(UINT64_MAX, SIZE_MAX), log_pace::longest);
}

TEST(Pace, TheNearerToTheLimitTheSlower) {
    microseconds before{0};
    for (std::uint64_t behind = log_pace::easy; behind < log_pace::most; behind += 4 * limits::mebibyte) {
        const auto wait = log_pace(behind).wait(16 * limits::mebibyte, 1);
        EXPECT_GE(wait, before);
        before = wait;
    }
    EXPECT_GT(before, milliseconds(500));
}

}  // namespace
}  // namespace coppice
