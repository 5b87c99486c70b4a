// tree/diff_listed.cpp: the difference of two lists, or of two bytes trees.
//
// In four steps. Trim what both begin and end with. Look for a few edits on the elements alone, where the
// trees only say which runs are equal without being read. Failing that, cut the rest at the subtrees that
// both trees have, level by level, look for the shortest edit between two cuts, and once more around each
// edit, so that the cuts leave little trace. At last move every inserted or erased run as far to the front as it
// goes: where equal elements stand side by side, any of them could have been the one.

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <unordered_map>

#include <coppice/tree/cursor.hpp>

#include "tree/diff_edits.hpp"
#include "tree/diff_walk.hpp"
#include "tree/edit.hpp"

namespace coppice {
namespace {

using detail::common_run;
using detail::run_list;
using detail::subtree_walk;

// What a run may hold to be compared element by element; above, it is replaced as one range. Each record
// takes about 40 bytes of memory meanwhile, each byte one.
constexpr std::uint64_t run_records_max = std::uint64_t{1} << 22;
constexpr std::uint64_t run_bytes_max = std::uint64_t{1} << 28;

// Up to this many edits of a run of records are looked for in the trees: 45 probes cost what numbering some
// hundred records costs, and most runs have an edit or two.
constexpr std::int64_t run_edits_few = 8;

// A longer run whose leaves were all written is compared leaf by leaf where they still say mostly the same at the same
// places: the shortest edit of n elements with d edits takes O(nd) steps.
constexpr std::uint64_t run_as_a_whole_max = std::uint64_t{1} << 15;
constexpr std::uint64_t mostly = 4;  // at most one element in so many differs

std::uint64_t before_end(const list_change& run) noexcept { return run.before_position + run.before_count; }
std::uint64_t after_end(const list_change& run) noexcept { return run.after_position + run.after_count; }

struct sides {
    const tree& before;
    const tree& after;
};

/// The run without what both of its sides begin with.
list_change trim_front(const sides& in, list_change run) {
    subtree_walk a(in.before);
    subtree_walk b(in.after);
    const std::uint64_t most = std::min(run.before_count, run.after_count);
    if (run.before_position != 0 || run.after_position != 0) {
        a.seek(run.before_position);
        b.seek(run.after_position);
    }
    const std::uint64_t common = common_run(a, b, most);
    return {run.before_position + common, run.before_count - common, run.after_position + common,
            run.after_count - common};
}

/// The run without what both of its sides end with.
list_change trim_back(const sides& in, list_change run) {
    subtree_walk a(in.before, true);
    subtree_walk b(in.after, true);
    const std::uint64_t a_behind = in.before.size() - run.before_position - run.before_count;
    const std::uint64_t b_behind = in.after.size() - run.after_position - run.after_count;
    if (a_behind != 0 || b_behind != 0) {  // else from the very ends: nothing shared is entered
        a.seek(a_behind);
        b.seek(b_behind);
    }
    const std::uint64_t common = common_run(a, b, std::min(run.before_count, run.after_count));
    run.before_count -= common;
    run.after_count -= common;
    return run;
}

// ---- Few edits, on the elements alone.

/// The greedy search of Myers 1986, section 4, over runs of equal elements that are found in the trees.
class few_edits {
public:
    using index = std::int64_t;

    few_edits(const sides& in, const list_change& run)
        : run_(run),
          a_(in.before),
          b_(in.after),
          width_(static_cast<index>(run.before_count)),
          height_(static_cast<index>(run.after_count)) {}

    /// Enters the edits, or says that there are more than `most`.  Requires: most <= list_diff_edits_exact.
    bool run(index most, run_list& found) {
        if (std::max(width_, height_) - std::min(width_, height_) > most) { return false; }
        std::vector<frontier> history;
        frontier reached;
        reached.fill(0);
        for (index edits = 0; edits <= most; ++edits) {
            history.push_back(reached);
            for (index k = -edits; k <= edits; k += 2) {
                const index x = from(reached, k, edits);
                // Points outside of the run are kept: they tell of no path that is shorter.
                reached[at(k)] = x + equal_from(x, x - k);
                if (reached[at(k)] >= width_ && reached[at(k)] - k >= height_) {
                    enter(history, found);
                    return true;
                }
            }
        }
        return false;
    }

private:
    using frontier = std::array<index, 2 * list_diff_edits_exact + 3>;

