// tree/diff_keyed.cpp: the difference of two keyed trees, by merging the leaves that they do not share.

#include <algorithm>

#include "tree/diff_walk.hpp"
#include "tree/edit.hpp"
#include "tree/page_key.hpp"

namespace coppice {

using detail::subtree_walk;

namespace {

void shorten(const node_sizes& sizes, std::string& key) {
    if (key.size() > sizes.key_bytes) { key = std::string(page_key(sizes, key)); }
}

}  // namespace

key_range key_range::with_prefix(std::string_view prefix, const node_sizes& sizes) {
    prefix = prefix.substr(0, shown_key_bytes(sizes));
    key_range range{std::string(prefix), std::nullopt};
    std::string above(prefix);
    while (!above.empty() && above.back() == '\xff') { above.pop_back(); }
    if (above.empty()) { return range; }
    above.back() = static_cast<char>(static_cast<unsigned char>(above.back()) + 1);
    range.high = std::move(above);
    return range;
}

keyed_diff::keyed_diff(tree before, tree after, key_range within)
    : before_(std::move(before)), after_(std::move(after)), within_(std::move(within)), a_(before_), b_(after_) {
    COPPICE_CHECK(before_.shape().keyed && after_.shape().keyed);
    shorten(before_.context().sizes, within_.low);
    if (within_.high) { shorten(before_.context().sizes, *within_.high); }
    restart();
}

void keyed_diff::restart() noexcept {
    subtree_walk::bounds bounds;
    if (resumed_ || !within_.low.empty()) { bounds.low = resumed_ ? &resume_ : &within_.low; }
    bounds.behind_low = resumed_;
    if (within_.high) { bounds.high = &*within_.high; }
    a_.restart(bounds);
    b_.restart(bounds);
}

void keyed_diff::seek(std::string_view key) {
    const page_key wanted(before_.context().sizes, key);
    const bool inside = std::string_view(wanted) >= within_.low;
    if (inside) { resume_ = std::string_view(wanted); }
    resumed_ = inside;
    restart();
}

bool keyed_diff::next(keyed_change& to) {
    for (;;) {
        detail::pass_shared(a_, b_);
        if (a_.at_end() && b_.at_end()) { return false; }
        if (!a_.at_end() && !b_.at_end()) {
            if (merge_leaves(to)) { return true; }
            continue;
        }
        subtree_walk& rest = a_.at_end() ? b_ : a_;
        while (!rest.at_end() && rest.height() > subtree_walk::element) { rest.enter(); }
        if (!rest.at_end()) { return report(a_.at_end() ? change_kind::added : change_kind::removed, to); }
    }
}

/// Tells of the records where the walks stand, and passes them.
bool keyed_diff::report(change_kind kind, keyed_change& to) {
    to.kind = kind;
    to.before.reset();
    to.after.reset();
    if (kind != change_kind::added) { to.before = view_record(a_.parent(), a_.entry(), &before_.context()); }
    if (kind != change_kind::removed) { to.after = view_record(b_.parent(), b_.entry(), &after_.context()); }
    to.key.clear();
    (to.before ? *to.before : *to.after).append_key(to.key);
    if (to.before) { a_.pass(); }  // last: whatever throws leaves the walks where they were
    if (to.after) { b_.pass(); }
    return true;
}

/// One step of merging two leaves.  Returns whether it found a difference.
bool keyed_diff::merge_leaves(keyed_change& to) {
    const node& in_a = a_.parent();
    const node& in_b = b_.parent();
    const unsigned i = a_.entry();
    const unsigned j = b_.entry();
    const bool one_prefix = prefix_of(in_a) == prefix_of(in_b);
    if (one_prefix) {
        const unsigned most = std::min(a_.left(), b_.left());
        unsigned equal = 0;
        while (equal < most && detail::same_bytes(in_a, i + equal, in_b, j + equal)) { ++equal; }
        if (equal > 0) {
            a_.pass(equal);
            b_.pass(equal);
            return false;
        }
        const std::uint32_t x = heads_of(in_a)[i];
        const std::uint32_t y = heads_of(in_b)[j];
        if (x != y) { return report(x < y ? change_kind::removed : change_kind::added, to); }
    }
    const int order = page::compare_keys(key_of(in_a, i), key_of(in_b, j));
    if (order != 0) { return report(order < 0 ? change_kind::removed : change_kind::added, to); }
    if (!equal_values(before_, view_record(in_a, i), after_, view_record(in_b, j))) {
        return report(change_kind::changed, to);
    }
    a_.pass();
    b_.pass();
    return false;
}

}  // namespace coppice
