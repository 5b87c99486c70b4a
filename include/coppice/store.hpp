// coppice/store.hpp: a store inside your program: branches of a data set, their history, and transactions.
//
// For programs that experiment on data and want to branch, undo, compare and read it as it was, without a server and
// without copies. Where several processes write one data set, start `coppice serve` and use a client; for data that
// fits one transaction and needs no past, a std::map is smaller and faster.
//
//     store ──┬── branch "main" ── ... ── v7 ── v8        a version never changes; a branch names the newest
//             └── branch "exp"  ── ... ── v7 ── v9        versions share what they have in common
//                                          └ snapshot     holds one version for as long as it likes
//
//     auto opened = coppice::store::open("data");                  // result<store>: a value, or why not
//     auto main = *opened->branch("main");
//     auto written = main.transact([](coppice::editor& edit) { edit.put("greeting", "hello"); });
//     auto text = main.read().get("greeting");                     // result<optional<string>>
//
// References name versions: `main`, `main~2`, `main@-5m`, `main@2026-11-20T10:00:00Z`, a tag, a commit id or a prefix
// of it (docs/protocol.md, References).
//
// Cost (n: keys and elements, k: changes)   time                 new memory
//   read, peek                              O(1)                 none; one atomic add, peek none
//   create_branch, copy of a key, commit    O(log n)             one path
//   an edit in transact                     O(log n)             one path, where a version shares it
//   diff                                    O(k log n)           what it shows
//   rewind, at                              O(log n)             one record
//
// Threads. Any thread may use any handle, each handle one thread at a time; copies of a handle are independent.
// Readers wait for nobody, and nobody for them: read() and peek() take no lock. One transaction at a time changes a
// branch; transactions of different branches run side by side until each writes its record of the log.
// Inside transact(f), f may read anything, and must not transact on, rewind or drop the same branch.
// Errors. result<T>, with the errc and what it is about. Only std::bad_alloc is thrown, and what your functions throw.
// Lifetime. A store stays open until its last handle and its last snapshot are gone: store, branch and snapshot are
// handles, cheap to copy.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <coppice/base/clock.hpp>
#include <coppice/base/error.hpp>
#include <coppice/base/function_ref.hpp>
#include <coppice/store_types.hpp>
#include <coppice/tree/diff.hpp>
#include <coppice/tree/epoch.hpp>
#include <coppice/view.hpp>

namespace coppice {

struct branch_version;  // these four are the inside of a store
struct live_branch;
struct store_users;
struct edit_state;

/// One version, held. It never changes, whatever becomes of its branch.  Cost of a copy: one atomic add.
class snapshot : public view {
public:
    snapshot(const snapshot& from) noexcept;
    snapshot& operator=(const snapshot& from) noexcept;
    ~snapshot();

    using view::database;
    /// Shares the version.  Requires: number < 16.
    [[nodiscard]] snapshot database(unsigned number) const noexcept;
    [[nodiscard]] version_id version() const noexcept;

private:
    friend struct store_inside;
    friend class editor;
    snapshot(counted_ptr<const branch_version> held, milliseconds_utc now) noexcept;
    counted_ptr<const branch_version> held_;
};

/// What a transaction works with: it sees what it has done so far. Edits that cannot be done (another type, a limit,
/// a node that cannot be read) make the transaction fail: later edits do nothing, and transact() undoes all of them
/// and returns the first error. Ask type() first where another type is no error.
/// Values and keys are borrowed for the call. Collections that become empty are not there any more.
class editor : public view {
public:
    using view::database;
    /// Edits another key space of the same transaction.  Requires: number < 16.
    [[nodiscard]] editor database(unsigned number) const noexcept;
    /// Why the transaction will fail, if so.
    [[nodiscard]] const status& state() const noexcept;
    /// Runs `f`, which edits, as a part that is done wholly or not at all: an error that it returns, and an exception
    /// that it throws, undo what it did, and nothing else of the transaction. Both reach the caller, who may go on.
    /// An edit that cannot be done fails the transaction here, too.  Cost: one path for each key that `f` changes.
    status attempt(function_ref<status()> f);

    // Any type.

    bool erase(std::string_view key);  ///< returns whether it was there; so below
    bool rename(std::string_view key, std::string_view next);
    /// Makes `target` what `source` is, replacing what it was.  Cost: O(log n), whatever it holds.
    bool copy(std::string_view source, std::string_view target);
    /// The same from another version, for example store.at("main~3").  Cost: O(log n) from a commit, a restore point
    /// or the newest version of another branch; else, and from another store, O(size).  Errors: errc::conflict, from
    /// transact(), when that newest version was replaced meanwhile.
    bool copy(const snapshot& from, std::string_view source, std::string_view target);
    /// Lets the key go at a time, in milliseconds since 1970; no_deadline: never.
    bool expire(std::string_view key, milliseconds_utc deadline);
    void clear();  ///< erases every key of this database.  Cost: O(log n).

