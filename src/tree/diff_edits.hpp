// tree/diff_edits.hpp: the shortest edit of one sequence into another, in linear space.
//
// Myers 1986, section 4b: two greedy searches, from both ends, meet on a diagonal k = x - y in the middle of a
// shortest path; both halves are solved the same way. On equal terms the search erases before it inserts, so
// the result is a function of the two sequences.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include <coppice/tree/diff.hpp>

namespace coppice::detail {

/// Runs in order; runs that touch become one.
class run_list {
public:
    void add(const list_change& run) {
        if (run.before_count == 0 && run.after_count == 0) { return; }
        if (!runs_.empty()) {
            list_change& last = runs_.back();
            if (last.before_position + last.before_count == run.before_position
                && last.after_position + last.after_count == run.after_position) {
                last.before_count += run.before_count;
                last.after_count += run.after_count;
                return;
            }
        }
        runs_.push_back(run);
    }
    [[nodiscard]] std::vector<list_change> take() noexcept { return std::move(runs_); }

private:
    std::vector<list_change> runs_;
};

template <class Symbol>
class shortest_edit {
public:
    using symbols = std::span<const Symbol>;

    /// The run `whole` is that of `a` and `b`.
    shortest_edit(symbols a, symbols b, const list_change& whole, run_list& found)
        : a_(a), b_(b), whole_(whole), found_(found) {}

    /// Enters the edits, or the run as one range when it takes more than `edits_max`.
    void run(std::int64_t edits_max) {
        solve({0, static_cast<std::int64_t>(a_.size()), 0, static_cast<std::int64_t>(b_.size())}, (edits_max + 1) / 2);
    }

private:
    using index = std::int64_t;
    struct box {
        index a, a_end, b, b_end;
    };
    struct snake {
        index x, y, length;
    };
    static constexpr index nowhere = -1;

    /// Furthest points by diagonal; diagonals may be negative.
    class frontier {
    public:
        index& operator[](index diagonal) noexcept { return points_[static_cast<std::size_t>(diagonal + middle_)]; }
        void widen(index depth) {
            const auto size = static_cast<std::size_t>(2 * depth + 5);
            if (points_.size() < size) {  // doubling, and the middle stays the middle
                const index grown = 2 * depth + 8;
                std::vector<index> larger(static_cast<std::size_t>(2 * grown + 1), nowhere);
                std::copy(points_.begin(), points_.end(), larger.begin() + (grown - middle_));
                points_ = std::move(larger);
                middle_ = grown;
            }
            (*this)[-depth - 1] = nowhere;
            (*this)[depth + 1] = nowhere;
        }

    private:
        std::vector<index> points_ = std::vector<index>(1, nowhere);
        index middle_ = 0;
    };

    void add(const box& at) {
        found_.add(
            {whole_.before_position + static_cast<std::uint64_t>(at.a), static_cast<std::uint64_t>(at.a_end - at.a),
             whole_.after_position + static_cast<std::uint64_t>(at.b), static_cast<std::uint64_t>(at.b_end - at.b)});
    }

    // Recursion halves the edits: at most 14 deep.
    void solve(box at, index depth_max) {
        const Symbol* a = a_.data();
        const Symbol* b = b_.data();
        while (at.a < at.a_end && at.b < at.b_end && a[at.a] == b[at.b]) { ++at.a, ++at.b; }
        while (at.a < at.a_end && at.b < at.b_end && a[at.a_end - 1] == b[at.b_end - 1]) { --at.a_end, --at.b_end; }
        if (at.a == at.a_end || at.b == at.b_end) {
            add(at);
            return;
        }
        snake middle{};
        if (!find_middle(at, depth_max, middle)) {
            add(at);
            return;
        }
        solve({at.a, middle.x, at.b, middle.y}, depth_max);
        solve({middle.x + middle.length, at.a_end, middle.y + middle.length, at.b_end}, depth_max);
    }

    /// The furthest point that one more edit reaches on a diagonal, before any run of equal elements.
    static index step(frontier& reached, index diagonal, index depth, index width, index height) noexcept {
        if (depth == 0) { return 0; }
        const index left = reached[diagonal - 1];
        const index above = reached[diagonal + 1];
        index best = left != nowhere && left < width ? left + 1 : nowhere;
        if (above > best && above - diagonal <= height) { best = above; }
        return best;
    }

    /// A run of equal elements in the middle of a shortest path; false when that has more than 2 * depth_max edits.
    bool find_middle(const box& at, index depth_max, snake& middle) {
        const index width = at.a_end - at.a;
        const index height = at.b_end - at.b;
        const index delta = width - height;
        const bool odd = (delta & 1) != 0;
        const Symbol* a = a_.data() + at.a;
        const Symbol* b = b_.data() + at.b;
        for (index depth = 0; depth <= depth_max; ++depth) {
            forward_.widen(depth);
            backward_.widen(depth);
            const index low = -(depth - (depth > height ? (depth - height + 1) / 2 * 2 : 0));
            const index high = depth - (depth > width ? (depth - width + 1) / 2 * 2 : 0);
            for (index k = low; k <= high; k += 2) {
                const index from = step(forward_, k, depth, width, height);
                index x = from;
                if (x != nowhere) {
                    while (x < width && x - k < height && a[x] == b[x - k]) { ++x; }
                }
                forward_[k] = x;
                const index other = delta - k;
                if (odd && x != nowhere && other > -depth && other < depth && backward_[other] != nowhere
                    && x + backward_[other] >= width) {
                    middle = {at.a + from, at.b + from - k, x - from};
                    return true;
                }
            }
            for (index k = low; k <= high; k += 2) {
                const index from = step(backward_, k, depth, width, height);
                index x = from;
                if (x != nowhere) {
                    while (x < width && x - k < height && a[width - 1 - x] == b[height - 1 - (x - k)]) { ++x; }
                }
                backward_[k] = x;
                const index other = delta - k;
                if (!odd && x != nowhere && other >= -depth && other <= depth && forward_[other] != nowhere
                    && x + forward_[other] >= width) {
                    middle = {at.a_end - x, at.b_end - (x - k), x - from};
                    return true;
                }
            }
        }
        return false;
    }

    symbols a_;
    symbols b_;
    list_change whole_;
    run_list& found_;
    frontier forward_;
    frontier backward_;
};

}  // namespace coppice::detail