    static std::size_t at(index diagonal) noexcept {
        return static_cast<std::size_t>(diagonal + index{list_diff_edits_exact} + 1);
    }
    static bool is_insertion(const frontier& reached, index k, index edits) noexcept {
        return k == -edits || (k != edits && reached[at(k - 1)] < reached[at(k + 1)]);
    }
    static index from(const frontier& reached, index k, index edits) noexcept {
        if (edits == 0) { return 0; }
        return is_insertion(reached, k, edits) ? reached[at(k + 1)] : reached[at(k - 1)] + 1;
    }

    index equal_from(index x, index y) {
        if (x >= width_ || y >= height_) { return 0; }
        a_.seek(run_.before_position + static_cast<std::uint64_t>(x));
        b_.seek(run_.after_position + static_cast<std::uint64_t>(y));
        return static_cast<index>(common_run(a_, b_, static_cast<std::uint64_t>(std::min(width_ - x, height_ - y))));
    }

    /// Walks back from the end: each step is one edit.
    void enter(const std::vector<frontier>& history, run_list& found) const {
        std::vector<list_change> edits;
        index x = width_;
        index y = height_;
        for (index left = static_cast<index>(history.size()) - 1; left > 0; --left) {
            const frontier& reached = history[static_cast<std::size_t>(left)];
            const index k = x - y;
            const bool insertion = is_insertion(reached, k, left);
            x = reached[at(insertion ? k + 1 : k - 1)];
            y = x - (insertion ? k + 1 : k - 1);
            edits.push_back({run_.before_position + static_cast<std::uint64_t>(x), insertion ? 0U : 1U,
                             run_.after_position + static_cast<std::uint64_t>(y), insertion ? 1U : 0U});
        }
        std::for_each(edits.rbegin(), edits.rend(), [&](const list_change& edit) { found.add(edit); });
    }

    list_change run_;
    subtree_walk a_;
    subtree_walk b_;
    index width_;
    index height_;
};

// ---- The shortest edit of a run that is read.

/// Gives equal records equal numbers.
class record_numbers {
public:
    std::vector<std::uint32_t> of(const tree& t, std::uint64_t position, std::uint64_t count) {
        std::vector<std::uint32_t> numbers;
        numbers.reserve(count);
        cursor at(t);
        at.seek(position);
        for (; count > 0; --count, at.next()) { numbers.push_back(number_of(t, at.get())); }
        return numbers;
    }
    [[nodiscard]] std::size_t size() const noexcept { return known_.size(); }

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    struct known {
        record_view record;
        const tree* in;
        std::uint32_t next;  // of the same hash
    };

    std::uint32_t number_of(const tree& t, const record_view& record) {
        const std::size_t hash = std::hash<std::string_view>{}(record.bytes) + record.child_count * 0x9e3779b97f4a7c15U;
        const auto fresh = static_cast<std::uint32_t>(known_.size());
        const auto [first, is_new] = by_hash_.try_emplace(hash, fresh);
        for (std::uint32_t i = is_new ? none : first->second; i != none; i = known_[i].next) {
            if (equal_values(*known_[i].in, known_[i].record, t, record)) { return i; }
        }
        known_.push_back({record, &t, is_new ? none : first->second});
        first->second = fresh;
        return fresh;
    }

