#include "server/loop.hpp"

#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/worker_pool.hpp"

namespace coppice::server {
namespace {

using namespace std::chrono_literals;

TEST(Loop, RunsPostedCallsInOrderOnItsOwnThread) {
    loop events;
    std::vector<int> order;
    const auto here = std::this_thread::get_id();
    std::thread other([&] {
        for (int i = 0; i < 1000; ++i) {
            events.post([&order, i, here] {
                EXPECT_EQ(std::this_thread::get_id(), here);
                order.push_back(i);
            });
        }
        events.post([&] { events.stop(); });
    });
    events.run();
    other.join();
    ASSERT_EQ(order.size(), 1000U);
    for (int i = 0; i < 1000; ++i) { ASSERT_EQ(order[static_cast<std::size_t>(i)], i); }
}

TEST(Loop, TimersComeOnceOrAgainAndCanBeCancelledFromInside) {
    loop events;
    int once = 0;
    int again = 0;
    int never = 0;
    events.after(5ms, [&] { ++once; });
    const auto cancelled = events.after(1ms, [&] { ++never; });
    events.cancel(cancelled);
    timer_id every = timer_id::none;
    every = events.every(1ms, [&] {
        if (++again == 5) { events.cancel(every); }
    });
    events.after(50ms, [&] { events.stop(); });
    events.run();
    EXPECT_EQ(once, 1);
    EXPECT_EQ(again, 5);
    EXPECT_EQ(never, 0);
}

TEST(Loop, EndsATurnAfterWhatWasReady) {
    loop events;
    std::vector<std::string_view> seen;
    events.post([&] { seen.push_back("call"); });
    events.on_turn_end([&] {
        seen.push_back("end");
        if (seen.size() >= 3) { events.stop(); }
    });
    events.run();
    const auto call = std::find(seen.begin(), seen.end(), "call");
    ASSERT_NE(call, seen.end());
    EXPECT_NE(std::find(call, seen.end(), "end"), seen.end());
}

TEST(Loop, AWatchMayDestroyItself) {
    loop events;
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    int calls = 0;
    std::unique_ptr<loop::watch> watch;
    watch = events.watch_descriptor(ends[0], [&](readiness what) {
        EXPECT_TRUE(has(what, readiness::read));
        ++calls;
        watch.reset();
        ::close(ends[0]);
        events.after(20ms, [&] { events.stop(); });
    });
    watch->want(readiness::read);
    ASSERT_EQ(::send(ends[1], "x", 1, 0), 1);
    events.run();
    ::close(ends[1]);
    EXPECT_EQ(calls, 1);
}

TEST(Loop, SignalsAreCalls) {
    loop events;
    events.on_signal(SIGUSR1, [&] { events.stop(); });
    events.after(1ms, [] { ::raise(SIGUSR1); });
    events.run();
}

TEST(WorkerPool, RunsEveryJobAndWaitsForTheOnesThatRun) {
    std::atomic<int> done = 0;
    std::atomic<int> started = 0;
    {
        worker_pool pool(2);
        for (int i = 0; i < 100; ++i) {
            pool.run([&] { ++done; });
        }
        while (done < 100) { std::this_thread::yield(); }
        pool.run([&] {
            ++started;
            std::this_thread::sleep_for(20ms);
            ++done;
        });
        while (started == 0) { std::this_thread::yield(); }
    }
    EXPECT_EQ(done, 101);
}

}  // namespace
}  // namespace coppice::server
