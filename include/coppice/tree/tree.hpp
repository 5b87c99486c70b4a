// coppice/tree/tree.hpp: the counted copy-on-write B+tree, in which everything is stored.
//
// A tree is a value: copying it is O(1), a change makes the nodes it needs and leaves every other tree
// that shares them as it was. Use it through the collections and the store; this is their ground.
//
//            [ 5 | 4 ]               an inner node: elements below each child, and their separators
//             /     `-----.
//       [a b c d e] [f g h i]        leaves: records, or plain bytes
//
// Invariants (check_tree reports them by number)
//   I1  All leaves are at one depth; an inner node has height 1 more than its children.
//   I2  Leaves hold at most leaf_bytes (their prefix not counted) unless they hold one record; inner nodes at
//       most fanout children.
//   I3  Inner nodes that are not on the tree's left or right edge hold at least a quarter of that, what their
//       separators share counted in each. Leaves do where records are short: an edit that leaves one emptier
//       merges it, but a cut beside a long record may not fill both.
//   I4  counts[i] is the number of elements below child i; none is 0.
//   I5  Page keys ascend strictly; separator i is above every one below child i-1 and not above any below i.
//   I6  Every record lies inside its node, and no two overlap; prefix, heads and offsets agree with the keys.
//   I7  Every slot of a leaf belongs to at most one record, as its child or its key's remainder; others are empty.
//   I8  A node with an id has only children with ids.
//   I9  Short keys have up to key_bytes; a page key is one byte longer and fits its remainder (record.hpp).
//
// Cost                               time                 allocates
//   copy, size, empty                O(1)                 nothing
//   find, rank, at                   O(log n)             nothing
//   find_many of k keys              O(k log n), the k descending together: misses overlap
//   put, erase, splice of a few      O(log n)             one path where shared, else nothing or a split
//   slice, concat, erase of a range  O(log n)             one path of each input, the rest is shared
//   append of k, build of k          O(k)                 full leaves
//
// Threads. Trees that share nodes are independent. On one tree, const calls may overlap, changes not.
// Errors. Allocation throws std::bad_alloc; a node that cannot be loaded throws load_error, or not_resident
// where the context may not wait. After any of them the tree says what it said before.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/function_ref.hpp>
#include <coppice/tree/pool.hpp>
#include <coppice/tree/record.hpp>

namespace coppice {

class tree;

/// A record to be entered. What it borrows need only live for the call, and must not lie in the tree that is changed.
struct record {
    std::string_view key;  ///< ignored by trees that are not keyed
    std::string_view bytes;
    const tree* child = nullptr;  ///< shared, or embedded when small; an empty one stands for none
};

/// Longest `bytes` of a record: a quarter of a page of the default size. Longer values live in a bytes tree of their
/// own.
inline constexpr std::size_t record_bytes_inline = 1024;

class tree {
public:
    /// An empty tree.  `context` must outlive it.
    tree(tree_context& context, tree_shape shape) noexcept : context_(&context), shape_(shape) {}
    /// The tree below `root`, whose ownership it takes.
    tree(tree_context& context, tree_shape shape, node* root, std::uint64_t count) noexcept
        : context_(&context), shape_(shape), root_(root), count_(count) {}
    tree(const tree& from) noexcept
        : context_(from.context_), shape_(from.shape_), root_(from.root_), count_(from.count_) {
        if (root_ != nullptr) { retain(*root_); }
    }
    tree(tree&& from) noexcept
        : context_(from.context_),
          shape_(from.shape_),
          root_(std::exchange(from.root_, nullptr)),
          count_(std::exchange(from.count_, 0)) {}
    tree& operator=(tree from) noexcept {
        swap(*this, from);
        return *this;
    }
    ~tree() {
        if (root_ != nullptr) { context_->pool->release(root_); }
    }
    friend void swap(tree& a, tree& b) noexcept {
        std::swap(a.context_, b.context_);
        std::swap(a.shape_, b.shape_);
        std::swap(a.root_, b.root_);
        std::swap(a.count_, b.count_);
    }

