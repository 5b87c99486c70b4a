#include "wire/websocket.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include <openssl/sha.h>
#include <wslay/wslay.h>

#include <coppice/base/assert.hpp>

#include "wire/base64.hpp"

namespace coppice::wire {

struct websocket::inside {
    wslay_event_context_ptr context = nullptr;
    std::string_view input;
    byte_buffer* out = nullptr;
    on_message* got = nullptr;
    bool out_of_memory = false;
    // Where pieces are handed on.
    std::uint64_t message_bytes_max = 0;
    std::uint64_t message_bytes = 0;  // announced so far by the frames of the message at hand
    bool binary = false;
    bool skips = false;  // the frame at hand: it is control's, or of a message too long

    ~inside() { wslay_event_context_free(context); }

    void flush(byte_buffer& to) {
        out = &to;
        static_cast<void>(wslay_event_send(context));  // fails when memory does, which is asked for below
        out = nullptr;
        if (std::exchange(out_of_memory, false)) { throw std::bad_alloc(); }
    }
};

namespace {

websocket::inside& inside_of(void* user) noexcept { return *static_cast<websocket::inside*>(user); }

ssize_t give_input(wslay_event_context_ptr context, std::uint8_t* to, std::size_t room, int, void* user) {
    auto& in = inside_of(user);
    if (in.input.empty()) {
        wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    const auto bytes = std::min(room, in.input.size());
    std::memcpy(to, in.input.data(), bytes);
    in.input.remove_prefix(bytes);
    return static_cast<ssize_t>(bytes);
}

ssize_t take_output(wslay_event_context_ptr context, const std::uint8_t* from, std::size_t bytes, int, void* user) {
    auto& in = inside_of(user);
    try {
        in.out->append(reinterpret_cast<const char*>(from), bytes);
    } catch (const std::bad_alloc&) {  // no exception may pass through C
        in.out_of_memory = true;
        wslay_event_set_error(context, WSLAY_ERR_CALLBACK_FAILURE);
        return -1;
    }
    return static_cast<ssize_t>(bytes);
}

void take_message(wslay_event_context_ptr, const wslay_event_on_msg_recv_arg* message, void* user) {
    auto& in = inside_of(user);
    if (wslay_is_ctrl_frame(message->opcode) != 0) { return; }
    try {
        (*in.got)({reinterpret_cast<const char*>(message->msg), message->msg_length},
                  message->opcode == WSLAY_BINARY_FRAME);
    } catch (const std::bad_alloc&) { in.out_of_memory = true; }
}

// Where it holds nothing back, wslay leaves the length of a message to its user.
void begin_frame(wslay_event_context_ptr context, const wslay_event_on_frame_recv_start_arg* frame, void* user) {
    auto& in = inside_of(user);
    in.skips = wslay_is_ctrl_frame(frame->opcode) != 0;
    if (in.skips) { return; }
    if (frame->opcode != WSLAY_CONTINUATION_FRAME) {
        in.binary = frame->opcode == WSLAY_BINARY_FRAME;
        in.message_bytes = 0;
    }
    if (frame->payload_length > in.message_bytes_max - in.message_bytes) {
        in.skips = true;
        wslay_event_queue_close(context, static_cast<std::uint16_t>(close_code::large), nullptr, 0);
        wslay_event_shutdown_read(context);
        return;
    }
    in.message_bytes += frame->payload_length;
}

void take_piece(wslay_event_context_ptr context, const wslay_event_on_frame_recv_chunk_arg* piece, void* user) {
    auto& in = inside_of(user);
    if (in.skips || piece->data_length == 0) { return; }
    try {
        (*in.got)({reinterpret_cast<const char*>(piece->data), piece->data_length}, in.binary);
    } catch (const std::bad_alloc&) {
        in.out_of_memory = true;
        wslay_event_set_error(context, WSLAY_ERR_CALLBACK_FAILURE);
    }
}

}  // namespace

websocket::websocket(std::size_t message_bytes_max, delivery how) : inside_(std::make_unique<inside>()) {
    const bool pieces = how == delivery::pieces;
    const wslay_event_callbacks calls = {.recv_callback = give_input,
                                         .send_callback = take_output,
                                         .genmask_callback = nullptr,
                                         .on_frame_recv_start_callback = pieces ? begin_frame : nullptr,
                                         .on_frame_recv_chunk_callback = pieces ? take_piece : nullptr,
                                         .on_frame_recv_end_callback = nullptr,
                                         .on_msg_recv_callback = pieces ? nullptr : take_message};
    if (wslay_event_context_server_init(&inside_->context, &calls, inside_.get()) != 0) { throw std::bad_alloc(); }
    inside_->message_bytes_max = message_bytes_max;
    wslay_event_config_set_max_recv_msg_length(inside_->context, message_bytes_max);
    wslay_event_config_set_no_buffering(inside_->context, pieces ? 1 : 0);
}

websocket::~websocket() = default;

void websocket::limit_messages(std::size_t message_bytes_max) noexcept {
    wslay_event_config_set_max_recv_msg_length(inside_->context, message_bytes_max);
}

void websocket::receive(std::string_view bytes, byte_buffer& out, on_message got) {
    auto& in = *inside_;
    in.input = bytes;
    in.got = &got;
    // An error of the peer's queues a close, and reading is over; one of ours is out of memory.
    if (wslay_event_recv(in.context) == WSLAY_ERR_NOMEM) { in.out_of_memory = true; }
    in.got = nullptr;
    in.input = {};
    in.flush(out);
}

void websocket::send(std::string_view message, bool binary, byte_buffer& out) {
    const wslay_event_msg queued = {.opcode = static_cast<std::uint8_t>(binary ? WSLAY_BINARY_FRAME : WSLAY_TEXT_FRAME),
                                    .msg = reinterpret_cast<const std::uint8_t*>(message.data()),
                                    .msg_length = message.size()};
    if (wslay_event_queue_msg(inside_->context, &queued) == WSLAY_ERR_NOMEM) { throw std::bad_alloc(); }
    inside_->flush(out);
}

void websocket::close(close_code why, std::string_view text, byte_buffer& out) {
    static_cast<void>(wslay_event_queue_close(inside_->context, static_cast<std::uint16_t>(why),
                                              reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
    inside_->flush(out);
    wslay_event_shutdown_read(inside_->context);
}

bool websocket::over() const noexcept { return wslay_event_get_read_enabled(inside_->context) == 0; }

// RFC 6455, section 5.2.
void append_frame_header(byte_buffer& out, std::uint64_t bytes) {
    constexpr std::uint64_t in_two_bytes = 126;
    constexpr std::uint64_t in_eight_bytes = 127;
    const auto digits = bytes < in_two_bytes ? 0 : bytes <= UINT16_MAX ? 2 : 8;
    out.push_back(static_cast<char>(0x80 | WSLAY_BINARY_FRAME));
    out.push_back(static_cast<char>(digits == 0 ? bytes : digits == 2 ? in_two_bytes : in_eight_bytes));
    for (int shift = 8 * (digits - 1); shift >= 0; shift -= 8) { out.push_back(static_cast<char>(bytes >> shift)); }
}

std::string accept_of(std::string_view key) {
    constexpr std::string_view suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, section 1.3
    const auto text = std::string(key) + std::string(suffix);
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    return to_base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace coppice::wire
