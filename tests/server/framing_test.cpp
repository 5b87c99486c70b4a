// RESP in frames of a WebSocket is the stream it would be without them: cut anywhere, held until durable, streamed,
// interleaved with pongs alone; and a close says why.
#include <gtest/gtest.h>

#include "server/running_host.hpp"

namespace coppice::server::testing {
namespace {

constexpr std::string_view upgrade =
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
constexpr std::string_view upgraded =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
constexpr unsigned binary = 2;
constexpr unsigned closing = 8;
constexpr unsigned ping = 9;
constexpr unsigned pong = 10;

// A client's frame, of less than 126 bytes; its mask is of zeros.
std::string frame(std::string_view payload, unsigned opcode = binary) {
    return std::string(1, static_cast<char>(0x80U | opcode)) + static_cast<char>(0x80U | payload.size())
           + std::string(4, '\0') + std::string(payload);
}

struct received {
    unsigned opcode;
    std::string payload;
};

struct framed_client {
    explicit framed_client(const running_host& host) : socket(host.port) {
        socket.send(upgrade);
        socket.expect(upgraded);
    }
    void send(std::string_view payload, unsigned opcode = binary) { socket.send(frame(payload, opcode)); }
    received next() {
        const auto head = socket.receive(2);
        if (head.size() < 2) { return {0, "nothing"}; }
        std::size_t size = static_cast<unsigned char>(head[1]);
        if (size > 125) {
            const auto digits = socket.receive(size == 126 ? 2 : 8);
            size = 0;
            for (const char digit : digits) { size = size * 256 + static_cast<unsigned char>(digit); }
        }
        return {static_cast<unsigned char>(head[0]) & 0xfU, socket.receive(size)};
    }
    /// The next `size` bytes of the stream, from as many frames as they take; pongs are kept.
    std::string stream(std::size_t size) {
        while (rest.size() < size) {
            const auto [opcode, payload] = next();
            if (opcode == pong) {
                pongs.push_back(payload);
            } else if (opcode == binary) {
                rest += payload;
            } else {
                ADD_FAILURE() << "opcode " << opcode << " (" << payload << ") where the stream should go on";
                break;
            }
        }
        const auto got = rest.substr(0, size);
        rest.erase(0, size);
        return got;
    }
    void expect(std::string_view bytes) {
        const auto got = stream(bytes.size());
        EXPECT_TRUE(got == bytes) << got.substr(0, 200);
    }

    test_client socket;
    std::string rest{};
    std::vector<std::string> pongs{};
};

TEST(Framing, RequestsAreReadHoweverTheyAreCut) {
    running_host host;
    const std::string requests = "PING\r\n*2\r\n$4\r\nECHO\r\n$3\r\nabc\r\nPING\r\n";
    for (std::size_t step = 1; step <= requests.size(); ++step) {
        framed_client one(host);
        std::string frames;
        for (std::size_t at = 0; at < requests.size(); at += step) { frames += frame(requests.substr(at, step)); }
        one.socket.send(frames);
        one.expect("+PONG\r\n$3\r\nabc\r\n+PONG\r\n");
    }
    host.stop();
    EXPECT_EQ(host.commands.connections, host.commands.disconnections);
}

TEST(Framing, WhatHttpAnsweredBeforeAndFramesSentTooEarlyAreTaken) {
    running_host host;
    test_client one(host.port);
    one.send("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n" + std::string(upgrade) + frame("PING\r\n"));
    const auto answer = one.receive_all(300ms);
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 404");
    EXPECT_TRUE(answer.ends_with(std::string(upgraded) + "\x82\x07+PONG\r\n")) << answer;
}

TEST(Framing, AParkedClientsPingsAreAnswered) {
    running_host host;
    framed_client one(host);
    one.send("WAIT x\r\nPING\r\n");
    one.send("there?", ping);
    const auto first = one.next();
    EXPECT_EQ(first.opcode, pong);
    EXPECT_EQ(first.payload, "there?");
    framed_client other(host);
    other.send("SIGNAL x\r\n");
    one.expect("+woken\r\n+PONG\r\n");
}

TEST(Framing, RepliesWaitUntilTheyAreDurableAndPongsDoNot) {
    running_host host;
    framed_client one(host);
    one.send("WRITE\r\n");
    EXPECT_TRUE(one.socket.silent_for(50ms));
    one.send("p", ping);
    EXPECT_EQ(one.next().opcode, pong);
    host.make_durable(1);
    one.expect("+written\r\n");
}

TEST(Framing, ALongAnswerIsStreamedAndAPushComesBehindIt) {
    running_host host;
    framed_client one(host);
    one.send("PROTO 3\r\nID\r\n");
    one.expect("%0\r\n:1\r\n");
    one.send("LONG 2000 1000\r\n");
    framed_client other(host);
    other.send("PUSH 1 news\r\n");
    other.expect("+OK\r\n");
    one.send("p", ping);
    std::string answer = "*2000\r\n";
    for (int i = 0; i < 2000; ++i) { answer += "$1000\r\n" + std::string(1000, 'y') + "\r\n"; }
    one.expect(answer);
    one.expect(">2\r\n$7\r\nmessage\r\n$4\r\nnews\r\n");
    while (one.pongs.empty()) { one.pongs.push_back(one.next().payload); }
    EXPECT_EQ(one.pongs, std::vector<std::string>{"p"});
}

TEST(Framing, ACloseComesBehindWhatWasAskedBefore) {
    running_host host;
    framed_client one(host);
    one.send("BIG 300000\r\n");
    one.send("\x03\xe8", closing);
    one.expect("$300000\r\n" + std::string(300000, 'x') + "\r\n");
    const auto last = one.next();
    EXPECT_EQ(last.opcode, closing);
    EXPECT_EQ(last.payload, "\x03\xe8");
    EXPECT_TRUE(one.socket.ended());
}

TEST(Framing, WhoIsKilledIsToldWhy) {
    running_host host;
    framed_client one(host);
    one.send("ID\r\n");
    one.expect(":1\r\n");
    framed_client other(host);
    other.send("KILL 1\r\nQUIT\r\n");
    const auto last = one.next();
    EXPECT_EQ(last.opcode, closing);
    EXPECT_EQ(last.payload, "\x03\xe9killed by a test");
    other.expect("+OK\r\n+OK\r\n");
    EXPECT_EQ(other.next().payload.substr(0, 2), "\x03\xe8");
}

}  // namespace
}  // namespace coppice::server::testing
