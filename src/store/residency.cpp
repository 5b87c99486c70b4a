#include "store/residency.hpp"

#include <string>
#include <utility>

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

}  // namespace

residency::residency(snapshot_state newest, tree catalog_rows)
    : newest_(std::move(newest)), catalog_rows_(std::move(catalog_rows)) {}

/// Visits the nodes in memory at and below `root` that were not seen before.
template <class Visit>
void residency::walk(const node* root, seen_nodes& seen, Visit&& visit) {
    if (root == nullptr || !seen.insert(root).second) { return; }
    open_.push_back(root);
    while (!open_.empty()) {
        const node& n = *open_.back();
        open_.pop_back();
        visit(n);
        each_resident_child(n, [&](const node& child) {
            if (seen.insert(&child).second) { open_.push_back(&child); }
        });
    }
}

/// Whether a version that hangs below a record of the catalog goes when the branch does (catalog.hpp draws the keys).
bool residency::is_own(std::string_view key) const {
    const bool of_a_branch = key.size() > sizeof(branch_id) && (key[0] == 'b' || key[0] == 'v');
    return of_a_branch && big_endian(load<branch_id>(key.data() + 1)) == newest_.branch;
}

/// Finds the versions in memory that the catalog names.
void residency::sort_catalog() {
    std::string key;
    if (catalog_rows_.root() != nullptr) { open_.push_back(catalog_rows_.root()); }
    while (!open_.empty()) {
        const node& n = *open_.back();
        open_.pop_back();
        if (is_inner(n)) {
            each_resident_child(n, [&](const node& child) { open_.push_back(&child); });
            continue;
        }
        for (unsigned i = 0; n.slots > 0 && i < n.entries; ++i) {
            const record_view record = view_record(n, i);
            if (record.child != child_form::slot) { continue; }
            const slot_word word = slots_of(n)[record.slot].load(std::memory_order_acquire);
            if (word == 0 || is_stored(word)) { continue; }
            key.clear();
            record.append_key(key);
            (is_own(key) ? history_roots_ : other_roots_).push_back(node_in(word));
        }
    }
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
