// Five versions of one data set: each can still be read, and what differs is found without looking at the rest.
#include <cstdint>
#include <string>
#include <vector>

#include <coppice/store.hpp>

#include "scenes.hpp"
#include "stage.hpp"

namespace copy_on_write {

void one_timeline(stage& on) {
    const std::size_t keys = on.size(100'000, 1'000);
    const int versions = 5;
    on.say(
        "Keep every root, and you have a history. A store does: a branch names the newest version, a commit keeps\n"
        "one under an id. Five commits of a data set of "
        + count_text(keys) + " keys, each of which changes some:");
    coppice::store data = need(coppice::store::open_memory());
    coppice::branch main = need(data.branch("main"));
    const auto key_of = [](std::size_t i) { return "sensor:" + std::to_string(i); };
    need(main.transact([&](coppice::editor& edit) {
        for (std::size_t i = 0; i < keys; ++i) { edit.put(key_of(i), "0"); }
    }));
    need(main.commit("all at 0"));
    for (int version = 1; version < versions; ++version) {
        need(main.transact([&](coppice::editor& edit) {
            for (std::size_t i = 0; i < static_cast<std::size_t>(version); ++i) {
                edit.put(key_of(i * 97 % keys), std::to_string(version));
            }
        }));
        need(main.commit(count_text(static_cast<std::uint64_t>(version)) + " changed"));
    }

    std::vector<std::vector<std::string>> rows{
        {"reference", "message", "sensor:0", "opened in", "differs from", "in", "found in"}};
    for (int back = 0; back < versions; ++back) {
        const std::string reference = "main~" + std::to_string(back);
        std::string value;
        const auto opened = time_of([&] { value = need(need(data.at(reference)).get("sensor:0")).value_or("?"); });
        std::vector<std::string> row{reference, need(data.history(reference, {.count = 1})).front().commit->message,
                                     value, time_text(opened)};
        if (back + 1 < versions) {
            const std::string older = "main~" + std::to_string(back + 1);
            std::uint64_t differences = 0;
            const auto found = time_of(
                [&] { need(data.diff(older, reference, [&](const coppice::key_difference&) { ++differences; })); });
            row.insert(row.end(), {older, count_text(differences), time_text(found)});
            expect(differences == static_cast<std::uint64_t>(versions - 1 - back), "a difference of other changes");
        } else {
            row.insert(row.end(), {"", "", ""});
        }
        rows.push_back(row);
    }
    on.table(rows);
    on.say(
        "The difference is found in the time of the changes, not of the data: where two versions have the same\n"
        "node, nothing below it needs a look.");
}

}  // namespace copy_on_write
