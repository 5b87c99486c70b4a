// coppice/vector.hpp: a persistent vector.
//
// vector<T> is a list you can keep every version of: a copy is O(1), a change makes a new value, and the old one stays
// as it was. Use it where many versions of one long list live at once, where lists are cut and joined, or where readers
// on other threads must not see a change half done. For one list that nobody copies std::vector is smaller and faster.
//
// Shape. A B+ tree by position (resident/sequence.hpp), and its last leaf, the tail, apart from it: pushing touches
// only that. The tail owns the tree, so a value holds one reference, and copying it counts one.
//
//      vector ---> tail [ x y . . . ]          at most leaf_most elements, about 2 KiB
//                    |
//                  [ 3 | 7 ]                   sums of elements
//                   /     `---.
//               [a b c] [d e f g]              leaves
//
//      Vectors of different lengths may share a tail: pushing claims the place behind the last element that any of them
//      has. Whoever comes second, or finds the tail full, copies it.
//
// Cost                              time       allocates
//   copy, size, empty, ==itself     O(1)       nothing
//   operator[], front, back         O(log n)   nothing; arithmetic and a load a level while nothing was inserted
//   push_back                       O(1)       a leaf each leaf_most times; else nothing, on rvalues and values alike
//   set, insert, erase, push_front  O(log n)   one path; on an rvalue nothing where that path has one owner
//   take, drop, slice, +            O(log n)   one path of each input; the rest is shared
//   insert, erase of several        O(log n)   the same
//   iteration                       O(1) each  nothing
//
// Recursion. T may be incomplete where vector<T> is a member of it: a node holds its children. Values that hold each
// other end one inside the other, as std::vector's: a chain of some 100,000 fits into a stack of 8 MiB.
// Threads. Vectors that share nodes are independent. On one vector const calls may overlap, assignment not.
// (With local_nodes all vectors that share nodes belong to one thread.)
// Errors. Allocation and T's own copy throw, and then every vector is as it was. Elements are moved inside nodes only
// if T moves without throwing; a reference to an element holds while a vector lives that holds the element.
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include <coppice/resident/first_difference.hpp>
#include <coppice/resident/iterator.hpp>
#include <coppice/resident/sequence.hpp>
#include <coppice/resident/sequence_diff.hpp>

namespace coppice {

template <class T, class Nodes>
class vector_edit;

template <class T, class Nodes = shared_nodes>
class vector : public resident::iterable<vector<T, Nodes>> {
    static_assert(std::is_same_v<T, std::remove_cvref_t<T>>, "elements are values, neither const nor references");
    using nodes = resident::sequence<T, Nodes>;
    using header = typename nodes::header;
    using leaf = typename nodes::leaf;
    using held = typename nodes::held;

public:
    using value_type = T;
    using reference = const T&;
    using const_reference = const T&;
    using const_pointer = const T*;
    using edit_type = vector_edit<T, Nodes>;
    /// Of the one allocation of a vector that is its tail alone.
    static constexpr std::size_t node_bytes_beyond_elements = leaf::first_byte();

    /// Nothing.  Allocates nothing.
    vector() noexcept = default;
    vector(std::initializer_list<T> values) : vector(values.begin(), values.end()) {}
    vector(std::size_t count, const T& value) : vector() {
        for (std::size_t each = 0; each < count; ++each) { push_here(T(value)); }
    }
    template <std::input_iterator From, std::sentinel_for<From> End>
    vector(From from, End end) : vector() {  // whose destructor then runs, whatever throws
        if constexpr (std::sized_sentinel_for<End, From>) { expect(static_cast<std::size_t>(end - from)); }
        for (; from != end; ++from) { push_here(T(*from)); }
    }

    vector(const vector& from) noexcept
        : tail_(from.tail_), root_(from.root_), before_(from.before_), size_(from.size_) {
        if (tail_ != nullptr) { tail_->owners.add(); }
    }
    vector(vector&& from) noexcept
        : tail_(std::exchange(from.tail_, nullptr)),
          root_(std::exchange(from.root_, nullptr)),
          before_(std::exchange(from.before_, 0)),
          size_(std::exchange(from.size_, 0)) {}
    vector& operator=(vector from) noexcept {
        swap(*this, from);
        return *this;
    }
    ~vector() {
        // Here, where T is complete: an element may hold vectors of its like.
        static_assert(std::is_copy_constructible_v<T>,
                      "versions of a vector share and copy elements: hold what can only be moved by std::shared_ptr");
        nodes::release(tail_);
    }
    friend void swap(vector& a, vector& b) noexcept {
        std::swap(a.tail_, b.tail_);
        std::swap(a.root_, b.root_);
        std::swap(a.before_, b.before_);
        std::swap(a.size_, b.size_);
    }

