// What a command says becomes one JSON object, whatever is taken back and said again on the way.
#include "znsocket/answer_writer.hpp"

#include <cmath>
#include <functional>

#include <fmt/format.h>
#include <support/seeds.hpp>
#include <znsocket/event_client.hpp>

#include <gtest/gtest.h>

namespace coppice::znsocket {
namespace {

using testing::event_client;
using says = std::function<void(answer_writer&)>;

std::string answer_of(const says& say, answer_form form = answer_form::plain) {
    std::string out = "before";
    const prepared of{.words = {}, .form = form, .count = 7, .if_null = "\"none\""};
    answer_writer answer(out);
    answer.begin(of);
    say(answer);
    answer.end();
    return out.substr(6);
}

TEST(AnswerWriter, SaysEachKindOfValue) {
    EXPECT_EQ(answer_of([](auto& a) { a.integer(-3); }), R"({"data":-3})");
    EXPECT_EQ(answer_of([](auto& a) { a.real(0.1); }), R"({"data":0.1})");
    EXPECT_EQ(answer_of([](auto& a) { a.real(HUGE_VAL); }), R"({"data":null})");
    EXPECT_EQ(answer_of([](auto& a) { a.boolean(true); }), R"({"data":true})");
    EXPECT_EQ(answer_of([](auto& a) { a.verbatim("x\ny"); }), R"({"data":"x\ny"})");
    EXPECT_EQ(answer_of([](auto& a) { a.null(); }), R"({"data":"none"})");
    EXPECT_EQ(answer_of([](auto& a) { a.null_array(); }), R"({"data":"none"})");
    EXPECT_EQ(answer_of([](auto& a) { a.status("OK"); }), R"({"data":"OK"})");
    EXPECT_EQ(answer_of([](auto& a) { a.array(0); }), R"({"data":[]})");
    EXPECT_EQ(answer_of([](auto& a) { a.array(2), a.null(), a.bulk("x"); }), R"({"data":[null,"x"]})");
    EXPECT_EQ(answer_of([](auto& a) { a.set(1), a.bulk("x"); }), R"({"data":["x"]})");
    EXPECT_EQ(
        answer_of([](auto& a) { a.map(2), a.integer(1), a.map(1), a.bulk("k"), a.array(0), a.bulk("z"), a.real(1.5); }),
        R"({"data":{"1":{"k":[]},"z":1.5}})");
}

TEST(AnswerWriter, SaysItInTheFormOfTheCommand) {
    const auto integer = [](auto& a) { a.integer(1); };
    EXPECT_EQ(answer_of(integer, answer_form::truth), R"({"data":true})");
    EXPECT_EQ(answer_of([](auto& a) { a.integer(0); }, answer_form::truth), R"({"data":false})");
    EXPECT_EQ(answer_of([](auto& a) { a.status("OK"); }, answer_form::truth), R"({"data":true})");
    EXPECT_EQ(answer_of([](auto& a) { a.bulk("old"); }, answer_form::truth), R"({"data":"old"})");
    EXPECT_EQ(answer_of(integer, answer_form::given_count), R"({"data":7})");
    EXPECT_EQ(answer_of([](auto& a) { a.status("PONG"); }, answer_form::fixed), R"({"data":"none"})");
    EXPECT_EQ(answer_of([](auto& a) { a.array(1), a.bulk("x"); }, answer_form::members),
              R"({"data":["x"],"type":"set"})");
    EXPECT_EQ(answer_of([](auto& a) { a.bulk("1e+20"); }, answer_form::numbers), R"({"data":1e+20})");
    EXPECT_EQ(answer_of([](auto& a) { a.bulk("nan"); }, answer_form::numbers), R"({"data":"nan"})");
}

TEST(AnswerWriter, ErrorsAreTheWholeAnswer) {
    EXPECT_EQ(answer_of([](auto& a) { a.error("ERR no such key"); }),
              R"({"error":{"msg":"no such key","type":"ResponseError"}})");
    EXPECT_EQ(answer_of([](auto& a) { a.error("NOAUTH \"x\""); }),
              R"({"error":{"msg":"NOAUTH \"x\"","type":"ResponseError"}})");
    EXPECT_EQ(answer_of([](auto& a) { a.array(2), a.integer(1), a.error("ERR late"), a.integer(2); }),
              R"({"error":{"msg":"late","type":"ResponseError"}})");
    EXPECT_EQ(answer_of([](auto& a) { a.array(2), a.integer(1); }),
              R"({"error":{"msg":"the command was not answered","type":"ResponseError"}})");
    EXPECT_EQ(answer_of([](auto&) {}), R"({"error":{"msg":"the command was not answered","type":"ResponseError"}})");
}

