// The runner over a socket, against Redis itself where it is installed, and against a server that misbehaves.
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include <cli/import.hpp>
#include <cli/keys.hpp>
#include <cli/reply_view.hpp>

#include <gtest/gtest.h>

#include "cli/memory_runner.hpp"
#include "cli/program_run.hpp"

namespace coppice::cli::testing {
namespace {

struct listener {
    int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::uint16_t port = 0;
    listener() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(socket, 4), 0);
        socklen_t length = sizeof address;
        EXPECT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length), 0);
        port = ntohs(address.sin_port);
    }
    ~listener() { ::close(socket); }
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;
};

// A server that answers each read with the next of its answers, then closes.
class scripted_server {
public:
    explicit scripted_server(std::vector<std::string> answers) {
        worker_ = std::thread([this, answers = std::move(answers)] {
            const int client = ::accept(listening_.socket, nullptr, nullptr);
            if (client < 0) { return; }
            char buffer[4096];
            for (const auto& answer : answers) {
                if (::recv(client, buffer, sizeof buffer, 0) <= 0) { break; }
                if (::send(client, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) { break; }
            }
            ::close(client);
        });
    }
    ~scripted_server() {
        ::shutdown(listening_.socket, SHUT_RDWR);
        worker_.join();
    }
    scripted_server(const scripted_server&) = delete;
    scripted_server& operator=(const scripted_server&) = delete;

    result<std::unique_ptr<command_runner>> open(std::string_view login = "") {
        return open_runner(
            *parse_location("coppice://" + std::string(login) + "127.0.0.1:" + std::to_string(listening_.port)));
    }

private:
    listener listening_;
    std::thread worker_;
};

TEST(TcpRunner, SaysThatNobodyListens) {
    std::uint16_t port = 0;
    { port = listener().port; }
    const auto opened = open_runner(*parse_location("coppice://127.0.0.1:" + std::to_string(port)));
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().context.find("is `coppice serve --port " + std::to_string(port) + "` running there?"),
              std::string::npos);
    EXPECT_FALSE(open_runner(*parse_location("coppice://host.invalid")));
}

TEST(TcpRunner, SpeaksToServersWithoutHello) {
    scripted_server server({"-ERR unknown command 'HELLO'\r\n", "+OK\r\n", "*2\r\n$1\r\na\r\n$1\r\nb\r\n"});
    auto runner = server.open("user:pass@");
    ASSERT_TRUE(runner) << runner.error().context;
    const auto reply = (*runner)->run({"HGETALL", "k"});
    ASSERT_TRUE(reply);
    EXPECT_EQ(text_field(*reply, "a"), "b");
    const auto gone = (*runner)->run({"GET", "k"});
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, errc::closed);
}

TEST(TcpRunner, SaysHowToLogIn) {
    scripted_server server({"-NOAUTH HELLO must be called with the client already authenticated\r\n"});
    const auto runner = server.open();
    ASSERT_FALSE(runner);
    EXPECT_EQ(runner.error().code, errc::unauthorised);
    EXPECT_NE(runner.error().context.find("coppice://user:password@"), std::string::npos);
}

TEST(TcpRunner, RefusesWhatIsNoReply) {
    scripted_server server({"HTTP/1.1 400 Bad Request\r\n\r\n"});
    const auto runner = server.open();
    ASSERT_FALSE(runner);
    EXPECT_EQ(runner.error().code, errc::corrupt);
}

