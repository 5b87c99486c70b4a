// src/server/listener.hpp: sockets that wait for clients.
//
// At most 64 connections are accepted in a turn, so that a storm of new clients does not starve the old ones.
// When the system is out of descriptors the listener rests for a while instead of spinning.
//
// Threads: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/fwd.h>

#include <coppice/base/error.hpp>

#include "server/connection.hpp"
#include "server/loop.hpp"

namespace coppice::server {

inline constexpr int accepts_a_turn = 64;

class listener {
public:
    /// Takes over the descriptor of each new connection.
    using on_accept = std::function<void(accepted, bool from_this_machine)>;

    listener(loop& on, spdlog::logger& log, on_accept taken);
    ~listener();
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

    /// Listens at each of the addresses ("127.0.0.1 -::1": one with a minus may fail).  Port 0 is chosen by the system
    /// once, for all of them.  Errors: errc::io, errc::invalid; then it listens nowhere.
    [[nodiscard]] status listen_at(std::string_view addresses, std::uint16_t port, int backlog);
    /// The port, once it listens.
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    /// "127.0.0.1:5000", for the log.
    [[nodiscard]] const std::vector<std::string>& addresses() const noexcept { return addresses_; }
    void close() noexcept;

private:
    struct socket {
        int descriptor;
        std::unique_ptr<loop::watch> watch;
    };

    [[nodiscard]] status listen_at_one(const std::string& address, int backlog);
    void accept_some(int descriptor);
    void rest();

    loop& loop_;
    spdlog::logger& log_;
    on_accept taken_;
    std::vector<socket> sockets_;
    std::vector<std::string> addresses_;
    std::uint16_t port_ = 0;
    timer_id resting_ = timer_id::none;
};

/// Probes a silent peer after `seconds`, and again some times before it counts as dead; 0 for never.
void set_keepalive(int descriptor, std::int64_t seconds) noexcept;

}  // namespace coppice::server