    std::unordered_map<std::size_t, std::uint32_t> by_hash_;
    std::vector<known> known_;
};

std::string read_bytes(const tree& t, std::uint64_t position, std::uint64_t count) {
    std::string read;
    read.reserve(count);
    cursor at(t);
    for (at.seek(position); read.size() < count; at.skip_leaf()) {
        read += at.rest_of_leaf().substr(0, count - read.size());
    }
    return read;
}

/// Whether the numbers of equal symbols alone say that more than `most` edits are needed.
template <class Symbol>
bool takes_more(std::span<const Symbol> a, std::span<const Symbol> b, std::size_t kinds, std::uint64_t most) {
    std::vector<std::int64_t> surplus(kinds);
    for (const Symbol each : a) { ++surplus[static_cast<std::size_t>(each)]; }
    for (const Symbol each : b) { --surplus[static_cast<std::size_t>(each)]; }
    std::uint64_t edits = 0;
    for (const std::int64_t each : surplus) { edits += static_cast<std::uint64_t>(std::abs(each)); }
    return edits > most;
}

template <class Symbol>
void enter_shortest(std::span<const Symbol> a, std::span<const Symbol> b, std::size_t kinds, const list_change& run,
                    run_list& found) {
    if (takes_more(a, b, kinds, list_diff_edits_max)) {
        found.add(run);
    } else {
        detail::shortest_edit<Symbol>(a, b, run, found).run(list_diff_edits_max);
    }
}

void compare_run(const sides& in, const list_change& whole, run_list& found) {
    if (whole.before_count == 0 || whole.after_count == 0) {
        found.add(whole);
        return;
    }
    const list_change run = trim_back(in, trim_front(in, whole));
    const bool bytes = in.before.shape().kind == leaf_kind::bytes;
    const std::uint64_t uneven =
        std::max(run.before_count, run.after_count) - std::min(run.before_count, run.after_count);
    const bool large = run.before_count + run.after_count > (bytes ? run_bytes_max : run_records_max);
    if (run.before_count == 0 || run.after_count == 0 || uneven > list_diff_edits_max || large) {
        found.add(run);
    } else if (bytes) {
        const std::string a = read_bytes(in.before, run.before_position, run.before_count);
        const std::string b = read_bytes(in.after, run.after_position, run.after_count);
        const auto symbols = [](const std::string& text) {
            return std::span(reinterpret_cast<const unsigned char*>(text.data()), text.size());
        };
        enter_shortest(symbols(a), symbols(b), 256, run, found);
    } else if (!few_edits(in, run).run(run_edits_few, found)) {
        record_numbers numbers;
        const auto a = numbers.of(in.before, run.before_position, run.before_count);
        const auto b = numbers.of(in.after, run.after_position, run.after_count);
        enter_shortest(std::span<const std::uint32_t>(a), std::span<const std::uint32_t>(b), numbers.size(), run,
                       found);
    }
}

bool mostly_same(const sides& in, std::uint64_t before, std::uint64_t after, std::uint64_t count) {
    if (in.before.shape().kind == leaf_kind::bytes) {
        const std::string a = read_bytes(in.before, before, count);
        const std::string b = read_bytes(in.after, after, count);
        const auto same = std::inner_product(a.begin(), a.end(), b.begin(), std::uint64_t{0}, std::plus<>(),
                                             [](char x, char y) { return x == y ? 1U : 0U; });
        return (count - same) * mostly <= count;
    }
    cursor a(in.before, before);
    cursor b(in.after, after);
    std::uint64_t different = 0;
    for (std::uint64_t i = 0; i < count && different * mostly <= count; ++i, a.next(), b.next()) {
        if (!equal_values(in.before, a.get(), in.after, b.get())) { ++different; }
    }
    return different * mostly <= count;
}

// ---- Cuts at subtrees that both trees have.

class cutting {
public:
    cutting(const sides& in, run_list& found) : in_(in), found_(found) {}

    void run(const list_change& whole) {
        row a{{nullptr, 0, 0, in_.before.size()}};
        row b{{nullptr, 0, 0, in_.after.size()}};
        unsigned height_a = in_.before.root()->height;
        unsigned height_b = in_.after.root()->height;
        for (; height_a > height_b; --height_a) {
            a = children_of(in_.before, a, whole.before_position, whole.before_position + whole.before_count);
        }
        for (; height_b > height_a; --height_b) {
            b = children_of(in_.after, b, whole.after_position, whole.after_position + whole.after_count);
        }
        cut(a, b, whole, height_a);
    }

private:
    struct subtree {
        const node* parent;  // null: the whole tree
        unsigned entry;
        std::uint64_t position;
        std::uint64_t count;
    };
    using row = std::vector<subtree>;
    struct pair {
        std::size_t a, b;
    };

    static slot_word word_in(const tree& t, const subtree& of) noexcept {
        return of.parent == nullptr ? word_of(t.root())
                                    : slots_of(*of.parent)[of.entry].load(std::memory_order_acquire);
    }
    /// A word that is the same for one node however a slot names it.
    static slot_word name_in(const tree& t, const subtree& of) noexcept {
        const slot_word word = word_in(t, of);
        if (is_stored(word)) { return word; }
        const auto id = static_cast<node_id>(node_in(word)->id.load(std::memory_order_relaxed));
        return id == node_id::none ? word : word_of(id);
    }

