// A data set's copies share what neither has changed, and say so.
#include <coppice/cow_dataset.hpp>

#include <numeric>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace coppice {
namespace {

cow_dataset<int> counting(int size) {
    std::vector<int> rows(static_cast<std::size_t>(size));
    std::iota(rows.begin(), rows.end(), 0);
    return {rows.begin(), rows.end()};
}

TEST(CowDataset, ACopySharesEverythingUntilOneIsChanged) {
    const auto loaded = counting(100'000);
    auto trial = loaded.copy();
    EXPECT_EQ(loaded.ref_count(), 2U);
    EXPECT_TRUE(trial.is_shared_with(loaded));
    EXPECT_EQ(trial.bytes_shared_with(loaded), loaded.bytes());

    trial.transform(500, 600, [](int row) { return -row; });
    EXPECT_EQ(loaded.ref_count(), 1U);
    EXPECT_FALSE(trial.is_shared_with(loaded));
    EXPECT_EQ(trial[499], 499);
    EXPECT_EQ(trial[500], -500);
    EXPECT_EQ(loaded[500], 500);
    // Two leaves, the path above them and the tail.
    EXPECT_GT(trial.bytes_shared_with(loaded), loaded.bytes() - 8 * 2048);
    EXPECT_LT(trial.bytes_shared_with(loaded), loaded.bytes());
}

TEST(CowDataset, WhatAllCopiesChangeIsTheirs) {
    const auto loaded = counting(10'000);
    auto trial = loaded.copy();
    trial.transform([](int row) { return row + 1; });
    EXPECT_EQ(trial.bytes_shared_with(loaded), 0U);
    EXPECT_EQ(std::accumulate(trial.begin(), trial.end(), 0L) - std::accumulate(loaded.begin(), loaded.end(), 0L),
              10'000L);
}

TEST(CowDataset, AFunctionThatThrowsChangesNothing) {
    auto trial = counting(1'000);
    const auto before = trial.copy();
    EXPECT_THROW(trial.transform([](int row) {
        if (row == 700) { throw std::runtime_error("no"); }
        return 0;
    }),
                 std::runtime_error);
    EXPECT_TRUE(trial.is_shared_with(before));
}

}  // namespace
}  // namespace coppice
