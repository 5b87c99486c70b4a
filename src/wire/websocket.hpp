// src/wire/websocket.hpp: the server's side of a WebSocket (RFC 6455), by wslay: bytes in, messages out.
//
// Fragments are put together (or handed on as they come), pings answered and a close returned; what is to be sent is
// appended to a buffer.
// Extensions are not offered, so no message can grow by being unpacked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <coppice/base/function_ref.hpp>

#include "wire/byte_buffer.hpp"

namespace coppice::wire {

/// Why a WebSocket is closed; the numbers are RFC 6455's.
enum class close_code : std::uint16_t {
    normal = 1000,
    going_away = 1001,
    protocol = 1002,
    policy = 1008,
    large = 1009
};

inline constexpr std::size_t close_reason_bytes = 120;  ///< RFC 6455: a close has at most 125, and two are its code

/// Whether a message is held until it is whole.
enum class delivery : std::uint8_t { whole, pieces };

class websocket {
public:
    /// Of a message, or of a piece: its bytes, and whether it is binary (text is UTF-8, checked).
    using on_message = function_ref<void(std::string_view, bool)>;

    /// A longer message closes the connection.  Errors: throws std::bad_alloc.
    explicit websocket(std::size_t message_bytes_max, delivery how = delivery::whole);
    ~websocket();
    websocket(const websocket&) = delete;
    websocket& operator=(const websocket&) = delete;

    /// From the next frame on.  Requires: delivery::whole.
    void limit_messages(std::size_t message_bytes_max) noexcept;
    /// Takes all of `bytes`; what has to be answered (pongs, a close) goes to `out`.  `got` may send.
    void receive(std::string_view bytes, byte_buffer& out, on_message got);
    void send(std::string_view message, bool binary, byte_buffer& out);
    void close(close_code why, std::string_view text, byte_buffer& out);
    /// Closed by either side, or by an error of the peer's: nothing more will be read.
    [[nodiscard]] bool over() const noexcept;

    struct inside;

private:
    std::unique_ptr<inside> inside_;
};

/// The header of a frame that the server sends: one whole binary message of `bytes` bytes, which follow.
void append_frame_header(byte_buffer& out, std::uint64_t bytes);

/// The value of Sec-WebSocket-Accept for a client's Sec-WebSocket-Key.
[[nodiscard]] std::string accept_of(std::string_view key);

}  // namespace coppice::wire