    /// The children that hold elements of [from, to).
    static row children_of(const tree& t, std::span<const subtree> parents, std::uint64_t from, std::uint64_t to) {
        row children;
        for (const subtree& parent : parents) {
            if (parent.position >= to || parent.position + parent.count <= from) { continue; }
            const node& n = parent.parent == nullptr ? *t.root() : *child_in(t.context(), *parent.parent, parent.entry);
            std::uint64_t position = parent.position;
            for (unsigned i = 0; i < n.entries; ++i) {
                const std::uint64_t count = counts_of(n)[i];
                if (position < to && position + count > from) { children.push_back({&n, i, position, count}); }
                position += count;
            }
        }
        return children;
    }

    /// Nodes of one height on both sides, the run between them: cuts it where they share a node. Recursion is as
    /// deep as a tree is high.
    void cut(std::span<const subtree> a, std::span<const subtree> b, const list_change& run, unsigned height) {
        if (run.before_count == 0 || run.after_count == 0) {
            found_.add(run);
            return;
        }
        list_change rest = run;
        std::size_t a_begin = 0;
        std::size_t b_begin = 0;
        for (const pair& shared : shared_in_order(a, b)) {
            const subtree& x = a[shared.a];
            const subtree& y = b[shared.b];
            // What of it lies inside the run on both sides.
            const std::uint64_t skip =
                std::max(behind(rest.before_position, x.position), behind(rest.after_position, y.position));
            const std::uint64_t end = std::min({x.count, behind(rest.before_position + rest.before_count, x.position),
                                                behind(rest.after_position + rest.after_count, y.position)});
            if (skip >= end) { continue; }
            go_down(a.subspan(a_begin, shared.a + (skip > 0 ? 1 : 0) - a_begin),
                    b.subspan(b_begin, shared.b + (skip > 0 ? 1 : 0) - b_begin),
                    {rest.before_position, x.position + skip - rest.before_position, rest.after_position,
                     y.position + skip - rest.after_position},
                    height);
            const std::uint64_t before_end = rest.before_position + rest.before_count;
            const std::uint64_t after_end = rest.after_position + rest.after_count;
            rest = {x.position + end, before_end - x.position - end, y.position + end, after_end - y.position - end};
            a_begin = shared.a + (end == x.count ? 1 : 0);
            b_begin = shared.b + (end == x.count ? 1 : 0);
        }
        go_down(a.subspan(a_begin), b.subspan(b_begin), rest, height);
    }
    static std::uint64_t behind(std::uint64_t to, std::uint64_t from) noexcept { return to > from ? to - from : 0; }

    void go_down(std::span<const subtree> a, std::span<const subtree> b, const list_change& run, unsigned height) {
        if (run.before_count == 0 || run.after_count == 0) { return compare_run(in_, run, found_); }
        if (height == 0) { return compare_leaves(a, b, run); }
        const row below_a = children_of(in_.before, a, run.before_position, run.before_position + run.before_count);
        const row below_b = children_of(in_.after, b, run.after_position, run.after_position + run.after_count);
        cut(below_a, below_b, run, height - 1);
    }

    /// Leaves without a node in common.  In a long run, what still lies between the same leaf ends, counted from the
    /// run's beginning or from its end, and says mostly the same, is a run of its own.
    void compare_leaves(std::span<const subtree> a, std::span<const subtree> b, const list_change& run) {
        list_change rest = run;
        const auto compare = [&](std::uint64_t count_a, std::uint64_t count_b) {
            compare_run(in_, {rest.before_position, count_a, rest.after_position, count_b}, found_);
            rest = {rest.before_position + count_a, rest.before_count - count_a, rest.after_position + count_b,
                    rest.after_count - count_b};
        };
        const auto compare_block = [&](const list_change& block) {
            compare(block.before_position - rest.before_position, block.after_position - rest.after_position);
            compare(block.before_count, block.after_count);
        };
        if (run.before_count + run.after_count > run_as_a_whole_max) {
            visit_blocks(a, b, run, run.before_position, run.after_position, compare_block);
            const list_change behind_them = rest;
            visit_blocks(a, b, behind_them, before_end(run), after_end(run), compare_block);
        }
        compare_run(in_, rest, found_);
    }

