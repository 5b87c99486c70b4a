// How many writes between two snapshots make copy-on-write the dearer way: measured against deep copies.
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
    constexpr int rounds = 5;
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

/// The number of writes at which two straight lines, through what was measured for none and for many, meet.
std::string crossover(seconds cow_none, seconds cow_many, seconds deep_none, seconds deep_many, std::size_t many,
                      std::size_t elements) {
    const double a_write = (cow_many - cow_none).count() / static_cast<double>(many);
    const double a_plain_write = (deep_many - deep_none).count() / static_cast<double>(many);
    if (a_write <= a_plain_write) { return "never"; }
    const double writes = (deep_none - cow_none).count() / (a_write - a_plain_write);
    return count_text(static_cast<std::uint64_t>(writes)) + " writes, "
           + percent_text(writes / static_cast<double>(elements));
}

}  // namespace

void when_not(stage& on) {
    const std::size_t elements = on.size(100'000, 1'000);
    on.say(
        "A change that copies its path costs more than one in place: it allocates, and it reads what it copies. It\n"
        "pays where there are few writes between two snapshots. Below, a part of "
        + count_text(elements) + " numbers is overwritten,\nthen a snapshot is taken, by three ways of keeping them:");
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
    std::vector<std::array<seconds, 3>> measured;
    const std::vector<double> shares{0, 0.0001, 0.001, 0.01, 0.1, 1};
    for (const double share : shares) {
        const auto writes = static_cast<std::size_t>(share * static_cast<double>(elements));
        const std::array<seconds, 3> now{round_of(tree, writes, in_tree), round_of(order, writes, in_vector),
                                         round_of(set, writes, in_set)};
        measured.push_back(now);
        const char* const fastest = now[0] <= now[1] && now[0] <= now[2] ? "path copying"
                                    : now[1] <= now[2]                   ? "deep copy, vector"
                                                                         : "deep copy, set";
        rows.push_back({percent_text(share), time_text(now[0]), time_text(now[1]), time_text(now[2]), fastest});
    }
    on.table(rows);

    // By the last row but one: large enough to be measured well, and before the caches of the last one are full.
    const std::size_t at = shares.size() - 2;
    const auto many = static_cast<std::size_t>(shares[at] * static_cast<double>(elements));
    const auto meets = [&](std::size_t peer) {
        return crossover(measured[0][0], measured[at][0], measured[0][peer], measured[at][peer], many, elements);
    };
    on.table(
        {{"a deep copy wins from", "between two snapshots on"}, {"std::set", meets(2)}, {"std::vector", meets(1)}});
    on.say(
        "So take copy-on-write for many versions with few changes each, and for readers who must not wait. Take a\n"
        "plain structure for data that is overwritten all the time and of which nobody keeps a version, for small\n"
        "data (a copy of a few kilobytes is cheaper than any pointer to them), and for numbers in one block that\n"
        "are read from end to end: a tree of nodes lies all over memory.");
}

}  // namespace copy_on_write
