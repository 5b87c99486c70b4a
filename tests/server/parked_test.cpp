// Clients whose requests have to wait.
#include <gtest/gtest.h>

#include "server/running_host.hpp"

namespace coppice::server::testing {
namespace {

TEST(Parked, LaterRequestsWaitAndOtherClientsDoNot) {
    running_host host;
    test_client one(host.port);
    test_client other(host.port);
    one.send("PING\r\nWAIT door\r\nECHO a\r\n*2\r\n$4\r\nECHO\r\n$1\r\n");
    one.expect("+PONG\r\n");
    other.send("PING\r\n");
    other.expect("+PONG\r\n");
    one.send("b\r\nECHO c\r\n");
    EXPECT_TRUE(one.silent_for(20ms));
    other.send("SIGNAL door\r\n");
    other.expect("+OK\r\n");
    one.expect("+woken\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n");
}

TEST(Parked, ARequestThatWasNotFinishedIsGivenAgain) {
    running_host host;
    test_client one(host.port);
    test_client other(host.port);
    one.send("ECHO a\r\nRETRY page\r\nECHO b\r\n*2\r\n$4\r\nEC");
    one.expect("$1\r\na\r\n");
    EXPECT_TRUE(one.silent_for(20ms));
    other.send("SIGNAL page\r\n");
    other.expect("+OK\r\n");
    one.expect("+retried\r\n$1\r\nb\r\n");
    one.send("HO\r\n$1\r\nc\r\n");
    one.expect("$1\r\nc\r\n");
}

TEST(Parked, ManyTimesInOnePipeline) {
    running_host host;
    test_client one(host.port);
    test_client other(host.port);
    std::string asked;
    for (int i = 0; i < 100; ++i) { asked += "RETRY page\r\nECHO x\r\nWAIT door\r\n"; }
    one.send(asked);
    for (int i = 0; i < 100; ++i) {
        std::string got;
        while (got.size() < 10 + 7) {
            other.send("SIGNAL page\r\n");
            other.expect("+OK\r\n");
            got += one.receive(10 + 7 - got.size(), 1ms);
        }
        ASSERT_EQ(got, "+retried\r\n$1\r\nx\r\n");
        // The WAIT may not have been read yet.
        std::string woken;
        while (woken.empty()) {
            other.send("SIGNAL door\r\n");
            other.expect("+OK\r\n");
            woken = one.receive(8, 1ms);
        }
        ASSERT_EQ(woken, "+woken\r\n");
    }
}

TEST(Parked, AnErrorBehindARequestThatWaitsIsSaidInItsTurn) {
    running_host host;
    test_client one(host.port);
    test_client other(host.port);
    one.send("WAIT door\r\n*x\r\n");
    EXPECT_TRUE(one.silent_for(20ms));
    other.send("SIGNAL door\r\n");
    one.expect("+woken\r\n-ERR Protocol error: invalid multibulk length\r\n");
    EXPECT_TRUE(one.ended());
}

TEST(Parked, WhoDiesWhileWaitingIsReportedAtOnce) {
    running_host host;
    for (const bool much : {false, true}) {
        const int before = host.commands.disconnections;
        const int ran = host.commands.commands;
        test_client one(host.port);
        one.send("WAIT door\r\n");
        EXPECT_TRUE(eventually([&] { return host.commands.commands == ran + 1; }));
        if (much) {  // so much that reading has stopped: the end is seen all the same
            const std::string flood(1'000'000, '\n');
            static_cast<void>(one.send_some(flood));
            std::this_thread::sleep_for(20ms);
            one.reset();  // a plain end would wait behind the flood, in the system's buffers
        }
        one.close();
        EXPECT_TRUE(eventually([&] { return host.commands.disconnections == before + 1; }));
    }
}

TEST(Parked, WhoHangsUpHisSendingSideIsAnsweredWhenTheWaitIsForWork) {
    running_host host;
    test_client one(host.port);
    test_client other(host.port);
    one.send("RETRY page\r\nPING\r\n");
    one.half_close();
    std::this_thread::sleep_for(20ms);
    other.send("SIGNAL page\r\n");
    other.expect("+OK\r\n");
    one.expect("+retried\r\n+PONG\r\n");
    EXPECT_TRUE(one.ended());
}

TEST(Parked, WhatWaitsBehindAParkedRequestIsLimited) {
    running_host host("client-query-buffer-limit", "256kb");
    test_client one(host.port);
    one.send("WAIT door\r\n");
    const std::string flood(1'000'000, '\n');
    std::size_t sent = 0;
    for (int i = 0; i < 50; ++i) {
        sent += one.send_some(flood);
        std::this_thread::sleep_for(2ms);
    }
    EXPECT_LT(sent, 40'000'000U);
    host.on_loop([&] { EXPECT_LT(host.server().sums().bytes_read, 1'000'000U); });
    test_client other(host.port);
    other.send("SIGNAL door\r\n");
    other.expect("+OK\r\n");
    one.expect("+woken\r\n");
}

}  // namespace
}  // namespace coppice::server::testing
