// src/wire/engine_io.hpp: packets of Engine.IO 4, as WebSocket messages and as bodies of HTTP polling.
//
//   WebSocket   a text message is one packet: a digit, then its text; a binary message is the bytes themselves
//   polling     a body is packets with 0x1e between them: a digit and text, or 'b' and the bytes as base64
//
// https://github.com/socketio/engine.io-protocol (revision 4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/error.hpp>

namespace coppice::wire {

enum class engine_packet_type : char {
    open = '0',
    close = '1',
    ping = '2',
    pong = '3',
    message = '4',
    upgrade = '5',
    noop = '6',
};

struct engine_packet {
    engine_packet_type type = engine_packet_type::message;
    bool binary = false;  ///< a message of bytes
    std::string data;     ///< what follows the digit, or the bytes
};

/// What a WebSocket message is.  Errors: errc::invalid.
[[nodiscard]] result<engine_packet> read_engine_message(std::string_view bytes, bool binary);
/// The packets of a polling request's body, in order.  Errors: errc::invalid names the packet; errc::limit above
/// limits::packets_of_a_body.
[[nodiscard]] result<std::vector<engine_packet>> read_engine_body(std::string_view body);

/// The text of a packet that is not binary: its digit and its data.
[[nodiscard]] std::string text_of(engine_packet_type type, std::string_view data);
/// Adds a packet, as text_of says it or bytes, to a polling answer's body.
void add_to_body(std::string& body, std::string_view packet, bool binary);

}  // namespace coppice::wire
