#include "wire/resp_request.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <coppice/base/random.hpp>

#include "support/seeds.hpp"
#include "wire/byte_buffer.hpp"
#include "wire/resp_writer.hpp"

namespace coppice::wire {
namespace {

using words = std::vector<std::string>;

// What a parser made of some input.
struct heard {
    std::vector<words> requests;
    std::string error;
    std::string left;
};

// Reads like a connection: keeps the unfinished rest, in new memory each time, so that a kept view would show.
class reader {
public:
    explicit reader(request_limits allowed = {}) : allowed_(allowed) {}

    void feed(std::string_view more) {
        if (!heard_.error.empty()) { return; }
        std::string bytes = heard_.left;
        bytes.append(more);
        heard_.left.assign(bytes.size(), '#');
        const std::string_view view = bytes;
        std::size_t at = 0;
        request_batch batch;
        for (;;) {
            const auto outcome = parser_.next(view.substr(at), allowed_, batch, at);
            if (outcome == parse_outcome::whole) {
                at += parser_.consumed();
                continue;
            }
            if (outcome == parse_outcome::failed) { heard_.error = parser_.error(); }
            if (outcome == parse_outcome::more) {
                EXPECT_GT(parser_.wanted(), view.size() - at);
                EXPECT_LE(parser_.wanted(), ahead_of_seen * (view.size() - at) + limits::unread_bytes);
            }
            break;
        }
        for (const auto& one : batch.requests()) { heard_.requests.emplace_back(one.begin(), one.end()); }
        if (!batch.empty()) { EXPECT_LE(batch.bytes_of_first(batch.size()), at); }
        heard_.left = view.substr(at);
    }
    [[nodiscard]] const heard& result() const { return heard_; }

private:
    request_limits allowed_;
    resp_request_parser parser_;
    heard heard_;
};

heard hear(std::string_view input, request_limits allowed = {}) {
    reader whole(allowed);
    whole.feed(input);
    return whole.result();
}

// The property of all parsers: the split of the input does not matter.
void expect_same_at_every_split(std::string_view input, request_limits allowed = {}) {
    auto expected = hear(input, allowed);
    if (!expected.error.empty()) { expected.left.clear(); }
    const auto check = [&](heard got, const std::string& how) {
        if (!got.error.empty()) { got.left.clear(); }
        EXPECT_EQ(got.requests, expected.requests) << how;
        EXPECT_EQ(got.error, expected.error) << how;
        EXPECT_EQ(got.left, expected.left) << how;
    };
    reader bytewise(allowed);
    for (const char byte : input) { bytewise.feed({&byte, 1}); }
    check(bytewise.result(), "byte by byte");
    for (std::size_t cut = 1; cut < std::min<std::size_t>(input.size(), 300); ++cut) {
        reader halves(allowed);
        halves.feed(input.substr(0, cut));
        halves.feed(input.substr(cut));
        check(halves.result(), "cut at " + std::to_string(cut));
    }
}

std::string error_of(std::string_view input, request_limits allowed = {}) {
    expect_same_at_every_split(input, allowed);
    return hear(input, allowed).error;
}

TEST(RespRequest, ReadsPipelinedArraysAndLinesInOrder) {
    const std::string input = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\nPING\r\n*1\r\n$0\r\n\r\n  SET  a\tb \nECHO \"\"\r\n";
    const auto got = hear(input);
    EXPECT_EQ(got.requests, (std::vector<words>{{"GET", "k"}, {"PING"}, {""}, {"SET", "a", "b"}, {"ECHO", ""}}));
    EXPECT_EQ(got.left, "");
    expect_same_at_every_split(input);
}

TEST(RespRequest, EmptyRequestsAreSkipped) {
    const std::string input = "\r\n*0\r\n*-1\r\n   \r\n\nPING\r\n";
    EXPECT_EQ(hear(input).requests, (std::vector<words>{{"PING"}}));
    expect_same_at_every_split(input);
}

TEST(RespRequest, QuotesAreRedis) {
    const std::vector<std::pair<std::string, words>> cases{
        {R"(ECHO "\x41\n\q\xzz")", {"ECHO", "A\nqxzz"}},
        {R"(ECHO 'a\'b\n')", {"ECHO", "a'b\\n"}},
        {R"(a"b c" d)", {"ab c", "d"}},
        {R"('' "" x)", {"", "", "x"}},
        {R"("\r\t\b\a\\\"")", {"\r\t\b\a\\\""}},
    };
    for (const auto& [line, expected] : cases) {
        EXPECT_EQ(hear(line + "\r\n").requests, (std::vector<words>{expected})) << line;
        expect_same_at_every_split(line + "\r\nPING\r\n");
    }
    for (const auto* line : {"\"abc\r\n", "\"abc\"x\r\n", "'abc\r\n", "'a'b\r\n", "\"a\\\r\n", "x \"\\\n", "a'\n"}) {
        EXPECT_EQ(error_of(line), "ERR Protocol error: unbalanced quotes in request") << line;
    }
}

