// How many writes between two snapshots make copy-on-write the dearer way: measured against deep copies.
#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <coppice/base/random.hpp>
#include <coppice/textbook/search_tree.hpp>

#include "scenes.hpp"
#include "stage.hpp"

namespace copy_on_write {
namespace {

using number = std::uint64_t;
using seconds = std::chrono::duration<double>;

/// Best of some rounds: `writes` changes by `change(value, i)`, then `snapshot(value)`; the last snapshot is kept.
template <class Collection, class Change>
seconds round_of(const Collection& first, std::size_t writes, Change change) {
    constexpr int rounds = 9;
    seconds best{1e9};
    Collection now = first;
    for (int round = 0; round < rounds; ++round) {
        const seconds took = time_of([&] {
            for (std::size_t i = 0; i < writes; ++i) { change(now, i); }
            const Collection snapshot = now;
            keep(snapshot);
        });
        best = std::min(best, took);
    }
    return best;
}

using row = std::array<seconds, 3>;  // path copying, and its two peers

/// From which share of elements on a peer is faster: on the line between the two rows where that changes.
std::string crossover(const std::vector<double>& shares, const std::vector<row>& measured, std::size_t peer,
                      std::size_t elements) {
    for (std::size_t i = 1; i < shares.size(); ++i) {
        const double behind = (measured[i][0] - measured[i][peer]).count();
        if (behind <= 0) { continue; }
        const double ahead = std::max((measured[i - 1][peer] - measured[i - 1][0]).count(), 0.0);
        const double share = shares[i - 1] + (shares[i] - shares[i - 1]) * ahead / (ahead + behind);
        return count_text(static_cast<std::uint64_t>(share * static_cast<double>(elements))) + " writes, "
               + percent_text(share);
    }
    return "no share";
}

}  // namespace

void when_not(stage& on) {
    const std::size_t elements = on.size(100'000, 1'000);
    on.say(
        "A change that copies its path costs more than one in place: it allocates, and it reads what it copies. It\n"
        "pays where there are few writes between two snapshots. Below, a part of "
        + count_text(elements)
        + " numbers is overwritten,\nthen a snapshot is taken and the last one let go, by three ways to keep them:");
    std::vector<number> order(elements);
    for (std::size_t i = 0; i < elements; ++i) { order[i] = i; }
    coppice::random_source random(1);
    for (std::size_t i = elements; i > 1; --i) { std::swap(order[i - 1], order[random.below(i)]); }
    coppice::textbook::search_tree<number> tree;
    for (const number each : order) { tree = tree.insert(each); }
    const std::set<number> set(order.begin(), order.end());

    const auto in_tree = [&](auto& value, std::size_t i) { value = value.set(order[i]); };
    const auto in_vector = [&](std::vector<number>& value, std::size_t i) { value[order[i]] = i; };
    const auto in_set = [&](std::set<number>& value, std::size_t i) {  // a node out and in again: an overwrite
        value.insert(value.extract(order[i]));
    };
    std::vector<std::vector<std::string>> rows{
        {"overwritten", "search_tree, path copied", "std::vector, deep copy", "std::set, deep copy", "fastest"}};
    std::vector<row> measured;
    const std::vector<double> shares{0, 0.0001, 0.001, 0.01, 0.1, 1};
    for (const double share : shares) {
        const auto writes = static_cast<std::size_t>(share * static_cast<double>(elements));
        const row now{round_of(tree, writes, in_tree), round_of(order, writes, in_vector),
                      round_of(set, writes, in_set)};
        measured.push_back(now);
        const char* const fastest = now[0] <= now[1] && now[0] <= now[2] ? "path copying"
                                    : now[1] <= now[2]                   ? "deep copy, vector"
                                                                         : "deep copy, set";
        rows.push_back({percent_text(share), time_text(now[0]), time_text(now[1]), time_text(now[2]), fastest});
    }
    on.table(rows);

    on.table({{"a deep copy wins from", "between two snapshots on"},
              {"std::set", crossover(shares, measured, 2, elements)},
              {"std::vector", crossover(shares, measured, 1, elements)}});
    on.say(
        "So take copy-on-write for many versions with few changes each, and for readers who must not wait. Take a\n"
        "plain structure for data that is overwritten all the time and of which nobody keeps a version, for small\n"
        "data (a copy of a few kilobytes is cheaper than any pointer to them), and for numbers in one block that\n"
        "are read from end to end: a tree of nodes lies all over memory.");
}

}  // namespace copy_on_write
