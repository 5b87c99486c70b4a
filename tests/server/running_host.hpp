// tests/server/running_host.hpp: a host on a thread of its own, and clients with real sockets.
#pragma once

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/fake_service.hpp"
#include "server/host.hpp"
#include "wire/resp_writer.hpp"

namespace coppice::server::testing {

using namespace std::chrono_literals;

// A blocking client that waits at most five seconds for anything.
class test_client {
public:
    explicit test_client(std::uint16_t port, int receive_bytes = 0)
        : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        if (receive_bytes != 0) {
            ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
        }
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(descriptor_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    }
    test_client(const test_client&) = delete;
    test_client& operator=(const test_client&) = delete;
    ~test_client() { close(); }

    [[nodiscard]] bool connected() const { return connected_; }
    void close() {
        if (descriptor_ >= 0) { ::close(std::exchange(descriptor_, -1)); }
    }
    void reset() {  // the peer sees an error, not an end
        const linger at_once{1, 0};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }
    void half_close() { ::shutdown(descriptor_, SHUT_WR); }

    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) { return; }  // the server hung up; what it said is still to be read
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    void send_request(std::vector<std::string_view> words) {
        std::string bytes;
        wire::append_request(bytes, words);
        send(bytes);
    }
    /// What a socket's buffer takes at once; the rest is not sent.
    std::size_t send_some(std::string_view bytes) {
        const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        return sent < 0 ? 0 : static_cast<std::size_t>(sent);
    }

    /// Exactly `count` bytes, or fewer at the end or after the wait.
    std::string receive(std::size_t count, std::chrono::milliseconds wait = 5s) {
        std::string got(count, '\0');
        std::size_t filled = 0;
        while (filled < count && readable(wait)) {
            const auto more = ::recv(descriptor_, got.data() + filled, count - filled, 0);
            if (more <= 0) { break; }
            filled += static_cast<std::size_t>(more);
        }
        got.resize(filled);
        return got;
    }
    std::string receive_all(std::chrono::milliseconds wait = 5s) { return receive(64 * 1024 * 1024, wait); }
    [[nodiscard]] bool silent_for(std::chrono::milliseconds wait) { return !readable(wait); }
    /// True when the next thing from the server is the end.
    [[nodiscard]] bool ended() {
        char byte = 0;
        return readable(5s) && ::recv(descriptor_, &byte, 1, 0) <= 0;
    }
    void expect(std::string_view bytes) {
        const auto got = receive(bytes.size());
        EXPECT_EQ(got, bytes);
    }
    std::uint64_t id() {
        send("ID\r\n");
        std::string digits;
        for (auto byte = receive(1); !byte.empty() && byte != "\n"; byte = receive(1)) { digits += byte; }
        return digits.empty() ? 0 : std::strtoull(digits.c_str() + 1, nullptr, 10);
    }

private:
    [[nodiscard]] bool readable(std::chrono::milliseconds wait) const {
        pollfd one{descriptor_, POLLIN, 0};
        return ::poll(&one, 1, static_cast<int>(wait.count())) == 1;
    }

    int descriptor_;
    bool connected_ = false;
};

/// The system's clock, which a test may put forward.
class hasty_clock final : public clock_source {
public:
    [[nodiscard]] microseconds_utc now() const noexcept override { return system_clock().now(); }
    [[nodiscard]] std::chrono::nanoseconds elapsed() const noexcept override {
        return system_clock().elapsed() + ahead.load();
    }
    std::atomic<std::chrono::nanoseconds> ahead{0ns};
};

class running_host {
public:
    explicit running_host(std::string_view name = {}, std::string_view value = {}) {
        EXPECT_TRUE(given_.set("bind", "127.0.0.1"));
        EXPECT_TRUE(given_.set("port", "0"));
        if (!name.empty()) { EXPECT_TRUE(given_.set(name, value)) << name; }
        host_ = std::make_unique<host>(events, commands, given_, *log_, clock);
        const auto listening = host_->listen();
        EXPECT_TRUE(listening) << listening.error().context;
        port = host_->port();
        thread_ = std::thread([this] { host_->run(); });
    }
    ~running_host() { stop(); }

    void stop() {
        if (thread_.joinable()) {
            host_->stop();
            thread_.join();
            host_.reset();
        }
    }
    /// Runs `f` on the loop's thread and waits for it.
    void on_loop(const std::function<void()>& f) {
        std::promise<void> done;
        events.post([&] {
            f();
            done.set_value();
        });
        done.get_future().wait();
    }
    void make_durable(std::uint64_t ticket) {
        commands.durable_ticket = ticket;
        events.wake();
    }
    host& server() { return *host_; }
    /// Requires: stopped.
    [[nodiscard]] std::string logged() const { return log_text_.str(); }

    fake_service commands;
    hasty_clock clock;
    loop events;
    std::uint16_t port = 0;

private:
    settings given_;
    std::ostringstream log_text_;
    std::shared_ptr<spdlog::logger> log_ =
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log_text_));
    std::unique_ptr<host> host_;
    std::thread thread_;
};

/// Waits until `truth` holds, for at most five seconds.
template <class Truth>
[[nodiscard]] bool eventually(Truth&& truth) {
    for (int i = 0; i < 5000; ++i) {
        if (truth()) { return true; }
        std::this_thread::sleep_for(1ms);
    }
    return false;
}

}  // namespace coppice::server::testing
