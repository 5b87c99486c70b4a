// coppice/textbook/node_link.hpp: one owner of a node that many values share.
//
// For the structures of this folder. A node is made once, counts its owners, and goes with the last of them. It is
// std::shared_ptr without its second word and its control block, and with one thing that a shared_ptr cannot say for
// sure where threads share it: "that was the last owner". So a long chain is taken apart in a loop, not by recursion.
//
//     node_link ───> node { owners: 2, ... }
//     node_link ───────^
//
// A node derives from shared_node and has a member `static void take_apart(Node* dead) noexcept`, which deletes a node
// that has no owner left, and gives up its links.
//
// Cost      16 bytes in memory where shared_ptr takes 32: 8 for a link, 8 for the count (4 would do for most).
//           An atomic add for every copy of a link, an atomic subtraction for every end: about 5 ns each, and more
//           where two cores do it to one node in turn.
// Threads.  As a pointer: links are independent, one link is changed by one thread.  Errors: what `new` throws.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace coppice::textbook {

/// Base of a node: its owners. A new one has one.
struct shared_node {
    std::atomic<std::size_t> owners{1};
};

template <class Node>
class node_link {
public:
    node_link() noexcept = default;
    /// Takes over one count.
    explicit node_link(Node* owned) noexcept : node_(owned) {}
    node_link(const node_link& from) noexcept : node_(from.node_) {
        if (node_ != nullptr) { node_->owners.fetch_add(1, std::memory_order_relaxed); }
    }
    node_link(node_link&& from) noexcept : node_(from.detach()) {}
    node_link& operator=(node_link from) noexcept {
        std::swap(node_, from.node_);
        return *this;
    }
    ~node_link() {
        if (Node* const dead = give_up()) { Node::take_apart(dead); }
    }

    [[nodiscard]] Node* get() const noexcept { return node_; }
    Node& operator*() const noexcept { return *node_; }
    Node* operator->() const noexcept { return node_; }
    explicit operator bool() const noexcept { return node_ != nullptr; }

    /// Empties the link, whose count now belongs to the caller.
    [[nodiscard]] Node* detach() noexcept { return std::exchange(node_, nullptr); }
    /// Empties the link.  Returns the node where this was its last owner, for the caller to delete; else null.
    [[nodiscard]] Node* give_up() noexcept {
        Node* const node = detach();
        const bool last = node != nullptr && node->owners.fetch_sub(1, std::memory_order_acq_rel) == 1;
        return last ? node : nullptr;
    }

private:
    Node* node_ = nullptr;
};

}  // namespace coppice::textbook
