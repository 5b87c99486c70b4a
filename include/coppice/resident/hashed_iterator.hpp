// coppice/resident/hashed_iterator.hpp: a forward iterator over the entries of a map or set.
//
// Moving inside a leaf moves a pointer; leaving it finds the next one from the root, once for each leaf.
#pragma once

#include <cstddef>
#include <iterator>

#include <coppice/resident/hashed.hpp>

namespace coppice::resident {

/// It holds no reference: a value that has the tree must live.
template <class Tree>
class hashed_iterator {
public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = typename Tree::element;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = const value_type&;

    /// Behind the last entry.
    hashed_iterator() noexcept = default;
    explicit hashed_iterator(const typename Tree::header* root) noexcept
        : root_(root), here_(Tree::cells_from(root, 0)) {}

    reference operator*() const noexcept { return Tree::cells::element(*here_.begin); }
    pointer operator->() const noexcept { return &**this; }

    hashed_iterator& operator++() noexcept {
        if (++here_.begin == here_.end) [[unlikely]] { here_ = Tree::cells_from(root_, here_.next); }
        return *this;
    }
    hashed_iterator operator++(int) noexcept {
        hashed_iterator before = *this;
        ++*this;
        return before;
    }
    [[nodiscard]] friend bool operator==(const hashed_iterator& a, const hashed_iterator& b) noexcept {
        return a.here_.begin == b.here_.begin;
    }

private:
    const typename Tree::header* root_ = nullptr;
    typename Tree::run here_;
};

}  // namespace coppice::resident