    // ---- Looking

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    /// The element at `index`, valid while any vector lives that holds it.  Requires: index < size().
    [[nodiscard]] const T& operator[](std::size_t index) const noexcept {
        COPPICE_ASSERT(index < size_);
        if (index >= before_) { return tail_->items()[index - before_]; }
        const auto found = nodes::find_leaf(root_, index);
        return found.in->items()[found.at];
    }
    /// The same.  Errors: throws std::out_of_range.
    [[nodiscard]] const T& at(std::size_t index) const {
        if (index >= size_) { throw std::out_of_range("coppice::vector::at: no element has this index"); }
        return (*this)[index];
    }
    [[nodiscard]] const T& front() const noexcept { return (*this)[0]; }
    [[nodiscard]] const T& back() const noexcept { return (*this)[size_ - 1]; }

    /// The elements from `index` to the end of their leaf, as they lie in memory.  Requires: index < size().
    [[nodiscard]] std::span<const T> span_at(std::size_t index) const noexcept {
        const auto in = leaf_of(index);
        return {in.at, in.end};
    }
    /// Calls `use` with the elements of each leaf, in order.  The quickest way through all.
    template <class Use>
    void for_each_span(Use use) const {
        for (std::size_t index = 0; index < size_;) {
            const auto some = span_at(index);
            use(some);
            index += some.size();
        }
    }

    /// Both are one value, known without looking at an element.  Cost: O(1).
    [[nodiscard]] bool is_same(const vector& other) const noexcept {
        return tail_ == other.tail_ && size_ == other.size_;
    }

    /// Some elements in front that are the same in both, known without looking at one: those of nodes that both hold.
    /// Cost: O(log n).
    [[nodiscard]] std::size_t shared_front(const vector& other) const noexcept {
        if (is_same(other)) { return size_; }
        return root_ == nullptr || other.root_ == nullptr ? 0 : nodes::shared_front(*root_, *other.root_);
    }

    /// How many vectors are this one value, as far as its tail tells: 0 for one that never held anything.  As
    /// std::shared_ptr's, it may be old already where other threads copy.
    [[nodiscard]] std::size_t use_count() const noexcept { return tail_ == nullptr ? 0 : tail_->owners.count(); }
    /// Calls `use(address, bytes)` for each node, a node before those below it, which are left out if `use` returns
    /// false. Vectors share a node if both have its address.  Cost: O(nodes).
    template <class Use>
    void for_each_node(Use use) const {
        const auto look = [&use](const header& node, std::size_t bytes) {
            return use(static_cast<const void*>(&node), bytes);
        };
        if (tail_ != nullptr) { nodes::for_each_node(*tail_, look); }
        if (root_ != nullptr) { nodes::for_each_node(*root_, look); }
    }

    /// Calls `use(address, first, count)` for runs of up to `most` elements, or of one leaf, in order. As long as it
    /// lives, what lies at one address and is as long is one run, in however many vectors.  Cost: O(runs).
    template <class Use>
    void for_each_run(std::size_t most, Use use) const {
        const auto look = [&use](const header& node, std::size_t first, std::size_t count) {
            use(static_cast<const void*>(&node), first, count);
        };
        if (root_ != nullptr) { nodes::for_each_run(*root_, 0, most, look); }
        if (in_tail() != 0) { look(*tail_, before_, in_tail()); }
    }

    /// Calls `use` with each element in a node that this vector alone holds, as a collector of cycles has to know them.
    /// Cost: O(nodes that it alone holds).
    template <class Use>
    void for_each_unshared(Use use) const {
        const auto look = [&use](const header& node, std::size_t /*bytes*/) {
            if (!node.owners.is_one()) { return false; }
            if (node.height == 0) {
                const leaf& in = nodes::as_leaf(node);
                std::for_each(in.items(), in.items() + in.size(), use);
            }
            return true;
        };
        if (tail_ == nullptr || !tail_->owners.is_one()) { return; }
        nodes::for_each_node(*tail_, look);
        if (root_ != nullptr) { nodes::for_each_node(*root_, look); }
    }

