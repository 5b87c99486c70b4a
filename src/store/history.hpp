// store/history.hpp: the versions that a reference leads to, newest first.
//
// Of a branch, or a branch at a time: the commit it stands on and those before it along first parents, whatever
// branch they were made on, and among them by time its own restore points. Of a commit, a tag, or name~n: that commit
// and those before it. It owns what it reads, so it can be walked while the store goes on.
//
// Cost. O(log n) a version; of a branch at a time O(v log n) more, v versions of the branch. Threads: one at a time,
// any. Errors: load_error.
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
    /// Of a branch that stands on `head`.
    version_history(catalog rows, snapshot_pin pin, branch_id branch, const std::optional<commit_id>& head)
        : rows_(std::move(rows)), pin_(std::move(pin)), branch_(branch), commit_(head) {}
    /// A commit and those before it.
    version_history(catalog rows, snapshot_pin pin, const commit_id& from)
        : rows_(std::move(rows)), pin_(std::move(pin)), commit_(from), points_(false) {}

    /// As of that time, on what the branch stood on then.
    void as_of(microseconds_utc time) {
        until(time);
        as_of_ = time;
    }
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
    [[nodiscard]] std::optional<commit_id> head_at(microseconds_utc time) const;
    [[nodiscard]] std::optional<version_row> next_commit();
    [[nodiscard]] std::optional<version_row> next_point();

    catalog rows_;
    snapshot_pin pin_;
    branch_id branch_ = 0;  // 0: of a commit
    microseconds_utc newest_ = INT64_MAX;
    std::optional<microseconds_utc> as_of_;  // until the first commit was looked for
    std::optional<commit_id> commit_;        // the next one along first parents
    bool points_ = true;
    std::optional<version_row> commit_ahead_;
    std::optional<version_row> point_ahead_;
    std::vector<catalog::version_entry> entries_ahead_;  // read together, oldest first
    microseconds_utc entries_newest_ = INT64_MAX;        // of those not read yet
    bool entries_ended_ = false;
};

}  // namespace coppice
