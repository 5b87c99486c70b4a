// store/reach.hpp: which stored nodes can be reached, and whether they say the truth.
//
// Both walks read nodes one by one, from memory where they are resident and from storage where not, without
// making them resident: a store larger than memory is walked as well. A node that several trees share is
// visited once. What is left to visit stands in a list, so depth costs no stack.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <coppice/base/function_ref.hpp>
#include <coppice/tree/tree.hpp>

#include <storage/node_store.hpp>

namespace coppice {

/// A set of node ids, a bit each.
class node_set {
public:
    /// Adds an id.  Returns whether it is new.
    bool add(node_id id);
    [[nodiscard]] bool contains(node_id id) const noexcept;
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

private:
    std::unordered_map<std::uint32_t, std::vector<std::uint64_t>> arenas_;
    std::uint64_t size_ = 0;
};

/// Marks what trees reach.
class node_marker {
public:
    /// Marking breaks off when `stop` becomes true.
    node_marker(node_pool& pool, const node_store& nodes, const std::atomic<bool>& stop)
        : pool_(pool), nodes_(nodes), stop_(stop) {}

    /// Marks every stored node at or below `root`, whose owner keeps it meanwhile.
    /// Errors: as node_store::get; errc::closed.
    [[nodiscard]] status mark(const node& root);
    /// The same for the store's catalog, but for what hangs below records that `later` says.
    [[nodiscard]] status mark_catalog(const node& root, function_ref<bool(std::string_view key)> later);
    /// Marks what mark_catalog left out.
    [[nodiscard]] status mark_rest();

    [[nodiscard]] const node_set& marked() const noexcept { return marked_; }
    /// Nodes that were reached, with an id and without.
    [[nodiscard]] std::uint64_t reached() const noexcept { return marked_.size() + unstored_.size(); }

private:
    struct child {
        slot_word word;
        node_seal seal;
        bool plain_leaf;  // refers to nothing: need not be read
    };
    [[nodiscard]] static child child_in(const node& n, unsigned slot);
    /// Whether it is met for the first time.
    [[nodiscard]] bool reach(const node& n);
    void reach(const child& met);
    /// Marks what hangs below the nodes that are left to visit.
    [[nodiscard]] status visit_open();
    /// Visits all that is left to visit.
    template <class Visit>
    [[nodiscard]] status go(Visit&& visit);

    node_pool& pool_;
    const node_store& nodes_;
    const std::atomic<bool>& stop_;
    node_set marked_;
    std::unordered_set<const node*> unstored_;  // nodes without an id that were visited
    std::vector<const node*> resident_;         // to visit
    std::vector<node_reference> stored_;
    std::vector<child> rest_;
};

/// Reads every node below a stored root and checks the tree's invariants. Never dies: adds what it finds.
/// `visited` is called now and then with the number of nodes so far.
void verify_stored_tree(node_pool& pool, const node_store& nodes, node_reference root, std::uint64_t count,
                        findings& found);

}  // namespace coppice
