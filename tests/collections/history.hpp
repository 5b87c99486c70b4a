// tests/collections/history.hpp: whether what threads saw of one variable can have happened one after the other.
//
// An operation took effect at one moment between its call and its return (it is linearizable) if all of them can be
// put in an order that a single thread could have seen, and in which nothing stands before what had returned when it
// was called. To find such an order is hard in general. It is easy where every write says what it replaced and no two
// write the same: then there is only one candidate.
//
//     writes     0 ──> a ──> b ──> c            each replaced what the one before it wrote: a chain, or no order at all
//     reads      0 0   a     b b b c            each stands behind the write it saw and before the next
//
// Reads of one write may stand in any order among themselves: by their calls. So the only thing left to check is the
// clock: no operation may have returned before one that stands before it was called, which is one pass with the latest
// call so far. Sorting by the place in the chain makes it O(n log n).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace coppice::testing {

struct operation {
    using time = std::chrono::steady_clock::time_point;
    std::uint64_t saw = 0;    ///< what it read, or replaced
    std::uint64_t wrote = 0;  ///< unlike every other write; nothing where it is `saw`: a read
    time called{};
    time returned{};
};

/// Why no order exists, or nothing.
inline std::string trouble_of(const std::vector<operation>& history, std::uint64_t first) {
    std::unordered_map<std::uint64_t, std::uint64_t> next;
    for (const operation& each : history) {
        if (each.wrote != each.saw && !next.emplace(each.saw, each.wrote).second) {
            return std::to_string(each.saw) + " was replaced twice";
        }
    }
    std::unordered_map<std::uint64_t, std::size_t> place{{first, 0}};
    for (auto at = next.find(first); at != next.end(); at = next.find(at->second)) {
        if (!place.emplace(at->second, place.size()).second) {
            return std::to_string(at->second) + " was written twice";
        }
    }
    if (place.size() != next.size() + 1) { return "a write replaced what was never there"; }

    struct placed {
        std::size_t version;  ///< the place of what it wrote, or saw
        bool read;
        const operation* of;
    };
    std::vector<placed> order;
    for (const operation& each : history) {
        const auto at = place.find(each.wrote);
        if (at == place.end()) { return std::to_string(each.saw) + " was read and never written"; }
        order.push_back({at->second, each.wrote == each.saw, &each});
    }
    std::sort(order.begin(), order.end(), [](const placed& a, const placed& b) {
        if (a.version != b.version) { return a.version < b.version; }
        return a.read != b.read ? b.read : a.of->called < b.of->called;
    });
    operation::time latest_call = operation::time::min();
    for (const placed& each : order) {
        if (each.of->returned < latest_call) {
            return std::to_string(each.of->wrote) + " was " + (each.read ? "read" : "written")
                   + " before something that stands before it was called";
        }
        latest_call = std::max(latest_call, each.of->called);
    }
    return {};
}

}  // namespace coppice::testing
