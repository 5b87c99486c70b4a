// A pool of workers when there is no memory for one of them.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "server/worker_pool.hpp"
#include "support/failing_allocation.hpp"

namespace coppice::server::testing {
namespace {

// All of them or some start, or it throws: it does not end the program.
TEST(WorkerPoolFaults, APoolIsMadeOrNotWhateverAllocationFails) {
    coppice::testing::with_each_allocation_failing(
        [] {
            worker_pool pool(3);
            const coppice::testing::unfailing_section section;
            std::atomic<bool> ran = false;
            pool.run([&] {
                ran = true;
                ran.notify_all();
            });
            ran.wait(false);
        },
        [](bool) {});
}

}  // namespace
}  // namespace coppice::server::testing
