// coppice/resident/text_diff.hpp: differences of bytes as differences of code points.
//
//      before   | a | C3 A9 | b |       é became è: one byte differs, and the change is widened to
//      after    | a | C3 A8 | b |       both bytes of the code point
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <coppice/resident/sequence_diff.hpp>
#include <coppice/resident/utf8.hpp>

namespace coppice::resident {

/// `changes` between two texts, so that none begins or ends inside a code point, nor touches the next.
template <class Text>
[[nodiscard]] std::vector<splice> whole_code_points(const Text& before, const Text& after,
                                                    const std::vector<splice>& changes) {
    const auto inside = [](const Text& in, std::size_t position) {
        return position < in.size() && utf8::continues(in[position]);
    };
    const auto cuts = [&](std::size_t at, std::size_t position) {
        return inside(before, at) || inside(after, position);
    };
    std::vector<splice> whole;
    std::size_t behind_last = 0;  // in `before`; from there to the next change both have the same bytes
    for (auto next = changes.begin(); next != changes.end();) {
        splice change = *next++;
        const auto begin_earlier = [&change](std::size_t more) {
            --change.at;
            --change.position;
            change.removed += more;
            change.inserted += more;
        };
        // What was only inserted or removed may as well stand where the code point begins: a[ba]b is [ab]ab.
        const bool inserts = change.removed == 0;
        if (inserts || change.inserted == 0) {
            const Text& in = inserts ? after : before;
            const std::size_t& at = inserts ? change.position : change.at;
            const std::size_t count = change.removed + change.inserted;
            while (change.at > behind_last && inside(in, at) && in[at - 1] == in[at + count - 1]) { begin_earlier(0); }
        }
        const std::size_t last = std::exchange(behind_last, change.at + change.removed);
        while (change.at > last && cuts(change.at, change.position)) { begin_earlier(1); }
        const std::size_t end = next == changes.end() ? before.size() : next->at;
        while (change.at + change.removed < end
               && cuts(change.at + change.removed, change.position + change.inserted)) {
            ++change.removed;
            ++change.inserted;
        }
        if (!whole.empty() && change.at <= whole.back().at + whole.back().removed) {
            splice& joined = whole.back();
            joined.removed = change.at + change.removed - joined.at;
            joined.inserted = change.position + change.inserted - joined.position;
        } else {
            whole.push_back(change);
        }
    }
    return whole;
}

}  // namespace coppice::resident
