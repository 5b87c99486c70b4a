// coppice/textbook/search_tree.hpp: a binary search tree with path copying, exactly as taught.
//
// The idea of every persistent tree in its smallest form: what changes is copied together with all that points to it,
// which is the path to the root, and everything beside the path is shared. For teaching, and as the measure of what
// a wider node buys. It is **unbalanced by intent**: elements in random order make a tree of about 2 ln n levels,
// sorted ones a chain of n, where every insert copies all of it. For data, take the B+tree of coppice/tree: four
// levels where this has forty, so a read misses the cache four times; without versions, take a std::set.
//
//     b = a.insert(6)            a ──> 4           4' <── b       copied: 4, 7
//                                     / \         / \             new:    6
//                                    /   7       /   7'           shared: 2, 1, 3, 9
//                                   /   / \     /   / \.
//                                  2   ·   9   2   6   9          one 2 and one 9, drawn twice
//                                 / \         / \.
//                                1   3       1   3
//
// Invariants
//   I1  A node is written before anybody else can see it, and never again.
//   I2  All elements left of a node are less than its own, all right of it are greater.
//   I3  size() is the number of nodes.
//
// Cost (d levels)          time                                    allocates
//   copy, size             O(1)                                    nothing
//   find, contains         O(d)                                    nothing
//   insert, set, erase     O(d): a copy of T for each              the path: d nodes; nothing where nothing changes
//   iteration              O(1) a step, amortised                  a stack of at most d pointers
//   shares_node            O(d)                                    nothing
//   the end of a tree      O(nodes that nobody else has)           nothing; in a loop, a chain does not recurse
// Memory: T and 24 bytes a node (32 of the allocator for a T of 8).
//
// Threads. Trees that share nodes are independent. On one tree, const calls may overlap, assignment not.
// Errors. Allocation, T's copy and Less throw, and then nothing has changed.
#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

#include <coppice/textbook/node_link.hpp>

namespace coppice::textbook {

/// `a < b`, of any two types that have it.
struct ascending {
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
        return a < b;
    }
};

template <std::copyable T, class Less = ascending>
class search_tree {
    struct node;
    using link = node_link<node>;

public:
    using value_type = T;
    class const_iterator;
    using iterator = const_iterator;

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    /// The element that is neither less nor greater than `key`, or null; valid while any tree that has it lives.
    template <class Key>
    [[nodiscard]] const T* find(const Key& key) const {
        const node* const at = node_of(key);
        return at != nullptr ? &at->value : nullptr;
    }
    template <class Key>
    [[nodiscard]] bool contains(const Key& key) const {
        return find(key) != nullptr;
    }

    /// This tree with `value`, or this tree where it has an equal element.
    [[nodiscard]] search_tree insert(T value) const { return contains(value) ? *this : set(std::move(value)); }
    /// This tree with `value`, in place of an equal element.
    [[nodiscard]] search_tree set(T value) const {
        search_tree made = *this;  // at every step a whole tree: what throws leaves nothing half done
        link* const at = made.copy_path(value);
        if (*at) {
            *at = link(new node(std::move(value), (*at)->left, (*at)->right));
        } else {
            *at = link(new node(std::move(value), {}, {}));
            ++made.size_;
        }
        return made;
    }
    /// This tree without the element equal to `key`, if there is one.
    template <class Key>
    [[nodiscard]] search_tree erase(const Key& key) const {
        const node* const gone = node_of(key);
        if (gone == nullptr) { return *this; }
        search_tree made = *this;
        link* at = made.copy_path(key);
        if (!gone->left) {
            *at = gone->right;
        } else if (!gone->right) {
            *at = gone->left;
        } else {  // the next greater element takes the place, and leaves its own
            const node* heir = gone->right.get();
            while (heir->left) { heir = heir->left.get(); }
            *at = link(new node(heir->value, gone->left, gone->right));
            at = &(*at)->right;
            while (at->get() != heir) { at = &copy(*at).left; }
            *at = heir->right;
        }
        --made.size_;
        return made;
    }

