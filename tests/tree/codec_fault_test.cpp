// Each allocation of encoding and decoding nodes fails once: nothing is left in the pool, and the node is what it was.
#include "support/failing_allocation.hpp"
#include "tree/tree_support.hpp"

namespace coppice {
namespace {

using namespace testing;

TEST(CodecFault, NodesAreWholeOrNotThere) {
    node_pool pool;
    tree_context context{&pool, tiny_sizes};
    {
        tree nested(context, keyed_records);
        tree child(context, keyed_records);
        for (std::uint64_t i = 0; i < 40; ++i) { child.put({numbered("field:", i), "value"}); }
        for (std::uint64_t i = 0; i < 60; ++i) { nested.put({numbered("key:", i), "bytes"}); }
        nested.put({"key:000020", "head", &child});
        memory_source storage;  // leaves, and inner nodes whose children are stored
        static_cast<void>(storage.store_tree(nested));
        static_cast<void>(storage.store_tree(tree::build_bytes(context, std::string(900, 'b'))));
        for (const auto& [id, stored] : storage.payloads) {
            free_all_garbage(pool);
            const std::uint64_t nodes = pool.figures().nodes;
            with_each_allocation_failing(
                [&] {
                    const auto decoded = decode_node(pool, stored.first);
                    ASSERT_TRUE(decoded.has_value());
                    std::string again;
                    encode_node(**decoded, again);
                    const unfailing_section ours;
                    ASSERT_EQ(again, stored.first);
                },
                [&](bool) {
                    free_all_garbage(pool);
                    ASSERT_EQ(pool.figures().nodes, nodes);
                });
        }
        EXPECT_GT(storage.payloads.size(), 10U);
    }
    free_all_garbage(pool);
    EXPECT_EQ(pool.figures().nodes, 0U);
    std::cout << "  " << failing_allocation::failed_in_all() << " allocations failed\n";
}

}  // namespace
}  // namespace coppice