    // ---- Changing: each makes a new vector; what changes one element reuses, on an rvalue, what nobody else holds

    /// With `value` at `index`.  Requires: index < size().
    [[nodiscard]] vector set(std::size_t index, T value) const& { return vector(*this).set(index, std::move(value)); }
    [[nodiscard]] vector set(std::size_t index, T value) && {
        set_here(index, std::move(value));
        return std::move(*this);
    }
    /// With what `change` makes of the element at `index`.  Requires: index < size().
    template <std::invocable<const T&> Change>
    [[nodiscard]] vector update(std::size_t index, Change change) const& {
        return set(index, change((*this)[index]));
    }
    template <std::invocable<const T&> Change>
    [[nodiscard]] vector update(std::size_t index, Change change) && {
        set_here(index, T(change((*this)[index])));
        return std::move(*this);
    }

    /// With `value` behind the last element.
    [[nodiscard]] vector push_back(T value) const& {
        if (tail_ != nullptr && claim()) {
            vector longer(*this);
            std::construct_at(tail_->items() + longer.in_tail(), std::move(value));
            ++longer.size_;
            return longer;
        }
        return vector(*this).push_back(std::move(value));
    }
    [[nodiscard]] vector push_back(T value) && {
        push_here(std::move(value));
        return std::move(*this);
    }
    /// Without the last element.  Requires: !empty().
    [[nodiscard]] vector pop_back() const& { return vector(*this).pop_back(); }
    [[nodiscard]] vector pop_back() && {
        pop_here();
        return std::move(*this);
    }
    /// With `value` before the first element.
    [[nodiscard]] vector push_front(T value) const& { return insert(0, std::move(value)); }
    [[nodiscard]] vector push_front(T value) && { return std::move(*this).insert(0, std::move(value)); }

    /// With `value` before the element at `index`.  Requires: index <= size().
    [[nodiscard]] vector insert(std::size_t index, T value) const& {
        return vector(*this).insert(index, std::move(value));
    }
    [[nodiscard]] vector insert(std::size_t index, T value) && {
        insert_here(index, std::move(value));
        return std::move(*this);
    }
    /// With all elements of `values` before the one at `index`.  Requires: index <= size().  Cost: O(log n).
    [[nodiscard]] vector insert(std::size_t index, const vector& values) const {
        return take(index) + values + drop(index);
    }
    /// Without the element at `index`.  Requires: index < size().
    [[nodiscard]] vector erase(std::size_t index) const& { return vector(*this).erase(index); }
    [[nodiscard]] vector erase(std::size_t index) && {
        erase_here(index);
        return std::move(*this);
    }
    /// Without elements [first, last).  Requires: first <= last <= size().  Cost: O(log n).
    [[nodiscard]] vector erase(std::size_t first, std::size_t last) const {
        COPPICE_ASSERT(first <= last && last <= size_);
        return first == last ? *this : take(first) + drop(last);
    }

    /// The first `count` elements.  Requires: count <= size().
    [[nodiscard]] vector take(std::size_t count) const { return slice(0, count); }
    /// All but the first `count` elements.  Requires: count <= size().
    [[nodiscard]] vector drop(std::size_t count) const { return slice(count, size_); }
    /// Elements [first, last).  Requires: first <= last <= size().
    [[nodiscard]] vector slice(std::size_t first, std::size_t last) const;

    /// The elements of both.  Cost: O(log n).
    [[nodiscard]] friend vector operator+(vector left, const vector& right) {
        left.append_here(right);
        return left;
    }
    vector& operator+=(const vector& right) {
        append_here(right);
        return *this;
    }

    /// For many changes at once.
    [[nodiscard]] edit_type edit() const& { return edit_type(*this); }
    [[nodiscard]] edit_type edit() && { return edit_type(std::move(*this)); }

    /// Cost: that of resident::first_difference, which does not look into what both share.
    [[nodiscard]] friend bool operator==(const vector& a, const vector& b) {
        static_assert(std::equality_comparable<T>, "vectors are equal if their elements are: give those an ==");
        return a.size_ == b.size_ && resident::first_difference(a, b) == a.size_;
    }
    template <std::three_way_comparable U = T>  // so that it is not asked before T is complete
    [[nodiscard]] friend auto operator<=>(const vector& a, const vector& b) {
        return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
    }

