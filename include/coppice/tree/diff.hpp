// coppice/tree/diff.hpp: what differs between two versions of a tree.
//
// Two versions share every node that no change has touched, so a walk over both at once passes a shared
// subtree by looking at two child slots, and loads neither. What it enters differs, or holds what differs.
//
//      before [ A | B | C ]        A and C are the same nodes on both sides: passed unread
//      after  [ A | B'| C ]        B and B' differ: both are entered, and their leaves merged by key
//
// Use keyed_diff for trees with keys: it is pulled, so that a server can page, and resumes behind any key.
// Use list_diff for lists and bytes, where an insertion moves everything behind it. Two trees that were
// built apart share no node, and their difference costs what reading both costs.
//
// Same nodes are told by identity: one address, or one id. Different nodes may still say the same, so an
// element counts as changed only when its bytes differ or its child tree does. Children with one slot
// identity or equal embedded bytes are equal; others are compared as trees, up to the first difference.
//
// Cost (k changes, n elements)    time                    allocates, loads
//   keyed_diff, seek              O(log n) a change       the keys it reports; two paths a change
//   equal                         up to one difference    the same
//   list_diff                     O(k log n + D * run)    what lies between shared nodes; D: edits in a run
//
// Threads. A diff holds both trees as values: nothing that happens to other versions is seen. One diff is
// used by one thread at a time.
// Errors. load_error, not_resident and bad_alloc leave a keyed_diff where it was: next() goes on when called
// again. equal and list_diff begin anew; what they had loaded stays in its slots.
//
// Sources: E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", Algorithmica 1 (1986), both its
// greedy and its linear-space form; anchors in increasing order as in patience diff (B. Cohen).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/limits.hpp>
#include <coppice/tree/tree.hpp>

namespace coppice {

enum class change_kind : std::uint8_t { added, removed, changed };

/// One record that differs. The views are valid until the diff moves on or goes.
struct keyed_change {
    change_kind kind = change_kind::changed;
    std::string key;
    std::optional<record_view> before;  ///< unless added; its child: keyed_diff::before().child_of
    std::optional<record_view> after;   ///< unless removed
};

/// The keys from `low` on and below `high`, in the tree's order; without `high`, all from `low` on.
struct key_range {
    std::string low;
    std::optional<std::string> high;

    /// All keys that begin with `prefix`; if pages show less of long keys (473 bytes), also others.
    [[nodiscard]] static key_range with_prefix(std::string_view prefix, const node_sizes& sizes = {});
};

namespace detail {

/// Walks one of two trees that are compared. It stands on a subtree that it has not entered (at first the
/// whole tree) or, inside a leaf, on an element. A reversed walk goes from the end to the beginning.
class subtree_walk {
public:
    static constexpr int element = -1;  ///< the height of an element

    explicit subtree_walk(const tree& walked, bool reversed = false) noexcept;

    /// Starts again at the whole tree; what lies outside the bounds is left out on the way down.
    /// `low` and `high` are borrowed for as long as the walk goes on.
    struct bounds {
        const std::string* low = nullptr;
        bool behind_low = false;  ///< `low` itself is left out
        const std::string* high = nullptr;
    };
    void restart(bounds within) noexcept;
    /// Stands on the element `passed` elements from where the walk begins.  Requires: passed <= size.
    void seek(std::uint64_t passed);

    [[nodiscard]] bool at_end() const noexcept { return ended_; }
    /// Height of what it stands on.  Requires: not at the end, here and below.
    [[nodiscard]] int height() const noexcept { return root_height_ - static_cast<int>(depth_); }
    [[nodiscard]] slot_word word() const noexcept;
    [[nodiscard]] std::uint64_t count() const noexcept;
    /// Enters the subtree that it stands on, loading it if need be.
    void enter();
    /// Passes what it stands on.
    void pass() noexcept { pass(1); }
    /// Passes this and its next siblings, `together` in all.
    void pass(unsigned together) noexcept;

    /// Whether it stands at the very beginning of a subtree of this height, and of which.
    [[nodiscard]] const node* begun(int height) const noexcept;
    /// Stands on that subtree again.
    void leave_to(int height) noexcept { depth_ = static_cast<unsigned>(root_height_ - height); }