    // Strings.

    void put(std::string_view key, std::string_view value, milliseconds_utc deadline = no_deadline);
    void append(std::string_view key, std::string_view bytes);
    /// Replaces `erased` bytes from `position` on; a position behind the end is filled up with zero bytes.
    void splice_bytes(std::string_view key, std::uint64_t position, std::uint64_t erased, std::string_view given);

    // Lists.

    void push_back(std::string_view key, std::string_view value);
    void push_back(std::string_view key, std::initializer_list<std::string_view> values);
    void push_back(std::string_view key, std::span<const std::string_view> values);
    /// Replaces `erased` elements from `position` on.  Errors: errc::invalid beyond the end.
    void splice(std::string_view key, std::uint64_t position, std::uint64_t erased,
                std::span<const std::string_view> values);
    void splice(std::string_view key, std::uint64_t position, std::uint64_t erased,
                std::initializer_list<std::string_view> values);

    // Hashes and sets. Return how many were new, or were there.

    std::uint64_t put_field(std::string_view key, std::string_view field, std::string_view value);
    std::uint64_t put_fields(std::string_view key, std::span<const field_value> fields);
    std::uint64_t put_fields(std::string_view key, std::initializer_list<field_value> fields);
    std::uint64_t erase_field(std::string_view key, std::string_view field);
    std::uint64_t erase_fields(std::string_view key, std::span<const std::string_view> fields);
    std::uint64_t add_member(std::string_view key, std::string_view member);
    std::uint64_t add_members(std::string_view key, std::span<const std::string_view> members);
    std::uint64_t add_members(std::string_view key, std::initializer_list<std::string_view> members);
    std::uint64_t erase_member(std::string_view key, std::string_view member);
    std::uint64_t erase_members(std::string_view key, std::span<const std::string_view> members);

private:
    friend struct store_inside;
    editor(edit_state& state, const tree& keys, std::uint64_t spaces, milliseconds_utc now, unsigned database) noexcept;
    template <class Edit>
    auto edit(Edit&& change) -> decltype(change());
    bool is(std::string_view key, value_type expected);
    bool admit(std::string_view key);
    bool fits(std::string_view value);
    bool fail(error cause);
    bool put_copy(const view& from, std::string_view source, std::string_view target);
    edit_state* state_;
};

/// What of a branch's newest version is in memory, each node once and with all it takes.
struct branch_memory {
    std::uint64_t nodes = 0;
    std::uint64_t bytes = 0;
    std::uint64_t exclusive_bytes = 0;  ///< of those: no other branch, commit or snapshot that is held has them
    std::uint64_t history_bytes = 0;    ///< what its restore points and its newest checkpoint keep besides
};

/// A line of history that moves. A handle: it stays good when the branch is renamed.
class branch {
public:
    [[nodiscard]] std::string name() const;
    /// The newest version, owned; empty when the branch was dropped.  Never waits.
    [[nodiscard]] snapshot read() const noexcept;
    /// Lends the newest version to `f` for the call, which is short and must not wait: nothing that is replaced
    /// meanwhile is freed. Returns what `f` returns.  Never waits.
    template <class F>
    auto peek(F&& f) const -> std::invoke_result_t<F&, const view&>;

    /// Runs `f(editor&)` exactly once, when it is this branch's turn. All of its edits become one version, or none:
    /// an error that `f` returns (as a status) or meets, and an exception that it throws, undo what it did. An
    /// exception goes on to the caller.
    /// Returns the version that was made, or the newest one where nothing changed.
    /// Errors: errc::not_found: the branch was dropped; errc::no_space, errc::read_only, ...
    template <class F>
    result<version_id> transact(F&& f);
    /// The same, and holds that version.
    template <class F>
    result<snapshot> transact_and_read(F&& f);

    /// Keeps the newest version until it is deleted, under an id. Where nothing has changed since the newest commit,
    /// that is returned.
    result<commit_id> commit(std::string_view message, std::string_view author = {});
    /// Makes the branch say what `reference` says. What it said before stays in its reflog.
    status rewind(std::string_view reference);
    /// What of the newest version is in memory.  Cost: O(nodes in memory, of all branches), while others go on.
    [[nodiscard]] result<branch_memory> memory_usage() const;

private:
    friend struct store_inside;
    branch(std::shared_ptr<store_users> users, std::shared_ptr<live_branch> live) noexcept;
    void lend(function_ref<void(const view&)> f) const;
    /// Returns the version's time, and puts the version into `made` if that is not null.
    result<version_id> run(function_ref<status(editor&)> f, counted_ptr<const branch_version>* made);
    result<snapshot> run_and_read(function_ref<status(editor&)> f);
    /// Calls `use` with f as one that returns a status.
    template <class F, class Use>
    static auto with_status(F& f, Use use);

