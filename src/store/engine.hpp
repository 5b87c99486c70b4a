// store/engine.hpp: an open store: branches, versions, log and checkpoints.
//
//     catalog (a tree)          what has a name or a time: branches, commits, tags, restore points, reflog
//     live branches (a table)   those in use: working root, seen by their one writer, and published root
//     log                       every write and every change of a reference, one sequence for all branches
//     checkpoint                nodes that are new since the last one, then the head, then the log is cut
//
// The catalog's branch records are brought up to date by checkpoints only, so a write touches no shared root.
//
// Turns. One thread at a time changes a branch: it holds live_branch::turn. A program of many threads takes
// it with transact() and publishes each time. A server has one thread for all branches: it opens the engine
// with `one_writer`, edits working roots in place, calls record() behind each command and end_turn() behind
// each round; roots are published when somebody needs them.
//
// Threads. Where `one_writer` is set all members but sync_now(), figures() and those of snapshots belong to
// that thread. Otherwise any.
// Errors. result<T>; only std::bad_alloc passes, and not_resident where the options say that loads do not wait.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include <coppice/base/clock.hpp>
#include <coppice/base/error.hpp>

#include <storage/storage.hpp>
#include <store/catalog.hpp>
#include <store/checkpoint.hpp>
#include <store/held_names.hpp>
#include <store/history.hpp>
#include <store/pace.hpp>
#include <store/reach.hpp>
#include <store/residency.hpp>
#include <store/version.hpp>
#include <store/writer.hpp>

namespace coppice {

struct engine_options {
    durability sync = durability::everysec;
    std::uint64_t history_budget = std::uint64_t{1} << 30;  ///< bytes that restore points may hold
    bool one_writer = false;                                ///< a server: see Turns
    bool wait_for_loads = true;                             ///< false: the writer meets not_resident instead
    bool background = true;  ///< false: no thread; a test calls checkpoint(), tick(), ...
    std::uint64_t checkpoint_log_bytes = 64 * 1024 * 1024;  ///< a checkpoint starts at this much log,
    std::chrono::seconds checkpoint_interval{60};           ///< or after this long with changes
    std::uint64_t clean_up_bytes = 256 * 1024 * 1024;       ///< a clean-up starts after checkpoints wrote this much,
    std::chrono::seconds clean_up_interval{60};             ///< or after this long when they wrote anything
    std::chrono::milliseconds point_interval{1000};         ///< between restore points of a branch that changes
    node_sizes sizes{};
};

/// A branch in use. Its turn's holder edits `keys` and `spaces` through `writer`.
struct live_branch {
    live_branch(node_pool& pool, epoch_domain& epochs, const engine_options& options, branch_id id_given,
                counted_ptr<branch_version> first);

    const branch_id id;
    std::mutex turn;
    tree_context context;  ///< of the turn's holder
    tree keys;             ///< the working root
    space_map spaces = spaces_in_order;
    branch_writer writer;
    bool unpublished = false;  ///< `keys` says more than `current`

    published<branch_version> current;  ///< what everybody sees; replaced with the engine's mutex held
    /// What `current` says.  Requires: the engine's mutex.
    [[nodiscard]] const snapshot_state& shown() const noexcept { return current.held().state; }