// Redis on a free port, for as long as the test lasts.
class redis_server {
public:
    redis_server() {
        std::uint16_t free_port = 0;
        { free_port = listener().port; }
        port_ = std::to_string(free_port);
        child_ = ::fork();
        if (child_ == 0) {
            ::execlp("redis-server", "redis-server", "--save", "", "--port", port_.c_str(), "--bind", "127.0.0.1",
                     "--loglevel", "warning", "--logfile", "/dev/null", static_cast<char*>(nullptr));
            ::_exit(127);
        }
        for (int tries = 0; tries < 200; ++tries) {
            if (::waitpid(child_, nullptr, WNOHANG) == child_) {
                child_ = -1;
                return;
            }
            auto runner = open_runner(*parse_location(url()));
            if (runner) { return; }
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }
    ~redis_server() {
        if (child_ <= 0) { return; }
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
    }
    redis_server(const redis_server&) = delete;
    redis_server& operator=(const redis_server&) = delete;

    [[nodiscard]] bool is_there() const { return child_ > 0; }
    [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + port_; }

private:
    pid_t child_ = -1;
    std::string port_;
};

TEST(TcpRunner, PipelinesLargeBatchesBothWays) {
    const redis_server redis;
    if (!redis.is_there()) { GTEST_SKIP() << "redis-server is not installed"; }
    auto runner = open_runner(*parse_location(redis.url() + "/3"));
    ASSERT_TRUE(runner) << runner.error().context;
    // Commands and replies of 40 MB each: neither side may wait for the other to read first.
    const std::string big(20'000, 'x');
    command_batch batch;
    for (int at = 0; at < 2000; ++at) {
        batch.add({"SET", "k" + std::to_string(at % 10), big});
        batch.add({"GET", "k" + std::to_string(at % 10)});
    }
    const auto replies = run_checked(**runner, batch);
    ASSERT_TRUE(replies) << replies.error().context;
    EXPECT_EQ(replies->size(), 4000);
    EXPECT_EQ(replies->back().text, big);
    const auto reply = (*runner)->run({"HGETALL", "nothing"});
    EXPECT_EQ(reply->kind, reply_kind::map);  // RESP3 was agreed on
    EXPECT_TRUE((*runner)->run({"NOSUCH"})->is_error());
}

// The four types arrive as they were, long ones in pages, deadlines too; the others are counted.
TEST(RedisImport, CopiesTypesAndDeadlines) {
    const redis_server redis;
    if (!redis.is_there()) { GTEST_SKIP() << "redis-server is not installed"; }
    auto from = open_runner(*parse_location(redis.url()));
    auto to = open_runner(*parse_location(redis.url() + "/1"));
    ASSERT_TRUE(from && to);
    command_batch batch;
    const std::string bytes("\x00\xff\r\n", 4);
    batch.add({"SET", "s", bytes});
    batch.add({"SET", "empty", ""});
    batch.add({"SET", "dies", "soon", "PX", "100000"});
    batch.add({"ZADD", "z", "1", "a"});
    batch.add({"XADD", "x", "*", "a", "b"});
    for (int at = 0; at < 5000; ++at) {
        const auto text = std::to_string(at);
        batch.add({"RPUSH", "l", text});
        batch.add({"HSET", "h", text, "v" + text});
        batch.add({"SADD", "set", text});
    }
    for (int at = 0; at < 2500; ++at) { batch.add({"SET", "many:" + std::to_string(at), "x"}); }
    ASSERT_TRUE(run_checked(**from, batch));
    ASSERT_TRUE(checked((*to)->run({"SET", "l", "another type"})));
    std::ostringstream err;
    progress hidden(err, false, "importing", "key");
    const auto report = import_redis(**from, **to, "*", system_clock(), hidden);
    ASSERT_TRUE(report) << report.error().context;
    using counts = std::vector<std::pair<std::string, std::uint64_t>>;
    EXPECT_EQ(report->taken, (counts{{"hash", 1}, {"list", 1}, {"set", 1}, {"string", 2503}}));
    EXPECT_EQ(report->others, (counts{{"stream", 1}, {"zset", 1}}));
    EXPECT_EQ(report->with_deadline, 1);
    EXPECT_EQ((*to)->run({"GET", "s"})->text, bytes);
    EXPECT_EQ(*(*to)->run({"GET", "empty"}), make_text(""));
    EXPECT_EQ(*(*to)->run({"LRANGE", "l", "0", "-1"}), *(*from)->run({"LRANGE", "l", "0", "-1"}));
    EXPECT_EQ((*to)->run({"HGET", "h", "4999"})->text, "v4999");
    EXPECT_EQ(number_of(*(*to)->run({"HLEN", "h"})), 5000);
    EXPECT_EQ(number_of(*(*to)->run({"SCARD", "set"})), 5000);
    const auto left = number_of(*(*to)->run({"PTTL", "dies"}));
    EXPECT_GT(left, 50'000);
    EXPECT_LE(left, 100'000);
    EXPECT_EQ(number_of(*(*to)->run({"PTTL", "s"})), -1);
}

}  // namespace
}  // namespace coppice::cli::testing
