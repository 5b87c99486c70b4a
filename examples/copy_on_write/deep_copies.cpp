// A hundred versions of one data set, each with one change: copied whole, and copied on write.
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

struct figures {
    std::string what;
    std::chrono::duration<double> copy;
    std::chrono::duration<double> change;
    double bytes;
};

/// Makes `versions` of `first`, each a copy of the one before it with one change, and keeps all of them.
template <class Collection, class Change>
figures keep_versions(std::string what, const Collection& first, std::size_t versions, Change change) {
    figures measured{std::move(what), {}, {}, -resident_bytes()};
    std::vector<Collection> kept;
    kept.reserve(versions + 1);
    kept.push_back(first);
    for (std::size_t i = 0; i < versions; ++i) {
        measured.copy += time_of([&] { kept.push_back(kept.back()); });
        measured.change += time_of([&] { change(kept.back(), i); });
    }
    measured.bytes += resident_bytes();
    keep(kept);
    return measured;
}

}  // namespace

void deep_copies(stage& on) {
    const std::size_t elements = on.size(100'000, 1'000);
    const std::size_t versions = on.size(100, 10);
    on.say(
        "A deep copy pays for all the data at once, whatever is changed then. A copy on write pays nothing for the\n"
        "copy; a change pays for what it touches. Here are "
        + count_text(versions) + " versions of " + count_text(elements)
        + " numbers, all kept, each with one\nchange more than the one before it.");

    std::vector<number> order(elements);
    coppice::random_source random(1);
    for (number& each : order) { each = random(); }
    const std::vector<number> as_vector = order;
    const std::set<number> as_set(order.begin(), order.end());
    coppice::textbook::search_tree<number> as_tree;
    for (const number each : order) { as_tree = as_tree.insert(each); }

    const std::vector<figures> all{
        keep_versions("search_tree, path copied", as_tree, versions,
                      [&](auto& tree, std::size_t) { tree = tree.insert(random()); }),
        keep_versions("std::vector, deep copy", as_vector, versions,
                      [&](auto& vector, std::size_t i) { vector[i] = random(); }),
        keep_versions("std::set, deep copy", as_set, versions, [&](auto& set, std::size_t) { set.insert(random()); }),
    };
    std::vector<std::vector<std::string>> rows{{"", "a copy", "one change of it", "memory of all", "a version"}};
    const double count = static_cast<double>(versions);
    for (const figures& each : all) {
        rows.push_back({each.what, time_text(each.copy / count), time_text(each.change / count), bytes_text(each.bytes),
                        bytes_text(each.bytes / count)});
    }
    on.table(rows);
    on.say(
        "Memory is what the process has in RAM beyond the first version. The allocator takes it in pieces of its own,\n"
        "so a figure below a MiB says no more than that it is small.");
}

}  // namespace copy_on_write
