// src/server/engine_session.hpp: a client of Engine.IO, over HTTP polling, a WebSocket, or from one to the other.
//
//     polling    GET hangs until there is something to say, then answers with all of it; POST brings packets
//     upgrade    a WebSocket opens beside it and probes ("2probe", "3probe"); what is to be said goes on by polling
//                until the client says "5", then by the WebSocket; the hanging GET is let go with a noop
//
// It lives as long as its client answers pings, however many connections it comes over. To the commands it is a
// client like one of RESP; what its packets say is znsocket::session's.
//
// Invariants
//   E1  At most one connection hangs in a GET, and one is the WebSocket.
//   E2  queue_ is empty while the WebSocket is the transport, or a GET hangs.
//
// Threads: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/service.hpp"
#include "wire/engine_io.hpp"
#include "znsocket/session.hpp"

namespace coppice::server {

class engine_sessions;
class http_side;

class engine_session final : public client, private znsocket::surroundings {
public:
    struct origin {
        std::string address;
        std::string local_address;
        znsocket::credentials login;
    };
    engine_session(engine_sessions& all, std::uint64_t id, std::string sid, origin from);
    ~engine_session() override;

    [[nodiscard]] const std::string& sid() const noexcept { return sid_; }
    /// The packet that opens a session, as JSON behind its digit.
    [[nodiscard]] std::string open_packet(bool may_upgrade) const;

    /// How long a body or message of its connections may be: before login, not very.
    [[nodiscard]] std::size_t message_bytes_max() const noexcept;

    // What its connections bring.
    void take(wire::engine_packet packet, bool by_websocket);
    /// A GET waits for something to say.  One that waited is answered with a noop.
    void hang(http_side& in);
    /// A WebSocket has come: as the transport from the start, or to be probed.
    void attach(http_side& websocket, bool from_the_start);
    [[nodiscard]] bool has_websocket() const noexcept { return websocket_ != nullptr; }
    /// Its connection is gone.
    void detach(http_side& gone);
    /// No packets can be taken: a connection that brings some waits, and is told when it may try again.
    [[nodiscard]] bool busy() const noexcept { return session_.busy(); }
    void wait(http_side& with_packets) { waiting_.push_back(&with_packets); }
    void end(std::string_view reason);
    [[nodiscard]] bool over() const noexcept { return over_; }

    // What the table asks.
    void run_waiting();
    void second_passed(std::chrono::nanoseconds now);
    void tell_end() noexcept;
    bool runnable = false;

    // What the service sees.
    [[nodiscard]] std::uint64_t id() const noexcept override { return id_; }
    [[nodiscard]] const std::string& address() const noexcept override { return from_.address; }
    [[nodiscard]] const std::string& local_address() const noexcept override { return from_.local_address; }
    [[nodiscard]] int descriptor() const noexcept override;
    [[nodiscard]] client_numbers numbers() const override;
    [[nodiscard]] reply_sink& reply() noexcept override { return session_.answers(); }
    [[nodiscard]] reply_sink& push(std::size_t) override { return session_.answers(); }
    void set_protocol(int) noexcept override {}
    [[nodiscard]] bool ends_transactions_at_errors() const noexcept override { return true; }
    void mute(bool) noexcept override {}
    void set_authenticated(bool known) noexcept override { authenticated_ = known; }
    void stay_when_idle(bool) noexcept override {}
    void park(waiting_for) override { parked_ = true; }
    void resume() override;
    [[nodiscard]] bool parked() const noexcept override { return parked_ || working_; }
    [[nodiscard]] bool congested() const noexcept override { return false; }
    void answer_long(std::function<void(reply_sink&)> answer) override;
    void close_after_reply() override { end("closed by a command"); }
    void kill(std::string_view reason) override { end(reason); }
    [[nodiscard]] bool closing() const noexcept override { return over_; }

private:
    // Of surroundings.
    void send(std::string_view packet) override;
    [[nodiscard]] std::size_t run(std::span<const wire::request> requests) override;
    [[nodiscard]] bool waits() const override { return parked(); }
    [[nodiscard]] bool authenticated() const override { return authenticated_; }
    [[nodiscard]] std::chrono::nanoseconds now() const override;
    void work(std::function<void()> job, std::function<void()> then) override;

    void say(wire::engine_packet_type type, std::string_view data);
    void say_by_polling();
    void release_polling();
    void upgrade();
    void take_text(std::string_view text);
    void take_attachment(std::string bytes);
    void give_packet();
    void wake_waiting();
    void worked(bool done, const std::function<void()>& then);

    engine_sessions& all_;
    const std::uint64_t id_;
    const std::string sid_;
    const origin from_;
    const std::chrono::nanoseconds born_;

    // Transport.
    http_side* hanging_ = nullptr;
    http_side* websocket_ = nullptr;
    bool upgraded_ = false;
    std::vector<http_side*> waiting_;
    std::vector<std::string> queue_;  // packets that no connection has taken
    std::size_t queue_bytes_ = 0;

    // Heartbeat.
    std::chrono::nanoseconds heard_;
    std::chrono::nanoseconds pinged_;
    bool ponged_ = true;

    // A packet whose attachments have not all come.
    wire::socket_packet half_;
    std::vector<std::string> attachments_;
    std::size_t attachment_bytes_ = 0;

    bool authenticated_ = true;
    bool parked_ = false;
    bool working_ = false;  // a worker reads its event, or makes its answer
    bool over_ = false;
    bool told_ = false;
    std::shared_ptr<engine_session*> alive_;  // what workers hold: null once this is gone
    znsocket::session session_;
};

}  // namespace coppice::server