TEST(AnswerWriter, LongTextsComeInPartsSplitAnywhere) {
    const std::string text = "a\xF0\x9F\x98\x80z";
    for (std::size_t split = 0; split <= text.size(); ++split) {
        EXPECT_EQ(answer_of([&](auto& a) {
                      a.array(2);
                      a.begin_bulk(text.size()), a.part(text.substr(0, split)), a.part(text.substr(split)),
                          a.end_bulk();
                      a.bulk("next");
                  }),
                  "{\"data\":[\"" + text + "\",\"next\"]}");
    }
}

// Everything that a command can say, one value each; a mark may be taken before any of them.
const std::vector<says>& one_long_answer() {
    static const std::vector<says> all = {
        [](auto& a) { a.array(5); },
        [](auto& a) { a.map(2); },
        [](auto& a) { a.bulk("n"); },
        [](auto& a) { a.array(2); },
        [](auto& a) { a.set(0); },
        [](auto& a) { a.integer(12); },
        [](auto& a) { a.bulk("m"); },
        [](auto& a) { a.null(); },
        [](auto& a) { a.array(1); },
        [](auto& a) { a.array(1); },
        [](auto& a) { a.begin_bulk(2), a.part("\xC3"), a.part("\xA9"), a.end_bulk(); },
        [](auto& a) { a.real(2.5); },
        [](auto& a) { a.boolean(false); },
        [](auto& a) { a.status("end"); },
    };
    return all;
}
constexpr std::string_view long_answer_json = "[{\"n\":[[],12],\"m\":null},[[\"\xC3\xA9\"]],2.5,false,\"end\"]";

TEST(AnswerWriter, WhatWasSaidCanBeTakenBackFromAnyPlaceToAnyPlace) {
    const auto& all = one_long_answer();
    for (std::size_t from = 0; from <= all.size(); ++from) {
        for (std::size_t to = 0; to <= from; ++to) {
            const auto said = answer_of([&](auto& a) {
                std::vector<std::size_t> marks;
                for (std::size_t at = 0; at < from; ++at) { marks.push_back(a.mark()), all[at](a); }
                marks.push_back(a.mark());
                if (from % 2 == 1) { a.error("ERR it went wrong"); }
                if (from < all.size() && from % 2 == 0) { a.begin_bulk(9), a.part("\xE2\x82"); }
                a.back_to(marks[to]);
                for (std::size_t at = to; at < all.size(); ++at) { all[at](a); }
            });
            EXPECT_EQ(said, fmt::format(R"({{"data":{}}})", long_answer_json)) << from << " to " << to;
        }
    }
}

TEST(AnswerWriter, InPipelinesToo) {
    const auto& all = one_long_answer();
    const std::vector<prepared> commands(3);
    for (std::size_t from = 0; from <= 3 * all.size(); ++from) {
        std::string out;
        answer_writer answer(out);
        answer.begin_pipeline(commands);
        answer.status("OK");
        for (int i = 0; i < 3; ++i) { answer.status("QUEUED"); }
        const auto start = answer.mark();
        answer.array(3);
        for (std::size_t at = 0; at < from; ++at) { all[at % all.size()](answer); }
        answer.back_to(start);
        answer.array(3);
        for (std::size_t at = 0; at < 3 * all.size(); ++at) { all[at % all.size()](answer); }
        answer.end();
        EXPECT_EQ(out, fmt::format(R"({{"data":[{{"data":{0}}},{{"data":{0}}},{{"data":{0}}}]}})", long_answer_json));
    }
}