    [[nodiscard]] std::uint64_t size() const noexcept { return count_; }
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] tree_shape shape() const noexcept { return shape_; }
    [[nodiscard]] tree_context& context() const noexcept { return *context_; }
    /// The root, borrowed; null when empty. Two trees with one root are equal.
    [[nodiscard]] node* root() const noexcept { return root_; }
    /// The same tree, reached through another context of the same pool.
    [[nodiscard]] tree through(tree_context& context) const noexcept {
        tree same(*this);
        same.context_ = &context;
        return same;
    }

    // Records by key: of any length, given and told whole. Their order is that of their page keys (record.hpp): memcmp,
    // but for long keys that agree in what a page shows, 473 bytes, which stand by length and then by digest.

    struct place {
        std::uint64_t position;  ///< of the record, or of the first one above the key
        bool found;
    };
    [[nodiscard]] std::optional<record_view> find(std::string_view key) const;
    [[nodiscard]] place rank(std::string_view key) const;
    /// Finds keys.size() records at once: found[i] is that of keys[i], or has no leaf.  Requires: equal sizes.
    void find_many(std::span<const std::string_view> keys, std::span<record_view> found) const;
    /// Enters or replaces a record.  Returns whether the key is new.
    bool put(const record& given);
    /// The same, but a record that is there is first shown to `may_replace`, which may refuse.
    enum class put_outcome : std::uint8_t { added, replaced, refused };
    put_outcome put_if(const record& given, function_ref<bool(const record_view& old)> may_replace);
    /// Removes a record.  Returns whether it was there.
    bool erase(std::string_view key);
    /// Lets `change` work on the child tree of the record at `key`, and on the record's bytes. What it leaves
    /// behind becomes the record. A record without a child offers an empty tree of `shape`. Nodes of the child
    /// that nobody shares are edited in place: when `change` throws, the record's bytes are what they were and
    /// its child what the last whole edit made of it. `change` may make one edit and keep the length of the
    /// bytes, or keep the child: then an exception, its own or of memory that runs out, leaves all as it was.
    /// Returns false when the key is not there.
    using child_change = function_ref<void(tree& child, std::string& bytes)>;
    bool edit_child(std::string_view key, tree_shape shape, child_change change);

    // Records and bytes by position.

    /// Requires: position < size().
    [[nodiscard]] record_view at(std::uint64_t position) const;
    /// Replaces `erased` records from `position` on by `given`.  Requires: position + erased <= size().
    void splice(std::uint64_t position, std::uint64_t erased, std::span<const record> given);
    void append(std::span<const record> given) { splice(count_, 0, given); }
    /// Replaces `erased` bytes from `position` on.  Requires: a bytes tree.
    void splice_bytes(std::uint64_t position, std::uint64_t erased, std::string_view given);
    /// Replaces `length` bytes, or as many records, by what is in `middle`, which is shared.
    void splice_tree(std::uint64_t position, std::uint64_t erased, const tree& middle);
    void erase_range(std::uint64_t position, std::uint64_t erased);
    void clear() noexcept { *this = tree(*context_, shape_); }
    /// Elements [from, to), sharing all but two paths.  Requires: from <= to <= size().
    [[nodiscard]] tree slice(std::uint64_t from, std::uint64_t to) const;
    /// `left` and behind it `right`. Keyed: every key of `left` is below every key of `right`.
    [[nodiscard]] static tree concat(const tree& left, const tree& right);

    /// The child tree of a record of this tree, as a value of its own.
    [[nodiscard]] tree child_of(const record_view& of, tree_shape shape) const;

    /// A tree of `given`, in full leaves.  Keyed: keys ascend strictly.
    [[nodiscard]] static tree build(tree_context& context, tree_shape shape, std::span<const record> given);
    [[nodiscard]] static tree build_bytes(tree_context& context, std::string_view given);

private:
    friend class tree_edit;
    friend class cursor;

    tree_context* context_;
    tree_shape shape_;
    node* root_ = nullptr;
    std::uint64_t count_ = 0;
};

}  // namespace coppice
