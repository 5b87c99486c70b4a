#include <coppice/tree/cursor.hpp>

#include "tree/edit.hpp"

namespace coppice {

/// Goes down from `from`, pushing the way, to its first or last leaf.
void cursor::descend(const node* from, bool last) {
    while (is_inner(*from)) {
        const unsigned index = last ? from->entries - 1U : 0U;
        path_[depth_++] = {from, index};
        from = child_in(*walked_.context_, *from, index);
    }
    leaf_ = from;
    leaf_entries_ = static_cast<unsigned>(count_of(*leaf_));
    entry_ = last ? leaf_entries_ - 1 : 0;
}

void cursor::seek(std::uint64_t position) {
    COPPICE_CHECK(position <= walked_.size());
    position_ = position;
    depth_ = 0;
    if (walked_.empty()) { return; }
    const node* n = walked_.root();
    while (is_inner(*n)) {
        const unsigned index = page::child_at(*n, position, position_ == walked_.size());
        path_[depth_++] = {n, index};
        n = child_in(*walked_.context_, *n, index);
    }
    leaf_ = n;
    leaf_entries_ = static_cast<unsigned>(count_of(*n));
    entry_ = static_cast<unsigned>(position);
}

void cursor::seek(std::string_view key) { seek(walked_.rank(key).position); }

void cursor::enter_next_leaf() {
    while (depth_ > 0) {
        step& above = path_[depth_ - 1];
        if (above.index + 1U < above.at->entries) {
            ++above.index;
            descend(child_in(*walked_.context_, *above.at, above.index), false);
            return;
        }
        --depth_;
    }
    entry_ = leaf_entries_;  // the end; previous() finds the way back
}

void cursor::previous() {
    COPPICE_ASSERT(position_ > 0);
    if (at_end() || (entry_ == 0 && depth_ > 0)) {
        seek(position_ - 1);
        return;
    }
    --position_;
    --entry_;
}

}  // namespace coppice
