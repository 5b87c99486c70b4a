#include <coppice/tree/check.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <coppice/tree/codec.hpp>

#include "tree/edit.hpp"
#include "tree/page_key.hpp"

namespace coppice {
namespace {

class checker {
public:
    checker(const tree& t, check_depth depth) : tree_(t), depth_(depth) {}

    std::string run() {
        if (tree_.root() == nullptr) { return tree_.size() == 0 ? "" : "I4 at root: count of an empty tree"; }
        walk(*tree_.root(), "root", true, true, {}, false, {}, false);
        if (broken_.empty() && found_ != tree_.size() && depth_ == check_depth::deep) {
            fail("I4", "root", "count " + std::to_string(tree_.size()) + ", found " + std::to_string(found_));
        }
        return broken_;
    }

private:
    void fail(const char* rule, const std::string& where, const std::string& what) {
        if (broken_.empty()) { broken_ = std::string(rule) + " at " + where + ": " + what; }
    }

    // Recursion as deep as the tree is high.
    void walk(const node& n, const std::string& where, bool left, bool right, const std::string& low, bool has_low,
              const std::string& high, bool has_high) {
        if (!broken_.empty()) { return; }
        check_size(n, where, left, right);
        check_page(n, where);
        if (n.keyed && broken_.empty()) { check_bounds(n, where, low, has_low, high, has_high); }
        if (!broken_.empty()) { return; }
        if (!is_inner(n)) {
            found_ += count_of(n);
            check_children(n, where);
            return;
        }
        for (unsigned i = 0; i < n.entries; ++i) {
            if (depth_ == check_depth::shallow && i != 0 && i + 1U != n.entries) { continue; }
            const node& child = *child_in(tree_.context(), n, i);
            const std::string at = where + "/" + std::to_string(i);
            if (child.height + 1 != n.height || shape_of(child) != shape_of(n)) { fail("I1", at, "height or shape"); }
            if (counts_of(n)[i] == 0 || counts_of(n)[i] != count_of(child)) {
                fail("I4", at,
                     "count " + std::to_string(counts_of(n)[i]) + ", found " + std::to_string(count_of(child)));
            }
            if (n.id.load(std::memory_order_relaxed) != 0 && child.id.load(std::memory_order_relaxed) == 0) {
                fail("I8", at, "no id below an id");
            }
            std::string below = low;
            std::string above = high;
            bool has_below = has_low;
            bool has_above = has_high;
            if (n.keyed && i > 0) {
                below.clear();
                key_of(n, i).append_to(below);
                has_below = true;
            }
            if (n.keyed && i + 1U < n.entries) {
                above.clear();
                key_of(n, i + 1).append_to(above);
                has_above = true;
            }
            walk(child, at, left && i == 0, right && i + 1U == n.entries, below, has_below, above, has_above);
        }
    }

    void check_size(const node& n, const std::string& where, bool left, bool right) {
        const node_sizes& sizes = tree_.context().sizes;
        const std::size_t bytes = layout::live_bytes(n);
        const std::size_t most = is_inner(n) ? sizes.inner_bytes : sizes.leaf_bytes;
        const unsigned few = is_inner(n) ? 2 : 1;
        // A prefix that grew when the node was rebuilt may cost what the suffixes' short rests do not give back.
        if (bytes > most + layout::align8(n.prefix) && n.entries > few) {
            fail("I2", where, std::to_string(bytes) + " bytes");
        }
        if (is_inner(n) && n.entries > sizes.fanout) { fail("I2", where, std::to_string(n.entries) + " children"); }
        // Leaves are not looked at: what long records and prefixes leave of a cut leaf has no least size.
        // Separators count whole: where a node is cut, it is not known yet how much of them each half will share.
        const std::size_t whole = bytes + std::size_t{n.prefix} * n.entries;
        const bool low = is_inner(n) && whole < sizes.inner_bytes / 4 && n.entries < sizes.fanout_min();
        if (low && !left && !right) {
            fail("I3", where, std::to_string(bytes) + " bytes, " + std::to_string(n.entries) + " entries");
        }
    }

    void check_page(const node& n, const std::string& where) {
        if (layout::front_end(n) + n.tail > n.capacity || n.dead > n.tail) { fail("I6", where, "sizes"); }
        if (n.kind == leaf_kind::bytes && !is_inner(n)) {
            if (n.tail == 0) { fail("I4", where, "empty leaf"); }
            return;
        }
        if (n.entries == 0) { fail("I4", where, "empty node"); }
        std::size_t used = 0;
        std::vector<bool> slots(n.slots);
        std::vector<std::pair<std::size_t, std::size_t>> places;
        for (unsigned i = 0; layout::has_offsets(n) && i < n.entries; ++i) {
            const page::raw_record raw = page::read_raw(n, i);
            used += raw.bytes();
            places.emplace_back(offsets_of(n)[i] - raw.bytes(), offsets_of(n)[i]);
            if (offsets_of(n)[i] > n.tail || raw.bytes() > offsets_of(n)[i]) {
                fail("I6", where, "record " + std::to_string(i));
            }
            if (is_inner(n)) { continue; }
            if (raw.has_long_key) { take_slot(n, where, page::remainder_field(raw.value), slots); }
            if (page::form_of(raw.value) == child_form::slot) {
                take_slot(n, where, page::slot_field(raw.value), slots);
            }
        }
        std::sort(places.begin(), places.end());
        for (std::size_t i = 1; i < places.size(); ++i) {
            if (places[i].first < places[i - 1].second) { fail("I6", where, "records overlap"); }
        }
        if (layout::has_offsets(n) && used + n.dead != n.tail) {
            fail("I6", where, "dead bytes " + std::to_string(n.dead));
        }
        for (unsigned i = 0; !is_inner(n) && i < n.slots; ++i) {
            if (!slots[i] && slots_of(n)[i].load(std::memory_order_relaxed) != 0) {
                fail("I7", where, "slot without a record");
            }
        }
    }

