// src/wire/socket_io.hpp: packets of Socket.IO 5, which travel as messages of Engine.IO.
//
//     2/znsocket,5["llen",[["K"],{}]]        type, namespace unless "/", id of the acknowledgement wanted, JSON
//     51-/znsocket,6["x",{"_placeholder":true,"num":0}]      with one attachment, which follows as a binary message
//
// The JSON is not looked into here. https://github.com/socketio/socket.io-protocol (revision 5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <coppice/base/error.hpp>

namespace coppice::wire {

enum class socket_packet_type : char {
    connect = '0',
    disconnect = '1',
    event = '2',
    ack = '3',
    connect_error = '4',
    binary_event = '5',
    binary_ack = '6',
};

struct socket_packet {
    socket_packet_type type = socket_packet_type::event;
    std::size_t attachments = 0;  ///< binary messages that belong to it and follow
    std::string name_space = "/";
    std::optional<std::uint64_t> id;
    std::string json;  ///< empty when there is none
};

/// Errors: errc::invalid says what is wrong, errc::limit above limits::attachments.
[[nodiscard]] result<socket_packet> read_socket_packet(std::string_view text);
/// The packet's text; its attachments are sent behind it.
[[nodiscard]] std::string text_of(const socket_packet& packet);

}  // namespace coppice::wire
