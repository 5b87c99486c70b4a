// A histogram's quantiles are those of the sorted numbers, at most 1/32 above.
#include <algorithm>
#include <vector>

#include <coppice/base/histogram.hpp>
#include <support/seeds.hpp>

#include <gtest/gtest.h>

namespace coppice {
namespace {

using std::chrono::nanoseconds;

TEST(Histogram, SaysNothingOfNothing) {
    const duration_histogram empty;
    EXPECT_EQ(empty.count(), 0U);
    EXPECT_EQ(empty.average(), nanoseconds(0));
    EXPECT_EQ(empty.quantile(0.99), nanoseconds(0));
    EXPECT_EQ(empty.longest(), nanoseconds(0));
}

TEST(Histogram, KeepsWhatIsOutOfRangeAtItsEnds) {
    duration_histogram times;
    times.add(nanoseconds(-5));
    EXPECT_EQ(times.longest(), nanoseconds(0));
    times.add(std::chrono::hours(1000));
    EXPECT_EQ(times.count(), 2U);
    EXPECT_EQ(times.quantile(1), duration_histogram::most);
    times.clear();
    EXPECT_EQ(times.count(), 0U);
    EXPECT_EQ(times.quantile(1), nanoseconds(0));
}

TEST(Histogram, IsExactForSmallNumbers) {
    duration_histogram times;
    for (int i = 0; i < 32; ++i) { times.add(nanoseconds(i)); }
    for (int i = 1; i <= 32; ++i) { EXPECT_EQ(times.quantile(i / 32.0), nanoseconds(i - 1)); }
}

// Model: the numbers themselves, sorted.
TEST(Histogram, QuantilesAreAtMostAThirtySecondAboveTheTrueOnes) {
    testing::for_each_seed(20, [](random_source& random) {
        duration_histogram times;
        std::vector<std::int64_t> all(1 + random.below(3000));
        std::int64_t sum = 0;
        for (auto& each : all) {
            each = static_cast<std::int64_t>(random.below(std::uint64_t{1} << (1 + random.below(41))));
            sum += each;
            times.add(nanoseconds(each));
        }
        std::sort(all.begin(), all.end());
        const auto size = static_cast<std::int64_t>(all.size());
        EXPECT_EQ(times.count(), all.size());
        EXPECT_EQ(times.average().count(), sum / size);
        EXPECT_EQ(times.longest().count(), all.back());
        for (const int thousandths : {1, 10, 250, 500, 900, 990, 999, 1000}) {
            const auto rank = std::max<std::int64_t>((thousandths * size + 999) / 1000, 1);
            const auto exact = all[static_cast<std::size_t>(rank - 1)];
            const auto told = times.quantile(thousandths / 1000.0).count();
            EXPECT_GE(told, exact) << thousandths;
            EXPECT_LE(told, exact + exact / 32) << thousandths;
        }
    });
}

}  // namespace
}  // namespace coppice
