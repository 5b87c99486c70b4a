// verify, backup, gc, info.
#include <filesystem>

#include <cli/documents/document.hpp>
#include <cli/progress.hpp>
#include <cli/reply_view.hpp>
#include <cli/verb.hpp>

namespace coppice::cli {
namespace {

// Says what is going on where somebody watches, since the server answers only at the end.
class waiting {
public:
    waiting(verb_call& call, std::string_view doing) : call_(call) {
        if (call_.shown.err_is_terminal()) { call_.shown.err() << doing << " ..." << std::flush; }
    }
    ~waiting() {
        if (call_.shown.err_is_terminal()) { call_.shown.err() << "\r\x1b[K" << std::flush; }
    }
    waiting(const waiting&) = delete;
    waiting& operator=(const waiting&) = delete;

private:
    verb_call& call_;
};

result<reply_value> ask_waiting(verb_call& call, std::string_view doing,
                                std::initializer_list<std::string_view> command) {
    const waiting shown(call, doing);
    if (const auto opened = call.runner_without_branch(); !opened) { return opened.error(); }
    return call.ask(command);
}

// The scalars of a map: "nodes          1,234". Fields named ..bytes are sizes.
void show_fields(verb_call& call, const reply_value& map) {
    std::vector<std::vector<cell>> rows;
    for (std::size_t index = 0; index + 1 < map.items.size(); index += 2) {
        const auto& content = map.items[index + 1];
        if (!content.items.empty()) { continue; }
        auto name = text_of(map.items[index]);
        auto text = text_of(content);
        if (content.kind == reply_kind::integer && content.number >= 0) {
            const auto number = static_cast<std::uint64_t>(content.number);
            text = name.ends_with("bytes") ? human_bytes(number) : human_count(number);
        }
        rows.push_back({{std::move(name), style::faint}, {std::move(text)}});
    }
    call.shown.table({{""}, {""}}, rows);
}

status run_verify(verb_call& call) {
    call.opens = folder_use::verifies;
    const auto where = call.location();
    const auto asked = [&]() -> result<reply_value> {
        const waiting shown(call, "verifying");
        auto opened = call.runner_without_branch();
        if (!opened) { return opened.error(); }
        return checked((*opened)->run({"STORE", "VERIFY"}));
    };
    auto report = asked();
    if (!report) { return report.error(); }
    const auto& findings = list_field(*report, "findings");
    if (call.shown.json()) {
        call.shown.print_json(*report);
    } else {
        reply_value figures = *report;
        for (std::size_t index = 0; index + 1 < figures.items.size();) {
            const auto name = text_of(figures.items[index]);
            const auto at = figures.items.begin() + static_cast<std::ptrdiff_t>(index);
            if (name == "sound" || name == "findings" || name == "notes") {  // said below
                figures.items.erase(at, at + 2);
            } else {
                index += 2;
            }
        }
        show_fields(call, figures);
        for (const auto& finding : findings) {
            call.shown.line(call.shown.painted(style::bad, "damaged: ") + printable(text_of(finding), SIZE_MAX));
        }
        for (const auto& note : list_field(*report, "notes")) {
            call.shown.line(call.shown.painted(style::changed, "note: ") + printable(text_of(note), SIZE_MAX));
        }
    }
    if (findings.empty()) {
        if (!call.shown.json()) { call.shown.line(where->label() + " is " + call.shown.painted(style::good, "sound")); }
        return {};
    }
    return error{errc::corrupt, counted(findings.size(), "finding") + " in " + where->label()
                                    + "; a copy made by `coppice backup` replaces the store, and `coppice export` "
                                      "saves what can be read where the store still opens"};
}

status run_backup(verb_call& call) {
    const auto where = call.location();
    std::error_code failed;
    const auto target = std::filesystem::absolute(call.given.text("DEST"), failed).lexically_normal().string();
    auto report = ask_waiting(call, "backing up", {"STORE", "BACKUP", target});
    if (!report) { return report.error(); }
    if (call.shown.json()) {
        call.shown.print_json(*report);
        return {};
    }
    if (report->kind == reply_kind::map) { show_fields(call, *report); }
    const bool elsewhere = where && where->is == store_location::kind::server;
    call.shown.line("backed up to " + target + (elsewhere ? " on the server's machine" : "")
                    + "; `coppice serve` opens it like any store");
    return {};
}

status run_gc(verb_call& call) {
    auto report = ask_waiting(call, "cleaning up", {"STORE", "GC"});
    if (!report) { return report.error(); }
    if (call.shown.json()) {
        call.shown.print_json(*report);
    } else if (report->kind == reply_kind::map) {
        show_fields(call, *report);
    } else {
        call.shown.line(text_of_reply(*report, call.shown.out_is_terminal()));
    }
    return {};
}

// INFO's text, "# Section" and "name:value" lines, as a map of maps.
reply_value sections_of(std::string_view text) {
    reply_value all;
    all.kind = reply_kind::map;
    while (!text.empty()) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (line.ends_with('\r')) { line.remove_suffix(1); }
        if (line.empty()) { continue; }
        if (line.starts_with("# ")) {
            reply_value section;
            section.kind = reply_kind::map;
            all.items.push_back(make_text(line.substr(2)));
            all.items.push_back(std::move(section));
            continue;
        }
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || all.items.empty()) { continue; }
        all.items.back().items.push_back(make_text(line.substr(0, colon)));
        all.items.back().items.push_back(make_text(line.substr(colon + 1)));
    }
    return all;
}

