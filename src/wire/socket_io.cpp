#include "wire/socket_io.hpp"

#include <charconv>

#include <fmt/format.h>

#include <coppice/base/limits.hpp>

namespace coppice::wire {
namespace {

// Takes a number from the front of `text`; nothing when there is none or it does not fit.
std::optional<std::uint64_t> take_number(std::string_view& text) noexcept {
    std::uint64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc()) { return std::nullopt; }
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    return number;
}

bool is_binary(socket_packet_type type) noexcept {
    return type == socket_packet_type::binary_event || type == socket_packet_type::binary_ack;
}

bool is_digit(char letter) noexcept { return letter >= '0' && letter <= '9'; }

}  // namespace

result<socket_packet> read_socket_packet(std::string_view text) {
    if (text.empty() || text.front() < '0' || text.front() > '6') {
        return error{errc::invalid, "a Socket.IO packet begins with a digit from 0 to 6"};
    }
    socket_packet packet;
    packet.type = static_cast<socket_packet_type>(text.front());
    text.remove_prefix(1);
    if (is_binary(packet.type)) {
        const auto count = take_number(text);
        if (!count || !text.starts_with('-')) {
            return error{errc::invalid, "a binary Socket.IO packet says its attachments, as in 51-[\"event\"]"};
        }
        if (*count > limits::attachments) {
            return error{errc::limit, fmt::format("{} attachments; at most {}", *count, limits::attachments)};
        }
        packet.attachments = static_cast<std::size_t>(*count);
        text.remove_prefix(1);
    }
    if (text.starts_with('/')) {
        const auto end = text.find(',');  // without one the namespace is all there is
        packet.name_space = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        packet.name_space.resize(std::min(packet.name_space.find('?'), packet.name_space.size()));
    }
    if (!text.empty() && is_digit(text.front())) {
        packet.id = take_number(text);
        if (!packet.id) { return error{errc::invalid, "the id of a Socket.IO packet does not fit into 64 bits"}; }
    }
    // Anything else would read as a namespace or an id where those are left out.
    if (!text.empty() && std::string_view("[{\"").find(text.front()) == std::string_view::npos) {
        return error{errc::invalid, "the data of a Socket.IO packet is a JSON array, object or string"};
    }
    packet.json = text;
    return packet;
}

std::string text_of(const socket_packet& packet) {
    std::string text;
    text.reserve(packet.json.size() + packet.name_space.size() + 24);
    text += static_cast<char>(packet.type);
    if (is_binary(packet.type)) { text += fmt::format("{}-", packet.attachments); }
    if (packet.name_space != "/") {
        text += packet.name_space;
        text += ',';
    }
    if (packet.id) { text += std::to_string(*packet.id); }
    text += packet.json;
    return text;
}

}  // namespace coppice::wire
