// status, branch, commit, log, reflog, diff, tag, use.
#include <cli/documents/document.hpp>
#include <cli/reply_view.hpp>
#include <cli/verb.hpp>

namespace coppice::cli {
namespace {

constexpr std::size_t id_shown = 10;  // digits of a commit id in tables

constexpr std::uint64_t log_commits_max = 1'000'000;  // as many as LOG answers at once
std::string short_id(std::string_view id) { return std::string(id.substr(0, id_shown)); }
// A time behind a branch's name stays whole, an id is shortened.
std::string reference_text(const std::string& reference) {
    return reference.find('@') == std::string::npos ? short_id(reference) : reference;
}
std::string time_text(std::int64_t time) { return time == 0 ? "" : human_time(time); }

bool is_names_only(verb_call& call, const reply_value& list) {
    if (!call.given.has("--names")) { return false; }
    for (const auto& each : list.items) { call.shown.line(text_field(each, "name")); }
    return true;
}

status done(verb_call& call, std::string_view said, std::vector<std::pair<std::string_view, reply_value>> fields) {
    if (call.shown.json()) {
        call.shown.print_json(make_map(std::move(fields)));
    } else {
        call.shown.line(said);
    }
    return {};
}

// --- status ---

status run_status(verb_call& call) {
    const auto where = call.location();
    if (!where) { return call.wrong_usage(where.error().context); }
    auto name = call.branch_name();
    if (!name) { return name.error(); }
    auto about = call.ask({"BRANCH", "INFO", *name});
    if (!about) { return about.error(); }
    const auto head = text_field(*about, "head");
    reply_value summary;
    if (!head.empty()) {
        auto compared = call.ask({"DIFF", head, *name, "SUMMARY"});
        if (!compared) { return compared.error(); }
        summary = *compared;
    }
    const auto chosen = call.branch();
    const auto added = number_field(summary, "added");
    const auto removed = number_field(summary, "removed");
    const auto changed = number_field(summary, "changed");
    const auto keys = number_field(*about, "keys");
    if (call.shown.json()) {
        call.shown.print_json(make_map({{"store", make_text(where->label())},
                                        {"branch", make_text(*name)},
                                        {"branch_from", make_text(chosen ? chosen->from : "")},
                                        {"head", make_text(head)},
                                        {"time", make_number(number_field(*about, "time"))},
                                        {"keys", make_number(keys)},
                                        {"added", make_number(added)},
                                        {"removed", make_number(removed)},
                                        {"changed", make_number(changed)}}));
        return {};
    }
    const auto from = chosen && !chosen->from.empty() ? " (by " + chosen->from + ")" : std::string();
    call.shown.line("store   " + where->label());
    call.shown.line("branch  " + call.shown.painted(style::strong, *name) + from);
    call.shown.line("keys    " + human_count(static_cast<std::uint64_t>(keys)));
    if (head.empty()) {
        call.shown.line("commit  none yet; `coppice commit -m MESSAGE` makes the first");
        return {};
    }
    call.shown.line("commit  " + call.shown.painted(style::changed, short_id(head)) + "  "
                    + time_text(number_field(*about, "time")));
    if (added + removed + changed == 0) {
        call.shown.line("        nothing changed since");
        return {};
    }
    call.shown.line("        since then " + call.shown.painted(style::good, std::to_string(added) + " added") + ", "
                    + call.shown.painted(style::bad, std::to_string(removed) + " removed") + ", "
                    + call.shown.painted(style::changed, std::to_string(changed) + " changed")
                    + "; `coppice diff` shows them");
    return {};
}

// --- branch ---

// Branches are listed, renamed and deleted from none: the one in use may be gone, or be the one that goes.
status list_branches(verb_call& call) {
    if (const auto opened = call.runner_without_branch(); !opened) { return opened.error(); }
    auto list = call.ask({"BRANCH", "LIST"});
    if (!list) { return list.error(); }
    if (is_names_only(call, *list)) { return {}; }
    if (call.shown.json()) {
        call.shown.print_json(*list);
        return {};
    }
    auto current = call.branch_name();
    std::vector<std::vector<cell>> rows;
    for (const auto& each : list->items) {
        const auto name = text_field(each, "name");
        const auto* marked = find_field(each, "current");
        const bool is_current = current ? *current == name : marked != nullptr && is_true(*marked);
        rows.push_back({{is_current ? "*" : "", style::good},
                        {name, is_current ? style::good : style::plain},
                        {short_id(text_field(each, "head")), style::changed},
                        {time_text(number_field(each, "time"))},
                        {human_count(static_cast<std::uint64_t>(number_field(each, "keys")))}});
    }
    call.shown.table({{""}, {"BRANCH"}, {"COMMIT"}, {"TIME"}, {"KEYS", align::right}}, rows);
    return {};
}

// What `use` remembers follows a branch that was renamed, and forgets one that was deleted.
status follow_in_use(const verb_call& call, std::string_view name, std::optional<std::string> renamed) {
    const auto where = call.location();
    if (!where) { return where.error(); }
    const branch_memory memory(call.around.variables);
    const auto label = where->label();
    return memory.find(label) == name ? memory.remember(label, std::move(renamed)) : status();
}

// A name that is taken, with what has it and what to do; another error as it is.
error with_owner(verb_call& call, error failure, const std::string& name) {
    if (!failure.context.ends_with("' is taken")) { return failure; }
    failure.context += call.ask({"BRANCH", "INFO", name})
                           ? " by a branch: choose another, or `coppice use " + name + "` to work on that one"
                           : " by a tag: choose another, or `coppice tag -d " + name + "` first";
    return failure;
}

status run_branch(verb_call& call) {
    const auto name = call.given.find("NAME");
    const auto second = call.given.find("REF");
    if (!name) {
        if (call.given.has("--delete") || call.given.has("--move")) { return call.wrong_usage("NAME is missing"); }
        return list_branches(call);
    }
    if (call.given.has("--delete")) {
        if (second) { return call.wrong_usage("--delete takes one name"); }
        if (const auto opened = call.runner_without_branch(); !opened) { return opened.error(); }
        auto deleted = call.ask({"BRANCH", "DELETE", *name});
        if (!deleted) { return deleted.error(); }
        if (auto kept = follow_in_use(call, *name, std::nullopt); !kept) { return kept; }
        return done(call, "deleted the branch " + *name, {{"deleted", make_text(*name)}});
    }
    if (call.given.has("--move")) {
        if (!second) { return call.wrong_usage("--move takes the old and the new name"); }
        if (const auto opened = call.runner_without_branch(); !opened) { return opened.error(); }
        auto moved = call.ask({"BRANCH", "RENAME", *name, *second});
        if (!moved) { return with_owner(call, moved.error(), *second); }
        if (auto kept = follow_in_use(call, *name, *second); !kept) { return kept; }
        return done(call, "the branch " + *name + " is now " + *second,
                    {{"from", make_text(*name)}, {"to", make_text(*second)}});
    }
    std::vector<std::string_view> command = {"BRANCH", "CREATE", *name};
    if (second) { command.insert(command.end(), {"FROM", *second}); }
    auto created = call.ask(command);
    if (!created) { return with_owner(call, created.error(), *name); }
    return done(call, "created the branch " + *name + "; `coppice use " + *name + "` works on it",
                {{"created", make_text(*name)}});
}

// --- commit ---

status run_commit(verb_call& call) {
    std::vector<std::string> command = {"COMMIT"};
    if (const auto message = call.given.find("--message")) { command.insert(command.end(), {"MESSAGE", *message}); }
    auto author = call.given.find("--author");
    if (!author) { author = call.around.variables("COPPICE_AUTHOR"); }
    if (!author) { author = call.around.variables("USER"); }
    if (author && !author->empty()) { command.insert(command.end(), {"AUTHOR", *author}); }
    auto name = call.branch_name();
    if (!name) { return name.error(); }
    auto before = call.ask({"BRANCH", "INFO", *name});
    const std::vector<std::string_view> words(command.begin(), command.end());
    auto made = call.ask(words);
    if (!made) { return made.error(); }
    const auto id = text_of(*made);
    const bool is_new = !before || text_field(*before, "head") != id;
    return done(call,
                is_new ? "committed " + call.shown.painted(style::changed, id)
                       : "nothing changed since " + call.shown.painted(style::changed, id),
                {{"id", make_text(id)}, {"new", make_truth(is_new)}});
}

// --- log, reflog ---

status run_log(verb_call& call) {
    const auto count = call.number("--number", 0);
    if (!count) { return count.error(); }
    const auto ref = call.given.text("REF");
    std::vector<std::string> command = {"LOG"};
    if (!ref.empty()) { command.push_back(ref); }
    for (const auto& [option, word] :
         {std::pair("--key", "KEY"), std::pair("--since", "SINCE"), std::pair("--until", "UNTIL")}) {
        if (const auto text = call.given.find(option)) { command.insert(command.end(), {word, *text}); }
    }
    const bool with_points = call.given.has("--points");
    if (!with_points) { command.emplace_back("COMMITS"); }
    const bool none = call.given.has("--number") && *count == 0;  // asked as one, which says what is wrong all the same
    const auto wanted = none ? 1 : *count != 0 || with_points ? *count : log_commits_max;
    if (wanted != 0) { command.insert(command.end(), {"COUNT", std::to_string(wanted)}); }
    const std::vector<std::string_view> words(command.begin(), command.end());
    auto list = call.ask(words);
    if (!list) { return list.error(); }
    if (none) { list->items.clear(); }
    if (call.shown.json()) {
        call.shown.print_json(*list);
        return {};
    }
    if (none) { return {}; }
    std::int64_t begin = 0;
    std::erase_if(list->items, [&](const reply_value& each) {
        const bool is_begin = text_field(each, "kind") == "begin";
        if (is_begin) { begin = number_field(each, "time"); }
        return is_begin;
    });
    if (list->items.empty()) {
        call.shown.line(with_points ? "nothing yet"
                                    : "no commits yet; `coppice log --points` shows the restore points");
        return {};
    }
    std::vector<std::vector<cell>> rows;
    for (const auto& each : list->items) {
        const bool is_point = text_field(each, "kind") == "point";
        auto message = text_field(each, "message");
        message = message.substr(0, message.find('\n'));
        rows.push_back({{is_point ? "." : short_id(text_field(each, "id")), style::changed},
                        {time_text(number_field(each, "time"))},
                        {text_field(each, "author")},
                        {is_point ? "restore point" : message, is_point ? style::faint : style::plain}});
    }
    call.shown.table({{"COMMIT"}, {"TIME"}, {"AUTHOR"}, {"MESSAGE"}}, rows);
    if (begin != 0) {
        call.shown.line(call.shown.painted(style::faint, "time travel reaches back to " + time_text(begin)));
    }
    return {};
}

status run_reflog(verb_call& call) {
    const auto count = call.number("--number", 0);
    if (!count) { return count.error(); }
    auto name = call.branch_name();
    if (!name) { return name.error(); }
    std::vector<std::string_view> command = {"REFLOG", *name};
    const bool none = call.given.has("--number") && *count == 0;
    const auto digits = std::to_string(none ? 1 : *count);
    if (none || *count != 0) { command.insert(command.end(), {"COUNT", digits}); }
    auto list = call.ask(command);
    if (!list) { return list.error(); }
    if (none) { list->items.clear(); }
    if (call.shown.json()) {
        call.shown.print_json(*list);
        return {};
    }
    if (none) { return {}; }
    if (list->items.empty()) {
        call.shown.line("nothing yet: the branch " + *name + " was never moved");
        return {};
    }
    std::vector<std::vector<cell>> rows;
    for (const auto& each : list->items) {
        rows.push_back({{time_text(number_field(each, "time"))},
                        {text_field(each, "action")},
                        {reference_text(text_field(each, "from")), style::changed},
                        {reference_text(text_field(each, "to")), style::changed}});
    }
    call.shown.table({{"TIME"}, {"ACTION"}, {"FROM"}, {"TO"}}, rows);
    return {};
}

// --- diff ---

struct mark {
    std::string_view sign;
    style as;
};
mark mark_of(std::string_view kind) {
    if (kind == "added") { return {"+", style::good}; }
    if (kind == "removed") { return {"-", style::bad}; }
    return {"~", style::changed};
}

std::string value_text(const reply_value& value) {
    const auto text = printable(text_of(value));
    return text.empty() ? "\"\"" : text;
}

// A value of a part, which may be several elements, or the beginning of a long one; empty where there is none.
std::string part_value_text(const reply_value& part, std::string_view name) {
    const auto* value = find_field(part, name);
    if (value == nullptr || value->kind == reply_kind::null) { return {}; }
    if (value->kind == reply_kind::array) {
        std::string text;
        for (const auto& item : value->items) { text += (text.empty() ? "" : ", ") + value_text(item); }
        const auto count = number_field(part, name == "old" ? "before_count" : "after_count");
        const auto left = count - static_cast<std::int64_t>(value->items.size());
        return left > 0 ? text + ", and " + std::to_string(left) + " more" : text;
    }
    const auto whole = number_field(part, std::string(name) + "_bytes");
    const auto text = value_text(*value);
    return whole == 0 ? text : text + "... (" + std::to_string(whole) + " bytes)";
}

void show_change(verb_call& call, const reply_value& change) {
    const auto sign = mark_of(text_field(change, "kind"));
    const auto key_space = number_field(change, "db");
    auto line = std::string(sign.sign) + ' ' + printable(text_field(change, "key"), SIZE_MAX);
    if (key_space != 0) { line += " (db " + std::to_string(key_space) + ')'; }
    line = call.shown.painted(sign.as, line);
    if (const auto type = text_field(change, "type"); !type.empty()) {
        line += ' ' + call.shown.painted(style::faint, type);
    }
    call.shown.line(line);
    for (const auto& part : list_field(change, "parts")) {
        const auto each = mark_of(text_field(part, "kind"));
        auto text = "    " + std::string(each.sign) + ' ' + printable(text_field(part, "at"));
        const auto old_text = part_value_text(part, "old");
        const auto new_text = part_value_text(part, "new");
        if (!old_text.empty() || !new_text.empty()) { text += ':'; }
        if (!old_text.empty()) { text += ' ' + old_text; }
        if (!old_text.empty() && !new_text.empty()) { text += " ->"; }
        if (!new_text.empty()) { text += ' ' + new_text; }
        call.shown.line(call.shown.painted(each.as, text));
    }
}

status run_diff(verb_call& call) {
    auto from = call.given.text("FROM");
    auto to = call.given.text("TO");
    if (to.empty()) {
        auto name = call.branch_name();
        if (!name) { return name.error(); }
        to = *name;
    }
    if (from.empty()) {
        auto about = call.ask({"BRANCH", "INFO", to});
        if (!about) { return about.error(); }
        from = text_field(*about, "head");
        if (from.empty()) {
            return error{errc::not_found, "the branch " + to + " has no commit to compare with; `coppice commit` makes "
                                              "one, or name two versions: coppice diff main@-1h main"};
        }
    }
    std::vector<std::string> base = {"DIFF", from, to};
    if (const auto key = call.given.find("--key")) { base.insert(base.end(), {"KEY", *key}); }
    if (const auto pattern = call.given.find("--match")) { base.insert(base.end(), {"MATCH", *pattern}); }
    if (call.given.has("--summary")) {
        base.emplace_back("SUMMARY");
        auto summary = call.ask(std::vector<std::string_view>(base.begin(), base.end()));
        if (!summary) { return summary.error(); }
        if (call.shown.json()) {
            call.shown.print_json(*summary);
        } else {
            call.shown.line(text_field(*summary, "added") + " added, " + text_field(*summary, "removed") + " removed, "
                            + text_field(*summary, "changed") + " changed");
        }
        return {};
    }
    const bool json = call.shown.json();
    if (json) {
        call.shown.out() << "{\"from\":" << json_of_reply(make_text(from)) << ",\"to\":" << json_of_reply(make_text(to))
                         << ",\"changes\":[";
    }
    std::string cursor;
    bool any = false;
    do {
        auto command = base;
        if (!cursor.empty()) { command.insert(command.end(), {"CURSOR", cursor}); }
        auto page = call.ask(std::vector<std::string_view>(command.begin(), command.end()));
        if (!page) { return page.error(); }
        for (const auto& change : list_field(*page, "changes")) {
            if (json) {
                call.shown.out() << (any ? ",\n" : "\n") << json_of_reply(change);
            } else {
                show_change(call, change);
            }
            any = true;
        }
        cursor = text_field(*page, "cursor");
    } while (!cursor.empty() && cursor != "0");
    if (json) {
        call.shown.out() << "]}\n";
    } else if (!any) {
        call.shown.line("no difference");
    }
    return {};
}

// --- tag ---

status run_tag(verb_call& call) {
    const auto name = call.given.find("NAME");
    if (!name) {
        if (call.given.has("--delete")) { return call.wrong_usage("NAME is missing"); }
        auto list = call.ask({"TAG", "LIST"});
        if (!list) { return list.error(); }
        if (is_names_only(call, *list)) { return {}; }
        if (call.shown.json()) {
            call.shown.print_json(*list);
            return {};
        }
        if (list->items.empty()) {
            call.shown.line("no tags yet; `coppice commit`, then `coppice tag NAME` name what there is");
            return {};
        }
        std::vector<std::vector<cell>> rows;
        for (const auto& each : list->items) {
            rows.push_back({{text_field(each, "name")},
                            {short_id(text_field(each, "id")), style::changed},
                            {time_text(number_field(each, "time"))}});
        }
        call.shown.table({{"TAG"}, {"COMMIT"}, {"TIME"}}, rows);
        return {};
    }
    if (call.given.has("--delete")) {
        auto deleted = call.ask({"TAG", "DELETE", *name});
        if (!deleted) { return deleted.error(); }
        return done(call, "deleted the tag " + *name, {{"deleted", make_text(*name)}});
    }
    std::vector<std::string_view> command = {"TAG", "CREATE", *name};
    const auto ref = call.given.text("REF");
    if (!ref.empty()) { command.push_back(ref); }
    auto created = call.ask(command);
    if (!created) { return with_owner(call, created.error(), *name); }
    return done(call, "created the tag " + *name, {{"created", make_text(*name)}});
}

// --- use ---

status run_use(verb_call& call) {
    const auto where = call.location();
    if (!where) { return call.wrong_usage(where.error().context); }
    const branch_memory memory(call.around.variables);
    const auto label = where->label();
    const auto name = call.given.find("NAME");
    if (call.given.has("--forget")) {
        if (auto forgotten = memory.remember(label, std::nullopt); !forgotten) { return forgotten; }
        return done(call, "no branch is remembered for " + label, {{"store", make_text(label)}, {"branch", {}}});
    }
    if (!name) {
        if (call.given.has("--create")) { return call.wrong_usage("NAME is missing"); }
        const auto kept = memory.find(label);
        return done(call, kept ? *kept : "no branch is remembered for " + label + "; the server's default is used",
                    {{"store", make_text(label)}, {"branch", kept ? make_text(*kept) : reply_value()}});
    }
    auto runner = call.runner_without_branch();  // the one remembered so far may be gone
    if (!runner) { return runner.error(); }
    auto known = call.given.has("--create") ? checked((*runner)->run({"BRANCH", "CREATE", *name}))
                                            : checked((*runner)->run({"BRANCH", "INFO", *name}));
    if (!known) {
        auto failure = known.error();
        if (call.given.has("--create")) { return with_owner(call, failure, *name); }
        failure.context += "; `coppice use --create " + *name + "` makes it";
        return failure;
    }
    if (auto kept = memory.remember(label, *name); !kept) { return kept; }
    return done(call, "using the branch " + *name + " of " + label,
                {{"store", make_text(label)}, {"branch", make_text(*name)}});
}

constexpr std::string_view ref_help = "A branch, tag, commit id, main~2, main@-5m or main@2026-11-20T10:00:00Z";

}  // namespace

std::vector<verb> version_verbs() {
    return {
        {"Versions",
         "status",
         "Show the branch, its last commit, and what changed since",
         "",
         {},
         {},
         {{"status", ""}, {"status --store coppice://host:5000 --json", ""}},
         rest_words::refused,
         run_status},
        {"Versions",
         "branch",
         "List, create, rename and delete branches",
         "Creating one copies nothing.",
         {{"NAME", "The new branch, or the one to rename or delete", false, false, completes::branch},
          {"REF", "Where it begins, or the new name", false, false, completes::ref}},
         {{"-d,--delete", "", "Delete NAME"},
          {"-m,--move", "", "Rename NAME to the second word"},
          {"--names", "", "List the names alone"}},
         {{"branch", "list them"},
          {"branch exp", "a copy of the current branch"},
          {"branch old main@-1h", "as it was an hour ago"},
          {"branch -m exp try-1", ""},
          {"branch -d try-1", ""}},
         rest_words::refused,
         run_branch},
        {"Versions",
         "commit",
         "Keep the branch as it is now, with a message",
         "Answers the commit's id; that of the last one if nothing changed since.",
         {},
         {{"-m,--message", "TEXT", "What was done"}, {"--author", "NAME", "By whom (COPPICE_AUTHOR, USER)"}},
         {{"commit -m 'countries, first version'", ""}},
         rest_words::refused,
         run_commit},
        {"Versions",
         "log",
         "List commits, the newest first",
         "",
         {{"REF", ref_help, false, false, completes::ref}},
         {{"-n,--number", "N", "At most so many"},
          {"--points", "", "The unnamed restore points too"},
          {"--key", "KEY", "Only versions that changed this key"},
          {"--since", "TIME", ""},
          {"--until", "TIME", ""}},
         {{"log -n 5", ""}, {"log exp --key countries:FR", ""}},
         rest_words::refused,
         run_log},
        {"Versions",
         "reflog",
         "List where a branch pointed before, to undo a rewind",
         "",
         {},
         {{"-n,--number", "N", "At most so many"}},
         {{"reflog --branch exp", ""}},
         rest_words::refused,
         run_reflog},
        {"Versions",
         "diff",
         "Show what differs between two versions",
         "Without FROM the branch's last commit, without TO the branch as it is now.",
         {{"FROM", ref_help, false, false, completes::ref}, {"TO", ref_help, false, false, completes::ref}},
         {{"--key", "KEY", "Only this key"},
          {"--match", "PATTERN", "Only keys that match"},
          {"--summary", "", "Only how many"}},
         {{"diff", "since the last commit"}, {"diff main exp --match 'countries:*'", ""}, {"diff main@-5m", ""}},
         rest_words::refused,
         run_diff},
        {"Versions",
         "tag",
         "List, create and delete names of commits",
         "Without REF the branch's last commit, if nothing has changed since; main~0 names main's in any case.",
         {{"NAME", "The tag", false}, {"REF", ref_help, false, false, completes::ref}},
         {{"-d,--delete", "", "Delete NAME"}, {"--names", "", "List the names alone"}},
         {{"tag v1.2", ""}, {"tag before-merge main~1", ""}, {"tag -d v1.2", ""}},
         rest_words::refused,
         run_tag},
        {"Versions",
         "use",
         "Choose the branch that the verbs work on, remembered for this store",
         "Kept in the user's configuration folder. --branch and COPPICE_BRANCH override it.",
         {{"NAME", "The branch; without it, show the one in use", false, false, completes::branch}},
         {{"-c,--create", "", "Create it first"}, {"--forget", "", "Go back to the server's default"}},
         {{"use exp", ""}, {"use --create exp", ""}, {"use --forget", ""}},
         rest_words::refused,
         run_use},
    };
}

}  // namespace coppice::cli
