// docs/transcripts/wire/bytes.txt, replayed: what the codecs make of bytes, however these are split.
#include <map>
#include <vector>

#include <fmt/format.h>

#include <support/transcript.hpp>

#include "wire/engine_io.hpp"
#include "wire/http.hpp"
#include "wire/socket_io.hpp"
#include "wire/websocket.hpp"

namespace coppice::wire {
namespace {

using lines = std::vector<std::string>;

std::string hex_of(std::string_view bytes) {
    std::string text;
    for (const char each : bytes) {
        text += fmt::format("{}{:02x}", text.empty() ? "" : " ", static_cast<unsigned char>(each));
    }
    return text;
}

lines read_http(std::string_view bytes, std::size_t step) {
    lines said;
    http_request_parser parser({1000, 1000});
    std::string rest;
    for (std::size_t at = 0; at < bytes.size() && !parser.refused(); at += step) {
        rest += bytes.substr(at, step);
        for (std::size_t taken = 1; taken != 0 && !rest.empty() && !parser.refused();) {
            taken = parser.take(rest);
            rest.erase(0, taken);
            if (!parser.whole()) { continue; }
            const auto query = [&](std::string_view name) { return parser.query(name).value_or("-"); };
            said.push_back(fmt::format("= {} {} EIO={} transport={} sid={}{}{}{}", parser.method(), parser.path(),
                                       query("EIO"), query("transport"), query("sid"),
                                       parser.upgrades() ? " upgrades" : "", parser.body().empty() ? "" : " body ",
                                       parser.body()));
            parser.next();
        }
    }
    if (parser.refused()) { said.push_back(fmt::format("= refused {}", parser.refused()->status)); }
    return said;
}

std::string name_of(engine_packet_type type) {
    static const std::map<engine_packet_type, std::string> names{
        {engine_packet_type::open, "open"},       {engine_packet_type::close, "close"},
        {engine_packet_type::ping, "ping"},       {engine_packet_type::pong, "pong"},
        {engine_packet_type::message, "message"}, {engine_packet_type::upgrade, "upgrade"},
        {engine_packet_type::noop, "noop"}};
    return names.at(type);
}

std::string line_of(const engine_packet& packet) {
    if (packet.binary) { return "= binary " + hex_of(packet.data); }
    return "= " + name_of(packet.type) + (packet.data.empty() ? "" : " " + packet.data);
}

lines read_body(std::string_view bytes, std::size_t) {
    const auto packets = read_engine_body(bytes);
    if (!packets) { return {"= error"}; }
    lines said;
    for (const auto& each : *packets) { said.push_back(line_of(each)); }
    return said;
}

lines read_message(std::string_view bytes, std::size_t) {
    const auto packet = read_engine_message(bytes, false);
    return {packet ? line_of(*packet) : "= error"};
}

lines read_frames(std::string_view bytes, std::size_t step) {
    lines said;
    websocket socket(1000);
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        byte_buffer out;
        lines messages;
        socket.receive(bytes.substr(at, step), out, [&](std::string_view message, bool binary) {
            messages.push_back((binary ? "= binary " : "= text ") + std::string(message));
        });
        const auto answer = out.view();
        if (answer.starts_with('\x88')) {  // what is said behind the code is for people
            const auto byte = [&answer](std::size_t i) { return static_cast<unsigned char>(answer[i]); };
            said.push_back(fmt::format("< close {}", byte(2) * 256 + byte(3)));
        } else if (!answer.empty()) {
            said.push_back("< " + hex_of(answer));
        }
        said.insert(said.end(), messages.begin(), messages.end());
    }
    if (socket.over()) { said.emplace_back("= over"); }
    return said;
}

lines read_packet(std::string_view bytes, std::size_t) {
    static const std::map<socket_packet_type, std::string> names{{socket_packet_type::connect, "connect"},
                                                                 {socket_packet_type::disconnect, "disconnect"},
                                                                 {socket_packet_type::event, "event"},
                                                                 {socket_packet_type::ack, "ack"},
                                                                 {socket_packet_type::connect_error, "connect error"},
                                                                 {socket_packet_type::binary_event, "binary event"},
                                                                 {socket_packet_type::binary_ack, "binary ack"}};
    const auto packet = read_socket_packet(bytes);
    if (!packet) { return {"= error"}; }
    return {fmt::format("= {} {}{}{}{}", names.at(packet->type), packet->name_space,
                        packet->id ? fmt::format(" id {}", *packet->id) : "",
                        packet->attachments != 0 ? fmt::format(" attachments {}", packet->attachments) : "",
                        packet->json.empty() ? "" : " json " + packet->json)};
}

TEST(Bytes, AreReadAsTheTranscriptSays) {
    const std::map<std::string, lines (*)(std::string_view, std::size_t), std::less<>> codecs{
        {"http", read_http},
        {"engine body", read_body},
        {"engine message", read_message},
        {"websocket", read_frames},
        {"socket packet", read_packet}};
    std::string codec;
    std::string bytes;
    lines wanted;
    int first = 0;
    int replayed = 0;
    const auto replay = [&] {
        if (codec.empty()) { return; }
        SCOPED_TRACE(fmt::format("[{}] of line {}", codec, first));
        for (const std::size_t step : {bytes.size(), std::size_t{1}}) {
            EXPECT_EQ(codecs.at(codec)(bytes, step), wanted);
        }
        ++replayed;
    };
    testing::for_each_line(COPPICE_BYTES, [&](std::string_view line, int number) {
        if (line.starts_with('[')) {
            replay();
            codec = line.substr(1, line.size() - 2);
            ASSERT_TRUE(codecs.contains(codec)) << line;
            bytes.clear();
            wanted.clear();
            first = number;
        } else if (line.starts_with("> ")) {
            bytes += testing::unescaped(line.substr(2));
        } else {
            wanted.emplace_back(line);
        }
    });
    replay();
    EXPECT_GT(replayed, 10);
}

}  // namespace
}  // namespace coppice::wire
