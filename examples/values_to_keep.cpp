// examples/values_to_keep.cpp: five programs that are short because a copy costs nothing. Headers only, no store.
#include <array>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include <coppice/atomic_box.hpp>
#include <coppice/map.hpp>
#include <coppice/ordered_map.hpp>
#include <coppice/text.hpp>
#include <coppice/vector.hpp>

namespace {

/// An editor: every version stays, so undo is to show an older one.
void undo_in_an_editor() {
    std::vector<coppice::text> versions{coppice::text("dear reader\n")};
    const auto type = [&](std::size_t at, std::string_view what) {
        versions.push_back(versions.back().insert(at, what));
    };
    type(5, "patient ");
    type(versions.back().size(), "yours\n");
    const coppice::text undone = versions[versions.size() - 2];
    const auto changes = diff(undone, versions.back());
    std::cout << "editor: " << versions.size() << " versions; undone: " << undone;
    std::cout << "        the last one differs in " << changes.size() << " place, at byte " << changes[0].position
              << "\n";
}

/// A simulation: a snapshot each hundred steps, of a million cells of which a step changes ten.
void snapshots_of_a_simulation() {
    coppice::vector<double> cells(1'000'000, 0.0);
    std::vector<coppice::vector<double>> snapshots;
    std::uint64_t chance = 1;
    for (int step = 0; step < 1'000; ++step) {
        auto edit = std::move(cells).edit();
        for (int change = 0; change < 10; ++change) {
            chance = chance * 6364136223846793005U + 1442695040888963407U;
            edit.set((chance >> 33) % 1'000'000, step);
        }
        cells = std::move(edit).done();
        if (step % 100 == 99) { snapshots.push_back(cells); }
    }
    std::unordered_set<const void*> nodes;
    std::size_t bytes = 0;
    for (const auto& each : snapshots) {
        each.for_each_node([&](const void* node, std::size_t size) {
            const bool fresh = nodes.insert(node).second;
            bytes += fresh ? size : 0;
            return fresh;
        });
    }
    std::cout << "simulation: " << snapshots.size() << " snapshots of 8 MB in " << bytes / 1'000'000 << " MB\n";
}

/// A table of prices: one writer, readers that never wait and never see half a change.
void one_writer_many_readers() {
    coppice::atomic_box<coppice::map<std::string, int>> prices;
    prices.store({{"apple", 0}, {"pear", 0}});
    std::array<int, 2> torn{};
    std::vector<std::thread> readers;
    for (int& mine : torn) {
        readers.emplace_back([&prices, &mine] {
            for (int look = 0; look < 100'000; ++look) {
                mine += prices.read([](const auto& now) { return now.at("apple") != now.at("pear") ? 1 : 0; });
            }
        });
    }
    for (int price = 1; price <= 1'000; ++price) {
        prices.update([&](const auto& now) { return now.insert("apple", price).insert("pear", price); });
    }
    for (std::thread& each : readers) { each.join(); }
    std::cout << "prices: 200,000 looks beside a writer, " << torn[0] + torn[1] << " of them torn\n";
}

/// A search: ten thousand variants of one plan of a thousand entries, all alive.
void variants_of_a_plan() {
    auto plan = coppice::ordered_map<int, int>().edit();
    for (int task = 0; task < 1'000; ++task) { plan.insert(task, task % 7); }
    std::vector<coppice::ordered_map<int, int>> variants{std::move(plan).done()};
    for (std::size_t made = 0; variants.size() < 10'000; ++made) {
        const auto task = static_cast<int>(variants.size() % 1'000);
        variants.push_back(variants[made / 2].update(task, [](const int* worker) { return *worker + 1; }));
    }
    std::size_t differing = 0;
    diff(variants.front(), variants.back(), [&](int, const int*, const int*) { ++differing; });
    std::cout << "search: " << variants.size() << " variants; the last differs from the first in " << differing
              << " of " << variants.back().size() << " entries\n";
}

/// A configuration that two people changed.
void two_people_one_configuration() {
    using configuration = coppice::map<std::string, std::string>;
    const configuration base{{"port", "5000"}, {"log", "info"}, {"name", "main"}};
    const configuration ours = base.insert("port", "6000").insert("log", "debug");
    const configuration theirs = base.insert("log", "error").erase("name");
    const configuration both = merge(base, ours, theirs, [](const auto& key, auto*, auto* mine, auto* other) {
        return std::optional<std::string>(key == "log" ? *mine + "," + *other : *mine);
    });
    std::cout << "configuration: port " << both.at("port") << ", log " << both.at("log") << ", "
              << (both.contains("name") ? "a" : "no") << " name\n";
}

}  // namespace

int main() {
    undo_in_an_editor();
    snapshots_of_a_simulation();
    one_writer_many_readers();
    variants_of_a_plan();
    two_people_one_configuration();
}
