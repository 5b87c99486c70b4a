#include <cstdlib>
#include <mutex>
#include <new>
#include <unordered_map>

#include <coppice/tree/codec.hpp>
#include <coppice/tree/pool.hpp>

#include "tree/page.hpp"

namespace coppice {

/// From id to resident node, in parts with a lock each. It owns nothing: a node that dies takes itself out.
struct node_pool::table {
    static constexpr std::size_t parts = 16;
    struct alignas(64) part {
        std::mutex mutex;
        std::unordered_map<std::uint64_t, node*> nodes;
    };
    std::array<part, parts> all;

    part& of(node_id id) noexcept { return all[(static_cast<std::uint64_t>(id) * 0x9e3779b97f4a7c15U >> 32) % parts]; }
};

namespace {

/// Takes an ownership of `n` unless its last owner is gone.
bool retain_if_owned(node& n) noexcept {
    std::uint32_t owners = n.owners.load(std::memory_order_relaxed);
    while (owners != 0) {
        if (n.owners.compare_exchange_weak(owners, owners + 1, std::memory_order_acq_rel, std::memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

std::string name_of(node_id id) { return "node " + std::to_string(arena_of(id)) + ":" + std::to_string(number_of(id)); }

}  // namespace

node_pool::node_pool(node_source* source) : source_(source), table_(std::make_unique<table>()) {}

node_pool::~node_pool() {
    while (free_garbage(1024) != 0) {}
}

node* node_pool::allocate(std::size_t bytes) {
    if (hook_ != nullptr) { hook_(); }
    const std::size_t capacity = page::size_class(bytes);
    void* memory = std::malloc(capacity);
    if (memory == nullptr) { throw std::bad_alloc(); }
    node* made = new (memory) node;
    made->owners.store(1, std::memory_order_relaxed);
    made->capacity = static_cast<std::uint32_t>(capacity);
    made->unused = 0;
    made->id.store(0, std::memory_order_relaxed);
    made->seal = 0;
    nodes_.fetch_add(1, std::memory_order_relaxed);
    bytes_.fetch_add(capacity, std::memory_order_relaxed);
    return made;
}

void node_pool::free_now(node* n) noexcept {
    nodes_.fetch_sub(1, std::memory_order_relaxed);
    bytes_.fetch_sub(n->capacity, std::memory_order_relaxed);
    n->~node();
    std::free(n);
}

void node_pool::free_shell(node* n) noexcept { free_now(n); }

/// Takes a stored node out of the table.
void node_pool::strike(const node* n) noexcept {
    const std::uint64_t id = n->id.load(std::memory_order_relaxed);
    if (id == 0) { return; }
    auto& part = table_->of(static_cast<node_id>(id));
    const std::lock_guard lock(part.mutex);
    const auto found = part.nodes.find(id);
    if (found != part.nodes.end() && found->second == n) { part.nodes.erase(found); }
}

void node_pool::discard(node* n) noexcept {
    if (n->slots == 0) {
        strike(n);
        free_now(n);
        return;
    }
    garbage_count_.fetch_add(1, std::memory_order_relaxed);
    strike(n);
    node* top = garbage_.load(std::memory_order_relaxed);
    do {
        n->next = top;
    } while (!garbage_.compare_exchange_weak(top, n, std::memory_order_release, std::memory_order_relaxed));
}

/// Recursion as deep as the path that an edit replaced: all other children of its nodes have another owner.
void node_pool::take_apart(node* n) noexcept {
    strike(n);
    const auto* slots = slots_of(*n);
    for (unsigned i = 0; i < n->slots; ++i) {
        const slot_word word = slots[i].load(std::memory_order_relaxed);
        if (is_stored(word)) { continue; }
        if (is_inner(*n)) {
            release_copied(node_in(word));
        } else {
            release(node_in(word));  // a child tree that the edit erased may be large
        }
    }
    free_now(n);
}

std::size_t node_pool::free_garbage(std::size_t nodes_max) noexcept {
    const std::unique_lock lock(drain_mutex_, std::try_to_lock);
    if (!lock) { return 0; }
    std::size_t freed = 0;
    std::size_t work = 0;  // in nodes freed: giving up a child that others own, too, is an eighth
    while (work < nodes_max) {
        if (draining_ == nullptr) { draining_ = garbage_.exchange(nullptr, std::memory_order_acquire); }
        if (draining_ == nullptr) { break; }
        node* n = draining_;
        draining_ = n->next;
        const auto* slots = slots_of(*n);
        work += 1 + n->slots / 8;
        for (unsigned i = 0; i < n->slots; ++i) {
            const slot_word word = slots[i].load(std::memory_order_relaxed);
            node* child = is_stored(word) ? nullptr : node_in(word);
            if (child == nullptr || child->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) { continue; }
            strike(child);
            if (child->slots == 0) {
                free_now(child);
                ++freed;
                ++work;
            } else {  // next, while what it says is still in the cache
                garbage_count_.fetch_add(1, std::memory_order_relaxed);
                child->next = draining_;
                draining_ = child;
            }
        }
        free_now(n);
        garbage_count_.fetch_sub(1, std::memory_order_relaxed);
        ++freed;
    }
    return freed;
}

node* node_pool::open(node_id id, node_seal seal, bool may_wait, const expected_node* expected) {
    node_ptr opened(*this, find_or_load(id, seal, may_wait));
    if (expected != nullptr
        && (shape_of(*opened) != expected->shape || count_of(*opened) != expected->count
            || (expected->height != expected_node::any_height && opened->height != expected->height))) {
        throw load_error({errc::corrupt, name_of(id) + ": not the node that its parent refers to"});
    }
    return opened.detach();
}

node* node_pool::find_or_load(node_id id, node_seal seal, bool may_wait) {
    auto& part = table_->of(id);
    {
        const std::lock_guard lock(part.mutex);
        const auto found = part.nodes.find(static_cast<std::uint64_t>(id));
        if (found != part.nodes.end() && retain_if_owned(*found->second)) { return found->second; }
    }
    if (!may_wait || source_ == nullptr) { throw not_resident(id, seal); }
    result<std::string> payload = source_->fetch(id, seal);
    if (!payload) { throw load_error(payload.error()); }
    result<node_ptr> decoded = decode_node(*this, *payload);
    if (!decoded) { throw load_error({decoded.error().code, name_of(id) + ": " + decoded.error().context}); }
    node* loaded = decoded->get();
    loaded->id.store(static_cast<std::uint64_t>(id), std::memory_order_relaxed);
    loaded->seal = seal;
    loaded->references = (seal & seal_references_bit) != 0;
    loads_.fetch_add(1, std::memory_order_relaxed);
    const std::lock_guard lock(part.mutex);
    node*& listed = part.nodes[static_cast<std::uint64_t>(id)];
    if (listed != nullptr && retain_if_owned(*listed)) {  // somebody else was faster; ours was never listed
        loaded->id.store(0, std::memory_order_relaxed);
        return listed;
    }
    listed = decoded->detach();
    return listed;
}

node* node_pool::load_into(std::atomic<slot_word>& slot, node_seal seal, bool may_wait, const expected_node* expected) {
    slot_word word = slot.load(std::memory_order_acquire);
    while (is_stored(word)) {
        node* loaded = open(id_in(word), seal, may_wait, expected);
        if (slot.compare_exchange_strong(word, word_of(loaded), std::memory_order_acq_rel, std::memory_order_acquire)) {
            return loaded;
        }
        release(loaded);  // another reader filled the slot
    }
    return node_in(word);
}

void node_pool::enlist(node* n) {
    const std::uint64_t id = n->id.load(std::memory_order_relaxed);
    auto& part = table_->of(static_cast<node_id>(id));
    const std::lock_guard lock(part.mutex);
    part.nodes[id] = n;
}

void node_pool::unlist(node* n) noexcept {
    const std::uint64_t id = n->id.load(std::memory_order_relaxed);
    auto& part = table_->of(static_cast<node_id>(id));
    const std::lock_guard lock(part.mutex);
    const auto found = part.nodes.find(id);
    if (found != part.nodes.end() && found->second == n) { part.nodes.erase(found); }
}

pool_figures node_pool::figures() const noexcept {
    return {nodes_.load(std::memory_order_relaxed), bytes_.load(std::memory_order_relaxed),
            garbage_count_.load(std::memory_order_relaxed), loads_.load(std::memory_order_relaxed)};
}

}  // namespace coppice
