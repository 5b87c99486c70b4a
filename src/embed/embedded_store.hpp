// embed/embedded_store.hpp: an open store inside a program, used by commands from any of its threads; no server.
//
//     auto store = open_embedded_folder("data");           // one per folder and process, shared by all who ask
//     auto session = embedded_session::open(*store, "main");
//     session->run(words, sink);                           // one command, and what it wrote is in the log
//
// What a server's loop is to connections, `turn_` is to threads: whoever has it is the engine's one writer. Long
// answers are made after it is let go, from a snapshot. A thread of its own does what a server does between requests:
// it gives checkpoints their turn, makes restore points and removes expired keys.
//
// fork(). The child has neither the threads nor a share of the folder's lock: there each call answers errc::closed, and
// nothing is freed.
//
// Cost. A short read is a lock and the command; a write is one write(2) more, as in a server's turn of one command.
// Threads: any, but one session is used by one thread at a time or by commands that need no state between them.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <coppice/base/error.hpp>

#include <command/dispatch.hpp>
#include <command/session.hpp>
#include <embed/held_bytes.hpp>
#include <embed/mailbox.hpp>
#include <store/engine.hpp>

namespace coppice {

enum class upkeep : std::uint8_t {
    in_background,  ///< by threads of its own, also while the program is idle
    in_turns,       ///< at the end of each call: for a program that is done soon
};

/// The engine, which outlives the command_host that it is opened for.
struct engine_owner {
    const std::unique_ptr<engine> engine_;
};

class embedded_store final : private engine_owner, private command_host {
public:
    /// Opens what is stored there.
    [[nodiscard]] static result<std::shared_ptr<embedded_store>> open(storage where, upkeep how);
    /// Closes it, if nobody has, and lets go of the folder.
    ~embedded_store() override;

    /// Ends upkeep and writes a last checkpoint; from here on all answers are errc::closed.  Threads: any, again too.
    status close();
    /// Whether this process was forked from the one that opened it.
    [[nodiscard]] bool is_elsewhere() const noexcept;
    /// Sessions that are sent refreshes.  Cost: none: it need not wait for the turn.
    [[nodiscard]] std::size_t listeners() const noexcept { return listeners_.load(std::memory_order_relaxed); }
    /// In a child made by fork(): gives up its share of the folder's lock.
    void forget_lock() noexcept;

private:
    friend class embedded_session;
    embedded_store(std::unique_ptr<engine> opened, upkeep how);

    /// Errors: errc::closed.
    [[nodiscard]] status check_open() const;
    status end_turn();
    void run_upkeep();
    void remove_expired_keys();
    void wait_for(const log_pace& pace, std::uint64_t bytes_written);
    void deliver_pushes();

    // What the commands ask.
    void wrote(live_branch& branch) override;
    void wrote(std::span<live_branch* const> branches) override;
    [[nodiscard]] bool answer_long(const command_context& context, const command& row, arguments given) override;
    [[nodiscard]] bool answer_prepared(const command_context& context,
                                       std::function<void(reply_sink&)> answer) override;
    [[nodiscard]] reply_sink* push(command_session& session, std::size_t size) override;
    [[nodiscard]] status save(command_context& context) override;
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> settings_matching(
        std::span<const std::string_view> patterns) const override;
    [[nodiscard]] status change_settings(std::span<const name_and_value> wanted) override;

    // Constant after construction.
    const upkeep how_;
    const unsigned generation_;  // of forks, when it was opened

    std::mutex turn_;  // guards engine_ and what follows, down to the blank line
    bool closed_ = false;
    bool wrote_ = false;                         // since the last end_turn()
    std::function<void(reply_sink&)> deferred_;  // what the command at hand answers without the turn
    std::uint64_t sessions_given_ = 0;
    std::unordered_map<std::uint64_t, std::shared_ptr<mailbox>> mailboxes_;  // of sessions, by id
    std::vector<std::shared_ptr<mailbox>> begun_;                            // those that have something to deliver
    durability sync_ = durability::everysec;

    std::mutex wake_mutex_;  // guards what follows; nothing is waited for with it held
    std::condition_variable wake_;
    bool turn_wanted_ = false;
    bool stopping_ = false;
    std::atomic<std::size_t> paused_{0};  // threads that wait for having written
    std::atomic<std::size_t> listeners_{0};
    std::thread upkeep_;
};

/// One client of an embedded store: its branch, its key space, its MULTI.
class embedded_session {
public:
    /// Errors: errc::not_found, of the branch; errc::closed.  Requires: database < limits::key_spaces.
    [[nodiscard]] static result<std::unique_ptr<embedded_session>> open(std::shared_ptr<embedded_store> in,
                                                                        std::string_view branch, unsigned database = 0);
    ~embedded_session();
    embedded_session(const embedded_session&) = delete;
    embedded_session& operator=(const embedded_session&) = delete;

    /// The replies of commands that run one behind the other, in order on `sink`; an error that one answers is a reply.
    /// Errors: what they wrote could not be logged, or the store is closed: then no reply counts.
    status run(std::span<const arguments> commands, reply_sink& sink);
    status run(arguments command, reply_sink& sink) { return run({&command, 1}, sink); }
    /// The same, the replies of each delivered to pushes() before anybody can react to what it did.
    status post(std::span<const arguments> commands) { return run(commands, pushes_->replies()); }
    /// The string at `key` as it is now, or as the version `reference` has it; nothing where there is no key.
    /// Errors: errc::wrong_type, errc::not_found.  Cost: O(log n), whatever its length.
    [[nodiscard]] result<std::optional<held_bytes>> hold(std::string_view key, std::string_view reference);
    /// Where pushes to it come; it outlives the session.
    [[nodiscard]] const std::shared_ptr<mailbox>& pushes() const noexcept { return pushes_; }
    [[nodiscard]] const std::shared_ptr<embedded_store>& store() const noexcept { return store_; }

private:
    embedded_session(std::shared_ptr<embedded_store> in, std::unique_ptr<command_session> session,
                     std::shared_ptr<mailbox> pushes) noexcept
        : store_(std::move(in)), session_(std::move(session)), pushes_(std::move(pushes)) {}

    const std::shared_ptr<embedded_store> store_;
    std::unique_ptr<command_session> session_;  // guarded by the store's turn
    const std::shared_ptr<mailbox> pushes_;
};

/// The store of a folder, opened if nobody in this process has it open, made if there is none.
/// Errors: errc::in_use, saying by whom, and all that open_directory_storage says.
[[nodiscard]] result<std::shared_ptr<embedded_store>> open_embedded_folder(const std::filesystem::path& folder);
/// Closes all that is open, for the end of a program.
void close_embedded_stores() noexcept;

}  // namespace coppice