    std::shared_ptr<store_users> users_;
    std::shared_ptr<live_branch> live_;  // given up before users_
};

struct branch_info {
    std::string name;
    microseconds_utc created = 0;
    microseconds_utc changed = 0;   ///< time of its newest version
    std::optional<commit_id> head;  ///< newest commit on it
    bool uncommitted = false;       ///< changed since
};

struct commit_info {
    commit_id id{};
    std::vector<commit_id> parents;
    microseconds_utc time = 0;
    std::string author;
    std::string message;
};

struct tag_info {
    std::string name;
    commit_id commit{};
};

/// One entry of a branch's history.
struct version_info {
    version_id version{};
    std::optional<commit_info> commit;  ///< nothing: a restore point
};

/// One entry of a branch's reflog: it was moved.
struct reflog_info {
    microseconds_utc time = 0;
    std::string action;  ///< "rewind to main~2"
    std::string before;  ///< a reference to what the branch said before
    std::string after;   ///< and to what it said then
};

struct history_range {
    microseconds_utc since = 0;
    microseconds_utc until = INT64_MAX;
    std::size_t count = 100;
    bool restore_points = true;  ///< as well as commits
};

/// Inside of a changed key: one difference.
struct part_difference {
    enum class place : std::uint8_t {
        type,      ///< the key holds another type
        deadline,  ///< in deadline_before and deadline_after
        value,     ///< a short string, whole
        bytes,     ///< a run of a long string
        field,
        member,
        run,  ///< of a list
    };
    place what = place::value;
    change_kind kind = change_kind::changed;
    std::string_view name{};  ///< field or member
    std::string before{};     ///< of value and field
    std::string after{};
    list_change run{};  ///< positions, of bytes and run
    milliseconds_utc deadline_before = no_deadline;
    milliseconds_utc deadline_after = no_deadline;
};

/// A key that two versions say differently; valid during the call it is shown in.
class key_difference {
public:
    change_kind kind = change_kind::changed;
    unsigned database = 0;
    std::string_view key{};
    std::optional<value_type> before{};  ///< unless added
    std::optional<value_type> after{};   ///< unless removed
    /// Shows what differs inside a key that both have.
    status for_each_part(visitor<const part_difference&> show) const;

private:
    friend struct store_inside;
    const void* change_ = nullptr;
    const void* diff_ = nullptr;
};

/// Which keys diff() compares.
struct difference_scope {
    std::optional<unsigned> database{};
    std::string prefix{};
    std::optional<std::string> key{};  ///< this one alone
};

struct store_metrics {
    std::uint64_t active_readers = 0;             ///< inside read() or peek() at this moment
    std::uint64_t snapshots = 0;                  ///< versions that are held though their branch shows a newer one
    std::chrono::nanoseconds oldest_snapshot{0};  ///< since the first of those was replaced
    std::uint64_t branches = 0;
    std::uint64_t commits = 0;
    std::uint64_t restore_points = 0;
    std::uint64_t restore_point_bytes = 0;   ///< estimated to be held by them alone
    std::uint64_t transactions = 0;          ///< that succeeded, of this opening; so below
    std::uint64_t transactions_pending = 0;  ///< wait for their turn, or run
    std::uint64_t transactions_failed = 0;
    std::uint64_t conflicts = 0;                  ///< of those: errc::conflict
    std::chrono::nanoseconds commit_time{0};      ///< of all transactions together, from their turn to their end
    std::chrono::nanoseconds commit_time_p99{0};  ///< 99 of 100 took no longer; up to 3.2 % above the true number
    std::chrono::nanoseconds commit_time_max{0};  ///< of the longest
    std::uint64_t edits_in_place = 0;
    std::uint64_t nodes_copied = 0;
    std::uint64_t bytes_copied = 0;
    std::uint64_t nodes_loaded = 0;
    std::uint64_t checkpoints = 0;
    std::uint64_t checkpoint_bytes = 0;
    std::uint64_t clean_ups = 0;
    std::uint64_t nodes_retired = 0;
    std::uint64_t log_bytes = 0;  ///< since the newest checkpoint
    std::uint64_t disk_bytes = 0;
    bool read_only = false;
    std::optional<error> trouble;  ///< why the last checkpoint or sync failed
};

struct memory_report {
    std::uint64_t nodes = 0;
    std::uint64_t node_bytes = 0;     ///< of all branches and versions in memory, each node once
    std::uint64_t garbage_nodes = 0;  ///< of those: let go, not yet freed
};

struct store_options {
    durability sync = durability::everysec;
    std::uint64_t history_budget = std::uint64_t{1} << 30;  ///< bytes that restore points may hold
    std::uint64_t checkpoint_log_bytes = 64 * 1024 * 1024;  ///< a checkpoint starts at this much log,
    std::chrono::seconds checkpoint_interval{60};           ///< or after this long with changes
    std::chrono::milliseconds restore_point_interval{1000};
    bool background = true;               ///< false: checkpoints, restore points and syncs only when asked for
    const clock_source* clock = nullptr;  ///< null: the machine's; else it outlives the store
};

class store {
public:
    /// Opens the data folder `path`, or makes it; replays what the log has behind the newest checkpoint.
    /// Errors: errc::in_use ("store in use by pid 12, ..."), errc::corrupt, errc::io, errc::unsupported; errc::invalid
    /// where a folder holds no store, but something else (hidden names and lost+found are nothing).
    [[nodiscard]] static result<store> open(const std::filesystem::path& path, const store_options& options = {});
    /// A store that is gone with its last handle.
    [[nodiscard]] static result<store> open_memory(const store_options& options = {});

