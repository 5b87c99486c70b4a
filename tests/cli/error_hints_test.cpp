// What the program's errors say to do next, in one line.
#include <cli/reply_view.hpp>

#include <gtest/gtest.h>

#include "cli/program_run.hpp"

namespace coppice::cli::testing {
namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }
#define EXPECT_HAS(text, part) EXPECT_TRUE(has(text, part)) << text

TEST(Data, AnOptionBehindTheCommandIsNamedWhenThatFails) {
    program run;
    run.store.canned["SET a b --store coppice://h:1"] = error_reply("ERR syntax error");
    run.store.canned["AT main GET a --branch=exp"] = error_reply("ERR wrong number of arguments");
    const auto set = run.run({"exec", "SET", "a", "b", "--store", "coppice://h:1"});
    EXPECT_EQ(set.code, 1);
    EXPECT_EQ(set.err, "error: syntax error; --store was passed on as a word of the command, options go before that\n");
    EXPECT_HAS(run.run({"at", "main", "GET", "a", "--branch=exp"}).err, "; --branch was passed on");
    EXPECT_EQ(run.run({"exec", "SET", "a", "--store"}).err, "") << "it may be a word of the command";
}

TEST(Data, PositionsOfAListAreNumbers) {
    program run;
    run.store.keys["l"] = {"list", "", {"a"}};
    run.store.canned["LINDEX l x"] = error_reply("ERR value is not an integer or out of range");
    const auto got = run.run({"get", "l", "x"});
    EXPECT_EQ(got.code, 1);
    EXPECT_EQ(got.err, "error: 'l' is a list, and 'x' no position of one: 0 is its first element, -1 its last\n");
}

// Only a server that does not know AT or ON itself has no branches.
TEST(Status, OfAServerThatDoesNotKnowTheCommandBehindAtSaysThat) {
    program run;
    for (const std::vector<std::string>& words : {std::vector<std::string>{"exec", "AT", "main", "NOSUCH", "x"},
                                                  {"at", "main", "NOSUCH", "x"},
                                                  {"exec", "on", "main", "NOSUCH"}}) {
        std::string command = words[0] == "at" ? "AT" : "";
        for (std::size_t at = 1; at < words.size(); ++at) { command += (command.empty() ? "" : " ") + words[at]; }
        run.store.canned[command] = error_reply("ERR unknown command 'NOSUCH', with args beginning with: 'x' ");
        const auto ours = run.run(words);
        EXPECT_EQ(ours.code, 1);
        EXPECT_HAS(ours.err, "unknown command 'NOSUCH'");
        const auto first = command.substr(0, command.find(' '));
        run.store.canned[command] = error_reply("ERR unknown command '" + first + "', with args beginning with: ");
        EXPECT_HAS(run.run(words).err, "this server has no branches");
    }
}

TEST(Versions, ErrorsOfNamesSayWhatToDo) {
    program run;
    run.store.canned["BRANCH CREATE exp"] = error_reply("ERR the name 'exp' is taken");
    run.store.canned["BRANCH RENAME a v1"] = error_reply("ERR the name 'v1' is taken");
    run.store.canned["TAG CREATE exp"] = error_reply("ERR the name 'exp' is taken");
    run.store.canned["BRANCH INFO exp"] = make_map({{"head", make_text("")}});
    run.store.canned["BRANCH INFO v1"] = error_reply("ERR no branch 'v1'");
    run.store.canned["BRANCH DELETE nosuch"] = error_reply("ERR no branch 'nosuch'");
    run.store.canned["TAG DELETE nosuch"] = error_reply("ERR no tag 'nosuch'");
    run.store.canned["LOG nosuch COMMITS COUNT 1000000"] =
        error_reply("ERR no version 'nosuch': no branch, tag or commit is called so");
    constexpr std::string_view by_branch =
        "the name 'exp' is taken by a branch: choose another, or `coppice use exp` to work on that one\n";
    EXPECT_HAS(run.run({"branch", "exp"}).err, by_branch);
    EXPECT_HAS(run.run({"use", "-c", "exp"}).err, by_branch);
    EXPECT_HAS(run.run({"tag", "exp"}).err, by_branch);
    EXPECT_HAS(run.run({"branch", "-m", "a", "v1"}).err,
               "the name 'v1' is taken by a tag: choose another, or `coppice tag -d v1` first\n");
    EXPECT_HAS(run.run({"branch", "-d", "nosuch"}).err, "no branch 'nosuch'; `coppice branch` lists them\n");
    EXPECT_HAS(run.run({"tag", "-d", "nosuch"}).err, "no tag 'nosuch'; `coppice tag` lists them\n");
    EXPECT_HAS(run.run({"log", "nosuch"}).err,
               "is called so; `coppice branch`, `coppice tag` and `coppice log` list them\n");
}

}  // namespace
}  // namespace coppice::cli::testing
