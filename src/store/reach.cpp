#include "store/reach.hpp"

#include <coppice/tree/codec.hpp>

namespace coppice {

bool node_set::add(node_id id) {
    auto& words = arenas_[arena_of(id)];
    const std::uint32_t number = number_of(id);
    if (words.size() <= number / 64) { words.resize(number / 64 + 1 + words.size() / 2); }
    std::uint64_t& word = words[number / 64];
    const std::uint64_t bit = std::uint64_t{1} << (number % 64);
    if ((word & bit) != 0) { return false; }
    word |= bit;
    ++size_;
    return true;
}

bool node_set::contains(node_id id) const noexcept {
    const auto arena = arenas_.find(arena_of(id));
    if (arena == arenas_.end()) { return false; }
    const std::uint32_t number = number_of(id);
    return number / 64 < arena->second.size() && (arena->second[number / 64] >> (number % 64) & 1) != 0;
}

// ---- marking

node_marker::child node_marker::child_in(const node& n, unsigned slot) {
    const node_seal seal = seals_of(n)[slot];
    return {slots_of(n)[slot].load(std::memory_order_acquire), seal,
            n.height == 1 && (seal & seal_references_bit) == 0};
}

bool node_marker::reach(const node& n) {
    const auto id = static_cast<node_id>(n.id.load(std::memory_order_acquire));
    const bool first = id == node_id::none ? unstored_.insert(&n).second : marked_.add(id);
    if (first) { resident_.push_back(&n); }
    return first;
}

void node_marker::reach(const child& met) {
    if (met.word == 0) { return; }
    if (!is_stored(met.word)) {
        static_cast<void>(reach(*node_in(met.word)));
    } else if (marked_.add(id_in(met.word)) && !met.plain_leaf) {
        stored_.push_back({id_in(met.word), met.seal});
    }
}

template <class Visit>
status node_marker::go(Visit&& visit) {
    while (!resident_.empty() || !stored_.empty()) {
        if (stop_.load(std::memory_order_relaxed)) { return error{errc::closed, "the store is closing"}; }
        if (!resident_.empty()) {
            const node& n = *resident_.back();
            resident_.pop_back();
            visit(n);
            continue;
        }
        const node_reference next = stored_.back();
        stored_.pop_back();
        const auto payload = nodes_.get(next.id, next.seal);
        if (!payload) { return payload.error(); }
        const auto decoded = decode_node(pool_, *payload);
        if (!decoded) { return error{errc::corrupt, to_string(next.id) + ": " + decoded.error().context}; }
        visit(**decoded);
    }
    return {};
}

status node_marker::mark(const node& root) {
    static_cast<void>(reach(root));
    return visit_open();
}

status node_marker::mark_rest() {
    for (const child& each : rest_) { reach(each); }
    rest_.clear();
    return visit_open();
}

status node_marker::visit_open() {
    return go([this](const node& n) {
        for (unsigned slot = 0; slot < n.slots; ++slot) { reach(child_in(n, slot)); }
    });
}

status node_marker::mark_catalog(const node& root, function_ref<bool(std::string_view key)> later) {
    std::vector<child> versions;
    std::string key;
    static_cast<void>(reach(root));
    const status done = go([&](const node& n) {
        for (unsigned i = 0; is_inner(n) && i < n.slots; ++i) { reach(child_in(n, i)); }
        for (unsigned i = 0; !is_inner(n) && n.slots > 0 && i < n.entries; ++i) {
            const record_view record = view_record(n, i);
            if (record.child != child_form::slot) { continue; }
            key.clear();
            record.append_key(key);
            (later(key) ? rest_ : versions).push_back(child_in(n, record.slot));
        }
    });
    for (const child& each : versions) { reach(each); }
    return done ? visit_open() : done;
}

// ---- verifying

namespace {

/// What a parent says of a child.
struct expectation {
    node_reference at;
    std::uint64_t count;
    int height;  // -1: the root of a tree
    tree_shape shape;
    bool any_shape;    // the root of a child tree: its own shape counts
    std::string low;   // keys are not below this
    std::string high;  // and below this, unless empty
    bool has_low;
};

class verifier {
public:
    verifier(node_pool& pool, const node_store& nodes, findings& found) : pool_(pool), nodes_(nodes), found_(found) {}

