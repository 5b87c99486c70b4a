// A tree before and after one insert, node by node, and how little a path is of a large tree.
#include <cstdint>
#include <string>
#include <vector>

#include <coppice/base/random.hpp>
#include <coppice/textbook/search_tree.hpp>

#include "scenes.hpp"
#include "stage.hpp"

namespace copy_on_write {
namespace {

using tree = coppice::textbook::search_tree<std::uint64_t>;

std::size_t levels_to(const tree& in, std::uint64_t number) {
    std::size_t levels = 0;
    in.for_each_on_path(number, [&](std::uint64_t, std::size_t) { ++levels; });
    return levels;
}

/// Both trees lying on their left side: the root is on the left, the greatest element on top.
void draw(const stage& on, const tree& before, const tree& after) {
    const std::vector<std::uint64_t> numbers(after.begin(), after.end());
    const auto place = [](const tree& in, std::uint64_t number) {
        return std::string(4 * (levels_to(in, number) - 1), ' ') + std::to_string(number);
    };
    std::vector<std::vector<std::string>> rows{{"before", "", "after", ""}};
    for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
        const bool shared = after.shares_node(before, *number);
        const bool old = before.contains(*number);
        const std::string drawn = place(after, *number);
        rows.push_back({old ? place(before, *number) : "", "  ", drawn + std::string(12 - drawn.size(), ' '),
                        shared ? on.in(colour::shared, "the same node")
                        : old  ? on.in(colour::copied, "       copied")
                               : on.in(colour::bold, "          new")});
    }
    on.table(rows);
}

}  // namespace

void path_copying(stage& on) {
    on.say(
        "Whoever holds the old root must go on seeing the old tree. So a change copies the node that it is about,\n"
        "the node that points to it, and so on up to the root; all that hangs beside this path is shared. Here 6\n"
        "comes into a tree of six (lying on its side, the root on the left):");
    tree before;
    for (const unsigned number : {4U, 2U, 7U, 1U, 3U, 9U}) { before = before.insert(number); }
    const tree after = before.insert(6);
    draw(on, before, after);
    expect(after.shares_node(before, 9U) && !after.shares_node(before, 7U), "not the path alone was copied");

    on.say("The path grows with the depth of a tree, not with its size:");
    std::vector<std::vector<std::string>> rows{{"elements", "copied by an insert", "of all nodes", "time"}};
    coppice::random_source random(1);
    tree large;
    for (const std::size_t elements : {std::size_t{100}, std::size_t{10'000}, on.size(1'000'000, 20'000)}) {
        while (large.size() < elements) { large = large.insert(random()); }
        constexpr int changes = 1'000;
        std::size_t copied = 0;
        std::vector<tree> kept(changes);
        const auto time = time_of([&] {
            for (tree& each : kept) {
                const std::uint64_t number = random();
                each = large.insert(number);
                copied += levels_to(large, number);
            }
        });
        const double each = static_cast<double>(copied) / changes;
        rows.push_back({count_text(elements), count_text(copied / changes) + " nodes",
                        percent_text(each / static_cast<double>(elements)), time_text(time / double{changes})});
    }
    on.table(rows);
    on.say(
        "A binary tree is deep, and this one is not even balanced. coppice's own tree has nodes of up to 4 KiB: four\n"
        "levels for ten million elements, and a node that nobody else sees is changed where it is.");
}

}  // namespace copy_on_write
