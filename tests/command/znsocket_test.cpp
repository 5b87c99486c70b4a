// Fallbacks and segments, on an engine in memory.
#include <coppice/base/random.hpp>

#include <support/memory_client.hpp>

#include <gtest/gtest.h>

namespace coppice {
namespace {

using words = std::vector<std::string>;

/// Answers without quotes and commas.
class plain_client {
public:
    std::string operator()(const words& given) { return plain(client_(given)); }
    std::string operator()(std::string_view line) { return plain(client_(line)); }

private:
    static std::string plain(std::string reply) {
        std::erase_if(reply, [](char letter) { return letter == '"' || letter == ',' || letter == '\\'; });
        return reply;
    }
    testing::memory_client client_;
};

constexpr auto* o = "znsocket.List:o";
constexpr auto* l = "znsocket.List:k";
constexpr auto* s = "znsocket.Segments:k";

// ---- fallbacks

constexpr auto* a = "znsocket.List:a";
constexpr auto* b = "znsocket.List:b";

/// b falls back to a, which is [1 2 3].
class Fallback : public ::testing::Test {
protected:
    void SetUp() override {
        client({"RPUSH", a, "1", "2", "3"});
        EXPECT_EQ(fall_back(b, a), a);
    }
    std::string fall_back(std::string_view key, std::string_view origin) {
        return client({"ZNSOCKET", "FALLBACK", std::string(key), std::string(origin)});
    }
    std::string source(std::string_view key) { return client({"ZNSOCKET", "SOURCE", std::string(key)}); }
    std::string all(std::string_view key) { return client({"LRANGE", std::string(key), "0", "-1"}); }
    plain_client client;
};

TEST_F(Fallback, ReadsFromTheOriginUntilAnybodyWrites) {
    EXPECT_EQ(source(b), a);
    EXPECT_EQ(client(words{"EXISTS", b}), ":0");
    EXPECT_EQ(client({"RPUSH", b, "4"}), ":4");
    EXPECT_EQ(source(b), b);
    EXPECT_EQ(all(b), "[1 2 3 4]");
    EXPECT_EQ(all(a), "[1 2 3]");
}

TEST_F(Fallback, EveryWriteBeginsWithACopy) {
    const std::vector<std::pair<words, std::string>> writes{
        {{"LPUSHX", b, "0"}, "[0 1 2 3]"},
        {{"LSET", b, "1", "x"}, "[1 x 3]"},
        {{"LPOP", b}, "[2 3]"},
        {{"LREM", b, "1", "3"}, "[1 2]"},
        {{"LMPOP", "2", "none", b, "RIGHT"}, "[1 2]"},
        {{"RPOPLPUSH", a, b}, "[3 1 2 3]"},
        {{"SORT", b, "BY", "nosort", "DESC", "STORE", b}, "[3 2 1]"},
        {{"PERSIST", b}, "[1 2 3]"},
    };
    for (const auto& [write, after] : writes) {
        client({"DEL", a, b, std::string("znsocket.Fallback:") + b});
        SetUp();
        client(write);
        EXPECT_EQ(all(b), after) << write.front();
        EXPECT_EQ(source(b), b) << write.front();
    }
}

TEST_F(Fallback, OfADict) {
    client("HSET znsocket.Dict:a f 1 g 2");
    fall_back("znsocket.Dict:b", "znsocket.Dict:a");
    EXPECT_EQ(client("HSETNX znsocket.Dict:b f 3"), ":0");
    EXPECT_EQ(client("HDEL znsocket.Dict:b g"), ":1");
    EXPECT_EQ(client("HGETALL znsocket.Dict:b"), "{f: 1}");
    EXPECT_EQ(client("HLEN znsocket.Dict:a"), ":2");
}

TEST_F(Fallback, WhatWasEmptiedStaysEmpty) {
    EXPECT_EQ(client(words{"DEL", b}), ":1");
    EXPECT_EQ(source(b), b);
    EXPECT_EQ(fall_back(b, a), b) << "opened again";
    EXPECT_EQ(all(a), "[1 2 3]");
    client({"RPUSH", b, "4"});
    EXPECT_EQ(all(b), "[4]");
}

TEST_F(Fallback, WhatIsOverwrittenIsNotCopiedAndDoesNotReadOn) {
    const std::vector<words> writes{
        {"COPY", "other", b}, {"RENAMENX", "other", b}, {"RENAME", "other", b}, {"SORT", "other", "STORE", b}};
    for (const auto& write : writes) {
        client({"DEL", b, std::string("znsocket.Fallback:") + b});
        client("DEL other");
        client("RPUSH other 7");
        EXPECT_EQ(fall_back(b, a), a);
        client(write);
        EXPECT_EQ(all(b), "[7]") << write.front();
        client(words{"LPOP", b});
        EXPECT_EQ(source(b), b) << write.front();
    }
    EXPECT_EQ(client({"SETNX", b, "x"}), ":1");
}

TEST_F(Fallback, WhatComesFromAnotherDatabaseDoesNotReadOn) {
    const std::vector<words> writes{{"MOVE", b, "0"}, {"COPY", b, b, "DB", "0"}, {"COPY", a, b, "DB", "0"}};
    for (const auto& write : writes) {
        client({"DEL", b, std::string("znsocket.Fallback:") + b});
        EXPECT_EQ(fall_back(b, a), a);
        client("SELECT 1");
        client({"DEL", a, b});
        client({"RPUSH", a, "7"});
        client({"RPUSH", b, "7"});
        EXPECT_EQ(client(write), ":1");
        EXPECT_EQ(client({"EXISTS", std::string("znsocket.Fallback:") + b}), ":0");
        client("SELECT 0");
        EXPECT_EQ(all(b), "[7]") << write.front();
        client(words{"LPOP", b});
        EXPECT_EQ(source(b), b) << write.front();
    }
}

TEST_F(Fallback, AWriteThatIsRefusedOrOnlyReadsLeavesItAsItWas) {
    const std::vector<words> writes{{"LSET", b, "7", "x"},
                                    {"HSET", b, "f", "1"},
                                    {"INCR", b},
                                    {"COPY", "none", b},
                                    {"COPY", b, b, "FROM", "none", "REPLACE"},
                                    {"COPY", b, "other"},
                                    {"SORT", b},
                                    {"SORT", b, "STORE", "other"}};
    for (const auto& write : writes) {
        client(write);
        EXPECT_EQ(source(b), a) << write.front();
        EXPECT_EQ(client(words{"EXISTS", b}), ":0") << write.front();
    }
}

TEST_F(Fallback, ATransactionSeesItsCopyFromTheBeginning) {
    for (const auto* const line :
         {"MULTI", "LLEN znsocket.List:b", "LINDEX znsocket.List:b 0", "RPUSH znsocket.List:b 4"}) {
        client(line);
    }
    EXPECT_EQ(client("EXEC"), "[:3 1 :4]");
    EXPECT_EQ(all(a), "[1 2 3]");
    fall_back("znsocket.List:c", b);
    for (const auto* const line : {"MULTI", "LLEN znsocket.List:c", "COPY none znsocket.List:c"}) { client(line); }
    EXPECT_EQ(client("EXEC"), "[:0 :0]");
    EXPECT_EQ(source("znsocket.List:c"), b) << "nothing was written";
}

TEST_F(Fallback, AMissingOriginIsAnEmptyOne) {
    client(words{"DEL", a});
    EXPECT_EQ(client({"RPUSH", b, "4"}), ":1");
    client(words{"LPOP", b});
    client({"RPUSH", a, "1"});
    EXPECT_EQ(source(b), b);
}

TEST_F(Fallback, AKeyThatIsThereIsItsOwn) {
    client({"RPUSH", "znsocket.List:c", "2"});
    EXPECT_EQ(fall_back("znsocket.List:c", a), "znsocket.List:c");
    client({"RPUSH", "znsocket.List:c", "3"});
    EXPECT_EQ(all("znsocket.List:c"), "[2 3]");
}

TEST_F(Fallback, OfAFallback) {
    EXPECT_EQ(fall_back("znsocket.List:c", b), a);
    client("RPUSH znsocket.List:c 4");
    EXPECT_EQ(all("znsocket.List:c"), "[1 2 3 4]");
    EXPECT_EQ(source(b), a);
    fall_back("znsocket.List:d", b);
    client(words{"LPOP", b});
    EXPECT_EQ(source("znsocket.List:d"), b);
}

TEST_F(Fallback, CannotLeadInACircleOrOnForEver) {
    const auto key = [](int i) { return fmt::format("znsocket.List:k{}", i); };
    EXPECT_TRUE(fall_back(a, b).starts_with("znsocket.List:a")) << "it is there";
    client(words{"DEL", a});
    EXPECT_TRUE(fall_back(a, b).starts_with("-ERR 'znsocket.List:b' has more than 16 fallbacks"));
    EXPECT_TRUE(fall_back(a, a).starts_with("-ERR 'znsocket.List:a' has more than 16 fallbacks"));
    EXPECT_EQ(source(a), a) << "nothing was noted";
    for (int i = 0; i < 16; ++i) { EXPECT_EQ(fall_back(key(i + 1), key(i)), key(0)); }
    EXPECT_TRUE(fall_back(key(17), key(16)).starts_with("-ERR 'znsocket.List:k16' has more than 16 fallbacks"));
    EXPECT_EQ(source(key(17)), key(17));
    EXPECT_EQ(source(key(16)), key(0));
    client({"RPUSH", key(0), "1"});
    EXPECT_EQ(client({"RPUSH", key(16), "2"}), ":2");
}

TEST_F(Fallback, IsAnotherOfTheSameKind) {
    for (const auto& [key, origin] : {std::pair{"b", "a"}, {"znsocket.List:x", "a"}, {"znsocket.Dict:x", a}}) {
        EXPECT_EQ(fall_back(key, origin), fmt::format("-ERR '{}' cannot fall back to '{}': a znsocket.List:KEY can to "
                                                      "another and a znsocket.Dict:KEY to another",
                                                      key, origin));
    }
}

TEST_F(Fallback, ABranchHasItsOwn) {
    client("BRANCH CREATE exp");
    EXPECT_EQ(client({"ON", "exp", "RPUSH", b, "4"}), ":4");
    EXPECT_EQ(client({"ON", "exp", "ZNSOCKET", "SOURCE", b}), b);
    EXPECT_EQ(source(b), a);
    EXPECT_EQ(client({"AT", "exp", "ZNSOCKET", "SOURCE", b}), b);
}

// ---- segments

class Segments : public ::testing::Test {
protected:
    void SetUp() override { client({"RPUSH", o, "0", "1", "2", "3", "4"}); }
    std::string all() { return client({"SEGMENTS", "RANGE", s, "0", "-1"}); }
    std::string pieces() { return client({"SEGMENTS", "PIECES", s}); }
    std::string splice(words more) {
        words line{"SEGMENTS", "SPLICE", s};
        line.insert(line.end(), more.begin(), more.end());
        return client(line);
    }
    plain_client client;
};

TEST_F(Segments, AreAListOfTheirOwn) {
    EXPECT_EQ(client({"SEGMENTS", "CREATE", s, o}), ":5");
    EXPECT_EQ(all(), "[0 1 2 3 4]");
    EXPECT_EQ(client({"LRANGE", l, "0", "-1"}), "[0 1 2 3 4]");
    EXPECT_EQ(client({"LRANGE", s, "0", "-1"}), "[[0 5 znsocket.List:k]]");
    EXPECT_EQ(pieces(), "[[:0 :5 znsocket.List:o]]");
    client(words{"DEL", o});
    EXPECT_EQ(all(), "[0 1 2 3 4]");
}

TEST_F(Segments, SayWhatWasChanged) {
    client({"SEGMENTS", "CREATE", s, o});
    EXPECT_EQ(splice({"2", "1", "x"}), ":5");
    EXPECT_EQ(pieces(), "[[:0 :2 znsocket.List:o] [:2 :3 znsocket.List:k] [:3 :5 znsocket.List:o]]");
    EXPECT_EQ(splice({"", "0", "y", "z"}), ":7") << "at the end";
    EXPECT_EQ(splice({"0", "1"}), ":6");
    EXPECT_EQ(all(), "[1 x 3 4 y z]");
    EXPECT_EQ(pieces(),
              "[[:1 :2 znsocket.List:o] [:1 :2 znsocket.List:k] [:3 :5 znsocket.List:o] [:4 :6 znsocket.List:k]]");
    EXPECT_EQ(client({"LRANGE", s, "0", "-1"}), "[[0 6 znsocket.List:k]]");
    EXPECT_EQ(splice({"-1", "1", "w"}), ":6");
    EXPECT_EQ(client({"SEGMENTS", "RANGE", s, "-2", "9"}), "[y w]");
}

TEST_F(Segments, OpenedAgainAreWhatTheyWere) {
    client({"SEGMENTS", "CREATE", s, o});
    splice({"0", "1"});
    EXPECT_EQ(client({"SEGMENTS", "CREATE", s, o}), ":4");
    EXPECT_EQ(client({"SEGMENTS", "OPEN", s, "[0, 5, \"znsocket.List:o\"]"}), ":1");
    EXPECT_EQ(all(), "[1 2 3 4]");
}

TEST_F(Segments, OfNothing) {
    EXPECT_EQ(client({"SEGMENTS", "CREATE", s, "znsocket.List:none"}), ":0");
    EXPECT_EQ(all(), "[]");
    EXPECT_EQ(pieces(), "[[:0 :0 znsocket.List:k]]");
    EXPECT_EQ(splice({"0", "0", "a"}), ":1");
    EXPECT_EQ(all(), "[a]");
    EXPECT_EQ(splice({"0", "1"}), ":0");
    EXPECT_EQ(client({"SEGMENTS", "LEN", s}), ":0");
    EXPECT_EQ(client({"SEGMENTS", "LEN", "znsocket.Segments:none"}), ":0");
}

TEST_F(Segments, WrongWordsAreRefusedAndNothingIsDone) {
    EXPECT_TRUE(client({"SEGMENTS", "CREATE", "k", o}).starts_with("-ERR 'k' is no key of segments"));
    EXPECT_TRUE(client({"SEGMENTS", "SPLICE", s, "0", "0", "x"}).starts_with("-ERR there are no segments"));
    client({"RPUSH", l, "mine"});
    EXPECT_TRUE(client({"SEGMENTS", "CREATE", s, o}).starts_with("-ERR 'znsocket.List:k' is there already"))
        << "somebody else's list";
    client(words{"DEL", l});
    client({"SEGMENTS", "CREATE", s, o});
    for (const auto& wrong : {words{"6", "0", "x"}, words{"5", "1"}, words{"-6", "1"}, words{"0", "-1"}}) {
        EXPECT_EQ(splice(wrong), "-ERR index out of range");
    }
    client({"SET", "text", "x"});
    EXPECT_TRUE(client({"SEGMENTS", "CREATE", "znsocket.Segments:other", "text"}).starts_with("-WRONGTYPE"));
    EXPECT_EQ(client({"EXISTS", "znsocket.Segments:other", "znsocket.List:other"}), ":0");
    EXPECT_EQ(all(), "[0 1 2 3 4]");
}

// What a published client writes: s[2] = "x", s[0] = "y", s[4] = "z", s[0] = "a", s[1] = "b".
TEST_F(Segments, OfAPublishedClientAreReadAndThenEdited) {
    client({"RPUSH", l, "x", "a", "z", "?", "b"});
    client({"RPUSH", s, R"([1, 2, "znsocket.List:k"])", R"([4, 5, "znsocket.List:k"])", R"([0, 1, "znsocket.List:k"])",
            R"([3, 4, "znsocket.List:o"])", R"([2, 3, "znsocket.List:k"])"});
    EXPECT_EQ(client({"SEGMENTS", "LEN", s}), ":5");
    EXPECT_EQ(all(), "[a b x 3 z]");
    EXPECT_EQ(client({"SEGMENTS", "RANGE", s, "1", "3"}), "[b x 3]");
    EXPECT_EQ(client({"SEGMENTS", "RANGE", s, "-1", "-1"}), "[z]");
    EXPECT_EQ(client({"SEGMENTS", "CREATE", s, o}), ":5");
    EXPECT_EQ(splice({"1", "1", "B"}), ":5");
    EXPECT_EQ(all(), "[a B x 3 z]");
    EXPECT_EQ(client({"LRANGE", l, "0", "-1"}), "[a B x 3 z]");
    EXPECT_EQ(client({"LRANGE", s, "0", "-1"}), "[[0 5 znsocket.List:k]]");
}

TEST_F(Segments, OfAPublishedClientKeepSharingTheirOrigin) {
    client({"RPUSH", l, "x"});
    client(
        {"RPUSH", s, R"([0, 2, "znsocket.List:o"])", R"([0, 1, "znsocket.List:k"])", R"([3, 5, "znsocket.List:o"])"});
    EXPECT_EQ(splice({"5", "0", "end"}), ":6");
    EXPECT_EQ(all(), "[0 1 x 3 4 end]");
    EXPECT_EQ(pieces(),
              "[[:0 :2 znsocket.List:o] [:2 :3 znsocket.List:k] [:3 :5 znsocket.List:o] "
              "[:5 :6 znsocket.List:k]]");
}

TEST_F(Segments, ThatAPublishedClientEmptiedAreEmptyAndGoOn) {
    client({"SEGMENTS", "CREATE", s, o});
    client(words{"LPOP", s});
    EXPECT_EQ(all(), "[]");
    EXPECT_EQ(client({"SEGMENTS", "CREATE", s, o}), ":0");
    EXPECT_EQ(splice({"", "0", "x", "y"}), ":2");
    EXPECT_EQ(all(), "[x y]");
    EXPECT_EQ(client({"LRANGE", l, "0", "-1"}), "[x y]");
}

TEST_F(Segments, TablesWithHolesAndMarksAreNotMistaken) {
    client({"RPUSH", s, R"([0, 9, "znsocket.List:o"])", R"([0, 3, "znsocket.List:gone"])"});
    EXPECT_EQ(all(), "[0 1 2 3 4]") << "what is there of them";
    client({"RPUSH", s, "__SETITEM_IDENTIFIER__"});
    EXPECT_TRUE(all().starts_with("-CONFLICT"));
    EXPECT_TRUE(splice({"0", "1"}).starts_with("-CONFLICT"));
    for (const auto* const wrong :
         {"[2, 1, \"a\"]", "[-1, 1, \"a\"]", "[0, 1]", "[0, 1, 2]", "{}", "[0, 1.5, \"a\"]"}) {
        client(words{"DEL", s});
        client({"RPUSH", s, wrong});
        EXPECT_TRUE(all().starts_with("-CONFLICT")) << wrong;
    }
}

// Any table of pieces reads the same before and after it has become one list.
TEST_F(Segments, BecomeOneListThatReadsTheSame) {
    random_source random(7);
    const words lists{o, l, "znsocket.List:p", "znsocket.List:empty"};
    client({"RPUSH", lists[2], "p0", "p1", "p2", "p3", "p4", "p5", "p6"});
    for (int round = 0; round < 300; ++round) {
        client(words{"DEL", s, l, "znsocket.Segments.Base:k", "znsocket.Segments.Origin:k"});
        client({"RPUSH", l, "k0", "k1", "k2"});
        for (auto left = 1 + random.below(6); left > 0; --left) {
            const auto first = random.below(8);
            const auto last = first + random.below(6);
            client({"RPUSH", s, fmt::format("[{}, {}, \"{}\"]", first, last, lists[random.below(4)])});
        }
        const auto before = all();
        const auto size = client({"SEGMENTS", "LEN", s});
        if (splice({"0", "0"}).starts_with("-")) { FAIL() << client({"LRANGE", s, "0", "-1"}); }
        EXPECT_EQ(all(), before);
        EXPECT_EQ(client({"LRANGE", l, "0", "-1"}), before);
    }
}

}  // namespace
}  // namespace coppice