    void run(node_reference root, std::uint64_t count) {
        open_.push_back({root, count, -1, keyed_records, false, {}, {}, false});
        while (!open_.empty()) {
            const expectation next = std::move(open_.back());
            open_.pop_back();
            check(next);
        }
    }

private:
    void report(node_id id, std::string what) {
        auto where = to_string(id);
        if (what.starts_with(where + ": ")) { what.erase(0, where.size() + 2); }  // a store's error names it too
        found_.push_back({std::move(where), std::move(what)});
    }

    void check(const expectation& wanted) {
        const node_id id = wanted.at.id;
        if (!seen_.add(id)) { return; }
        const auto payload = nodes_.get(id, wanted.at.seal);
        if (!payload) {
            report(id, payload.error().context);
            return;
        }
        const auto decoded = decode_node(pool_, *payload);
        if (!decoded) {
            report(id, decoded.error().context);
            return;
        }
        const node& n = **decoded;
        const std::uint64_t count = count_of(n);
        if (count != wanted.count) {
            report(id, "I4: count " + std::to_string(wanted.count) + ", found " + std::to_string(count));
        }
        if (wanted.height >= 0 && n.height != wanted.height) { report(id, "I1: height"); }
        if (!wanted.any_shape && shape_of(n) != wanted.shape) { report(id, "I1: shape"); }
        if (n.keyed) { check_bounds(n, wanted); }
        for (unsigned i = 0; is_inner(n) && i < n.slots; ++i) { expect_child(n, i, wanted); }
        for (unsigned i = 0; !is_inner(n) && n.slots > 0 && i < n.entries; ++i) { expect_trees(n, i); }
    }

    void check_bounds(const node& n, const expectation& wanted) {
        std::string key;
        for (unsigned i = is_inner(n) ? 1 : 0; i < n.entries; ++i) {
            key.clear();
            key_of(n, i).append_to(key);
            if ((wanted.has_low && key < wanted.low) || (!wanted.high.empty() && key >= wanted.high)) {
                report(wanted.at.id, "I5: key " + std::to_string(i) + " is outside what the node above says");
                return;
            }
        }
    }

    void expect_child(const node& n, unsigned i, const expectation& wanted) {
        expectation child{{id_in(slots_of(n)[i].load(std::memory_order_relaxed)), seals_of(n)[i]},
                          counts_of(n)[i],
                          n.height - 1,
                          shape_of(n),
                          false,
                          wanted.low,
                          wanted.high,
                          wanted.has_low};
        if (n.keyed && i > 0) {
            child.low.clear();
            key_of(n, i).append_to(child.low);
            child.has_low = true;
        }
        if (n.keyed && i + 1U < n.entries) {
            child.high.clear();
            key_of(n, i + 1).append_to(child.high);
        }
        open_.push_back(std::move(child));
    }

    /// The trees that a record refers to: its child, and what its page does not show of a long key.
    void expect_trees(const node& leaf, unsigned i) {
        const record_view record = view_record(leaf, i);
        const auto expect = [&](unsigned slot, std::uint64_t count, bool any_shape) {
            const slot_word word = slots_of(leaf)[slot].load(std::memory_order_relaxed);
            if (word == 0) { return; }
            open_.push_back({{id_in(word), seals_of(leaf)[slot]}, count, -1, plain_bytes, any_shape, {}, {}, false});
        };
        if (record.child == child_form::slot) { expect(record.slot, record.child_count, true); }
        if (record.has_long_key) {
            expect(record.remainder_slot, record.key_bytes() - record.shown_key_bytes(), false);
        }
    }

    node_pool& pool_;
    const node_store& nodes_;
    findings& found_;
    node_set seen_;
    std::vector<expectation> open_;
};

}  // namespace

void verify_stored_tree(node_pool& pool, const node_store& nodes, node_reference root, std::uint64_t count,
                        findings& found) {
    if (root.id == node_id::none) { return; }
    verifier(pool, nodes, found).run(root, count);
}

}  // namespace coppice
