// coppice/resident/sequence_diff.hpp: what differs between two sequences that share nodes.
//
// Two versions of a sequence share every node that no change has touched, wherever an insertion has moved it. So runs
// of nodes are compared by address, from the roots down: what both begin or end with is passed, nodes that stand in
// both divide a run into two, and only what is left is opened. At the bottom lie runs of elements, which are compared.
//
//      before   [ A | B | C ]     A and C stand in both: passed unread
//      after    [ A | B'| C ]     B and B' are opened
//
// Cost: O(k log n) for k changes that lie apart; sequences that share no node cost reading both, and where more than
// `edits_most` elements in a run differ they are reported as one change.
// Sources: E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", Algorithmica 1 (1986), its greedy form.
#pragma once

#include <algorithm>
#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

namespace coppice {

/// Elements [at, at + removed) of one sequence have become elements [position, position + inserted) of another.
struct splice {
    std::size_t at = 0;
    std::size_t removed = 0;
    std::size_t position = 0;
    std::size_t inserted = 0;
    friend bool operator==(const splice&, const splice&) = default;
};

namespace resident {

/// Kind is the sequence's node kind; its elements are compared by ==.
template <class Kind>
class sequence_diff {
public:
    using header = typename Kind::header;
    using value = typename Kind::value;

    /// A node, or as much of a tail as a sequence has.
    struct item {
        const header* node;
        std::size_t size;
        friend bool operator==(const item&, const item&) = default;
    };
    using items = std::vector<item>;

    /// The changes in order, none touching the next.
    [[nodiscard]] static std::vector<splice> of(items before, items after) {
        sequence_diff all;
        all.compare({std::move(before), std::move(after), 0, 0});
        return std::move(all.found_);
    }

private:
    static constexpr int edits_most = 64;

    struct run {
        items before;
        items after;
        std::size_t at;
        std::size_t position;
    };

    static std::size_t size_of(const items& all) noexcept {
        std::size_t size = 0;
        for (const item& each : all) { size += each.size; }
        return size;
    }

    // Runs are compared from left to right, each to the bottom before the next: what is found is in order.
    void compare(run whole) {
        pass_common(whole);
        if (whole.before.empty() || whole.after.empty()) {
            return report({whole.at, size_of(whole.before), whole.position, size_of(whole.after)});
        }
        const unsigned height = std::max(highest(whole.before), highest(whole.after));
        for (run& part : divided(std::move(whole))) {
            if (height == 0) {
                compare_elements(part);
                continue;
            }
            open(part.before, height);
            open(part.after, height);
            compare(std::move(part));
        }
    }

    static void pass_common(run& in) {
        const auto [before, after] =
            std::mismatch(in.before.begin(), in.before.end(), in.after.begin(), in.after.end());
        for (auto each = in.before.begin(); each != before; ++each) {
            in.at += each->size;
            in.position += each->size;
        }
        in.before.erase(in.before.begin(), before);
        in.after.erase(in.after.begin(), after);
        while (!in.before.empty() && !in.after.empty() && in.before.back() == in.after.back()) {
            in.before.pop_back();
            in.after.pop_back();
        }
    }
    static unsigned highest(const items& in) noexcept {
        unsigned height = 0;
        for (const item& each : in) { height = std::max<unsigned>(height, each.node->height); }
        return height;
    }
    static void open(items& in, unsigned height) {
        items opened;
        for (const item& each : in) {
            if (each.node->height != height) {
                opened.push_back(each);
                continue;
            }
            const auto& node = Kind::as_inner(*each.node);
            for (unsigned slot = 0; slot < node.entries; ++slot) {
                opened.push_back({node.children[slot], Kind::before(node, slot + 1) - Kind::before(node, slot)});
            }
        }
        in = std::move(opened);
    }

    // The parts between nodes that stand in both, as far as their order is the same.
    static std::vector<run> divided(run whole) {
        std::unordered_map<const header*, std::size_t> places;  // in `before`
        for (std::size_t each = 0; each < whole.before.size(); ++each) {
            places.emplace(whole.before[each].node, each);
        }
        std::vector<run> parts;
        run part{{}, {}, whole.at, whole.position};
        std::size_t passed = 0;
        for (const item& each : whole.after) {
            const auto same = places.find(each.node);
            if (same == places.end() || same->second < passed || whole.before[same->second] != each) {
                part.after.push_back(each);
                continue;
            }
            part.before.assign(whole.before.begin() + static_cast<std::ptrdiff_t>(passed),
                               whole.before.begin() + static_cast<std::ptrdiff_t>(same->second));
            const std::size_t at = part.at + size_of(part.before) + each.size;
            const std::size_t position = part.position + size_of(part.after) + each.size;
            parts.push_back(std::exchange(part, {{}, {}, at, position}));
            passed = same->second + 1;
        }
        part.before.assign(whole.before.begin() + static_cast<std::ptrdiff_t>(passed), whole.before.end());
        parts.push_back(std::move(part));
        return parts;
    }

