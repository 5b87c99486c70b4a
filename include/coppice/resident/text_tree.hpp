// coppice/resident/text_tree.hpp: the tree of a text: a sequence of bytes that also counts code points and lines.
//
//            [ 5 9 | 4 3 | 1 0 ]       sums of bytes; code points and line breaks of each child
//             /     `---.
//       [a é \n b] [c d e f]           leaves of at most 2 KiB; one may end inside a code point
//
// Every change is one splice of a leaf, or is made of slices and concatenation.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string_view>
#include <utility>

#include <coppice/resident/sequence.hpp>
#include <coppice/resident/utf8.hpp>

namespace coppice::resident {

/// What is counted of some bytes.
struct text_measure {
    std::size_t code_points = 0;  ///< that begin there
    std::size_t breaks = 0;       ///< of lines

    [[nodiscard]] friend text_measure operator+(text_measure a, text_measure b) noexcept {
        return {a.code_points + b.code_points, a.breaks + b.breaks};
    }
    [[nodiscard]] friend text_measure operator-(text_measure a, text_measure b) noexcept {
        return {a.code_points - b.code_points, a.breaks - b.breaks};
    }
    [[nodiscard]] friend bool operator==(const text_measure&, const text_measure&) noexcept = default;
};

struct by_text : by_position {
    using measure = text_measure;
    /// A byte is one of those that a member of the measure is the number of.
    template <std::size_t measure::*Count>
    static constexpr auto counts = [](char byte) {
        if constexpr (Count == &measure::breaks) {
            return byte == '\n';
        } else {
            return !utf8::continues(byte);
        }
    };
    [[nodiscard]] static measure measured(const char* first, std::size_t count) noexcept {
        return {utf8::count(first, count, counts<&measure::code_points>),
                utf8::count(first, count, counts<&measure::breaks>)};
    }
    /// Leaves grow by steps, so that memory follows what is in them.
    [[nodiscard]] static constexpr std::size_t capacity_for(std::size_t count, std::size_t most) noexcept {
        constexpr std::size_t step = 128;
        return std::min(most, count / step * step + step);
    }
};

template <class Nodes>
class text_tree : public sequence<char, Nodes, by_text> {
    using kind = sequence<char, Nodes, by_text>;

public:
    using typename kind::change;
    using typename kind::header;
    using typename kind::held;
    using typename kind::leaf;
    using typename kind::path;
    using typename kind::place;
    using kind::as_inner, kind::as_leaf, kind::leaf_most, kind::measure_of, kind::size_of;

    // ---- Looking

    /// What the first `count` bytes measure.
    [[nodiscard]] static text_measure measure_before(const header* node, std::size_t count) noexcept {
        if (node == nullptr || count == size_of(*node)) { return node == nullptr ? text_measure() : measure_of(*node); }
        text_measure all;
        while (node->height != 0) {
            const unsigned slot = kind::find(as_inner(*node), count);
            all = all + kind::measure_before(as_inner(*node), slot);
            node = as_inner(*node).children[slot];
        }
        return all + by_text::measured(as_leaf(*node).items(), count);
    }
    /// The position of the byte that is counted as the `nth` of its kind.  Requires: there is one.
    template <std::size_t text_measure::*Count>
    [[nodiscard]] static std::size_t position_of(const header* node, std::size_t nth) noexcept {
        std::size_t position = 0;
        while (node->height != 0) {
            const auto& here = as_inner(*node);
            unsigned slot = 0;
            for (; nth >= here.measures[slot].*Count; ++slot) { nth -= here.measures[slot].*Count; }
            position += kind::before(here, slot);
            node = here.children[slot];
        }
        const char* at = as_leaf(*node).items();
        const char* const end = at + as_leaf(*node).size();
        constexpr auto is = by_text::counts<Count>;
        constexpr std::ptrdiff_t block = 64;  // counted at once; then byte by byte
        for (std::size_t some = 0; end - at > block && (some = utf8::count(at, block, is)) <= nth; at += block) {
            nth -= some;
        }
        while (nth != 0 || !is(*at)) { nth -= is(*at++) ? 1 : 0; }
        return position + static_cast<std::size_t>(at - as_leaf(*node).items());
    }

    // ---- Changing

    /// Puts `added` in the place of bytes [first, last) if one leaf has them and it and another can take what there is
    /// then; else changes nothing, and returns false.  Requires: first <= last <= size of the tree.
    static bool splice(header*& root, std::size_t first, std::size_t last, std::string_view added) {
        const std::size_t removed = last - first;
        const place found = place_of(root, first);
        const std::size_t size = found.in->size();
        if (found.at + removed > size) { return false; }
        const std::size_t left = size - removed + added.size();
        if (left == 0 || left > 2 * leaf_most) { return false; }

        path way;
        std::size_t position = found.at == size ? first - 1 : first;
        header*& slot = kind::own_path(root, position, way);
        leaf& old = as_leaf(*slot);
        char* const at = old.items() + found.at;
        const change made{static_cast<std::ptrdiff_t>(added.size()) - static_cast<std::ptrdiff_t>(removed),
                          by_text::measured(added.data(), added.size()) - by_text::measured(at, removed)};
        const bool own_bytes = added.data() >= old.items() && added.data() < old.items() + size;
        if (kind::is_own(old) && left <= old.capacity && !own_bytes) {
            kind::shift(old, found.at + removed, made.size);
            construct_copies(at, added.data(), added.size());
        } else {
            const std::initializer_list<typename kind::piece> pieces = {
                kind::copied(old.items(), found.at), bytes(added),
                kind::copied(at + removed, size - found.at - removed)};
            if (left > leaf_most) {
                // What is added behind all others leaves full leaves behind, not halves.
                const std::size_t half = found.at == size && kind::is_last(way) ? leaf_most : left / 2;
                typename kind::spares reserve(way);
                held right = kind::gather(pieces, half, left, by_text::capacity_for(left - half, leaf_most));
                kind::replace(slot, kind::gather(pieces, 0, half, by_text::capacity_for(half, leaf_most)));
                kind::enter(root, way, made, std::move(right), reserve);
                return true;
            }
            kind::replace(slot, kind::gather(pieces, by_text::capacity_for(left, leaf_most)));
        }
        kind::note_change(way, made);
        if (made.size < 0 && !kind::is_filled(*slot)) { kind::mend(root, way); }
        return true;
    }
    /// Puts `added` behind all others: into what room the last leaf has, and into new ones.
    /// Errors: what allocating throws; then some of it may be there.
    static void append(header*& root, std::string_view added) {
        if (root != nullptr) {
            const place end = place_of(root, size_of(*root));
            const std::size_t room = std::min(leaf_most - end.at, added.size());
            if (room != 0) { splice(root, size_of(*root), size_of(*root), added.substr(0, room)); }
            added.remove_prefix(room);
        }
        for (; !added.empty(); added.remove_prefix(std::min(leaf_most, added.size()))) {
            const auto next = added.substr(0, leaf_most);
            kind::append(root, &as_leaf(*kind::gather({bytes(next)}, next.size()).take()));
        }
    }

private:
    /// As find_leaf, and behind the last byte for the position there.
    [[nodiscard]] static place place_of(const header* root, std::size_t position) noexcept {
        if (position < size_of(*root)) { return kind::find_leaf(root, position); }
        const place last = kind::find_leaf(root, position - 1);
        return {last.in, last.at + 1};
    }
    /// What is only read.
    [[nodiscard]] static typename kind::piece bytes(std::string_view from) noexcept {
        return kind::copied(const_cast<char*>(from.data()), from.size());
    }
};

}  // namespace coppice::resident