TEST(RespRequest, ErrorsAreThoseOfRedis) {
    const auto error = [](std::string_view text) { return "ERR Protocol error: " + std::string(text); };
    for (const auto* input : {"*a\r\n", "*1 \r\n", "*+1\r\n", "*01\r\n", "*\r\n", "*1048577\r\n", "*1\n$4\r\nPING\r\n",
                              "*-0\r\n", "*9999999999999999999\r\n"}) {
        EXPECT_EQ(error_of(input), error("invalid multibulk length")) << input;
    }
    for (const auto* input : {"*1\r\n$a\r\n", "*1\r\n$-1\r\n", "*1\r\n$04\r\nPING\r\n", "*1\r\n$\r\n",
                              "*1\r\n$536870913\r\n", "*2\r\n$1\r\na\r\n$x1\r\n"}) {
        EXPECT_EQ(error_of(input), error("invalid bulk length")) << input;
    }
    EXPECT_EQ(error_of("*1\r\nx3\r\n"), error("expected '$', got 'x'"));
    EXPECT_EQ(error_of("*2\r\n$4\r\nECHO\r\n:\r\n"), error("expected '$', got ':'"));
    EXPECT_EQ(error_of("*1\r\n\r\n"), error("expected '$', got ' '"));
}

TEST(RespRequest, LinesThatNeverEndAreRefusedAtSixtyFourKilobytes) {
    const std::string digits(70'000, '1');
    EXPECT_EQ(hear(std::string(70'000, 'a')).error, "ERR Protocol error: too big inline request");
    EXPECT_EQ(hear("*" + digits).error, "ERR Protocol error: too big mbulk count string");
    EXPECT_EQ(hear("*1\r\n$" + digits).error, "ERR Protocol error: too big bulk count string");
    EXPECT_EQ(hear("*1\r\n$" + digits + "\r\n").error, "ERR Protocol error: too big bulk count string");
    EXPECT_EQ(hear(std::string(70'000, 'a') + "\r\n").error, "ERR Protocol error: too big inline request");
    EXPECT_EQ(hear(std::string(60'000, 'a') + "\r\n").requests.at(0).at(0).size(), 60'000U);
}

TEST(RespRequest, AClientThatIsNotLoggedInMaySendLittle) {
    const auto allowed = limits_before_login();
    EXPECT_EQ(error_of("*11\r\n", allowed), "ERR Protocol error: unauthenticated multibulk length");
    EXPECT_EQ(error_of("*1\r\n$16385\r\n", allowed), "ERR Protocol error: unauthenticated bulk length");
    EXPECT_EQ(hear("*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n", allowed).requests.size(), 1U);
    EXPECT_EQ(hear("*1\r\n$16384\r\n" + std::string(16384, 'x') + "\r\n", allowed).requests.size(), 1U);
}

TEST(RespRequest, AllStringsTogetherHaveALimit) {
    const request_limits allowed{.request_bytes = 10};
    EXPECT_EQ(error_of("*3\r\n$5\r\n12345\r\n$5\r\n12345\r\n$1\r\nx\r\n", allowed),
              "ERR Protocol error: too big request");
}

TEST(RespRequest, ABigStringAsksForRoomInSteps) {
    resp_request_parser parser;
    request_batch batch;
    const std::string head = "*2\r\n$4\r\nECHO\r\n$100000000\r\n";
    ASSERT_EQ(parser.next(head, {}, batch), parse_outcome::more);
    EXPECT_TRUE(parser.in_bulk());
    EXPECT_EQ(parser.wanted(), ahead_of_seen * head.size() + limits::unread_bytes);
    const auto nearly = head + std::string(100'000'000 - 10, 'x');
    ASSERT_EQ(parser.next(nearly, {}, batch), parse_outcome::more);
    EXPECT_EQ(parser.wanted(), nearly.size() + 12);
}

// A million arguments in reads of 16 KiB: restarting the parse at each read would take minutes.
TEST(RespRequest, AMillionArgumentsAreReadOnce) {
    constexpr std::size_t count = limits::arguments;
    std::string input = "*" + std::to_string(count) + "\r\n";
    for (std::size_t i = 0; i < count; ++i) {
        const auto text = std::to_string(i);
        input += "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
    }
    resp_request_parser parser;
    request_batch batch;
    for (std::size_t seen = 0; seen < input.size();) {
        seen = std::min(seen + 16'384, input.size());
        const auto outcome = parser.next(std::string_view(input).substr(0, seen), {}, batch);
        ASSERT_EQ(outcome, seen == input.size() ? parse_outcome::whole : parse_outcome::more);
    }
    const auto requests = batch.requests();
    ASSERT_EQ(requests.size(), 1U);
    ASSERT_EQ(requests[0].size(), count);
    for (std::size_t i = 0; i < count; i += 999) { ASSERT_EQ(requests[0][i], std::to_string(i)); }
}

TEST(RespRequest, WhatAClientWritesIsReadBackAtAnySplit) {
    testing::for_each_seed(200, [](random_source& random) {
        std::vector<words> sent;
        byte_buffer input;
        for (auto requests = random.below(8); requests-- > 0;) {
            words request;
            for (auto count = 1 + random.below(random.one_in(10) ? 200 : 5); count-- > 0;) {
                std::string word(random.below(random.one_in(20) ? 5'000 : 30), '\0');
                for (auto& byte : word) { byte = static_cast<char>(random()); }
                request.push_back(word);
            }
            append_request(input, std::vector<std::string_view>(request.begin(), request.end()));
            sent.push_back(request);
        }
        reader pieces;
        for (auto rest = input.view(); !rest.empty();) {
            const auto size = std::min<std::size_t>(rest.size(), 1 + random.below(random.one_in(2) ? 10 : 4'000));
            pieces.feed(rest.substr(0, size));
            rest.remove_prefix(size);
        }
        ASSERT_EQ(pieces.result().requests, sent);
        ASSERT_EQ(pieces.result().error, "");
    });
}

TEST(RespRequest, GarbageIsTheSameGarbageAtAnySplit) {
    testing::for_each_seed(1'000, [](random_source& random) {
        constexpr std::string_view likely = "*$\r\n0123 \"'\\xaG-";
        std::string input(1 + random.below(60), '\0');
        for (auto& byte : input) { byte = likely[random.below(likely.size())]; }
        if (random.one_in(2)) { input.insert(0, "*2\r\n$1\r\n"); }
        expect_same_at_every_split(input);
    });
}

TEST(RespRequest, ABatchKnowsWhereItsRequestsEnd) {
    const std::string input = "PING\r\n\r\n*1\r\n$4\r\nPING\r\nX\r\n";
    resp_request_parser parser;
    request_batch batch;
    std::size_t at = 0;
    while (parser.next(std::string_view(input).substr(at), {}, batch, at) == parse_outcome::whole) {
        at += parser.consumed();
    }
    ASSERT_EQ(batch.size(), 3U);
    EXPECT_EQ(batch.bytes_of_first(0), 0U);
    EXPECT_EQ(batch.bytes_of_first(1), 6U);
    EXPECT_EQ(batch.bytes_of_first(2), 22U);
    EXPECT_EQ(batch.bytes_of_first(3), input.size());
}

}  // namespace
}  // namespace coppice::wire
