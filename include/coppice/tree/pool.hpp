// coppice/tree/pool.hpp: where nodes come from and where they go.
//
// A node_pool allocates nodes, loads stored ones on first touch, keeps each stored node in memory once
// (a table from id to node that does not own), and frees what nobody owns any more.
//
// Freeing. Dropping the last owner of a leaf without slots frees it at once. Any other node joins a list
// of garbage, and free_garbage() takes it apart a bounded number of nodes at a time, children onto the
// same list: no recursion, and no long pause for whoever dropped a version of a million nodes. Whoever
// owns the pool calls it between other work. Garbage still owns its children, so an edit that replaces a
// node takes the old one apart itself (release_copied): else the children would be copied as shared.
//
// Waiting. A tree reaches its pool through a tree_context. A context that may not wait throws
// not_resident where a node would have to be loaded; then the caller loads it elsewhere and tries again.
//
// Threads. All members of node_pool may be called from any thread. A context's counters belong to the
// one thread that edits through it; reading through a context is safe from any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>

#include <coppice/base/error.hpp>
#include <coppice/tree/node.hpp>

namespace coppice {

/// A node could not be read: the store's API turns this into its error.
class load_error final : public std::exception {
public:
    explicit load_error(error cause) : cause_(std::move(cause)), text_(cause_.message()) {}
    [[nodiscard]] const error& cause() const noexcept { return cause_; }
    [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

private:
    error cause_;
    std::string text_;
};

/// A node is not in memory and the context may not wait.
struct not_resident final : std::exception {
    explicit not_resident(node_id missing, node_seal missing_seal) noexcept : id(missing), seal(missing_seal) {}
    [[nodiscard]] const char* what() const noexcept override { return "the node is not in memory"; }
    node_id id;
    node_seal seal;
};

/// Where stored nodes are read.  Threads: any.
class node_source {
public:
    virtual ~node_source() = default;
    /// The payload of one node.  Errors: not_found, corrupt, io.
    [[nodiscard]] virtual result<std::string> fetch(node_id id, node_seal seal) = 0;
};

/// How large nodes become. The defaults were chosen by bench/tree_bench; tests use tiny ones.
struct node_sizes {
    std::uint32_t leaf_bytes = 4096;  ///< a leaf splits above this, unless it holds one record
    std::uint32_t inner_bytes = 4096;
    std::uint32_t fanout = 64;                  ///< children of an inner node
    std::uint32_t embed_bytes = 256;            ///< a child tree moves into its parent's record at this size
    std::uint32_t unembed_bytes = 512;          ///< and out of it above this one
    std::uint32_t key_bytes = short_key_bytes;  ///< of a longer key a page shows the beginning (record.hpp)

    [[nodiscard]] std::uint32_t leaf_bytes_min() const noexcept { return leaf_bytes / 4; }
    [[nodiscard]] std::uint32_t fanout_min() const noexcept { return fanout / 4; }
};

/// What a reference says of the node it names. One that is otherwise is errc::corrupt: its own bytes are whole,
/// but a search that relies on its parent would go astray in it.
struct expected_node {
    static constexpr unsigned any_height = ~0U;
    tree_shape shape;
    unsigned height = any_height;
    std::uint64_t count = 0;  ///< elements in and below it
};

struct pool_figures {
    std::uint64_t nodes = 0;          ///< nodes in memory, garbage included
    std::uint64_t bytes = 0;          ///< their capacity
    std::uint64_t garbage_nodes = 0;  ///< known to be garbage, not yet taken apart
    std::uint64_t loads = 0;          ///< nodes read from storage
};

class node_pool {
public:
    /// `source` may be null: then every node lives in memory alone. It must outlive the pool.
    explicit node_pool(node_source* source = nullptr);
    ~node_pool();
    node_pool(const node_pool&) = delete;
    node_pool& operator=(const node_pool&) = delete;

    /// A node of at least `bytes` bytes with one owner; only owners, capacity and id are set.
    /// Errors: throws std::bad_alloc.
    [[nodiscard]] node* allocate(std::size_t bytes);

    /// Gives up one ownership.
    void release(node* n) noexcept {
        if (n != nullptr && n->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) { discard(n); }
    }
    /// Gives up one ownership of a node whose children another node owns by now.  If it was the last, the node
    /// is taken apart here and not as garbage.  Cost: O(slots).
    void release_copied(node* n) noexcept {
        if (n != nullptr && n->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) { take_apart(n); }
    }
    /// Frees a node but leaves what its slots hold to whoever has taken that over.
    void free_shell(node* n) noexcept;