    void compare_elements(const run& in) {
        std::vector<const value*> before = elements(in.before);
        std::vector<const value*> after = elements(in.after);
        const auto same = [](const value* a, const value* b) { return a == b || *a == *b; };
        const auto first = std::mismatch(before.begin(), before.end(), after.begin(), after.end(), same);
        const auto begun = static_cast<std::size_t>(first.first - before.begin());
        before.erase(before.begin(), first.first);
        after.erase(after.begin(), first.second);
        while (!before.empty() && !after.empty() && same(before.back(), after.back())) {
            before.pop_back();
            after.pop_back();
        }
        edits(before, after, in.at + begun, in.position + begun);
    }
    static std::vector<const value*> elements(const items& in) {
        std::vector<const value*> all;
        for (const item& each : in) {
            const value* first = Kind::as_leaf(*each.node).items();
            for (std::size_t element = 0; element < each.size; ++element) { all.push_back(first + element); }
        }
        return all;
    }

    // Myers's greedy search: reaches[d] holds, for each diagonal, how far along `before` d edits come on it.
    using reach = std::vector<int>;
    static constexpr int nowhere = -1;

    struct move {
        int along;  // in `before`
        bool removes;
    };
    /// The last of `count` edits on the way to `diagonal`; `last` is what one fewer reach.
    static move move_to(const reach& last, int count, int diagonal) noexcept {
        const auto come = [&](int from) {
            return from < -count || from > count ? nowhere : last[static_cast<std::size_t>(from + count)];
        };
        const int by_removing = come(diagonal - 1);
        const int by_inserting = come(diagonal + 1);
        if (by_removing != nowhere && by_removing + 1 > by_inserting) { return {by_removing + 1, true}; }
        return {by_inserting, false};
    }
    void edits(const std::vector<const value*>& before, const std::vector<const value*>& after, std::size_t at,
               std::size_t position) {
        const auto old_size = static_cast<int>(before.size());
        const auto new_size = static_cast<int>(after.size());
        std::vector<reach> reaches;
        for (int count = 0; count <= edits_most && old_size > 0 && new_size > 0; ++count) {
            reach now(static_cast<std::size_t>(2 * count + 3), nowhere);
            for (int diagonal = -count; diagonal <= count; diagonal += 2) {
                int along = count == 0 ? 0 : move_to(reaches.back(), count, diagonal).along;
                if (along == nowhere) { continue; }
                while (along < old_size && along - diagonal < new_size
                       && *before[static_cast<std::size_t>(along)]
                              == *after[static_cast<std::size_t>(along - diagonal)]) {
                    ++along;
                }
                now[static_cast<std::size_t>(diagonal + count + 1)] = along;
                if (along >= old_size && diagonal == old_size - new_size) {
                    return report_way(reaches, diagonal, at, position);
                }
            }
            reaches.push_back(std::move(now));
        }
        report({at, before.size(), position, after.size()});
    }
    void report_way(const std::vector<reach>& reaches, int diagonal, std::size_t at, std::size_t position) {
        std::vector<splice> way;
        for (auto count = static_cast<int>(reaches.size()); count > 0; --count) {
            const move made = move_to(reaches[static_cast<std::size_t>(count - 1)], count, diagonal);
            const auto old_place = static_cast<std::size_t>(made.along) - (made.removes ? 1 : 0);
            const auto new_place = static_cast<std::size_t>(made.along - diagonal) - (made.removes ? 0 : 1);
            way.push_back({at + old_place, made.removes ? 1U : 0U, position + new_place, made.removes ? 0U : 1U});
            diagonal += made.removes ? -1 : 1;
        }
        for (auto each = way.rbegin(); each != way.rend(); ++each) { report(*each); }
    }

    // Changes that touch are one.
    void report(const splice& change) {
        if (change.removed == 0 && change.inserted == 0) { return; }
        if (!found_.empty()) {
            splice& last = found_.back();
            if (last.at + last.removed == change.at && last.position + last.inserted == change.position) {
                last.removed += change.removed;
                last.inserted += change.inserted;
                return;
            }
        }
        found_.push_back(change);
    }

    std::vector<splice> found_;
};

}  // namespace resident
}  // namespace coppice
