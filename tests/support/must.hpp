// tests/support/must.hpp: what a result holds, or the end of a test that says which error was there instead.
#pragma once

#include <stdexcept>
#include <utility>

#include <coppice/base/error.hpp>

#include <gtest/gtest.h>

namespace coppice::testing {

/// Errors: throws what the result says, which a test that is not about it fails by.
template <class T>
T must(result<T> given) {
    if (!given) { throw std::runtime_error(given.error().message()); }
    return *std::move(given);
}
inline void must(const status& done) { EXPECT_TRUE(done.has_value()) << (done ? "" : done.error().message()); }

}  // namespace coppice::testing
