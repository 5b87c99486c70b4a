// How many writes between two snapshots make copy-on-write the dearer way: measured against deep copies.
#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <coppice/base/random.hpp>
#include <coppice/textbook/search_tree.hpp>
#include <coppice/vector.hpp>

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

constexpr std::array ways{"search_tree", "coppice::vector", "std::vector", "std::set"};
using row = std::array<seconds, ways.size()>;  // the last two are copied whole

/// From which share of elements on a deep copy is faster: on the line between the two rows where that changes.
std::string crossover(const std::vector<double>& shares, const std::vector<row>& measured, std::size_t shared,
                      std::size_t peer, std::size_t elements) {
    for (std::size_t i = 1; i < shares.size(); ++i) {
        const double behind = (measured[i][shared] - measured[i][peer]).count();
        if (behind <= 0) { continue; }
        const double ahead = std::max((measured[i - 1][peer] - measured[i - 1][shared]).count(), 0.0);
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
        + " numbers is overwritten,\nthen a snapshot is taken and the last one let go. The first two ways to keep "
          "them copy paths, the\nvector of coppice only those that the snapshot still holds; the other two copy "
          "everything:");
    std::vector<number> order(elements);
    for (std::size_t i = 0; i < elements; ++i) { order[i] = i; }
    coppice::random_source random(1);
    for (std::size_t i = elements; i > 1; --i) { std::swap(order[i - 1], order[random.below(i)]); }
    coppice::textbook::search_tree<number> tree;
    for (const number each : order) { tree = tree.insert(each); }
    const std::set<number> set(order.begin(), order.end());
    const coppice::vector<number> shared(order.begin(), order.end());

    const auto in_tree = [&](auto& value, std::size_t i) { value = value.set(order[i]); };
    const auto in_shared = [&](auto& value, std::size_t i) { value = std::move(value).set(order[i], i); };
    const auto in_vector = [&](std::vector<number>& value, std::size_t i) { value[order[i]] = i; };
    const auto in_set = [&](std::set<number>& value, std::size_t i) {  // a node out and in again: an overwrite
        value.insert(value.extract(order[i]));
    };
    std::vector<std::vector<std::string>> rows{{"overwritten", ways[0], ways[1], ways[2], ways[3], "fastest"}};
    std::vector<row> measured;
    const std::vector<double> shares{0, 0.0001, 0.001, 0.01, 0.1, 1};
    for (const double share : shares) {
        const auto writes = static_cast<std::size_t>(share * static_cast<double>(elements));
        const row now{round_of(tree, writes, in_tree), round_of(shared, writes, in_shared),
                      round_of(order, writes, in_vector), round_of(set, writes, in_set)};
        measured.push_back(now);
        rows.push_back({percent_text(share)});
        for (const seconds each : now) { rows.back().push_back(time_text(each)); }
        rows.back().push_back(ways[static_cast<std::size_t>(std::min_element(now.begin(), now.end()) - now.begin())]);
    }
    on.table(rows);

    std::vector<std::vector<std::string>> points{{"a deep copy wins from", "over search_tree", "over coppice::vector"}};
    for (const std::size_t peer : {3U, 2U}) {
        points.push_back({ways[peer], crossover(shares, measured, 0, peer, elements),
                          crossover(shares, measured, 1, peer, elements)});
    }
    on.table(points);
    on.say(
        "So take copy-on-write for many versions with few changes each, and for readers who must not wait. Take a\n"
        "plain structure for data that is overwritten all the time and of which nobody keeps a version, for small\n"
        "data (a copy of a few kilobytes is cheaper than any pointer to them), and for numbers in one block that\n"
        "are read from end to end: a tree of nodes lies all over memory.");
}

}  // namespace copy_on_write
