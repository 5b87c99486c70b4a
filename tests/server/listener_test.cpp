#include "server/listener.hpp"

#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/logging.hpp"
#include "server/running_host.hpp"

namespace coppice::server::testing {
namespace {

class Listener : public ::testing::Test {
protected:
    loop events_;
    std::shared_ptr<spdlog::logger> log_ = make_silent_logger();
    listener subject_{events_, *log_, [](const accepted& from, bool) { ::close(from.descriptor); }};
};

TEST_F(Listener, AnAddressWithAMinusMayBeMissing) {
    ASSERT_TRUE(subject_.listen_at("127.0.0.1 -192.0.2.1", 0, 16));
    EXPECT_NE(subject_.port(), 0);
    EXPECT_EQ(subject_.addresses(), std::vector<std::string>{"127.0.0.1:" + std::to_string(subject_.port())});
}

TEST_F(Listener, AnAddressThatIsTakenOrNotOursIsAnError) {
    ASSERT_TRUE(subject_.listen_at("127.0.0.1", 0, 16));
    listener second(events_, *log_, {});
    const auto taken = second.listen_at("127.0.0.1", subject_.port(), 16);
    ASSERT_FALSE(taken);
    EXPECT_NE(taken.error().context.find("in use"), std::string::npos) << taken.error().context;
    EXPECT_FALSE(second.listen_at("192.0.2.1", 0, 16));
    EXPECT_FALSE(second.listen_at("-192.0.2.1", 0, 16)) << "listening nowhere is no success";
    EXPECT_FALSE(second.listen_at("no.such.host.invalid", 0, 16));
}

// Descriptors are the process's, so the test takes them all, and gives them back.
TEST(ListenerOutOfDescriptors, RestsAndGoesOn) {
    running_host host;
    test_client early(host.port);
    early.send("PING\r\n");
    early.expect("+PONG\r\n");
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    auto few = before;
    few.rlim_cur = std::min<rlim_t>(before.rlim_cur, 256);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    std::vector<int> taken;
    for (int one = ::dup(0); one >= 0; one = ::dup(0)) { taken.push_back(one); }
    ASSERT_FALSE(taken.empty());
    ::close(taken.back());
    taken.pop_back();
    test_client late(host.port);  // the system completes the connection by itself
    ASSERT_TRUE(late.connected());
    late.send("PING\r\n");
    EXPECT_TRUE(late.silent_for(50ms));
    early.send("PING\r\n");
    early.expect("+PONG\r\n");
    for (const int one : taken) { ::close(one); }
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    late.expect("+PONG\r\n");
}

}  // namespace
}  // namespace coppice::server::testing
