// tree/edit.hpp: one change of one tree, from the path down to the leaf and back up.
//
// A change prepares and then applies. Preparing descends, copies the part of the path that somebody else
// can see (own), and builds whatever nodes the change needs, from the leaf upwards, until a node on the
// path can take them where it lies. All that may throw; the tree still says what it said. Applying enters
// the new nodes there, adds the difference to the counts above, and cannot fail.
#pragma once

#include <coppice/base/limits.hpp>
#include <coppice/tree/tree.hpp>

#include "tree/assemble.hpp"
#include "tree/page.hpp"

namespace coppice {

/// The child of an inner node, loaded if need be.
[[nodiscard]] inline node* child_in(const tree_context& context, const node& n, unsigned entry) {
    std::atomic<slot_word>& slot = slots_of(n)[entry];
    const slot_word word = slot.load(std::memory_order_acquire);
    if (!is_stored(word)) { return node_in(word); }
    const expected_node expected{shape_of(n), n.height - 1U, counts_of(n)[entry]};
    return context.pool->resident(slot, seals_of(n)[entry], context.may_wait, &expected);
}

class tree_edit {
public:
    explicit tree_edit(tree& edited) noexcept : tree_(edited), context_(*edited.context_) {}

    /// Walks to where `key`, a page key, is or would be.  Returns whether it is there.  Requires: not empty.
    bool descend_to_key(std::string_view key);
    /// Walks to the leaf of `position`; a position between two leaves is the end of the first when `at_end`.
    void descend_to_position(std::uint64_t position, bool at_end);

    [[nodiscard]] node& leaf() const noexcept { return *path_[depth_ - 1].at; }
    [[nodiscard]] unsigned entry() const noexcept { return path_[depth_ - 1].index; }

    /// Makes every node of the path editable; a leaf that is copied gets `extra` bytes of room.
    void own(std::size_t extra);
    /// Replaces entries [first, last) of the leaf.  Requires: descended.
    void replace(unsigned first, unsigned last, std::span<const page::item> given);
    /// Replaces bytes [first, last) of a bytes leaf.
    void replace_bytes(std::size_t first, std::size_t last, std::string_view given);

    /// Makes `built`, nodes of one height, the whole tree.
    static void set_root(tree& t, std::vector<built_node> built);

private:
    struct step {
        node* at;
        unsigned index;
    };
    using nodes = std::vector<built_node>;

    [[nodiscard]] bool on_left_edge(unsigned level) const noexcept;
    [[nodiscard]] bool on_right_edge(unsigned level) const noexcept;
    [[nodiscard]] bool must_merge(unsigned level, std::size_t bytes, std::size_t entries) const noexcept;
    [[nodiscard]] unsigned sibling_of(unsigned level) const noexcept;
    void replace_in_place(unsigned first, unsigned last, std::span<const page::item> given);
    [[nodiscard]] cut_rule rule_for(unsigned first, unsigned last) const noexcept;
    [[nodiscard]] bool stays_full(cut_rule rule, std::span<const page::item> given) const noexcept;
    [[nodiscard]] nodes set_beside(cut_rule rule, std::span<const page::item> given);
    void rebuild_leaf(unsigned first, unsigned last, std::span<const page::item> given, bool merge);
    void enter(unsigned level, unsigned begin, unsigned end, nodes built);
    /// Replaces children [first, last) of the node at `level` by `built`.
    void replace_children(unsigned level, unsigned first, unsigned last, nodes built);
    [[nodiscard]] bool takes_in_place(node& parent, unsigned first, unsigned last, const nodes& built) const noexcept;
    void apply_children(unsigned level, unsigned first, unsigned last, nodes& built) noexcept;
    [[nodiscard]] nodes rebuild_inner(unsigned level, unsigned first, unsigned last, nodes& built, bool merge,
                                      unsigned sibling);
    void replace_shell(unsigned level, node* larger) noexcept;
    void add_to_counts(unsigned levels) noexcept;
    void collapse_root() noexcept;

    tree& tree_;
    tree_context& context_;
    step path_[limits::tree_height + 1];
    unsigned depth_ = 0;
    std::int64_t difference_ = 0;  // elements that the change adds
};

}  // namespace coppice
