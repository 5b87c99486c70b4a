// Replies that wait until the disk has what they say.
#include <gtest/gtest.h>

#include "server/running_host.hpp"

namespace coppice::server::testing {
namespace {

TEST(Durable, AReplyLeavesWhenItsTicketIsDurable) {
    running_host host;
    test_client one(host.port);
    test_client other(host.port);
    one.send("WRITE\r\n");
    EXPECT_TRUE(one.silent_for(20ms));
    other.send("PING\r\n");
    other.expect("+PONG\r\n");
    host.make_durable(1);
    one.expect("+written\r\n");
}

TEST(Durable, LaterRepliesKeepTheirPlace) {
    running_host host;
    test_client one(host.port);
    one.send("PING\r\n");
    one.expect("+PONG\r\n");
    one.send("WRITE\r\n");
    EXPECT_TRUE(eventually([&] { return host.commands.commands == 2; }));
    one.send("PING\r\n");  // needs no disk, but stands behind one that does
    EXPECT_TRUE(eventually([&] { return host.commands.commands == 3; }));
    one.send("WRITE\r\n");
    EXPECT_TRUE(eventually([&] { return host.commands.commands == 4; }));
    EXPECT_TRUE(one.silent_for(20ms));
    host.make_durable(1);
    one.expect("+written\r\n+PONG\r\n");
    EXPECT_TRUE(one.silent_for(20ms));
    host.make_durable(2);
    one.expect("+written\r\n");
}

TEST(Durable, HoldingIsPerReplyNotPerConnection) {
    running_host host;
    test_client one(host.port);
    constexpr int rounds = 200;
    for (int i = 1; i <= rounds; ++i) {
        one.send("WRITE\r\n");
        ASSERT_TRUE(eventually([&] { return host.commands.commands == i; }));
        if (i > 1) {  // one is always on its way, and still each comes out
            host.make_durable(static_cast<std::uint64_t>(i - 1));
            one.expect("+written\r\n");
        }
    }
}

TEST(Durable, ManyConnectionsAreLetGoTogether) {
    running_host host;
    std::vector<std::unique_ptr<test_client>> crowd;
    for (int i = 0; i < 50; ++i) { crowd.push_back(std::make_unique<test_client>(host.port)); }
    for (auto& one : crowd) { one->send("WRITE\r\n"); }
    EXPECT_TRUE(eventually([&] { return host.commands.commands == 50; }));
    crowd.erase(crowd.begin(), crowd.begin() + 10);  // some are gone by then
    host.make_durable(1'000);
    for (auto& one : crowd) { one->expect("+written\r\n"); }
}

TEST(Durable, AReadMayWaitForWhatItSaw) {
    running_host host;
    host.commands.always_ticket = true;
    test_client one(host.port);
    test_client other(host.port);
    one.send("WRITE\r\n");
    EXPECT_TRUE(eventually([&] { return host.commands.commands == 1; }));
    other.send("PING\r\n");
    EXPECT_TRUE(other.silent_for(20ms));
    host.make_durable(1);
    one.expect("+written\r\n");
    other.expect("+PONG\r\n");
}

}  // namespace
}  // namespace coppice::server::testing
