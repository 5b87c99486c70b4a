// command/branches.cpp: branches, commits, tags, REWIND and the store itself. ON and AT run another command elsewhere.
#include <array>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include <command/command_info.hpp>
#include <command/dispatch.hpp>
#include <command/versions.hpp>

namespace coppice {
namespace {

status ok(const command_context& context) {
    context.reply.status("OK");
    return {};
}

error expected(std::string_view word, std::string_view syntax) {
    return {errc::invalid, fmt::format("'{}' is not expected here: {}", word.substr(0, 100), syntax)};
}

void say_truth(reply_sink& reply, std::string_view name, bool value) {
    reply.bulk(name);
    reply.boolean(value);
}

// What is said of a change that was made needs no memory.
void say_id(reply_sink& reply, const commit_id& id) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<char, 2 * std::tuple_size_v<commit_id>> text;
    auto to = text.begin();
    for (const auto byte : id) {
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 15];
    }
    reply.bulk({text.data(), text.size()});
}

void say_head(reply_sink& reply, const branch_row& row) {
    reply.bulk("head");
    if (row.head) {
        reply.bulk(to_hex(*row.head));
    } else {
        reply.null();
    }
}

// ---- BRANCH

status branch_list(command_context& context, arguments) {
    const auto names = std::make_shared<held_names>(context.store.branches_and_names());
    const branch_id current = context.branch.id;
    const milliseconds_utc now = context.now;
    return answer_apart(context, [names, current, now](reply_sink& reply) -> status {
        std::vector<std::pair<branch_row, std::uint64_t>> branches;  // with their keys
        names->for_each_branch([&](const branch_row& row, const snapshot_state& state) {
            branches.emplace_back(row, state.view(now).size());
        });
        reply.array(branches.size());
        for (const auto& [row, keys] : branches) {
            reply.map(5);
            say_text(reply, "name", row.name);
            say_head(reply, row);
            say_number(reply, "time", static_cast<std::uint64_t>(row.changed));
            say_number(reply, "keys", keys);
            say_truth(reply, "current", row.id == current);
        }
        return {};
    });
}

status branch_create(command_context& context, arguments given) {
    constexpr std::string_view syntax = "BRANCH CREATE name [FROM reference]";
    std::string_view from = context.branch.row.name;
    if (given.size() == 5) {
        if (!says(given[3], "FROM")) { return expected(given[3], syntax); }
        from = given[4];
    } else if (given.size() != 3) {
        return expected(given[3], syntax);
    }
    if (const status may = may_change_references(context, given[2].size()); !may) { return may; }
    const auto made = context.store.create_branch(given[2], from);
    return made ? ok(context) : made.error();
}

status branch_delete(command_context& context, arguments given) {
    if (const status may = may_change_references(context, given[2].size()); !may) { return may; }
    const auto row = context.store.branch_info(given[2]);
    if (!row) { return row.error(); }
    if (const status dropped = context.store.drop_branch(given[2]); !dropped) { return dropped; }
    if (context.host != nullptr) {
        context.host->watches.touch_where(row->id, [](const watched_key&) { return true; });
    }
    return ok(context);
}

status branch_rename(command_context& context, arguments given) {
    if (const status may = may_change_references(context, given[3].size()); !may) { return may; }
    const status renamed = context.store.rename_branch(given[2], given[3]);
    return renamed ? ok(context) : renamed;
}

status branch_use(command_context& context, arguments given) {
    auto branch = context.store.branch(given[2]);
    if (!branch) { return branch.error(); }
    context.session->branch = std::move(*branch);
    return ok(context);
}

status branch_current(command_context& context, arguments) {
    context.reply.bulk(context.branch.row.name);
    return {};
}

struct branch_figures {
    branch_row row;
    microseconds_utc history_begin;
    std::uint64_t keys;
    edit_figures edits;
};

void say_figures(reply_sink& reply, const branch_figures& of, std::size_t more) {
    reply.map(12 + more);
    say_text(reply, "name", of.row.name);
    say_head(reply, of.row);
    say_number(reply, "time", static_cast<std::uint64_t>(of.row.changed));
    say_number(reply, "created", static_cast<std::uint64_t>(of.row.created));
    say_number(reply, "history_begin", static_cast<std::uint64_t>(of.history_begin));
    say_number(reply, "keys", of.keys);
    say_truth(reply, "uncommitted", of.row.uncommitted);
    say_number(reply, "edits_in_place", of.edits.in_place);
    say_number(reply, "nodes_copied", of.edits.copied);
    say_number(reply, "copied_bytes", of.edits.copied_bytes);
    say_number(reply, "nodes_split", of.edits.split);
    say_number(reply, "nodes_merged", of.edits.merged);
}

