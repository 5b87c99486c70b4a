#include "command/command_info.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>

#include <command/key_uses.hpp>
#include <command/parse.hpp>

namespace coppice {
namespace {

// Words of the table's flags that only the dispatcher reads.
bool is_own_flag(std::string_view flag) noexcept { return flag == "in-multi" || flag == "ends-multi"; }

std::vector<std::string> flags_of(const command& row) {
    std::vector<std::string> flags;
    if (row.mode == access::read) { flags.emplace_back("readonly"); }
    if (row.mode == access::write) { flags.emplace_back("write"); }
    for (auto rest = row.flags; !rest.empty();) {
        const auto word = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(word.size() + 1, rest.size()));
        if (word.empty() || is_own_flag(word)) { continue; }
        std::string said(word);
        std::replace(said.begin(), said.end(), '-', '_');
        flags.push_back(std::move(said));
    }
    if (row.keys.count_at != 0 || row.keys.others != nullptr) { flags.emplace_back("movablekeys"); }
    return flags;
}

std::vector<std::string> categories_of(const command& row) {
    std::vector<std::string> categories;
    if (row.mode == access::read) { categories.emplace_back("@read"); }
    if (row.mode == access::write) { categories.emplace_back("@write"); }
    categories.push_back("@" + lower_case(row.group));
    categories.emplace_back(row.flags.find("fast") != std::string_view::npos ? "@fast" : "@slow");
    return categories;
}

void say_statuses(reply_sink& reply, const std::vector<std::string>& words) {
    reply.set(words.size());
    for (const auto& word : words) { reply.status(word); }
}

std::string full_name(const command& row, std::string_view parent) {
    return parent.empty() ? lower_case(row.name) : lower_case(parent) + "|" + lower_case(row.name);
}

void say_info(reply_sink& reply, const command& row, std::string_view parent = {}) {
    reply.array(10);
    reply.bulk(full_name(row, parent));
    reply.integer(row.arity);
    say_statuses(reply, flags_of(row));
    reply.integer(row.keys.first);
    reply.integer(row.keys.last);
    reply.integer(row.keys.step);
    say_statuses(reply, categories_of(row));
    reply.array(0);  // tips
    say_key_specifications(reply, row);
    reply.array(row.subcommands.size());
    for (const auto& sub : row.subcommands) { say_info(reply, sub, row.name); }
}

void say_docs(reply_sink& reply, const command& row, std::string_view parent = {}) {
    const auto text = [&](std::string_view name, std::string_view value) {
        reply.bulk(name);
        reply.bulk(value);
    };
    reply.bulk(full_name(row, parent));
    reply.map(row.subcommands.empty() ? 5 : 6);
    text("summary", row.summary);
    text("since", row.since);
    text("group", row.group);
    text("complexity", row.cost);
    text("syntax", row.syntax);
    if (row.subcommands.empty()) { return; }
    reply.bulk("subcommands");
    reply.map(row.subcommands.size());
    for (const auto& sub : row.subcommands) { say_docs(reply, sub, row.name); }
}

// The row of "client" or "client|list", and the name of the container it is in.
struct named_row {
    const command* row = nullptr;
    std::string_view parent;
};
named_row find_named(std::string_view name) {
    const auto bar = name.find('|');
    const auto* row = find_command(name.substr(0, bar));
    if (row == nullptr || bar == std::string_view::npos) { return {row, {}}; }
    for (const auto& sub : row->subcommands) {
        if (says(sub.name, name.substr(bar + 1))) { return {&sub, row->name}; }
    }
    return {};
}

error filter_error() { return syntax_error(); }

}  // namespace

status command_all(command_context& context, arguments) {
    context.reply.array(all_commands().size());
    for (const auto& row : all_commands()) { say_info(context.reply, row); }
    return {};
}

status command_count(command_context& context, arguments) {
    context.reply.integer(static_cast<std::int64_t>(all_commands().size()));
    return {};
}

status command_info(command_context& context, arguments given) {
    if (given.size() == 2) { return command_all(context, given); }
    context.reply.array(given.size() - 2);
    for (const auto name : given.subspan(2)) {
        const auto found = find_named(name);
        if (found.row == nullptr) {
            context.reply.null_array();
        } else {
            say_info(context.reply, *found.row, found.parent);
        }
    }
    return {};
}

status command_docs(command_context& context, arguments given) {
    if (given.size() == 2) {
        context.reply.map(all_commands().size());
        for (const auto& row : all_commands()) { say_docs(context.reply, row); }
        return {};
    }
    std::vector<named_row> rows;
    for (const auto name : given.subspan(2)) {
        const auto found = find_named(name);
        if (found.row != nullptr) { rows.push_back(found); }
    }
    context.reply.map(rows.size());
    for (const auto& found : rows) { say_docs(context.reply, *found.row, found.parent); }
    return {};
}