TEST(AnswerWriter, SaysNoMoreThanItsBound) {
    EXPECT_THROW(answer_of([](auto& a) { a.bound(3), a.bulk("abcd"); }), answer_too_long);
    EXPECT_THROW(answer_of([](auto& a) { a.bound(8), a.begin_bulk(9), a.part("abc"), a.part("defghi"); }),
                 answer_too_long);
    EXPECT_EQ(answer_of([](auto& a) {
                  const auto start = a.mark();
                  a.bound(10), a.array(2), a.bulk("ab");
                  EXPECT_THROW(a.bulk("abcdefghij"), answer_too_long);
                  a.back_to(start);
                  a.bound(unbounded), a.bulk("abcdefghij");
              }),
              R"({"data":"abcdefghij"})");
}

TEST(AnswerWriter, SaysShortAnswersInTheRoomThatItMade) {
    answer_of([](auto& a) {
        a.make_room(256);
        a.bulk(std::string(256, '\x01'));
    });
}

TEST(Pipeline, AnswersEachCommand) {
    event_client client;
    EXPECT_EQ(client.pipeline("[]"), R"({"data":[]})");
    EXPECT_EQ(client.pipeline(R"([["rpush",[["K","1"],{}]],["sadd",[["S","a"],{}]],["smembers",[["S"],{}]],
                                  ["hset",[["H"],{"mapping":{"a":1,"b":2}}]],["hgetall",[["H"],{}]],
                                  ["get",[["none"],{"default":5}]],["mget",[[],{}]]])"),
              R"({"data":[{"data":1},{"data":1},{"data":["a"],"type":"set"},{"data":2},)"
              R"({"data":{"a":"1","b":"2"}},{"data":5},{"data":[]}]})");
}

TEST(Pipeline, TheFirstErrorIsTheAnswer) {
    event_client client;
    EXPECT_EQ(client.pipeline(R"([["rpush",[["K","1"],{}]],["lset",[["K",9,"v"],{}]],["lset",[["none",0,"v"],{}]]])"),
              R"({"error":{"msg":"index out of range","type":"ResponseError"}})");
    EXPECT_EQ(client("llen", R"(["K"])"), R"({"data":1})");
}

TEST(Pipeline, OneThatCannotBePreparedComesAfterThoseBeforeIt) {
    event_client client;
    EXPECT_EQ(client.pipeline(R"([["rpush",[["K","1"],{}]],["zadd",[["K"],{}]],["rpush",[["K","2"],{}]]])"),
              R"({"error":{"msg":"Unknown event: zadd","type":"UnknownEventError"}})");
    EXPECT_EQ(client("llen", R"(["K"])"), R"({"data":1})");
    EXPECT_EQ(client.pipeline(R"([["lset",[["none",0,"v"],{}]],["zadd",[["K"],{}]]])"),
              R"({"error":{"msg":"no such key","type":"ResponseError"}})");
}

TEST(Pipeline, ExecMaySayFewerItemsBehindAnError) {
    std::string out;
    const std::vector<prepared> commands(3);
    answer_writer answer(out);
    answer.begin_pipeline(commands);
    answer.status("OK"), answer.status("QUEUED"), answer.array(3), answer.integer(1), answer.error("ERR stop");
    answer.end();
    EXPECT_EQ(out, R"({"error":{"msg":"stop","type":"ResponseError"}})");
}

TEST(Pipeline, WhatIsRefusedBeforeExecIsTheAnswer) {
    std::string out;
    const std::vector<prepared> commands(1);
    answer_writer answer(out);
    answer.begin_pipeline(commands);
    answer.status("OK"), answer.error("OOM no"), answer.error("EXECABORT Transaction discarded");
    answer.end();
    EXPECT_EQ(out, R"({"error":{"msg":"OOM no","type":"ResponseError"}})");
}

}  // namespace
}  // namespace coppice::znsocket
