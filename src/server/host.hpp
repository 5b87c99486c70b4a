// src/server/host.hpp: a server, seen from outside: it listens, serves, and stops.
//
//     settings given;                        // and a file, and the command line
//     loop events;
//     my_service commands(events, ...);
//     host server(events, commands, given, *logger);
//     if (auto listening = server.listen(); !listening) { ... }
//     server.run();                          // until SIGTERM, SIGINT or stop()
//
// Threads: stop may be called from any thread, all else belongs to the loop's.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <spdlog/fwd.h>

#include <coppice/base/clock.hpp>
#include <coppice/base/error.hpp>

#include "server/listener.hpp"
#include "server/loop.hpp"
#include "server/service.hpp"
#include "server/settings.hpp"
#include "server/turn.hpp"
#include "server/worker_pool.hpp"

namespace coppice::server {

class host {
public:
    /// The references must outlive the host.
    host(loop& events, service& commands, settings& given, spdlog::logger& log,
         const clock_source& clock = system_clock());
    ~host();
    host(const host&) = delete;
    host& operator=(const host&) = delete;

    /// Listens where the settings say, and asks the system for a descriptor for each client.
    /// Errors: errc::io, errc::invalid.
    [[nodiscard]] status listen();
    [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port(); }
    [[nodiscard]] const std::vector<std::string>& addresses() const noexcept { return listener_.addresses(); }

    /// SIGTERM and SIGINT stop the server; SIGHUP and SIGPIPE do nothing.
    void handle_signals();
    /// Serves until stopped.
    void run();
    /// Takes no more requests, sends what was answered (for at most a second), then ends run().
    void stop();

    [[nodiscard]] std::size_t client_count() const noexcept { return turn_->size(); }
    [[nodiscard]] const traffic& sums() const noexcept { return turn_->sums; }
    [[nodiscard]] worker_pool& workers() noexcept { return *workers_; }

private:
    void accept(accepted from, bool from_this_machine);
    void begin_stop();
    void finish_stop();

    loop& loop_;
    settings& settings_;
    spdlog::logger& log_;
    std::unique_ptr<worker_pool> workers_;
    std::unique_ptr<turn> turn_;
    listener listener_;
    timer_id cron_;
    timer_id last_call_ = timer_id::none;  // while stopping
    bool stopping_ = false;
    std::atomic<bool> stop_asked_ = false;
};

}  // namespace coppice::server