    /// A record says that the slot whose number lies at `field` is its own.
    void take_slot(const node& n, const std::string& where, const char* field, std::vector<bool>& taken) {
        const auto slot = load<std::uint16_t>(field);
        if (slot >= n.slots || taken[slot]) {
            fail("I7", where, "slot " + std::to_string(slot));
            return;
        }
        taken[slot] = true;
        if (slots_of(n)[slot].load(std::memory_order_relaxed) == 0) { fail("I7", where, "a record's slot is empty"); }
    }

    void check_bounds(const node& n, const std::string& where, const std::string& low, bool has_low,
                      const std::string& high, bool has_high) {
        std::string previous = low;
        bool has_previous = has_low;
        std::string key;
        for (unsigned i = is_inner(n) ? 1 : 0; i < n.entries; ++i) {
            key.clear();
            const key_pieces pieces = key_of(n, i);
            pieces.append_to(key);
            if (page::head_of(std::string_view(key).substr(n.prefix)) != heads_of(n)[i]) {
                fail("I6", where, "head " + std::to_string(i));
            }
            check_length(n, i, key, where);
            const bool first = i == (is_inner(n) ? 1U : 0U);
            if (has_previous && (first ? key < previous : key <= previous)) {
                fail("I5", where, "key " + std::to_string(i));
            }
            previous = key;
            has_previous = true;
        }
        if (has_high && n.entries > (is_inner(n) ? 1 : 0) && previous >= high) { fail("I5", where, "last key"); }
    }

    void check_length(const node& n, unsigned i, const std::string& key, const std::string& where) {
        const std::size_t page_key_bytes = tree_.context().sizes.key_bytes + std::size_t{1};
        bool fits = key.size() < page_key_bytes + (is_inner(n) ? 1 : 0);
        if (!is_inner(n) && page::read_raw(n, i).has_long_key) {
            // Which keys are long is not for one node to say: a page that was decoded may have a shorter page key.
            fits = key.size() > hidden_key_bytes && long_key_bytes(key) >= key.size()
                   && (depth_ == check_depth::shallow || key.size() == page_key_bytes);
        }
        if (!fits) { fail("I9", where, "key " + std::to_string(i) + " of " + std::to_string(key.size()) + " bytes"); }
    }

    void check_remainder(const record_view& record, const std::string& where) {
        const tree remainder = remainder_of(record);
        const std::string broken = find_broken_rule(remainder, depth_);
        if (!broken.empty()) { fail("remainder", where, broken); }
        std::string key;
        record.append_page_key(key);
        if (broken.empty() && !fits_remainder(key, remainder)) { fail("I9", where, "remainder of another key"); }
    }

    void check_children(const node& leaf, const std::string& where) {
        if (depth_ != check_depth::deep || leaf.kind != leaf_kind::records) { return; }
        for (unsigned i = 0; i < leaf.entries; ++i) {
            const record_view view = view_record(leaf, i, &tree_.context());
            if (view.has_long_key) { check_remainder(view, where + ":" + std::to_string(i)); }
            if (view.child == child_form::embedded) {
                if (const char* wrong = check_embedded(view.embedded); wrong != nullptr) { fail("I6", where, wrong); }
            }
            if (view.child != child_form::slot || view.child_count == 0) { continue; }
            const node* root =
                tree_.context().pool->resident(slots_of(leaf)[view.slot], seals_of(leaf)[view.slot], true);
            const tree child = tree_.child_of(view, shape_of(*root));
            const std::string broken = find_broken_rule(
                child, depth_);  // child trees of child trees: as deep as the store nests, which is fixed
            if (!broken.empty()) { fail("child", where + ":" + std::to_string(i), broken); }
        }
    }

    const tree& tree_;
    check_depth depth_;
    std::string broken_;
    std::uint64_t found_ = 0;
};

}  // namespace

std::string find_broken_rule(const tree& t, check_depth depth) { return checker(t, depth).run(); }

void check_tree(const tree& t, check_depth depth) {
    const std::string broken = find_broken_rule(t, depth);
    if (broken.empty()) { return; }
    std::fprintf(stderr, "coppice: a tree is broken: %s\n", broken.c_str());
    std::abort();
}

}  // namespace coppice
