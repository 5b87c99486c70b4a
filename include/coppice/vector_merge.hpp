// coppice/vector_merge.hpp: what two versions of a vector have changed since a third, in one.
//
// Which changes meet, and what merging costs, is told in resident/sequence_merge.hpp.
#pragma once

#include <coppice/resident/sequence_merge.hpp>
#include <coppice/vector.hpp>

namespace coppice {

/// `base` with what `ours` and `theirs` have changed. `resolve(merge_conflict)` returns what is to stand where both
/// have changed the same part in different ways.
template <class T, class Nodes, class Resolve>
[[nodiscard]] vector<T, Nodes> merge(const vector<T, Nodes>& base, const vector<T, Nodes>& ours,
                                     const vector<T, Nodes>& theirs, Resolve resolve) {
    return resident::merged(base, ours, theirs, resolve);
}

}  // namespace coppice
