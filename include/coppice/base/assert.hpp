// coppice/base/assert.hpp: conditions that must hold.
//
// COPPICE_CHECK is always there, for states that would damage stored data. COPPICE_ASSERT is there in
// debug and test builds (COPPICE_ASSERTIONS). Neither is for input: a bad packet is an error, not a bug.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace coppice::detail {
/// Prints the condition and where it stood, then aborts.
[[noreturn, gnu::cold, gnu::noinline]] inline void assertion_failed(const char* condition, const char* file,
                                                                    int line) noexcept {
    std::fprintf(stderr, "coppice: %s:%d: this must hold: %s\n", file, line, condition);
    std::abort();
}
}  // namespace coppice::detail

#define COPPICE_CHECK(condition)                       \
    (__builtin_expect(static_cast<bool>(condition), 1) \
         ? static_cast<void>(0)                        \
         : ::coppice::detail::assertion_failed(#condition, __FILE__, __LINE__))

#ifdef COPPICE_ASSERTIONS
#define COPPICE_ASSERT(condition) COPPICE_CHECK(condition)
#else
#define COPPICE_ASSERT(condition) static_cast<void>(sizeof(!(condition)))
#endif
