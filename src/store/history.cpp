// store/history.cpp: walking the versions of a branch, or a commit's ancestors.
#include "store/history.hpp"

#include <algorithm>

namespace coppice {
namespace {

constexpr std::size_t read_together = 64;

}  // namespace

bool version_history::next(version_row& to) {
    if (along_parents_) { return next_commit(to); }
    for (;;) {
        if (ahead_.empty()) {
            if (ended_) { return false; }
            rows_.for_each_version(branch_, newest_, [&](const catalog::version_entry& entry) {
                ahead_.push_back(entry);
                return ahead_.size() < read_together;
            });
            ended_ = ahead_.size() < read_together;
            if (ahead_.empty()) { return false; }
            std::reverse(ahead_.begin(), ahead_.end());
            newest_ = ahead_.front().time - 1;
        }
        const catalog::version_entry entry = ahead_.back();
        ahead_.pop_back();
        if (!entry.commit && !points_) { continue; }
        to = {entry.time, std::nullopt, entry.cost_bytes};
        if (entry.commit) {
            to.commit = rows_.commit(*entry.commit);
            if (!to.commit) { continue; }
        }
        to.branch = branch_;
        return true;
    }
}

bool version_history::next_commit(version_row& to) {
    while (commit_) {
        auto row = rows_.commit(*commit_);
        commit_ = row && !row->parents.empty() ? std::optional(row->parents.front()) : std::nullopt;
        if (!row || row->time > newest_) { continue; }
        to = {row->time, std::move(row), 0};
        to.branch = to.commit->branch;
        return true;
    }
    return false;
}

std::optional<snapshot_state> version_history::state(const version_row& of) const {
    auto state = of.commit ? rows_.commit_state(of.commit->id) : rows_.point_state(of.branch, of.time);
    if (state) { state->pin = pin_; }
    return state;
}

std::optional<microseconds_utc> version_history::begin() const {
    if (along_parents_) { return std::nullopt; }
    const auto oldest = rows_.oldest_version(branch_);
    return oldest ? std::optional(oldest->time) : std::nullopt;
}

}  // namespace coppice
