// HTTP, WebSocket, Engine.IO and Socket.IO on any bytes: no crash, and the same result however the bytes are split.
//
// The first byte says how long the pieces are, the second which of them is read.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/assert.hpp>

#include "wire/engine_io.hpp"
#include "wire/http.hpp"
#include "wire/socket_io.hpp"
#include "wire/websocket.hpp"

namespace {

using namespace coppice::wire;

std::vector<std::string> requests_in(std::string_view input, std::size_t piece) {
    std::vector<std::string> got;
    http_request_parser parser({100'000, 100'000});
    std::string rest;
    while (!input.empty() && !parser.refused()) {
        rest += input.substr(0, piece);
        input.remove_prefix(std::min(piece, input.size()));
        for (std::size_t taken = 1; taken != 0 && !rest.empty() && !parser.refused();) {
            taken = parser.take(rest);
            rest.erase(0, taken);
            if (!parser.whole()) { continue; }
            got.push_back(std::string(parser.method()) + std::string(parser.path()) + std::string(parser.body())
                          + parser.query("sid").value_or("") + std::string(parser.header("host")));
            parser.next();
        }
    }
    return got;  // how soon one that is none is refused depends on the split
}

std::vector<std::string> messages_in(std::string_view input, std::size_t piece) {
    std::vector<std::string> got;
    websocket socket(1000);
    byte_buffer out;
    for (; !input.empty(); input.remove_prefix(std::min(piece, input.size()))) {
        socket.receive(input.substr(0, piece), out, [&](std::string_view message, bool binary) {
            got.push_back((binary ? 'b' : 't') + std::string(message));
            COPPICE_CHECK(message.size() <= 1000);
        });
    }
    return got;  // nor how soon a frame that is none closes
}

std::string pieces_in(std::string_view input, std::size_t piece) {
    std::string got;
    websocket socket(1000, delivery::pieces);
    byte_buffer out;
    for (; !input.empty(); input.remove_prefix(std::min(piece, input.size()))) {
        socket.receive(input.substr(0, piece), out, [&](std::string_view part, bool) { got += part; });
    }
    return got;
}

void read_packets(std::string_view input) {
    const auto packets = read_engine_body(input);
    if (!packets) { return; }
    std::string body;
    for (const auto& packet : *packets) {
        if (packet.binary) {
            add_to_body(body, packet.data, true);
            continue;
        }
        add_to_body(body, text_of(packet.type, packet.data), false);
        const auto socket = read_socket_packet(packet.data);
        if (!socket) { continue; }
        const auto again = read_socket_packet(text_of(*socket));
        COPPICE_CHECK(again && again->id == socket->id && again->name_space == socket->name_space);
    }
    const auto again = read_engine_body(body);
    COPPICE_CHECK(again && again->size() == packets->size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size < 2) { return 0; }
    const std::size_t piece = 1 + bytes[0];
    const std::string_view input(reinterpret_cast<const char*>(bytes) + 2, size - 2);
    switch (bytes[1] % 4) {
        case 0: COPPICE_CHECK(requests_in(input, piece) == requests_in(input, size)); break;
        case 1: COPPICE_CHECK(messages_in(input, piece) == messages_in(input, size)); break;
        case 2: read_packets(input); break;
        default: {
            // A frame that is none may be seen in the middle of a piece.
            const auto few = pieces_in(input, piece);
            const auto all = pieces_in(input, size);
            COPPICE_CHECK(few.starts_with(all) || all.starts_with(few));
        }
    }
    return 0;
}