    // Guarded by the engine's mutex.
    counted_ptr<branch_version> next;  ///< what `current` will be: made before it is needed, for that may fail
    branch_row row;
    bool dropped = false;
    bool in_catalog = true;           ///< the catalog's record says what `current` says
    bool shown_in_group = false;      ///< `current` says what a group has done that may yet be undone
    bool point_due = false;           ///< changed since its newest version
    edit_figures edits;               ///< of `context`, when it was published
    std::uint64_t changes = 0;        ///< of `writer`, likewise
    std::uint64_t held_at_point = 0;  ///< of `edits`, what versions may hold since
    std::chrono::milliseconds point_interval{0};
    std::chrono::nanoseconds last_point{0};
};
using branch_handle = std::shared_ptr<live_branch>;

/// A reference, resolved.
struct resolved_version {
    version_name name;
    snapshot_state state;
    std::string branch;  ///< name of the branch it belongs to, if any
};

struct engine_figures {
    pool_figures pool;
    edit_figures edits;
    std::uint64_t changes = 0;  ///< primitives that the edits were made for
    std::uint64_t branches = 0;
    std::uint64_t live_branches = 0;
    std::uint64_t points = 0;
    std::uint64_t point_bytes = 0;  ///< estimated to be held by restore points alone
    std::uint64_t commits = 0;
    std::uint64_t checkpoints = 0;
    std::uint64_t checkpoint_nodes = 0;  ///< written by all of them
    std::uint64_t checkpoint_bytes = 0;
    bool checkpoint_running = false;
    std::uint64_t clean_ups = 0;
    std::uint64_t nodes_retired = 0;  ///< by all of them
    std::uint64_t log_bytes = 0;      ///< behind the newest checkpoint: what the next start does again
    std::uint64_t log_records = 0;
    std::uint64_t disk_bytes = 0;  ///< at most about a second ago
    microseconds_utc last_checkpoint = 0;
    std::optional<error> trouble;  ///< why the last checkpoint or sync failed
    bool read_only = false;
    std::uint64_t readers = 0;                 ///< inside a section at this moment
    std::uint64_t snapshots = 0;               ///< versions that are held though their branch shows a newer one
    std::chrono::nanoseconds snapshot_age{0};  ///< since the first of those was replaced
};

/// What a transaction tells the engine, and the engine it.
struct transaction_notes {
    /// Filled by the change: what keys were copied from. The log names it, so it must say the same when it is logged.
    std::vector<resolved_version> copied_from{};
    microseconds_utc version = 0;  ///< time of the version that was made, or of the newest one if nothing changed
    counted_ptr<const branch_version>* made = nullptr;  ///< set: it is put there, held
};

class engine {
public:
    /// Opens what is stored and replays the log's tail; makes the branch "main" in an empty storage.
    [[nodiscard]] static result<std::unique_ptr<engine>> open(storage where, const engine_options& options,
                                                              const clock_source& clock = system_clock());
    /// Ends the background work; without a checkpoint: see close().
    ~engine();
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;

    /// A last checkpoint, so that the next start replays nothing.
    status close();
    /// Versions that branches show from now on keep `owner` of this engine alive, until let_go().
    void kept_by(std::weak_ptr<void> owner);
    /// Ends the background work and forgets all branches: only snapshots are left.  Requires: no handle is in use.
    void let_go();

    // Branches.

    [[nodiscard]] result<branch_handle> branch(std::string_view name);  ///< errc::not_found: "no branch 'exp'"
    [[nodiscard]] result<branch_row> branch_info(std::string_view name);
    [[nodiscard]] std::vector<branch_row> branches();  ///< by name
    /// Tags and reflogs, to be read on any thread, as they are now.  Cost: O(1).
    [[nodiscard]] held_names names();
    /// Branches as well.  Cost: O(branches that changed since the newest checkpoint).
    [[nodiscard]] held_names branches_and_names();
    [[nodiscard]] std::string name_of(live_branch& branch);
    /// Branches in use, in no order.  Cost: O(their number).
    [[nodiscard]] std::vector<std::weak_ptr<live_branch>> live_branches();
    /// What of a branch is in memory, to be counted on any thread.  Cost: O(branches in use).
    [[nodiscard]] residency residency_of(live_branch& branch);
    /// `made`: set to the branch, which then is in use.
    result<branch_row> create_branch(std::string_view name, std::string_view from, branch_handle* made = nullptr);
    status drop_branch(std::string_view name);  ///< not "main"
    status rename_branch(std::string_view name, std::string_view next);

    // Versions.

    /// What `reference` names (docs/protocol.md, References).  Relative times count from now.
    [[nodiscard]] result<resolved_version> resolve(std::string_view reference);
    /// Makes the branch's state a commit, or returns its newest commit when nothing has changed since.
    result<commit_id> commit(live_branch& branch, std::string_view message, std::string_view author);
    [[nodiscard]] result<commit_row> commit_info(const commit_id& id);
    struct tag_row {
        std::string name;
        commit_id commit;
    };
    [[nodiscard]] std::vector<tag_row> tags();
    status create_tag(std::string_view name, std::string_view reference);  ///< of a commit
    status drop_tag(std::string_view name);
    struct history_query {
        microseconds_utc since = 0;
        microseconds_utc until = INT64_MAX;
        std::size_t count = 100;
        bool points = true;  ///< restore points as well as commits
    };
    /// Newest first. A reference to a commit lists it and its ancestors along first parents.
    [[nodiscard]] result<std::vector<version_row>> history(std::string_view reference, const history_query& query);
    /// The same, one version after the other, with what each said.  What is returned may go to any thread.
    [[nodiscard]] result<version_history> versions(std::string_view reference);
    /// From when on a branch can be asked for a time.
    [[nodiscard]] result<microseconds_utc> history_begin(std::string_view branch);
    [[nodiscard]] result<std::vector<reflog_row>> reflog(std::string_view branch, std::size_t count);
    /// Makes the branch say what `reference` says; what it said before stays in its reflog.
    status rewind(live_branch& branch, std::string_view reference);

