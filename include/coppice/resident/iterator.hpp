// coppice/resident/iterator.hpp: a random access iterator over a sequence whose elements lie in leaves.
//
// Moving inside a leaf moves a pointer; leaving it finds the next one from the root, once for each leaf.
#pragma once

#include <compare>
#include <cstddef>
#include <iterator>

namespace coppice::resident {

/// Where an element lies, and the elements of its leaf.
template <class T>
struct leaf_place {
    const T* begin = nullptr;
    const T* at = nullptr;
    const T* end = nullptr;
};

/// It holds no reference: the sequence must live, where it is.  Sequence has size() and leaf_of(index).
template <class Sequence>
class sequence_iterator {
public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = typename Sequence::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = const value_type&;

    sequence_iterator() noexcept = default;
    sequence_iterator(const Sequence& of, std::size_t index) noexcept : of_(&of), index_(index) { load(); }

    reference operator*() const noexcept { return *place_.at; }
    pointer operator->() const noexcept { return place_.at; }
    reference operator[](std::ptrdiff_t distance) const noexcept { return *(*this + distance); }

    sequence_iterator& operator++() noexcept {
        ++index_;
        if (++place_.at == place_.end) [[unlikely]] { load(); }
        return *this;
    }
    sequence_iterator& operator--() noexcept { return *this -= 1; }
    sequence_iterator operator++(int) noexcept {
        sequence_iterator before = *this;
        ++*this;
        return before;
    }
    sequence_iterator operator--(int) noexcept {
        sequence_iterator before = *this;
        --*this;
        return before;
    }
    sequence_iterator& operator+=(std::ptrdiff_t distance) noexcept {
        index_ += static_cast<std::size_t>(distance);
        if (distance >= place_.begin - place_.at && distance < place_.end - place_.at) {
            place_.at += distance;
        } else {
            load();
        }
        return *this;
    }
    sequence_iterator& operator-=(std::ptrdiff_t distance) noexcept { return *this += -distance; }
    [[nodiscard]] friend sequence_iterator operator+(sequence_iterator from, std::ptrdiff_t distance) noexcept {
        return from += distance;
    }
    [[nodiscard]] friend sequence_iterator operator+(std::ptrdiff_t distance, sequence_iterator from) noexcept {
        return from += distance;
    }
    [[nodiscard]] friend sequence_iterator operator-(sequence_iterator from, std::ptrdiff_t distance) noexcept {
        return from -= distance;
    }
    [[nodiscard]] friend std::ptrdiff_t operator-(const sequence_iterator& a, const sequence_iterator& b) noexcept {
        return static_cast<std::ptrdiff_t>(a.index_) - static_cast<std::ptrdiff_t>(b.index_);
    }
    [[nodiscard]] friend bool operator==(const sequence_iterator& a, const sequence_iterator& b) noexcept {
        return a.index_ == b.index_;
    }
    [[nodiscard]] friend auto operator<=>(const sequence_iterator& a, const sequence_iterator& b) noexcept {
        return a.index_ <=> b.index_;
    }

private:
    void load() noexcept { place_ = index_ < of_->size() ? of_->leaf_of(index_) : leaf_place<value_type>(); }

    const Sequence* of_ = nullptr;
    std::size_t index_ = 0;
    leaf_place<value_type> place_;
};

}  // namespace coppice::resident
