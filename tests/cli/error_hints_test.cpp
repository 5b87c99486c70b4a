// What the program's errors say to do next, in one line.
#include <cli/reply_view.hpp>

#include <gtest/gtest.h>

#include "cli/program_run.hpp"

namespace coppice::cli::testing {
namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }
#define EXPECT_HAS(text, part) EXPECT_TRUE(has(text, part)) << text

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

}  // namespace
}  // namespace coppice::cli::testing
