#include <gtest/gtest.h>

#include <embed/flat_reply.hpp>

namespace coppice {
namespace {

using kind = flat_reply::kind;

// Aggregates stand before what they hold, texts lie in one run of bytes.
TEST(FlatReply, KeepsValuesInTheOrderTheyAreSaid) {
    flat_reply reply;
    reply.map(1);
    reply.bulk("name");
    reply.array(2);
    reply.integer(-7);
    reply.begin_bulk(5);
    reply.part("fi");
    reply.part("rst");
    reply.end_bulk();
    reply.real(0.5);
    ASSERT_EQ(reply.items().size(), 6U);
    EXPECT_EQ(reply.items()[0].is, kind::map);
    EXPECT_EQ(reply.items()[0].number, 2);
    EXPECT_EQ(reply.text_of(reply.items()[1]), "name");
    EXPECT_EQ(reply.items()[3].number, -7);
    EXPECT_EQ(reply.text_of(reply.items()[4]), "first");
    EXPECT_EQ(reply.items()[5].real, 0.5);
}

// What a command said before it failed is gone, its bytes as well, and what follows is whole.
TEST(FlatReply, TakesBackWhatWasSaidSinceAMark) {
    flat_reply reply;
    reply.bulk("kept");
    const auto mark = reply.mark();
    reply.array(2);
    reply.bulk("half an answer");
    reply.back_to(mark);
    reply.error("ERR no");
    ASSERT_EQ(reply.items().size(), 2U);
    EXPECT_EQ(reply.text_of(reply.items()[0]), "kept");
    EXPECT_EQ(reply.text_of(reply.items()[1]), "ERR no");
    EXPECT_EQ(reply.items()[1].begin, 4U);
}

// A bound counts from where it is set, and says so before it takes memory.
TEST(FlatReply, RefusesMoreThanABoundAllows) {
    flat_reply reply;
    reply.bulk("0123456789");
    reply.bound(4);
    reply.bulk("abcd");
    EXPECT_THROW(reply.bulk("e"), answer_too_long);
    EXPECT_THROW(reply.begin_bulk(std::uint64_t{1} << 60), answer_too_long);
    reply.bound(unbounded);
    reply.bulk("efgh");
    EXPECT_EQ(reply.items().size(), 3U);
}

}  // namespace
}  // namespace coppice
