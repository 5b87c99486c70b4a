// tree/diff_walk.hpp: what every difference is made of: passing what two walks share, and comparing elements.
#pragma once

#include <coppice/tree/diff.hpp>

namespace coppice::detail {

/// Whether two slots, neither of them empty, name one node. Loads nothing.
[[nodiscard]] inline bool same_node(slot_word a, slot_word b) noexcept {
    if (a == b) { return true; }
    const auto id_of = [](slot_word word) {
        return is_stored(word) ? static_cast<std::uint64_t>(id_in(word))
                               : node_in(word)->id.load(std::memory_order_relaxed);
    };
    const std::uint64_t id = id_of(a);
    return id != 0 && id == id_of(b);
}

/// Whether two records of leaves with one prefix say the same, keys included, by the bytes they lie as. False
/// says nothing yet.
[[nodiscard]] bool same_bytes(const node& a, unsigned i, const node& b, unsigned j) noexcept;

/// Moves both walks over the subtrees they share, until each stands on an element or one is at its end.
/// Returns how many elements that were.
std::uint64_t pass_shared(subtree_walk& a, subtree_walk& b);

/// How many elements are equal from where both walks stand, inside their leaves.  Requires: both on elements.
[[nodiscard]] std::uint64_t equal_in_leaves(const subtree_walk& a, const subtree_walk& b);

/// How many elements are equal from where both walks stand; looks no further than `most`. Moves both.
[[nodiscard]] std::uint64_t common_run(subtree_walk& a, subtree_walk& b, std::uint64_t most);

}  // namespace coppice::detail
