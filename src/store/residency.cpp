#include "store/residency.hpp"

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <coppice/base/bytes.hpp>
#include <coppice/tree/record.hpp>

namespace coppice {
namespace {

/// Calls `f` with each child of `n` that is in memory.
template <class F>
void each_resident_child(const node& n, F&& f) {
    const auto* slots = slots_of(n);
    for (unsigned i = 0; i < n.slots; ++i) {
        const slot_word word = slots[i].load(std::memory_order_acquire);
        if (word != 0 && !is_stored(word)) { f(*node_in(word)); }
    }
}

using seen_nodes = std::unordered_set<const node*>;

/// Visits the nodes in memory at and below `root` that were not seen before.
template <class Visit>
void walk(const node* root, seen_nodes& seen, Visit&& visit) {
    if (root == nullptr || !seen.insert(root).second) { return; }
    std::vector<const node*> open{root};
    while (!open.empty()) {
        const node& n = *open.back();
        open.pop_back();
        visit(n);
        each_resident_child(n, [&](const node& child) {
            if (seen.insert(&child).second) { open.push_back(&child); }
        });
    }
}

/// Calls `f` with each record in memory of a tree that has a child in memory, and that child's root.
template <class F>
void each_resident_record(const node* root, F&& f) {
    std::vector<const node*> open;
    if (root != nullptr) { open.push_back(root); }
    while (!open.empty()) {
        const node& n = *open.back();
        open.pop_back();
        if (is_inner(n)) {
            each_resident_child(n, [&](const node& child) { open.push_back(&child); });
            continue;
        }
        for (unsigned i = 0; n.slots > 0 && i < n.entries; ++i) {
            const record_view record = view_record(n, i);
            if (record.child != child_form::slot) { continue; }
            const slot_word word = slots_of(n)[record.slot].load(std::memory_order_acquire);
            if (word != 0 && !is_stored(word)) { f(record, *node_in(word)); }
        }
    }
}

}  // namespace

std::uint64_t shared_bytes(const tree& one, const tree& other) {
    seen_nodes of_one;
    walk(one.root(), of_one, [](const node&) {});
    std::uint64_t bytes = 0;
    seen_nodes of_other;
    walk(other.root(), of_other, [&](const node& n) { bytes += of_one.contains(&n) ? n.capacity : 0; });
    return bytes;
}

std::uint64_t own_bytes(const tree& keys, const tree& value) {
    // Not through the value's own root; whoever else leads to that has all of it.
    seen_nodes of_others{value.root()};
    std::size_t ways = 0;
    walk(keys.root(), of_others, [&](const node& n) {
        each_resident_child(n, [&](const node& child) { ways += &child == value.root() ? 1 : 0; });
    });
    if (ways > 1) { return 0; }
    of_others.erase(value.root());
    std::uint64_t bytes = 0;
    seen_nodes of_value;
    walk(value.root(), of_value, [&](const node& n) { bytes += of_others.contains(&n) ? 0 : n.capacity; });
    return bytes;
}

std::uint64_t keys_sharing(const tree& keys, const tree& value) {
    seen_nodes of_value;
    walk(value.root(), of_value, [](const node&) {});
    std::uint64_t found = 0;
    each_resident_record(keys.root(), [&](const record_view&, const node& below) {
        bool shares = false;
        seen_nodes of_key;
        walk(&below, of_key, [&](const node& n) { shares = shares || of_value.contains(&n); });
        found += shares ? 1 : 0;
    });
    return found;
}

residency::residency(snapshot_state newest, tree catalog_rows)
    : newest_(std::move(newest)), catalog_rows_(std::move(catalog_rows)) {}

/// Whether a version that hangs below a record of the catalog goes when the branch does (catalog.hpp draws the keys).
bool residency::is_own(std::string_view key) const {
    const bool of_a_branch = key.size() > sizeof(branch_id) && (key[0] == 'b' || key[0] == 'v');
    return of_a_branch && big_endian(load<branch_id>(key.data() + 1)) == newest_.branch;
}

/// Finds the versions in memory that the catalog names.
void residency::sort_catalog() {
    std::string key;
    each_resident_record(catalog_rows_.root(), [&](const record_view& record, const node& version) {
        key.clear();
        record.append_key(key);
        (is_own(key) ? history_roots_ : other_roots_).push_back(&version);
    });
}

resident_figures residency::count() {
    sort_catalog();
    for (const tree& each : others_) { other_roots_.push_back(each.root()); }
    seen_nodes of_others;
    for (const node* root : other_roots_) {
        walk(root, of_others, [](const node&) {});
    }
    resident_figures figures;
    seen_nodes of_branch;
    walk(newest_.keys.root(), of_branch, [&](const node& n) {
        ++figures.nodes;
        figures.bytes += n.capacity;
        if (of_others.contains(&n)) { return; }
        ++figures.own_nodes;
        figures.own_bytes += n.capacity;
    });
    for (const node* root : history_roots_) {
        walk(root, of_branch, [&](const node& n) {
            if (of_others.contains(&n)) { return; }
            ++figures.history_nodes;
            figures.history_bytes += n.capacity;
        });
    }
    return figures;
}

}  // namespace coppice
