#include "tree/diff_walk.hpp"

#include <algorithm>

#include <coppice/tree/codec.hpp>

#include "tree/edit.hpp"

namespace coppice {
namespace detail {

subtree_walk::subtree_walk(const tree& walked, bool reversed) noexcept
    : walked_(&walked), ended_(true), reversed_(reversed) {
    restart({});
}

void subtree_walk::restart(bounds within) noexcept {
    within_ = within;
    ended_ = walked_->empty();
    root_height_ = ended_ ? element : walked_->root()->height;
    depth_ = 0;
    begun_ = 0;
    untouched_ = true;
}

slot_word subtree_walk::word() const noexcept {
    if (depth_ == 0) { return word_of(walked_->root()); }
    return slots_of(parent())[entry()].load(std::memory_order_acquire);
}

std::uint64_t subtree_walk::count() const noexcept {
    if (depth_ == 0) { return walked_->size(); }
    return is_inner(parent()) ? counts_of(parent())[entry()] : 1;
}

void subtree_walk::enter() {
    const node& n = depth_ == 0 ? *walked_->root() : *child_in(walked_->context(), parent(), entry());
    const auto size = static_cast<unsigned>(is_inner(n) ? n.entries : count_of(n));
    step inside{&n, 0, size, size, false};
    if (within_.low != nullptr && untouched_) {
        if (is_inner(n)) {
            inside.index = page::child_for(n, *within_.low);
        } else {
            const page::place at = page::find(n, *within_.low);
            inside.index = at.index + (at.found && within_.behind_low ? 1U : 0U);
        }
    }
    if (within_.high != nullptr) {
        inside.last = depth_ == 0 || (path_[depth_ - 1].last && left() == 1);
        if (inside.last) { inside.end = page::find(n, *within_.high, is_inner(n) ? 1 : 0).index; }
    }
    ++nodes_entered_;
    if (inside.index >= inside.end) {
        pass();
        return;
    }
    path_[depth_++] = inside;
}

void subtree_walk::pass(unsigned together) noexcept {
    untouched_ = false;
    for (; depth_ > 0; --depth_, together = 1) {
        step& here = path_[depth_ - 1];
        here.index += together;
        if (here.index < here.end) {
            begun_ = depth_;
            return;
        }
    }
    ended_ = true;
}

void subtree_walk::seek(std::uint64_t passed) {
    restart({});
    if (passed == walked_->size()) {
        ended_ = true;
        return;
    }
    while (height() > element) {
        enter();
        step& here = path_[depth_ - 1];
        if (!is_inner(*here.at)) {
            here.index = static_cast<unsigned>(passed);
        } else {
            const std::uint64_t* counts = counts_of(*here.at);
            while (passed >= counts[entry()]) {
                passed -= counts[entry()];
                ++here.index;
            }
        }
        if (here.index > 0) { begun_ = depth_; }
    }
}

const node* subtree_walk::begun(int height) const noexcept {
    const int level = root_height_ - height;
    if (level < static_cast<int>(begun_) || level >= static_cast<int>(depth_)) { return nullptr; }
    return path_[level].at;
}

namespace {

/// Passes as many siblings as both walks share.  Requires: at one height, the first ones the same.
std::uint64_t pass_siblings(subtree_walk& a, subtree_walk& b) noexcept {
    if (!a.has_parent() || !b.has_parent()) {
        const std::uint64_t count = a.count();
        a.pass();
        b.pass();
        return count;
    }
    const std::ptrdiff_t next = a.is_reversed() ? -1 : 1;
    const std::atomic<slot_word>* in_a = slots_of(a.parent()) + a.entry();
    const std::atomic<slot_word>* in_b = slots_of(b.parent()) + b.entry();
    const std::uint64_t* counts = counts_of(a.parent()) + a.entry();
    const unsigned most = std::min(a.left(), b.left());
    std::uint64_t count = 0;
    unsigned together = 0;
    do {
        count += *counts;
        counts += next;
        in_a += next;
        in_b += next;
        ++together;
    } while (together < most
             && same_node(in_a->load(std::memory_order_acquire), in_b->load(std::memory_order_acquire)));
    a.pass(together);
    b.pass(together);
    return count;
}

/// `low` stands deeper than `high`: passes what `high` stands on if `low` has just begun it, else enters it.
std::uint64_t pass_begun(subtree_walk& low, subtree_walk& high) {
    const node* begun = low.begun(high.height());
    if (begun == nullptr || !same_node(word_of(begun), high.word())) {
        high.enter();
        return 0;
    }
    const std::uint64_t count = high.count();
    low.leave_to(high.height());
    low.pass();
    high.pass();
    return count;
}

tree child_tree(const tree& in, const record_view& of) {
    tree child = in.child_of(of, keyed_records);
    if (child.empty() || child.root() == nullptr) { return child; }
    retain(*child.root());
    return {child.context(), shape_of(*child.root()), child.root(), child.size()};
}

}  // namespace

bool same_bytes(const node& a, unsigned i, const node& b, unsigned j) noexcept {
    if (a.keyed && heads_of(a)[i] != heads_of(b)[j]) { return false; }
    const page::raw_record raw = page::read_raw(a, i);
    // A record says its own length, so equal bytes are the whole of both.
    if (offsets_of(b)[j] < raw.bytes() || std::memcmp(raw.begin, record_at(b, j), raw.bytes()) != 0) { return false; }
    if (page::form_of(raw.value) != child_form::slot) { return true; }
    const auto slot = load<std::uint16_t>(page::slot_field(raw.value));
    const slot_word x = slots_of(a)[slot].load(std::memory_order_acquire);
    const slot_word y = slots_of(b)[slot].load(std::memory_order_acquire);
    return x != 0 && y != 0 && same_node(x, y);
}

std::uint64_t pass_shared(subtree_walk& a, subtree_walk& b) {
    std::uint64_t passed = 0;
    while (!a.at_end() && !b.at_end()) {
        const int height = a.height();
        if (height < b.height()) {
            passed += pass_begun(a, b);
        } else if (height > b.height()) {
            passed += pass_begun(b, a);
        } else if (height == subtree_walk::element) {
            if (&a.parent() != &b.parent() || a.entry() != b.entry()) { break; }
            const unsigned together = std::min(a.left(), b.left());
            a.pass(together);
            b.pass(together);
            passed += together;
        } else if (same_node(a.word(), b.word())) {
            passed += pass_siblings(a, b);
        } else {
            a.enter();
            b.enter();
        }
    }
    return passed;
}

std::uint64_t equal_in_leaves(const subtree_walk& a, const subtree_walk& b) {
    const node& in_a = a.parent();
    const node& in_b = b.parent();
    const unsigned most = std::min(a.left(), b.left());
    const unsigned i = a.entry();
    const unsigned j = b.entry();
    unsigned equal = 0;
    if (in_a.kind == leaf_kind::bytes) {
        const char* bytes_a = bytes_of(in_a).data();
        const char* bytes_b = bytes_of(in_b).data();
        if (a.is_reversed()) {
            while (equal < most && bytes_a[i - equal] == bytes_b[j - equal]) { ++equal; }
            return equal;
        }
        if (std::memcmp(bytes_a + i, bytes_b + j, most) == 0) { return most; }
        while (bytes_a[i + equal] == bytes_b[j + equal]) { ++equal; }
        return equal;
    }
    const bool one_prefix = prefix_of(in_a) == prefix_of(in_b);
    for (; equal < most; ++equal) {
        const unsigned at_a = a.is_reversed() ? i - equal : i + equal;
        const unsigned at_b = b.is_reversed() ? j - equal : j + equal;
        if (one_prefix && same_bytes(in_a, at_a, in_b, at_b)) { continue; }
        if (in_a.keyed && page::compare_keys(key_of(in_a, at_a), key_of(in_b, at_b)) != 0) { break; }
        if (!equal_values(a.walked(), view_record(in_a, at_a), b.walked(), view_record(in_b, at_b))) { break; }
    }
    return equal;
}

std::uint64_t common_run(subtree_walk& a, subtree_walk& b, std::uint64_t most) {
    std::uint64_t found = 0;
    while (found < most) {
        found += pass_shared(a, b);
        if (found >= most || a.at_end() || b.at_end()) { break; }
        const std::uint64_t equal = equal_in_leaves(a, b);
        if (equal == 0) { break; }
        found += equal;
        a.pass(static_cast<unsigned>(equal));
        b.pass(static_cast<unsigned>(equal));
    }
    return std::min(found, most);
}

}  // namespace detail

bool equal_values(const tree& in_a, const record_view& a, const tree& in_b, const record_view& b) {
    if (a.bytes != b.bytes || a.child_count != b.child_count) { return false; }
    if (a.child_count == 0) { return true; }
    if (a.child == child_form::embedded && b.child == child_form::embedded) { return a.embedded == b.embedded; }
    if (a.child == child_form::slot && b.child == child_form::slot) {
        const slot_word x = slots_of(*a.leaf)[a.slot].load(std::memory_order_acquire);
        const slot_word y = slots_of(*b.leaf)[b.slot].load(std::memory_order_acquire);
        if (x != 0 && y != 0 && detail::same_node(x, y)) { return true; }
    }
    return equal(detail::child_tree(in_a, a), detail::child_tree(in_b, b));
}

bool equal(const tree& a, const tree& b) {
    if (a.shape() != b.shape() || a.size() != b.size()) { return false; }
    detail::subtree_walk in_a(a);
    detail::subtree_walk in_b(b);
    return detail::common_run(in_a, in_b, a.size()) == a.size();
}

}  // namespace coppice
