// store/version.hpp: states of branches that nobody changes any more, and how they are named.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include <coppice/base/clock.hpp>
#include <coppice/tree/epoch.hpp>
#include <coppice/tree/tree.hpp>

#include <store/objects.hpp>

namespace coppice {

using branch_id = std::uint64_t;
inline constexpr branch_id main_branch = 1;  ///< "main", which always exists

/// A root that somebody outside the store may hold, and since when.
struct pinned_root {
    explicit pinned_root(tree root) noexcept : held(std::move(root)) {}
    tree held;                                 ///< guarded by the engine's mutex until it is handed out
    mutable std::atomic<std::int64_t> replaced_at{0};  ///< by the clock's elapsed(); 0: it is what a branch shows
};
using snapshot_pin = std::shared_ptr<const pinned_root>;

/// All of them: a clean-up keeps what they reach. The list owns none, so letting go of one takes no lock.
/// Threads: any.
class pin_list {
public:
    void add(const snapshot_pin& pin);
    [[nodiscard]] std::vector<snapshot_pin> all();

private:
    std::mutex mutex_;
    std::vector<std::weak_ptr<const pinned_root>> pins_;  // guarded by mutex_
    std::size_t sweep_at_ = 64;                           // those let go of are looked for when there are so many
};

/// An immutable state of a branch, owned: keeps its nodes alive.  Cost of a copy: O(1).
struct snapshot_state {
    tree keys;
    space_map spaces = spaces_in_order;
    microseconds_utc time = 0;  ///< as of when: of the version, or what @ said, or now
    branch_id branch = 0;       ///< it was read from
    snapshot_pin pin{};         ///< set where the store has handed it out

    [[nodiscard]] branch_view view(milliseconds_utc now) const noexcept { return {keys, spaces, now}; }
    /// As of its own time: what AT and DIFF see.
    [[nodiscard]] branch_view view_then() const noexcept { return {keys, spaces, time / 1000}; }
};

/// How the log and the catalog name a version: never relative, never by a name that may move.
struct current_of {  ///< what the branch says at that place of the log
    branch_id branch;
};
struct point_of {  ///< the restore point of that time
    branch_id branch;
    microseconds_utc time;
};
struct commit_named {
    commit_id id;
};
using version_name = std::variant<current_of, point_of, commit_named>;

/// What a branch shows to readers: never changed, and replaced as a whole. Whoever holds one keeps it, and with it
/// its pin, by one count.
struct branch_version final : counted {
    explicit branch_version(snapshot_state shown) : state(std::move(shown)) {}
    std::shared_ptr<void> keeper{};      ///< of the engine, where readers may outlive its users; given up last
    snapshot_state state;
    std::optional<version_name> name{};  ///< where it was found by a reference
    bool dropped = false;                ///< the branch is gone: `state` is empty
};

/// A commit, as its record says.
struct commit_row {
    commit_id id{};
    std::vector<commit_id> parents;
    microseconds_utc time = 0;
    branch_id branch = 0;
    std::string author;
    std::string message;
    space_map spaces = spaces_in_order;
};

/// A branch, as its record says.
struct branch_row {
    branch_id id = 0;
    std::string name;
    microseconds_utc created = 0;
    microseconds_utc changed = 0;   ///< time of its newest version
    std::optional<commit_id> head;  ///< newest commit on it
    space_map spaces = spaces_in_order;
    bool uncommitted = false;  ///< changed since `head`
};

/// One entry of LOG: a commit or a restore point.
struct version_row {
    microseconds_utc time = 0;
    std::optional<commit_row> commit;  ///< nothing: a restore point
    std::uint64_t cost_bytes = 0;      ///< what the point alone was estimated to hold
    branch_id branch = 0;              ///< it was made on
};

/// One entry of REFLOG: a root was moved by something else than writing to it.
struct reflog_row {
    microseconds_utc time = 0;
    std::string action;  ///< "rewind to main~2"
    std::string before;  ///< a reference to what the branch said before
    std::string after;   ///< and to what it said then; absolute, as `before`
};

}  // namespace coppice
