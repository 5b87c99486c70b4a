// coppice/resident/first_difference.hpp: where two vectors begin to differ.
#pragma once

#include <algorithm>
#include <cstddef>

namespace coppice::resident {

/// The first position at which two vectors differ, or where the shorter one ends. Elements that lie in one leaf of both
/// are equal without a look at them.  Cost: O(log n) to the first node that is not in both, and from there on O(log n)
/// a leaf, and a comparison for each element of those that are not in both.
template <class Vector>
[[nodiscard]] std::size_t first_difference(const Vector& a, const Vector& b) {
    const std::size_t both = std::min(a.size(), b.size());
    for (std::size_t at = std::min(a.shared_front(b), both); at < both;) {
        const auto in_a = a.span_at(at);
        const auto in_b = b.span_at(at);
        const std::size_t count = std::min({in_a.size(), in_b.size(), both - at});
        for (std::size_t each = 0; in_a.data() != in_b.data() && each < count; ++each) {
            if (!(in_a[each] == in_b[each])) { return at + each; }
        }
        at += count;
    }
    return both;
}

}  // namespace coppice::resident