    // Writing.

    /// Room in the log for a command that may write `bytes`.  Errors: errc::no_space, errc::read_only: nothing changed.
    status reserve(std::uint64_t bytes);
    /// Takes over what the branches' writers did since the last call, as records of this turn's log. After a crash all
    /// of them are there or none. What there is no memory for now is taken over by the turn's end.
    void record(std::span<live_branch* const> branches) noexcept;
    void record(live_branch& branch) noexcept {
        live_branch* const one = &branch;
        record({&one, 1});
    }
    /// The branch's group was undone: what was shown of it is not shown any more.
    void undone(live_branch& branch) noexcept;
    /// Writes this turn's records.  Returns the log position at which they will be durable.
    /// Errors: errc::io, ...: the store takes no more writes; errc::limit: memory has run out, the next turn writes
    /// these, too. What the turn did must not be answered.
    result<log_sequence> end_turn();
    /// How fast whoever wrote in the last turn may write more, so that the checkpoint that runs is not left behind.
    /// Threads: the one writer's.
    [[nodiscard]] const log_pace& pace() const noexcept { return pace_; }
    /// Why checkpoints fail or writes are refused, in words; empty: they do not.  Threads: any.
    [[nodiscard]] std::string trouble();
    /// Records below this are as durable as the setting asks.
    [[nodiscard]] log_sequence durable() const noexcept { return durable_.load(std::memory_order_acquire); }
    /// Called from the sync thread when durable() has grown.
    void on_durable(std::function<void()> wake);
    /// Called from a background thread that needs a turn of the one writer: it shall call end_turn() soon.
    void on_turn_wanted(std::function<void()> wake);
    /// Runs `change` as a group on the branch, publishes, logs and, if so set, syncs: all or nothing.  Waits
    /// afterwards where checkpoints are left behind.
    status transact(live_branch& branch, function_ref<status(branch_writer&)> change,
                    transaction_notes* notes = nullptr);
    /// Whether `name` means this state now.
    [[nodiscard]] bool means(const version_name& name, const snapshot_state& state);
    /// The newest published state; empty where the branch was dropped.  Never waits.
    [[nodiscard]] snapshot_state read(live_branch& branch) noexcept;
    /// The same, held by one count.  Never waits.
    [[nodiscard]] counted_ptr<const branch_version> hold(live_branch& branch) noexcept { return branch.current.load(); }
    /// The working state of a branch as a snapshot.  Requires: one_writer, or the branch's turn.  Cost: O(1).
    [[nodiscard]] snapshot_state snapshot(live_branch& branch);

    // Upkeep. A background thread calls these by itself, unless the options say no.

    /// Makes due restore points, drops those beyond the budget, starts checkpoints.  Cheap: call it often.
    void tick();
    /// Writes a checkpoint now and waits for it.  Not from the one writer's thread.
    status checkpoint();
    /// Asks for a checkpoint in the background (BGSAVE).  Returns false when one is running.
    bool start_checkpoint();
    [[nodiscard]] bool checkpoint_running() const noexcept {
        return checkpoint_running_.load(std::memory_order_relaxed);
    }
    status sync_now();
    /// Frees what nobody holds, in memory and on disk; writers and checkpoints go on meanwhile. The background does so
    /// by itself when much was written, and lets the storage `compact` its files when it likes.
    result<clean_up_report> clean_up(bool compact = true);
    status backup(const std::filesystem::path& target);
    [[nodiscard]] findings verify();

