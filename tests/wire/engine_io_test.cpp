// Packets of Engine.IO and Socket.IO are read as they were written; what is no packet is refused with a reason.
#include <gtest/gtest.h>

#include <coppice/base/limits.hpp>
#include <coppice/base/random.hpp>

#include "wire/base64.hpp"
#include "wire/engine_io.hpp"
#include "wire/socket_io.hpp"

namespace coppice::wire {
namespace {

TEST(EngineIo, AMessageIsADigitAndItsText) {
    const auto packet = read_engine_message("42/znsocket,0[\"x\"]", false);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->type, engine_packet_type::message);
    EXPECT_FALSE(packet->binary);
    EXPECT_EQ(packet->data, "2/znsocket,0[\"x\"]");
    EXPECT_EQ(text_of(packet->type, packet->data), "42/znsocket,0[\"x\"]");
}

TEST(EngineIo, BytesAreAMessageWhateverTheySay) {
    const auto packet = read_engine_message(std::string_view("\0\xff", 2), true);
    ASSERT_TRUE(packet);
    EXPECT_TRUE(packet->binary);
    EXPECT_EQ(packet->data.size(), 2U);
}

TEST(EngineIo, ABodyHoldsPacketsAndBytes) {
    std::string body;
    add_to_body(body, "2probe", false);
    add_to_body(body, std::string_view("\0\x1e\xff", 3), true);
    add_to_body(body, "4hello", false);
    EXPECT_EQ(body,
              "2probe\x1e"
              "bAB7/\x1e"
              "4hello");
    const auto packets = read_engine_body(body);
    ASSERT_TRUE(packets);
    ASSERT_EQ(packets->size(), 3U);
    EXPECT_EQ((*packets)[0].type, engine_packet_type::ping);
    EXPECT_EQ((*packets)[1].data, std::string_view("\0\x1e\xff", 3));
    EXPECT_EQ((*packets)[2].data, "hello");
}

TEST(EngineIo, WhatIsNoPacketIsRefused) {
    EXPECT_FALSE(read_engine_message("", false));
    EXPECT_FALSE(read_engine_message("7", false));
    EXPECT_FALSE(read_engine_body(""));
    EXPECT_FALSE(read_engine_body("4a\x1e"));
    EXPECT_FALSE(read_engine_body("b***"));
    std::string many = "6";
    for (std::size_t i = 0; i < limits::packets_of_a_body; ++i) {
        many +=
            "\x1e"
            "6";
    }
    ASSERT_FALSE(read_engine_body(many));
    EXPECT_EQ(read_engine_body(many).error().code, errc::limit);
}

TEST(SocketIo, APacketSaysItsParts) {
    const auto packet =
        read_socket_packet(R"(51-/znsocket,12["chunked_message",{"data":{"_placeholder":true,"num":0}}])");
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->type, socket_packet_type::binary_event);
    EXPECT_EQ(packet->attachments, 1U);
    EXPECT_EQ(packet->name_space, "/znsocket");
    EXPECT_EQ(packet->id, 12U);
    EXPECT_TRUE(packet->json.starts_with("[\"chunked"));
}

TEST(SocketIo, NamespaceIdAndDataMayBeMissing) {
    const auto connect = read_socket_packet("0/znsocket,");
    ASSERT_TRUE(connect);
    EXPECT_EQ(connect->name_space, "/znsocket");
    EXPECT_TRUE(connect->json.empty());
    const auto bare = read_socket_packet("0/znsocket");
    ASSERT_TRUE(bare);
    EXPECT_EQ(bare->name_space, "/znsocket");
    const auto event = read_socket_packet(R"(2["x"])");
    ASSERT_TRUE(event);
    EXPECT_EQ(event->name_space, "/");
    EXPECT_FALSE(event->id);
}

TEST(SocketIo, WhatWasWrittenIsRead) {
    for (const std::string name_space : {"/", "/znsocket"}) {
        for (const std::optional<std::uint64_t> id :
             {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(7)}) {
            const socket_packet packet{socket_packet_type::ack, 0, name_space, id, "[1]"};
            const auto read = read_socket_packet(text_of(packet));
            ASSERT_TRUE(read);
            EXPECT_EQ(read->name_space, name_space);
            EXPECT_EQ(read->id, id);
            EXPECT_EQ(read->json, "[1]");
        }
    }
}

TEST(SocketIo, WhatIsNoPacketIsRefused) {
    for (const auto* const text :
         {"", "7", "x", "5[\"x\"]", "5-[]", "51[\"x\"]", "299999999999999999999[\"x\"]", "51000-[]", "2/,/[1]", "2x"}) {
        EXPECT_FALSE(read_socket_packet(text)) << text;
    }
}

TEST(Base64, BytesComeBack) {
    random_source random(1);
    for (std::size_t size = 0; size < 200; ++size) {
        std::string bytes;
        for (std::size_t i = 0; i < size; ++i) { bytes += static_cast<char>(random.below(256)); }
        auto text = to_base64(bytes);
        EXPECT_EQ(from_base64(text), bytes);
        while (text.ends_with('=')) { text.pop_back(); }
        EXPECT_EQ(from_base64(text), bytes);
    }
    EXPECT_FALSE(from_base64("a"));
    EXPECT_FALSE(from_base64("ab=c"));
    EXPECT_FALSE(from_base64("a\nbc"));
}

}  // namespace
}  // namespace coppice::wire
