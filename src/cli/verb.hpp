// cli/verb.hpp: the verbs of the program as a table. Parsing, --help, completion and the documentation's list are
// made from it, so a verb is one row and one function.
#pragma once

#include <functional>
#include <istream>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cli/branch_choice.hpp>
#include <cli/output.hpp>
#include <cli/runner.hpp>
#include <cli/serve_options.hpp>
#include <coppice/base/clock.hpp>

namespace coppice::cli {

/// What the program takes from its process, so that a test can own all of it.
struct surroundings {
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
    bool out_is_terminal = false;
    bool err_is_terminal = false;
    environment variables;
    std::function<result<std::unique_ptr<command_runner>>(const store_location&)> open;
    std::function<status(const serve_options&)> check_settings;
    std::function<result<int>(const serve_options&)> serve;
    const clock_source& clock;
};

/// What the shell offers for a word.
enum class completes { nothing, file, folder, branch, ref, verb };

struct option_row {
    std::string_view names;  ///< "-m,--message"
    std::string_view value;  ///< "TEXT"; empty for a flag
    std::string_view help;
    completes with = completes::nothing;
};
struct word_row {
    std::string_view name;  ///< "REF"
    std::string_view help;
    bool required = true;
    bool repeats = false;
    completes with = completes::nothing;
};
struct example_row {
    std::string_view command;  ///< without "coppice "
    std::string_view says;
};

/// How the words behind the verb's own are taken.
enum class rest_words {
    refused,
    command,   ///< a command of the server, its words as they are
    settings,  ///< --name value, any
};

class verb_call;
struct verb {
    std::string_view group;
    std::string_view name;
    std::string_view summary;
    std::string_view details;  ///< below the summary in --help; may be empty
    std::vector<word_row> words;
    std::vector<option_row> options;
    std::vector<example_row> examples;
    rest_words rest = rest_words::refused;
    status (*run)(verb_call&) = nullptr;
};

/// All verbs in the order of --help.
[[nodiscard]] const std::vector<verb>& all_verbs();
/// --store, --branch, --json, --help: options of every verb.
[[nodiscard]] std::span<const option_row> common_options();
[[nodiscard]] const verb* find_verb(std::string_view name);

/// What was on the command line: words and options by their row's name ("REF", "--message").
struct given_words {
    std::map<std::string, std::vector<std::string>, std::less<>> values;
    std::vector<std::string> rest;

    [[nodiscard]] bool has(std::string_view name) const { return values.contains(name); }
    [[nodiscard]] std::string text(std::string_view name, std::string_view otherwise = {}) const;
    [[nodiscard]] std::optional<std::string> find(std::string_view name) const;
};

/// One run of a verb.
class verb_call {
public:
    verb_call(const surroundings& process, const given_words& words, output& said)
        : around(process), given(words), shown(said) {}

    const surroundings& around;
    const given_words& given;
    output& shown;

    /// The store that --store or COPPICE_STORE names, else ./coppice-data.
    [[nodiscard]] result<store_location> location() const;
    /// The branch that the verb speaks of.
    [[nodiscard]] result<branch_choice> branch() const;
    /// The runner, opened at the first call, its branch chosen.
    [[nodiscard]] result<command_runner*> runner();
    /// The same without choosing a branch.
    [[nodiscard]] result<command_runner*> runner_without_branch();
    /// Runs one command; an error that it answers is an error here.
    [[nodiscard]] result<reply_value> ask(std::span<const std::string_view> command);
    [[nodiscard]] result<reply_value> ask(std::initializer_list<std::string_view> command) {
        return ask(std::span(command.begin(), command.size()));
    }
    /// The branch's name, the server's own if none was chosen.
    [[nodiscard]] result<std::string> branch_name();
    /// An option's number.  Errors: wrong usage.
    [[nodiscard]] result<std::uint64_t> number(std::string_view option, std::uint64_t otherwise);
    /// An error that ends the program with 2 instead of 1.
    [[nodiscard]] error wrong_usage(std::string_view what);

    int exit_code = 1;  ///< if run fails
    folder_use opens = folder_use::existing;

private:
    std::unique_ptr<command_runner> runner_;
};

/// Runs the program: 0 done, 1 failed, 2 wrong usage.
[[nodiscard]] int run_program(const std::vector<std::string>& arguments, const surroundings& around);

[[nodiscard]] std::string program_help(bool colours);
[[nodiscard]] std::string verb_help(const verb& shown, bool colours);
[[nodiscard]] std::string bash_completion();

// The verbs of each file, joined by all_verbs.
[[nodiscard]] std::vector<verb> version_verbs();
[[nodiscard]] std::vector<verb> data_verbs();
[[nodiscard]] std::vector<verb> file_verbs();
[[nodiscard]] std::vector<verb> store_verbs();
[[nodiscard]] std::vector<verb> program_verbs();

}  // namespace coppice::cli
