#include "server/engine_session.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <coppice/base/limits.hpp>
#include <coppice/tree/pool.hpp>

#include "command/dispatch.hpp"
#include "server/connection.hpp"
#include "server/engine_sessions.hpp"
#include "server/http_side.hpp"
#include "server/turn.hpp"

namespace coppice::server {
namespace {

using wire::engine_packet_type;

constexpr std::chrono::seconds ping_interval{25};
constexpr std::chrono::seconds ping_patience{20};
constexpr std::string_view probe = "probe";
constexpr std::string_view no_memory = "there is no memory for its events";

}  // namespace

engine_session::engine_session(engine_sessions& all, std::uint64_t id, std::string sid, origin from)
    : all_(all),
      id_(id),
      sid_(std::move(sid)),
      from_(std::move(from)),
      born_(all.shared().clock.elapsed()),
      heard_(born_),
      pinged_(born_),
      alive_(std::make_shared<engine_session*>(this)),
      session_(all.hub(), *this, sid_, from_.login) {}

engine_session::~engine_session() { *alive_ = nullptr; }

std::string engine_session::open_packet(bool may_upgrade) const {
    return text_of(
        engine_packet_type::open,
        fmt::format(R"({{"sid":"{}","upgrades":[{}],"pingTimeout":{},"pingInterval":{},"maxPayload":{}}})", sid_,
                    may_upgrade ? R"("websocket")" : "", std::chrono::milliseconds(ping_patience).count(),
                    std::chrono::milliseconds(ping_interval).count(), limits::event_bytes));
}

std::size_t engine_session::message_bytes_max() const noexcept {
    return authenticated_ ? limits::event_bytes_max : limits::event_bytes_before_login;
}

// ---- what comes in

void engine_session::take(wire::engine_packet packet, bool by_websocket) {
    heard_ = now();
    switch (packet.type) {
        case engine_packet_type::message:
            if (packet.binary) { return take_attachment(std::move(packet.data)); }
            return take_text(packet.data);
        case engine_packet_type::pong: ponged_ = true; return;
        case engine_packet_type::ping:
            if (!by_websocket || packet.data != probe) { return say(engine_packet_type::pong, packet.data); }
            websocket_->send(text_of(engine_packet_type::pong, probe));
            return release_polling();
        case engine_packet_type::upgrade:
            if (by_websocket) { upgrade(); }
            return;
        case engine_packet_type::close: return end("closed by the client");
        case engine_packet_type::open:
        case engine_packet_type::noop: return;
    }
}

void engine_session::take_text(std::string_view text) {
    if (half_.attachments != 0) { return end("a packet came where the attachment of another was to come"); }
    auto packet = wire::read_socket_packet(text);
    if (!packet) { return end(packet.error().context); }
    half_ = std::move(*packet);
    if (half_.attachments == 0) { give_packet(); }
}

void engine_session::take_attachment(std::string bytes) {
    if (half_.attachments == 0) { return end("an attachment came that no packet announced"); }
    attachment_bytes_ += bytes.size();
    if (attachment_bytes_ > message_bytes_max()) { return end("the attachments of a packet are too large"); }
    attachments_.push_back(std::move(bytes));
    if (attachments_.size() == half_.attachments) { give_packet(); }
}

void engine_session::give_packet() {
    attachment_bytes_ = 0;
    const auto taken = session_.take(std::exchange(half_, {}), std::exchange(attachments_, {}));
    if (!taken) { return end(taken.error().context); }
    all_.mark_runnable(*this);
}

void engine_session::run_waiting() {
    if (over_) { return; }
    try {
        if (!parked()) {
            const auto gone = session_.go_on();
            if (!gone) { return end(gone.error().context); }
        }
    } catch (const std::bad_alloc&) { return end(no_memory); }
    if (!parked() && session_.has_work()) { all_.mark_runnable(*this); }
    if (!busy()) { wake_waiting(); }
}

void engine_session::wake_waiting() {
    for (auto* const each : std::exchange(waiting_, {})) { each->try_again(); }
}

// ---- what goes out

void engine_session::send(std::string_view packet) { say(engine_packet_type::message, packet); }

void engine_session::say(engine_packet_type type, std::string_view data) {
    if (over_) { return; }
    auto packet = text_of(type, data);
    const auto unread = upgraded_ ? websocket_->socket().unsent() : queue_bytes_;
    if (unread > limits::unread_event_bytes) {  // one answer may have any size
        return end(fmt::format("leaves {} bytes of events unread", unread));
    }
    if (upgraded_) { return websocket_->send(packet); }
    queue_bytes_ += packet.size();
    queue_.push_back(std::move(packet));
    if (hanging_ != nullptr) { say_by_polling(); }
}

void engine_session::say_by_polling() {
    std::string body;
    body.reserve(queue_bytes_ + queue_.size());
    for (const auto& packet : queue_) { wire::add_to_body(body, packet, false); }
    queue_.clear();
    queue_bytes_ = 0;
    std::exchange(hanging_, nullptr)->answer_polling(body);
}

void engine_session::release_polling() {
    if (hanging_ == nullptr) { return; }
    std::exchange(hanging_, nullptr)->answer_polling(text_of(engine_packet_type::noop, {}));
}

void engine_session::hang(http_side& in) {
    release_polling();
    hanging_ = &in;
    if (upgraded_) { return release_polling(); }
    if (!queue_.empty()) { say_by_polling(); }
}

void engine_session::attach(http_side& websocket, bool from_the_start) {
    websocket_ = &websocket;
    if (from_the_start) {
        upgraded_ = true;
        websocket.send(open_packet(false));
    }
}

void engine_session::upgrade() {
    release_polling();
    upgraded_ = true;
    for (const auto& packet : std::exchange(queue_, {})) { websocket_->send(packet); }
    queue_bytes_ = 0;
}

void engine_session::detach(http_side& gone) {
    std::erase(waiting_, &gone);
    if (hanging_ == &gone) { hanging_ = nullptr; }
    if (websocket_ != &gone) { return; }
    websocket_ = nullptr;
    if (std::exchange(upgraded_, false)) { end("its WebSocket was closed"); }
}

// ---- waiting and ending

std::size_t engine_session::run(std::span<const wire::request> requests) {
    return all_.shared().commands.run(*this, requests);
}

std::chrono::nanoseconds engine_session::now() const { return all_.shared().clock.elapsed(); }

void engine_session::resume() {
    parked_ = false;
    all_.mark_runnable(*this);
}

void engine_session::answer_long(std::function<void(reply_sink&)> answer) {
    struct job {
        explicit job(znsocket::prepared at_hand) : command(std::move(at_hand)) { writer.begin(command); }
        const znsocket::prepared command;
        std::string json{};
        znsocket::answer_writer writer{json};
    };
    const auto one = std::make_shared<job>(session_.at_hand());
    work(
        [one, answer = std::move(answer)] {
            try {
                answer(one->writer);
            } catch (const load_error& missing) {
                one->writer.back_to(0);
                reply_error(one->writer, missing.cause());
            } catch (const std::bad_alloc&) {
                one->writer.back_to(0);
                one->writer.error("OOM the answer needs more memory than there is");
            }
            one->writer.end();
        },
        [this, one] { session_.answered(std::move(one->json)); });
}

void engine_session::work(std::function<void()> job, std::function<void()> then) {
    working_ = true;
    all_.shared().workers.run(
        [job = std::move(job), then = std::move(then), alive = alive_, &events = all_.shared().events]() mutable {
            bool done = false;
            try {
                job();
                done = true;
            } catch (const std::bad_alloc&) {  // then it is not done
            }
            job = nullptr;  // what it owns goes here
            events.post([done, then = std::move(then), alive = std::move(alive)] {
                if (*alive != nullptr) { (*alive)->worked(done, then); }
            });
        });
}

void engine_session::worked(bool done, const std::function<void()>& then) {
    working_ = false;
    if (over_) { return; }
    if (!done) { return end(no_memory); }
    then();
    all_.mark_runnable(*this);
}

void engine_session::end(std::string_view reason) {
    if (std::exchange(over_, true)) { return; }
    all_.shared().log.debug("client {} from {}: {}", id_, from_.address, reason);
    release_polling();
    wake_waiting();
    if (auto* const websocket = std::exchange(websocket_, nullptr)) { websocket->close(reason); }
    all_.mark_over(*this);
}

void engine_session::tell_end() noexcept {
    if (!std::exchange(told_, true)) { all_.shared().commands.disconnected(*this); }
}

void engine_session::second_passed(std::chrono::nanoseconds at) {
    if (over_) { return; }
    session_.second_passed();
    const auto since = at - pinged_;
    if (!ponged_ && since > ping_patience) { return end("answered no ping"); }
    if (!ponged_ || since < ping_interval) { return; }
    ponged_ = false;
    pinged_ = at;
    say(engine_packet_type::ping, {});
}

// ---- figures

int engine_session::descriptor() const noexcept {
    return websocket_ == nullptr ? -1 : websocket_->socket().descriptor();
}

client_numbers engine_session::numbers() const {
    const auto seconds = [this](auto since) { return std::chrono::duration_cast<std::chrono::seconds>(now() - since); };
    client_numbers shown;
    if (websocket_ != nullptr) { shown = websocket_->socket().numbers(); }
    shown.age = seconds(born_);
    shown.idle = seconds(heard_);
    shown.qbuf += session_.memory() + attachment_bytes_;
    shown.obl += queue_bytes_;
    shown.tot_mem += sizeof *this + session_.memory() + attachment_bytes_ + queue_bytes_;
    return shown;
}

}  // namespace coppice::server
