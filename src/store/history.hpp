// store/history.hpp: the versions that a reference leads to, newest first.
//
// Of a branch, or a branch at a time: its restore points and commits. Of a commit, a tag, or name~n: that commit
// and those before it along first parents. It owns what it reads, so it can be walked while the store goes on.
//
// Cost. O(log n) a version. Threads: one at a time, any. Errors: load_error.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <store/catalog.hpp>
#include <store/version.hpp>

namespace coppice {

class version_history {
public:
    /// Versions of a branch that are not newer than `newest`.
    version_history(catalog rows, snapshot_pin pin, branch_id branch, microseconds_utc newest)
        : rows_(std::move(rows)), pin_(std::move(pin)), branch_(branch), newest_(newest) {}
    /// A commit and those before it.
    version_history(catalog rows, snapshot_pin pin, const commit_id& from)
        : rows_(std::move(rows)), pin_(std::move(pin)), commit_(from), along_parents_(true) {}

    /// Leaves out what is newer than `time`.
    void until(microseconds_utc time) { newest_ = std::min(newest_, time); }
    /// Leaves restore points out.
    void commits_only() noexcept { points_ = false; }

    [[nodiscard]] bool next(version_row& to);
    /// What a version said.
    [[nodiscard]] std::optional<snapshot_state> state(const version_row& of) const;
    /// From when on the branch can be asked for a time; nothing where the reference is no branch's.
    [[nodiscard]] std::optional<microseconds_utc> begin() const;

private:
    bool next_commit(version_row& to);

    catalog rows_;
    snapshot_pin pin_;
    branch_id branch_ = 0;
    microseconds_utc newest_ = INT64_MAX;
    std::optional<commit_id> commit_;
    bool along_parents_ = false;
    bool points_ = true;
    bool ended_ = false;
    std::vector<catalog::version_entry> ahead_;  // read together, oldest first
};

}  // namespace coppice
