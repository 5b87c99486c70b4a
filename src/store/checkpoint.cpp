#include "store/checkpoint.hpp"

#include <coppice/base/limits.hpp>
#include <coppice/tree/codec.hpp>

namespace coppice {

status node_writer::write(node& root) {
    const status below = write_below(root, 0);
    return below ? flush() : below;
}

// Recursion as deep as trees are high times how deep the store nests them, which is fixed: catalog, branch, key,
// element.
status node_writer::write_below(node& n, unsigned depth) {
    if (n.id.load(std::memory_order_relaxed) != 0) { return {}; }
    COPPICE_CHECK(depth < 5 * (limits::tree_height + 1));
    const auto* slots = slots_of(n);
    bool references = n.height == 0 && n.slots > 0;
    for (unsigned i = 0; i < n.slots; ++i) {
        const slot_word word = slots[i].load(std::memory_order_acquire);
        if (word == 0) { continue; }
        if (is_stored(word)) {
            references = references || (seals_of(n)[i] & seal_references_bit) != 0;
            continue;
        }
        node& child = *node_in(word);
        const status below = write_below(child, depth + 1);
        if (!below) { return below; }
        references = references || child.references;
    }
    if (next_ == ~std::uint32_t{0}) { return error{errc::limit, "the arena of node ids is full"}; }
    const node_id id = make_node_id(arena_, next_++);
    std::string payload;
    encode_node(n, payload);
    given_.push_back(&n);
    n.references = references;
    n.seal = (seal_of(id, payload) & ~seal_references_bit) | (references ? seal_references_bit : 0);
    n.id.store(static_cast<std::uint64_t>(id), std::memory_order_release);
    pool_.enlist(&n);
    bytes_ += payload.size();
    payloads_.push_back(std::move(payload));
    batch_.push_back({id, {}});
    return batch_.size() < batch_nodes ? status{} : flush();
}

status node_writer::flush() {
    if (batch_.empty()) { return {}; }
    for (std::size_t i = 0; i < batch_.size(); ++i) { batch_[i].payload = payloads_[i]; }
    const status put = nodes_.put_many(batch_);
    batch_.clear();
    payloads_.clear();
    return put;
}

status node_writer::sync() { return nodes_.sync(); }

void node_writer::undo() noexcept {
    for (node* n : given_) {
        pool_.unlist(n);
        n->id.store(0, std::memory_order_release);
    }
    given_.clear();
}

}  // namespace coppice
