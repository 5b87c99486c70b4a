#include "support/failing_allocation.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#include <storage/sim_disk.hpp>

namespace coppice::testing {
namespace {

thread_local bool counting = false;
thread_local bool failed = false;
thread_local int held = 0;
thread_local std::uint64_t left = 0;
std::atomic<std::uint64_t> failures{0};

bool fails_now() noexcept {
    if (!counting || held != 0 || sim_memory::in_use()) { return false; }
    if (left-- != 0) { return false; }
    counting = false;
    failed = true;
    failures.fetch_add(1, std::memory_order_relaxed);
    return true;
}

}  // namespace

failing_allocation::failing_allocation(std::uint64_t k) noexcept {
    left = k;
    failed = false;
    counting = true;
}

bool failing_allocation::stop() noexcept {
    counting = false;
    return failed;
}

std::uint64_t failing_allocation::failed_in_all() noexcept { return failures.load(std::memory_order_relaxed); }

unfailing_section::unfailing_section() noexcept { ++held; }
unfailing_section::~unfailing_section() { --held; }

}  // namespace coppice::testing

using coppice::testing::fails_now;

// The linker gives our objects' malloc and realloc these (--wrap).
extern "C" {
void* __real_malloc(std::size_t bytes);                 // NOLINT: the linker's names
void* __real_realloc(void* memory, std::size_t bytes);  // NOLINT
void* __wrap_malloc(std::size_t bytes);                 // NOLINT
void* __wrap_realloc(void* memory, std::size_t bytes);  // NOLINT
void* __wrap_malloc(std::size_t bytes) { return fails_now() ? nullptr : __real_malloc(bytes); }  // NOLINT
void* __wrap_realloc(void* memory, std::size_t bytes) {                                          // NOLINT
    return fails_now() ? nullptr : __real_realloc(memory, bytes);
}
}

// Not inlined: else GCC sees malloc's memory given to delete and warns.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
    void* const memory = fails_now() ? nullptr : __real_malloc(bytes);
    if (memory == nullptr) { throw std::bad_alloc(); }
    return memory;
}
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {  // std::stable_sort's
    return fails_now() ? nullptr : __real_malloc(bytes);
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
    const auto to = static_cast<std::size_t>(alignment);
    void* const memory = fails_now() ? nullptr : std::aligned_alloc(to, (bytes + to - 1) / to * to);
    if (memory == nullptr) { throw std::bad_alloc(); }
    return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
