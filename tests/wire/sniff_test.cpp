#include "wire/sniff.hpp"

#include <string>

#include <gtest/gtest.h>

namespace coppice::wire {
namespace {

TEST(Sniff, TheFirstBytesTell) {
    EXPECT_EQ(sniff(""), spoken::undecided);
    EXPECT_EQ(sniff("*"), spoken::resp);
    EXPECT_EQ(sniff("\x16\x03\x01"), spoken::tls);
    EXPECT_EQ(sniff("PING\r\n"), spoken::resp);
    EXPECT_EQ(sniff("GET / HTTP/1.1\r\n"), spoken::http);
    EXPECT_EQ(sniff("GET / HTTP/1.0\n"), spoken::http);
    EXPECT_EQ(sniff("GET /\r\n"), spoken::resp);
    EXPECT_EQ(sniff("SET page \" HTTP/1.1\"\r\n"), spoken::resp);
    EXPECT_EQ(sniff("GET / HTTP/1.1"), spoken::undecided);
    EXPECT_EQ(sniff(std::string(limits::inline_bytes + 1, 'a')), spoken::resp);
}

}  // namespace
}  // namespace coppice::wire