    /// What differs, in order: which elements of `before` have become which of `after`. Equal elements that have moved,
    /// as all in a run of them, may be told as removed and inserted. merge is in vector_merge.hpp.
    /// Cost: O(changes * log n).
    template <std::equality_comparable U = T>
    [[nodiscard]] friend std::vector<splice> diff(const vector& before, const vector& after) {
        return resident::sequence_diff<nodes>::of(before.items(), after.items());
    }

    /// Dies naming the broken invariant.  Cost: O(n).  Requires: no allocation has failed in an erase, which may have
    /// left nodes with few elements (I3): that is only slower.
    void check_invariants() const;

private:
    friend edit_type;
    friend resident::sequence_iterator<vector>;
    using cursor = const T*;
    static constexpr std::size_t leaf_most = nodes::leaf_most;

    /// Where the element at `index` lies, and the elements of its leaf.  Requires: index < size().
    [[nodiscard]] resident::leaf_place<const T*> leaf_of(std::size_t index) const noexcept {
        COPPICE_ASSERT(index < size_);
        if (index >= before_) {
            return {tail_->items(), tail_->items() + (index - before_), tail_->items() + in_tail()};
        }
        const auto found = nodes::find_leaf(root_, index);
        const T* items = found.in->items();
        return {items, items + found.at, items + found.in->size()};
    }
    [[nodiscard]] std::size_t in_tail() const noexcept { return size_ - before_; }
    [[nodiscard]] auto items() const {
        typename resident::sequence_diff<nodes>::items all;
        if (root_ != nullptr) { all.push_back({root_, before_}); }
        if (in_tail() != 0) { all.push_back({tail_, in_tail()}); }
        return all;
    }
    /// A tail that has grown to `count` elements has room for half as many more.
    [[nodiscard]] static std::size_t capacity_for(std::size_t count) noexcept {
        return std::min(leaf_most, std::max<std::size_t>(4, count + count / 2));
    }

    /// The place behind the last element is this vector's to fill, for no other vector has claimed it.
    [[nodiscard]] bool claim() const noexcept {
        if (!nodes::moves || in_tail() == tail_->capacity) { return false; }
        auto count = static_cast<std::uint32_t>(in_tail());
        if constexpr (Nodes::atomic) {
            return tail_->used.compare_exchange_strong(count, count + 1, std::memory_order_relaxed);
        } else {
            return tail_->used == count && ++tail_->used != 0;
        }
    }
    /// The tail is this vector's own and has its elements, and no others.
    [[nodiscard]] bool owns_tail() const noexcept { return tail_->owners.is_one() && tail_->size() == in_tail(); }
    /// Makes the tail so, with room for more.
    void own_tail(std::size_t room = 0) {
        if (tail_ != nullptr && tail_->owners.is_one()) {
            std::destroy(tail_->items() + in_tail(), tail_->items() + tail_->size());
            tail_->set_size(in_tail());
            if (in_tail() + room <= tail_->capacity) { return; }
        }
        replace_tail(room == 0 ? std::max<std::size_t>(in_tail(), 1) : capacity_for(in_tail() + room));
    }
    void replace_tail(std::size_t capacity) {
        if (tail_ == nullptr) {
            tail_ = nodes::make_leaf(capacity);
            return;
        }
        const bool last_use = tail_->owners.is_one();
        hand_over(nodes::gather({{tail_->items(), in_tail(), last_use}}, capacity));
    }
    /// Makes `next` the tail, in front of which the tree stays.
    void hand_over(held next) noexcept {
        leaf& tail = nodes::as_leaf(*next.take());
        if (tail_->owners.is_one()) {
            tail.root = std::exchange(tail_->root, nullptr);
        } else if (root_ != nullptr) {
            tail.root = nodes::retain(root_);
        }
        nodes::release(tail_);
        tail_ = &tail;
    }
    /// For a vector whose tail is not there yet, before `count` elements are pushed.
    void expect(std::size_t count) {
        if (count != 0) { replace_tail(std::min(count, leaf_most)); }
    }

