#include "server/http_side.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <coppice/base/limits.hpp>

#include "server/connection.hpp"
#include "server/engine_session.hpp"
#include "server/engine_sessions.hpp"
#include "server/origin.hpp"
#include "server/turn.hpp"
#include "wire/base64.hpp"

namespace coppice::server {
namespace {

constexpr std::string_view plain = "text/plain; charset=UTF-8";
constexpr std::string_view json = "application/json";
constexpr std::string_view revision = "4";

bool is_engine_path(std::string_view path) noexcept {
    return path.ends_with("/socket.io/") || path.ends_with("/socket.io");
}

bool is_resp_path(std::string_view path) noexcept { return path == "/" || path.ends_with("/resp"); }

}  // namespace

http_side::http_side(connection& of, turn& shared)
    : connection_(of), turn_(shared), parser_({limits::http_header_bytes, limits::event_bytes_max}) {}

http_side::~http_side() = default;

std::size_t http_side::take(std::string_view bytes) {
    std::size_t taken = 0;
    while (taken < bytes.size() && !connection_.parked() && !connection_.closing() && !connection_.framed()) {
        if (websocket_) {
            receive(bytes.substr(taken));
            return bytes.size();
        }
        const auto read = parser_.take(bytes.substr(taken), [this] { return body_bytes_max(); });
        taken += read;
        if (const auto& refused = parser_.refused()) {
            const bool early = refused->status == 413 && body_bytes_max() == limits::event_bytes_before_login;
            answer(refused->status, plain, refused->text + (early ? " before login\n" : "\n"));
            connection_.close_after_reply();
        } else if (parser_.whole()) {
            answer_request();
        } else if (read == 0) {
            break;  // a line, or a header, whose rest is to come
        }
    }
    return taken;
}

void http_side::ended() {
    if (auto* const session = turn_.sessions().find(sid_)) { session->detach(*this); }
    sid_.clear();
}

// ---- requests

void http_side::answer_request() {
    if (is_engine_path(parser_.path())) { return answer_engine_request(); }
    if (is_resp_path(parser_.path()) && parser_.upgrades()) { return become_resp(); }
    answer(404, plain,
           fmt::format("There is nothing at {}. Socket.IO is at /socket.io/, the Redis protocol in a WebSocket at / or "
                       "/resp; by itself it is spoken at this port, too.\n",
                       parser_.path().substr(0, 100)));
}

void http_side::become_resp() {
    if (!origin_is_allowed()) {
        return answer(403, plain,
                      fmt::format("Pages of {} may not use this server: the setting allowed-origins has them not.\n",
                                  parser_.header("Origin").substr(0, 200)));
    }
    append_websocket_answer(connection_.outgoing(), parser_.header("Sec-WebSocket-Key"));
    connection_.speak_in_frames();
}

void http_side::answer_engine_request() {
    if (!origin_is_allowed()) { return refuse(400, "Not an accepted origin."); }
    if (parser_.query("EIO") != std::string(revision)) {
        return refuse(400, "The client is using an unsupported version of the Socket.IO or Engine.IO protocols");
    }
    const auto transport = parser_.query("transport").value_or("polling");
    const bool websocket = transport == "websocket";
    if (!websocket && transport != "polling") { return refuse(400, "Invalid transport"); }
    if (websocket != parser_.upgrades()) { return refuse(400, "Invalid websocket upgrade"); }
    const auto sid = parser_.query("sid");
    if (!sid) { return open_session(websocket); }
    auto* const session = turn_.sessions().find(*sid);
    if (session == nullptr) { return refuse(400, fmt::format("Invalid session {}", sid->substr(0, 100))); }
    go_on(*session, websocket);
}

void http_side::open_session(bool websocket) {
    if (parser_.method() != "GET") { return refuse(400, "A session is opened with GET"); }
    if (turn_.sessions().size() >= limits::clients) { return answer(503, plain, "There are too many sessions.\n"); }
    auto& session = turn_.sessions().open({connection_.address(), connection_.local_address(), login_of_request()});
    if (websocket) { return become_websocket(session, true); }
    answer(200, plain, session.open_packet(true));
}

void http_side::go_on(engine_session& session, bool websocket) {
    if (websocket) {
        if (session.has_websocket()) { return refuse(400, "Invalid websocket upgrade"); }
        return become_websocket(session, false);
    }
    if (parser_.method() == "POST") { return post(session); }
    if (parser_.method() != "GET") { return refuse(405, "Sessions are spoken to with GET and POST"); }
    sid_ = session.sid();
    connection_.park(waiting_for::event);
    session.hang(*this);
}

void http_side::post(engine_session& session) {
    if (session.busy()) {
        sid_ = session.sid();
        connection_.park(waiting_for::work);
        return session.wait(*this);
    }
    auto packets = wire::read_engine_body(parser_.body());
    if (!packets) {
        session.end(packets.error().context);
        return refuse(400, packets.error().context);
    }
    for (auto& packet : *packets) { session.take(std::move(packet), false); }
    answer(200, plain, "OK");
}

void http_side::try_again() {
    if (!websocket_) {
        auto* const session = turn_.sessions().find(std::exchange(sid_, {}));
        session != nullptr ? post(*session) : refuse(400, "Invalid session");
        if (!sid_.empty()) { return; }
    }
    connection_.resume();
}

void http_side::answer_polling(std::string_view body) {
    sid_.clear();
    answer(200, plain, body);
    connection_.resume();
}

void http_side::answer(unsigned status, std::string_view type, std::string_view body) {
    const bool keep = parser_.whole() && parser_.keep_alive() && !parser_.refused();
    const std::array<wire::http_header, 2> headers{{{"Content-Type", type}, {"Cache-Control", "no-store"}}};
    append_http_answer(connection_.outgoing(), status, headers, body, keep);
    if (!keep) { return connection_.close_after_reply(); }
    parser_.next();
}

void http_side::refuse(unsigned status, std::string_view text) {
    std::string quoted;
    znsocket::append_json_text(quoted, text);
    answer(status, json, quoted);
}

bool http_side::origin_is_allowed() const {
    return is_allowed_origin(parser_.header("Origin"), parser_.header("Host"), connection_.address(),
                             turn_.allowed_origins);
}

// Of the request whose header has come: who belongs to no session, or has given no password yet, says little.
std::size_t http_side::body_bytes_max() const {
    const auto sid = parser_.query("sid");
    const auto* const session = sid ? turn_.sessions().find(*sid) : nullptr;
    return session != nullptr ? session->message_bytes_max() : limits::event_bytes_before_login;
}

// What the address says: http://default@branch:password@host, which is sent as HTTP's Basic, or
// ?branch=...&password=... There is one user so far, so any name will do.
znsocket::credentials http_side::login_of_request() const {
    constexpr std::string_view basic = "Basic ";
    znsocket::credentials login;
    if (const auto header = parser_.header("Authorization"); header.starts_with(basic)) {
        const auto pair = wire::from_base64(header.substr(basic.size())).value_or("");
        const auto colon = std::min(pair.find(':'), pair.size());
        const auto at = pair.rfind('@', colon);
        if (at < colon) { login.branch = pair.substr(at + 1, colon - at - 1); }
        login.password = pair.substr(std::min(colon + 1, pair.size()));
    }
    if (auto branch = parser_.query("branch")) { login.branch = std::move(*branch); }
    if (auto password = parser_.query("password")) { login.password = std::move(*password); }
    return login;
}

// ---- WebSocket

void http_side::become_websocket(engine_session& session, bool from_the_start) {
    append_websocket_answer(connection_.outgoing(), parser_.header("Sec-WebSocket-Key"));
    websocket_.emplace(session.message_bytes_max());
    sid_ = session.sid();
    parser_.next();
    session.attach(*this, from_the_start);
}

void http_side::receive(std::string_view bytes) {
    websocket_->receive(bytes, connection_.outgoing(), [this](std::string_view message, bool binary) {
        auto* const session = turn_.sessions().find(sid_);
        if (session == nullptr) { return; }
        auto packet = wire::read_engine_message(message, binary);
        if (!packet) { return session->end(packet.error().context); }
        session->take(std::move(*packet), true);
        websocket_->limit_messages(session->message_bytes_max());
    });
    if (websocket_->over()) {
        ended();
        return connection_.close_after_reply();
    }
    auto* const session = turn_.sessions().find(sid_);
    if (session != nullptr && session->busy()) {
        connection_.park(waiting_for::work);
        session->wait(*this);
    }
}

void http_side::send(std::string_view packet) { websocket_->send(packet, false, connection_.outgoing()); }

void http_side::close(std::string_view reason) {
    sid_.clear();
    websocket_->close(wire::close_code::policy, reason.substr(0, wire::close_reason_bytes), connection_.outgoing());
    connection_.close_after_reply();
}

}  // namespace coppice::server
