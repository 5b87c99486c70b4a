// A node as bytes: what was encoded is what is decoded, and bytes that are damaged are refused or say a node
// that keeps every rule. No byte is trusted.
#include "tree/tree_support.hpp"

namespace coppice {
namespace {

using namespace testing;

/// Rules that one node cannot break by its size.
constexpr node_sizes boundless{.leaf_bytes = 1 << 20, .inner_bytes = 1 << 20, .fanout = 65535};

class TreeCodec : public ::testing::Test {
protected:
    node_pool pool;
    tree_context context{&pool, tiny_sizes};
    memory_source storage;

    /// Payloads of every node of a few random trees.
    std::vector<std::string> payloads(random_source& random) {
        std::vector<tree> trees;
        trees.push_back(some_tree(context, random, 1 + random.below(60)));
        tree list(context, listed_records);
        for (int i = 0; i < 40; ++i) { list.append(std::vector<record>{{{}, std::string(random.below(30), 'l')}}); }
        list.erase_range(random.below(20), random.below(20));
        trees.push_back(list);
        trees.push_back(tree::build_bytes(context, std::string(random.below(500), 'b')));
        for (const tree& each : trees) { storage.store_tree(each); }
        std::vector<std::string> all;
        for (const auto& [id, stored] : storage.payloads) { all.push_back(stored.first); }
        storage.payloads.clear();
        trees.clear();
        list.clear();
        free_all_garbage(pool);  // the nodes that are decoded stand alone
        return all;
    }

    /// Checks what a payload says: a refusal, or a node that keeps the rules and encodes to the same bytes.
    void expect_refused_or_whole(const std::string& payload) {
        result<node_ptr> decoded = decode_node(pool, payload);
        if (!decoded) {
            ASSERT_EQ(decoded.error().code, errc::corrupt);
            return;
        }
        std::string again;
        encode_node(**decoded, again);
        ASSERT_EQ(again, payload);
        tree_context large{&pool, boundless};
        node* root = decoded->detach();
        const tree alone(large, {root->kind, root->keyed}, root, count_of(*root));
        try {
            const std::string broken = find_broken_rule(alone, check_depth::shallow);
            ASSERT_EQ(broken, "");
        } catch (const not_resident&) {  // its children are nowhere
        }
    }
};

TEST_F(TreeCodec, WhatWasEncodedIsDecoded) {
    for_each_seed(30, [&](random_source& random) {
        for (const std::string& payload : payloads(random)) {
            result<node_ptr> decoded = decode_node(pool, payload);
            ASSERT_TRUE(decoded) << decoded.error().message();
            std::string again;
            encode_node(**decoded, again);
            ASSERT_EQ(again, payload);
        }
    });
    free_all_garbage(pool);
    EXPECT_EQ(pool.figures().nodes, 0U);
}

TEST_F(TreeCodec, ADamagedByteIsRefusedOrHarmless) {
    for_each_seed(3, [&](random_source& random) {
        for (const std::string& payload : payloads(random)) {
            for (std::size_t i = 0; i < payload.size(); ++i) {
                for (unsigned change = 1; change < 256; change = change < 128 ? change * 2 : change + 127) {
                    std::string damaged = payload;
                    damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ change);
                    expect_refused_or_whole(damaged);
                    if (HasFatalFailure()) { FAIL() << "byte " << i << " xor " << change; }
                }
            }
        }
    });
    free_all_garbage(pool);
    EXPECT_EQ(pool.figures().nodes, 0U);
}

TEST_F(TreeCodec, AShorterOrLongerPayloadIsRefused) {
    random_source random(1);
    for (const std::string& payload : payloads(random)) {
        for (std::size_t size = 0; size < payload.size(); ++size) {
            EXPECT_FALSE(decode_node(pool, std::string_view(payload).substr(0, size)));
        }
        EXPECT_FALSE(decode_node(pool, payload + "x"));
    }
}

/// A list leaf of two records of three bytes; the offsets and the tail are given.
std::string two_records(std::uint16_t first, std::uint16_t second, std::string_view tail) {
    std::string payload{1, 1, 0, 0};
    append_number(payload, std::uint16_t{2});
    append_number(payload, std::uint16_t{0});
    append_number(payload, std::uint16_t{0});
    append_number(payload, std::uint16_t{0});
    append_number(payload, static_cast<std::uint32_t>(tail.size()));
    append_number(payload, first);
    append_number(payload, second);
    return payload.append(tail);
}

TEST_F(TreeCodec, RecordsThatOverlapAreRefused) {
    using namespace std::string_view_literals;
    EXPECT_TRUE(decode_node(pool, two_records(3, 6,
                                              "\x08"
                                              "cd\x08"
                                              "ab"sv)));
    EXPECT_TRUE(decode_node(pool, two_records(6, 3,
                                              "\x08"
                                              "cd\x08"
                                              "ab"sv)))
        << "records may lie in any order";
    EXPECT_FALSE(decode_node(pool, two_records(3, 3,
                                               "\x08"
                                               "cd\x08"
                                               "ab"sv)))
        << "one record twice";
    // The second begins inside the first: the lengths fit all the same.
    EXPECT_FALSE(decode_node(pool, two_records(4, 3,
                                               "zz\x08\x08"
                                               "ab"sv)));
}

TEST_F(TreeCodec, ALengthThatIsLongerThanItMustBeIsRefused) {
    using namespace std::string_view_literals;
    EXPECT_FALSE(decode_node(pool, two_records(3, 7,
                                               "\x88\x00"
                                               "cd\x08"
                                               "ab"sv)));
}

TEST_F(TreeCodec, ARecordWhoseSlotIsEmptyIsRefused) {
    std::string payload{1, 1, 0, 0};
    append_number(payload, std::uint16_t{1});
    append_number(payload, std::uint16_t{1});
    append_number(payload, std::uint32_t{0});
    append_number(payload, std::uint32_t{9});
    std::string filled = payload;
    append_number(filled, word_of(make_node_id(1, 7)));
    append_number(payload, std::uint64_t{0});
    for (std::string* each : {&payload, &filled}) {
        append_number(*each, std::uint64_t{0});  // seal
        append_number(*each, std::uint16_t{9});
        each->push_back(1);  // no bytes, a slot
        append_number(*each, std::uint16_t{0});
        append_number(*each, std::uint32_t{5});
        append_number(*each, std::uint16_t{0});
    }
    EXPECT_TRUE(decode_node(pool, filled));
    EXPECT_FALSE(decode_node(pool, payload));
}

TEST_F(TreeCodec, AnEmbeddedTreeIsTheTreeItWas) {
    for_each_seed(50, [&](random_source& random) {
        for (const bool keyed : {true, false}) {
            const tree small = [&] {
                if (keyed) { return some_tree(context, random, 1 + random.below(4), false); }
                tree list(context, listed_records);
                for (std::uint64_t i = 1 + random.below(5); i > 0; --i) {
                    list.append(std::vector<record>{{{}, "element"}});
                }
                return list;
            }();
            if (small.empty() || !fits_embedded(*small.root(), 1000)) { continue; }
            std::string embedded;
            encode_embedded(*small.root(), embedded);
            ASSERT_EQ(check_embedded(embedded), nullptr);
            const tree opened(context, small.shape(), open_embedded(context, embedded).detach(), small.size());
            ASSERT_EQ(told(opened), told(small));
            for (std::size_t size = 0; size < embedded.size(); ++size) {
                ASSERT_NE(check_embedded(std::string_view(embedded).substr(0, size)), nullptr);
            }
        }
    });
}

}  // namespace
}  // namespace coppice
