// tests/support/seeds.hpp: random tests that can be run again.
//
// Each seed's number is printed when its run fails; COPPICE_SEED=n runs that one alone, and
// COPPICE_SEEDS=n sets how many are run.
#pragma once

#include <cstdlib>
#include <string>

#include <coppice/base/random.hpp>

#include <gtest/gtest.h>

namespace coppice::testing {

template <class Body>
void for_each_seed(std::uint64_t seeds, Body&& body) {
    std::uint64_t first = 1;
    if (const char* one = std::getenv("COPPICE_SEED"); one != nullptr) {
        first = std::strtoull(one, nullptr, 10);
        seeds = 1;
    } else if (const char* many = std::getenv("COPPICE_SEEDS"); many != nullptr) {
        seeds = std::strtoull(many, nullptr, 10);
    }
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        SCOPED_TRACE("COPPICE_SEED=" + std::to_string(seed));
        random_source random(seed);
        body(random);
        if (::testing::Test::HasFailure()) { return; }
    }
}

}  // namespace coppice::testing
