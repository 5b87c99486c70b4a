// tests/tree/tree_support.hpp: tiny trees, a storage in memory, and what a tree says as plain values.
#pragma once

#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include <coppice/tree/check.hpp>
#include <coppice/tree/codec.hpp>
#include <coppice/tree/cursor.hpp>
#include <coppice/tree/tree.hpp>

#include "support/seeds.hpp"
#include "tree/long_keys.hpp"

namespace coppice::testing {

/// So small that a hundred steps reach every split and merge: a leaf may hold a dozen records and must hold two,
/// an inner node twelve children and three.
inline constexpr node_sizes tiny_sizes{.leaf_bytes = 320,
                                       .inner_bytes = 800,
                                       .fanout = 12,
                                       .embed_bytes = 40,
                                       .unembed_bytes = 80,
                                       .key_bytes = tiny_key_bytes};
/// Deep trees out of few records, in which hardly a node is ever too empty.
inline constexpr node_sizes deep_sizes{.leaf_bytes = 192,
                                       .inner_bytes = 256,
                                       .fanout = 5,
                                       .embed_bytes = 40,
                                       .unembed_bytes = 80,
                                       .key_bytes = tiny_key_bytes};

inline void free_all_garbage(node_pool& pool) {
    while (pool.free_garbage(1000) != 0) {}
}

inline std::string numbered(std::string_view before, std::uint64_t number) {
    char text[32];
    std::snprintf(text, sizeof text, "%06llu", static_cast<unsigned long long>(number));
    return std::string(before) + text;
}

/// What a tree says: keys, bytes and, indented, child trees.
inline std::string told(const tree& of, const std::string& indent = "") {
    std::string text;
    if (of.shape().kind == leaf_kind::bytes) {
        for (cursor at(of); !at.at_end(); at.skip_leaf()) { text += at.rest_of_leaf(); }
        return text;
    }
    for (cursor at(of); !at.at_end(); at.next()) {
        const record_view here = at.get();
        text += indent + (of.shape().keyed ? here.key() : std::string()) + "=" + std::string(here.bytes) + "\n";
        if (here.child != child_form::none) { text += told(of.child_of(here, keyed_records), indent + "  "); }
    }
    return text;
}

/// A keyed tree with random keys, some of them long, values, embedded children and children of their own.
inline tree some_tree(tree_context& context, random_source& random, std::uint64_t size, bool children = true) {
    tree made(context, keyed_records);
    for (std::uint64_t i = 0; i < size; ++i) {
        std::string key =
            numbered(random.one_in(5) ? "user:" : "key:", random.below(size * 2)) + std::string(random.below(5), 'x');
        if (random.one_in(8)) { key = long_key(random, context.sizes); }
        const std::string bytes(random.below(20), static_cast<char>('a' + random.below(26)));
        tree child(context, keyed_records);
        for (std::uint64_t j = children && random.one_in(4) ? random.below(12) : 0; j > 0; --j) {
            child.put({random.one_in(12) ? long_key(random, context.sizes) : numbered("f", random.below(100)), bytes});
        }
        made.put({key, bytes, &child});
    }
    return made;
}

/// Where the tests keep nodes: payloads by id. May be told to fail.  Threads: any.
class memory_source final : public node_source {
public:
    result<std::string> fetch(node_id id, node_seal seal) override {
        const std::lock_guard lock(mutex_);
        ++fetches;
        if (fail_after == 0) { return error{errc::io, "told to fail"}; }
        if (fail_after > 0) { --fail_after; }
        const auto found = payloads.find(static_cast<std::uint64_t>(id));
        if (found == payloads.end()) { return error{errc::not_found, "node"}; }
        if (seal != found->second.second) { return error{errc::corrupt, "seal"}; }
        return found->second.first;
    }

    /// Stores `n` and whatever below it is not stored, children first, as a checkpoint does.
    void store_node(node_pool& pool, node& n) {
        if (n.id.load() != 0) { return; }
        bool references = !is_inner(n) && n.slots > 0;
        for (unsigned i = 0; i < n.slots; ++i) {
            const slot_word word = slots_of(n)[i].load();
            if (word == 0) { continue; }
            if (is_stored(word)) {
                references = references || (seals_of(n)[i] & seal_references_bit) != 0;
                continue;
            }
            store_node(pool, *node_in(word));
            references = references || node_in(word)->references;
        }
        n.references = references;
        std::string payload;
        encode_node(n, payload);
        const node_seal seal = (std::hash<std::string>()(payload) >> 1) | (references ? seal_references_bit : 0);
        const node_id id = make_node_id(1, ++last_number_);
        {
            const std::lock_guard lock(mutex_);
            payloads[static_cast<std::uint64_t>(id)] = {payload, seal};
        }
        n.seal = seal;
        n.id.store(static_cast<std::uint64_t>(id));
        pool.enlist(&n);
    }

    struct root_reference {
        node_id id = node_id::none;
        node_seal seal = 0;
        std::uint64_t count = 0;
        tree_shape shape;
    };
    root_reference store_tree(const tree& t) {
        if (t.empty()) { return {node_id::none, 0, 0, t.shape()}; }
        store_node(*t.context().pool, *t.root());
        return {static_cast<node_id>(t.root()->id.load()), t.root()->seal, t.size(), t.shape()};
    }
    static tree open(tree_context& context, const root_reference& root) {
        if (root.id == node_id::none) { return {context, root.shape}; }
        return {context, root.shape, context.pool->open(root.id, root.seal, context.may_wait), root.count};
    }

    std::unordered_map<std::uint64_t, std::pair<std::string, node_seal>> payloads;
    std::uint64_t fetches = 0;
    std::int64_t fail_after = -1;  ///< fetches that still succeed; below 0: all

private:
    std::mutex mutex_;
    std::uint32_t last_number_ = 0;
};

}  // namespace coppice::testing
