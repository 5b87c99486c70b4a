// coppice/tree/cursor.hpp: walking a tree in order, both ways, a leaf at a time.
//
// A cursor holds its tree as a value, so the walk sees one version whatever happens meanwhile. Moving
// inside a leaf is O(1) and touches nothing else; moving to the next leaf climbs as far as it must.
#pragma once

#include <cstdint>
#include <string_view>

#include <coppice/base/limits.hpp>
#include <coppice/tree/tree.hpp>

namespace coppice {

class cursor {
public:
    /// A cursor on the first element.
    explicit cursor(tree walked) : cursor(std::move(walked), 0) {}
    /// A cursor at `position`, having touched no other leaf.  Requires: position <= size().
    cursor(tree walked, std::uint64_t position) : walked_(std::move(walked)) { seek(position); }

    /// Moves to `position`; size() is the end.  Requires: position <= size().  Cost: O(log n).
    void seek(std::uint64_t position);
    /// Moves to the first record whose key is not below `key`.  Requires: a keyed tree.  Cost: O(log n).
    void seek(std::string_view key);

    [[nodiscard]] bool at_end() const noexcept { return position_ == walked_.size(); }
    [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
    [[nodiscard]] const tree& walked() const noexcept { return walked_; }

    /// The record here.  Requires: not at the end.
    [[nodiscard]] record_view get() const noexcept { return view_record(*leaf_, entry_, walked_.context_); }
    /// The rest of the leaf of a bytes tree.  Requires: not at the end.
    [[nodiscard]] std::string_view rest_of_leaf() const noexcept { return bytes_of(*leaf_).substr(entry_); }
    /// The leaf, and where in it the cursor stands: for loops that read a leaf at a time.
    [[nodiscard]] const node& leaf() const noexcept { return *leaf_; }
    [[nodiscard]] unsigned entry() const noexcept { return entry_; }
    [[nodiscard]] unsigned left_in_leaf() const noexcept { return leaf_entries_ - entry_; }

    /// One element forward.  Requires: not at the end.  Cost: O(1) amortised.
    void next() {
        ++position_;
        if (++entry_ == leaf_entries_) { enter_next_leaf(); }
    }
    /// One element back.  Requires: position() > 0.
    void previous();
    /// Over the rest of this leaf.  Requires: not at the end.
    void skip_leaf() {
        position_ += leaf_entries_ - entry_;
        enter_next_leaf();
    }

private:
    struct step {
        const node* at;
        unsigned index;
    };
    void enter_next_leaf();
    void descend(const node* from, bool last);

    tree walked_;
    step path_[limits::tree_height + 1];  // the inner nodes above the leaf
    unsigned depth_ = 0;
    const node* leaf_ = nullptr;
    unsigned entry_ = 0;
    unsigned leaf_entries_ = 0;
    std::uint64_t position_ = 0;
};

}  // namespace coppice
