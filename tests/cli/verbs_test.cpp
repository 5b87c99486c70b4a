#include <algorithm>
#include <nlohmann/json.hpp>

#include <cli/reply_view.hpp>

#include <gtest/gtest.h>

#include "cli/program_run.hpp"

namespace coppice::cli::testing {
namespace {

using json = nlohmann::json;

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }
#define EXPECT_HAS(text, part) EXPECT_TRUE(has(text, part)) << text

// Wrong usage leaves with 2 and says where the help is; a failure leaves with 1.
TEST(Program, TellsWrongUsageFromFailure) {
    program run;
    for (const std::vector<std::string>& wrong : {std::vector<std::string>{"nothing-such"},
                                                  {"get"},
                                                  {"get", "a", "b", "c"},
                                                  {"get", "--what", "a"},
                                                  {"exec"},
                                                  {"at", "main"},
                                                  {"ls", "-n", "many"},
                                                  {"import", "x.unknown"},
                                                  {"import", "-"},
                                                  {"completion", "fish"},
                                                  {"branch", "-d"},
                                                  {"use", "-c"},
                                                  {"serve", "--port", "x"},
                                                  {"serve", "--lonely"},
                                                  {"export", "x", "--format", "xml"},
                                                  {"import", "a.csv", "--delimiter", "ab"},
                                                  {"ls", "--store"}}) {
        const auto got = run.run(wrong);
        EXPECT_EQ(got.code, 2) << wrong[0];
        EXPECT_HAS(got.err, "--help");
        EXPECT_EQ(got.out, "");
    }
    EXPECT_EQ(run.run({}).code, 2);
    EXPECT_HAS(run.run({"statsu"}).err, "did you mean `coppice status`");
    EXPECT_EQ(run.run({"get", "missing"}).code, 1);
    EXPECT_EQ(run.run({"import", run.folder.file("missing.json")}).code, 1);
    run.store.fail_after = 0;
    EXPECT_EQ(run.run({"ls"}).code, 1);
}

TEST(Program, HelpsWithEveryVerb) {
    program run;
    const auto all = run.run({"--help"});
    EXPECT_EQ(all.code, 0);
    for (const auto& each : all_verbs()) {
        EXPECT_HAS(all.out, std::string(each.name));
        for (const auto& got :
             {run.run({std::string(each.name), "--help"}), run.run({"help", std::string(each.name)})}) {
            EXPECT_EQ(got.code, 0) << each.name;
            EXPECT_HAS(got.out, "Examples:");
            for (const auto& row : each.options) {
                EXPECT_HAS(got.out, std::string(row.names.substr(row.names.rfind('-'))));
            }
            EXPECT_FALSE(has(got.out, "\x1b")) << each.name;
        }
    }
    for (const auto* name :
         {"serve",  "status", "branch", "commit", "log",  "diff",   "tag",    "use", "at",   "import",
          "export", "get",    "set",    "ls",     "exec", "verify", "backup", "gc",  "info", "completion"}) {
        EXPECT_NE(find_verb(name), nullptr) << name;
    }
    EXPECT_HAS(run.run({"--version"}).out, "coppice ");
    run.terminal = true;
    EXPECT_HAS(run.run({"--help"}).out, "\x1b[1m");
    run.variables["NO_COLOR"] = "1";
    EXPECT_FALSE(has(run.run({"--help"}).out, "\x1b"));
}

TEST(Program, ErrorsAreJsonForPrograms) {
    program run;
    const auto got = run.run({"get", "missing", "--json"});
    EXPECT_EQ(got.code, 1);
    EXPECT_EQ(json::parse(got.err)["error"]["code"], "not_found");
    EXPECT_EQ(json::parse(run.run({"get", "--json"}).err)["error"]["code"], "invalid");
}

// --branch, then COPPICE_BRANCH, then the URL, then what `use` kept for this store.
TEST(Branch, IsChosenByTheNearest) {
    program run;
    for (const auto* name : {"one", "two", "three", "four"}) {
        run.store.canned[std::string("BRANCH USE ") + name] = status_reply("OK");
        run.store.canned[std::string("BRANCH INFO ") + name] = make_map({{"name", make_text(name)}});
    }
    const auto used = [&](const std::vector<std::string>& arguments) {
        run.store.log.clear();
        const auto got = run.run(arguments);
        EXPECT_EQ(got.code, 0) << got.err;
        const auto found = std::find_if(run.store.log.begin(), run.store.log.end(),
                                        [](const auto& each) { return each.starts_with("BRANCH USE"); });
        return found == run.store.log.end() ? "" : found->substr(11);
    };
    EXPECT_EQ(used({"set", "k", "v"}), "");
    EXPECT_EQ(run.run({"use", "four"}).code, 0);
    EXPECT_EQ(used({"get", "k"}), "four");
    EXPECT_EQ(used({"get", "k", "--store", "coppice://h/three"}), "three");
    EXPECT_EQ(used({"get", "k", "--store", "elsewhere"}), "");  // remembered for one store only
    run.variables["COPPICE_BRANCH"] = "two";
    EXPECT_EQ(used({"get", "k"}), "two");
    EXPECT_EQ(used({"--branch", "one", "get", "k"}), "one");
    EXPECT_EQ(used({"get", "k", "--branch=one"}), "one");
    run.variables.erase("COPPICE_BRANCH");
    EXPECT_EQ(run.run({"use"}).out, "four\n");
    EXPECT_EQ(json::parse(run.run({"use", "--json"}).out)["branch"], "four");
    EXPECT_EQ(run.run({"use", "--forget"}).code, 0);
    EXPECT_EQ(used({"get", "k"}), "");
}

// A branch that is gone is named together with where its name came from, and `use` still works.
TEST(Branch, ThatIsGoneCanBeLeft) {
    program run;
    run.store.canned["BRANCH INFO a"] = make_map({});
    run.store.canned["BRANCH INFO b"] = make_map({});
    run.store.canned["BRANCH USE a"] = error_reply("ERR no branch 'a'");
    ASSERT_EQ(run.run({"use", "a"}).code, 0);
    const auto got = run.run({"ls"});
    EXPECT_EQ(got.code, 1);
    EXPECT_HAS(got.err, "comes from coppice use");
    EXPECT_EQ(run.run({"use", "b"}).code, 0);
    EXPECT_HAS(run.run({"use", "unknown"}).err, "use --create unknown");
}

// Deleting or renaming the branch in use changes what `use` remembers; verbs of the whole store need no branch.
TEST(Branch, InUseIsFollowed) {
    program run;
    run.store.canned["BRANCH INFO a"] = make_map({});
    run.store.canned["BRANCH USE a"] = error_reply("ERR no branch 'a'");
    run.store.canned["BRANCH RENAME a b"] = status_reply("OK");
    run.store.canned["BRANCH DELETE c"] = status_reply("OK");
    run.store.canned["BRANCH DELETE b"] = status_reply("OK");
    run.store.canned["BRANCH LIST"] = make_list({});
    run.store.canned["STORE GC"] = status_reply("OK");
    run.store.canned["STORE BACKUP /b"] = status_reply("OK");
    run.store.canned["INFO"] = make_text("# Server\r\nport:5000\r\n");
    ASSERT_EQ(run.run({"use", "a"}).code, 0);
    EXPECT_EQ(run.run({"branch"}).code, 0);
    EXPECT_EQ(run.run({"gc"}).code, 0);
    EXPECT_EQ(run.run({"backup", "/b"}).code, 0);
    const auto info = run.run({"info"});
    EXPECT_EQ(info.code, 0);
    EXPECT_HAS(info.err, "no branch 'a'");
    EXPECT_EQ(run.run({"info", "--branch", "a"}).code, 1) << "a branch that was asked for";
    ASSERT_EQ(run.run({"branch", "-m", "a", "b"}).code, 0);
    EXPECT_EQ(run.run({"use"}).out, "b\n");
    ASSERT_EQ(run.run({"branch", "-d", "c"}).code, 0);
    EXPECT_EQ(run.run({"use"}).out, "b\n");
    ASSERT_EQ(run.run({"branch", "-d", "b"}).code, 0);
    EXPECT_HAS(run.run({"use"}).out, "no branch is remembered");
}

TEST(Versions, StatusComparesWithTheLastCommit) {
    program run;
    run.store.canned["BRANCH CURRENT"] = make_text("main");
    run.store.canned["BRANCH INFO main"] =
        make_map({{"name", make_text("main")}, {"head", make_text("0123456789abcdef")}, {"keys", make_number(1234)}});
    run.store.canned["DIFF 0123456789abcdef main SUMMARY"] =
        make_map({{"added", make_number(2)}, {"removed", make_number(0)}, {"changed", make_number(1)}});
    const auto got = run.run({"status"});
    EXPECT_HAS(got.out, "branch  main");
    EXPECT_HAS(got.out, "1,234");
    EXPECT_HAS(got.out, "2 added, 0 removed, 1 changed");
    EXPECT_EQ(json::parse(run.run({"status", "--json"}).out)["added"], 2);
    run.store.canned["BRANCH INFO main"] = make_map({{"head", make_text("")}});
    EXPECT_HAS(run.run({"status"}).out, "none yet");
}

TEST(Versions, BranchesAndTagsAreListedAndChanged) {
    program run;
    run.store.canned["BRANCH CURRENT"] = make_text("main");
    run.store.canned["BRANCH LIST"] = make_list({make_map({{"name", make_text("exp")},
                                                           {"head", make_text("")},
                                                           {"keys", make_number(5)},
                                                           {"current", make_truth(false)}}),
                                                 make_map({{"name", make_text("main")},
                                                           {"head", make_text("abcdef0123456789")},
                                                           {"time", make_number(1'795'255'200'000'000)}})});
    EXPECT_EQ(run.run({"branch"}).out,
              "   BRANCH  COMMIT      TIME                     KEYS\n"
              "   exp                                             5\n"
              "*  main    abcdef0123  2026-11-21 10:00:00 UTC     0\n");
    EXPECT_EQ(run.run({"branch", "--names"}).out, "exp\nmain\n");
    EXPECT_EQ(json::parse(run.run({"branch", "--json"}).out)[0]["keys"], 5);
    for (const auto* command : {"BRANCH CREATE new", "BRANCH CREATE new FROM main@-1h", "BRANCH DELETE new",
                                "BRANCH RENAME old new", "TAG CREATE v1", "TAG CREATE v1 main~2", "TAG DELETE v1"}) {
        run.store.canned[command] = status_reply("OK");
    }
    for (const std::vector<std::string>& good : {std::vector<std::string>{"branch", "new"},
                                                 {"branch", "new", "main@-1h"},
                                                 {"branch", "-d", "new"},
                                                 {"branch", "-m", "old", "new"},
                                                 {"tag", "v1"},
                                                 {"tag", "v1", "main~2"},
                                                 {"tag", "-d", "v1"}}) {
        EXPECT_EQ(run.run(good).code, 0) << good[0] << ' ' << good[1];
    }
    run.store.canned["TAG LIST"] = make_list({make_map({{"name", make_text("v1")}, {"id", make_text("abc")}})});
    EXPECT_HAS(run.run({"tag"}).out, "v1   abc");
}

TEST(Versions, EmptyListsSayWhatToDo) {
    program run;
    run.store.canned["TAG LIST"] = make_list({});
    EXPECT_EQ(run.run({"tag"}).out, "no tags yet; `coppice commit`, then `coppice tag NAME` name what there is\n");
    EXPECT_EQ(run.run({"tag", "--json"}).out, "[]\n");
    run.store.canned["BRANCH CURRENT"] = make_text("main");
    run.store.canned["REFLOG main"] = make_list({});
    EXPECT_EQ(run.run({"reflog"}).out, "nothing yet: the branch main was never moved\n");
    run.store.canned["INFO nosuch"] = make_text("");
    const auto section = run.run({"info", "nosuch"});
    EXPECT_EQ(section.code, 1);
    EXPECT_HAS(section.err, "there is no section 'nosuch'");
}

TEST(Versions, CommitSaysWhetherItIsNew) {
    program run;
    run.store.canned["BRANCH CURRENT"] = make_text("main");
    run.store.canned["BRANCH INFO main"] = make_map({{"head", make_text("aaa")}});
    run.store.canned["COMMIT MESSAGE first words AUTHOR ada"] = make_text("bbb");
    run.store.canned["COMMIT AUTHOR ada"] = make_text("aaa");
    run.variables["USER"] = "ada";
    EXPECT_EQ(run.run({"commit", "-m", "first words"}).out, "committed bbb\n");
    EXPECT_EQ(run.run({"commit"}).out, "nothing changed since aaa\n");
    EXPECT_EQ(json::parse(run.run({"commit", "--json"}).out), (json{{"id", "aaa"}, {"new", false}}));
}

TEST(Versions, LogLeavesOutRestorePoints) {
    program run;
    const auto one = make_map(
        {{"id", make_text("1111111111111")}, {"kind", make_text("commit")}, {"message", make_text("one\nmore")}});
    const auto point = make_map({{"id", make_text("main@1763632800")}, {"kind", make_text("point")}});
    const auto begin = make_map({{"time", make_number(1'763'632'800'000'000)}, {"kind", make_text("begin")}});
    run.store.canned["LOG COMMITS COUNT 1000000"] = make_list({one});
    run.store.canned["LOG"] = make_list({one, point, begin});
    run.store.canned["LOG exp KEY k SINCE -1h COMMITS COUNT 1000000"] = make_list({begin});
    const auto got = run.run({"log"});
    EXPECT_HAS(got.out, "1111111111 ");
    EXPECT_FALSE(has(got.out, "restore point"));
    EXPECT_FALSE(has(got.out, "more"));
    EXPECT_HAS(run.run({"log", "--points"}).out, "restore point");
    EXPECT_HAS(run.run({"log", "--points"}).out, "time travel reaches back to 2025-11-20");
    EXPECT_EQ(json::parse(run.run({"log", "--json"}).out).size(), 1);
    EXPECT_HAS(run.run({"log", "exp", "--key", "k", "--since", "-1h"}).out, "no commits yet");
}

// As git log: nothing, but for what is wrong with the question.
TEST(Versions, NoneOfTheLogIsNothing) {
    program run;
    const auto one = make_map({{"id", make_text("1111111111111")}, {"kind", make_text("commit")}});
    run.store.canned["BRANCH CURRENT"] = make_text("main");
    run.store.canned["LOG COMMITS COUNT 1"] = make_list({one});
    run.store.canned["REFLOG main COUNT 1"] = make_list({one});
    for (const auto* verb : {"log", "reflog"}) {
        const auto got = run.run({verb, "-n", "0"});
        EXPECT_EQ(got.code, 0) << got.err;
        EXPECT_EQ(got.out, "");
        EXPECT_EQ(run.run({verb, "-n", "0", "--json"}).out, "[]\n");
        EXPECT_EQ(run.run({verb, "-n", "x"}).code, 2);
    }
    EXPECT_EQ(run.run({"log", "nosuch", "-n", "0"}).code, 1);
}

TEST(Versions, DiffReadsAllPages) {
    program run;
    const auto change = [](std::string_view key, std::string_view kind, std::vector<reply_value> parts) {
        return make_map({{"db", make_number(0)},
                         {"key", make_text(key)},
                         {"kind", make_text(kind)},
                         {"type", make_text("hash")},
                         {"parts", make_list(std::move(parts))}});
    };
    run.store.canned["DIFF a b MATCH k*"] =
        make_map({{"changes", make_list({change("k1", "added", {})})}, {"cursor", make_text("7")}});
    run.store.canned["DIFF a b MATCH k* CURSOR 7"] =
        make_map({{"changes", make_list({change("k2", "changed",
                                                {make_map({{"kind", make_text("changed")},
                                                           {"at", make_text("f")},
                                                           {"old", make_text("1")},
                                                           {"new", make_text("2")}})})})},
                  {"cursor", make_text("0")}});
    EXPECT_EQ(run.run({"diff", "a", "b", "--match", "k*"}).out, "+ k1 hash\n~ k2 hash\n    ~ f: 1 -> 2\n");
    EXPECT_EQ(json::parse(run.run({"diff", "a", "b", "--match", "k*", "--json"}).out)["changes"].size(), 2);
    run.store.canned["BRANCH CURRENT"] = make_text("main");
    run.store.canned["BRANCH INFO main"] = make_map({{"head", make_text("")}});
    EXPECT_EQ(run.run({"diff"}).code, 1);
    run.store.canned["BRANCH INFO main"] = make_map({{"head", make_text("abc")}});
    run.store.canned["DIFF abc main"] = make_map({{"changes", make_list({})}, {"cursor", make_text("0")}});
    EXPECT_EQ(run.run({"diff"}).out, "no difference\n");
}

TEST(Data, CommandsArePassedOnAsTheyAre) {
    program run;
    run.store.canned["AT main@-5m get --json"] = make_text("old");
    EXPECT_EQ(run.run({"at", "main@-5m", "get", "--json"}).out, "old\n");
    EXPECT_EQ(run.run({"exec", "SET", "k", "-1"}).out, "OK\n");
    EXPECT_EQ(run.run({"exec", "--json", "GET", "k"}).out, "\"-1\"\n");
    const auto refused = run.run({"exec", "NOSUCH"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_HAS(refused.err, "unknown command 'NOSUCH'");
    EXPECT_FALSE(has(refused.err, "passed on")) << refused.err;
}

TEST(Data, GetSetAndList) {
    program run;
    EXPECT_EQ(run.run({"set", "s", "hello"}).code, 0);
    EXPECT_EQ(run.run({"set", "n", "--", "-5"}).code, 0);
    EXPECT_EQ(run.run({"set", "h", "Ada", "--field", "name"}).code, 0);
    run.input = std::string("from\0stdin", 10);
    EXPECT_EQ(run.run({"set", "i", "-"}).code, 0);
    EXPECT_EQ(run.store.keys["i"].text, run.input);
    EXPECT_EQ(run.run({"get", "s"}).out, "hello\n");
    EXPECT_EQ(run.run({"get", "h"}).out, "name: \"Ada\"\n");
    EXPECT_EQ(run.run({"get", "h", "--json"}).out, "{\"name\":\"Ada\"}\n");
    EXPECT_EQ(run.run({"get", "h", "name"}).out, "Ada\n");
    EXPECT_EQ(run.run({"get", "h", "age"}).code, 1);
    const auto whole = run.run({"get", "s", "name"});
    EXPECT_EQ(whole.code, 1);
    EXPECT_HAS(whole.err, "'s' is a string: only a hash has fields");
    EXPECT_EQ(run.run({"ls", "--type", "zset"}).code, 2);
    EXPECT_EQ(run.run({"set", "s", "x", "--ttl", "0"}).code, 2);
    EXPECT_EQ(run.run({"ls"}).out,
              "TYPE      LENGTH  KEY\n"
              "hash           1  h\n"
              "string        10  i\n"
              "string         2  n\n"
              "string         5  s\n");
    for (int key = 0; key < 20; ++key) { run.store.keys["many:" + std::to_string(key)] = {"string", "x", {}}; }
    const auto names = run.run({"ls", "many:*", "--names"}).out;
    EXPECT_EQ(std::count(names.begin(), names.end(), '\n'), 20);
    EXPECT_EQ(json::parse(run.run({"ls", "many:*", "-n", "9", "--json"}).out).size(), 9);
    EXPECT_EQ(json::parse(run.run({"ls", "none*", "--json"}).out).size(), 0);
    EXPECT_EQ(run.run({"ls", "none*"}).out, "no keys\n");
}

TEST(Store, VerifyLeavesWithOneIfAnythingIsDamaged) {
    program run;
    run.store.canned["STORE VERIFY"] =
        make_map({{"nodes", make_number(12345)}, {"bytes", make_number(2'000'000)}, {"findings", make_list({})}});
    const auto sound = run.run({"verify"});
    EXPECT_EQ(sound.code, 0);
    EXPECT_HAS(sound.out, "12,345");
    EXPECT_HAS(sound.out, "2.0 MB");
    run.store.canned["STORE VERIFY"] = make_map({{"findings", make_list({make_text("node 812: checksum")})}});
    const auto damaged = run.run({"verify"});
    EXPECT_EQ(damaged.code, 1);
    EXPECT_HAS(damaged.out, "damaged: node 812: checksum");
}

TEST(Store, BackupSendsAnAbsoluteFolder) {
    program run;
    EXPECT_EQ(run.run({"backup", "/x/../backup"}).code, 1);  // nothing canned: refused by the server
    EXPECT_EQ(run.store.log.back(), "STORE BACKUP /backup");
    run.store.canned["INFO"] = make_text("# Server\r\nport:5000\r\n\r\n# COW\r\nnodes:3\r\n");
    EXPECT_EQ(json::parse(run.run({"info", "--json"}).out)["COW"]["nodes"], "3");
    EXPECT_HAS(run.run({"info"}).out, "port  5000");
}

TEST(Serve, CollectsSettings) {
    program run;
    ASSERT_EQ(run.run({"serve", "data", "--port", "7000", "--maxclients", "5", "--save="}).code, 0);
    EXPECT_EQ(run.served.folder, "data");
    using settings = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(run.served.settings, (settings{{"maxclients", "5"}, {"save", ""}, {"port", "7000"}}));
    ASSERT_EQ(run.run({"serve", "--config", "c.conf", "--dir", "/var/lib/x"}).code, 0);
    EXPECT_EQ(run.served.folder, "/var/lib/x");
    EXPECT_EQ(run.served.config_file, "c.conf");
    ASSERT_EQ(run.run({"serve"}).code, 0);
    EXPECT_EQ(run.served.folder, "./coppice-data");
    ASSERT_EQ(run.run({"serve", "--maxclients", "5", "--port", "7000", "data", "--history-budget", "1gb"}).code, 0);
    EXPECT_EQ(run.served.folder, "data") << "a setting's value is not the folder";
    EXPECT_EQ(run.served.settings, (settings{{"maxclients", "5"}, {"history-budget", "1gb"}, {"port", "7000"}}));
}

TEST(Serve, ASettingThatIsNoneIsWrongUsage) {
    program run;
    for (const auto& words : {std::vector<std::string>{"serve", "--nosuch", "1"}, {"serve", "--maxmemory", "1q"}}) {
        const auto got = run.run(words);
        EXPECT_EQ(got.code, 2) << words[1];
        EXPECT_HAS(got.err, words[1].substr(2));
        EXPECT_HAS(got.err, "; see `coppice serve --help`");
    }
}

TEST(Set, AFieldIsGivenByItsOption) {
    program run;
    const auto got = run.run({"set", "countries:FR", "name", "France"});
    EXPECT_EQ(got.code, 2);
    EXPECT_HAS(got.err, "`coppice set KEY VALUE --field NAME` sets a field of a hash");
}

TEST(Status, OfAServerThatHasNoBranchesSaysSo) {
    program run;
    run.store.canned["BRANCH CURRENT"] =
        error_reply("ERR unknown command 'BRANCH', with args beginning with: 'CURRENT' ");
    run.store.canned["COMMIT MESSAGE m"] = error_reply("ERR unknown command `COMMIT`");
    for (const auto& words : {std::vector<std::string>{"status"}, {"commit", "-m", "m"}}) {
        const auto got = run.run(words);
        EXPECT_EQ(got.code, 1) << words[0];
        EXPECT_HAS(got.err, "this server has no branches");
        EXPECT_EQ(got.err.find("unknown"), std::string::npos) << got.err;
    }
}

TEST(Import, CountsWhatIsNoFile) {
    program run;
    for (const char* name : {"a", "b"}) {
        std::filesystem::create_directories(run.folder.file("site"));
        std::filesystem::create_symlink("nowhere", run.folder.file("site/") + name);
    }
    EXPECT_HAS(run.run({"import", run.folder.file("site"), "x"}).err, "2 entries skipped that are no files");
}

TEST(Import, SaysWhatWasReplacedAndWhatOccursTwice) {
    program run;
    const auto file = run.folder.write("d.json", R"([{"id":"a","n":1,"n":2},{"id":"a","n":3}])");
    const auto got = run.run({"import", file, "x", "--id", "id", "--json"});
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_HAS(got.err, "d.json:1:20: n");
    // Both entries are one key: the last stays. The first DEL found nothing, the second the first's key.
    EXPECT_EQ(json::parse(got.out)["replaced"], 1);
    EXPECT_EQ(run.run({"get", "x:a", "n"}).out, "3\n");
    // Another way to name entries would mix two imports.
    const auto refused = run.run({"import", file, "x"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_HAS(refused.err, "--replace");
    EXPECT_EQ(run.run({"import", file, "x", "--replace"}).code, 0);
    EXPECT_FALSE(run.store.keys.contains("x:a"));
    EXPECT_TRUE(run.store.keys.contains("x:1"));
}

TEST(Import, SaysWhichIdsOccurTwice) {
    program run;
    const auto file = run.folder.write("d.csv", "id,n\na,1\na,2\nb,3\n");
    EXPECT_HAS(run.run({"import", file, "--id", "id"}).out,
               "1 document replaced an earlier one of the same id or a key");
    EXPECT_HAS(run.run({"import", file, "--id", "id"}).out, "replaced 3 keys that were there");
    EXPECT_HAS(run.run({"import", file, "--id", "id", "--replace"}).out,
               "1 document replaced an earlier one of the same id, the first d:a\n");
}

TEST(Import, SaysWhatABrokenReplacementRemoved) {
    program run;
    const auto good = run.folder.write("good.json", "[{\"id\":1},{\"id\":2}]");
    const auto bad = run.folder.write("bad.json", "[{\"id\":3},");
    EXPECT_EQ(run.run({"import", bad, "x", "--replace"}).err.find("removed"), std::string::npos);
    ASSERT_EQ(run.run({"import", good, "x", "--replace"}).code, 0);
    run.store.canned["BRANCH CURRENT"] = make_text("exp");
    run.store.canned["TIME"] = make_list({make_text("1795272731"), make_text("927")});
    const auto got = run.run({"import", bad, "x", "--replace"});
    EXPECT_EQ(got.code, 1);
    EXPECT_HAS(got.err,
               "--replace has removed the 2 keys that were under x:; "
               "`coppice exec REWIND exp exp@1795272731.000927`");
    run.store.canned.clear();
    EXPECT_HAS(run.run({"import", bad, "x", "--replace"}).err, "removed the key that was under x:)");
}

// Keys of a server keep their names: what names documents is refused before anything is read.
TEST(Import, OfAServerTakesNoPrefix) {
    program run;
    const auto refused = run.run({"import", "redis://h:1", "x"});
    EXPECT_EQ(refused.code, 2);
    EXPECT_HAS(refused.err, "PREFIX is not for them");
    EXPECT_HAS(run.run({"import", "redis://h:1", "--replace"}).err, "--replace is not for them");
    EXPECT_TRUE(run.opened.empty());
}

TEST(Import, ErrorsNameThePlaceAndWhatIsThere) {
    program run;
    const auto file = run.folder.write("d.json", "[{\"id\": 1},\n {\"id\": null}]");
    const auto got = run.run({"import", file, "x", "--id", "id"});
    EXPECT_EQ(got.code, 1);
    EXPECT_HAS(got.err, "d.json:2:2: document 2 has no string or number in 'id'");
    EXPECT_HAS(got.err, "the document before it is imported");
    EXPECT_TRUE(run.store.keys.contains("x:1"));
    EXPECT_EQ(run.run({"export", "x", "--format", "ndjson"}).out, "{\"id\":1}\n");
}

// At whatever command the connection breaks: an error, no crash, and a second try is whole.
TEST(Import, CanBeTriedAgainAfterAnyBreak) {
    const std::string text = R"([{"id":"a","n":1},{"id":"b","n":"2"},{"id":"c","t":["x"]}])";
    for (std::size_t step = 0;; ++step) {
        program run;
        const auto file = run.folder.write("d.json", text);
        run.store.fail_after = step;
        const auto first = run.run({"import", file, "--id", "id"});
        const bool is_done = first.code == 0;
        run.store.fail_after = SIZE_MAX;
        ASSERT_EQ(run.run({"import", file, "--id", "id"}).code, 0);
        auto got = json::parse(run.run({"export", "d"}).out);
        std::sort(got.begin(), got.end(), [](const json& one, const json& other) { return one["id"] < other["id"]; });
        EXPECT_EQ(got, json::parse(text)) << step;
        if (is_done) { break; }
    }
}

TEST(Export, WritesWholeFilesOnly) {
    program run;
    const auto file = run.folder.write("d.json", R"([{"a":1},[2]])");
    ASSERT_EQ(run.run({"import", file}).code, 0);
    const auto target = run.folder.write("out.csv", "before");
    EXPECT_EQ(run.run({"export", "d", target}).code, 1);  // an array is no row
    EXPECT_EQ(bytes_of(target), "before");
    EXPECT_EQ(run.run({"export", "d", run.folder.file("out.json")}).code, 0);
    EXPECT_EQ(json::parse(bytes_of(run.folder.file("out.json"))), json::parse(R"([{"a":1},[2]])"));
    EXPECT_EQ(json::parse(run.run({"export", "d", "--path", "x.y"}).out), json::parse(R"({"x":{"y":[{"a":1},[2]]}})"));
}

TEST(Completion, IsBashAndKnowsEveryVerb) {
    program run;
    const auto got = run.run({"completion", "bash"});
    ASSERT_EQ(got.code, 0);
    for (const auto& each : all_verbs()) { EXPECT_HAS(got.out, std::string(each.name)); }
    const auto script = run.folder.write("completion", got.out);
    const auto complete = [&](const std::string& words) {
        const auto command = "bash -c '. " + script + "; COMP_WORDS=(coppice " + words
                             + "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _coppice; echo \"${COMPREPLY[*]}\"' > "
                             + run.folder.file("said") + " 2>&1";
        EXPECT_EQ(std::system(command.c_str()), 0);  // NOLINT(concurrency-mt-unsafe)
        return bytes_of(run.folder.file("said"));
    };
    EXPECT_EQ(complete("sta"), "status\n");
    EXPECT_EQ(complete("--json exp"), "export\n");
    EXPECT_EQ(complete("commit --mes"), "--message\n");
    EXPECT_EQ(complete("help comp"), "\n");
}

}  // namespace
}  // namespace coppice::cli::testing
