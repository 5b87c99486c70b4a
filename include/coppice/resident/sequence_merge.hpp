// coppice/resident/sequence_merge.hpp: what two versions of a sequence have changed since a third, in one.
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

#include <coppice/resident/sequence_diff.hpp>

namespace coppice {

/// A part that both sides have changed, each in its own way.
template <class Sequence>
struct merge_conflict {
    Sequence base;
    Sequence ours;
    Sequence theirs;
    std::size_t at;  ///< where the part begins in the base
};

namespace resident {

/// The changes of one side since the base, as they are passed from left to right.
class merge_side {
public:
    explicit merge_side(std::vector<splice> changes) noexcept : changes_(std::move(changes)) {}

    [[nodiscard]] bool at_end() const noexcept { return next_ == changes_.size(); }
    [[nodiscard]] const splice& next() const noexcept { return changes_[next_]; }
    /// The next change begins before that of another side, or is the shorter one there.
    [[nodiscard]] bool is_before(const merge_side& other) const noexcept {
        if (at_end() || other.at_end()) { return other.at_end(); }
        return std::pair(next().at, next().removed) <= std::pair(other.next().at, other.next().removed);
    }
    /// Takes the next change if it meets [first, last) of the base, which it then widens.
    bool take(std::size_t first, std::size_t& last) noexcept {
        if (at_end()) { return false; }
        const splice& change = next();
        const std::size_t end = change.at + change.removed;
        const bool only_inserts = change.removed == 0;
        const bool inserts_at_one_place = only_inserts && first == last && change.at == first;
        const bool inserts_inside = only_inserts && first < change.at && change.at < last;
        const bool has_common_elements = !only_inserts && change.at < last && first < end;
        if (!inserts_at_one_place && !inserts_inside && !has_common_elements) { return false; }
        pass();
        last = std::max(last, end);
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

/// `base` with what `ours` and `theirs` have changed. `resolve(merge_conflict)` returns what is to stand where both
/// have changed the same part in different ways.  Requires: diff, slice, drop, + and == of the sequence.
template <class Sequence, class Resolve>
[[nodiscard]] Sequence merged(const Sequence& base, const Sequence& ours, const Sequence& theirs, Resolve& resolve) {
    merge_side left(diff(base, ours));
    merge_side right(diff(base, theirs));
    if (right.at_end()) { return ours; }
    if (left.at_end()) { return theirs; }
    Sequence made;
    std::size_t done = 0;  // of the base
    while (!left.at_end() || !right.at_end()) {
        bool by_left = left.is_before(right);
        bool by_right = !by_left;
        merge_side& side = by_left ? left : right;
        const std::size_t first = side.next().at;
        std::size_t last = first + side.next().removed;
        const std::size_t left_from = left.position_of(first);
        const std::size_t right_from = right.position_of(first);
        side.pass();
        for (bool more = true; more;) {
            const bool more_left = left.take(first, last);
            const bool more_right = right.take(first, last);
            by_left = by_left || more_left;
            by_right = by_right || more_right;
            more = more_left || more_right;
        }
        made += base.slice(done, first);
        const Sequence mine = ours.slice(left_from, left.position_of(last));
        const Sequence yours = theirs.slice(right_from, right.position_of(last));
        if (!by_right || mine == yours) {
            made += mine;
        } else if (!by_left) {
            made += yours;
        } else {
            made += resolve(merge_conflict<Sequence>{base.slice(first, last), mine, yours, first});
        }
        done = last;
    }
    return made + base.drop(done);
}

}  // namespace resident
}  // namespace coppice
