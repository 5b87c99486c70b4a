// store/version.hpp: states of branches that nobody changes any more, and how they are named.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include <coppice/base/clock.hpp>
#include <coppice/tree/tree.hpp>

#include <store/objects.hpp>

namespace coppice {

using branch_id = std::uint64_t;
inline constexpr branch_id main_branch = 1;  ///< "main", which always exists

/// 160 bits: the first of a SHA-256 over store, log position, parents, time, author and message.
using commit_id = std::array<unsigned char, 20>;
[[nodiscard]] std::string to_hex(const commit_id& id);

/// Roots that somebody outside the store holds: a clean-up keeps what they reach.  Threads: any.
class pinned_root;
class pin_list {
public:
    [[nodiscard]] std::vector<tree> all();

private:
    friend class pinned_root;
    std::mutex mutex_;
    std::list<tree> roots_;
};
class pinned_root {
public:
    pinned_root(std::shared_ptr<pin_list> list, const tree& held);
    ~pinned_root();
    pinned_root(const pinned_root&) = delete;
    pinned_root& operator=(const pinned_root&) = delete;

private:
    std::shared_ptr<pin_list> list_;
    std::list<tree>::iterator at_;
};
using snapshot_pin = std::shared_ptr<const pinned_root>;

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
