#include "server/listener.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spdlog/logger.h>
#include <sys/socket.h>
#include <unistd.h>

namespace coppice::server {
namespace {

constexpr std::chrono::milliseconds rest_time{100};

std::string reason_of(int number) { return std::generic_category().message(number); }

// An address of either family, as the socket calls want it.
struct socket_address {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;

    [[nodiscard]] sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
    [[nodiscard]] std::string text() const {
        char digits[INET6_ADDRSTRLEN] = "?";
        if (storage.ss_family == AF_INET) {
            const auto& four = reinterpret_cast<const sockaddr_in&>(storage);
            inet_ntop(AF_INET, &four.sin_addr, digits, sizeof digits);
            return fmt::format("{}:{}", digits, ntohs(four.sin_port));
        }
        const auto& six = reinterpret_cast<const sockaddr_in6&>(storage);
        inet_ntop(AF_INET6, &six.sin6_addr, digits, sizeof digits);
        return fmt::format("[{}]:{}", digits, ntohs(six.sin6_port));
    }
    [[nodiscard]] std::uint16_t port() const noexcept {
        return ntohs(storage.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(storage).sin_port
                                                  : reinterpret_cast<const sockaddr_in6&>(storage).sin6_port);
    }
    [[nodiscard]] bool is_this_machine() const noexcept {
        constexpr unsigned loopback_net = 127;
        if (storage.ss_family == AF_INET) {
            return ntohl(reinterpret_cast<const sockaddr_in&>(storage).sin_addr.s_addr) >> 24 == loopback_net;
        }
        const auto& six = reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr;
        return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == loopback_net);
    }
};

bool set_option(int descriptor, int level, int option, int value) noexcept {
    return ::setsockopt(descriptor, level, option, &value, sizeof value) == 0;
}

}  // namespace

void set_keepalive(int descriptor, std::int64_t seconds) noexcept {
    if (seconds <= 0) { return; }
    const int interval = static_cast<int>(std::clamp<std::int64_t>(seconds / 3, 1, 32767));
    set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
    constexpr int probes = 3;
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(std::min<std::int64_t>(seconds, 32767)));
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, interval);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, probes);
#endif
}

listener::listener(loop& on, spdlog::logger& log, on_accept taken) : loop_(on), log_(log), taken_(std::move(taken)) {}

listener::~listener() { close(); }

void listener::close() noexcept {
    if (resting_ != timer_id::none) { loop_.cancel(std::exchange(resting_, timer_id::none)); }
    for (auto& each : sockets_) {
        each.watch.reset();
        ::close(each.descriptor);
    }
    sockets_.clear();
}

status listener::listen_at(std::string_view addresses, std::uint16_t port, int backlog) {
    port_ = port;
    addresses_.clear();
    std::string last_refusal;
    while (!addresses.empty()) {
        const auto end = std::min(addresses.find(' '), addresses.size());
        auto word = addresses.substr(0, end);
        addresses.remove_prefix(std::min(end + 1, addresses.size()));
        if (word.empty()) { continue; }
        const bool optional = word.starts_with('-');
        if (optional) { word.remove_prefix(1); }
        const auto done = listen_at_one(std::string(word), backlog);
        if (done) { continue; }
        if (!optional) {
            close();
            return done.error();
        }
        last_refusal = done.error().context;
    }
    if (sockets_.empty()) { return error{errc::invalid, "no address to listen at: " + last_refusal}; }
    return {};
}

status listener::listen_at_one(const std::string& address, int backlog) {
    const auto failed = [&](std::string_view step, const std::string& why) {
        return error{errc::io, fmt::format("{}:{}: {}: {}", address, port_, step, why)};
    };
    const bool every_four = address == "*";
    const bool every_six = address == "::*";
    addrinfo hints{};
    hints.ai_family = every_four ? AF_INET : every_six ? AF_INET6 : AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const auto* const name = every_four || every_six ? nullptr : address.c_str();
    if (const int status = ::getaddrinfo(name, std::to_string(port_).c_str(), &hints, &found); status != 0) {
        return failed("finding the address", ::gai_strerror(status));
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> freed(found, ::freeaddrinfo);
    const int descriptor = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) { return failed("making a socket", reason_of(errno)); }
    set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    if (found->ai_family == AF_INET6) { set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1); }
    socket_address bound;
    if (::bind(descriptor, found->ai_addr, found->ai_addrlen) != 0 || ::listen(descriptor, backlog) != 0
        || ::getsockname(descriptor, bound.get(), &bound.length) != 0) {
        const int number = errno;
        ::close(descriptor);
        const std::string_view hint =
            number == EADDRINUSE ? "; another server listens there, choose another port with --port" : "";
        return failed("listening", fmt::format("{}{}", reason_of(number), hint));
    }
    port_ = bound.port();
    addresses_.push_back(bound.text());
    auto watch = loop_.watch_descriptor(descriptor, [this, descriptor](readiness) { accept_some(descriptor); });
    watch->want(readiness::read);
    sockets_.push_back({descriptor, std::move(watch)});
    return {};
}

void listener::accept_some(int descriptor) {
    for (int i = 0; i < accepts_a_turn; ++i) {
        socket_address peer;
        const int taken = ::accept4(descriptor, peer.get(), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (taken < 0) {
            const int number = errno;
            if (number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM) {
                log_.warn("cannot accept connections for now: {}", reason_of(number));
                rest();
            }
            return;  // nobody is there, or one went away again
        }
        set_option(taken, IPPROTO_TCP, TCP_NODELAY, 1);
        socket_address local;
        ::getsockname(taken, local.get(), &local.length);
        taken_({taken, peer.text(), local.text()}, peer.is_this_machine());
    }
}

void listener::rest() {
    if (resting_ != timer_id::none) { return; }
    for (auto& each : sockets_) { each.watch->want(readiness::none); }
    resting_ = loop_.after(rest_time, [this] {
        resting_ = timer_id::none;
        for (auto& each : sockets_) { each.watch->want(readiness::read); }
    });
}

}  // namespace coppice::server
