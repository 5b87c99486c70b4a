// coppice/textbook/list.hpp: a persistent list as textbooks draw it.
//
// The smallest structure that shares: a chain of nodes, each of which knows what comes after it and nothing of what
// comes before. So any number of lists may end in one chain. For teaching, and for stacks of which every state is
// kept. Its end is far away and its nodes lie anywhere: for a list with positions the B+tree of coppice/tree is faster
// at everything but push_front, and without versions a std::vector is.
//
//     a = {2, 3}              a ───────────────> 2 ──> 3
//     b = a.push_front(1)     b ──> 1 ───────────^
//     c = a.push_front(9)     c ──> 9 ───────────^         three lists, four nodes
//
// Invariants
//   I1  A node is written before anybody else can see it, and never again.
//   I2  size() is the number of nodes from the first to the end.
//
// Cost (n elements)        time                                   allocates
//   copy, size, front      O(1)                                   nothing
//   push_front             O(1)                                   one node
//   pop_front              O(1)                                   nothing
//   iteration              O(1) a step, most often a cache miss   nothing
//   shared_with, ==        O(n)                                   nothing
//   the end of a list      O(nodes that nobody else has)          nothing; in a loop, a million do not recurse
// Memory: T and 16 bytes a node (24 and 32 of the allocator for a T of 8).
//
// Threads. Lists that share nodes are independent. On one list, const calls may overlap, assignment not.
// Errors. Allocation and T's own constructors throw, and then nothing has changed.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <utility>

#include <coppice/base/assert.hpp>
#include <coppice/textbook/node_link.hpp>

namespace coppice::textbook {

/// Elements are moved in and never copied, so `T` need not be copyable.
template <class T>
class list {
    struct node;

public:
    using value_type = T;
    class const_iterator;
    using iterator = const_iterator;

    list() noexcept = default;
    list(std::initializer_list<T> values) : size_(values.size()) {
        node_link<node>* end = &first_;
        for (const T& value : values) {
            *end = node_link<node>(new node(value, {}));
            end = &(*end)->rest;
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    /// The first element, valid while any list that has it lives.  Requires: !empty().
    [[nodiscard]] const T& front() const noexcept {
        COPPICE_ASSERT(!empty());
        return first_->value;
    }
    /// This list behind `value`.
    [[nodiscard]] list push_front(T value) const {
        return {node_link<node>(new node(std::move(value), first_)), size_ + 1};
    }
    /// This list without its first element.  Requires: !empty().
    [[nodiscard]] list pop_front() const noexcept {
        COPPICE_ASSERT(!empty());
        return {first_->rest, size_ - 1};
    }

    [[nodiscard]] const_iterator begin() const noexcept { return const_iterator(first_.get()); }
    [[nodiscard]] const_iterator end() const noexcept { return {}; }

    /// How many elements at the end of both lists are the same nodes.
    [[nodiscard]] std::size_t shared_with(const list& other) const noexcept {
        const node* mine = first_.get();
        const node* theirs = other.first_.get();
        std::size_t left = size_;
        for (; left > other.size_; --left) { mine = mine->rest.get(); }
        for (std::size_t i = left; i < other.size_; ++i) { theirs = theirs->rest.get(); }
        for (; mine != theirs; --left) {  // at the latest where both are null
            mine = mine->rest.get();
            theirs = theirs->rest.get();
        }
        return left;
    }

    friend bool operator==(const list& a, const list& b) {
        if (a.size_ != b.size_) { return false; }
        const node* theirs = b.first_.get();
        for (const node* mine = a.first_.get(); mine != theirs; mine = mine->rest.get(), theirs = theirs->rest.get()) {
            if (!(mine->value == theirs->value)) { return false; }
        }
        return true;
    }

private:
    struct node : shared_node {
        node(T given, node_link<node> behind) : value(std::move(given)), rest(std::move(behind)) {}
        T value;
        node_link<node> rest;

        static void take_apart(node* dead) noexcept {
            while (dead != nullptr) {
                const std::unique_ptr<node> each(dead);
                dead = each->rest.give_up();
            }
        }
    };

    list(node_link<node> first, std::size_t size) noexcept : first_(std::move(first)), size_(size) {}

    node_link<node> first_;  // null: empty
    std::size_t size_ = 0;
};

/// Shows the elements from the first to the last.  Invalidated with the last list that has the element.
template <class T>
class list<T>::const_iterator {
public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    const_iterator() noexcept = default;
    reference operator*() const noexcept { return at_->value; }
    pointer operator->() const noexcept { return &at_->value; }
    const_iterator& operator++() noexcept {
        at_ = at_->rest.get();
        return *this;
    }
    const_iterator operator++(int) noexcept { return std::exchange(*this, const_iterator(at_->rest.get())); }
    friend bool operator==(const_iterator, const_iterator) noexcept = default;

private:
    friend class list;
    explicit const_iterator(const node* at) noexcept : at_(at) {}
    const node* at_ = nullptr;  // null: the end
};

}  // namespace coppice::textbook
