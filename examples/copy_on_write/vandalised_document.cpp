// A document that many edit, one of them in bad faith: it is brought back, and the others' work elsewhere stays.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/store.hpp>

#include "scenes.hpp"
#include "stage.hpp"

namespace copy_on_write {
namespace {

struct change {
    const char* author;
    const char* message;
    void (*made)(coppice::editor& edit);
};

const change changes[] = {
    {"ada", "an article on herons",
     [](coppice::editor& edit) {
         edit.push_back("herons",
                        {"Herons", "Herons are birds of the shore.", "They eat fish.", "They nest in trees."});
         edit.put("talk", "Shall we say how tall they are?");
     }},
    {"ben", "their size",
     [](coppice::editor& edit) { edit.splice("herons", 2, 0, {"A grey heron is about a metre tall."}); }},
    {"anonymous", "fixed typo",
     [](coppice::editor& edit) {
         edit.splice("herons", 1, 4, {"BIRDS ARE NOT REAL", "lol"});
     }},
    {"cleo", "an answer", [](coppice::editor& edit) { edit.append("talk", " Yes: a metre."); }},
};

std::string text_of(const coppice::view& now) {
    std::string text;
    for (const std::string& line : need(now.elements("herons"))) { text += "    | " + line + "\n"; }
    return text;
}

}  // namespace

void vandalised_document(stage& on) {
    on.say("Four people edit an encyclopedia; each edit is a commit.");
    coppice::store data = need(coppice::store::open_memory());
    coppice::branch main = need(data.branch("main"));
    for (const change& each : changes) {
        need(main.transact(each.made));
        need(main.commit(each.message, each.author));
    }
    std::vector<std::vector<std::string>> rows{{"commit", "by", "message", "lines"}};
    for (std::size_t back = std::size(changes); back-- > 0;) {
        const std::string reference = "main~" + std::to_string(back);
        const coppice::commit_info commit = *need(data.history(reference, {.count = 1})).front().commit;
        rows.push_back(
            {reference, commit.author, commit.message, count_text(need(need(data.at(reference)).size("herons")))});
    }
    on.table(rows);
    on.say("The article says now:\n" + text_of(main.read()) + "\nWhat main~1 did to it, line by line:");

    const coppice::snapshot before = need(data.at("main~2"));
    const coppice::snapshot after = need(data.at("main~1"));
    std::string lines;
    const auto add = [&](const char* sign, const coppice::view& of, std::uint64_t position, std::uint64_t count) {
        for (const std::string& line : need(of.elements("herons", position, count))) {
            lines += std::string("    ") + sign + " " + line + "\n";
        }
    };
    need(data.diff(before, after, [&](const coppice::key_difference& key) {
        need(key.for_each_part([&](const coppice::part_difference& part) {
            add("-", before, part.run.before_position, part.run.before_count);
            add("+", after, part.run.after_position, part.run.after_count);
        }));
    }));
    on.say(lines.substr(0, lines.size() - 1));

    // One key as it was, the rest as it is: an ordinary edit, so it has its own place in the history.
    const auto reverted =
        time_of([&] { need(main.transact([&](coppice::editor& edit) { edit.copy(before, "herons", "herons"); })); });
    need(main.commit("the article as of main~2", "cleo"));
    const std::string talk = need(main.read().get("talk")).value_or("?");
    expect(text_of(main.read()) == text_of(before) && talk.ends_with("metre."), "not what was to be brought back");
    on.say("The article is taken from the version before; a copy from there is a reference to its root, and took "
           + time_text(reverted) + ":\n" + text_of(main.read())
           + "\nThe answer on the talk page, which came after the vandal, is still there:\n    | " + talk);
}

}  // namespace copy_on_write
