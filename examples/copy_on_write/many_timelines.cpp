// Somebody travels to an old version and changes it. Both futures exist from then on, and share what they agree in.
#include <string>
#include <utility>
#include <vector>

#include <coppice/store.hpp>

#include "scenes.hpp"
#include "stage.hpp"

namespace copy_on_write {
namespace {

/// A year goes by in the village.
void live_through(coppice::branch& timeline, const std::string& year) {
    need(timeline.transact([&](coppice::editor& edit) {
        const bool oak = need(edit.contains("oak")) && need(edit.get("oak")) != "felled";
        if (year == "1850") {
            edit.put("oak", "a sapling");
        } else if (year == "1900") {
            edit.put("mill", "by the brook");
            if (oak) { edit.put("oak", "shades the green"); }
        } else {
            edit.put("bus", "every hour");
            if (oak) { edit.put("inn", "The Old Oak"); }
            if (!oak) { edit.put("inn", "The Mill Wheel"); }
        }
    }));
    need(timeline.commit(year));
}

std::string told(const coppice::view& now, std::string_view key) { return need(now.get(key)).value_or("-"); }

}  // namespace

void many_timelines(stage& on) {
    const std::size_t people = on.size(100'000, 1'000);
    on.say(
        "A version can have more than one successor. The traveller goes back to the village of 1850, fells the oak,\n"
        "and lives through the years again. Nothing of the first timeline changes for that: she has made another.");
    coppice::store data = need(coppice::store::open_memory());
    coppice::branch main = need(data.branch("main"));
    need(main.transact([&](coppice::editor& edit) {
        for (std::size_t i = 0; i < people; ++i) { edit.put("person:" + std::to_string(i), "at home"); }
    }));
    for (const char* year : {"1850", "1900", "1950"}) { live_through(main, year); }

    const double before = static_cast<double>(data.memory_usage().node_bytes);
    coppice::branch changed = main;
    const auto travelled = time_of([&] { changed = need(data.create_branch("traveller", "main~2")); });
    need(changed.transact([](coppice::editor& edit) { edit.put("oak", "felled"); }));
    for (const char* year : {"1900", "1950"}) { live_through(changed, year); }

    std::vector<std::vector<std::string>> rows{{"", "oak", "mill", "inn", "keys"}};
    for (const auto& [what, reference] : {std::pair{"1850", "main~2"},
                                          {"1900, as it was", "main~1"},
                                          {"1950, as it was", "main"},
                                          {"1900, the traveller's", "traveller~1"},
                                          {"1950, the traveller's", "traveller"}}) {
        const coppice::snapshot now = need(data.at(reference));
        rows.push_back(
            {what, told(now, "oak"), told(now, "mill"), told(now, "inn"), count_text(need(now.key_count()))});
    }
    on.table(rows);

    std::vector<std::vector<std::string>> differences{{"differs in", "as it was", "the traveller's"}};
    const coppice::snapshot was = main.read();
    const coppice::snapshot is = changed.read();
    need(data.diff(was, is, [&](const coppice::key_difference& key) {
        differences.push_back({std::string(key.key), told(was, key.key), told(is, key.key)});
    }));
    on.table(differences);
    expect(told(was, "oak") == "shades the green", "the first timeline has changed");
    const double after = static_cast<double>(data.memory_usage().node_bytes);
    on.table({{"the journey", "memory of the village", "more for her timeline, three versions"},
              {time_text(travelled), bytes_text(before), bytes_text(after - before)}});
}

}  // namespace copy_on_write
