// src/server/command_service.hpp: the commands behind the connections: sessions, batches, waiting, statistics.
//
// It is the host's service and the commands' host: requests come in from connections, run against the engine,
// and what they ask of the server (clients, settings, shutting down) is answered here.
//
//   batches    neighbouring GETs of one read descend together; the log gets one record for a batch's writes
//   waiting    a command that needs a page that is not in memory is undone and parked while a worker loads;
//              after three misses it waits for its loads, a read on a worker
//   long       a read of more than long_read_elements elements or long_answer_bytes bytes is answered by a worker, from
//              a snapshot
//   pace       clients that write faster than checkpoints follow are made to wait, others are not
//   upkeep     expired keys are removed on branches in use; idle scans give up their snapshot
//
// Threads: the loop's.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <spdlog/fwd.h>

#include "command/dispatch.hpp"
#include "command/session.hpp"
#include "server/loop.hpp"
#include "server/service.hpp"
#include "server/settings.hpp"

namespace coppice::server {

class host;

class command_service final : public service, public command_host {
public:
    /// The references must outlive the service.
    command_service(loop& events, engine& data, settings& given, spdlog::logger& log);
    ~command_service() override;

    /// Names the host, which is made after the service.  Requires: before it runs.
    void serve_for(host& server) noexcept { server_ = &server; }
    /// SHUTDOWN NOSAVE: no last checkpoint.
    [[nodiscard]] bool ends_with_checkpoint() const noexcept { return final_checkpoint_; }

    // What the host asks.
    void connected(client& who) override;
    void disconnected(client& who) noexcept override;
    std::size_t run(client& who, std::span<const request> requests) override;
    std::uint64_t end_turn() override;
    [[nodiscard]] std::uint64_t durable() const noexcept override { return store.durable(); }
    [[nodiscard]] znsocket::hub& participants() noexcept override { return hub; }

    // What the commands ask.
    void wrote(live_branch& branch) override;
    void wrote(std::span<live_branch* const> branches) override;
    void flush_writes() override;
    [[nodiscard]] connection_figures connection_of(const command_session& session) const override;
    void kill(command_session& session) override;
    void set_protocol(command_session& session, int version) override;
    void mute(command_session& session, bool on) override;
    [[nodiscard]] reply_sink* push(command_session& session, std::size_t size) override;
    void authentication_changed(command_session& session) override;
    void login_refused(command_session& session) override;
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> settings_matching(
        std::span<const std::string_view> patterns) const override;
    [[nodiscard]] status change_settings(std::span<const name_and_value> wanted) override;
    [[nodiscard]] std::string password() const override;
    void describe(std::string_view section, info_text& text) override;
    void reset_stats() override;
    [[nodiscard]] status shut_down(bool final_checkpoint) override;
    [[nodiscard]] status save(command_context& context) override;
    [[nodiscard]] bool answer_long(const command_context& context, const command& row, arguments given) override;
    [[nodiscard]] bool answer_prepared(const command_context& context,
                                       std::function<void(reply_sink&)> answer) override;

private:
    struct connected_client;
    /// Neighbouring calls of one command, timed together.
    struct stretch {
        std::chrono::nanoseconds begun{0};
        std::size_t first = 0;  // of the batch's requests
    };

    [[nodiscard]] std::size_t run_gets(connected_client& from, std::span<const request> requests);
    [[nodiscard]] std::size_t bring_near(const connected_client& from, std::span<const request> requests) const;
    [[nodiscard]] bool run_one(connected_client& from, const request& given);
    void follow_reply_mode(connected_client& from, replies before);
    void end_stretch(connected_client& from, stretch& open, std::span<const request> requests, std::size_t end);
    void note_slow(const connected_client& from, const request& given, std::chrono::nanoseconds spent);
    void wait_for_page(connected_client& from, const not_resident& missing);
    void run_waiting(connected_client& from, const request& given);
    void load_for_sweep(std::vector<not_resident> missing);
    void for_each_writer(function_ref<void(client&)> seen);
    void pace_writers(const log_pace& pace);
    void look_at_memory();
    void sweep();
    /// Returns how many keys it removed.
    [[nodiscard]] std::size_t sweep(live_branch& branch);
    void sweep_soon();
    void close_running() noexcept;
    void count_operations();
    void tell_trouble();
    void note_writer();
    void note_commit(log_sequence end, std::chrono::nanoseconds begun);
    void note_durable();
    [[nodiscard]] client& client_of(const command_session& session) const;

    loop& loop_;
    settings& settings_;
    spdlog::logger& log_;
    host* server_ = nullptr;
    std::vector<timer_id> timers_;
    std::uint64_t logins_refused_ = 0;  // since the log said so
    std::chrono::nanoseconds refusal_told_ = -std::chrono::hours(1);
    timer_id sweep_soon_ = timer_id::none;
    std::vector<std::weak_ptr<live_branch>> to_sweep_;  // in this pass
    bool sweep_again_ = false;                          // some branch of this pass has more expired keys
    std::unordered_map<std::uint64_t, connected_client*> clients_;

    connected_client* running_ = nullptr;  // whose request is run
    bool given_away_ = false;              // the request at hand is answered by a worker
    milliseconds_utc now_ = 0;
    live_branch* unrecorded_ = nullptr;   // has writes that record() has not seen
    struct writer {
        std::uint64_t id;
        std::uint64_t bytes;  // of what was run together with his writes
    };
    std::vector<writer> writers_;  // clients that wrote in this turn
    std::uint64_t unpaced_bytes_ = 0;  // of the requests that are run, while none of them has written
    std::size_t paced_ = 0;        // those that wait for having written
    struct commit {
        log_sequence end;
        std::chrono::nanoseconds begun;
    };
    std::deque<commit> commits_;  // turns that wrote and are not durable yet
    std::uint64_t operations_seen_ = 0;
    std::string trouble_told_;  // in the server's log
    bool final_checkpoint_ = true;
};

}  // namespace coppice::server
