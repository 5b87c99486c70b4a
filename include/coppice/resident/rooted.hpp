// coppice/resident/rooted.hpp: a value that is a tree and its size, as most collections are.
#pragma once

#include <cstddef>
#include <utility>

namespace coppice::resident {

/// The base of a collection: 16 bytes, and copying counts one. Tree has retain and release of nodes with that header;
/// it is not looked into before a value is made, so it may be of elements that hold such collections.
template <class Tree, class Header = typename Tree::header>
class rooted {
public:
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    /// Both are one value, known without looking at an element.  Cost: O(1).
    [[nodiscard]] bool is_same(const rooted& other) const noexcept { return root_ == other.root_; }

protected:
    using tree = Tree;
    using header = Header;

    rooted() noexcept = default;
    rooted(const rooted& from) noexcept : root_(from.root_), size_(from.size_) {
        if (root_ != nullptr) { Tree::retain(root_); }
    }
    rooted(rooted&& from) noexcept : root_(std::exchange(from.root_, nullptr)), size_(std::exchange(from.size_, 0)) {}
    rooted& operator=(const rooted& from) noexcept { return *this = rooted(from); }
    rooted& operator=(rooted&& from) noexcept {
        rooted taken(std::move(from));  // so that assigning a value to itself leaves it
        std::swap(root_, taken.root_);
        std::swap(size_, taken.size_);
        return *this;
    }
    ~rooted() { Tree::release(root_); }

    header* root_ = nullptr;  // null when empty
    std::size_t size_ = 0;
};

}  // namespace coppice::resident