    /// The full tail becomes the tree's last leaf; the new one is empty.
    void push_tail() {
        held fresh(nodes::make_leaf(leaf_most));
        const tree_access tree(*this);
        // Retained, so that a tail whose entering fails is still there.
        header* old_root = std::exchange(tail_->root, nullptr);
        try {
            nodes::append(old_root, &nodes::as_leaf(*nodes::retain(tail_)));
        } catch (...) {
            tail_->root = old_root;
            throw;
        }
        nodes::release(tail_);
        tail_ = &nodes::as_leaf(*fresh.take());
        tail_->root = old_root;
        before_ = size_;
    }
    /// The tree's last leaf, or a copy, becomes the tail, which was empty.
    void pull_tail() {
        const auto last = nodes::find_leaf(root_, before_ - 1);
        const std::size_t count = last.at + 1;
        held made = nodes::gather({nodes::copied(last.in->items(), count)}, leaf_most);
        held tree = count == before_ ? held() : nodes::slice(root_, 0, before_ - count);
        nodes::release(tail_);
        tail_ = &nodes::as_leaf(*made.take());
        root_ = tail_->root = tree.take();
        before_ -= count;
    }

    /// While the tree is changed: the tail is own, and the value knows the tree's root afterwards, whatever is thrown.
    struct tree_access {
        explicit tree_access(vector& in) : of(in) {
            if (!of.owns_tail()) { of.own_tail(); }
        }
        tree_access(const tree_access&) = delete;
        tree_access& operator=(const tree_access&) = delete;
        ~tree_access() { of.root_ = of.tail_->root; }
        [[nodiscard]] header*& root() const noexcept { return of.tail_->root; }
        vector& of;
    };

    void push_here(T&& value) {
        if (tail_ == nullptr || in_tail() == tail_->capacity || !owns_tail()) [[unlikely]] {
            in_tail() == leaf_most ? push_tail() : own_tail(1);
        }
        std::construct_at(tail_->items() + in_tail(), std::move(value));
        tail_->set_size(in_tail() + 1);
        ++size_;
    }
    void pop_here() {
        COPPICE_ASSERT(!empty());
        if (in_tail() == 0) { pull_tail(); }
        --size_;
        if (tail_->owners.is_one()) { own_tail(); }
    }
    void set_here(std::size_t index, T&& value) {
        COPPICE_ASSERT(index < size_);
        if (index < before_) { return nodes::set(tree_access(*this).root(), index, std::move(value)); }
        own_tail();
        if constexpr (nodes::moves) {
            T* at = tail_->items() + (index - before_);
            std::destroy_at(at);
            std::construct_at(at, std::move(value));
        } else {
            splice_tail(index - before_, 1, {&value, 1});
        }
    }
    void insert_here(std::size_t index, T&& value) {
        COPPICE_ASSERT(index <= size_);
        if (index == size_) { return push_here(std::move(value)); }
        if (index >= before_ && in_tail() == leaf_most) { push_tail(); }
        if (index < before_) {
            nodes::insert(tree_access(*this).root(), index, std::move(value));
            ++before_;
        } else if constexpr (nodes::moves) {
            own_tail(1);
            nodes::put(*tail_, index - before_, std::move(value));
        } else {
            splice_tail(index - before_, 0, {&value, 1});
        }
        ++size_;
    }
    void erase_here(std::size_t index) {
        COPPICE_ASSERT(index < size_);
        if (index < before_) {
            nodes::erase(tree_access(*this).root(), index);
            --before_;
        } else if constexpr (nodes::moves) {
            own_tail();
            nodes::remove(*tail_, index - before_);
        } else {
            splice_tail(index - before_, 1, {});
        }
        --size_;
    }
    /// Puts a copy of the tail in its place, without some elements at `at` and with others.
    void splice_tail(std::size_t at, std::size_t removed, std::span<T> added) {
        T* items = tail_->items();
        hand_over(nodes::gather({nodes::copied(items, at), nodes::copied(added.data(), added.size()),
                                 nodes::copied(items + at + removed, in_tail() - at - removed)},
                                capacity_for(in_tail() + added.size())));
    }
    void append_here(const vector& other) {
        if (empty() || other.empty()) {
            if (empty()) { *this = other; }
            return;
        }
        const vector right = other;  // it may be this one
        if (right.root_ == nullptr && right.size_ <= leaf_most - in_tail()) {
            own_tail(right.size_);
            nodes::fill(*tail_, nodes::copied(right.tail_->items(), right.size_));
            size_ += right.size_;
            return;
        }
        if (right.root_ == nullptr) {
            vector longer = *this;
            for (std::size_t each = 0; each < right.size_; ++each) { longer.push_here(T(right[each])); }
            return swap(*this, longer);
        }
        vector left = *this;
        if (left.in_tail() != 0) { left.push_tail(); }
        held tail = nodes::gather({nodes::copied(right.tail_->items(), right.in_tail())},
                                  std::max<std::size_t>(right.in_tail(), 1));
        nodes::as_leaf(*tail.get()).root = nodes::concat(left.root_, right.root_).take();
        before_ = size_ + right.before_;
        size_ += right.size_;
        nodes::release(tail_);
        tail_ = &nodes::as_leaf(*tail.take());
        root_ = tail_->root;
    }

