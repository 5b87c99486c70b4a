// command/dispatch.hpp: from words to a reply: look up, check, run, undo, say what went wrong.
//
// A request either is finished (its reply is on the sink), or it needs a page that is not in memory: then
// nothing has changed, nothing was said, and it is to be run again once engine.load() has loaded the page.
//
// Changes. A command of one primitive is done wholly or not at all. One of several calls start_group() first;
// the dispatcher ends the group, or undoes it when the command returns an error or throws. EXEC is one group,
// in which such commands are steps.
//
// Threads: the loop's.
#pragma once

#include <functional>
#include <optional>

#include <coppice/base/limits.hpp>
#include <coppice/tree/pool.hpp>

#include <command/command.hpp>
#include <command/session.hpp>

namespace coppice {

/// Makes all that this command writes one change. Call it before the first of several primitives.
inline void start_group(const command_context& context) {
    auto& writer = context.writer();
    writer.in_group() ? writer.begin_step() : writer.begin_group();
}

/// Fails EXEC for whoever watches the key: of a command that changes nothing and still touches it, as in Redis.
inline void touch_key(const command_context& context, std::string_view key) noexcept {
    if (context.host != nullptr) { context.host->watches.touch(context.branch.id, context.database, key); }
}

/// Nothing: the request is finished. Else the page that it needs.
using run_outcome = std::optional<not_resident>;

/// Runs one request of a session, whatever state it is in.  Throws nothing but what the sink throws.
[[nodiscard]] run_outcome run_request(command_host& host, command_session& session, reply_sink& reply, arguments given,
                                      milliseconds_utc now);
/// The same at the present time, waiting for pages: for programs without a loop.
void run_request(command_host& host, command_session& session, reply_sink& reply, arguments given);

/// Runs a command whose words fit its row. What it wrote is recorded with the engine.
/// Throws not_resident and std::bad_alloc, all undone.
void run_command(command_context& context, const command& row, arguments given);

/// Before a queue's first command: the collections that this one of its commands writes to become their own, so that
/// reads in front of it see what it changes (command/fallbacks.cpp).  What is wrong the command says when it is run.
/// Throws as run_command().
void adopt_before(const command_context& context, const command& row, arguments given);

/// The row that `given` calls, a container's subcommand where it has them; says what is wrong and returns null
/// where there is none or the arguments do not fit.
[[nodiscard]] const command* row_for(reply_sink& reply, arguments given);

/// What a command answers that would add data while memory is above maxmemory.
inline constexpr std::string_view oom_text = "OOM command not allowed when used memory > 'maxmemory'.";

/// Says an error with its prefix.
void reply_error(reply_sink& reply, const error& failure);

/// `ON branch command ...` and `AT reference command ...`: rows of the table that run another.
[[nodiscard]] status run_on(command_context& context, arguments given);
[[nodiscard]] status run_at(command_context& context, arguments given);

/// A read on a worker: owns all it needs.
class long_command {
public:
    long_command(const command_context& context, const command& row, arguments given);
    /// Threads: any, once.
    void run(reply_sink& reply);

private:
    engine& store_;
    branch_handle branch_;
    snapshot_state state_;
    unsigned database_;
    milliseconds_utc now_;
    const command& row_;
    std::vector<std::string> words_;
};

/// A read that touches more elements than this is long, and one whose answer has more bytes than that.
inline constexpr std::uint64_t long_read_elements = 2'000;
inline constexpr std::size_t long_answer_bytes = limits::reply_pause_bytes;

}  // namespace coppice
