// DIFF as a client meets it: every kind of change down to its parts, summaries, and pages that go on behind any place.
#include <support/memory_client.hpp>
#include <support/seeds.hpp>

#include <gtest/gtest.h>

namespace coppice {
namespace {

using testing::memory_client;
using testing::reply_kind;
using testing::reply_value;

reply_value field(const reply_value& map, std::string_view name) {
    for (std::size_t i = 0; i + 1 < map.items.size(); i += 2) {
        if (map.items[i].text == name) { return map.items[i + 1]; }
    }
    return {reply_kind::error, "no " + std::string(name)};
}

std::string part_text(const reply_value& part) {
    const auto text = [&](std::string_view name) { return field(part, name).text; };
    std::string said = text("what") + " " + text("at") + " " + text("kind") + " ";
    said += to_text(field(part, "old")) + " -> " + to_text(field(part, "new"));
    if (field(part, "before_count").kind == reply_kind::integer) {
        for (const auto* name : {"before_position", "before_count", "after_position", "after_count"}) {
            said += " " + std::to_string(field(part, name).number);
        }
    }
    return said;
}

/// Keys and their parts, a line each.
std::string told(const reply_value& page) {
    if (page.kind != reply_kind::map) { return to_text(page); }
    std::string said;
    for (const auto& change : field(page, "changes").items) {
        said += fmt::format("{}:{} {} {} {}\n", field(change, "db").number, field(change, "key").text,
                            field(change, "kind").text, field(change, "type").text, field(change, "size").number);
        for (const auto& part : field(change, "parts").items) { said += "  " + part_text(part) + "\n"; }
    }
    return said;
}

class Diff : public ::testing::Test {
protected:
    reply_value ask(std::string_view line) { return client_.ask(testing::words_of(line)); }
    std::string say(std::string_view line) { return client_(line); }
    /// What `lines` change, from a commit before to the branch after.
    std::string changes(const std::vector<std::string>& before, const std::vector<std::string>& after) {
        for (const auto& line : before) { say(line); }
        const auto id = ask("COMMIT").text;
        for (const auto& line : after) { say(line); }
        const auto page = ask("DIFF " + id + " main");
        EXPECT_EQ(field(page, "cursor").text, "0");
        return told(page);
    }
    memory_client client_;
};

TEST_F(Diff, OfKeysTellsAddedRemovedAndChanged) {
    EXPECT_EQ(changes({"MSET a 1 b 1 same x"}, {"SET a 2", "DEL b", "SET c 3"}),
              "0:a changed string 1\n  value value changed \"1\" -> \"2\"\n"
              "0:b removed string 1\n"
              "0:c added string 1\n");
}

TEST_F(Diff, OfAHashTellsFields) {
    EXPECT_EQ(changes({"HSET h a 1 b 1 same x"}, {"HSET h a 2 c 3", "HDEL h b"}),
              "0:h changed hash 3\n"
              "  field a changed \"1\" -> \"2\"\n"
              "  field b removed \"1\" -> nil\n"
              "  field c added nil -> \"3\"\n");
}

TEST_F(Diff, OfASetTellsMembers) {
    EXPECT_EQ(changes({"SADD s a b"}, {"SADD s c", "SREM s a"}),
              "0:s changed set 2\n  member a removed nil -> nil\n  member c added nil -> nil\n");
}

TEST_F(Diff, OfAListTellsRunsOfPositions) {
    EXPECT_EQ(changes({"RPUSH l a b c d e f g h"}, {"LSET l 1 B", "RPUSH l i j", "LREM l 1 e"}),
              "0:l changed list 9\n"
              "  run 1 changed [\"b\"] -> [\"B\"] 1 1 1 1\n"
              "  run 4 removed [\"e\"] -> [] 4 1 4 0\n"
              "  run 7 added [] -> [\"i\", \"j\"] 8 0 7 2\n");
}

TEST_F(Diff, OfALongStringTellsRunsOfBytes) {
    const std::string text(5000, 'x');
    EXPECT_EQ(changes({"SET long " + text}, {"SETRANGE long 3000 abc"}),
              "0:long changed string 5000\n  bytes 3000 changed \"xxx\" -> \"abc\" 3000 3 3000 3\n");
}

TEST_F(Diff, TellsDeadlinesAndTypes) {
    EXPECT_EQ(changes({"SET a 1", "SET b 1 PXAT 1800000000000", "SET c 1"},
                      {"PEXPIREAT a 1900000000000", "PERSIST b", "DEL c", "RPUSH c 1"}),
              "0:a changed string 1\n  deadline deadline added nil -> :1900000000000\n"
              "0:b changed string 1\n  deadline deadline removed :1800000000000 -> nil\n"
              "0:c changed list 1\n  type type changed \"string\" -> \"list\"\n");
}

TEST_F(Diff, CutsLongValuesAndSaysTheirSize) {
    say("HSET h f " + std::string(3000, 'a'));
    const auto id = ask("COMMIT").text;
    say("HSET h f " + std::string(2000, 'b'));
    const auto page = ask("DIFF " + id + " main");
    const auto part = field(field(page, "changes").items.at(0), "parts").items.at(0);
    EXPECT_EQ(field(part, "old").text, std::string(1024, 'a'));
    EXPECT_EQ(field(part, "old_bytes").number, 3000);
    EXPECT_EQ(field(part, "new").text, std::string(1024, 'b'));
    EXPECT_EQ(field(part, "new_bytes").number, 2000);
}

TEST_F(Diff, IsRestrictedByKeyPatternAndKeySpace) {
    say("COMMIT");
    say("MSET user:1 a user:2 b other c");
    say("SELECT 3");
    say("SET user:1 d");
    say("SELECT 0");
    EXPECT_EQ(told(ask("DIFF main~0 main MATCH user:*")),
              "0:user:1 added string 1\n0:user:2 added string 1\n3:user:1 added string 1\n");
    EXPECT_EQ(told(ask("DIFF main~0 main MATCH *2")), "0:user:2 added string 1\n");
    EXPECT_EQ(told(ask("DIFF main~0 main KEY user:1")), "0:user:1 added string 1\n3:user:1 added string 1\n");
    EXPECT_EQ(told(ask("DIFF main~0 main KEY user:1 DB 3")), "3:user:1 added string 1\n");
    EXPECT_EQ(say("DIFF main~0 main SUMMARY"), "{\"added\": :4, \"removed\": :0, \"changed\": :0}");
    EXPECT_EQ(say("DIFF main main~0 SUMMARY MATCH user:*"), "{\"added\": :0, \"removed\": :3, \"changed\": :0}");
    EXPECT_EQ(say("DIFF main main"), "{\"changes\": [], \"cursor\": \"0\"}");
}

TEST_F(Diff, RefusesInWordsThatSayWhatIsAccepted) {
    EXPECT_EQ(say("DIFF main nowhere"), "-ERR no version 'nowhere': no branch, tag or commit is called so");
    EXPECT_EQ(say("DIFF main main CURSOR 12"), "-ERR CURSOR '12' is none that DIFF gave");
    EXPECT_EQ(say("DIFF main main CURSOR 1G"), "-ERR CURSOR '1G' is none that DIFF gave");
    EXPECT_EQ(say("DIFF main main DB 16"), "-ERR DB index is out of range");
    EXPECT_EQ(say("DIFF main main ALL"),
              "-ERR 'ALL' is not expected here: DIFF reference reference [KEY key] [MATCH "
              "pattern] [DB n] [COUNT n] [CURSOR cursor] [SUMMARY]");
}

// Model: the whole difference in one page. Pages of any size, put together, say the same.
TEST_F(Diff, PagesOfAnySizeSayTheWhole) {
    testing::for_each_seed(5, [&](random_source& random) {
        const auto change_some = [&] {
            for (int i = 0; i < 40; ++i) {
                const auto key = std::to_string(random.below(20));
                const auto value = std::to_string(random.below(100));
                switch (random.below(6)) {
                    case 0: say("HSET h" + key + " f" + value + " " + value + " g" + value + " 1"); break;
                    case 1: say("SADD s" + key + " " + value); break;
                    case 2: say("RPUSH l" + key + " " + value + " x y"); break;
                    case 3: say("LPUSH l" + key + " " + value); break;
                    case 4: say("SET t" + key + " " + value); break;
                    default: say("DEL t" + key); break;
                }
            }
        };
        change_some();
        const auto id = ask("COMMIT").text;
        change_some();
        const auto whole = told(ask("DIFF " + id + " main COUNT 1000000"));
        for (const auto* count : {"1", "2", "3", "7", "50"}) {
            std::string said;
            std::string last_key;
            std::string cursor = "0";
            int pages = 0;
            do {
                const auto page = ask("DIFF " + id + " main COUNT " + count + " CURSOR " + cursor);
                ASSERT_EQ(page.kind, reply_kind::map) << to_text(page);
                auto text = told(page);
                const auto first = text.substr(0, text.find('\n') + 1);
                if (first == last_key) { text.erase(0, first.size()); }  // the same key goes on
                const auto& all = field(page, "changes").items;
                if (!all.empty()) {
                    const auto last = told(reply_value{reply_kind::map,
                                                       {},
                                                       0,
                                                       0,
                                                       {reply_value{reply_kind::bulk, "changes"},
                                                        reply_value{reply_kind::array, {}, 0, 0, {all.back()}}}});
                    last_key = last.substr(0, last.find('\n') + 1);
                }
                said += text;
                cursor = field(page, "cursor").text;
                ASSERT_LT(++pages, 2000);
            } while (cursor != "0");
            EXPECT_EQ(said, whole) << "COUNT " << count;
        }
    });
}

}  // namespace
}  // namespace coppice