status command_list(command_context& context, arguments given) {
    std::string_view pattern = "*";
    std::string category;
    bool none = false;
    if (given.size() == 5 && says(given[2], "FILTERBY")) {
        if (says(given[3], "PATTERN")) {
            pattern = given[4];
        } else if (says(given[3], "ACLCAT")) {
            category = "@" + lower_case(given[4]);
        } else if (says(given[3], "MODULE")) {
            none = true;
        } else {
            return filter_error();
        }
    } else if (given.size() != 2) {
        return filter_error();
    }
    std::vector<std::string> names;
    for (const auto& row : all_commands()) {
        const auto categories = categories_of(row);
        const bool in_category =
            category.empty() || std::find(categories.begin(), categories.end(), category) != categories.end();
        auto name = lower_case(row.name);
        if (!none && in_category && matches_glob(lower_case(pattern), name)) { names.push_back(std::move(name)); }
    }
    context.reply.array(names.size());
    for (const auto& name : names) { context.reply.bulk(name); }
    return {};
}

namespace {

// A call of a command, as COMMAND GETKEYS is given it, and its keys.
struct call_with_keys {
    const command* row = nullptr;
    std::vector<std::string_view> keys;
};
result<call_with_keys> call_in(arguments words) {
    const auto* row = find_command(words[0]);
    if (row != nullptr && !row->subcommands.empty() && words.size() > 1) {
        row = find_named(fmt::format("{}|{}", words[0], words[1])).row;
    }
    if (row == nullptr) { return error{errc::invalid, "Invalid command specified"}; }
    if (row->keys.first == 0 && row->keys.count_at == 0) {
        return error{errc::invalid, "The command has no key arguments"};
    }
    if (!fits_arity(*row, words.size())) {
        return error{errc::invalid, "Invalid number of arguments specified for command"};
    }
    auto keys = keys_of(*row, words);
    if (!keys) { return keys.error(); }
    return call_with_keys{row, std::move(*keys)};
}

// What this call does with its keys: SET reads the old value only where it is asked to.
std::vector<std::string_view> uses_in_call(const command& row, arguments words) {
    if (row.name != "SET") { return key_uses_of(row); }
    const bool reads = std::any_of(words.begin() + 3, words.end(), [](auto word) { return says(word, "GET"); });
    return {reads ? "RW access update" : "OW update"};
}

}  // namespace

status command_getkeys(command_context& context, arguments given) {
    const auto call = call_in(given.subspan(2));
    if (!call) { return call.error(); }
    context.reply.array(call->keys.size());
    for (const auto key : call->keys) { context.reply.bulk(key); }
    return {};
}

status command_getkeysandflags(command_context& context, arguments given) {
    const auto words = given.subspan(2);
    const auto call = call_in(words);
    if (!call) { return call.error(); }
    const auto uses = uses_in_call(*call->row, words);
    context.reply.array(call->keys.size());
    for (std::size_t i = 0; i < call->keys.size(); ++i) {
        context.reply.array(2);
        context.reply.bulk(call->keys[i]);
        say_statuses(context.reply, words_of_use(i == 0 ? uses.front() : uses.back()));
    }
    return {};
}

status container_help(command_context& context, arguments given) {
    const auto& container = *find_command(given[0]);
    context.reply.array(1 + 2 * container.subcommands.size());
    context.reply.status(fmt::format("{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", container.name));
    for (const auto& row : container.subcommands) {
        context.reply.status(row.syntax.empty() ? std::string(row.name) : fmt::format("{} {}", row.name, row.syntax));
        context.reply.status(fmt::format("    {}", row.summary));
    }
    return {};
}

// ---- the page

namespace {

void append_row(std::string& page, const command& row, std::string_view parent) {
    std::string call(parent.empty() ? "" : fmt::format("{} ", parent));
    call += row.name;
    if (!row.syntax.empty()) { call += fmt::format(" {}", row.syntax); }
    for (std::size_t at = call.find('|'); at != std::string::npos; at = call.find('|', at + 2)) {
        call.insert(at, 1, '\\');
    }
    const auto* const mode = row.mode == access::read ? "read" : row.mode == access::write ? "write" : "admin";
    page += fmt::format("| `{}` | {} | {} | {} |\n", call, row.summary, mode, row.cost);
}

}  // namespace

std::string commands_as_markdown() {
    std::map<std::string_view, std::string> groups;
    for (const auto& row : all_commands()) {
        auto& page = groups[row.group];
        if (row.subcommands.empty() || row.run != nullptr) { append_row(page, row, {}); }
        for (const auto& sub : row.subcommands) { append_row(page, sub, row.name); }
    }
    std::string page =
        "<!-- Generated from the table of commands: see tests/command/rows_test.cpp. -->\n"
        "# Commands\n\n"
        "Names, arguments, replies and error texts are those of Redis 7.0.15 where Redis has the command. `n` is the\n"
        "number of elements of what is worked on. A command that reads can be asked of the past with\n"
        "`AT reference command ...`, any of another branch with `ON branch command ...`.\n";
    for (const auto& [group, rows] : groups) {
        page +=
            fmt::format("\n## {}\n\n| command | what it does | access | cost |\n|---|---|---|---|\n{}", group, rows);
    }
    return page;
}

}  // namespace coppice
