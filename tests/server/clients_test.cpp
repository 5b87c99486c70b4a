// What a client sees of the host: pipelines, pieces, garbage, limits, ends.
#include <string>

#include <gtest/gtest.h>

#include "server/running_host.hpp"

namespace coppice::server::testing {
namespace {

std::string bulk(const std::string& bytes) { return "$" + std::to_string(bytes.size()) + "\r\n" + bytes + "\r\n"; }

TEST(Clients, APipelineIsAnsweredInOrder) {
    running_host host;
    test_client one(host.port);
    std::string asked;
    std::string expected;
    for (int i = 0; i < 20'000; ++i) {
        const auto text = std::to_string(i);
        asked += "*2\r\n$4\r\nECHO\r\n" + bulk(text);
        expected += bulk(text);
    }
    std::thread sender([&] { one.send(asked); });
    one.expect(expected);
    sender.join();
    EXPECT_LT(host.commands.runs, 20'000) << "requests that come together run together";
}

TEST(Clients, HalfACommandIsNoCommandUntilItsEndComes) {
    running_host host;
    test_client one(host.port);
    for (const std::string_view request : {"*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\n", "ECHO hello\r\n"}) {
        for (const char& byte : request) {
            EXPECT_TRUE(one.silent_for(0ms)) << "before byte " << &byte - request.data() << " of " << request;
            one.send({&byte, 1});
        }
        one.expect("$5\r\nhello\r\n");
    }
}

TEST(Clients, ABigArgumentComesThroughWhole) {
    running_host host;
    test_client one(host.port);
    std::string big(20'000'000, '\0');
    for (std::size_t i = 0; i < big.size(); ++i) { big[i] = static_cast<char>(i * 7 + i / 251); }
    std::thread sender([&] { one.send_request({"ECHO", big}), one.send("PING\r\n"); });
    one.expect(bulk(big) + "+PONG\r\n");
    sender.join();
}

TEST(Clients, ManyArgumentsAreOneCommand) {
    running_host host;
    test_client one(host.port);
    std::vector<std::string_view> words(200'000, "word");
    words[0] = "COUNT";
    std::thread sender([&] { one.send_request(words); });
    one.expect(":200000\r\n");
    sender.join();
}

TEST(Clients, GarbageIsAnsweredAfterWhatCameBefore) {
    running_host host;
    test_client one(host.port);
    one.send("PING\r\n*1\r\nx\r\nPING\r\n");
    one.expect("+PONG\r\n-ERR Protocol error: expected '$', got 'x'\r\n");
    EXPECT_TRUE(one.ended());
    EXPECT_TRUE(eventually([&] { return host.commands.disconnections == 1; }));
}

TEST(Clients, BeforeTheLoginLittleMayBeSentAndAfterItMuchInTheSameBreath) {
    running_host host;
    host.commands.logins_needed = true;
    test_client one(host.port);
    one.send("LOGIN 1\r\n*12\r\n$5\r\nCOUNT\r\n" + [] {
        std::string words;
        for (int i = 0; i < 11; ++i) { words += "$1\r\nx\r\n"; }
        return words;
    }());
    one.expect("+OK\r\n:12\r\n");
    test_client two(host.port);
    two.send("PING\r\n*12\r\n");
    two.expect("+PONG\r\n-ERR Protocol error: unauthenticated multibulk length\r\n");
    EXPECT_TRUE(two.ended());
}

TEST(Clients, HttpAndTlsAreToldApart) {
    running_host host;
    test_client browser(host.port);
    browser.send("GET /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto answer = browser.receive_all(2s);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 404 ")) << answer;
    EXPECT_NE(answer.find("Socket.IO is at /socket.io/"), std::string::npos) << answer;
    test_client secret(host.port);
    secret.send(std::string_view("\x16\x03\x01\x00\x05", 5));
    EXPECT_TRUE(secret.ended());
    EXPECT_EQ(host.commands.commands, 0);
}

TEST(Clients, OneTooManyIsToldSo) {
    running_host host("maxclients", "2");
    test_client one(host.port);
    test_client two(host.port);
    one.send("PING\r\n"), two.send("PING\r\n");
    one.expect("+PONG\r\n"), two.expect("+PONG\r\n");
    test_client three(host.port);
    three.expect("-ERR max number of clients reached\r\n");
    EXPECT_TRUE(three.ended());
    one.close();
    EXPECT_TRUE(eventually([&] { return host.commands.disconnections == 1; }));
    test_client four(host.port);
    four.send("PING\r\n");
    four.expect("+PONG\r\n");
}

TEST(Clients, WhoIsIdleForTooLongIsClosedAndWhoWaitsIsNot) {
    running_host host("timeout", "1");
    test_client idle(host.port);
    test_client waiting(host.port);
    waiting.send("WAIT door\r\n");
    idle.send("PING\r\n");
    idle.expect("+PONG\r\n");
    EXPECT_TRUE(idle.ended());
    EXPECT_TRUE(waiting.silent_for(10ms));
}

TEST(Clients, WhoSendsAndThenHalfClosesIsStillAnswered) {
    running_host host;
    test_client one(host.port);
    one.send("BIG 3000000\r\nPING\r\n");
    one.half_close();
    const auto got = one.receive_all();
    EXPECT_EQ(got.size(), 3'000'000U + 12 + 7);
    EXPECT_TRUE(got.ends_with("+PONG\r\n"));
}

TEST(Clients, WhoDoesNotReadIsNotReadFromAndHoldsUpNobody) {
    running_host host;
    test_client slow(host.port, 4096);
    const auto asked = [] {
        std::string requests;
        for (int i = 0; i < 500; ++i) { requests += "BIG 100000\r\n"; }
        return requests;
    }();
    slow.send(asked);
    std::this_thread::sleep_for(100ms);
    const int ran = host.commands.commands;
    EXPECT_LT(ran, 200) << "a megabyte and what the system buffers, not 200 of them";
    test_client other(host.port);
    other.send("PING\r\n");
    other.expect("+PONG\r\n");
    // Everything comes once it reads.
    const auto reply = bulk(std::string(100'000, 'x'));
    EXPECT_EQ(slow.receive(reply.size() * 500).size(), reply.size() * 500);
    slow.send("PING\r\n");
    slow.expect("+PONG\r\n");
}

TEST(Clients, WhoCannotBeStoppedIsCutOffAtTheHardLimit) {
    running_host host("client-output-hard-limit", "2mb");
    test_client subscriber(host.port, 4096);
    const auto id = std::to_string(subscriber.id());
    test_client publisher(host.port);
    const std::string text(100'000, 'p');
    for (int i = 0; i < 200 && host.commands.disconnections == 0; ++i) {
        publisher.send_request({"PUSH", id, text});
        ASSERT_EQ(publisher.receive(5), "+OK\r\n");
    }
    EXPECT_TRUE(eventually([&] { return host.commands.disconnections == 1; }));
}

TEST(Clients, AnAnswerLargerThanTheLimitComesWhole) {
    running_host host("client-output-hard-limit", "100kb");
    test_client one(host.port);
    one.send("BIG 20000000\r\nPING\r\n");
    const std::size_t bytes = 11 + 20'000'000 + 2;
    EXPECT_EQ(one.receive(bytes).size(), bytes);
    one.expect("+PONG\r\n");
}

// Of two that send many requests, the one that reads a little now and then is served, the other is cut off.
TEST(Clients, WhoReadsNothingIsCutOffAndWhoReadsSlowlyIsNot) {
    running_host host("client-output-hard-limit", "500kb");
    test_client slow(host.port, 4096);
    test_client never(host.port, 4096);
    std::string requests;
    for (int i = 0; i < 300; ++i) { requests += "BIG 100000\r\n"; }
    slow.send(requests);
    never.send(requests);
    for (int look = 0; look < 4 && host.commands.disconnections == 0; ++look) {
        std::this_thread::sleep_for(1200ms);  // the connections are looked at once a second
        EXPECT_EQ(slow.receive(500'000).size(), 500'000U);
        std::this_thread::sleep_for(1200ms);
        host.clock.ahead = host.clock.ahead.load() + 45s;
    }
    EXPECT_EQ(host.commands.disconnections, 1);
    EXPECT_EQ(slow.receive(500'000).size(), 500'000U);
    host.stop();
    EXPECT_NE(host.logged().find("unread and has read nothing for a minute: cut off"), std::string::npos)
        << host.logged();
}

TEST(Clients, ADeathInTheMiddleOfAnAnswerHarmsNobody) {
    running_host host;
    test_client other(host.port);
    for (int i = 0; i < 50; ++i) {
        test_client dying(host.port);
        dying.send("BIG 2000000\r\nPING\r\nWAIT door\r\n*2\r\n$4\r\nECHO\r\n$100\r\nhalf");
        if (i % 3 == 0) { static_cast<void>(dying.receive(1000)); }
        if (i % 2 == 0) { dying.reset(); }
    }
    other.send("SIGNAL door\r\nPING\r\n");
    other.expect("+OK\r\n+PONG\r\n");
    EXPECT_TRUE(eventually([&] { return host.commands.disconnections == 50; }));
}

TEST(Clients, AKilledClientIsGoneAndTheServiceHearsOfItOnce) {
    running_host host;
    test_client victim(host.port);
    const auto id = std::to_string(victim.id());
    test_client other(host.port);
    other.send("KILL " + id + "\r\nPING\r\n");
    other.expect("+OK\r\n+PONG\r\n");
    EXPECT_TRUE(victim.ended());
    const auto own = std::to_string(other.id());
    other.send("PING\r\nKILL " + own + "\r\nPING\r\n");
    EXPECT_TRUE(other.ended());
    EXPECT_TRUE(eventually([&] { return host.commands.disconnections == 2; }));
}

TEST(Clients, QuitSendsWhatWasAnsweredAndDropsTheRest) {
    running_host host;
    test_client one(host.port);
    one.send("PING\r\nQUIT\r\nPING\r\n");
    one.expect("+PONG\r\n+OK\r\n");
    EXPECT_TRUE(one.ended());
}

TEST(Clients, WhoIsMutedHearsMessagesOnly) {
    running_host host;
    test_client one(host.port);
    const auto id = std::to_string(one.id());
    one.send("MUTE 1\r\nPING\r\n");
    test_client other(host.port);
    other.send("PUSH " + id + " hello\r\n");
    other.expect("+OK\r\n");
    one.expect("*2\r\n$7\r\nmessage\r\n$5\r\nhello\r\n");
    one.send("MUTE 0\r\nPING\r\n");
    one.expect("+OK\r\n+PONG\r\n");
    one.send("PROTO 3\r\n");
    one.expect("%0\r\n");
    other.send("PUSH " + id + " hello\r\n");
    one.expect(">2\r\n$7\r\nmessage\r\n$5\r\nhello\r\n");
}

TEST(Clients, ThousandsComeAndGo) {
    running_host host;
    for (int round = 0; round < 3; ++round) {
        std::vector<std::unique_ptr<test_client>> crowd;
        for (int i = 0; i < 300; ++i) { crowd.push_back(std::make_unique<test_client>(host.port)); }
        for (auto& one : crowd) { one->send("PING\r\n"); }
        for (auto& one : crowd) { one->expect("+PONG\r\n"); }
    }
    EXPECT_TRUE(eventually([&] { return host.commands.disconnections == 900; }));
}

TEST(Clients, ACleanStopSendsWhatWasAnswered) {
    running_host host;
    test_client one(host.port);
    test_client waiting(host.port);
    waiting.send("WAIT door\r\n");
    one.send("BIG 1000000\r\n");
    EXPECT_TRUE(eventually([&] { return host.commands.commands == 2; }));
    std::thread stopper([&] { host.stop(); });
    EXPECT_EQ(one.receive_all().size(), 1'000'000U + 12);
    EXPECT_TRUE(waiting.ended());
    stopper.join();
    EXPECT_EQ(host.commands.disconnections, 2);
    test_client late(host.port);
    EXPECT_FALSE(late.connected());
}

TEST(Clients, ANumberOfItsAre) {
    running_host host;
    test_client one(host.port);
    EXPECT_EQ(one.id(), 1U);
    test_client two(host.port);
    EXPECT_EQ(two.id(), 2U);
    host.on_loop([&] { EXPECT_EQ(host.server().client_count(), 2U); });
}

}  // namespace
}  // namespace coppice::server::testing