    void set_durability(durability sync) noexcept { sync_.store(sync, std::memory_order_relaxed); }
    void set_history_budget(std::uint64_t bytes) noexcept { history_budget_.store(bytes, std::memory_order_relaxed); }
    /// Lets up to `most` of the oldest restore points go.  Threads: the one writer's.
    void drop_oldest_points(std::size_t most);
    [[nodiscard]] engine_figures figures();
    /// Bytes of log that the next start would replay.
    [[nodiscard]] std::uint64_t log_bytes() {
        const std::lock_guard lock(mutex_);
        return figures_.log_bytes;
    }
    [[nodiscard]] const clock_source& clock() const noexcept { return clock_; }
    [[nodiscard]] node_pool& pool() noexcept { return pool_; }
    /// A context that waits for loads: for snapshots that a worker reads.
    [[nodiscard]] tree_context& reading_context() noexcept { return reading_; }
    /// Loads a node, so that a command that met not_resident can be run again.  Threads: any, may wait.
    status load(const not_resident& missing);
    [[nodiscard]] storage_folder* folder() noexcept { return where_.folder.get(); }
    /// The torn tail that opening cut off the log, if any.
    [[nodiscard]] const log_cut& cut_tail() const noexcept { return cut_; }

private:
    /// What a checkpoint writes: taken in one moment, written outside all locks.
    struct cut {
        tree catalog_rows;
        store_head head;
        std::uint64_t log_bytes = 0;  // behind the checkpoint before, up to here
        std::uint64_t log_records = 0;
    };

    class storage_source final : public node_source {
    public:
        explicit storage_source(const node_store& nodes) noexcept : nodes_(nodes) {}
        result<std::string> fetch(node_id id, node_seal seal) override {
            auto payload = nodes_.get(id, seal);
            // What a stored node names must be there.
            if (!payload && payload.error().code == errc::not_found) {
                return error{errc::corrupt, payload.error().context};
            }
            return payload;
        }

    private:
        const node_store& nodes_;
    };

    engine(storage where, const engine_options& options, const clock_source& clock);
    status open_state();
    status make_new();
    result<replay_report> replay_log();
    void load_stretch(std::span<const std::string> records);
    status apply_record(std::string_view text);
    status apply_reference_primitive(byte_reader& from);

    // With mutex_ held.
    [[nodiscard]] result<branch_handle> handle(branch_id id);
    [[nodiscard]] branch_handle enter(branch_row row, const snapshot_state& state);
    [[nodiscard]] result<branch_handle> named(std::string_view name);
    [[nodiscard]] held_names names_locked();
    void mark_unpublished(live_branch& branch) noexcept;
    void publish(live_branch& branch);
    void publish_all();
    [[nodiscard]] bool means_locked(const version_name& name, const snapshot_state& state);
    [[nodiscard]] status check_copied(const transaction_notes& notes);
    void show_all();
    void end_threads();
    [[nodiscard]] counted_ptr<branch_version> make_version();
    /// Makes what show() needs.  Errors: std::bad_alloc.
    void prepare(live_branch& branch);
    /// Lets everybody see `state`.  Requires: prepare.
    void show(live_branch& branch, snapshot_state state) noexcept;
    [[nodiscard]] microseconds_utc stamp();
    [[nodiscard]] result<snapshot_state> state_of(const version_name& name);
    [[nodiscard]] result<resolved_version> resolve_locked(std::string_view reference);
    [[nodiscard]] result<resolved_version> resolve_time(live_branch& branch, microseconds_utc time);
    [[nodiscard]] result<commit_id> resolve_commit(std::string_view reference);
    [[nodiscard]] result<commit_id> commit_before(commit_id from, std::uint64_t back, std::string_view reference);
    [[nodiscard]] std::string absolute_reference(const resolved_version& of);
    [[nodiscard]] commit_id make_commit_id(const commit_row& row) const;
    void record_or_throw(live_branch& branch);
    void record_late();
    result<log_sequence> write_turn();
    status log_change(live_branch& branch);
    /// Adds a record of this turn's log that changes references. Outside one_writer it is written at once.
    status log_reference(std::string_view text);
    /// Outside one_writer: writes the batch, which began as `before`, at once.  Errors: then it is again.
    status finish_change(const log_batch::mark& before);
    status run_transaction(live_branch& branch, function_ref<status(branch_writer&)> change, transaction_notes* notes,
                           std::chrono::microseconds& pause);
    void count_logged() noexcept;
    void make_points();
    void make_point(live_branch& branch);
    bool drop_oldest_point();
    [[nodiscard]] cut take_cut();
    void forget_idle();
    void add_edits(engine_figures& to, const live_branch& branch) const;
    status fail(const error& cause);

    // Each does one change of references, in memory and in the catalog; replay calls the same. What can fail comes
    // first, then `log`, and what comes behind that cannot fail: so either both know of it or none.
    using logging = function_ref<status()>;
    status apply_create(const branch_row& row, const snapshot_state& from, logging log);
    status apply_drop(live_branch& branch, logging log);
    status apply_rename(live_branch& branch, std::string_view next, logging log);
    status apply_rewind(live_branch& branch, const snapshot_state& to, const std::optional<commit_id>& head,
                        const reflog_row& entry, logging log);
    status apply_commit(live_branch& branch, const commit_row& row, logging log);
    status apply_point(live_branch& branch, microseconds_utc time, std::uint64_t cost, logging log);
    status apply_catalog(catalog changed, logging log);