    /// The blocks inside of `run` between ends of leaves that are as far from `from_a` as from `from_b`.
    template <class Visit>
    void visit_blocks(std::span<const subtree> a, std::span<const subtree> b, const list_change& run,
                      std::uint64_t from_a, std::uint64_t from_b, Visit&& visit) const {
        const auto end_of = [](const subtree& leaf, std::uint64_t most) {
            return std::min(leaf.position + leaf.count, most);
        };
        // Where the last two leaves ended together; the run may begin so.
        bool together = run.before_position - from_a == run.after_position - from_b;
        std::uint64_t begin_a = run.before_position;
        std::uint64_t begin_b = run.after_position;
        for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
            const std::uint64_t end_a = end_of(a[i], before_end(run));
            const std::uint64_t end_b = end_of(b[j], after_end(run));
            const auto ahead = static_cast<std::int64_t>((end_a - from_a) - (end_b - from_b));
            if (ahead <= 0) { ++i; }
            if (ahead >= 0) { ++j; }
            if (ahead != 0 || end_a <= begin_a || end_b <= begin_b) { continue; }
            if (together && mostly_same(in_, begin_a, begin_b, end_a - begin_a)) {
                visit({begin_a, end_a - begin_a, begin_b, end_b - begin_b});
            }
            together = true;
            begin_a = end_a;
            begin_b = end_b;
        }
    }

    /// Pairs of one node in both rows, ascending on both sides, as many as can be.
    std::vector<pair> shared_in_order(std::span<const subtree> a, std::span<const subtree> b) const {
        // Most changes are small: the rows begin and end alike, which needs no table.
        std::vector<pair> shared;
        const std::size_t most = std::min(a.size(), b.size());
        std::size_t front = 0;
        while (front < most && same(a[front], b[front])) { ++front; }
        std::size_t back = 0;
        while (back < most - front && same(a[a.size() - 1 - back], b[b.size() - 1 - back])) { ++back; }
        for (std::size_t i = 0; i < front; ++i) { shared.push_back({i, i}); }
        const auto between = longest_ascending(
            pairs_between(a.subspan(front, a.size() - front - back), b.subspan(front, b.size() - front - back)));
        for (const pair& each : between) { shared.push_back({front + each.a, front + each.b}); }
        for (std::size_t i = back; i > 0; --i) { shared.push_back({a.size() - i, b.size() - i}); }
        return shared;
    }
    [[nodiscard]] bool same(const subtree& a, const subtree& b) const noexcept {
        return detail::same_node(word_in(in_.before, a), word_in(in_.after, b));
    }

    /// The n-th place of a node in one row and its n-th place in the other.
    [[nodiscard]] std::vector<pair> pairs_between(std::span<const subtree> a, std::span<const subtree> b) const {
        if (a.empty() || b.empty()) { return {}; }
        struct place {
            slot_word name;
            std::size_t index;
        };
        const auto order = [](const place& x, const place& y) { return x.name < y.name; };
        std::vector<place> places;
        for (std::size_t i = 0; i < b.size(); ++i) { places.push_back({name_in(in_.after, b[i]), i}); }
        std::stable_sort(places.begin(), places.end(), order);
        std::vector<std::size_t> used(places.size());  // by first place of a name: how many of its places are taken
        std::vector<pair> pairs;
        for (std::size_t i = 0; i < a.size(); ++i) {
            const place wanted{name_in(in_.before, a[i]), 0};
            const auto first = std::lower_bound(places.begin(), places.end(), wanted, order);
            if (first == places.end() || first->name != wanted.name) { continue; }
            std::size_t& taken = used[static_cast<std::size_t>(first - places.begin())];
            const auto next = first + static_cast<std::ptrdiff_t>(taken);
            if (next == places.end() || next->name != wanted.name) { continue; }
            ++taken;
            pairs.push_back({i, next->index});
        }
        return pairs;
    }

