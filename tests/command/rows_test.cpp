// Every row of the table is called, and its reply is what the row says; the table and the page made of it are whole.
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <command/command_info.hpp>
#include <command/parse.hpp>
#include <support/memory_client.hpp>

#include "command/examples.hpp"

#include <gtest/gtest.h>

namespace coppice {
namespace {

using testing::examples;
using testing::memory_client;
using testing::to_text;

std::string name_of(const command& row, std::string_view parent) {
    return parent.empty() ? std::string(row.name) : std::string(parent) + " " + std::string(row.name);
}

void call_all(int protocol) {
    memory_client client(open_memory_storage(), protocol);
    std::set<std::string, std::less<>> called;
    for (const auto& each : examples) {
        const auto words = testing::words_of(each.line);
        const auto* row = find_command(words[0]);
        ASSERT_NE(row, nullptr) << each.line;
        called.insert(std::string(row->name));
        if (words.size() > 1) { called.insert(std::string(row->name) + " " + words[1]); }
        for (const auto& sub : row->subcommands) {
            if (words.size() > 1 && says(words[1], sub.name)) { row = &sub; }
        }
        const auto reply = client.ask(words);
        const auto text = to_text(reply);
        if (each.reply == "-") {
            EXPECT_EQ(text.substr(0, 1), "-") << each.line;
        } else {
            EXPECT_NE(text.substr(0, 1), "-") << each.line << ": " << text;
            EXPECT_TRUE(testing::fits(row->returns, reply)) << each.line << " answered " << text;
        }
        if (protocol == 3 && each.reply.size() > 1) { EXPECT_EQ(text, each.reply) << each.line; }
    }
    for (const auto& row : all_commands()) {
        EXPECT_TRUE(called.contains(row.name)) << row.name << " is called by no example";
        for (const auto& sub : row.subcommands) {
            EXPECT_TRUE(called.contains(name_of(sub, row.name)))
                << row.name << ' ' << sub.name << " is called by no example";
        }
    }
}

TEST(Rows, AreAllCalledAndAnswerWhatTheySay) { call_all(3); }
TEST(Rows, AnswerInTheOlderProtocolToo) { call_all(2); }

TEST(Rows, AreWhole) {
    std::string_view before;
    for (const auto& row : all_commands()) {
        EXPECT_LT(before, row.name) << "sorted, each once";
        before = row.name;
        EXPECT_EQ(find_command(row.name), &row);
        EXPECT_EQ(find_command(lower_case(row.name)), &row);
        EXPECT_TRUE(row.run != nullptr || !row.subcommands.empty()) << row.name;
        EXPECT_FALSE(row.summary.empty() || row.group.empty() || row.since.empty()) << row.name;
        EXPECT_NE(row.arity, 0) << row.name;
    }
    EXPECT_EQ(find_command("GE"), nullptr);
    EXPECT_EQ(find_command("GETT"), nullptr);
    EXPECT_EQ(find_command(""), nullptr);
    EXPECT_EQ(find_command(std::string_view("GET\0", 4)), nullptr);
    EXPECT_EQ(find_command(std::string(100, 'G')), nullptr);
}

// Pages of scans end in time, and use what only the host has; LOLWUT answers a line.
TEST(Rows, ReadsWhoseAnswersMayBeLargeCanBeGivenToAWorker) {
    for (const auto& row : all_commands()) {
        const bool says_little = row.returns == reply_type::integer || row.returns == reply_type::simple;
        const bool other = row.name.ends_with("SCAN") || row.name == "LOLWUT";
        if (row.mode != access::read || row.run == nullptr || says_little) { continue; }
        EXPECT_EQ(row.elements != nullptr, !other) << row.name;
    }
}

TEST(Rows, GlobsAreThoseOfRedis) {
    for (const auto& [pattern, text] : std::vector<std::pair<std::string_view, std::string_view>>{{"*", ""},
                                                                                                  {"*", "abc"},
                                                                                                  {"a*c", "abbbc"},
                                                                                                  {"a?c", "abc"},
                                                                                                  {"[a-c]x", "bx"},
                                                                                                  {"[c-a]x", "bx"},
                                                                                                  {"[^a]x", "bx"},
                                                                                                  {"ABC", "ABC"},
                                                                                                  {"a\\*", "a*"},
                                                                                                  {"*b*b*", "abab"},
                                                                                                  {"[\\]]", "]"}}) {
        EXPECT_TRUE(matches_glob(pattern, text)) << pattern << " " << text;
    }
    for (const auto& [pattern, text] : std::vector<std::pair<std::string_view, std::string_view>>{{"", "a"},
                                                                                                  {"a", ""},
                                                                                                  {"a*c", "abbb"},
                                                                                                  {"a?c", "ac"},
                                                                                                  {"[a-c]x", "dx"},
                                                                                                  {"[^a]x", "ax"},
                                                                                                  {"a\\*", "ab"},
                                                                                                  {"ABC", "abc"}}) {
        EXPECT_FALSE(matches_glob(pattern, text)) << pattern << " " << text;
    }
    // A pattern of many stars takes no exponential time.
    EXPECT_FALSE(matches_glob("*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(10'000, 'a')));
}

// Replies of redis-server 7.0.15.
TEST(Rows, KnowTheKeysOfACall) {
    memory_client client;
    const auto keys_of_call = [&](std::string_view line) { return client("COMMAND GETKEYS " + std::string(line)); };
    for (const auto& [line, keys] : std::vector<std::pair<std::string_view, std::string_view>>{
             {"LMPOP 2 a b LEFT COUNT 2", R"(["a", "b"])"},
             {"LMPOP 1 a b LEFT", R"(["a"])"},
             {"SINTERCARD 2 a b LIMIT 1", R"(["a", "b"])"},
             {"SORT a", R"(["a"])"},
             {"SORT a LIMIT 1 2 STORE b", R"(["a", "b"])"},
             {"SORT a BY store STORE b GET # STORE c", R"(["a", "c"])"},
             {"SORT a STORE", R"(["a"])"},
             {"SORT_RO a BY w_*", R"(["a"])"},
             {"COPY a b DB 3 REPLACE", R"(["a", "b"])"},
             {"MSET a 1 b 2", R"(["a", "b"])"},
             {"SINTERSTORE d a b", R"(["d", "a", "b"])"},
             {"OBJECT ENCODING a", R"(["a"])"},
             {"MEMORY USAGE a", R"(["a"])"}}) {
        EXPECT_EQ(keys_of_call(line), keys) << line;
    }
    for (const auto* line : {"LMPOP 0 a LEFT", "LMPOP x a LEFT", "LMPOP 5 a LEFT", "SINTERCARD 3 a b",
                             "SINTERCARD -1 a", "SINTERCARD 99999999999 a"}) {
        EXPECT_EQ(keys_of_call(line), "-ERR Invalid arguments specified for command") << line;
    }
    EXPECT_EQ(keys_of_call("PING a"), "-ERR The command has no key arguments");
    EXPECT_EQ(keys_of_call("OBJECT HELP"), "-ERR The command has no key arguments");
    EXPECT_EQ(keys_of_call("OBJECT NOSUCH a"), "-ERR Invalid command specified");
    EXPECT_EQ(keys_of_call("NOSUCH a"), "-ERR Invalid command specified");
    EXPECT_EQ(keys_of_call("SET a"), "-ERR Invalid number of arguments specified for command");
}

// Replies of redis-server 7.0.15.
TEST(Rows, SayWhatACallDoesWithItsKeys) {
    memory_client client;
    for (const auto& [line, uses] : std::vector<std::pair<std::string_view, std::string_view>>{
             {"LMOVE a b LEFT LEFT", R"=([["a", ~(+RW, +access, +delete)], ["b", ~(+RW, +insert)]])="},
             {"SORT a STORE b", R"=([["a", ~(+RO, +access)], ["b", ~(+OW, +update)]])="},
             {"SET a b", R"=([["a", ~(+OW, +update)]])="},
             {"SET a b GET", R"=([["a", ~(+RW, +access, +update)]])="},
             {"SINTERCARD 2 a b", R"=([["a", ~(+RO, +access)], ["b", ~(+RO, +access)]])="},
             {"LSLICE a 0 1 1", R"=([["a", ~(+RO, +access)]])="},
             {"PING a", "-ERR The command has no key arguments"},
             {"NOSUCH a", "-ERR Invalid command specified"},
             {"GET a b c", "-ERR Invalid number of arguments specified for command"}}) {
        EXPECT_EQ(client("COMMAND GETKEYSANDFLAGS " + std::string(line)), uses) << line;
    }
    EXPECT_EQ(client("COMMAND GETKEYSANDFLAGS GET"),
              "-ERR wrong number of arguments for 'command|getkeysandflags' command");
}

// The page is written again with COPPICE_WRITE_DOCS=1.
TEST(Rows, AreWhatTheDocumentationSays) {
    const std::string path = COPPICE_COMMANDS_PAGE;
    if (std::getenv("COPPICE_WRITE_DOCS") != nullptr) { std::ofstream(path) << commands_as_markdown(); }
    std::ifstream from(path);
    std::stringstream page;
    page << from.rdbuf();
    EXPECT_EQ(page.str(), commands_as_markdown()) << "COPPICE_WRITE_DOCS=1 rows_test writes " << path << " again";
}

}  // namespace
}  // namespace coppice
