// store/residency.hpp: what of a branch is in memory, and what nobody but the branch keeps there.
//
// Counted are nodes in memory, each once and with all the memory it takes; what is on storage alone takes none. A
// node is the branch's own when no other branch, no commit and no snapshot that somebody holds leads to it through
// memory: deleting the branch frees it. What a branch said at the newest checkpoint counts as said by it. Nodes that
// are reached through storage alone do not keep each other in memory, so a walk along resident slots tells the truth
// and reads nothing.
//
// Cost. O(nodes in memory), not O(elements); to begin it O(branches in use + snapshots).
// Threads: count() any, once; what is counted is held, so others go on.
#pragma once

#include <cstdint>
#include <vector>

#include <store/version.hpp>

namespace coppice {

struct resident_figures {
    std::uint64_t nodes = 0;  ///< of the branch's newest version
    std::uint64_t bytes = 0;
    std::uint64_t own_nodes = 0;  ///< of those, what nothing else keeps in memory
    std::uint64_t own_bytes = 0;
    std::uint64_t history_nodes = 0;  ///< what only its restore points and its newest checkpoint keep beside that
    std::uint64_t history_bytes = 0;
};

/// Bytes in memory of the nodes that both trees have.  Cost: O(nodes of both in memory).  Threads: any.
[[nodiscard]] std::uint64_t shared_bytes(const tree& one, const tree& other);
/// Bytes in memory of the nodes of `value`, a child of one record of `keys`, that nothing else in `keys` leads to.
/// Cost: O(nodes of `keys` in memory).  Threads: any.
[[nodiscard]] std::uint64_t own_bytes(const tree& keys, const tree& value);

/// How many keys of a branch have a node of `value`, as far as they are in memory.
/// Cost: O(nodes of `keys` in memory).  Threads: any.
[[nodiscard]] std::uint64_t keys_sharing(const tree& keys, const tree& value);

class residency {
public:
    /// Of the branch that `newest` was read from.
    residency(snapshot_state newest, tree catalog_rows);
    /// Another version that is held.
    void add_other(tree keys) { others_.push_back(std::move(keys)); }

    [[nodiscard]] resident_figures count();

private:
    void sort_catalog();
    [[nodiscard]] bool is_own(std::string_view key) const;
    snapshot_state newest_;
    tree catalog_rows_;
    std::vector<tree> others_;
    std::vector<const node*> other_roots_;
    std::vector<const node*> history_roots_;  // what the catalog says of the branch
};

}  // namespace coppice
