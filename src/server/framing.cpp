#include "server/framing.hpp"

#include <algorithm>
#include <array>
#include <new>

#include <sys/socket.h>
#include <sys/uio.h>

#include <coppice/base/limits.hpp>

namespace coppice::server {

framing::framing(std::size_t bare) : in_(limits::request_bytes, wire::delivery::pieces), left_(bare) {}

void framing::receive(std::string_view bytes, wire::byte_buffer& stream) {
    in_.receive(bytes, between_, [&stream](std::string_view piece, bool) { stream.append(piece); });
}

ssize_t framing::write(int descriptor, std::string_view ready) {
    if (left_ == 0) {
        if (!over()) {
            head_.append(between_.view());
            between_.clear();
        }
        if (!ready.empty()) {
            append_frame_header(head_, ready.size());
            left_ = ready.size();
        }
    }
    const auto payload = ready.substr(0, left_);
    // sendmsg takes what it only reads without const.
    std::array<iovec, 2> parts{
        {{const_cast<char*>(head_.data()), head_.size()}, {const_cast<char*>(payload.data()), payload.size()}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const auto written = ::sendmsg(descriptor, &message, MSG_NOSIGNAL);
    if (written < 0) { return written; }
    const auto of_head = std::min(static_cast<std::size_t>(written), head_.size());
    head_.drop_front(of_head);
    const auto of_payload = static_cast<std::size_t>(written) - of_head;
    left_ -= of_payload;
    return static_cast<ssize_t>(of_payload);
}

void framing::say_close(int descriptor, wire::close_code why, std::string_view reason) noexcept {
    if (left_ != 0) { return; }
    try {
        if (!over()) { in_.close(why, reason, between_); }
        head_.append(between_.view());
        static_cast<void>(::send(descriptor, head_.data(), head_.size(), MSG_NOSIGNAL));
    } catch (const std::bad_alloc&) { return; }  // then the peer sees the end alone
}

}  // namespace coppice::server
