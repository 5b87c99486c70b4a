// tests/tree/diff_support.hpp: what the tests of differences share.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <coppice/tree/codec.hpp>
#include <coppice/tree/diff.hpp>

#include "support/seeds.hpp"
#include "tree/long_keys.hpp"

namespace coppice {

inline constexpr node_sizes tiny{.leaf_bytes = 192,
                                 .inner_bytes = 256,
                                 .fanout = 5,
                                 .embed_bytes = 40,
                                 .unembed_bytes = 80,
                                 .key_bytes = testing::tiny_key_bytes};

class Diff : public ::testing::Test {
protected:
    node_pool pool;
    tree_context context{&pool, tiny};

    void TearDown() override {
        while (pool.free_garbage(1000) != 0) {}
        EXPECT_EQ(pool.figures().nodes, 0U);
    }

    tree list_of(const std::vector<std::string>& elements) {
        std::vector<record> records;
        for (const auto& each : elements) { records.push_back({{}, each}); }
        return tree::build(context, listed_records, records);
    }
};

/// Keeps nodes as bytes; may refuse to give one.
class shelf final : public node_source {
public:
    result<std::string> fetch(node_id id, node_seal) override {
        ++fetched;
        if (fail_in != 0 && --fail_in == 0) { return error{errc::io, "refused"}; }
        return payloads.at(id);
    }
    /// Gives ids to what has none yet, children first.
    void store(node_pool& pool, node& n) {  // recursion as deep as the tree is high
        if (n.id.load() != 0) { return; }
        for (unsigned i = 0; i < n.slots; ++i) {
            const slot_word word = slots_of(n)[i].load();
            if (word != 0 && !is_stored(word)) { store(pool, *node_in(word)); }
        }
        const node_id id = make_node_id(1, ++last);
        std::string payload;
        encode_node(n, payload);
        payloads[id] = payload;
        n.seal = 0;
        n.id.store(static_cast<std::uint64_t>(id));
        pool.enlist(&n);
    }
    tree reopen(tree_context& into, const tree& stored) {
        if (stored.empty()) { return {into, stored.shape()}; }
        const auto id = static_cast<node_id>(stored.root()->id.load());
        return {into, stored.shape(), into.pool->open(id, 0, true), stored.size()};
    }

    std::map<node_id, std::string> payloads;
    std::uint32_t last = 0;
    std::uint64_t fetched = 0;
    std::uint64_t fail_in = 0;
};

}  // namespace coppice
