// server/framing.hpp: between the streams of a connection and its socket, where a WebSocket carries RESP.
//
//     socket -> frames -> receive -> the stream that comes in
//     the stream that goes out -> write: header, bytes -> socket
//
// In.  Messages are pieces of one stream, wherever it is cut; their bytes are handed on as they come, and none is held.
// Out. A frame is as much as can be written at the moment. Its bytes stay where they are: the header leaves before them
//      in the same system call. Pongs leave between frames, a close behind the last one.
//
// Cost: a header of at most ten bytes for each write; no copy of what goes out, one of what comes in.
// Threads: the loop's.
#pragma once

#include <cstddef>
#include <string_view>

#include <sys/types.h>

#include "wire/byte_buffer.hpp"
#include "wire/websocket.hpp"

namespace coppice::server {

class framing {
public:
    /// The first `bare` bytes of what goes out, the answer to the upgrade, leave as they are.
    explicit framing(std::size_t bare);

    /// Appends to `stream` what the frames in `bytes` bring.  Errors: throws std::bad_alloc.
    void receive(std::string_view bytes, wire::byte_buffer& stream);
    /// Nothing more comes: the peer has closed, or broke the rules.
    [[nodiscard]] bool over() const noexcept { return in_.over(); }

    /// Writes of `ready`, which begins with the first byte that was not written yet, and what is its own.
    /// Returns how many bytes of `ready` are written, or -1 and errno.
    [[nodiscard]] ssize_t write(int descriptor, std::string_view ready);
    /// Bytes that it has to send and that are nobody's stream: pongs, headers.
    [[nodiscard]] std::size_t unsent() const noexcept { return head_.size() + (over() ? 0 : between_.size()); }

    /// Says the last word, if it can be said now: not inside a frame, nor to a peer that does not read.
    void say_close(int descriptor, wire::close_code why, std::string_view reason) noexcept;

private:
    wire::websocket in_;
    wire::byte_buffer between_;  // for after the frame at hand; once it is over, the close as well
    wire::byte_buffer head_;     // goes out before anything else
    std::size_t left_;           // bytes of the frame at hand, whose header is in head_ or was sent
};

}  // namespace coppice::server
