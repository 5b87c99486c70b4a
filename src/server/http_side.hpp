// src/server/http_side.hpp: a connection that speaks HTTP: Engine.IO by polling, and WebSockets.
//
// Requests to PREFIX/socket.io/ are Engine.IO's, of any prefix. A WebSocket at / or PREFIX/resp carries RESP: its
// upgrade is the last that is asked here. There is nothing else yet. One request is answered after the other: while a
// GET hangs, what the client sends behind it waits.
//
// Threads: the loop's.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "wire/http.hpp"
#include "wire/websocket.hpp"
#include "znsocket/session.hpp"

namespace coppice::server {

class connection;
class engine_session;
class turn;

class http_side {
public:
    http_side(connection& of, turn& shared);
    ~http_side();
    http_side(const http_side&) = delete;
    http_side& operator=(const http_side&) = delete;

    /// Takes bytes that have come, and says how many: all, unless the rest has to wait or is no longer HTTP.
    [[nodiscard]] std::size_t take(std::string_view bytes);
    /// The connection is over.
    void ended();

    // What a session says.
    void send(std::string_view packet);
    /// Answers the GET that hangs.
    void answer_polling(std::string_view body);
    /// The session can take the packets that had to wait.
    void try_again();
    void close(std::string_view reason);
    [[nodiscard]] const connection& socket() const noexcept { return connection_; }

private:
    void answer_request();
    void open_session(bool websocket);
    void go_on(engine_session& session, bool websocket);
    void post(engine_session& session);
    void become_websocket(engine_session& session, bool from_the_start);
    void receive(std::string_view bytes);
    void answer(unsigned status, std::string_view type, std::string_view body);
    void refuse(unsigned status, std::string_view text);
    void answer_engine_request();
    void become_resp();
    [[nodiscard]] bool origin_is_allowed() const;
    [[nodiscard]] znsocket::credentials login_of_request() const;
    [[nodiscard]] std::size_t body_bytes_max() const;

    connection& connection_;
    turn& turn_;
    wire::http_request_parser parser_;
    std::optional<wire::websocket> websocket_;
    std::string sid_;  // of the session whose connection this is
};

}  // namespace coppice::server
