// coppice/resident/ordered_diff.hpp: how two ordered trees differ, in time that follows the differences.
//
// Two cursors go through both trees in order, each at a node. The same node in both is passed over whole; else the
// higher one, or both, goes down to its children, and two leaves are compared entry by entry. Trees of which one was
// made of the other share all nodes but the changed paths, so little else is looked at.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <coppice/resident/ordered_tree.hpp>

namespace coppice::resident {

template <class Tree, class Entries, class Compare>
class ordered_diff {
    using header = typename Tree::header;
    using inner = typename Tree::inner;
    using at = typename Tree::at;

public:
    /// Calls visit(before, after) for each key whose entries differ, in order, with their places; null where there is
    /// none. Stops where it returns false, and says whether it came to the end.  Either tree may be empty (null).
    template <class Visit>
    static bool walk(const header* before, const header* after, Visit visit) {
        cursor a(before);
        cursor b(after);
        while (a.node != nullptr && b.node != nullptr) {
            if (a.node == b.node) {
                a.skip();
                b.skip();
            } else if (a.node->height == 0 && b.node->height == 0) {
                if (!leaves(a, b, visit)) { return false; }
            } else {
                const unsigned height = std::max(a.node->height, b.node->height);
                if (a.node->height == height) { a.descend(); }
                if (b.node->height == height) { b.descend(); }
            }
        }
        return rest(a, [&visit](const at& gone) { return visit(&gone, nullptr); })
               && rest(b, [&visit](const at& come) { return visit(nullptr, &come); });
    }

private:
    struct frame {
        const inner* of;
        unsigned slot;
    };
    struct cursor {
        explicit cursor(const header* root) noexcept : node(root) {}
        void descend() noexcept {
            const inner& of = Tree::as_inner(*node);
            frames[depth++] = {&of, 0};
            node = of.children[0];
        }
        void skip() noexcept {
            passed = 0;
            for (; depth > 0; --depth) {
                frame& above = frames[depth - 1];
                if (++above.slot < above.of->entries) {
                    node = above.of->children[above.slot];
                    return;
                }
            }
            node = nullptr;
        }
        const header* node;      // null behind the last
        std::size_t passed = 0;  // of a leaf's elements
        unsigned depth = 0;
        std::array<frame, height_most> frames;
    };

    template <class Visit>
    [[nodiscard]] static bool leaves(cursor& a, cursor& b, Visit& visit) {
        const auto& in_a = Tree::as_leaf(*a.node);
        const auto& in_b = Tree::as_leaf(*b.node);
        const std::size_t end_a = in_a.size();
        const std::size_t end_b = in_b.size();
        while (a.passed < end_a && b.passed < end_b) {
            // Most entries of two versions of a leaf are the same.
            constexpr std::size_t run = 8;
            if (std::min(end_a - a.passed, end_b - b.passed) >= run
                && same_bytes(in_a.items() + a.passed, in_b.items() + b.passed, run)) {
                a.passed += run;
                b.passed += run;
                continue;
            }
            const at old = in_a.items() + a.passed;
            const at now = in_b.items() + b.passed;
            const bool gone = Compare()(Entries::key(old), Entries::key(now));
            const bool come = !gone && Compare()(Entries::key(now), Entries::key(old));
            if (gone ? !visit(&old, nullptr) : come ? !visit(nullptr, &now) : false) { return false; }
            if (!gone && !come && !Entries::is_same(old, now) && !visit(&old, &now)) { return false; }
            a.passed += come ? 0 : 1;
            b.passed += gone ? 0 : 1;
        }
        if (a.passed == end_a) { a.skip(); }
        if (b.passed == end_b) { b.skip(); }
        return true;
    }
    template <class Visit>
    [[nodiscard]] static bool rest(cursor& of, Visit visit) {
        while (of.node != nullptr) {
            if (of.node->height != 0) {
                of.descend();
                continue;
            }
            const auto& in = Tree::as_leaf(*of.node);
            for (; of.passed < in.size(); ++of.passed) {
                if (!visit(in.items() + of.passed)) { return false; }
            }
            of.skip();
        }
        return true;
    }
};

}  // namespace coppice::resident
