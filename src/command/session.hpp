// command/session.hpp: who a command speaks for, and what it may ask of the program around it.
//
// A command_session is one client: its name, branch, key space, its MULTI. A command_host is the program: its
// clients, settings, statistics. The host below is complete, so a program that runs commands in its own process
// needs nothing else; a server overrides what only it knows.
//
//     command_host host(store);
//     command_session me(host, 1, *store.branch("main"));
//     run_request(host, me, sink, words);      (command/dispatch.hpp)
//
// Threads: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <coppice/base/clock.hpp>
#include <coppice/base/function_ref.hpp>
#include <coppice/base/histogram.hpp>
#include <coppice/base/limits.hpp>
#include <coppice/base/random.hpp>

#include <command/command.hpp>
#include <command/scan.hpp>
#include <command/watch.hpp>
#include <znsocket/hub.hpp>

namespace coppice {

/// Commands that wait for EXEC, packed: three runs of memory however many there are.
class command_queue {
public:
    void add(const command& row, arguments given);
    void clear() noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }
    /// Of memory, for what was added.
    [[nodiscard]] std::size_t bytes() const noexcept {
        return bytes_.size() + ends_of_words_.size() * sizeof(std::size_t) + rows_.size() * bytes_per_command;
    }
    /// What bytes() would grow by.
    [[nodiscard]] static std::size_t bytes_of(arguments given) noexcept;
    [[nodiscard]] const command& row(std::size_t index) const noexcept { return *rows_[index]; }
    /// The words of one command, put into `words`.
    void words_of(std::size_t index, std::vector<std::string_view>& words) const;

private:
    static constexpr std::size_t bytes_per_command = sizeof(const command*) + sizeof(std::size_t);
    std::vector<const command*> rows_;
    std::vector<std::size_t> ends_of_words_;     // in bytes_
    std::vector<std::size_t> ends_of_commands_;  // in ends_of_words_
    std::string bytes_;
};

enum class replies : std::uint8_t { on, off, skip_next, skip_this };  ///< CLIENT REPLY

class command_session {
public:
    command_session(command_host& of, std::uint64_t number, branch_handle on);
    ~command_session();
    command_session(const command_session&) = delete;
    command_session& operator=(const command_session&) = delete;

    // Constant after construction.
    command_host& host;
    const std::uint64_t id;
    const std::chrono::nanoseconds created;  ///< monotonic

    // Who.
    std::string name;
    std::string user = "default";
    std::string library_name;
    std::string library_version;
    bool authenticated = true;
    int protocol = 2;
    bool no_evict = false;
    bool no_touch = false;
    bool closing = false;  ///< after this reply
    replies reply_mode = replies::on;
    const command* last = nullptr;             ///< the row that was run last
    const command* last_subcommand = nullptr;  ///< and its own, of a container

    // What it works on.
    branch_handle branch;
    unsigned database = 0;

    // MULTI.
    bool in_multi = false;
    bool multi_failed = false;  ///< a queued command was refused: EXEC answers EXECABORT
    bool multi_adds = false;    ///< a queued command adds data: EXEC needs memory for it
    bool touched = false;       ///< a watched key was
    bool in_exec = false;
    bool exec_ends_at_error = false;  ///< what stands behind a command that failed is not run
    std::vector<live_branch*> exec_branches;  ///< those with a group that EXEC will end
    command_queue queue;
    std::vector<watched_key> watched;

    /// What listens for refreshes and questions (ZNSOCKET LISTEN); null: nothing.
    std::unique_ptr<znsocket::participant> participant;

    /// Anything that keeps a request from being simply run.
    [[nodiscard]] bool needs_care() const noexcept {
        return in_multi || !authenticated || reply_mode != replies::on || closing;
    }
    /// Forgets queue and watched keys.
    void end_multi() noexcept;
    /// As a new connection: RESET.
    void reset(branch_handle main);
};

/// Calls, and what they cost, of one row of the table.
struct command_calls {
    std::uint64_t calls = 0;
    std::chrono::nanoseconds spent{0};
    std::uint64_t failed = 0;
};

struct command_stats {
    std::vector<command_calls> rows;  ///< in the order of all_commands()
    std::uint64_t commands = 0;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t errors = 0;
    std::uint64_t expired = 0;
    std::uint64_t misses_in_memory = 0;  ///< commands that waited for a page
    std::uint64_t long_reads = 0;        ///< given to a worker
    std::uint64_t transactions = 0;      ///< EXECs that ran
    std::uint64_t conflicts = 0;         ///< EXECs that did not, for a watched key was touched
    std::uint64_t ops_per_second = 0;
};