    /// The node whose child or element it stands on, its entry there, and how many siblings are left with it.
    [[nodiscard]] const node& parent() const noexcept { return *path_[depth_ - 1].at; }
    [[nodiscard]] unsigned entry() const noexcept { return physical(path_[depth_ - 1]); }
    [[nodiscard]] unsigned left() const noexcept { return path_[depth_ - 1].end - path_[depth_ - 1].index; }
    [[nodiscard]] bool has_parent() const noexcept { return depth_ > 0; }
    [[nodiscard]] bool is_reversed() const noexcept { return reversed_; }
    [[nodiscard]] const tree& walked() const noexcept { return *walked_; }
    [[nodiscard]] std::uint64_t nodes_entered() const noexcept { return nodes_entered_; }

private:
    struct step {
        const node* at;
        unsigned index;  // counted from where the walk begins
        unsigned end;
        unsigned size;
        bool last;  // what follows this node lies above `high`
    };
    [[nodiscard]] unsigned physical(const step& s) const noexcept { return reversed_ ? s.size - 1 - s.index : s.index; }

    const tree* walked_;
    bounds within_;
    step path_[limits::tree_height + 1];
    int root_height_ = element;
    unsigned depth_ = 0;  // 0: stands on the whole tree
    unsigned begun_ = 0;  // path_[begun_] and all below stand on their first entries
    std::uint64_t nodes_entered_ = 0;
    bool untouched_ = true;  // nothing passed yet, so `low` still matters
    bool ended_;
    bool reversed_;
};

}  // namespace detail

/// The records that differ between two keyed trees, in the order of their keys.
class keyed_diff {
public:
    /// Requires: keyed trees.  Cost: O(1).
    keyed_diff(tree before, tree after, key_range within = {});
    keyed_diff(const keyed_diff&) = delete;
    keyed_diff& operator=(const keyed_diff&) = delete;

    /// The next difference, or false when there is none.
    [[nodiscard]] bool next(keyed_change& to);
    /// Goes on with the first difference behind `key` and inside the range, forwards or backwards.
    /// Cost: O(1); the next next() descends.
    void seek(std::string_view key);

    [[nodiscard]] const tree& before() const noexcept { return before_; }
    [[nodiscard]] const tree& after() const noexcept { return after_; }
    /// Nodes entered so far on both sides: what the walk has cost.
    [[nodiscard]] std::uint64_t nodes_entered() const noexcept { return a_.nodes_entered() + b_.nodes_entered(); }

private:
    void restart() noexcept;
    bool report(change_kind kind, keyed_change& to);
    bool merge_leaves(keyed_change& to);

    tree before_;
    tree after_;
    key_range within_;
    std::string resume_;  // the lower bound after seek()
    bool resumed_ = false;
    detail::subtree_walk a_;
    detail::subtree_walk b_;
};

/// Whether two trees of one shape say the same, children included.  Trees of different shape do not.
[[nodiscard]] bool equal(const tree& a, const tree& b);
/// Whether two records, keys aside, say the same; `a` lies in tree `in_a`.
[[nodiscard]] bool equal_values(const tree& in_a, const record_view& a, const tree& in_b, const record_view& b);

/// A run of `before` that is replaced by a run of `after`. Either may be empty, not both.
struct list_change {
    std::uint64_t before_position = 0;
    std::uint64_t before_count = 0;
    std::uint64_t after_position = 0;
    std::uint64_t after_count = 0;
    friend bool operator==(const list_change&, const list_change&) = default;
};

/// Above this many edits a run is replaced as one range.
inline constexpr std::uint32_t list_diff_edits_max = 10'000;
/// Up to this many edits in all, the result depends on the elements alone (see list_diff).
inline constexpr std::uint32_t list_diff_edits_exact = 32;

/// The runs in which two lists, or two bytes trees, differ; in order, never touching one another.
///
/// Equal prefix and suffix are trimmed by identity. Up to list_diff_edits_exact edits are found on the elements
/// alone, whatever the trees' shapes. More are looked for between the subtrees that both trees share, in the
/// order both have them in, and those that stand alone or few together once more on the elements alone: only
/// crowded edits among repeating elements, and blocks that moved, can show where the trees had their nodes. Where no
/// node is shared for long, leaves that mostly say the same at the same places are taken for one another.
/// Cost: O(elements of changed leaves) there, else O(nd) for n elements in a row of changed leaves with d edits.
/// An inserted or erased run stands as far to the front as it can.
/// Requires: trees of one shape, not keyed.  Errors: load_error, not_resident, bad_alloc.
[[nodiscard]] std::vector<list_change> list_diff(const tree& before, const tree& after);

}  // namespace coppice
