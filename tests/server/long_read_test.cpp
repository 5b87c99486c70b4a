// Long answers, made by a worker.
#include <latch>

#include <gtest/gtest.h>

#include "server/running_host.hpp"

namespace coppice::server::testing {
namespace {

std::string long_answer(std::size_t count, std::size_t bytes) {
    std::string answer = "*" + std::to_string(count) + "\r\n";
    for (std::size_t i = 0; i < count; ++i) {
        answer += "$" + std::to_string(bytes) + "\r\n" + std::string(bytes, 'y') + "\r\n";
    }
    return answer;
}

TEST(LongRead, ComesWholeAndInItsPlace) {
    running_host host;
    test_client one(host.port);
    one.send("PING\r\nLONG 100000 10\r\nPING\r\nLONG 3 200000\r\nLONG 0 0\r\nPING\r\n");
    one.expect("+PONG\r\n" + long_answer(100'000, 10) + "+PONG\r\n" + long_answer(3, 200'000) + "*0\r\n+PONG\r\n");
}

TEST(LongRead, OtherClientsGoOn) {
    running_host host;
    test_client one(host.port);
    test_client other(host.port);
    one.send("LONG 1000000 10\r\n");
    std::thread reader([&] { EXPECT_EQ(one.receive(10 + 1'000'000 * 17).size(), 10U + 1'000'000 * 17); });
    for (int i = 0; i < 100; ++i) {
        other.send("PING\r\n");
        other.expect("+PONG\r\n");
    }
    reader.join();
}

TEST(LongRead, ASlowReaderStopsTheWorkerNotTheMemory) {
    running_host host;
    test_client one(host.port, 4096);
    one.send("LONG 400000 100\r\n");
    std::uint64_t made = 0;
    const bool stopped = eventually([&] {  // two looks that see the same: the worker rests
        made = host.commands.long_items_made.load();
        std::this_thread::sleep_for(100ms);
        return made > 0 && made == host.commands.long_items_made.load();
    });
    EXPECT_TRUE(stopped);
    EXPECT_LT(made, 200'000U) << "four chunks and what the system buffers";
    EXPECT_EQ(one.receive(9 + 400'000 * 108).size(), 9U + 400'000 * 108);
}

TEST(LongRead, ThoseWhoDoNotReadTakeNoWorkerFromOthers) {
    running_host host("worker-threads", "1");
    std::vector<std::unique_ptr<test_client>> lazy;
    for (int i = 0; i < 5; ++i) {
        lazy.push_back(std::make_unique<test_client>(host.port, 4096));
        lazy.back()->send("LONG 400000 100\r\n");
        EXPECT_EQ(lazy.back()->receive(9), "*400000\r\n");
    }
    test_client one(host.port);
    one.send("LONG 100000 10\r\n");
    one.expect(long_answer(100'000, 10));
    for (const auto& each : lazy) { EXPECT_EQ(each->receive(400'000 * 108).size(), 400'000U * 108); }
}

TEST(LongRead, WhoReadsNothingOfItForAMinuteIsCutOffAndWhoseAnswerIsNotThereYetIsNot) {
    running_host host;
    test_client lazy(host.port, 4096);
    test_client patient(host.port);
    patient.send("THINK\r\n");
    lazy.send("LONG 400000 100\r\n");
    EXPECT_EQ(lazy.receive(9), "*400000\r\n");
    for (int look = 0; look < 4 && host.commands.disconnections == 0; ++look) {
        std::this_thread::sleep_for(2400ms);  // the connections are looked at once a second
        host.clock.ahead = host.clock.ahead.load() + 45s;
    }
    EXPECT_TRUE(eventually([&] { return host.commands.disconnections == 1; }));
    EXPECT_TRUE(eventually([&] { return host.commands.long_answers_stopped == 1; }));
    host.commands.thought = true;
    host.commands.thought.notify_all();
    patient.expect("+OK\r\n");
    host.stop();
    EXPECT_NE(host.logged().find("unread and has read nothing for a minute: cut off"), std::string::npos)
        << host.logged();
}

// All threads but one wait for the test, that one for a client that does not read.
TEST(LongRead, WhereAllWorkersWaitForClientsThatDoNotReadTheyAreCutOffSoon) {
    running_host host;
    std::latch over(1);
    std::atomic<std::size_t> waiting = 0;
    auto& workers = host.server().workers();
    for (std::size_t i = 0; i + 1 < worker_pool::threads_most; ++i) {
        workers.run([&] {
            workers.while_waiting([&] {
                ++waiting;
                over.wait();
            });
        });
    }
    EXPECT_TRUE(eventually([&] { return waiting + 1 == worker_pool::threads_most; }));
    test_client lazy(host.port, 4096);
    lazy.send("LONG 400000 100\r\n");
    EXPECT_EQ(lazy.receive(9), "*400000\r\n");
    test_client one(host.port);
    one.send("LONG 1000 10\r\n");
    one.expect(long_answer(1000, 10));
    EXPECT_EQ(host.commands.disconnections, 1);
    over.count_down();
    host.stop();
    EXPECT_NE(host.logged().find("has read nothing for a second, while all workers wait"), std::string::npos)
        << host.logged();
}

TEST(LongRead, ADeadClientStopsItsWorker) {
    running_host host;
    for (const bool hard : {true, false}) {
        const int before = host.commands.long_answers_stopped;
        test_client one(host.port);
        one.send("LONG 100000000 100\r\nPING\r\n");
        static_cast<void>(one.receive(100'000));
        hard ? one.reset() : one.close();
        EXPECT_TRUE(eventually([&] { return host.commands.long_answers_stopped == before + 1; }));
    }
}

TEST(LongRead, MessagesComeBehindIt) {
    running_host host;
    test_client one(host.port, 4096);
    const auto id = std::to_string(one.id());
    one.send("LONG 100000 100\r\n");
    EXPECT_EQ(one.receive(9), "*100000\r\n");
    test_client other(host.port);
    other.send("PUSH " + id + " hello\r\n");
    other.expect("+OK\r\n");
    one.expect(long_answer(100'000, 100).substr(9));
    one.expect("*2\r\n$7\r\nmessage\r\n$5\r\nhello\r\n");
    one.send("PING\r\n");
    one.expect("+PONG\r\n");
}

TEST(LongRead, AnAnswerThatBreaksOffEndsTheConnection) {
    running_host host;
    test_client one(host.port);
    one.send("BREAK\r\nPING\r\n");
    EXPECT_TRUE(one.ended());
    test_client other(host.port);
    other.send("PING\r\n");
    other.expect("+PONG\r\n");
}

TEST(LongRead, AStopDoesNotWaitForIt) {
    running_host host;
    test_client one(host.port, 4096);
    one.send("LONG 100000000 100\r\n");
    static_cast<void>(one.receive(1000));
    const auto begin = std::chrono::steady_clock::now();
    host.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
    EXPECT_EQ(host.commands.long_answers_stopped, 1);
}

}  // namespace
}  // namespace coppice::server::testing
