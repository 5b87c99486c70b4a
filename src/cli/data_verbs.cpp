// get, set, ls, exec, at.
#include <iterator>

#include <cli/documents/json_text.hpp>
#include <cli/keys.hpp>
#include <cli/reply_view.hpp>
#include <cli/verb.hpp>

namespace coppice::cli {
namespace {

status show(verb_call& call, const reply_value& reply) {
    if (call.shown.json()) {
        call.shown.print_json(reply);
    } else {
        call.shown.line(text_of_reply(reply, call.shown.out_is_terminal()));
    }
    return {};
}

std::string where_text(verb_call& call) {
    const auto chosen = call.branch();
    return chosen && !chosen->branch.empty() ? " on the branch " + chosen->branch : std::string();
}

status run_get(verb_call& call) {
    const auto key = call.given.text("KEY");
    auto type = call.ask({"TYPE", key});
    if (!type) { return type.error(); }
    const auto missing = [&](std::string_view what) {
        return error{errc::not_found, std::string(what) + where_text(call) + "; `coppice ls` shows what is there"};
    };
    if (type->text == "none") { return missing("there is no key '" + printable(key) + "'"); }
    if (const auto field = call.given.find("FIELD")) {
        if (type->text != "list" && type->text != "hash") {
            return error{errc::wrong_type, "'" + printable(key) + "' is a " + type->text
                                               + ": only a hash has fields and a list positions; `coppice get "
                                               + printable(key) + "` shows it whole"};
        }
        auto found = type->text == "list" ? call.ask({"LINDEX", key, *field}) : call.ask({"HGET", key, *field});
        if (!found && type->text == "list" && found.error().context.starts_with("value is not an integer")) {
            return error{errc::invalid, "'" + printable(key) + "' is a list, and '" + printable(*field)
                                            + "' no position of one: 0 is its first element, -1 its last"};
        }
        if (!found) { return found.error(); }
        if (found->kind == reply_kind::null) {
            return missing("'" + printable(key) + "' has no '" + printable(*field) + "'");
        }
        return show(call, *found);
    }
    command_batch read;
    if (!add_whole_read(read, type->text, key)) {
        return error{errc::unsupported, "'" + printable(key) + "' is a " + type->text
                                            + ", which `get` cannot show; `coppice exec` runs any command"};
    }
    auto runner = call.runner();
    if (!runner) { return runner.error(); }
    auto replies = run_checked(**runner, read);
    if (!replies) { return replies.error(); }
    auto& whole = replies->front();
    if (type->text == "hash") { whole.kind = reply_kind::map; }  // RESP2 answers flat
    return show(call, whole);
}

status run_set(verb_call& call) {
    call.opens = folder_use::makes;
    const auto key = call.given.text("KEY");
    auto content = call.given.text("VALUE");
    if (content == "-") { content.assign(std::istreambuf_iterator<char>(call.around.in), {}); }
    const auto seconds = call.number("--ttl", 0);
    if (!seconds) { return seconds.error(); }
    if (const auto field = call.given.find("--field")) {
        if (call.given.has("--ttl")) { return call.wrong_usage("--ttl is for whole keys, not for a --field"); }
        auto set = call.ask({"HSET", key, *field, content});
        if (!set && set.error().code == errc::wrong_type) {
            return error{errc::wrong_type,
                         "'" + printable(key) + "' is no hash, so it has no fields; `coppice ls` shows types"};
        }
        if (!set) { return set.error(); }
    } else {
        std::vector<std::string_view> command = {"SET", key, content};
        const auto digits = std::to_string(*seconds);
        if (call.given.has("--ttl") && *seconds == 0) { return call.wrong_usage("--ttl takes 1 second or more"); }
        if (call.given.has("--ttl")) { command.insert(command.end(), {"EX", digits}); }
        auto set = call.ask(command);
        if (!set) { return set.error(); }
    }
    if (call.shown.json()) { call.shown.print_json(make_map({{"set", make_text(key)}})); }
    return {};
}

status run_ls(verb_call& call) {
    const auto most = call.number("--number", 0);
    if (!most) { return most.error(); }
    const auto type = call.given.text("--type");
    if (!type.empty() && type != "string" && type != "list" && type != "hash" && type != "set") {
        return call.wrong_usage("--type takes string, list, hash or set, not '" + type + "'");
    }
    auto runner = call.runner();
    if (!runner) { return runner.error(); }
    const bool json = call.shown.json();
    const bool names = call.given.has("--names");
    std::uint64_t count = 0;
    bool is_first_page = true;
    const auto page = [&](const std::vector<reply_value>& found) -> status {
        auto keys = found;
        if (*most != 0 && keys.size() > *most - count) { keys.resize(static_cast<std::size_t>(*most - count)); }
        std::vector<reply_value> types;
        std::vector<reply_value> lengths(keys.size());
        if (!names) {
            command_batch questions;
            for (const auto& key : keys) { questions.add({"TYPE", key.text}); }
            auto answers = run_checked(**runner, questions);
            if (!answers) { return answers.error(); }
            types = std::move(*answers);
            questions.clear();
            std::vector<std::size_t> asked;
            for (std::size_t index = 0; index < keys.size(); ++index) {
                const auto command = length_command(types[index].text);
                if (command.empty()) { continue; }
                questions.add({command, keys[index].text});
                asked.push_back(index);
            }
            auto counts = run_checked(**runner, questions);
            if (!counts) { return counts.error(); }
            for (std::size_t at = 0; at < asked.size(); ++at) { lengths[asked[at]] = (*counts)[at]; }
        }
        std::vector<std::vector<cell>> rows;
        for (std::size_t index = 0; index < keys.size(); ++index) {
            if (json) {
                call.shown.out() << (count == 0 ? "\n" : ",\n")
                                 << json_of_reply(names ? keys[index]
                                                        : make_map({{"key", keys[index]},
                                                                    {"type", make_text(types[index].text)},
                                                                    {"length", lengths[index]}}));
            } else if (names) {
                call.shown.line(call.shown.out_is_terminal() ? printable(keys[index].text, SIZE_MAX)
                                                             : keys[index].text);
            } else {
                rows.push_back({{types[index].text, style::faint},
                                {human_count(static_cast<std::uint64_t>(number_of(lengths[index])))},
                                {keys[index].text}});
            }
            count += 1;
        }
        if (!rows.empty()) {
            // Columns of a fixed least width, so that pages line up.
            const auto heading = [&](std::string_view text) {
                return is_first_page ? std::string(text) : std::string();
            };
            call.shown.table({{heading("TYPE  ")}, {heading("  LENGTH"), align::right}, {heading("KEY")}}, rows);
            is_first_page = false;
        }
        // Ends the scan; taken off again below.
        return *most != 0 && count >= *most ? status(error{errc::closed, "enough"}) : status();
    };
    if (json) { call.shown.out() << '['; }
    auto scanned = scan_keys(**runner, call.given.text("PATTERN", "*"), page, type);
    const bool was_enough = !scanned && scanned.error().code == errc::closed && *most != 0 && count >= *most;
    if (!scanned && !was_enough) { return scanned; }
    if (json) { call.shown.out() << "]\n"; }
    if (!json && !names && count == 0) { call.shown.line("no keys" + where_text(call)); }
    return {};
}

// An option of ours that stands behind the command was passed on to the server.
std::string misplaced_option(verb_call& call) {
    for (const auto& word : call.given.rest) {
        for (const auto& row : common_options()) {
            const auto name = row.names.substr(row.names.rfind(',') + 1);  // npos + 1 is 0
            if (word.substr(0, word.find('=')) == name) { return std::string(name); }
        }
    }
    return {};
}

status run_command(verb_call& call, std::vector<std::string_view> command) {
    for (const auto& word : call.given.rest) { command.push_back(word); }
    auto reply = call.ask(command);
    if (!reply) {
        auto failure = reply.error();
        if (const auto option = misplaced_option(call); !option.empty()) {
            failure.context += "; " + option + " was passed on as a word of the command, options go before that";
        }
        return failure;
    }
    return show(call, *reply);
}

status run_exec(verb_call& call) {
    call.opens = folder_use::makes;
    return run_command(call, {});
}

status run_at(verb_call& call) {
    const auto ref = call.given.text("REF");
    return run_command(call, {"AT", ref});
}

}  // namespace

std::vector<verb> data_verbs() {
    return {
        {"Data",
         "get",
         "Show the value of a key, whatever its type",
         "",
         {{"KEY", "The key"}, {"FIELD", "One field of a hash, or position of a list", false}},
         {},
         {{"get countries:FR", ""}, {"get countries:FR name", ""}, {"get page:index.html > index.html", ""}},
         rest_words::refused,
         run_get},
        {"Data",
         "set",
         "Set a key to a string, or one field of a hash",
         "",
         {{"KEY", "The key"}, {"VALUE", "The value; - reads standard input"}},
         {{"--field", "NAME", "This field of the hash KEY"}, {"--ttl", "SECONDS", "The key vanishes after so long"}},
         {{"set greeting 'good morning'", ""},
          {"set countries:FR France --field name", ""},
          {"set low -- -5", "-- goes in front of what begins with -"}},
         rest_words::refused,
         run_set},
        {"Data",
         "ls",
         "List keys with type and length",
         "",
         {{"PATTERN", "Only keys that match: * any characters, ? one, [ab] one of them", false}},
         {{"--type", "TYPE", "Only keys of this type: string, list, hash, set"},
          {"--names", "", "Only the names"},
          {"-n,--number", "N", "At most so many"}},
         {{"ls", ""}, {"ls 'countries:*' -n 20", ""}},
         rest_words::refused,
         run_ls},
        {"Data",
         "exec",
         "Run any command of the server",
         "The words are passed on as they are; options of this program "
         "go in front.",
         {},
         {},
         {{"exec LRANGE queue 0 -1", ""}, {"exec --json HGETALL countries:FR", ""}, {"exec BRANCH LIST", ""}},
         rest_words::command,
         run_exec},
        {"Data",
         "at",
         "Run a reading command on an older version",
         "",
         {{"REF", "A branch, tag, commit id, main~2, main@-5m or main@2026-11-20T10:00:00Z", true, false,
           completes::ref}},
         {},
         {{"at main@-5m GET greeting", ""}, {"at v1.2 HGETALL countries:FR", ""}},
         rest_words::command,
         run_at},
    };
}

}  // namespace coppice::cli
