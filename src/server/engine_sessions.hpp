// src/server/engine_sessions.hpp: the clients of Engine.IO, by their session ids.
//
// Threads: the loop's.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/engine_session.hpp"
#include "server/loop.hpp"
#include "znsocket/hub.hpp"

namespace coppice::server {

class turn;

class engine_sessions {
public:
    explicit engine_sessions(turn& shared) : shared_(shared) {}
    ~engine_sessions();
    engine_sessions(const engine_sessions&) = delete;
    engine_sessions& operator=(const engine_sessions&) = delete;

    /// A new session under a fresh id, which nobody can guess.
    engine_session& open(engine_session::origin from);
    /// Null when there is none, or it is over.
    [[nodiscard]] engine_session* find(std::string_view sid) const;
    [[nodiscard]] std::size_t size() const noexcept { return sessions_.size(); }

    // Of a turn.
    void run_resumed();
    /// Refreshes that wait for a moment get a timer.
    void time_refreshes();
    /// Tells the service of sessions that are over.
    void tell_ends() noexcept;
    void free_ended();
    void second_passed(std::chrono::nanoseconds now);
    void end_all(std::string_view reason);

    // For the sessions.
    void mark_runnable(engine_session& one);
    void mark_over(engine_session& one) { over_.push_back(&one); }
    [[nodiscard]] turn& shared() const noexcept { return shared_; }
    [[nodiscard]] znsocket::hub& hub() const noexcept;

private:
    turn& shared_;
    std::unordered_map<std::string, std::unique_ptr<engine_session>> sessions_;
    std::vector<engine_session*> runnable_;
    std::vector<engine_session*> over_;
    timer_id refreshing_ = timer_id::none;
};

}  // namespace coppice::server
