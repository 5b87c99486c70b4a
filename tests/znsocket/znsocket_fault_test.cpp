// Memory runs out at any place: what was there before still is, and the same call then does what it should.
#include <optional>
#include <string>
#include <variant>

#include <support/failing_allocation.hpp>

#include <gtest/gtest.h>

#include "znsocket/answer_writer.hpp"
#include "znsocket/chunk_sets.hpp"
#include "znsocket/commands.hpp"
#include "znsocket/envelope.hpp"
#include "znsocket/value.hpp"

namespace coppice::znsocket {
namespace {

using testing::with_each_allocation_failing;

constexpr std::string_view message = R"([["a key that is longer than what a string holds within itself"],)"
                                     R"({"mapping":{"field":1.5,"another field":"a value of the same kind, long"}}])";

TEST(Faults, ReadingAndPreparingThrowAndLeakNothing) {
    std::vector<std::string> words;
    with_each_allocation_failing(
        [&] {
            const auto read = read_json(message);
            const auto made = prepare("hset", read->items[0], read->items[1]);
            words = std::get<prepared>(made).words;
        },
        [&](bool threw) { EXPECT_EQ(words.empty(), threw); });
    EXPECT_EQ(words.size(), 6);
}

void say_much(answer_writer& answer) {
    answer.array(3);
    for (int i = 0; i < 3; ++i) {
        answer.map(1);
        answer.bulk("a name that is longer than what a string holds within itself");
        answer.begin_bulk(4);
        answer.part("\xC3");
        answer.part("\xA9!!");
        answer.end_bulk();
    }
}

TEST(Faults, WhatWasHalfSaidCanBeTakenBack) {
    std::string expected;
    const prepared of;
    answer_writer first(expected);
    first.begin(of);
    say_much(first);
    first.end();
    std::string out;
    answer_writer answer(out);
    std::size_t start = 0;
    with_each_allocation_failing(
        [&] {
            out = {};
            answer.begin(of);
            start = answer.mark();
            say_much(answer);
        },
        [&](bool) {
            const testing::unfailing_section spared;
            if (out.empty()) { return; }
            answer.back_to(start);
            say_much(answer);
            answer.end();
            EXPECT_EQ(out, expected);
        });
}

TEST(Faults, AMessageInChunksIsStillGivenOutOnce) {
    const std::string data(100, 'x');
    std::uint64_t tried = 0;
    with_each_allocation_failing(
        [&] {
            ++tried;
            chunk_room room;
            std::optional<chunk_sets> sets;
            try {
                sets.emplace(room);
            } catch (const std::bad_alloc&) { sets.emplace(room); }
            std::string whole;
            for (int attempt = 0; attempt < 3 && whole.empty(); ++attempt) {
                for (const std::uint64_t index : {2, 0, 1}) {
                    try {
                        auto outcome = sets->add({"id", index, 3, 100, "an event", data}, {});
                        if (auto* given = std::get_if<chunks_assembled>(&outcome)) { whole = std::move(given->bytes); }
                    } catch (const std::bad_alloc&) { continue; }  // the peer sends it again
                }
            }
            EXPECT_EQ(whole.size(), 300);
            EXPECT_EQ(sets->bytes(), 0);
        },
        [](bool threw) { EXPECT_FALSE(threw); });
    EXPECT_GT(tried, 5);
}

TEST(Faults, EnvelopesThrow) {
    const std::string plain = std::string(1, '\0') + std::string(message);
    bool opened = false;
    with_each_allocation_failing([&] { opened = std::holds_alternative<std::string>(open_envelope(plain)); },
                                 [&](bool threw) { EXPECT_NE(opened, threw); });
}

}  // namespace
}  // namespace coppice::znsocket
