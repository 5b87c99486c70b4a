// coppice/base/histogram.hpp: how long things took: counts, an average and quantiles in a fixed amount of memory.
//
// Buckets are as wide as the numbers in them are large, as in G. Tene's HdrHistogram: 32 to each power of two.
// So a quantile is at most 1/32 (3.2 %) above the true one, never below it; up to 31 it is exact. What is longer
// than `most` (73 minutes, in nanoseconds) counts as `most`.
//
// Cost. add O(1), quantile O(buckets); 10 KiB.  Threads: any, for every member; a reader may see an addition half.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace coppice {

class duration_histogram {
public:
    static constexpr std::chrono::nanoseconds most{(std::int64_t{1} << 42) - 1};

    void add(std::chrono::nanoseconds taken) noexcept {
        const auto value = static_cast<std::uint64_t>(std::clamp(taken, std::chrono::nanoseconds{}, most).count());
        buckets_[bucket_of(value)].fetch_add(1, std::memory_order_relaxed);
        sum_.fetch_add(value, std::memory_order_relaxed);
        std::uint64_t seen = longest_.load(std::memory_order_relaxed);
        while (seen < value && !longest_.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {}
    }

    [[nodiscard]] std::uint64_t count() const noexcept {
        std::uint64_t all = 0;
        for (const auto& bucket : buckets_) { all += bucket.load(std::memory_order_relaxed); }
        return all;
    }
    [[nodiscard]] std::chrono::nanoseconds sum() const noexcept {
        return in_time(sum_.load(std::memory_order_relaxed));
    }
    [[nodiscard]] std::chrono::nanoseconds longest() const noexcept {
        return in_time(longest_.load(std::memory_order_relaxed));
    }
    /// 0 where nothing was added.
    [[nodiscard]] std::chrono::nanoseconds average() const noexcept {
        const std::uint64_t all = count();
        return all == 0 ? std::chrono::nanoseconds{} : sum() / static_cast<std::int64_t>(all);
    }
    /// What this share of all did not exceed: 0.99 for the 99th percentile; 0 where nothing was added.
    [[nodiscard]] std::chrono::nanoseconds quantile(double share) const noexcept {
        const std::uint64_t all = count();
        if (all == 0) { return {}; }
        constexpr double rounding = 1e-6;  // 0.1 * 30 is a little more than 3
        const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(all) - rounding));
        std::uint64_t passed = 0;
        for (std::size_t i = 0; i < buckets; ++i) {
            passed += buckets_[i].load(std::memory_order_relaxed);
            if (passed >= std::max<std::uint64_t>(wanted, 1)) { return std::min(in_time(last_in(i)), longest()); }
        }
        return longest();
    }
    void clear() noexcept {
        for (auto& bucket : buckets_) { bucket.store(0, std::memory_order_relaxed); }
        sum_.store(0, std::memory_order_relaxed);
        longest_.store(0, std::memory_order_relaxed);
    }

private:
    static constexpr unsigned step_bits = 5;  // 32 buckets to a power of two
    static constexpr std::uint64_t steps = std::uint64_t{1} << step_bits;
    static constexpr std::size_t buckets = (42 - step_bits + 1) * steps;

    static std::chrono::nanoseconds in_time(std::uint64_t value) noexcept {
        return std::chrono::nanoseconds(static_cast<std::int64_t>(value));
    }
    // Values below 32 have a bucket each; above, the leading bits choose: the power of two, and the next five.
    static std::size_t bucket_of(std::uint64_t value) noexcept {
        if (value < steps) { return value; }
        const auto shift = static_cast<unsigned>(std::bit_width(value)) - step_bits - 1;
        return shift * steps + (value >> shift);
    }
    static std::uint64_t last_in(std::size_t bucket) noexcept {
        if (bucket < 2 * steps) { return bucket; }
        const std::size_t shift = bucket / steps - 1;
        return ((bucket % steps + steps + 1) << shift) - 1;
    }

    std::array<std::atomic<std::uint64_t>, buckets> buckets_{};
    std::atomic<std::uint64_t> sum_{0};
    std::atomic<std::uint64_t> longest_{0};
};

}  // namespace coppice
