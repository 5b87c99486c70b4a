// coppice/vector_merge.hpp: what two versions of a vector have changed since a third, in one.
//
//      base     a b c d e
//      ours     a B c d e          changes lie apart: both are taken         a B c d E
//      theirs   a b c d E
//
// Changes meet where they replace or remove the same element, or insert at the same place; two that only touch do not.
// What meets and is not the same on both sides is a conflict, which the caller resolves.
//
// Cost: O(k log n) for k changes; nothing is copied but paths.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <coppice/vector.hpp>

namespace coppice {

/// A part that both sides have changed, each in its own way.
template <class Vector>
struct vector_conflict {
    Vector base;
    Vector ours;
    Vector theirs;
    std::size_t at;  ///< where the part begins in the base
};

namespace resident {

/// The changes of one side since the base, as they are passed from left to right.
class merge_side {
public:
    explicit merge_side(std::vector<splice> changes) noexcept : changes_(std::move(changes)) {}

    [[nodiscard]] bool at_end() const noexcept { return next_ == changes_.size(); }
    [[nodiscard]] const splice& next() const noexcept { return changes_[next_]; }
    /// Takes the next change if it meets [first, last) of the base, which it then widens.
    bool take(std::size_t first, std::size_t& last, bool inserts_only) noexcept {
        if (at_end()) { return false; }
        const splice& change = next();
        const bool inserts = change.removed == 0;
        const bool meets = inserts && inserts_only ? change.at == first && last == first
                                                   : change.at < last && change.at + change.removed > first;
        if (!meets && !(inserts && change.at > first && change.at < last)) { return false; }
        pass();
        last = std::max(last, change.at + change.removed);
        return true;
    }
    void pass() noexcept {
        const splice& change = changes_[next_++];
        at_ = change.at + change.removed;
        position_ = change.position + change.inserted;
    }
    /// Where the side has what is at `at` in the base.  Requires: at or behind the last change that was taken.
    [[nodiscard]] std::size_t position_of(std::size_t at) const noexcept { return position_ + (at - at_); }

private:
    std::vector<splice> changes_;
    std::size_t next_ = 0;
    std::size_t at_ = 0;        // behind the last change that was taken, in the base
    std::size_t position_ = 0;  // and in this side
};

}  // namespace resident

/// `base` with what `ours` and `theirs` have changed. `resolve(vector_conflict)` returns what is to stand where both
/// have changed the same part in different ways.
template <class T, class Nodes, class Resolve>
[[nodiscard]] vector<T, Nodes> merge(const vector<T, Nodes>& base, const vector<T, Nodes>& ours,
                                     const vector<T, Nodes>& theirs, Resolve resolve) {
    resident::merge_side left(diff(base, ours));
    resident::merge_side right(diff(base, theirs));
    if (right.at_end()) { return ours; }
    if (left.at_end()) { return theirs; }
    vector<T, Nodes> merged;
    std::size_t done = 0;  // of the base
    while (!left.at_end() || !right.at_end()) {
        const bool from_left =
            right.at_end()
            || (!left.at_end()
                && std::pair(left.next().at, left.next().removed) <= std::pair(right.next().at, right.next().removed));
        const splice first = from_left ? left.next() : right.next();
        const std::size_t left_from = left.position_of(first.at);
        const std::size_t right_from = right.position_of(first.at);
        std::size_t last = first.at + first.removed;
        (from_left ? left : right).pass();
        bool by_left = from_left;
        bool by_right = !from_left;
        for (bool more = true; more;) {
            const bool inserts = last == first.at;
            more = false;
            if (left.take(first.at, last, inserts)) { more = by_left = true; }
            if (right.take(first.at, last, inserts)) { more = by_right = true; }
        }
        merged += base.slice(done, first.at);
        const auto mine = ours.slice(left_from, left.position_of(last));
        const auto yours = theirs.slice(right_from, right.position_of(last));
        if (!by_right || mine == yours) {
            merged += mine;
        } else if (!by_left) {
            merged += yours;
        } else {
            merged += resolve(vector_conflict<vector<T, Nodes>>{base.slice(first.at, last), mine, yours, first.at});
        }
        done = last;
    }
    return merged + base.drop(done);
}

}  // namespace coppice
