#include "wire/resp_reply.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <coppice/base/random.hpp>

#include "support/seeds.hpp"
#include "wire/resp_writer.hpp"

namespace coppice::wire {
namespace {

struct heard {
    std::vector<reply_value> replies;
    std::string error;
    friend bool operator==(const heard&, const heard&) = default;
};

class reader {
public:
    explicit reader(reply_limits allowed = {}) : parser_(allowed) {}
    void feed(std::string bytes) {  // owned here, so that a kept view would show
        std::string_view rest = bytes;
        while (!rest.empty()) {
            const auto outcome = parser_.feed(rest);
            if (outcome == reply_outcome::reply) { heard_.replies.push_back(parser_.take()); }
            if (outcome == reply_outcome::failed) {
                heard_.error = parser_.error();
                return;
            }
        }
        bytes.assign(bytes.size(), '#');
    }
    [[nodiscard]] const heard& result() const { return heard_; }
    [[nodiscard]] bool in_reply() const { return parser_.in_reply(); }

private:
    resp_reply_parser parser_;
    heard heard_;
};

heard hear(std::string_view input, reply_limits allowed = {}) {
    reader whole(allowed);
    whole.feed(std::string(input));
    reader bytewise(allowed);
    for (const char byte : input) { bytewise.feed({byte}); }
    EXPECT_EQ(whole.result(), bytewise.result()) << input;
    return whole.result();
}

reply_value text(reply_kind kind, std::string bytes) {
    reply_value value;
    value.kind = kind;
    value.text = std::move(bytes);
    return value;
}

TEST(RespReply, ReadsEveryType) {
    const auto one = [](std::string_view input) {
        const auto got = hear(input);
        EXPECT_EQ(got.error, "") << input;
        EXPECT_EQ(got.replies.size(), 1U) << input;
        return got.replies.empty() ? reply_value{} : got.replies.front();
    };
    EXPECT_EQ(one("+OK\r\n"), text(reply_kind::status, "OK"));
    EXPECT_EQ(one("-ERR x\r\n"), text(reply_kind::error, "ERR x"));
    EXPECT_EQ(one(":-12\r\n").number, -12);
    EXPECT_EQ(one("$4\r\na\r\nb\r\n"), text(reply_kind::bulk, "a\r\nb"));
    EXPECT_EQ(one("$0\r\n\r\n"), text(reply_kind::bulk, ""));
    EXPECT_EQ(one("$-1\r\n").kind, reply_kind::null);
    EXPECT_EQ(one("*-1\r\n").kind, reply_kind::null);
    EXPECT_EQ(one("_\r\n").kind, reply_kind::null);
    EXPECT_EQ(one("#t\r\n").number, 1);
    EXPECT_EQ(one(",1.5\r\n").real, 1.5);
    EXPECT_EQ(one(",-inf\r\n").real, -INFINITY);
    std::string_view nan = ",nan\r\n";
    resp_reply_parser parser;
    ASSERT_EQ(parser.feed(nan), reply_outcome::reply);
    EXPECT_TRUE(std::isnan(parser.take().real));
    EXPECT_EQ(one("(123456789012345678901234567890\r\n").text, "123456789012345678901234567890");
    EXPECT_EQ(one("!5\r\nERR x\r\n"), text(reply_kind::error, "ERR x"));
    const auto verbatim = one("=6\r\nmkd:hi\r\n");
    EXPECT_EQ(verbatim.text, "hi");
    EXPECT_EQ(verbatim.format, "mkd");
    EXPECT_EQ(one("*0\r\n").kind, reply_kind::array);
    EXPECT_EQ(one("*2\r\n*1\r\n:1\r\n+a\r\n").items.at(0).items.at(0).number, 1);
    EXPECT_EQ(one("%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n").items.size(), 4U);
    EXPECT_EQ(one("~1\r\n:1\r\n").kind, reply_kind::set);
    EXPECT_EQ(one(">2\r\n+message\r\n+x\r\n").kind, reply_kind::push);
    const auto attributed = one("*2\r\n|1\r\n+ttl\r\n:60\r\n:1\r\n:2\r\n");
    EXPECT_EQ(attributed.items.at(0).attributes.size(), 2U);
    EXPECT_TRUE(attributed.items.at(1).attributes.empty());
    EXPECT_EQ(one("|1\r\n+ttl\r\n:60\r\n*1\r\n:1\r\n").attributes.size(), 2U);
}

TEST(RespReply, BytesThatAreNoReplyAreRefused) {
    for (const auto* input : {"x\r\n",          "+OK\n",     ":a\r\n",    ":\r\n",    "$-2\r\n",
                              "$a\r\n",         "$1\r\nabc", "$1\r\na\n", "*?\r\n",   "$?\r\n",
                              "#x\r\n",         "_1\r\n",    ",1.5x\r\n", "(12a\r\n", "=2\r\n",
                              "=4\r\nabcd\r\n", "\r\n",      "\n",        "%-1\r\n",  "*9999999999999999\r\n",
                              "$9999999999\r\n"}) {
        EXPECT_NE(hear(input).error, "") << input;
    }
    std::string deep;
    for (std::size_t i = 0; i < limits::reply_nesting; ++i) { deep += "*1\r\n"; }
    EXPECT_EQ(hear(deep + ":1\r\n").replies.size(), 1U);
    EXPECT_EQ(hear(deep + "*1\r\n:1\r\n").error, "aggregates are nested too deeply");
    // Attributes in a row do not nest either.
    std::string attributes;
    for (int i = 0; i < 100'000; ++i) { attributes += "|1\r\n+k\r\n+v\r\n"; }
    EXPECT_EQ(hear(attributes + ":1\r\n").replies.at(0).attributes.size(), 2U);
}

TEST(RespReply, KnowsWhetherItIsInsideAReply) {
    reader subject;
    EXPECT_FALSE(subject.in_reply());
    for (const auto* part : {"*2", "\r\n", "$3\r\n", "ab", "c\r\n"}) {
        subject.feed(part);
        EXPECT_TRUE(subject.in_reply()) << part;
    }
    subject.feed("$0\r\n\r\n");
    EXPECT_FALSE(subject.in_reply());
    EXPECT_EQ(subject.result().replies.size(), 1U);
}

// What the writer writes of a random tree, the parser reads back.
class tree_maker {
public:
    explicit tree_maker(random_source& random) : random_(random) {}

    reply_value make(unsigned depth) {
        constexpr reply_kind kinds[] = {
            reply_kind::null,    reply_kind::status, reply_kind::error,    reply_kind::integer,    reply_kind::real,
            reply_kind::boolean, reply_kind::bulk,   reply_kind::verbatim, reply_kind::big_number, reply_kind::array,
            reply_kind::map,     reply_kind::set,    reply_kind::push};
        reply_value value;
        value.kind = kinds[random_.below(depth == 0 ? 9 : std::size(kinds))];
        switch (value.kind) {
            case reply_kind::null: break;
            case reply_kind::status:
            case reply_kind::error: value.text = "some text"; break;
            case reply_kind::integer: value.number = static_cast<std::int64_t>(random_()); break;
            case reply_kind::boolean: value.number = random_.one_in(2); break;
            case reply_kind::real: {
                value.real = static_cast<double>(random_.below(1000)) / 8;
                char digits[32];
                value.text.assign(digits, put_real(digits, value.real));
                break;
            }
            case reply_kind::big_number: value.text = "12345678901234567890"; break;
            case reply_kind::verbatim: value.format = "txt"; [[fallthrough]];
            case reply_kind::bulk:
                value.text.resize(random_.below(100));
                for (auto& byte : value.text) { byte = static_cast<char>(random_()); }
                break;
            default: {
                auto count = random_.below(5) * (value.kind == reply_kind::map ? 2 : 1);
                while (count-- > 0) { value.items.push_back(make(depth - 1)); }
            }
        }
        return value;
    }

private:
    random_source& random_;
};

void write(resp_writer& to, const reply_value& value) {
    switch (value.kind) {
        case reply_kind::null: to.null(); break;
        case reply_kind::status: to.status(value.text); break;
        case reply_kind::error: to.error(value.text); break;
        case reply_kind::integer: to.integer(value.number); break;
        case reply_kind::real: to.real(value.real); break;
        case reply_kind::boolean: to.boolean(value.number != 0); break;
        case reply_kind::bulk: to.bulk(value.text); break;
        case reply_kind::verbatim: to.verbatim(value.text); break;
        case reply_kind::big_number: to.big_number(value.text); break;
        case reply_kind::array: to.array(value.items.size()); break;
        case reply_kind::map: to.map(value.items.size() / 2); break;
        case reply_kind::set: to.set(value.items.size()); break;
        case reply_kind::push: to.push(value.items.size()); break;
    }
    for (const auto& item : value.items) { write(to, item); }
}

TEST(RespReply, ReadsBackWhatTheWriterWrote) {
    testing::for_each_seed(300, [](random_source& random) {
        tree_maker maker(random);
        byte_buffer out;
        resp_writer writer(out, resp_version::three);
        const std::vector<reply_value> sent{maker.make(4), maker.make(2), maker.make(0)};
        for (const auto& value : sent) { write(writer, value); }
        ASSERT_EQ(hear(out.view()).replies, sent);
    });
}

}  // namespace
}  // namespace coppice::wire
