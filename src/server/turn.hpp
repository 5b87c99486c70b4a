// src/server/turn.hpp: what the connections of one loop share, and what happens at the end of a turn.
//
// The end of a turn, in this order
//   1. clients that were resumed run the requests that waited
//   2. the service hears of clients it killed
//   3. the service writes its log: end_turn
//   4. replies whose ticket became durable are let go
//   5. each connection that has something to say is written to once
//   6. dead connections are freed
//
// Threads: the loop's.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <spdlog/fwd.h>

#include <coppice/base/clock.hpp>

#include "server/connection.hpp"
#include "server/loop.hpp"
#include "server/service.hpp"
#include "server/settings.hpp"
#include "server/worker_pool.hpp"
#include "wire/byte_buffer.hpp"
#include "wire/resp_request.hpp"

namespace coppice::server {

class engine_sessions;

inline constexpr std::size_t read_bytes = 16 * 1024;  ///< at most, from one connection in one turn
inline constexpr std::size_t scratch_bytes = 64 * 1024;
inline constexpr std::size_t write_bytes = 256 * 1024;  ///< at most, to one connection in one turn

/// Sums since the start, for INFO.
struct traffic {
    std::uint64_t connections = 0;
    std::uint64_t rejected = 0;
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;
    std::uint64_t turns = 0;
    std::uint64_t output_limit_disconnections = 0;
};

class turn {
public:
    turn(loop& on, service& commands, settings& given, const clock_source& clock, spdlog::logger& log,
         worker_pool& workers);
    ~turn();
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

    void add(accepted from);
    void end();
    void second_passed();
    void stop_reading();
    /// Ends every connection, with or without unsent answers.
    void end_all(std::string_view reason);
    [[nodiscard]] std::size_t size() const noexcept { return connections_.size(); }
    [[nodiscard]] bool has_unsent() const noexcept;

    // For the connections.
    [[nodiscard]] std::uint64_t next_id() noexcept { return ++ids_given_; }
    [[nodiscard]] engine_sessions& sessions() noexcept { return *sessions_; }
    void mark_dirty(connection& one) {
        if (!one.dirty) {
            one.dirty = true;
            dirty_.push_back(&one);
        }
    }
    void mark_runnable(connection& one);
    void mark_held(connection& one);
    void mark_dead(connection& one) { dead_.push_back(&one); }
    /// A buffer for replies, and back: connections with nothing to say own none.
    [[nodiscard]] wire::byte_buffer take_buffer() noexcept;
    void give_buffer(wire::byte_buffer buffer) noexcept;
    [[nodiscard]] wire::request_limits request_limits_for(bool authenticated) const noexcept;

    loop& events;
    service& commands;
    const clock_source& clock;
    spdlog::logger& log;
    worker_pool& workers;
    traffic sums;
    /// Of requests that were read and not run: those of all clients, and how many one may have.
    std::size_t waiting_bytes = 0;
    std::size_t waiting_limit = 0;
    /// "timeout", the hard output limit and the allowed origins, read from the settings once.
    std::chrono::seconds idle_limit{0};
    std::size_t output_limit = 0;
    std::string allowed_origins;
    /// While the clients are looked at, once a second: for how many jobs a worker is still to be had.
    std::size_t stuck_jobs = 0;
    /// For the read at hand.
    std::array<char, scratch_bytes> scratch;
    wire::request_batch batch;
    wire::byte_buffer discarded;  ///< what muted clients would have heard

private:
    void run_resumed();
    void release_durable();
    void free_dead();
    void read_settings(const settings& given);

    std::uint64_t ids_given_ = 0;
    std::uint64_t durable_seen_ = 0;
    std::uint64_t bulk_bytes_ = 0;
    std::unique_ptr<engine_sessions> sessions_;
    std::unordered_map<std::uint64_t, std::unique_ptr<connection>> connections_;
    std::vector<connection*> dirty_;
    std::vector<connection*> runnable_;
    std::vector<connection*> held_;
    std::vector<connection*> dead_;
    std::vector<wire::byte_buffer> spare_;
    std::size_t spare_bytes_ = 0;
    std::size_t spare_least_ = 0;  // since the last second: what was never needed
};

}  // namespace coppice::server