    leaf* tail_ = nullptr;    // null when nothing was ever in; owns the tree
    header* root_ = nullptr;  // the tree's, which the tail owns
    std::size_t before_ = 0;  // elements in the tree
    std::size_t size_ = 0;
};

template <class From, class End>
vector(From, End) -> vector<std::iter_value_t<From>>;

template <class T, class Nodes>
vector<T, Nodes> vector<T, Nodes>::slice(std::size_t first, std::size_t last) const {
    COPPICE_ASSERT(first <= last && last <= size_);
    vector part;
    if (first == last) { return part; }
    if (first == 0 && last >= before_) {
        part = *this;
        part.size_ = last;
        return part;
    }
    // The leaf of the last element, or as much of it as is wanted, becomes the tail.
    const auto end =
        last > before_ ? typename nodes::place{tail_, last - 1 - before_} : nodes::find_leaf(root_, last - 1);
    const std::size_t start = last - 1 - end.at;
    const std::size_t from = std::max(first, start) - start;
    part.size_ = end.at + 1 - from;
    part.tail_ = &nodes::as_leaf(
        *nodes::gather({nodes::copied(end.in->items(), end.at + 1)}, from, end.at + 1, part.size_).take());
    if (first < start) {
        part.root_ = part.tail_->root = nodes::slice(root_, first, start).take();
        part.before_ = start - first;
        part.size_ += part.before_;
    }
    return part;
}

template <class T, class Nodes>
void vector<T, Nodes>::check_invariants() const {
    if (tail_ == nullptr) {
        COPPICE_CHECK(size_ == 0 && before_ == 0 && root_ == nullptr);
        return;
    }
    COPPICE_CHECK(tail_->root == root_);
    COPPICE_CHECK(in_tail() <= tail_->size() && tail_->size() <= tail_->capacity);
    COPPICE_CHECK(before_ == (root_ == nullptr ? 0 : nodes::size_of(*root_)));
    nodes::check(root_);
}

/// Many changes of a vector, which end in one value: `auto e = v.edit(); e.push_back(x); v = std::move(e).done();`
/// What the edit has made and nobody else holds is changed in place.
/// Threads: one.  Errors: as those of the vector; the edit is then as it was.
template <class T, class Nodes>
class vector_edit {
public:
    explicit vector_edit(vector<T, Nodes> from) noexcept : made_(std::move(from)) {}

    [[nodiscard]] std::size_t size() const noexcept { return made_.size(); }
    [[nodiscard]] bool empty() const noexcept { return made_.empty(); }
    [[nodiscard]] const T& operator[](std::size_t index) const noexcept { return made_[index]; }

    void set(std::size_t index, T value) { made_.set_here(index, std::move(value)); }
    /// Puts what `change` makes of the element at `index` in its place.
    template <std::invocable<const T&> Change>
    void update(std::size_t index, Change change) {
        made_.set_here(index, T(change(made_[index])));
    }
    void push_back(T value) { made_.push_here(std::move(value)); }
    void pop_back() { made_.pop_here(); }
    void insert(std::size_t index, T value) { made_.insert_here(index, std::move(value)); }
    void erase(std::size_t index) { made_.erase_here(index); }
    void append(const vector<T, Nodes>& values) { made_.append_here(values); }
    void clear() noexcept { made_ = {}; }

    /// The value as it is now; the edit may go on.
    [[nodiscard]] vector<T, Nodes> done() const& noexcept { return made_; }
    [[nodiscard]] vector<T, Nodes> done() && noexcept { return std::move(made_); }

private:
    vector<T, Nodes> made_;
};

}  // namespace coppice