status run_info(verb_call& call) {
    const auto section = call.given.find("SECTION");
    if (const auto opened = call.runner(); !opened) {
        const auto chosen = call.branch();
        if (!chosen || chosen->from != "coppice use") { return opened.error(); }
        if (const auto without = call.runner_without_branch(); !without) { return without.error(); }
        call.shown.warn(opened.error().context);
    }
    auto report = section ? call.ask({"INFO", *section}) : call.ask({"INFO"});
    if (!report) { return report.error(); }
    const auto sections = sections_of(report->text);
    if (section && sections.items.empty()) {
        return error{errc::not_found, "there is no section '" + printable(*section) + "'; `coppice info` shows all"};
    }
    if (call.shown.json()) {
        call.shown.print_json(sections);
        return {};
    }
    for (std::size_t index = 0; index < sections.items.size(); index += 2) {
        if (index != 0) { call.shown.line(""); }
        call.shown.line(call.shown.painted(style::strong, sections.items[index].text));
        show_fields(call, sections.items[index + 1]);
    }
    return {};
}

}  // namespace

std::vector<verb> store_verbs() {
    return {
        {"Store",
         "verify",
         "Check every stored node, count and reference",
         "Reports what is damaged and leaves with 1 if anything is. The server goes on meanwhile.",
         {},
         {},
         {{"verify", ""}, {"verify --store coppice://host:5000 --json", ""}},
         rest_words::refused,
         run_verify},
        {"Store",
         "backup",
         "Copy the store to a folder, consistent, while it is in use",
         "",
         {{"DEST", "A new folder, on the machine where the store is", true, false, completes::folder}},
         {},
         {{"backup /backups/2026-11-21", ""}},
         rest_words::refused,
         run_backup},
        {"Store",
         "gc",
         "Free the space of versions that nothing names any more",
         "",
         {},
         {},
         {{"gc", ""}},
         rest_words::refused,
         run_gc},
        {"Store",
         "info",
         "Show what the server says of itself",
         "",
         {{"SECTION", "server, memory, cow, ...", false}},
         {},
         {{"info", ""}, {"info cow", "versions, sharing, copying"}},
         rest_words::refused,
         run_info},
    };
}

}  // namespace coppice::cli
