// coppice/resident/iterator.hpp: a random access iterator over a sequence whose elements lie in leaves.
//
// Moving inside a leaf moves a pointer; leaving it finds the next one from the root, once for each leaf.
#pragma once

#include <compare>
#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>

namespace coppice::resident {

/// Where an element lies, and the elements of its leaf.  A cursor is a pointer to an element, or like one.
template <class Cursor>
struct leaf_place {
    Cursor begin{};
    Cursor at{};
    Cursor end{};
};

/// It holds no reference: the sequence must live, where it is.  Sequence has size(), leaf_of(index) and a cursor; what
/// the cursor shows is a reference, or an object made of some.
template <class Sequence>
class sequence_iterator {
public:
    using cursor = typename Sequence::cursor;
    using value_type = typename Sequence::value_type;
    using difference_type = std::ptrdiff_t;
    using reference = typename Sequence::const_reference;
    using pointer = typename Sequence::const_pointer;
    using iterator_concept = std::random_access_iterator_tag;
    using iterator_category =
        std::conditional_t<std::is_reference_v<reference>, std::random_access_iterator_tag, std::input_iterator_tag>;

    sequence_iterator() noexcept = default;
    sequence_iterator(const Sequence& of, std::size_t index) noexcept : of_(&of), index_(index) { load(); }

    reference operator*() const noexcept { return *place_.at; }
    pointer operator->() const noexcept {
        if constexpr (std::is_pointer_v<cursor>) {
            return place_.at;
        } else {
            return place_.at.operator->();
        }
    }
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
    void load() noexcept { place_ = index_ < of_->size() ? of_->leaf_of(index_) : leaf_place<cursor>(); }

    const Sequence* of_ = nullptr;
    std::size_t index_ = 0;
    leaf_place<cursor> place_;
};

/// What a collection has whose elements have positions. Collection is as the iterator says, and derived from this.
template <class Collection>
class iterable {
public:
    using size_type = std::size_t;
    using difference_type = std::ptrdiff_t;
    using const_iterator = sequence_iterator<Collection>;
    using iterator = const_iterator;
    using const_reverse_iterator = std::reverse_iterator<const_iterator>;
    using reverse_iterator = const_reverse_iterator;

    [[nodiscard]] const_iterator begin() const noexcept { return {self(), 0}; }
    [[nodiscard]] const_iterator end() const noexcept { return {self(), self().size()}; }
    [[nodiscard]] const_iterator cbegin() const noexcept { return begin(); }
    [[nodiscard]] const_iterator cend() const noexcept { return end(); }
    [[nodiscard]] const_reverse_iterator rbegin() const noexcept { return const_reverse_iterator(end()); }
    [[nodiscard]] const_reverse_iterator rend() const noexcept { return const_reverse_iterator(begin()); }

private:
    [[nodiscard]] const Collection& self() const noexcept { return static_cast<const Collection&>(*this); }
};

}  // namespace coppice::resident
