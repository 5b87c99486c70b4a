// --help, for the program and for each verb, from the table.
#include <algorithm>

#include <cli/verb.hpp>

namespace coppice::cli {
namespace {

constexpr std::size_t width_max = 100;

std::string strong(bool colours, std::string_view text) {
    return colours ? "\x1b[1m" + std::string(text) + "\x1b[0m" : std::string(text);
}

// "  name   text", the text wrapped under itself.
void append_row(std::string& out, std::string_view name, std::size_t name_width, std::string_view text) {
    out += "  " + std::string(name) + std::string(name_width - std::min(name_width, name.size()), ' ');
    std::size_t used = name_width + 4;
    out += "  ";
    bool first = true;
    while (!text.empty()) {
        const auto word = text.substr(0, text.find(' '));
        if (!first && used + 1 + word.size() > width_max) {
            out += '\n' + std::string(name_width + 4, ' ');
            used = name_width + 4;
            first = true;
        }
        if (!first) {
            out += ' ';
            used += 1;
        }
        out += word;
        used += word.size();
        first = false;
        text.remove_prefix(std::min(text.size(), word.size() + 1));
    }
    out += '\n';
}

std::string option_name(const option_row& row) {
    std::string name(row.names);
    if (const auto comma = name.find(','); comma != std::string::npos) { name.insert(comma + 1, " "); }
    if (name.starts_with("--")) { name.insert(0, "    "); }
    if (!row.value.empty()) { name += ' ' + std::string(row.value); }
    return name;
}

void append_options(std::string& out, std::span<const option_row> rows, std::size_t width) {
    for (const auto& row : rows) { append_row(out, option_name(row), width, row.help); }
}

}  // namespace

std::string program_help(bool colours) {
    std::string out = "coppice: data that can be branched, committed, compared and brought back\n\n";
    out += strong(colours, "Usage:") + " coppice VERB [WORD ...] [OPTION ...]\n";
    std::size_t width = 0;
    for (const auto& each : all_verbs()) { width = std::max(width, each.name.size()); }
    std::string_view group;
    for (const auto& each : all_verbs()) {
        if (each.group != group) {
            group = each.group;
            out += '\n' + strong(colours, std::string(group) + " commands:") + '\n';
        }
        append_row(out, each.name, width, each.summary);
    }
    out += '\n' + strong(colours, "Options of every verb:") + '\n';
    append_options(out, common_options(), 20);
    out += '\n' + strong(colours, "Examples:") + '\n';
    out +=
        "  coppice serve                                          # a server on ./coppice-data, port 5000\n"
        "  coppice import countries.json --path countries --id code\n"
        "  coppice commit -m 'countries, first version'\n"
        "  coppice branch exp && coppice use exp\n"
        "  coppice at exp~1 HGETALL countries:FR                  # as it was one commit ago\n"
        "\n`coppice VERB --help` says more about a verb.\n";
    return out;
}

std::string verb_help(const verb& shown, bool colours) {
    std::string out = "coppice " + std::string(shown.name) + ": " + std::string(shown.summary) + "\n\n";
    out += strong(colours, "Usage:") + " coppice " + std::string(shown.name);
    for (const auto& row : shown.words) {
        const auto word = std::string(row.name) + (row.repeats ? "..." : "");
        out += row.required ? ' ' + word : " [" + word + ']';
    }
    if (shown.rest == rest_words::command) { out += " COMMAND..."; }
    if (!shown.options.empty()) { out += " [OPTION ...]"; }
    if (shown.rest == rest_words::settings) { out += " [--SETTING VALUE ...]"; }
    out += '\n';
    if (!shown.details.empty()) { out += '\n' + std::string(shown.details) + '\n'; }

    std::size_t width = 0;
    for (const auto& row : shown.words) { width = std::max(width, row.name.size()); }
    for (const auto& row : shown.options) { width = std::max(width, option_name(row).size()); }
    for (const auto& row : common_options()) { width = std::max(width, option_name(row).size()); }
    if (!shown.words.empty()) {
        out += '\n' + strong(colours, "Words:") + '\n';
        for (const auto& row : shown.words) { append_row(out, row.name, width, row.help); }
    }
    if (!shown.options.empty()) {
        out += '\n' + strong(colours, "Options:") + '\n';
        append_options(out, shown.options, width);
    }
    out += '\n' + strong(colours, "Options of every verb:") + '\n';
    append_options(out, common_options(), width);
    if (!shown.examples.empty()) {
        out += '\n' + strong(colours, "Examples:") + '\n';
        std::size_t longest = 0;
        for (const auto& row : shown.examples) { longest = std::max(longest, row.command.size()); }
        for (const auto& row : shown.examples) {
            out += "  coppice " + std::string(row.command);
            if (!row.says.empty()) {
                out += std::string(longest - row.command.size(), ' ') + "   # " + std::string(row.says);
            }
            out += '\n';
        }
    }
    return out;
}

}  // namespace coppice::cli
