#include "wire/engine_io.hpp"

#include <fmt/format.h>

#include <coppice/base/limits.hpp>

#include "wire/base64.hpp"

namespace coppice::wire {
namespace {

constexpr char separator = '\x1e';
constexpr char binary_mark = 'b';

}  // namespace

result<engine_packet> read_engine_message(std::string_view bytes, bool binary) {
    if (binary) { return engine_packet{engine_packet_type::message, true, std::string(bytes)}; }
    if (bytes.empty()) { return error{errc::invalid, "an empty Engine.IO packet; it begins with a digit from 0 to 6"}; }
    const char type = bytes.front();
    if (type < '0' || type > '6') {
        return error{errc::invalid, fmt::format("Engine.IO packet of type {:#04x}; types are the digits 0 to 6",
                                                static_cast<unsigned char>(type))};
    }
    return engine_packet{static_cast<engine_packet_type>(type), false, std::string(bytes.substr(1))};
}

result<std::vector<engine_packet>> read_engine_body(std::string_view body) {
    std::vector<engine_packet> packets;
    while (true) {
        if (packets.size() == limits::packets_of_a_body) {
            return error{errc::limit, fmt::format("a body of more than {} packets", limits::packets_of_a_body)};
        }
        const auto end = body.find(separator);
        const auto each = body.substr(0, end);
        if (!each.empty() && each.front() == binary_mark) {
            auto bytes = from_base64(each.substr(1));
            if (!bytes) {
                return error{errc::invalid, fmt::format("packet {} of the body is not base64", packets.size())};
            }
            packets.push_back({engine_packet_type::message, true, std::move(*bytes)});
        } else {
            auto packet = read_engine_message(each, false);
            if (!packet) { return packet.error(); }
            packets.push_back(std::move(*packet));
        }
        if (end == std::string_view::npos) { return packets; }
        body.remove_prefix(end + 1);
    }
}

std::string text_of(engine_packet_type type, std::string_view data) {
    std::string text;
    text.reserve(data.size() + 1);
    text += static_cast<char>(type);
    text += data;
    return text;
}

void add_to_body(std::string& body, std::string_view packet, bool binary) {
    if (!body.empty()) { body += separator; }
    if (binary) {
        body += binary_mark;
        body += to_base64(packet);
    } else {
        body += packet;
    }
}

}  // namespace coppice::wire
