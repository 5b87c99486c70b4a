// The only file that includes CLI11: the table of verbs becomes one parser, for the verb that was called.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>

#include <cli/verb.hpp>
#include <coppice_build.hpp>

namespace coppice::cli {
namespace {

constexpr std::array<option_row, 5> common = {{
    {"--store", "DIR|URL", "A folder, or coppice://[user:password@]host:port[/branch] (COPPICE_STORE, ./coppice-data)",
     completes::folder},
    {"--branch", "NAME", "The branch to work on (COPPICE_BRANCH, `coppice use`, main)", completes::branch},
    {"--json", "", "Answer in JSON, for programs"},
    {"-h,--help", "", "Show this and leave"},
    {"--version", "", "Show the version and leave"},
}};

// The name that the verb's function asks for: the long one.
std::string long_name(std::string_view names) {
    const auto comma = names.rfind(',');
    return std::string(comma == std::string_view::npos ? names : names.substr(comma + 1));
}

// The verb's index in the arguments: the first word that is no option and no option's value.
std::size_t verb_index(const std::vector<std::string>& arguments) {
    for (std::size_t at = 0; at < arguments.size(); ++at) {
        const auto& argument = arguments[at];
        if (!argument.starts_with('-')) { return at; }
        if (argument == "--store" || argument == "--branch") { at += 1; }
    }
    return arguments.size();
}

// How many letters must change to make one word of the other.
std::size_t distance(std::string_view one, std::string_view other) {
    std::vector<std::size_t> row(other.size() + 1);
    for (std::size_t at = 0; at <= other.size(); ++at) { row[at] = at; }
    for (std::size_t line = 1; line <= one.size(); ++line) {
        auto diagonal = std::exchange(row[0], line);
        for (std::size_t at = 1; at <= other.size(); ++at) {
            const auto same = diagonal + (one[line - 1] == other[at - 1] ? 0 : 1);
            diagonal = row[at];
            row[at] = std::min({row[at] + 1, row[at - 1] + 1, same});
        }
    }
    return row.back();
}

std::string unknown_verb(std::string_view name) {
    std::string text = "there is no verb '" + std::string(name) + "'";
    const auto& verbs = all_verbs();
    const auto nearest = std::min_element(verbs.begin(), verbs.end(), [&](const verb& one, const verb& other) {
        return distance(one.name, name) < distance(other.name, name);
    });
    if (distance(nearest->name, name) <= std::max<std::size_t>(1, name.size() / 3)) {
        text += "; did you mean `coppice " + std::string(nearest->name) + "`";
    }
    return text + "; `coppice --help` lists them";
}

class parser {
public:
    explicit parser(const verb* called) {
        app_.set_help_flag();
        if (called != nullptr && called->rest == rest_words::command) { app_.prefix_command(); }
        takes_settings_ = called != nullptr && called->rest == rest_words::settings;
        if (takes_settings_) { app_.allow_extras(); }
        for (const auto& row : common) { add(row); }
        if (called == nullptr) { return; }
        for (const auto& row : called->options) { add(row); }
        for (const auto& row : called->words) {
            auto& slot = slots_.emplace_back(std::make_unique<slot_of>());
            slot->name = row.name;
            slot->option =
                row.repeats ? app_.add_option(slot->name, slot->values) : app_.add_option(slot->name, slot->one);
        }
    }

    // Throws CLI::ParseError.
    given_words parse(std::vector<std::string> arguments) {
        if (takes_settings_) { join_settings(arguments); }
        std::reverse(arguments.begin(), arguments.end());
        app_.parse(std::move(arguments));
        given_words given;
        for (const auto& slot : slots_) {
            if (slot->option->count() == 0) { continue; }
            given.values[slot->name] = slot->values.empty() ? std::vector{slot->one} : slot->values;
        }
        given.rest = app_.remaining();
        if (!given.rest.empty() && given.rest.front() == "--") { given.rest.erase(given.rest.begin()); }
        return given;
    }

private:
    struct slot_of {
        std::string name;
        CLI::Option* option = nullptr;
        std::string one;
        std::vector<std::string> values;  // of words that repeat
        bool flag = false;
    };
    void add(const option_row& row) {
        auto& slot = slots_.emplace_back(std::make_unique<slot_of>());
        slot->name = long_name(row.names);
        if (row.value.empty()) {
            slot->option = app_.add_flag(std::string(row.names), slot->flag);
        } else {
            slot->option = app_.add_option(std::string(row.names), slot->one);
            slot->option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
        }
    }

    // "--name value" of a setting becomes "--name=value", lest the value be taken for the verb's word.
    void join_settings(std::vector<std::string>& arguments) const {
        for (std::size_t at = 0; at + 1 < arguments.size(); ++at) {
            const auto& word = arguments[at];
            if (word == "--") { return; }
            if (!word.starts_with('-')) { continue; }
            const auto* const known = app_.get_option_no_throw(word.substr(0, word.find('=')));
            const bool has_value = word.find('=') != std::string::npos;
            if (known != nullptr) {
                at += !has_value && known->get_items_expected_max() > 0 ? 1 : 0;
            } else if (word.starts_with("--") && !has_value && !arguments[at + 1].starts_with("--")) {
                arguments[at] += '=' + arguments[at + 1];
                arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(at) + 1);
            }
        }
    }