status branch_about(command_context& context, arguments given) {
    const bool with_memory = given.size() == 4 && says(given[3], "MEMORY");
    if (given.size() > 3 && !with_memory) { return expected(given[3], "BRANCH INFO name [MEMORY]"); }
    const auto row = context.store.branch_info(given[2]);
    if (!row) { return row.error(); }
    const auto branch = context.store.branch(given[2]);
    if (!branch) { return branch.error(); }
    const auto begin = context.store.history_begin(given[2]);
    if (!begin) { return begin.error(); }
    snapshot_state state = context.store.read(**branch);
    state.keys = state.keys.through((*branch)->context);
    const branch_figures figures{*row, *begin, state.view(context.now).size(), (*branch)->context.edits};
    if (!with_memory) {
        say_figures(context.reply, figures, 0);
        return {};
    }
    auto resident = std::make_shared<residency>(context.store.residency_of(**branch));
    return answer_apart(context, [figures, resident = std::move(resident)](reply_sink& reply) -> status {
        const resident_figures memory = resident->count();
        say_figures(reply, figures, 5);
        say_number(reply, "resident_nodes", memory.nodes);
        say_number(reply, "resident_bytes", memory.bytes);
        say_number(reply, "shared_bytes", memory.bytes - memory.own_bytes);
        say_number(reply, "exclusive_bytes", memory.own_bytes);
        say_number(reply, "history_bytes", memory.history_bytes);
        return {};
    });
}

// ---- COMMIT, TAG, REWIND

status commit(command_context& context, arguments given) {
    constexpr std::string_view syntax = "COMMIT [MESSAGE text] [AUTHOR text]";
    std::optional<std::string_view> message;
    std::optional<std::string_view> author;
    for (std::size_t i = 1; i < given.size(); i += 2) {
        const bool is_message = says(given[i], "MESSAGE");
        if (!is_message && !says(given[i], "AUTHOR")) { return expected(given[i], syntax); }
        if (i + 1 == given.size()) {
            return error{errc::invalid, fmt::format("a text is missing behind '{}': {}", given[i], syntax)};
        }
        auto& text = is_message ? message : author;
        if (text) { return expected(given[i], syntax); }
        text = given[i + 1];
    }
    const auto said = message.value_or("");
    const auto by = author.value_or("");
    if (const status may = may_change_references(context, said.size() + by.size()); !may) { return may; }
    const auto made = context.store.commit(context.branch, said, by);
    if (!made) { return made.error(); }
    say_id(context.reply, *made);
    return {};
}

status tag_list(command_context& context, arguments) {
    const auto names = std::make_shared<held_names>(context.store.names());
    return answer_apart(context, [names](reply_sink& reply) -> status {
        std::vector<std::pair<std::string, commit_row>> tags;
        names->for_each_tag([&](std::string_view name, const commit_row& commit) { tags.emplace_back(name, commit); });
        reply.array(tags.size());
        for (const auto& [name, commit] : tags) {
            reply.map(3);
            say_text(reply, "name", name);
            say_text(reply, "id", to_hex(commit.id));
            say_number(reply, "time", static_cast<std::uint64_t>(commit.time));
        }
        return {};
    });
}

status tag_create(command_context& context, arguments given) {
    if (given.size() > 4) { return expected(given[4], "TAG CREATE name [reference]"); }
    if (const status may = may_change_references(context, given[2].size()); !may) { return may; }
    const status made = context.store.create_tag(given[2], given.size() == 4 ? given[3] : context.branch.row.name);
    return made ? ok(context) : made;
}

status tag_delete(command_context& context, arguments given) {
    if (const status may = may_change_references(context, given[2].size()); !may) { return may; }
    const status dropped = context.store.drop_tag(given[2]);
    return dropped ? ok(context) : dropped;
}

