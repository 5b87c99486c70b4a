// Chunks in any order become the message, which is given out once.
#include "znsocket/chunk_sets.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include <fmt/format.h>
#include <support/seeds.hpp>

#include <gtest/gtest.h>

namespace coppice::znsocket {
namespace {

using namespace std::chrono_literals;

chunk piece(std::uint64_t index, std::uint64_t total, std::string data, std::string id = "id") {
    return {.id = std::move(id), .index = index, .total = total, .size = data.size(), .event = "hset", .data = data};
}

std::string text_of(const chunk_outcome& outcome) {
    if (const auto* waiting = std::get_if<chunks_waiting>(&outcome)) {
        return fmt::format("waiting {}/{}", waiting->received, waiting->total);
    }
    if (const auto* whole = std::get_if<chunks_assembled>(&outcome)) { return whole->event + " " + whole->bytes; }
    if (const auto* failed = std::get_if<failure>(&outcome)) { return failed->type + ": " + failed->text; }
    return "complete";
}

std::string answer_of(chunk_sets& sets, std::string_view id = "id") {
    const auto taken = sets.take_answer(id);
    const auto* const failed = std::get_if<failure>(&taken);
    return failed == nullptr ? std::get<std::string>(taken) : failed->type + ": " + failed->text;
}

TEST(ChunkSets, GiveTheMessageOnceAndItsAnswerOnce) {
    chunk_room room;
    chunk_sets sets(room);
    EXPECT_EQ(answer_of(sets), "ChunkNotFoundError: Chunk ID id not found");
    EXPECT_EQ(text_of(sets.add(piece(0, 3, "ab"), 0s)), "waiting 1/3");
    EXPECT_EQ(text_of(sets.add(piece(1, 3, "cd"), 0s)), "waiting 2/3");
    EXPECT_EQ(text_of(sets.add(piece(1, 3, "cd"), 0s)), "waiting 2/3");
    EXPECT_EQ(answer_of(sets), "ChunkIncompleteError: Chunk ID id not complete");
    EXPECT_EQ(sets.bytes(), 4);
    EXPECT_EQ(text_of(sets.add(piece(2, 3, "e"), 0s)), "hset abcde");
    EXPECT_EQ(sets.bytes(), 0);
    EXPECT_EQ(text_of(sets.add(piece(2, 3, "e"), 0s)), "complete");
    EXPECT_EQ(answer_of(sets), "ChunkIncompleteError: Chunk ID id not complete");
    sets.keep_answer("id", "{\"data\":1}");
    sets.keep_answer("id", "again");
    sets.keep_answer("other", "nothing");
    EXPECT_EQ(sets.bytes(), 10);
    EXPECT_EQ(text_of(sets.add(piece(2, 3, "e"), 0s)), "complete");
    EXPECT_EQ(answer_of(sets), "{\"data\":1}");
    EXPECT_EQ(answer_of(sets), "ChunkNotFoundError: Chunk ID id not found");
    EXPECT_EQ(text_of(sets.add(piece(2, 3, "e"), 0s)), "complete");
    EXPECT_EQ(sets.bytes(), 0);
}

TEST(ChunkSets, TakeAnyOrderAndRepetition) {
    testing::for_each_seed(100, [](random_source& random) {
        const std::uint64_t total = 1 + random.below(8);
        std::vector<std::uint64_t> order(total);
        std::iota(order.begin(), order.end(), 0);
        for (std::size_t i = total; i > 1; --i) { std::swap(order[i - 1], order[random.below(i)]); }
        chunk_room room;
        chunk_sets sets(room);
        std::string whole;
        for (std::uint64_t i = 0; i < total; ++i) { whole += fmt::format("<{}>", i); }
        for (std::size_t i = 0; i < total; ++i) {
            const auto give = [&](std::size_t at) {
                return text_of(sets.add(piece(order[at], total, fmt::format("<{}>", order[at])), 0s));
            };
            EXPECT_EQ(give(i), i + 1 == total ? "hset " + whole : fmt::format("waiting {}/{}", i + 1, total));
            EXPECT_EQ(give(random.below(i + 1)),
                      i + 1 == total ? "complete" : fmt::format("waiting {}/{}", i + 1, total));
        }
    });
}

TEST(ChunkSets, RefuseWhatDoesNotFit) {
    chunk_room room;
    chunk_sets sets(room, {.chunks = 10});
    auto wrong = piece(1, 2, "abc");
    wrong.size = 4;
    EXPECT_EQ(text_of(sets.add(wrong, 0s)), "ChunkSizeError: Chunk 1 size mismatch");
    wrong.size = 0;
    EXPECT_EQ(text_of(sets.add(wrong, 0s)), "waiting 1/2");
    EXPECT_EQ(text_of(sets.add(piece(0, 3, "x"), 0s)), "ChunkError: Chunk 0 is one of 3, not of 2");
    EXPECT_EQ(text_of(sets.add(piece(2, 2, "x"), 0s)), "ChunkError: Chunk 2 of 2");
    EXPECT_EQ(text_of(sets.add(piece(0, 0, "x"), 0s)), "ChunkError: Chunk 0 of 0");
    EXPECT_EQ(text_of(sets.add(piece(0, 11, "x"), 0s)), "ChunkError: More than 10 chunks");
    EXPECT_EQ(text_of(sets.add(piece(0, UINT64_MAX, "x"), 0s)), "ChunkError: More than 10 chunks");
    EXPECT_EQ(text_of(sets.add(piece(0, 2, "x"), 0s)), "hset xabc");
}

TEST(ChunkSets, BytesHaveALimit) {
    chunk_room room;
    chunk_sets sets(room, {.bytes = 10});
    EXPECT_EQ(text_of(sets.add(piece(1, 3, "abcdef", "a"), 0s)), "waiting 1/3");
    EXPECT_EQ(text_of(sets.add(piece(0, 3, "abcd", "b"), 0s)), "waiting 1/3");
    EXPECT_EQ(sets.bytes(), 10);
    EXPECT_EQ(text_of(sets.add(piece(0, 3, "x", "a"), 0s)), "ChunkError: More than 10 bytes in chunks");
    EXPECT_EQ(sets.bytes(), 4);
    EXPECT_EQ(sets.set_count(), 1);
    EXPECT_EQ(text_of(sets.add(piece(0, 1, "123456", "c"), 0s)), "hset 123456");
    sets.keep_answer("c", "an answer longer than the limit");
    EXPECT_EQ(text_of(sets.add(piece(1, 3, "x", "b"), 0s)), "ChunkError: More than 10 bytes in chunks");
    EXPECT_EQ(answer_of(sets, "c"), "an answer longer than the limit");
    EXPECT_EQ(sets.bytes(), 0);
}

TEST(ChunkSets, ShareTheirBytesAndWhatIsLeftLyingGivesWay) {
    chunk_room room(10, 10s);
    chunk_sets one(room);
    chunk_sets other(room);
    EXPECT_EQ(text_of(one.add(piece(0, 2, "abcd", "left"), 0s)), "waiting 1/2");
    EXPECT_EQ(text_of(one.add(piece(0, 1, "run", "run"), 0s)), "hset run");
    EXPECT_EQ(text_of(one.add(piece(0, 2, "abcd", "used"), 5s)), "waiting 1/2");
    const std::string refused =
        "ChunkError: The chunks of all clients take all bytes that they may: send the message later";
    EXPECT_EQ(text_of(other.add(piece(0, 2, "abcd", "x"), 10s)), refused);
    EXPECT_EQ(other.set_count(), 0);
    EXPECT_EQ(room.taken(), 8);
    EXPECT_EQ(text_of(other.add(piece(0, 2, "abcd", "x"), 11s)), "waiting 1/2");
    EXPECT_EQ(answer_of(one, "left"), "ChunkNotFoundError: Chunk ID left not found");
    EXPECT_EQ(text_of(one.add(piece(0, 1, "run", "run"), 11s)), "complete") << "what holds no bytes stays known";
    EXPECT_EQ(text_of(one.add(piece(1, 2, "e", "used"), 12s)), "hset abcde");
    EXPECT_EQ(room.taken(), 4);
    {
        chunk_sets gone(room);
        EXPECT_EQ(text_of(gone.add(piece(0, 2, "abcd"), 12s)), "waiting 1/2");
    }
    EXPECT_EQ(room.taken(), 4);
}

TEST(ChunkSets, MessagesHaveALimitAndWhatWasTakenGivesWay) {
    chunk_room room;
    chunk_sets sets(room, {.sets = 2});
    EXPECT_EQ(text_of(sets.add(piece(0, 1, "a", "a"), 0s)), "hset a");
    sets.keep_answer("a", "1");
    EXPECT_EQ(text_of(sets.add(piece(0, 2, "b", "b"), 0s)), "waiting 1/2");
    EXPECT_EQ(text_of(sets.add(piece(0, 2, "c", "c"), 0s)), "ChunkError: More than 2 messages in chunks");
    EXPECT_EQ(answer_of(sets, "a"), "1");
    EXPECT_EQ(text_of(sets.add(piece(0, 2, "c", "c"), 0s)), "waiting 1/2");
    EXPECT_EQ(sets.set_count(), 2);
}

TEST(ChunkSets, ForgetMessagesOfWhichNothingComes) {
    chunk_room room;
    chunk_sets sets(room);
    EXPECT_EQ(text_of(sets.add(piece(0, 3, "a", "a"), 0min)), "waiting 1/3");
    EXPECT_EQ(text_of(sets.add(piece(0, 3, "b", "b"), 0min)), "waiting 1/3");
    EXPECT_EQ(text_of(sets.add(piece(1, 3, "b", "b"), 4min)), "waiting 2/3");
    sets.expire(5min);
    EXPECT_EQ(sets.set_count(), 2);
    sets.expire(6min);
    EXPECT_EQ(sets.set_count(), 1);
    EXPECT_EQ(sets.bytes(), 2);
    EXPECT_EQ(answer_of(sets, "a"), "ChunkNotFoundError: Chunk ID a not found");
    EXPECT_EQ(text_of(sets.add(piece(2, 3, "b", "b"), 8min)), "hset bbb");
    sets.expire(14min);
    EXPECT_EQ(sets.set_count(), 0);
}

}  // namespace
}  // namespace coppice::znsocket