    bool takes_settings_ = false;
    CLI::App app_;
    std::vector<std::unique_ptr<slot_of>> slots_;
};

// Required words are checked here, so that the message names the verb's own words.
std::optional<std::string> missing_word(const verb& called, const given_words& given) {
    for (const auto& row : called.words) {
        if (row.required && !given.has(row.name)) { return std::string(row.name) + " is missing"; }
    }
    if (called.rest == rest_words::command && given.rest.empty()) { return "the command is missing"; }
    return std::nullopt;
}

bool asks_for(const std::vector<std::string>& arguments, std::string_view option) {
    return std::find(arguments.begin(), arguments.end(), option) != arguments.end();
}

}  // namespace

std::span<const option_row> common_options() { return common; }

const std::vector<verb>& all_verbs() {
    static const std::vector<verb> verbs = [] {
        std::vector<verb> joined;
        for (auto part : {program_verbs(), version_verbs(), data_verbs(), file_verbs(), store_verbs()}) {
            joined.insert(joined.end(), part.begin(), part.end());
        }
        return joined;
    }();
    return verbs;
}

const verb* find_verb(std::string_view name) {
    for (const auto& each : all_verbs()) {
        if (each.name == name) { return &each; }
    }
    return nullptr;
}

int run_program(const std::vector<std::string>& arguments, const surroundings& around) {
    const bool colours =
        !around.variables("NO_COLOR").value_or("").size() && around.variables("TERM").value_or("") != "dumb";
    output::means means{around.out, around.err, false, around.out_is_terminal, around.err_is_terminal, colours};
    const bool help_colours = colours && around.out_is_terminal;
    const auto wrong = [&](const verb* called, std::string_view what) {
        means.json = asks_for(arguments, "--json");
        const auto hint = "; see `coppice " + (called == nullptr ? "" : std::string(called->name) + ' ') + "--help`";
        output(means).fail({errc::invalid, std::string(what) + (what.find("--help") == what.npos ? hint : "")});
        return 2;
    };

    const auto at = verb_index(arguments);
    auto rest = arguments;
    const verb* called = nullptr;
    if (at < arguments.size()) {
        called = find_verb(arguments[at]);
        if (arguments[at] == "help") {  // `coppice help VERB` reads as `coppice VERB --help`
            called = at + 1 < arguments.size() ? find_verb(arguments[at + 1]) : nullptr;
            if (at + 1 < arguments.size() && called == nullptr) {
                return wrong(nullptr, unknown_verb(arguments[at + 1]));
            }
            around.out << (called == nullptr ? program_help(help_colours) : verb_help(*called, help_colours));
            return 0;
        }
        if (called == nullptr) { return wrong(nullptr, unknown_verb(arguments[at])); }
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(at));
    }

    given_words given;
    try {
        given = parser(called).parse(rest);
    } catch (const CLI::ParseError& refused) {
        // A missing word must not hide the help that was asked for.
        if (called != nullptr && (asks_for(rest, "--help") || asks_for(rest, "-h"))) {
            around.out << verb_help(*called, help_colours);
            return 0;
        }
        std::string what = refused.what();
        const bool is_one_too_many = refused.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
        if (is_one_too_many && called != nullptr && called->name == "set") {
            what += "; `coppice set KEY VALUE --field NAME` sets a field of a hash";
        }
        for (const auto& word : rest) {
            const bool is_negative = word.size() > 1 && word[0] == '-' && word[1] >= '0' && word[1] <= '9';
            if (is_negative) { what += "; put -- in front of words that begin with -"; }
        }
        return wrong(called, what);
    }
    if (given.has("--version")) {
        around.out << "coppice " << build::version << " (" << build::revision << ", " << build::compiler << ", "
                   << build::type << ")\n";
        return 0;
    }
    if (called == nullptr || given.has("--help")) {
        const bool asked = given.has("--help");
        (asked ? around.out : around.err)
            << (called == nullptr ? program_help(asked && help_colours) : verb_help(*called, help_colours));
        return asked ? 0 : 2;
    }
    if (const auto missing = missing_word(*called, given)) { return wrong(called, *missing); }

    means.json = given.has("--json");
    output shown(means);
    verb_call call(around, given, shown);
    const auto done = called->run(call);
    around.out.flush();
    if (done && !around.out) {
        shown.fail({errc::io, "cannot write the output; is the disk full?"});
        return 1;
    }
    if (done) { return 0; }
    if (call.exit_code == 2) { return wrong(called, done.error().context); }
    shown.fail(done.error());
    return call.exit_code;
}

}  // namespace coppice::cli