status rewind(command_context& context, arguments given) {
    if (const status may = may_change_references(context, given[1].size() + given[2].size()); !may) { return may; }
    const auto branch = context.store.branch(given[1]);
    if (!branch) { return branch.error(); }
    const snapshot_state before = context.store.snapshot(**branch);
    if (const status moved = context.store.rewind(**branch, given[2]); !moved) { return moved; }
    if (context.host != nullptr && !context.host->watches.empty()) {
        const tree after = (*branch)->keys.through(context.store.reading_context());
        context.host->watches.touch_changed((*branch)->id, before.view(context.now),
                                            {after, (*branch)->spaces, context.now});
    }
    return ok(context);
}

// ---- STORE: on a worker, for each may read all that is stored

std::uint64_t reads_the_store(const command_context&, arguments) { return UINT64_MAX; }

status store_verify(command_context& context, arguments) {
    const findings found = context.store.verify();
    context.reply.map(2);
    say_truth(context.reply, "sound", found.empty());
    context.reply.bulk("findings");
    context.reply.array(found.size());
    for (const auto& each : found) { context.reply.bulk(each.where + ": " + each.what); }
    return {};
}

status store_backup(command_context& context, arguments given) {
    const std::filesystem::path target(given[2]);
    if (!target.is_absolute()) {
        return error{errc::invalid, fmt::format("'{}' is not an absolute path of a folder", given[2].substr(0, 200))};
    }
    const status done = context.store.backup(target);
    return done ? ok(context) : done;
}

status store_gc(command_context& context, arguments) {
    const auto report = context.store.clean_up();
    if (!report) { return report.error(); }
    context.reply.map(4);
    say_number(context.reply, "nodes_kept", report->nodes_kept);
    say_number(context.reply, "nodes_retired", report->nodes_retired);
    say_number(context.reply, "freed_disk_bytes", report->bytes_freed);
    say_number(context.reply, "freed_memory_bytes", report->memory_freed);
    return {};
}

// ---- the rows

constexpr std::string_view here = "0.1";
constexpr std::string_view of = "branch";
using enum access;
using rt = reply_type;

constexpr command branch_rows[] = {
    {"CREATE", branch_create, at_least(3), no_keys(), admin, rt::simple, of, "O(log n)", here,
     "Make a branch that says what a version says, or what the current branch does.", "name [FROM reference]",
     "no-multi"},
    {"CURRENT", branch_current, exactly(2), no_keys(), admin, rt::bulk, of, "O(1)", here,
     "Return the name of the connection's branch.", "", "fast"},
    {"DELETE", branch_delete, exactly(3), no_keys(), admin, rt::simple, of, "O(v log n), v its versions", here,
     "Delete a branch with its history; commits stay.", "name", "no-multi"},
    help_row,
    {"INFO", branch_about, at_least(3), no_keys(), admin, rt::map, of, "O(log n); MEMORY: O(nodes in memory)", here,
     "Return a branch's figures: its commit, times, keys, what its edits have cost, and what of it is in memory.",
     "name [MEMORY]", ""},
    {"LIST", branch_list, exactly(2), no_keys(), admin, rt::array, of, "O(b log n), b branches", here,
     "Return all branches, by name.", "", ""},
    {"RENAME", branch_rename, exactly(4), no_keys(), admin, rt::simple, of, "O(log n)", here,
     "Give a branch another name; whoever uses it goes on.", "name new-name", "no-multi"},
    {"USE", branch_use, exactly(3), no_keys(), admin, rt::simple, of, "O(log n)", here,
     "Let the connection's commands work on a branch.", "name", "fast"},
};

constexpr command tag_rows[] = {
    {"CREATE", tag_create, at_least(3), no_keys(), admin, rt::simple, of, "O(log n)", here,
     "Name a commit, or that of the current branch, if nothing has changed since.", "name [reference]", "no-multi"},
    {"DELETE", tag_delete, exactly(3), no_keys(), admin, rt::simple, of, "O(log n)", here,
     "Delete a tag; the commit stays.", "name", "no-multi"},
    help_row,
    {"LIST", tag_list, exactly(2), no_keys(), admin, rt::array, of, "O(t log n), t tags", here,
     "Return all tags, by name, with their commits.", "", ""},
};

