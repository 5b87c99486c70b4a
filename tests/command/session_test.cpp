// What a session may rely on: time, MULTI and WATCH, scans, users with branches, pages that have to be loaded.
#include <set>
#include <tuple>

#include <fmt/format.h>

#include <command/parse.hpp>
#include <storage/sim_storage.hpp>
#include <support/memory_client.hpp>
#include <support/seeds.hpp>

#include <gtest/gtest.h>

namespace coppice {
namespace {

using testing::for_each_seed;
using testing::memory_client;
using testing::reply_value;
using testing::to_text;

constexpr microseconds_utc second = 1'000'000;

// Another client of the same store, as a server has several.
class other_client {
public:
    explicit other_client(memory_client& beside)
        : session_(beside.host, 2, *beside.store().branch("main")), host_(beside.host), sink_(3) {}
    std::string operator()(std::string_view line) {
        const auto words = testing::words_of(line);
        const std::vector<std::string_view> given(words.begin(), words.end());
        run_request(host_, session_, sink_, given);
        return to_text(sink_.take());
    }

private:
    command_session session_;
    command_host& host_;
    testing::collected_reply sink_;
};

TEST(Expiry, IsAComparisonWithNow) {
    memory_client client;
    client("SET a 1 EX 10");
    client("RPUSH l x y");
    client("EXPIRE l 10");
    EXPECT_EQ(client("TTL a"), ":10");
    client.clock.time += 10 * second - 1000;
    EXPECT_EQ(client("EXISTS a l"), ":2");
    client.clock.time += 1000;
    EXPECT_EQ(client("EXISTS a l"), ":0");
    EXPECT_EQ(client("DBSIZE"), ":0");
    EXPECT_EQ(client("KEYS *"), "[]");
    EXPECT_EQ(client("SCAN 0"), R"(["0", []])");
    EXPECT_EQ(client("RANDOMKEY"), "nil");
    EXPECT_EQ(client("TTL a"), ":-2");
    EXPECT_EQ(client("TYPE l"), "+none");
}

TEST(Expiry, SecondsAreRoundedHalfUpToTheLatestDeadline) {
    memory_client client;
    client("SET a 1 PXAT 9223372036854775807");
    EXPECT_EQ(client("EXPIRETIME a"), ":9223372036854776");
    EXPECT_EQ(client("PEXPIRETIME a"), ":9223372036854775807");
    client("PEXPIREAT a 9223372036854775499");
    EXPECT_EQ(client("EXPIRETIME a"), ":9223372036854775");
    client("PEXPIREAT a 9223372036854775500");
    EXPECT_EQ(client("EXPIRETIME a"), ":9223372036854776");
}

// A key whose time has come is not there: nothing of it shows in what is written under its name.
TEST(Expiry, WhatIsWrittenLaterIsNew) {
    memory_client client;
    for (const auto* line : {"SET a 5", "RPUSH l x y", "HSET h f v", "SADD s m", "SET b 1", "SET c 1", "SET d old"}) {
        client(line);
    }
    for (const auto* key : {"a", "l", "h", "s", "b", "c", "d"}) { client(std::string("EXPIRE ") + key + " 1"); }
    client.clock.time += 2 * second;
    EXPECT_EQ(client("INCR a"), ":1");
    EXPECT_EQ(client("TTL a"), ":-1");
    EXPECT_EQ(client("RPUSH l z"), ":1");
    EXPECT_EQ(client("HSET h g w"), ":1");
    EXPECT_EQ(client("HGETALL h"), R"({"g": "w"})");
    EXPECT_EQ(client("SADD s n"), ":1");
    EXPECT_EQ(client("SCARD s"), ":1");
    EXPECT_EQ(client("DEL b"), ":0");
    EXPECT_EQ(client("SETNX c 2"), ":1");
    EXPECT_EQ(client("APPEND d new"), ":3");
    for (const auto* key : {"a", "l", "h", "s", "c", "d"}) {
        EXPECT_EQ(client(std::string("TTL ") + key), ":-1") << key;
    }
    EXPECT_EQ(client("DBSIZE"), ":6");
}

TEST(Transactions, AreAllOrNothingButForACommandsOwnError) {
    memory_client client;
    client("MULTI");
    client("SET a 1");
    client("LPUSH a x");
    client("INCR a");
    EXPECT_EQ(client("EXEC"), "[+OK, -WRONGTYPE Operation against a key holding the wrong kind of value, :2]");
    client("MULTI");
    client("NOSUCH");
    client("SET a 9");
    EXPECT_EQ(client("EXEC"), "-EXECABORT Transaction discarded because of previous errors.");
    EXPECT_EQ(client("GET a"), R"("2")");
    EXPECT_FALSE(client.session.in_multi);
}

// Commands of several steps that fail behind their first one are taken back by themselves, whatever ran before them.
TEST(Transactions, DoWhatTheirCommandsDoOneByOne) {
    for_each_seed(40, [](random_source& random) {
        const auto key = [&] { return fmt::format("k{}", random.below(30)); };
        const auto line = [&]() -> std::string {
            switch (random.below(10)) {
                case 0: return fmt::format("SET {} {}", key(), random.below(100));
                case 1: return fmt::format("SET {} {} PX 100000", key(), random.below(100));
                case 2: return fmt::format("LPUSH {} {}", key(), random.below(100));
                case 3: return fmt::format("RPUSH {} {} {}", key(), random.below(100), random.below(9));
                case 4: return fmt::format("LMOVE {} {} LEFT RIGHT", key(), key());
                case 5: return fmt::format("RENAME {} {}", key(), key());
                case 6: return fmt::format("MSET {} 1 {} 2 {} 3", key(), key(), key());
                case 7: return fmt::format("DEL {} {}", key(), key());
                case 8: return fmt::format("HSET {} f{} {}", key(), random.below(5), random.below(100));
                default: return fmt::format("COPY {} {} REPLACE", key(), key());
            }
        };
        memory_client together;
        memory_client alone;
        for (int round = 0; round < 20; ++round) {
            together("MULTI");
            std::string answers;
            for (int i = 0; i < 60; ++i) {
                const auto words = line();
                together(words);
                answers += (i == 0 ? "[" : ", ") + alone(words);
            }
            ASSERT_EQ(together("EXEC"), answers + "]");
        }
        for (int i = 0; i < 30; ++i) {
            const auto dump = [&](memory_client& from) {
                const auto name = fmt::format("k{}", i);
                return from("TYPE " + name) + from("GET " + name) + from("LRANGE " + name + " 0 -1")
                       + from("HGETALL " + name) + from("PTTL " + name);
            };
            ASSERT_EQ(dump(together), dump(alone)) << i;
        }
    });
}

// What a key said between two commands nobody can ask for.
TEST(Transactions, CopyAPathOnceForAllTheirChanges) {
    memory_client client;
    for (int i = 0; i < 40; ++i) { client(fmt::format("RPUSH k{} {}", i, std::string(2'000, 'x'))); }
    while (client.store().pool().free_garbage(1'000) != 0) {}
    const auto before = client.store().pool().figures();
    client("MULTI");
    for (int i = 0; i < 4'000; ++i) { client(fmt::format("RPUSH k{} v", i % 40)); }
    client("EXEC");
    const auto after = client.store().pool().figures();
    EXPECT_LT(after.nodes - before.nodes, 200U) << "with garbage, of 4,000 changes";
}

// Replies of redis-server 7.0.15.
TEST(Transactions, OutOfMemoryNothingIsQueuedAndNothingIsAdded) {
    const std::string refused = "-OOM command not allowed when used memory > 'maxmemory'.";
    memory_client client;
    client("MULTI");
    EXPECT_EQ(client("SET a 1"), "+QUEUED");
    client.host.out_of_memory = true;
    EXPECT_EQ(client("EXEC"), "-EXECABORT Transaction discarded because of: " + refused.substr(1));
    EXPECT_EQ(client("EXEC"), "-ERR EXEC without MULTI");
    for (const auto* line : {"SET a 1", "GET a", "ON main SET a 1"}) {
        client("MULTI");
        EXPECT_EQ(client(line), refused) << line;
        EXPECT_EQ(client("EXEC"), "-EXECABORT Transaction discarded because of previous errors.") << line;
    }
    client.host.out_of_memory = false;
    EXPECT_EQ(client("EXISTS a"), ":0");
    for (const auto& [line, answer] : std::vector<std::pair<const char*, const char*>>{{"DEL a", "[:0]"},
                                                                                       {"ON main GET a", "[nil]"},
                                                                                       {"ON main SET a 1", nullptr},
                                                                                       {"ON main NOSUCH", nullptr}}) {
        client("MULTI");
        client(line);
        client.host.out_of_memory = true;
        const auto ran = client("EXEC");
        if (answer != nullptr) { EXPECT_EQ(ran, answer); }
        client.host.out_of_memory = false;
        EXPECT_EQ(client("EXISTS a"), ":0") << line << ran;
    }
}

TEST(Transactions, QueueIsBounded) {
    memory_client client;
    client.host.queued_bytes_max = 1000;
    client("MULTI");
    int queued = 0;
    for (; client("SET key 0123456789") == "+QUEUED"; ++queued) { ASSERT_LT(queued, 100); }
    EXPECT_GT(queued, 10);
    EXPECT_EQ(client("SET key 0123456789"),
              "-ERR the commands between MULTI and EXEC are limited to 1000 bytes together");
    EXPECT_EQ(client("EXEC"), "-EXECABORT Transaction discarded because of previous errors.");
    EXPECT_EQ(client("EXISTS key"), ":0");
    client("MULTI");
    EXPECT_EQ(client("SET key 1"), "+QUEUED") << "the next one begins anew";
    EXPECT_EQ(client("EXEC"), "[+OK]");
}

TEST(Transactions, FailWhenAWatchedKeyWasTouched) {
    memory_client client;
    other_client other(client);
    const auto exec_after = [&](std::string_view line) {
        client("SET a 1");
        client("SET b 1");
        client("WATCH a nosuch");
        other(line);
        client("MULTI");
        client("PING");
        return client("EXEC");
    };
    constexpr std::string_view ran = "[+PONG]";
    constexpr std::string_view refused = "nil*";
    for (const auto* line :
         {"SET a 1", "DEL a", "EXPIRE a 100", "RENAME a c", "RENAME b a", "COPY b a REPLACE", "FLUSHDB", "SWAPDB 0 1",
          "MOVE a 3", "SET nosuch 1", "SORT nosuch STORE a", "APPEND a x", "ON main SET a 1"}) {
        EXPECT_EQ(exec_after(line), refused) << line;
        client("FLUSHALL");
    }
    for (const auto* line : {"SET b 1", "DEL nosuch", "GET a", "COPY a c", "SETNX a 2", "LPUSH a x", "SWAPDB 4 5"}) {
        EXPECT_EQ(exec_after(line), ran) << line;
        client("FLUSHALL");
    }
    for (const auto& [key, line, answer] : std::vector<std::tuple<std::string, std::string_view, std::string_view>>{
             {"l", "LMPOP 2 nosuch l LEFT", refused},
             {"m", "LMPOP 2 l m LEFT", ran},
             {"l", "LMOVE m l LEFT LEFT", refused},
             {"l", "SORT l", ran},
             {"m", "SORT l BY STORE STORE m", refused},
             {"s", "SUNIONSTORE d s", ran},
             {"d", "SUNIONSTORE d s", refused},
             {"a", "MSETNX a 1 n 2", ran},
             {"n", "MSETNX n 1 o 2", refused}}) {
        for (const auto* made : {"RPUSH l 1 2", "RPUSH m 3", "SADD s x", "SET a 1"}) { client(made); }
        client("WATCH " + key);
        other(line);
        client("MULTI");
        client("PING");
        EXPECT_EQ(client("EXEC"), answer) << key << " and " << line;
        client("FLUSHALL");
    }
    for (const auto* line : {"MOVE a 3", "COPY a a DB 3"}) {
        client("SELECT 3");
        client("WATCH a");
        other("SET a 1");
        other(line);
        client("MULTI");
        client("PING");
        EXPECT_EQ(client("EXEC"), refused) << line;
        client("SELECT 0");
        client("FLUSHALL");
    }
    client("SET a 1 EX 1");
    client("WATCH a");
    client.clock.time += 2 * second;
    client("MULTI");
    EXPECT_EQ(client("EXEC"), refused) << "its time has come";
    EXPECT_TRUE(client.host.watches.empty());
}

TEST(Scan, SeesOneVersionWhateverHappens) {
    for_each_seed(10, [](random_source& random) {
        memory_client client;
        std::set<std::string> there;
        for (int i = 0; i < 500; ++i) {
            const auto key = "k" + std::to_string(random.below(100'000));
            there.insert(key);
            client({"SET", key, "x"});
        }
        std::multiset<std::string> seen;
        std::string cursor = "0";
        do {
            const auto page = client.ask({"SCAN", cursor, "COUNT", std::to_string(1 + random.below(50))});
            cursor = page.items.at(0).text;
            for (const auto& key : page.items.at(1).items) { seen.insert(key.text); }
            for (int i = 0; i < 5; ++i) { client({"SET", "k" + std::to_string(random.below(100'000)), "y"}); }
            if (random.one_in(3)) { client({"DEL", *there.begin()}); }
            // A page whose answer was lost may be asked for again.
            if (cursor != "0" && random.one_in(4)) { client.ask({"SCAN", cursor, "COUNT", "0"}); }
        } while (cursor != "0");
        EXPECT_EQ(std::multiset<std::string>(there.begin(), there.end()), seen);
        EXPECT_EQ(client.host.scans.snapshots(), 0U);
    });
}

TEST(Scan, GoesOnOverTheLiveKeysWhenItLayIdle) {
    memory_client client;
    for (char letter = 'a'; letter <= 'z'; ++letter) { client({"SET", std::string(1, letter), "x"}); }
    const auto cursor = client.ask({"SCAN", "0", "COUNT", "5"}).items.at(0).text;
    client("DEL f");
    client("SET fresh x");
    client.clock.time += 61 * second;
    client.host.scans.sweep();
    EXPECT_EQ(client.host.scans.snapshots(), 0U);
    EXPECT_EQ(to_text(client.ask({"SCAN", cursor, "COUNT", "3"}).items.at(1)), R"(["fresh", "g", "h"])");
    EXPECT_EQ(client("SCAN 12345678901"), "-ERR cursor expired, start again at 0");
    EXPECT_EQ(client("HSCAN hash " + cursor), R"(["0", []])");
    client("HSET hash f v");
    EXPECT_EQ(client("HSCAN hash " + cursor).substr(0, 29), "-ERR this cursor is of a scan");
    EXPECT_EQ(client("HSCAN hash 0"), R"(["0", ["f", "v"]])");
}

// What was there at the first page is told once, whatever is deleted, replaced or moved away before the next ones.
TEST(Scan, GoesOnOverWhatWasRemovedMeanwhile) {
    for (const auto& [scan, words_in_all] :
         std::vector<std::pair<std::string, std::size_t>>{{"HSCAN h", 1000}, {"SSCAN s", 500}, {"SCAN", 503}}) {
        for (const auto* removing : {"DEL h s", "FLUSHALL", "SWAPDB 0 1", "RENAME x h"}) {
            memory_client client;
            for (int i = 0; i < 500; ++i) {
                client({"HSET", "h", "f" + std::to_string(i), "v"});
                client({"SADD", "s", "m" + std::to_string(i)});
                client({"SET", "k" + std::to_string(i), "v"});
            }
            client("HSET x one 1");
            auto page = client.ask(testing::words_of(scan + " 0 COUNT 50"));
            std::size_t seen = page.items.at(1).items.size();
            client(removing);
            while (page.items.at(0).text != "0") {
                page = client.ask(testing::words_of(scan + " " + page.items.at(0).text + " COUNT 50"));
                ASSERT_EQ(page.items.size(), 2U) << to_text(page);
                seen += page.items.at(1).items.size();
            }
            EXPECT_EQ(seen, words_in_all) << scan << " over " << removing;
            EXPECT_EQ(client.host.scans.snapshots(), 0U);
        }
    }
}

// With its snapshot given up, it goes on with what is there now: nothing, or what its database says.
TEST(Scan, EndsWithWhatWasDeletedWhenItLayIdle) {
    memory_client client;
    for (int i = 0; i < 500; ++i) {
        client({"HSET", "h", "f" + std::to_string(i), "v"});
        client({"SET", "k" + std::to_string(i), "v"});
    }
    const auto fields = client.ask(testing::words_of("HSCAN h 0")).items.at(0).text;
    const auto keys = client.ask(testing::words_of("SCAN 0")).items.at(0).text;
    client.clock.time += 61 * second;
    client.host.scans.sweep();
    client("SELECT 1");
    client("SET z 1");
    client("SELECT 0");
    client("SWAPDB 0 1");
    EXPECT_EQ(client("HSCAN h " + fields), R"(["0", []])");
    EXPECT_EQ(client("SCAN " + keys), R"(["0", ["z"]])");
}

TEST(Scan, SaysWhatACursorIsOfThatIsUsedElsewhere) {
    memory_client client;
    for (int i = 0; i < 500; ++i) {
        client({"SET", "k" + std::to_string(i), "v"});
        client({"HSET", "h", "f" + std::to_string(i), "v"});
    }
    const auto keys = client.ask(testing::words_of("SCAN 0")).items.at(0).text;
    const auto fields = client.ask(testing::words_of("HSCAN h 0")).items.at(0).text;
    EXPECT_EQ(client("HSCAN h " + keys), "-ERR this cursor is of a scan of the keys of the database, start again at 0");
    client("HSET other f v");
    EXPECT_EQ(client("HSCAN other " + fields), "-ERR this cursor is of a scan of another key, start again at 0");
    EXPECT_EQ(client("HSCAN nosuch " + fields), R"(["0", []])") << "as Redis";
    client("SELECT 1");
    EXPECT_EQ(client("SCAN " + keys), "-ERR this cursor is of a scan of database 0, not of 1, start again at 0");
    client("SELECT 0");
    client("BRANCH CREATE exp");
    EXPECT_EQ(client("ON exp SCAN " + keys), "-ERR this cursor is of a scan of another branch, start again at 0");
    EXPECT_NE(client("SCAN " + keys).substr(0, 1), "-");
    EXPECT_EQ(client("SCAN 12345678901"), "-ERR cursor expired, start again at 0");
}

class guarded_host final : public command_host {
public:
    using command_host::command_host;
    [[nodiscard]] std::string password() const override { return "secret"; }
};

TEST(Users, MayCarryABranch) {
    memory_client maker;
    ASSERT_TRUE(maker.store().create_branch("exp", "main").has_value());
    guarded_host host(maker.store());
    command_session session(host, 7, *maker.store().branch("main"));
    session.authenticated = false;
    testing::collected_reply sink(3);
    const auto ask = [&](std::vector<std::string_view> words) {
        run_request(host, session, sink, words);
        return to_text(sink.take());
    };
    EXPECT_EQ(ask({"GET", "a"}), "-NOAUTH Authentication required.");
    EXPECT_EQ(ask({"NOSUCH"}), "-ERR unknown command 'NOSUCH', with args beginning with: ");
    EXPECT_EQ(ask({"AUTH", "default@exp", "wrong"}), "-WRONGPASS invalid username-password pair or user is disabled.");
    EXPECT_EQ(ask({"AUTH", "default@nosuch", "secret"}), "-ERR no branch 'nosuch'");
    EXPECT_FALSE(session.authenticated);
    EXPECT_EQ(ask({"AUTH", "default@exp", "secret"}), "+OK");
    EXPECT_EQ(ask({"SET", "a", "1"}), "+OK");
    EXPECT_EQ(session.branch->row.name, "exp");
    EXPECT_EQ(maker("GET a"), "nil");
    EXPECT_EQ(maker("ON exp GET a"), R"("1")");
    EXPECT_NE(ask({"CLIENT", "LIST"}).find("branch=exp"), std::string::npos);
    EXPECT_EQ(ask({"RESET"}), "+RESET");
    EXPECT_FALSE(session.authenticated);
}

// Pages are met one after the other: each time nothing has changed and nothing was said.
TEST(Pages, AreLoadedWhenACommandMissesThem) {
    auto options = memory_client::by_hand();
    auto where = std::make_shared<sim_storage>();
    {
        memory_client first(*where->open(), 3, options);
        for (int i = 0; i < 2000; ++i) { first({"SET", "key" + std::to_string(i), std::string(100, 'v')}); }
        first("RPUSH list a b c");
        ASSERT_TRUE(first.store().end_turn().has_value());
        ASSERT_TRUE(first.store().close().has_value());
    }
    options.wait_for_loads = false;
    memory_client client(*where->open(), 3, options);
    testing::collected_reply sink(3);
    const std::vector<std::string_view> words{"MSET", "key1", "new", "key500", "new", "key999", "new", "fresh", "new"};
    int misses = 0;
    while (const auto missing = run_request(client.host, client.session, sink, words, client.clock.now() / 1000)) {
        EXPECT_TRUE(client.session.branch->writer.log_text().empty()) << "nothing has changed";
        ASSERT_TRUE(client.store().load(*missing).has_value());
        ASSERT_LT(++misses, 100);
    }
    EXPECT_GT(misses, 0);
    EXPECT_EQ(to_text(sink.take()), "+OK") << "said once";
    EXPECT_EQ(client("MGET key1 key500 fresh"), R"(["new", "new", "new"])");
    client("MULTI");
    client("SET key1500 x");
    client("RPUSH list d");
    client("GET key1700");
    EXPECT_EQ(client("EXEC"), "[+OK, :4, " + testing::bytes_to_text(std::string(100, 'v')) + "]");
}

TEST(Patterns, MatchAsInRedisAndInBoundedTime) {
    EXPECT_TRUE(matches_glob("h?llo", "hello"));
    EXPECT_TRUE(matches_glob("h*llo", "heeeello"));
    EXPECT_TRUE(matches_glob("h[ae]llo", "hallo"));
    EXPECT_FALSE(matches_glob("h[^e]llo", "hello"));
    EXPECT_TRUE(matches_glob("h[a-b]llo", "hbllo"));
    EXPECT_TRUE(matches_glob("h[b-a]llo", "hallo"));
    EXPECT_TRUE(matches_glob("\\*", "*"));
    EXPECT_FALSE(matches_glob("\\*", "x"));
    EXPECT_TRUE(matches_glob("[\\]]", "]"));
    EXPECT_TRUE(matches_glob("**a**", "bab"));
    EXPECT_FALSE(matches_glob("", "a"));
    EXPECT_TRUE(matches_glob("*", ""));
    EXPECT_TRUE(matches_glob("", ""));
    EXPECT_FALSE(matches_glob("**", ""));  // as Redis 7.0.15
    EXPECT_TRUE(matches_glob("**", "a"));
    EXPECT_TRUE(matches_glob("a**", "a"));
    EXPECT_FALSE(matches_glob("a*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

TEST(Numbers, AreReadAsRedisReadsThem) {
    for (const auto* wrong : {"", "-", "+1", " 1", "1 ", "01", "-0", "-01", "1.0", "9223372036854775808", "x"}) {
        EXPECT_FALSE(integer_in(wrong).has_value()) << wrong;
    }
    EXPECT_EQ(*integer_in("-9223372036854775808"), INT64_MIN);
    EXPECT_EQ(*integer_in("0"), 0);
    for (const auto* wrong : {"", " 1", "1 ", "nan", "x", "1e99999"}) {
        EXPECT_FALSE(real_in(wrong).has_value()) << wrong;
    }
    EXPECT_EQ(human_real(5.0L), "5");
    EXPECT_EQ(human_real(-0.0L), "0");
    EXPECT_EQ(human_real(10.6L), "10.6");
}

TEST(Transactions, WhatExecAsksOfItsBranchShowsWhatItDid) {
    memory_client client;
    client("SET a 1");
    client("AT main GET a");  // shows what there is
    client("MULTI");
    for (const auto* line : {"RPUSH l x", "COPY l m FROM main", "AT main GET a", "AT main LLEN m"}) { client(line); }
    EXPECT_EQ(client("EXEC"), R"([:1, :1, "1", :1])");
    EXPECT_EQ(client("LRANGE m 0 -1"), R"(["x"])");
}

TEST(Transactions, ExecCopiesFromNoBranchThatItHasChanged) {
    memory_client client;
    client("SET a 1");
    client("BRANCH CREATE exp");
    client("MULTI");
    for (const auto* line : {"COPY a b FROM exp", "ON exp SET q 1", "COPY q r FROM exp"}) { client(line); }
    EXPECT_EQ(client("EXEC"), "[:1, +OK, -ERR COPY FROM a branch that this transaction has changed: copy after EXEC]");
    EXPECT_EQ(client("EXISTS b q r"), ":1");
}

}  // namespace
}  // namespace coppice
