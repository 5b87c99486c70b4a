// store/history.cpp: walking the versions of a branch, or a commit's ancestors.
#include "store/history.hpp"

#include <algorithm>
#include <utility>

namespace coppice {
namespace {

constexpr std::size_t read_together = 64;

}  // namespace

bool version_history::next(version_row& to) {
    if (!commit_ahead_) { commit_ahead_ = next_commit(); }
    if (!point_ahead_ && points_) { point_ahead_ = next_point(); }
    const bool point = point_ahead_ && (!commit_ahead_ || commit_ahead_->time <= point_ahead_->time);
    auto& newer = point ? point_ahead_ : commit_ahead_;
    if (!newer) { return false; }
    to = std::move(*newer);
    newer.reset();
    return true;
}

std::optional<version_row> version_history::next_commit() {
    if (as_of_) { commit_ = head_at(*std::exchange(as_of_, std::nullopt)); }
    while (commit_) {
        auto row = rows_.commit(*commit_);
        commit_ = row && !row->parents.empty() ? std::optional(row->parents.front()) : std::nullopt;
        if (!row || row->time > newest_) { continue; }
        const auto branch = row->branch;
        return version_row{row->time, std::move(row), 0, branch};
    }
    return std::nullopt;
}

std::optional<version_row> version_history::next_point() {
    for (;;) {
        if (entries_ahead_.empty()) {
            if (entries_ended_) { return std::nullopt; }
            rows_.for_each_version(branch_, std::min(entries_newest_, newest_),
                                   [&](const catalog::version_entry& entry) {
                                       entries_ahead_.push_back(entry);
                                       return entries_ahead_.size() < read_together;
                                   });
            entries_ended_ = entries_ahead_.size() < read_together;
            if (entries_ahead_.empty()) { return std::nullopt; }
            std::reverse(entries_ahead_.begin(), entries_ahead_.end());
            entries_newest_ = entries_ahead_.front().time - 1;
        }
        const catalog::version_entry entry = entries_ahead_.back();
        entries_ahead_.pop_back();
        if (!entry.commit) { return version_row{entry.time, std::nullopt, entry.cost_bytes, branch_}; }
    }
}

// Backwards through what moved the head: commits on the branch, and rewinds to commits. Of a rewind it is not written
// what the head was before; where nothing older tells, that is left out.
std::optional<commit_id> version_history::head_at(microseconds_utc time) const {
    struct move {
        microseconds_utc time;
        commit_id to;
        std::optional<commit_id> from;
    };
    std::vector<move> moves;
    rows_.for_each_version(branch_, INT64_MAX, [&](const catalog::version_entry& entry) {
        const auto row = entry.commit ? rows_.commit(*entry.commit) : std::nullopt;
        if (row) {
            moves.push_back(
                {entry.time, row->id, row->parents.empty() ? std::nullopt : std::optional(row->parents.front())});
        }
        return !row || entry.time > time;
    });
    rows_.for_each_reflog(branch_, [&](const reflog_row& row) {
        const auto to = row.after.size() == 40 ? rows_.commits_with_prefix(row.after) : std::vector<commit_id>();
        if (!to.empty()) { moves.push_back({row.time, to.front(), std::nullopt}); }
        return to.empty() || row.time > time;
    });
    std::sort(moves.begin(), moves.end(), [](const move& a, const move& b) { return a.time > b.time; });
    auto head = commit_;
    for (const auto& each : moves) {
        if (each.time <= time) { return each.to; }
        head = each.from;
    }
    return head;
}

std::optional<snapshot_state> version_history::state(const version_row& of) const {
    auto state = of.commit ? rows_.commit_state(of.commit->id) : rows_.point_state(of.branch, of.time);
    if (state) { state->pin = pin_; }
    return state;
}

std::optional<microseconds_utc> version_history::begin() const {
    if (branch_ == 0) { return std::nullopt; }
    const auto oldest = rows_.oldest_version(branch_);
    return oldest ? std::optional(oldest->time) : std::nullopt;
}

}  // namespace coppice
