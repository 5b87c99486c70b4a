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
#include <type_traits>
#include <utility>
#include <vector>

#include <coppice/resident/layout.hpp>

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
        using place = std::pair<const header*, std::size_t>;
        std::vector<place> places;  // in `before`
        places.reserve(whole.before.size());
        for (const item& each : whole.before) { places.emplace_back(each.node, places.size()); }
        std::sort(places.begin(), places.end());
        std::vector<run> parts;
        run part{{}, {}, whole.at, whole.position};
        std::size_t passed = 0;
        for (const item& each : whole.after) {
            const auto same = std::lower_bound(places.begin(), places.end(), place(each.node, passed));
            if (same == places.end() || same->first != each.node || whole.before[same->second] != each) {
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

    /// The elements of a run, which lie in a few arrays.
    class window {
    public:
        explicit window(const items& in) {
            for (const item& each : in) {
                if (each.size != 0) { parts_.push_back({Kind::as_leaf(*each.node).items(), size_, each.size}); }
                size_ += each.size;
            }
        }
        [[nodiscard]] std::size_t size() const noexcept { return size_; }
        /// How many elements from `at` on are those of another window from `beside` on, of at most `most`.
        [[nodiscard]] std::size_t common(std::size_t at, const window& other, std::size_t beside,
                                         std::size_t most) const {
            std::size_t passed = 0;
            while (passed < most) {
                const auto [mine, in_mine] = from(at + passed);
                const auto [yours, in_yours] = other.from(beside + passed);
                const std::size_t count = std::min({in_mine, in_yours, most - passed});
                const std::size_t same = mine == yours ? count : common_elements(mine, yours, count);
                passed += same;
                if (same != count) { break; }
            }
            return passed;
        }
        /// How many at the ends are the same, of at most `most`.
        [[nodiscard]] std::size_t common_end(const window& other, std::size_t most) const {
            std::size_t passed = 0;
            while (passed < most) {
                const auto [mine, in_mine] = up_to(size_ - passed);
                const auto [yours, in_yours] = other.up_to(other.size_ - passed);
                const std::size_t count = std::min({in_mine, in_yours, most - passed});
                std::size_t same = mine == yours ? count : 0;
                if constexpr (std::is_integral_v<value>) {
                    while (count - same >= block && same_bytes(mine - same - block, yours - same - block, block)) {
                        same += block;
                    }
                }
                while (same < count && *(mine - same - 1) == *(yours - same - 1)) { ++same; }
                passed += same;
                if (same != count) { break; }
            }
            return passed;
        }

    private:
        static constexpr std::size_t block = 32;  // elements that are compared as bytes at once

        struct part {
            const value* first;
            std::size_t at;
            std::size_t size;
        };
        [[nodiscard]] const part& part_of(std::size_t at) const noexcept {
            const auto is_behind = [](std::size_t wanted, const part& each) { return wanted < each.at; };
            return *(std::upper_bound(parts_.begin(), parts_.end(), at, is_behind) - 1);
        }
        /// Where an element is, and how many follow it there, itself included.
        [[nodiscard]] std::pair<const value*, std::size_t> from(std::size_t at) const noexcept {
            const part& in = part_of(at);
            return {in.first + (at - in.at), in.size - (at - in.at)};
        }
        /// Behind the element before `end`, and how many stand there before it, that one included.
        [[nodiscard]] std::pair<const value*, std::size_t> up_to(std::size_t end) const noexcept {
            const part& in = part_of(end - 1);
            return {in.first + (end - in.at), end - in.at};
        }
        [[nodiscard]] static std::size_t common_elements(const value* a, const value* b, std::size_t count) {
            std::size_t same = 0;
            if constexpr (std::is_integral_v<value>) {
                while (count - same >= block && same_bytes(a + same, b + same, block)) { same += block; }
            }
            while (same < count && a[same] == b[same]) { ++same; }
            return same;
        }

        std::vector<part> parts_;
        std::size_t size_ = 0;
    };

    void compare_elements(const run& in) {
        const window before(in.before);
        const window after(in.after);
        const std::size_t shorter = std::min(before.size(), after.size());
        const std::size_t begin = before.common(0, after, 0, shorter);
        const std::size_t end = before.common_end(after, shorter - begin);
        edits({before, begin, before.size() - end}, {after, begin, after.size() - end}, in);
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
    /// Elements [first, last) of a window.
    struct section {
        const window& of;
        std::size_t first;
        std::size_t last;
        [[nodiscard]] int size() const noexcept { return static_cast<int>(last - first); }
    };
    void edits(const section& before, const section& after, const run& in) {
        const int old_size = before.size();
        const int new_size = after.size();
        const std::size_t at = in.at + before.first;
        const std::size_t position = in.position + after.first;
        std::vector<reach> reaches;
        for (int count = 0; count <= edits_most && old_size > 0 && new_size > 0; ++count) {
            reach now(static_cast<std::size_t>(2 * count + 3), nowhere);
            for (int diagonal = -count; diagonal <= count; diagonal += 2) {
                int along = count == 0 ? 0 : move_to(reaches.back(), count, diagonal).along;
                if (along == nowhere) { continue; }
                if (along < old_size && along - diagonal < new_size) {
                    const auto same = before.of.common(
                        before.first + static_cast<std::size_t>(along), after.of,
                        after.first + static_cast<std::size_t>(along - diagonal),
                        static_cast<std::size_t>(std::min(old_size - along, new_size - along + diagonal)));
                    along += static_cast<int>(same);
                }
                now[static_cast<std::size_t>(diagonal + count + 1)] = along;
                if (along >= old_size && diagonal == old_size - new_size) {
                    return report_way(reaches, diagonal, at, position);
                }
            }
            reaches.push_back(std::move(now));
        }
        report({at, before.last - before.first, position, after.last - after.first});
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