    /// From the least to the greatest.
    [[nodiscard]] const_iterator begin() const { return const_iterator(root_.get()); }
    [[nodiscard]] const_iterator end() const noexcept { return {}; }

    /// Whether the element equal to `key` is one node, in both trees.
    template <class Key>
    [[nodiscard]] bool shares_node(const search_tree& other, const Key& key) const {
        const node* const at = node_of(key);
        return at != nullptr && at == other.node_of(key);
    }
    /// Calls `show(value, level)` for the nodes on the way to `key`, from the root (level 0) on: those that a change
    /// of it copies.
    template <class Key, class Show>
    void for_each_on_path(const Key& key, Show&& show) const {
        std::size_t level = 0;
        for (const link* at = &root_; at != nullptr && *at; at = link_to(key, **at)) { show((*at)->value, level++); }
    }

private:
    struct node : shared_node {
        node(T given, link less, link greater)
            : value(std::move(given)), left(std::move(less)), right(std::move(greater)) {}
        T value;
        link left;
        link right;

        /// Goes down the left side, turning each left link round to point at where it came from, and takes the
        /// right sides on its way back: a stack that needs no memory.
        static void take_apart(node* dead) noexcept {
            node* above = nullptr;
            for (;;) {
                while (dead != nullptr) {
                    node* const below = dead->left.give_up();
                    dead->left = link(std::exchange(above, dead));
                    dead = below;
                }
                if (above == nullptr) { return; }
                node* const each = above;
                above = each->left.detach();
                dead = each->right.give_up();
                delete each;
            }
        }
    };

    /// Replaces what `at` points to by a copy, which shares its children.  Returns the copy.
    static node& copy(link& at) {
        at = link(new node(at->value, at->left, at->right));
        return *at;
    }
    /// The link of `at` that leads on to `key`, or null where `at` has it.
    template <class Key>
    static const link* link_to(const Key& key, const node& at) {
        if (Less()(key, at.value)) { return &at.left; }
        return Less()(at.value, key) ? &at.right : nullptr;
    }
    template <class Key>
    [[nodiscard]] const node* node_of(const Key& key) const {
        const link* at = &root_;
        while (*at) {
            const link* const next = link_to(key, **at);
            if (next == nullptr) { break; }
            at = next;
        }
        return at->get();
    }
    /// Copies the nodes above `key`.  Returns the link of the last copy where its node hangs, or is missing.
    template <class Key>
    link* copy_path(const Key& key) {
        link* at = &root_;
        while (*at) {
            const link* const next = link_to(key, **at);
            if (next == nullptr) { break; }
            const bool left = next == &(*at)->left;
            node& copied = copy(*at);
            at = left ? &copied.left : &copied.right;
        }
        return at;
    }

    link root_;  // null: empty
    std::size_t size_ = 0;
};

/// In order. It remembers the nodes that it has still to come back to.  Invalidated with the last tree that has them.
template <std::copyable T, class Less>
class search_tree<T, Less>::const_iterator {
public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    const_iterator() noexcept = default;
    reference operator*() const noexcept { return open_.back()->value; }
    pointer operator->() const noexcept { return &open_.back()->value; }
    const_iterator& operator++() {
        const node* const shown = open_.back();
        open_.pop_back();
        go_down(shown->right.get());
        return *this;
    }
    const_iterator operator++(int) {
        const_iterator before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(const const_iterator& a, const const_iterator& b) noexcept {
        return a.open_.empty() || b.open_.empty() ? a.open_.empty() == b.open_.empty()
                                                  : a.open_.back() == b.open_.back();
    }

private:
    friend class search_tree;
    explicit const_iterator(const node* root) { go_down(root); }
    void go_down(const node* from) {
        for (; from != nullptr; from = from->left.get()) { open_.push_back(from); }
    }

    std::vector<const node*> open_;  // the last is shown; those before it are above it, and greater
};

}  // namespace coppice::textbook
