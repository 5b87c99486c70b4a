// coppice/tree/check.hpp: do the invariants of a tree hold?
#pragma once

#include <string>

#include <coppice/tree/tree.hpp>

namespace coppice {

enum class check_depth {
    shallow,  ///< the root and the way to the first and the last leaf.  Cost: O(log n)
    deep,     ///< every node, child trees included.  Cost: O(n)
};

/// The first broken rule and where ("I4 at root/2/0: count 7, found 6"), or nothing.
[[nodiscard]] std::string find_broken_rule(const tree& t, check_depth depth);
/// Dies naming the rule.
void check_tree(const tree& t, check_depth depth);

}  // namespace coppice
