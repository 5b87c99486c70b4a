// The node decoder on any bytes: it refuses them, or says a node that keeps the rules, encodes to the same bytes
// and can be read and edited.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <coppice/base/assert.hpp>
#include <coppice/tree/check.hpp>
#include <coppice/tree/codec.hpp>
#include <coppice/tree/cursor.hpp>

namespace {

using namespace coppice;

/// Rules that one node cannot break by its size.
constexpr node_sizes boundless{.leaf_bytes = 1 << 17, .inner_bytes = 1 << 17, .fanout = 65535};

void read_and_edit(tree whole) {
    if (is_inner(*whole.root())) { return; }
    std::uint64_t bytes = 0;
    for (cursor at(whole); !at.at_end() && whole.shape().kind == leaf_kind::records; at.next()) {
        const record_view here = at.get();
        bytes += here.bytes.size();
        if (here.child == child_form::embedded) {
            bytes += whole.child_of(here, {leaf_kind::records, (here.embedded[0] & 16) != 0}).size();
        }
        if (!whole.shape().keyed) { continue; }
        std::string key;
        here.append_page_key(key);
        bytes += here.key_bytes() > key.size() ? 0 : 1;
        if (!here.has_long_key) { COPPICE_CHECK(whole.find(key)->entry == here.entry); }
    }
    const tree before = whole;
    try {
        if (whole.shape().keyed) {
            whole.put({"fuzz", "value"});
            whole.put({std::string(600, 'f'), "value"});
            for (std::uint64_t i = 0; i < whole.size(); i += 7) { whole.erase_range(i, 1); }
        } else {
            whole.erase_range(whole.size() / 2, 1);
        }
    } catch (const not_resident&) {}
    COPPICE_CHECK(find_broken_rule(whole, check_depth::shallow).empty());
    COPPICE_CHECK(find_broken_rule(before, check_depth::shallow).empty() && bytes < (1U << 24));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view payload(reinterpret_cast<const char*>(data), size);
    node_pool pool;
    {
        tree_context context{&pool, boundless};
        result<node_ptr> decoded = decode_node(pool, payload);
        if (decoded) {
            std::string again;
            encode_node(**decoded, again);
            COPPICE_CHECK(again == payload);
            node* root = decoded->detach();
            const tree whole(context, {root->kind, root->keyed}, root, count_of(*root));
            try {
                COPPICE_CHECK(find_broken_rule(whole, check_depth::shallow).empty());
            } catch (const not_resident&) {  // its children are nowhere
            }
            read_and_edit(whole);
        }
    }
    while (pool.free_garbage(1000) != 0) {}
    COPPICE_CHECK(pool.figures().nodes == 0);
    return 0;
}