struct slow_entry {
    std::uint64_t id;
    std::int64_t time;  ///< seconds UTC
    std::int64_t microseconds;
    std::vector<std::string> words;
    std::string address;
    std::string name;
};

/// Lines of INFO.
class info_text {
public:
    void section(std::string_view title);
    void line(std::string_view name, std::string_view value);
    void line(std::string_view name, std::uint64_t value);
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
};

/// What CLIENT LIST shows of a connection, the names as there.
struct connection_figures {
    std::string addr;
    std::string laddr;
    int fd = -1;
    std::int64_t age = 0;
    std::int64_t idle = 0;
    std::uint64_t qbuf = 0;
    std::uint64_t qbuf_free = 0;
    std::uint64_t argv_mem = 0;
    std::uint64_t rbs = 0;
    std::uint64_t obl = 0;
    std::uint64_t omem = 0;
    std::uint64_t tot_mem = 0;
    std::string events = "r";
};

class command_host {
public:
    explicit command_host(engine& of);
    virtual ~command_host() = default;
    command_host(const command_host&) = delete;
    command_host& operator=(const command_host&) = delete;

    engine& store;
    const clock_source& clock;
    scan_table scans;
    watch_table watches;
    znsocket::hub hub;
    command_stats stats;
    duration_histogram commit_times;  ///< of turns that wrote: until what they wrote is as safe as appendfsync asks
    random_source random;
    std::deque<slow_entry> slow;  ///< newest first
    std::uint64_t slow_ids = 0;
    std::int64_t slow_limit_us = 10'000;  ///< negative: none is kept
    std::size_t slow_length_max = 128;
    const milliseconds_utc started;
    bool out_of_memory = false;  ///< commands that make data larger are refused
    std::size_t queued_bytes_max = limits::queued_bytes;
    // Room in the log is asked for once for all requests that were read together.
    std::uint64_t batch_bytes = 0;  ///< theirs; 0: each asks for itself
    bool room_reserved = false;
    microseconds_utc last_save = 0;  ///< of LASTSAVE, before the first checkpoint of this run

    // Sessions.

    /// Calls `seen` with each client.
    virtual void each_session(function_ref<void(command_session&)> seen);
    /// Its connection.
    [[nodiscard]] virtual connection_figures connection_of(const command_session& session) const;
    /// Ends a connection; the caller's own ends after its reply.
    virtual void kill(command_session& session) { session.closing = true; }
    virtual void set_protocol(command_session& session, int version) { session.protocol = version; }
    /// CLIENT REPLY: what is said from here on is not heard, or is again.
    virtual void mute(command_session&, bool) {}
    /// Begins a message to a session that did not ask for it, in RESP3; null: there is no way to it.
    [[nodiscard]] virtual reply_sink* push(command_session&, std::size_t /*size*/) { return nullptr; }
    /// `authenticated` of the session was set.
    virtual void authentication_changed(command_session&) {}
    /// Somebody gave a password, or a user, that is not right.
    virtual void login_refused(command_session&) {}

    // Writes.

    /// A command changed `branch`.  Its records are handed over now, or with those of its neighbours.
    virtual void wrote(live_branch& branch) { store.record(branch); }
    /// One change of several branches: a crash keeps all of it or nothing.
    virtual void wrote(std::span<live_branch* const> branches) { store.record(branches); }
    /// Hands over what wrote() kept back.  Called before anything that names a version.
    virtual void flush_writes() {}

    // Settings.

    using name_and_value = std::pair<std::string_view, std::string_view>;
    [[nodiscard]] virtual std::vector<std::pair<std::string, std::string>> settings_matching(
        std::span<const std::string_view> patterns) const;
    /// Errors: the context is Redis's message without "ERR ".
    [[nodiscard]] virtual status change_settings(std::span<const name_and_value> wanted);
    [[nodiscard]] virtual std::string password() const { return {}; }

    // The program.

    /// Adds what only the server knows to a section, named in lower case.
    virtual void describe(std::string_view section, info_text& text);
    virtual void reset_stats();
    /// Errors: says why not.
    [[nodiscard]] virtual status shut_down(bool final_checkpoint);
    /// Writes a checkpoint and says OK once it is durable.
    [[nodiscard]] virtual status save(command_context& context);
    /// Lets a worker answer a long read: takes what it needs and returns true, or false: run it here.
    [[nodiscard]] virtual bool answer_long(const command_context&, const command&, arguments) { return false; }
    /// The same for an answer that a command has prepared: `answer` owns what it uses, and throws nothing but
    /// what its sink throws and std::bad_alloc.
    [[nodiscard]] virtual bool answer_prepared(const command_context&, std::function<void(reply_sink&)>) {
        return false;
    }

protected:
    friend class command_session;
    std::vector<command_session*> sessions_;
};

}  // namespace coppice
