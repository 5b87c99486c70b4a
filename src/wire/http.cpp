#include "wire/http.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <coppice/base/limits.hpp>

#include "wire/websocket.hpp"

namespace coppice::wire {
namespace {

namespace http = boost::beast::http;
using parser = http::request_parser<http::string_body>;

std::string_view view_of(boost::beast::string_view text) noexcept { return {text.data(), text.size()}; }

unsigned status_of(const boost::system::error_code& failure) {
    if (failure == http::error::body_limit) { return 413; }
    if (failure == http::error::header_limit) { return 431; }
    return 400;
}

std::string body_reason(std::uint64_t body_bytes) { return fmt::format("the body is limited to {} bytes", body_bytes); }

std::string reason_of(const boost::system::error_code& failure, const http_limits& allowed) {
    if (failure == http::error::body_limit) { return body_reason(allowed.body_bytes); }
    if (failure == http::error::header_limit) {
        return fmt::format("the header is limited to {} bytes", allowed.header_bytes);
    }
    return "not a request of HTTP/1.1: " + failure.message();
}

int hex(char letter) noexcept {
    if (letter >= '0' && letter <= '9') { return letter - '0'; }
    const char lower = static_cast<char>(letter | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Percent signs that begin no byte stay as they are.
std::string decoded(std::string_view text) {
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
            plain += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
            i += 2;
        } else {
            plain += text[i] == '+' ? ' ' : text[i];
        }
    }
    return plain;
}

}  // namespace

struct http_request_parser::inside {
    std::optional<parser> reading;
    std::optional<http_refusal> refused;
    http_limits allowed;         // for the request at hand
    bool body_is_sized = false;  // allowed.body_bytes is its own

    void size_body(std::size_t bytes) {
        body_is_sized = true;
        allowed.body_bytes = std::min(bytes, allowed.body_bytes);
        const auto announced = reading->content_length();
        if (announced && *announced > allowed.body_bytes) {
            refused = http_refusal{status_of(http::error::body_limit), body_reason(allowed.body_bytes)};
        }
        reading->body_limit(allowed.body_bytes);
        reading->eager(true);
    }
};

http_request_parser::http_request_parser(http_limits allowed) : inside_(std::make_unique<inside>()), allowed_(allowed) {
    next();
}

http_request_parser::~http_request_parser() = default;

void http_request_parser::next() {
    auto& reading = inside_->reading.emplace();
    inside_->allowed = allowed_;
    inside_->body_is_sized = false;
    reading.header_limit(static_cast<std::uint32_t>(allowed_.header_bytes));
    reading.body_limit(std::numeric_limits<std::uint64_t>::max());  // until the header has come
}

std::size_t http_request_parser::take(std::string_view bytes) {
    return take(bytes, [this] { return allowed_.body_bytes; });
}

std::size_t http_request_parser::take(std::string_view bytes, function_ref<std::size_t()> body_bytes) {
    auto& reading = *inside_->reading;
    std::size_t taken = 0;
    while (taken < bytes.size() && !reading.is_done() && !inside_->refused) {
        boost::system::error_code failure;
        const auto used = reading.put(boost::asio::buffer(bytes.data() + taken, bytes.size() - taken), failure);
        taken += used;
        if (failure == http::error::need_more) {
            if (bytes.size() - taken <= allowed_.header_bytes) { break; }
            failure = http::error::header_limit;  // nor is a line of a body in chunks longer
        }
        if (failure) { inside_->refused = http_refusal{status_of(failure), reason_of(failure, inside_->allowed)}; }
        if (!failure && reading.is_header_done() && !inside_->body_is_sized) { inside_->size_body(body_bytes()); }
    }
    return taken;
}

bool http_request_parser::whole() const noexcept { return inside_->reading->is_done(); }

const std::optional<http_refusal>& http_request_parser::refused() const noexcept { return inside_->refused; }

std::string_view http_request_parser::method() const noexcept {
    return view_of(inside_->reading->get().method_string());
}

std::string_view http_request_parser::path() const noexcept {
    const auto target = view_of(inside_->reading->get().target());
    return target.substr(0, target.find('?'));
}

std::optional<std::string> http_request_parser::query(std::string_view name) const {
    const auto target = view_of(inside_->reading->get().target());
    const auto mark = target.find('?');
    auto rest = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
    while (!rest.empty()) {
        const auto each = rest.substr(0, rest.find('&'));
        const auto equals = each.find('=');
        if (each.substr(0, equals) == name) {
            return equals == std::string_view::npos ? std::string() : decoded(each.substr(equals + 1));
        }
        rest.remove_prefix(std::min(each.size() + 1, rest.size()));
    }
    return std::nullopt;
}

std::string_view http_request_parser::header(std::string_view name) const noexcept {
    return view_of(inside_->reading->get()[boost::beast::string_view(name.data(), name.size())]);
}

std::string_view http_request_parser::body() const noexcept { return inside_->reading->get().body(); }

bool http_request_parser::keep_alive() const noexcept { return inside_->reading->get().keep_alive(); }

bool http_request_parser::upgrades() const noexcept {
    return boost::beast::websocket::is_upgrade(inside_->reading->get());
}

void append_http_answer(byte_buffer& out, unsigned status, std::span<const http_header> headers, std::string_view body,
                        bool keep_alive) {
    const auto reason = view_of(http::obsolete_reason(http::int_to_status(status)));
    out.append(fmt::format("HTTP/1.1 {} {}\r\nContent-Length: {}\r\nConnection: {}\r\n", status, reason, body.size(),
                           keep_alive ? "keep-alive" : "close"));
    for (const auto& [name, value] : headers) { out.append(fmt::format("{}: {}\r\n", name, value)); }
    out.append("\r\n");
    out.append(body);
}

void append_websocket_answer(byte_buffer& out, std::string_view key) {
    out.append(
        fmt::format("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Accept: {}\r\n\r\n",
                    accept_of(key)));
}

}  // namespace coppice::wire
