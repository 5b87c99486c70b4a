// How fast writers may be while a checkpoint is behind.
#include <gtest/gtest.h>

#include <store/pace.hpp>

namespace coppice {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::uint64_t half = (log_pace::easy + log_pace::most) / 2;

TEST(Pace, NobodyWaitsWhereLittleIsBehind) {
    log_pace pace;
    EXPECT_EQ(pace.after(100 * limits::mebibyte, log_pace::easy, nanoseconds{0}), milliseconds(0));
    EXPECT_EQ(pace.after(1, log_pace::easy + 1, nanoseconds{0}), milliseconds(0));
}

TEST(Pace, WritersTogetherAreHeldToTheSpeedOfThatMoment) {
    log_pace pace;
    // Half of full speed, asked for in small turns that come without a pause between them.
    const std::uint64_t a_second = log_pace::full_speed / 2;
    milliseconds wait{0};
    for (int i = 0; i < 128; ++i) { wait = pace.after(a_second / 128, half, nanoseconds{0}); }
    EXPECT_GE(wait, milliseconds(990));
    EXPECT_LE(wait, milliseconds(1010));
    // Who has waited starts anew.
    EXPECT_LE(pace.after(a_second / 128, half, seconds(10)), milliseconds(8));
}

TEST(Pace, AtTheLimitThereIsATrickleAndNoWaitIsEndless) {
    log_pace pace;
    EXPECT_EQ(pace.after(log_pace::trickle / 2, log_pace::most, nanoseconds{0}), milliseconds(500));
    EXPECT_EQ(pace.after(UINT64_MAX, UINT64_MAX, nanoseconds{0}), log_pace::longest);
    EXPECT_EQ(pace.after(1, log_pace::easy, nanoseconds{0}), milliseconds(0));
}

TEST(Pace, TheNearerToTheLimitTheSlower) {
    milliseconds before{0};
    for (std::uint64_t behind = log_pace::easy; behind < log_pace::most; behind += 4 * limits::mebibyte) {
        log_pace pace;
        const milliseconds wait = pace.after(16 * limits::mebibyte, behind, nanoseconds{0});
        EXPECT_GE(wait, before);
        before = wait;
    }
    EXPECT_GT(before, milliseconds(500));
}

}  // namespace
}  // namespace coppice
