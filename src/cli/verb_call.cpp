#include <algorithm>
#include <charconv>
#include <iterator>

#include <cli/reply_view.hpp>
#include <cli/verb.hpp>
#include <command/command.hpp>

namespace coppice::cli {
namespace {

// Whether it is `command` itself that the server does not know, and not one that AT or ON was to run.
bool is_unknown(std::string_view text, std::string_view command) {
    constexpr std::string_view before = "unknown command ";
    constexpr std::string_view quotes = "'`";  // of Redis, and of Redis before 7
    if (!text.starts_with(before)) { return false; }
    text.remove_prefix(before.size());
    return text.size() >= command.size() + 2 && quotes.find(text[command.size() + 1]) != quotes.npos
           && says(text.substr(1, command.size()), command);
}

// A server of another make knows none of the commands that speak of versions.
result<reply_value> checked_version(result<reply_value> reply, std::string_view command) {
    constexpr std::string_view of_versions[] = {"BRANCH", "COMMIT", "DIFF", "LOG", "REFLOG",
                                                "REWIND", "TAG",    "AT",   "ON"};
    auto said = checked(std::move(reply));
    if (said) { return said; }
    auto failure = said.error();
    const bool is_of_versions = std::any_of(std::begin(of_versions), std::end(of_versions),
                                            [&](std::string_view name) { return says(command, name); });
    if (is_of_versions && is_unknown(failure.context, command)) {
        return error{errc::invalid, "this server has no branches; it is no coppice server"};
    }
    if (failure.context.starts_with("no branch '")) { failure.context += "; `coppice branch` lists them"; }
    if (failure.context.starts_with("no tag '")) { failure.context += "; `coppice tag` lists them"; }
    if (failure.context.starts_with("no version '")) {
        failure.context += "; `coppice branch`, `coppice tag` and `coppice log` list them";
    }
    return failure;
}

}  // namespace

std::string given_words::text(std::string_view name, std::string_view otherwise) const {
    return find(name).value_or(std::string(otherwise));
}

std::optional<std::string> given_words::find(std::string_view name) const {
    const auto found = values.find(name);
    if (found == values.end() || found->second.empty()) { return std::nullopt; }
    return found->second.back();
}

result<store_location> verb_call::location() const {
    if (const auto given_store = given.find("--store")) { return parse_location(*given_store); }
    return parse_location(around.variables("COPPICE_STORE").value_or("./coppice-data"));
}

result<branch_choice> verb_call::branch() const {
    if (const auto chosen = given.find("--branch")) { return branch_choice{*chosen, "--branch"}; }
    if (const auto chosen = around.variables("COPPICE_BRANCH"); chosen && !chosen->empty()) {
        return branch_choice{*chosen, "COPPICE_BRANCH"};
    }
    const auto where = location();
    if (!where) { return where.error(); }
    if (!where->branch.empty()) { return branch_choice{where->branch, "the URL"}; }
    if (const auto kept = branch_memory(around.variables).find(where->label())) {
        return branch_choice{*kept, "coppice use"};
    }
    return branch_choice{};
}

result<command_runner*> verb_call::runner_without_branch() {
    if (runner_) { return runner_.get(); }
    auto where = location();
    if (!where) {
        exit_code = 2;
        return where.error();
    }
    where->opens = opens;
    auto opened = around.open(*where);
    if (!opened) { return opened.error(); }
    runner_ = std::move(*opened);
    return runner_.get();
}

result<command_runner*> verb_call::runner() {
    if (runner_) { return runner_.get(); }
    auto opened = runner_without_branch();
    if (!opened) { return opened; }
    const auto chosen = branch();
    if (!chosen) { return chosen.error(); }
    if (chosen->branch.empty()) { return opened; }
    auto used = checked_version((*opened)->run({"BRANCH", "USE", chosen->branch}), "BRANCH");
    if (!used) {
        auto failure = used.error();
        failure.context +=
            " (the branch '" + chosen->branch + "' comes from " + chosen->from
            + (chosen->from == "coppice use" ? "; `coppice use NAME` chooses another, `coppice use --forget` none)"
                                             : ")");
        return failure;
    }
    return opened;
}

result<reply_value> verb_call::ask(std::span<const std::string_view> command) {
    auto opened = runner();
    if (!opened) { return opened.error(); }
    return checked_version((*opened)->run(command), command.front());
}

result<std::string> verb_call::branch_name() {
    const auto chosen = branch();
    if (!chosen) { return chosen.error(); }
    if (!chosen->branch.empty()) { return chosen->branch; }
    auto current = ask({"BRANCH", "CURRENT"});
    if (!current) { return current.error(); }
    return text_of(*current);
}

result<std::uint64_t> verb_call::number(std::string_view option, std::uint64_t otherwise) {
    const auto text = given.find(option);
    if (!text) { return otherwise; }
    std::uint64_t number = 0;
    const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (failed != std::errc() || end != text->data() + text->size()) {
        return wrong_usage(std::string(option) + " takes a whole number, not '" + *text + "'");
    }
    return number;
}

error verb_call::wrong_usage(std::string_view what) {
    exit_code = 2;
    return {errc::invalid, std::string(what)};
}

}  // namespace coppice::cli