    [[nodiscard]] snapshot_pin pin(const tree& held);
    void measure_disk();
    result<clean_up_report> clean_up_pass(bool compact);
    status retire_unmarked(const node_set& marked, std::uint32_t arena, std::uint32_t last, std::uint64_t& retired);
    std::uint64_t weigh_history(std::uint64_t live_nodes, std::uint64_t history_nodes);
    [[nodiscard]] bool clean_up_is_due();
    void run_clean_up();
    void run_background();
    void run_sync();
    [[nodiscard]] result<cut> wait_for_cut();
    status write_checkpoint();
    status lease_arena(store_head& head);
    status move_head(const std::string& next);

    storage where_;
    const engine_options options_;
    const clock_source& clock_;
    storage_source source_;
    node_pool pool_;
    tree_context reading_;
    tree_context catalog_context_;
    epoch_domain epochs_;  // of what branches show
    std::weak_ptr<void> keeper_;

    std::mutex mutex_;  // guards what follows, down to the blank line
    catalog catalog_;
    std::unordered_map<branch_id, branch_handle> live_;
    log_batch batch_;
    bool late_ = false;        // some writer has text that record() had no memory for
    store_head head_;          // what the next cut will say
    store_head durable_head_;  // what the newest durable head says
    log_sequence logged_ = 1;  // number of the next record that is written
    log_pace pace_;
    std::atomic<std::size_t> paused_{0};  // threads that wait for having written
    std::vector<live_branch*> unpublished_;
    std::shared_ptr<pin_list> pins_ = std::make_shared<pin_list>();
    engine_figures figures_;
    std::optional<error> failed_;                  // final: read only
    std::optional<error> trouble_;                 // transient
    std::atomic<std::uint64_t> refused_bytes_{0};  // what the log had no room for; 0 once it has

    std::atomic<durability> sync_;
    std::atomic<std::uint64_t> history_budget_;
    std::uint64_t live_bytes_ = 0;    // of the last clean-up, estimated; guarded by mutex_, as the next
    std::size_t surplus_points_ = 0;  // restore points above the budget
    bool short_of_disk_ = false;      // the last checkpoint had no room
    std::atomic<std::uint64_t> disk_bytes_{0};
    std::atomic<log_sequence> durable_{1};
    std::function<void()> wake_durable_;
    std::function<void()> wake_turn_;
    log_cut cut_;

    // What load() has loaded, kept until whoever missed it has come back and hung it below its parent.
    std::mutex loaded_mutex_;
    std::array<node_ptr, 256> loaded_;
    std::size_t loaded_next_ = 0;

    // The background thread and what wakes it; guarded by work_mutex_.
    std::mutex work_mutex_;
    std::condition_variable work_;
    std::condition_variable cut_taken_;
    std::atomic<bool> stopping_{false};
    bool checkpoint_wanted_ = false;
    std::atomic<bool> checkpoint_running_{false};
    std::atomic<bool> cut_wanted_{false};
    std::optional<result<cut>> taken_;
    std::mutex checkpoint_mutex_;  // one checkpoint at a time
    head_token token_;             // guarded by checkpoint_mutex_, as the two below
    bool arena_leased_ = false;
    std::uint32_t arena_next_ = 1;
    std::chrono::nanoseconds last_cut_{0};
    std::thread background_;
    std::thread syncer_;
    std::thread cleaner_;
    std::condition_variable clean_work_;
    std::mutex cleaning_mutex_;  // one clean-up at a time; taken before checkpoint_mutex_
    struct {
        std::chrono::nanoseconds at{0};
        std::chrono::nanoseconds took{0};
        std::uint64_t checkpoint_bytes = 0;
    } cleaned_;  // the last pass; guarded by mutex_
    std::condition_variable sync_work_;
    log_sequence sync_wanted_ = 1;
    std::optional<error> trouble_at_sync_;
    std::atomic<bool> sync_failed_{false};
};

/// What is damaged in a store's folder that nobody has open. Changes nothing, never dies.  Cost: reads every byte.
/// `torn`: set to what of the log the next start will cut, which is no damage.
[[nodiscard]] findings verify_store_folder(const std::filesystem::path& path, log_cut& torn);

}  // namespace coppice
