// What a client frames comes out whole, however it was split; what breaks RFC 6455 closes with the code that says so.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <coppice/base/random.hpp>

#include "wire/http.hpp"
#include "wire/websocket.hpp"

namespace coppice::wire {
namespace {

// A client's frame: masked.
std::string frame(unsigned opcode, std::string_view payload, bool last = true) {
    std::string bytes(1, static_cast<char>((last ? 0x80U : 0U) | opcode));
    if (payload.size() < 126) {
        bytes += static_cast<char>(0x80U | payload.size());
    } else {
        bytes += static_cast<char>(0x80U | 126U);
        bytes += static_cast<char>(payload.size() >> 8);
        bytes += static_cast<char>(payload.size() & 0xffU);
    }
    const std::string mask = "\x12\x34\x56\x78";
    bytes += mask;
    for (std::size_t i = 0; i < payload.size(); ++i) { bytes += static_cast<char>(payload[i] ^ mask[i % 4]); }
    return bytes;
}

struct peer {
    explicit peer(delivery how = delivery::whole) : socket(1000, how) {}
    websocket socket;
    byte_buffer out;
    std::vector<std::string> got;
    void receive(std::string_view bytes) {
        socket.receive(bytes, out, [this](std::string_view message, bool binary) {
            got.push_back((binary ? "b:" : "t:") + std::string(message));
        });
    }
};

TEST(WebSocket, MessagesComeOutWholeHoweverTheyWereSplit) {
    const std::string all = frame(1, "hello") + frame(2, std::string("\0\xff", 2)) + frame(1, "fra", false)
                            + frame(9, "ping") + frame(0, "gment") + frame(1, std::string(300, 'x'));
    for (std::size_t step = 1; step < 20; ++step) {
        peer one;
        for (std::size_t at = 0; at < all.size(); at += step) { one.receive(std::string_view(all).substr(at, step)); }
        EXPECT_EQ(one.got, (std::vector<std::string>{"t:hello", "b:" + std::string("\0\xff", 2), "t:fragment",
                                                     "t:" + std::string(300, 'x')}));
        EXPECT_EQ(one.out.view(), "\x8a\x04ping");
        EXPECT_FALSE(one.socket.over());
    }
}

TEST(WebSocket, WhatIsSentIsNotMasked) {
    peer one;
    one.socket.send("hi", false, one.out);
    one.socket.send("\x01", true, one.out);
    EXPECT_EQ(one.out.view(), "\x81\x02hi\x82\x01\x01");
}

TEST(WebSocket, WhatBreaksTheRulesCloses) {
    const auto code_for = [](const std::string& bytes) {
        peer one;
        one.receive(bytes);
        EXPECT_TRUE(one.socket.over());
        const auto said = one.out.view();
        return said.size() < 4 ? 0 : static_cast<unsigned char>(said[2]) * 256 + static_cast<unsigned char>(said[3]);
    };
    EXPECT_EQ(code_for("\x81\x02hi"), 1002) << "not masked";
    EXPECT_EQ(code_for(frame(3, "x")), 1002) << "an opcode nobody knows";
    EXPECT_EQ(code_for(frame(1, "\xff")), 1007) << "not UTF-8";
    EXPECT_EQ(code_for(frame(1, std::string(1001, 'x'))), 1009) << "too long";
    EXPECT_EQ(code_for(frame(8, std::string("\x03\xe8", 2))), 1000) << "a close is returned";
}

// However the input is split, the pieces are the messages' bytes in order, and none waits for the rest of its frame.
TEST(WebSocket, PiecesAreHandedOnAsTheyCome) {
    const std::string all = frame(1, "hello ") + frame(2, "fra", false) + frame(9, "ping") + frame(0, "gment ")
                            + frame(2, std::string(900, 'x'));
    for (std::size_t step = 1; step < 20; ++step) {
        websocket socket(1000, delivery::pieces);
        byte_buffer out;
        std::string got;
        for (std::size_t at = 0; at < all.size(); at += step) {
            socket.receive(std::string_view(all).substr(at, step), out, [&](auto piece, bool) { got += piece; });
            if (at + step > 100) { EXPECT_GE(got.size() + 60, at + step); }
        }
        EXPECT_EQ(got, "hello fragment " + std::string(900, 'x'));
        EXPECT_EQ(out.view(), "\x8a\x04ping");
    }
}

TEST(WebSocket, PiecesOfAMessageThatIsTooLongAreRefused) {
    for (const auto& bytes :
         {frame(2, std::string(1001, 'x')), frame(2, std::string(600, 'x'), false) + frame(0, std::string(401, 'x'))}) {
        peer one(delivery::pieces);
        one.receive(bytes);
        EXPECT_TRUE(one.socket.over());
        EXPECT_EQ(one.out.view(), std::string_view("\x88\x02\x03\xf1", 4)) << "1009";
        for (const auto& piece : one.got) { EXPECT_EQ(piece.find_first_not_of("bx:"), std::string::npos); }
    }
}

TEST(WebSocket, HeadersOfFramesSayTheLength) {
    const auto header_of = [](std::uint64_t bytes) {
        byte_buffer out;
        append_frame_header(out, bytes);
        return std::string(out.view());
    };
    EXPECT_EQ(header_of(5), "\x82\x05");
    EXPECT_EQ(header_of(125), "\x82\x7d");
    EXPECT_EQ(header_of(126), std::string("\x82\x7e\x00\x7e", 4));
    EXPECT_EQ(header_of(65535), "\x82\x7e\xff\xff");
    EXPECT_EQ(header_of(65536), std::string("\x82\x7f\0\0\0\0\0\1\0\0", 10));
}

TEST(WebSocket, AnyBytesAreSurvived) {
    random_source random(3);
    for (int round = 0; round < 2000; ++round) {
        peer one;
        std::string bytes = frame(1, "ok");
        for (int i = 0; i < 40; ++i) { bytes += static_cast<char>(random.below(256)); }
        one.receive(bytes);
        EXPECT_EQ(one.got.empty() ? "" : one.got.front(), "t:ok");
    }
}

TEST(WebSocket, TheAnswerToItsKeyIsThatOfTheStandard) {
    EXPECT_EQ(accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Http, ARequestIsReadHoweverItWasSplit) {
    const std::string text =
        "POST /a/socket.io/?EIO=4&transport=polling&sid=x%2Fy HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    for (std::size_t step = 1; step < 60; ++step) {
        http_request_parser parser({1000, 1000});
        std::vector<std::string> seen;
        std::string rest;
        for (std::size_t at = 0; at < text.size(); at += step) {
            rest += text.substr(at, step);
            for (std::size_t taken = 1; taken != 0 && !rest.empty();) {
                taken = parser.take(rest);
                rest.erase(0, taken);
                if (!parser.whole()) { continue; }
                seen.push_back(std::string(parser.method()) + " " + std::string(parser.path()) + " "
                               + parser.query("sid").value_or("-") + " " + std::string(parser.body())
                               + (parser.keep_alive() ? "" : " close"));
                parser.next();
            }
        }
        EXPECT_EQ(seen, (std::vector<std::string>{"POST /a/socket.io/ x/y hello", "GET / -  close"})) << step;
    }
}

TEST(Http, ABodyMayBeGivenLessRoomWhenItsHeaderHasCome) {
    const std::string length = "POST /small HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
    const std::string chunked = "POST /small HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    for (const auto& text : {length, chunked}) {
        for (const std::size_t allowed : {4, 5}) {
            for (std::size_t step = 1; step < text.size(); ++step) {
                http_request_parser parser({1000, 1000});
                std::string rest;
                for (std::size_t at = 0; at < text.size() && !parser.refused(); at += step) {
                    rest += text.substr(at, step);
                    rest.erase(0, parser.take(rest, [&] { return parser.path() == "/small" ? allowed : 1000; }));
                }
                EXPECT_EQ(parser.whole() && !parser.refused(), allowed == 5) << step;
                if (allowed == 4) {
                    ASSERT_TRUE(parser.refused()) << step;
                    EXPECT_EQ(parser.refused()->text, "the body is limited to 4 bytes");
                }
            }
        }
    }
}

TEST(Http, WhatIsNoRequestOrTooLargeHasItsStatus) {
    const auto status_for = [](std::string_view text) {
        http_request_parser parser({100, 10});
        static_cast<void>(parser.take(text));
        return parser.refused() ? parser.refused()->status : 0U;
    };
    EXPECT_EQ(status_for("nonsense\r\n\r\n"), 400U);
    EXPECT_EQ(status_for("GET / HTTP/1.1\r\nA: " + std::string(200, 'x')), 431U);
    EXPECT_EQ(status_for("POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n"), 413U);
    EXPECT_EQ(status_for("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789"), 0U);
}

}  // namespace
}  // namespace coppice::wire
