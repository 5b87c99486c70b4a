// Each allocation of each operation of a store fails once, on the kinds of storage that live in memory. The operation
// says so, the store says what it said before or what the operation makes of it, goes on, and is found whole; opened
// again it says what was acknowledged.
#include <algorithm>
#include <new>

#include "store/fault_support.hpp"
#include "support/failing_allocation.hpp"

namespace coppice {
namespace {

using testing::failing_allocation;
using testing::fault_kind;
using testing::fault_operations;
using testing::faulty_store;
using testing::found_wrong;
using testing::in_steps;
using testing::told;

constexpr microseconds_utc step_time = 2'000'000;  // more than a restore point waits for

// A clean restart now and then.
void restart_behind(faulty_store& store, std::size_t operation) {
    if (!store.survives() || operation % 3 != 0) { return; }
    store.end();
    store.open();
}

// A store on which the first `count` operations were done.
std::unique_ptr<faulty_store> store_after(fault_kind kind, std::size_t count, std::vector<std::string>* states) {
    auto made = std::make_unique<faulty_store>(kind);
    for (std::size_t i = 0; i < count; ++i) {
        made->clock.time += step_time;
        const status done = fault_operations()[i].run(*made);
        EXPECT_TRUE(done.has_value()) << fault_operations()[i].name << (done ? "" : done.error().message());
        if (states != nullptr) { states->push_back(told(**made)); }
        restart_behind(*made, i);
    }
    return made;
}

// Where two texts part, in words short enough to be read.
std::string difference(const std::string& a, const std::string& b) {
    if (a == b) { return {}; }
    const auto at = static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
    const auto from = at < 40 ? 0 : at - 40;
    return "..." + a.substr(from, 100) + "... and not ..." + b.substr(from, 100) + "...";
}

enum class outcome : std::uint8_t { done, out_of_memory, wrong };

outcome attempt(faulty_store& store, std::size_t operation, std::string& why) {
    try {
        const status done = fault_operations()[operation].run(store);
        if (done) { return outcome::done; }
        why = done.error().message();
        return done.error().code == errc::limit ? outcome::out_of_memory : outcome::wrong;
    } catch (const std::bad_alloc&) { return outcome::out_of_memory; }
}

class StoreFault : public ::testing::TestWithParam<fault_kind> {};

TEST_P(StoreFault, EachAllocationOfEachOperationFailsOnce) {
    random_source random(1);
    std::vector<std::string> states;
    const std::size_t count = fault_operations().size();
    store_after(GetParam(), count, &states);
    const std::uint64_t failed_before = failing_allocation::failed_in_all();
    auto store = std::make_unique<faulty_store>(GetParam());
    for (std::size_t i = 0; i < count; ++i) {
        SCOPED_TRACE(fault_operations()[i].name);
        const std::string before = i == 0 ? told(**std::make_unique<faulty_store>(GetParam())) : states[i - 1];
        store->clock.time += step_time;
        for (std::uint64_t k = 0;; ++k) {
            ASSERT_LT(k, 20'000U);
            std::string why;
            failing_allocation fails(k);
            outcome came = attempt(*store, i, why);
            const bool failed = fails.stop();
            ASSERT_NE(came, outcome::wrong) << "k " << k << ": " << why;
            std::string now = told(**store);
            if (failed && fault_operations()[i].steps == in_steps::yes) {  // done again, it comes to the same
                if (now != states[i]) { ASSERT_EQ(attempt(*store, i, why), outcome::done) << "k " << k << why; }
                came = outcome::done;
                now = told(**store);
            }
            ASSERT_EQ(difference(now, came == outcome::done ? states[i] : before), "") << "k " << k << why;
            if (k % 8 == 0 || !failed) { ASSERT_EQ(found_wrong(**store), "") << "k " << k; }
            if (store->survives() && (k % 16 == 0 || !failed)) {
                ASSERT_EQ(difference(store->told_after_crash(random), now), "") << "k " << k;
            }
            if (!failed) {
                ASSERT_EQ(came, outcome::done);
                break;
            }
            if (came == outcome::done) {  // it went on without: the next one is tried where it was not yet done
                const auto time = store->clock.time;
                store = store_after(GetParam(), i, nullptr);
                store->clock.time = time;
            }
        }
        restart_behind(*store, i);
        ASSERT_EQ(difference(told(**store), states[i]), "");
    }
    std::cout << "  " << failing_allocation::failed_in_all() - failed_before << " allocations failed\n";
}

// Opening: what a checkpoint holds, and what the log has behind it. And the end, which cannot say anything.
// A store has threads, which are slow to begin and end under ThreadSanitizer: it sees some allocations fail.
#ifdef __SANITIZE_THREAD__
constexpr std::uint64_t step = 37;
#else
constexpr std::uint64_t step = 1;
#endif

TEST_P(StoreFault, EachAllocationOfOpeningAndEndingFailsOnce) {
    if (GetParam() == fault_kind::memory) { GTEST_SKIP() << "gone when it ends"; }
    const std::size_t count = fault_operations().size();
    for (const std::size_t operations : {std::size_t{12}, count - 8, count}) {
        std::vector<std::string> states;
        const auto store = store_after(GetParam(), operations, &states);
        for (std::uint64_t k = 0;; k += step) {
            ASSERT_LT(k, 20'000U);
            {
                failing_allocation fails(k);
                store->end();
            }
            failing_allocation fails(k);
            bool threw = false;
            try {
                store->open();
            } catch (const std::bad_alloc&) { threw = true; }
            const bool failed = fails.stop();
            ASSERT_EQ(store->is_open(), !threw);
            if (threw) { store->open(); }
            ASSERT_EQ(difference(told(**store), states.back()), "") << "k " << k;
            if (k % 8 == 0) { ASSERT_EQ(found_wrong(**store), "") << "k " << k; }
            if (!failed) { break; }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Kinds, StoreFault,
                         ::testing::Values(fault_kind::memory, fault_kind::simulated, fault_kind::simulated_one_writer),
                         [](const auto& kind) { return std::string(testing::name_of(kind.param)); });

}  // namespace
}  // namespace coppice