    // Branches. "main" is always there.

    [[nodiscard]] result<coppice::branch> branch(std::string_view name);  ///< errc::not_found
    /// Requires nothing of the data: a branch is one record.  Errors: errc::exists, errc::invalid, errc::not_found.
    result<coppice::branch> create_branch(std::string_view name, std::string_view from = "main");
    status drop_branch(std::string_view name);
    status rename_branch(std::string_view name, std::string_view next);
    [[nodiscard]] result<std::vector<branch_info>> branches();  ///< by name

    // Versions.

    /// What `reference` names, owned. Deadlines are seen as of its time.
    [[nodiscard]] result<snapshot> at(std::string_view reference);
    status create_tag(std::string_view name, std::string_view reference);  ///< of a commit
    status drop_tag(std::string_view name);
    [[nodiscard]] result<std::vector<tag_info>> tags();
    [[nodiscard]] result<commit_info> commit(const commit_id& id);
    /// Newest first. Of a branch: the commit it stands on and those before it, and its own restore points; of a commit,
    /// it and those before it.
    [[nodiscard]] result<std::vector<version_info>> history(std::string_view reference,
                                                            const history_range& range = {});
    [[nodiscard]] result<std::vector<reflog_info>> reflog(std::string_view branch, std::size_t count = 100);
    /// Shows the keys that differ from `before` to `after`, in order.  Cost: O(changes), not O(data).
    status diff(std::string_view before, std::string_view after, visitor<const key_difference&> show,
                const difference_scope& within = {});
    /// Errors: errc::invalid where they are of different stores.
    static status diff(const snapshot& before, const snapshot& after, visitor<const key_difference&> show,
                       const difference_scope& within = {});

    // Upkeep: happens by itself in the background.

    status checkpoint();                 ///< so that opening has no log to replay
    status sync();                       ///< what was written is on the disk
    result<clean_up_report> clean_up();  ///< frees what nobody holds, in memory and on disk
    void make_restore_points();          ///< of branches that changed, where one is due
    [[nodiscard]] result<store_metrics> metrics();
    [[nodiscard]] memory_report memory_usage();
    /// Reads all that is stored and says what is wrong with it: nothing, one hopes.
    [[nodiscard]] result<std::vector<std::string>> verify();
    /// A consistent copy in a new folder, while the store goes on.
    status backup(const std::filesystem::path& target);
    /// Writes a last checkpoint and gives this handle up: no call of it is allowed any more. The folder is free for
    /// another opening when branches and snapshots are gone, too. Not needed: a store that is dropped replays its
    /// log when it is opened.
    status close();

private:
    friend struct store_inside;
    explicit store(std::shared_ptr<store_users> users) noexcept;
    std::shared_ptr<store_users> users_;
};

// ---- how functions are handed in

template <class F>
auto branch::peek(F&& f) const -> std::invoke_result_t<F&, const view&> {
    using returned = std::invoke_result_t<F&, const view&>;
    static_assert(!std::is_reference_v<returned>, "what peek() lends is gone when it returns");
    if constexpr (std::is_void_v<returned>) {
        lend(f);
    } else {
        std::optional<returned> kept;
        lend([&](const view& lent) { kept.emplace(f(lent)); });
        return std::move(*kept);
    }
}

template <class F, class Use>
auto branch::with_status(F& f, Use use) {
    if constexpr (std::is_void_v<std::invoke_result_t<F&, editor&>>) {
        return use([&f](editor& edit) {
            f(edit);
            return status();
        });
    } else {
        static_assert(std::is_same_v<std::invoke_result_t<F&, editor&>, status>, "f returns nothing, or a status");
        return use(f);
    }
}

template <class F>
result<version_id> branch::transact(F&& f) {
    return with_status(f, [this](auto&& change) { return run(change, nullptr); });
}
template <class F>
result<snapshot> branch::transact_and_read(F&& f) {
    return with_status(f, [this](auto&& change) { return run_and_read(change); });
}

}  // namespace coppice
