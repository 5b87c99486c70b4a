// Branches and versions as a client meets them: what each command answers, in which words it refuses, and that
// branches go their own ways.
#include <storage/storage.hpp>
#include <store/reference.hpp>
#include <support/memory_client.hpp>

#include <gtest/gtest.h>

namespace coppice {
namespace {

using testing::memory_client;
using testing::reply_kind;
using testing::reply_value;

/// The value called `name` in a map.
reply_value field(const reply_value& map, std::string_view name) {
    for (std::size_t i = 0; i + 1 < map.items.size(); i += 2) {
        if (map.items[i].text == name) { return map.items[i + 1]; }
    }
    return {reply_kind::error, "no " + std::string(name)};
}

/// One field of each map of a list, as text.
std::string column(const reply_value& list, std::string_view name) {
    std::string text;
    for (const auto& item : list.items) { text += to_text(field(item, name)) + " "; }
    return text;
}

class Branches : public ::testing::Test {
protected:
    reply_value ask(std::string_view line) { return client_.ask(testing::words_of(line)); }
    std::string say(std::string_view line) { return client_(line); }
    void pass(std::int64_t seconds) {
        client_.clock.time += seconds * 1'000'000;
        client_.store().tick();
    }
    std::string commit() { return ask("COMMIT").text; }
    memory_client client_;
};

TEST_F(Branches, EachGoesItsOwnWay) {
    say("SET k one");
    EXPECT_EQ(say("BRANCH CREATE exp"), "+OK");
    EXPECT_EQ(say("BRANCH CURRENT"), "\"main\"");
    EXPECT_EQ(say("BRANCH USE exp"), "+OK");
    EXPECT_EQ(say("BRANCH CURRENT"), "\"exp\"");
    say("SET k two");
    EXPECT_EQ(say("GET k"), "\"two\"");
    EXPECT_EQ(say("ON main GET k"), "\"one\"");
    EXPECT_EQ(say("ON main SET k three"), "+OK");
    EXPECT_EQ(say("GET k"), "\"two\"");
    EXPECT_EQ(say("AT main GET k"), "\"three\"");
    EXPECT_EQ(say("BRANCH CREATE exp2 FROM exp"), "+OK");
    EXPECT_EQ(say("ON exp2 GET k"), "\"two\"");
}

TEST_F(Branches, ListTellsNamesCommitsTimesAndKeys) {
    say("MSET a 1 b 2");
    const auto id = commit();
    say("BRANCH CREATE exp");
    say("ON exp SET c 3 PX 5000");
    const auto list = ask("BRANCH LIST");
    EXPECT_EQ(column(list, "name"), "\"exp\" \"main\" ");
    EXPECT_EQ(column(list, "head"), fmt::format("\"{0}\" \"{0}\" ", id));
    EXPECT_EQ(column(list, "keys"), ":3 :2 ");
    EXPECT_EQ(column(list, "current"), "#f #t ");
    pass(6);
    EXPECT_EQ(column(ask("BRANCH LIST"), "keys"), ":2 :2 ");  // one key's deadline has come
}

TEST_F(Branches, InfoTellsABranchsFigures) {
    say("SET a 1");
    say("SET a 2");
    auto info = ask("BRANCH INFO main");
    EXPECT_EQ(field(info, "head").kind, reply_kind::null);
    EXPECT_EQ(to_text(field(info, "uncommitted")), "#t");
    const auto id = commit();
    info = ask("BRANCH INFO main");
    EXPECT_EQ(field(info, "head").text, id);
    EXPECT_EQ(to_text(field(info, "uncommitted")), "#f");
    EXPECT_EQ(to_text(field(info, "keys")), ":1");
    EXPECT_EQ(field(info, "history_begin").number, field(info, "time").number);
    EXPECT_GT(field(info, "edits_in_place").number + field(info, "nodes_copied").number, 0);
}

TEST_F(Branches, ADeletedOneRefusesWhoeverUsesItByItsName) {
    say("BRANCH CREATE exp");
    say("BRANCH USE exp");
    say("SET k v");
    EXPECT_EQ(say("BRANCH DELETE exp"), "+OK");
    EXPECT_EQ(say("GET k"), "-ERR branch 'exp' was deleted; choose another with BRANCH USE");
    EXPECT_EQ(say("COMMIT"), "-ERR the branch 'exp' was deleted");
    EXPECT_EQ(say("BRANCH USE exp"), "-ERR no branch 'exp'");
    EXPECT_EQ(say("BRANCH USE main"), "+OK");
    EXPECT_EQ(say("GET k"), "nil");
}

TEST_F(Branches, RenamingKeepsItsUsers) {
    say("BRANCH CREATE exp");
    say("BRANCH USE exp");
    say("SET k v");
    EXPECT_EQ(say("BRANCH RENAME exp other"), "+OK");
    EXPECT_EQ(say("BRANCH CURRENT"), "\"other\"");
    EXPECT_EQ(say("GET k"), "\"v\"");
    EXPECT_EQ(say("BRANCH INFO exp"), "-ERR no branch 'exp'");
}

TEST_F(Branches, ErrorsSayWhatWasWrongAndWhatIsAccepted) {
    EXPECT_EQ(say("BRANCH CREATE -x"),
              "-ERR name '-x': expected 1 to 100 of A-Z a-z 0-9 . _ / -, not beginning with - or .");
    EXPECT_EQ(say("BRANCH CREATE main"), "-ERR the name 'main' is taken");
    EXPECT_EQ(say("BRANCH CREATE a FROM nowhere"), "-ERR no version 'nowhere': no branch, tag or commit is called so");
    EXPECT_EQ(say("BRANCH CREATE a WITH main"),
              "-ERR 'WITH' is not expected here: BRANCH CREATE name [FROM reference]");
    EXPECT_EQ(say("BRANCH DELETE main"), "-ERR the branch 'main' cannot be deleted");
    EXPECT_EQ(say("BRANCH RENAME main other"), "-ERR the branch 'main' cannot be renamed");
    EXPECT_EQ(say("BRANCH NOTHING"), "-ERR unknown subcommand 'NOTHING'. Try BRANCH HELP.");
    EXPECT_EQ(say("BRANCH DELETE"), "-ERR wrong number of arguments for 'branch|delete' command");
    EXPECT_EQ(say("ON exp GET k"), "-ERR no branch 'exp'");
    EXPECT_EQ(say("AT main~4 GET k"), "-ERR branch 'main' has no commit yet");
    EXPECT_EQ(say("AT main SET k v"), "-ERR AT takes commands that only read");
    EXPECT_EQ(say("COMMIT MESSAGE"), "-ERR a text is missing behind 'MESSAGE': COMMIT [MESSAGE text] [AUTHOR text]");
    EXPECT_EQ(say("COMMIT MESSAGE a MESSAGE b"),
              "-ERR 'MESSAGE' is not expected here: COMMIT [MESSAGE text] [AUTHOR text]");
    EXPECT_EQ(say("COMMIT now"), "-ERR 'now' is not expected here: COMMIT [MESSAGE text] [AUTHOR text]");
    EXPECT_EQ(say("TAG CREATE v1 main"), "-ERR 'main' is not a commit: COMMIT first");
    EXPECT_EQ(say("TAG CREATE -x"),
              "-ERR name '-x': expected 1 to 100 of A-Z a-z 0-9 . _ / -, not beginning with - or .");
    EXPECT_EQ(say("TAG DELETE v1"), "-ERR no tag 'v1'");
    EXPECT_EQ(say("REWIND main main~1"), "-ERR branch 'main' has no commit yet");
    EXPECT_EQ(say("REWIND nothing main"), "-ERR no branch 'nothing'");
    EXPECT_EQ(say("LOG main COUNT 0"), "-ERR COUNT '0' is not a number from 1 to 1000000");
    EXPECT_EQ(say("REFLOG main NUMBER 3"), "-ERR 'NUMBER' is not expected here: REFLOG branch [COUNT n]");
    EXPECT_EQ(say("STORE BACKUP here"), "-ERR 'here' is not an absolute path of a folder");
    EXPECT_EQ(say("BRANCH LIST"), say("BRANCH LIST"));  // and nothing has happened
    EXPECT_EQ(ask("BRANCH LIST").items.size(), 1U);
}

TEST_F(Branches, ACommitIsMadeByAChangeOnly) {
    say("SET k 1");
    const auto first = client_({"COMMIT", "MESSAGE", "the first", "AUTHOR", "ada"});
    EXPECT_EQ(first.size(), 42U);
    EXPECT_EQ(say("COMMIT MESSAGE again"), first);
    say("GET k");
    say("DEL nothing");
    EXPECT_EQ(say("COMMIT MESSAGE again"), first);
    say("SET k 2");
    EXPECT_NE(say("COMMIT"), first);
    EXPECT_EQ(say("AT main~1 GET k"), "\"1\"");
    EXPECT_EQ(say("AT " + first.substr(1, 8) + " GET k"), "\"1\"");
}

// Nobody tags what a branch does not say any more: the hint names the commit that can be.
TEST_F(Branches, ThatHaveChangedSinceTheirCommitAreNotTagged) {
    say("SET k 1");
    commit();
    say("BRANCH CREATE exp");
    say("BRANCH USE exp");
    EXPECT_EQ(say("TAG CREATE v1"), "+OK");
    say("SET k 2");
    EXPECT_EQ(say("TAG CREATE v2"), "-ERR 'exp' is not a commit: COMMIT first, or name one (exp~0)");
    pass(2);
    EXPECT_EQ(say("TAG CREATE v2 exp@-0s"), "-ERR 'exp@-0s' is not a commit: COMMIT first, or name one (exp~0)");
    EXPECT_EQ(say("TAG CREATE v1"), "-ERR the name 'v1' is taken");
    EXPECT_EQ(say("TAG CREATE v2 exp~0"), "+OK");
    EXPECT_EQ(say("TAG CREATE v3 main"), "+OK");
}

TEST_F(Branches, TagsNameCommits) {
    say("SET k 1");
    const auto id = commit();
    EXPECT_EQ(say("TAG CREATE v1"), "+OK");
    say("SET k 2");
    commit();
    EXPECT_EQ(say("TAG CREATE v0 main~1"), "+OK");
    EXPECT_EQ(say("AT v1 GET k"), "\"1\"");
    const auto list = ask("TAG LIST");
    EXPECT_EQ(column(list, "name"), "\"v0\" \"v1\" ");
    EXPECT_EQ(column(list, "id"), fmt::format("\"{0}\" \"{0}\" ", id));
    EXPECT_EQ(say("BRANCH CREATE v1"), "-ERR the name 'v1' is taken");
    EXPECT_EQ(say("TAG DELETE v1"), "+OK");
    EXPECT_EQ(say("AT v1 GET k"), "-ERR no version 'v1': no branch, tag or commit is called so");
}

TEST_F(Branches, LogTellsVersionsAndFromWhenOnTimeTravelReaches) {
    EXPECT_EQ(ask("LOG").items.size(), 0U);
    say("SET k 1");
    pass(2);
    say("SET k 2");
    client_({"COMMIT", "MESSAGE", "two", "AUTHOR", "ada"});
    pass(2);
    say("SET other 3");
    pass(2);
    const auto log = ask("LOG");
    EXPECT_EQ(column(log, "kind"), "\"point\" \"commit\" \"point\" \"begin\" ");
    EXPECT_EQ(column(log, "message"), "\"\" \"two\" \"\" \"time travel reaches back to here\" ");
    EXPECT_EQ(column(log, "author"), "\"\" \"ada\" \"\" \"\" ");
    EXPECT_EQ(column(ask("LOG main COMMITS"), "kind"), "\"commit\" \"begin\" ");
    EXPECT_EQ(column(ask("LOG COUNT 1"), "kind"), "\"point\" \"begin\" ");
    EXPECT_EQ(column(ask("LOG main~0"), "kind"), "\"commit\" ");
    EXPECT_EQ(column(ask("LOG SINCE -3s"), "kind"), "\"point\" \"begin\" ");
    EXPECT_EQ(column(ask("LOG UNTIL -3s"), "kind"), "\"commit\" \"point\" \"begin\" ");
    // Each id names its version.
    EXPECT_EQ(say("AT " + field(log.items[0], "id").text + " GET k"), "\"2\"");
    EXPECT_EQ(say("AT " + field(log.items[2], "id").text + " GET k"), "\"1\"");
    EXPECT_EQ(say("AT main@-1h GET k").substr(0, 22), "-ERR branch 'main' at ");
}

// As git log does; REFLOG tells the rest.
TEST_F(Branches, LogTellsTheCommitsThatABranchStandsOn) {
    const auto messages = [&](const std::string& line) { return column(ask(line), "message"); };
    const auto make = [&](const std::string& value, const std::string& message) {
        client_({"SET", "k", value});
        client_({"COMMIT", "MESSAGE", message});
        pass(2);
    };
    const std::string begin = "\"time travel reaches back to here\" ";
    make("1", "one");
    make("2", "two");
    const auto before_fork = client_.clock.time;
    say("BRANCH CREATE exp");
    EXPECT_EQ(messages("LOG exp COMMITS"), "\"two\" \"one\" ") << "inherited, before it has one of its own";
    pass(2);
    make("3", "three");
    const auto before_rewind = client_.clock.time;
    pass(2);
    EXPECT_EQ(say("REWIND main main~2"), "+OK");
    const auto rewound = client_.clock.time;
    pass(2);
    EXPECT_EQ(messages("LOG main COMMITS"), "\"one\" " + begin);
    EXPECT_EQ(messages("LOG main~0"), "\"one\" ");
    make("4", "four");
    EXPECT_EQ(messages("LOG main COMMITS"), "\"four\" \"one\" " + begin);
    EXPECT_EQ(messages("LOG main COMMITS UNTIL -3s"), "\"one\" " + begin);
    EXPECT_EQ(messages("LOG main COMMITS COUNT 1"), "\"four\" " + begin);
    EXPECT_EQ(messages("LOG exp COMMITS"), "\"two\" \"one\" ");
    // At a time: on what it stood on then.
    const auto at = [&](microseconds_utc time) { return "@" + format_time(time); };
    EXPECT_EQ(messages("LOG main" + at(before_fork) + " COMMITS"), "\"two\" \"one\" " + begin);
    EXPECT_EQ(messages("LOG main" + at(before_rewind) + " COMMITS"), "\"three\" \"two\" \"one\" " + begin);
    EXPECT_EQ(messages("LOG main" + at(rewound + 1'000'000) + " COMMITS"), "\"one\" " + begin);
    EXPECT_EQ(messages("LOG main@-0s COMMITS"), "\"four\" \"one\" " + begin);
    say("BRANCH USE exp");
    make("5", "five");
    EXPECT_EQ(messages("LOG COMMITS"), "\"five\" \"two\" \"one\" " + begin);
    EXPECT_EQ(messages("LOG COMMITS KEY k"), "\"five\" \"two\" \"one\" " + begin);
}

TEST_F(Branches, LogOfAKeyTellsTheVersionsInWhichItChanged) {
    say("SET k 1");
    pass(2);
    say("SET other 1");
    pass(2);
    say("SET k 2");
    client_({"COMMIT", "MESSAGE", "two"});
    pass(2);
    say("SET other 2");
    client_({"COMMIT", "MESSAGE", "three"});
    say("DEL k");
    pass(2);
    EXPECT_EQ(column(ask("LOG"), "kind"), "\"point\" \"commit\" \"commit\" \"point\" \"point\" \"begin\" ");
    EXPECT_EQ(column(ask("LOG KEY k"), "kind"), "\"point\" \"commit\" \"point\" \"begin\" ");
    EXPECT_EQ(column(ask("LOG KEY k"), "message").substr(0, 9), "\"\" \"two\" ");
    EXPECT_EQ(column(ask("LOG KEY k COUNT 1"), "kind"), "\"point\" \"begin\" ");
    EXPECT_EQ(column(ask("LOG main~0 KEY k"), "message"), "\"two\" ");
    EXPECT_EQ(column(ask("LOG KEY k DB 1"), "kind"), "\"begin\" ");
    EXPECT_EQ(column(ask("LOG KEY nothing"), "kind"), "\"begin\" ");
}

TEST_F(Branches, RewindMovesABranchAndItsReflogLeadsBack) {
    say("SET k 1");
    const auto id = commit();
    say("SET k 2");
    say("WATCH k");
    EXPECT_EQ(say("REWIND main main~0"), "+OK");
    EXPECT_EQ(say("GET k"), "\"1\"");
    say("MULTI");
    say("PING");
    EXPECT_EQ(say("EXEC"), "nil*");  // the watched key was touched
    const auto log = ask("REFLOG main");
    ASSERT_EQ(log.items.size(), 1U);
    EXPECT_EQ(field(log.items[0], "action").text, "rewind to main~0");
    EXPECT_EQ(field(log.items[0], "to").text, id);
    EXPECT_EQ(say("REWIND main " + field(log.items[0], "from").text), "+OK");
    EXPECT_EQ(say("GET k"), "\"2\"");
    EXPECT_EQ(ask("REFLOG main COUNT 1").items.size(), 1U);
    EXPECT_EQ(ask("REFLOG main").items.size(), 2U);
}

TEST_F(Branches, WholeVersionsAreNotMovedInsideMulti) {
    say("MULTI");
    EXPECT_EQ(say("COMMIT"), "-ERR Command not allowed inside a transaction");
    EXPECT_EQ(say("EXEC"), "-EXECABORT Transaction discarded because of previous errors.");
    say("MULTI");
    say("ON main COMMIT");
    say("BRANCH CURRENT");
    EXPECT_EQ(say("EXEC"), "[-ERR this cannot run inside MULTI: it takes or moves a whole version, \"main\"]");
}

TEST_F(Branches, TheStoreChecksAndCleansUpItself) {
    say("SET k v");
    const auto report = ask("STORE VERIFY");
    EXPECT_EQ(to_text(field(report, "sound")), "#t");
    EXPECT_EQ(field(report, "findings").items.size(), 0U);
    EXPECT_EQ(field(ask("STORE GC"), "nodes_retired").kind, reply_kind::integer);
    EXPECT_EQ(say("STORE BACKUP /tmp/x"), "-ERR a store in memory has nothing to back up");
}

TEST_F(Branches, OfResp2MapsAreFlatAndTruthsAreNumbers) {
    // The sink says so: a command announces a map and truths, and RESP2's sink makes of them what RESP2 has.
    client_.set_protocol(2);
    const auto list = ask("BRANCH LIST");
    ASSERT_EQ(list.items.size(), 1U);
    EXPECT_EQ(list.items[0].items.size(), 10U);
}

TEST_F(Branches, WhatAReferenceMeansIsAsOfThen) {
    say("SET soon 1 PX 3000");
    say("SET stays 1");
    pass(2);
    EXPECT_EQ(say("AT main EXISTS soon"), ":1");
    pass(2);
    EXPECT_EQ(say("AT main EXISTS soon"), ":0");  // written, but its deadline has come
    EXPECT_EQ(say("AT main@-2s EXISTS soon"), ":1");
    EXPECT_EQ(say("AT main@-500ms EXISTS soon"), ":0");
    EXPECT_EQ(say("AT main@-0.5s EXISTS soon"), ":0");
    EXPECT_EQ(say("AT main@yesterday GET k"),
              "-ERR time 'yesterday': expected -5m, -1h30m, 2026-11-20T10:00:00Z or "
              "seconds since 1970");
}

}  // namespace
}  // namespace coppice