    /// The node in a slot, loaded if need be; the slot owns it.  Errors: load_error, not_resident, bad_alloc.
    [[nodiscard]] node* resident(std::atomic<slot_word>& slot, node_seal seal, bool may_wait,
                                 const expected_node* expected = nullptr) {
        const slot_word word = slot.load(std::memory_order_acquire);
        return is_stored(word) ? load_into(slot, seal, may_wait, expected) : node_in(word);
    }
    /// The stored node, with one ownership for the caller.  Errors: as resident().
    [[nodiscard]] node* open(node_id id, node_seal seal, bool may_wait, const expected_node* expected = nullptr);

    /// Makes a node that has just been given its id findable, so that it is in memory once.
    void enlist(node* n);
    /// Forgets a node whose id is about to be taken back.
    void unlist(node* n) noexcept;

    /// Frees up to about `nodes_max` nodes of garbage: fewer where they have many children that others own, too, a
    /// fan-out of leaves more where the last one has them.  Returns how many: 0 when there were none, or when another
    /// thread is at it.
    std::size_t free_garbage(std::size_t nodes_max) noexcept;
    [[nodiscard]] bool has_garbage() const noexcept { return garbage_count_.load(std::memory_order_relaxed) != 0; }

    [[nodiscard]] pool_figures figures() const noexcept;

    /// Test seam: called before each allocation, may throw std::bad_alloc.
    using allocation_hook = void (*)();
    void set_allocation_hook(allocation_hook hook) noexcept { hook_ = hook; }

private:
    struct table;
    node* find_or_load(node_id id, node_seal seal, bool may_wait);
    node* load_into(std::atomic<slot_word>& slot, node_seal seal, bool may_wait, const expected_node* expected);
    void discard(node* n) noexcept;
    void strike(const node* n) noexcept;
    void take_apart(node* n) noexcept;
    void free_now(node* n) noexcept;

    node_source* source_;
    allocation_hook hook_ = nullptr;
    std::unique_ptr<table> table_;
    std::atomic<node*> garbage_{nullptr};  // a stack, linked by node::next
    std::mutex drain_mutex_;
    node* draining_ = nullptr;  // guarded by drain_mutex_: what was taken off that stack, and what hung below it
    std::atomic<std::uint64_t> nodes_{0};
    std::atomic<std::uint64_t> bytes_{0};
    std::atomic<std::uint64_t> garbage_count_{0};
    std::atomic<std::uint64_t> loads_{0};
};

/// What edits through one context have done.
struct edit_figures {
    std::uint64_t in_place = 0;  ///< edits that copied nothing
    std::uint64_t copied = 0;    ///< nodes copied because they were shared or stored
    std::uint64_t copied_bytes = 0;
    std::uint64_t replaced_bytes = 0;  ///< of child trees that records lost, estimated; versions may hold them
    std::uint64_t split = 0;
    std::uint64_t merged = 0;
};

/// How a tree reaches its pool.
struct tree_context {
    node_pool* pool;
    node_sizes sizes{};
    bool may_wait = true;          ///< false: throw not_resident instead of loading
    mutable edit_figures edits{};  ///< written by the one thread that edits through this context
};

/// One owned node, given up when the holder goes.
class node_ptr {
public:
    node_ptr() noexcept = default;
    node_ptr(node_pool& pool, node* owned) noexcept : pool_(&pool), node_(owned) {}
    node_ptr(node_ptr&& from) noexcept : pool_(from.pool_), node_(std::exchange(from.node_, nullptr)) {}
    node_ptr& operator=(node_ptr&& from) noexcept {
        std::swap(pool_, from.pool_);
        std::swap(node_, from.node_);
        return *this;
    }
    ~node_ptr() {
        if (node_ != nullptr) { pool_->release(node_); }
    }
    [[nodiscard]] node* get() const noexcept { return node_; }
    node* operator->() const noexcept { return node_; }
    node& operator*() const noexcept { return *node_; }
    explicit operator bool() const noexcept { return node_ != nullptr; }
    [[nodiscard]] node* detach() noexcept { return std::exchange(node_, nullptr); }

private:
    node_pool* pool_ = nullptr;
    node* node_ = nullptr;
};

}  // namespace coppice