    /// A longest subsequence that ascends on the second side too (Schensted 1961).
    static std::vector<pair> longest_ascending(const std::vector<pair>& pairs) {
        constexpr std::size_t none = ~std::size_t{0};
        std::vector<std::size_t> ends;  // ends[l]: the least end of an ascent of length l + 1
        std::vector<std::size_t> before(pairs.size(), none);
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            const auto at = std::lower_bound(ends.begin(), ends.end(), pairs[i].b,
                                             [&](std::size_t end, std::size_t b) { return pairs[end].b < b; });
            if (at != ends.begin()) { before[i] = *(at - 1); }
            if (at == ends.end()) {
                ends.push_back(i);
            } else {
                *at = i;
            }
        }
        std::vector<pair> longest;
        for (std::size_t i = ends.empty() ? none : ends.back(); i != none; i = before[i]) {
            longest.push_back(pairs[i]);
        }
        std::reverse(longest.begin(), longest.end());
        return longest;
    }

    const sides& in_;
    run_list& found_;
};

// ---- One answer where several are as short.

// Runs with fewer equal elements between them than this may be exchanged for others; they are looked for anew
// together, and with as many equal elements behind them, when they have few edits.
constexpr std::uint64_t near_elements = 16;
constexpr std::uint64_t near_edits_max = 16;

/// The same edits, with what stands close together found by the greedy search: it goes from the first
/// difference on, and so does not depend on where a cut was.
std::vector<list_change> found_anew(const sides& in, const std::vector<list_change>& runs) {
    run_list made;
    for (std::size_t first = 0, next = 0; first < runs.size(); first = next) {
        std::uint64_t edits = 0;
        std::uint64_t behind = 0;
        do {
            edits += runs[next].before_count + runs[next].after_count;
            const list_change& last = runs[next++];
            behind = (next < runs.size() ? runs[next].before_position : in.before.size()) - before_end(last);
        } while (next < runs.size() && behind < near_elements);
        const list_change& last = runs[next - 1];
        const list_change& from = runs[first];
        const bool plain = next - first == 1 && (from.before_count == 0 || from.after_count == 0);
        const std::uint64_t more = std::min(behind, near_elements);
        const list_change window{from.before_position, before_end(last) + more - from.before_position,
                                 from.after_position, after_end(last) + more - from.after_position};
        if (!plain && edits <= near_edits_max && few_edits(in, window).run(static_cast<std::int64_t>(edits), made)) {
            continue;
        }
        std::for_each(&from, &last + 1, [&](const list_change& run) { made.add(run); });
    }
    return made.take();
}

/// How far the run [position, position + count) of `t` can move to the front, through at most `room` elements.
std::uint64_t room_to_move(const tree& t, std::uint64_t position, std::uint64_t count, std::uint64_t room) {
    if (room == 0) { return 0; }
    subtree_walk behind(t, true);
    subtree_walk last(t, true);
    behind.seek(t.size() - position);
    last.seek(t.size() - position - count);
    return common_run(behind, last, room);
}

std::vector<list_change> settled(const sides& in, const std::vector<list_change>& runs) {
    std::vector<list_change> made;
    for (list_change run : runs) {
        for (;;) {
            const list_change last = made.empty() ? list_change{} : made.back();
            const std::uint64_t room = run.before_position - before_end(last);
            std::uint64_t moved = 0;
            if (run.before_count == 0) { moved = room_to_move(in.after, run.after_position, run.after_count, room); }
            if (run.after_count == 0) { moved = room_to_move(in.before, run.before_position, run.before_count, room); }
            run.before_position -= moved;
            run.after_position -= moved;
            if (moved < room || made.empty()) { break; }
            made.pop_back();  // they touch: one run, whose sides may begin alike now
            run = trim_front(in, {last.before_position, last.before_count + run.before_count, last.after_position,
                                  last.after_count + run.after_count});
        }
        if (run.before_count != 0 || run.after_count != 0) { made.push_back(run); }
    }
    return made;
}

}  // namespace

std::vector<list_change> list_diff(const tree& before, const tree& after) {
    COPPICE_CHECK(before.shape() == after.shape() && !before.shape().keyed);
    const sides in{before, after};
    const list_change run = trim_back(in, trim_front(in, {0, before.size(), 0, after.size()}));
    run_list found;
    if (run.before_count == 0 || run.after_count == 0) {
        found.add(run);
    } else if (!few_edits(in, run).run(list_diff_edits_exact, found)) {
        cutting(in, found).run(run);
        return settled(in, found_anew(in, found.take()));
    }
    return settled(in, found.take());
}

}  // namespace coppice