constexpr command store_rows[] = {
    {"BACKUP", store_backup, exactly(3), no_keys(), admin, rt::simple, of, "O(n)", here,
     "Copy the whole store, as of one moment, into a folder on the server's machine.", "folder", "no-multi",
     reads_the_store},
    {"GC", store_gc, exactly(2), no_keys(), admin, rt::map, of, "O(n)", here,
     "Free what nobody holds, in memory and on disk.", "", "no-multi", reads_the_store},
    help_row,
    {"VERIFY", store_verify, exactly(2), no_keys(), admin, rt::map, of, "O(n)", here,
     "Read all that is stored with every check on, and say what is damaged.", "", "no-multi", reads_the_store},
};

constexpr command rows[] = {
    {"AT", run_at, at_least(3), no_keys(), admin, rt::any, of, "that of the command", here,
     "Run a command that reads as of a version.", "reference command [arg ...]", ""},
    {"BRANCH", nullptr, at_least(2), no_keys(), admin, rt::any, of, "", here, "List, make, choose and delete branches.",
     "", "", nullptr, branch_rows},
    {"COMMIT", commit, at_least(1), no_keys(), admin, rt::bulk, of, "O(log n)", here,
     "Keep what the branch says as a commit and return its id; that of the newest one when nothing has changed.",
     "[MESSAGE text] [AUTHOR text]", "no-multi"},
    {"DIFF", diff, at_least(3), no_keys(), admin, rt::map, of, "O(k log n), k changes", here,
     "Return what differs between two versions, down to fields, members, positions and bytes.",
     "reference reference [KEY key] [MATCH pattern] [DB n] [COUNT n] [CURSOR cursor] [SUMMARY]", ""},
    {"LOG", log_versions, at_least(1), no_keys(), admin, rt::array, of, "O(v log n), v versions", here,
     "Return the versions a reference leads to, newest first, and from when on time travel reaches.",
     "[reference] [KEY key] [DB n] [SINCE time] [UNTIL time] [COUNT n] [COMMITS]", ""},
    {"ON", run_on, at_least(3), no_keys(), admin, rt::any, of, "that of the command", here,
     "Run a command on a branch.", "branch command [arg ...]", ""},
    {"REFLOG", reflog, at_least(2), no_keys(), admin, rt::array, of, "O(n) entries", here,
     "Return where a branch was moved from and to, newest first.", "branch [COUNT n]", ""},
    {"REWIND", rewind, exactly(3), no_keys(), admin, rt::simple, of, "O(log n)", here,
     "Let a branch say what a version says; REFLOG names what it said before.", "branch reference", "no-multi"},
    {"STORE", nullptr, at_least(2), no_keys(), admin, rt::any, of, "", here,
     "Check, copy and clean up the whole store.", "", "", nullptr, store_rows},
    {"TAG", nullptr, at_least(2), no_keys(), admin, rt::any, of, "", here, "List, make and delete names of commits.",
     "", "", nullptr, tag_rows},
};

}  // namespace

// ---- shared with log.cpp and diff.cpp

status answer_apart(command_context& context, std::function<status(reply_sink&)> answer) {
    const bool may_wait = context.host != nullptr && (context.session == nullptr || !context.session->in_exec);
    if (!may_wait) { return answer(context.reply); }
    const auto say = [answer](reply_sink& reply) {
        if (const status done = answer(reply); !done) { reply_error(reply, done.error()); }
    };
    if (!context.host->answer_prepared(context, say)) { return answer(context.reply); }
    ++context.host->stats.long_reads;
    return {};
}

status may_change_references(const command_context& context, std::size_t text_bytes) {
    if (context.session != nullptr && context.session->in_exec) {
        return error{errc::invalid, "this cannot run inside MULTI: it takes or moves a whole version"};
    }
    constexpr std::size_t record_bytes = 512;
    return context.store.reserve(record_bytes + text_bytes);
}

result<std::size_t> count_in(std::string_view text) {
    const auto count = integer_in(text);
    if (!count || *count < 1 || *count > 1'000'000) {
        return error{errc::invalid, fmt::format("COUNT '{}' is not a number from 1 to 1000000", text.substr(0, 100))};
    }
    return static_cast<std::size_t>(*count);
}

void say_text(reply_sink& reply, std::string_view name, std::string_view value) {
    reply.bulk(name);
    reply.bulk(value);
}

void say_number(reply_sink& reply, std::string_view name, std::uint64_t value) {
    reply.bulk(name);
    reply.integer(static_cast<std::int64_t>(value));
}

std::span<const command> branch_commands() noexcept { return rows; }

}  // namespace coppice
