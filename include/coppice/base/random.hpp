// coppice/base/random.hpp: a small seeded generator (xoshiro256**, Blackman and Vigna 2018).
//
// For tests, RANDOMKEY and cursors' ids. Not for secrets.
#pragma once

#include <bit>
#include <cstdint>

namespace coppice {

class random_source {
public:
    using result_type = std::uint64_t;

    explicit random_source(std::uint64_t seed) noexcept {
        for (auto& word : state_) {  // splitmix64 fills the state, as the authors advise
            seed += 0x9e3779b97f4a7c15U;
            std::uint64_t mixed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9U;
            mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
            word = mixed ^ (mixed >> 31);
        }
    }

    /// 64 random bits.
    std::uint64_t operator()() noexcept {
        const std::uint64_t drawn = std::rotl(state_[1] * 5, 7) * 9;
        const std::uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return drawn;
    }
    /// A number below `bound`, evenly.  Requires: bound > 0.
    std::uint64_t below(std::uint64_t bound) noexcept {
        __extension__ using wide = unsigned __int128;  // the high half of the product (Lemire 2019)
        return static_cast<std::uint64_t>((static_cast<wide>((*this)()) * bound) >> 64);
    }
    /// True once in `n` draws.
    bool one_in(std::uint64_t n) noexcept { return below(n) == 0; }

    static constexpr std::uint64_t min() noexcept { return 0; }
    static constexpr std::uint64_t max() noexcept { return ~std::uint64_t{0}; }

private:
    std::uint64_t state_[4];
};

/// A seed from the operating system.
[[nodiscard]] std::uint64_t random_seed();

}  // namespace coppice
