// src/server/service.hpp: the seam between connections and commands.
//
// The host (sockets, buffers, turns) drives a `service` (the commands); the service answers through `client`s.
//
//     bytes -> host -> service::run(client, requests) -> client.reply() -> host: service::end_turn(), then bytes
//
// A turn is one round of the event loop: each ready connection is read once, its whole requests are run
// together, at the end `end_turn` is called once, and then every connection that has replies is written to
// once. A service never writes to a socket and never waits.
//
// Requests that cannot be answered yet. A service parks the client: its later requests wait, other clients go
// on. A request counted as finished (BLPOP on an empty list, one that went to a worker) is not given again: the
// service answers it later, through reply(), and calls resume(). One not counted (a page has to be loaded
// first) is given again after resume().
//
// Threads. Everything here belongs to the client's loop thread, except where a function says otherwise.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "wire/reply.hpp"
#include "wire/resp_request.hpp"
#include "znsocket/hub.hpp"

namespace coppice::server {

using wire::request;

/// What a service keeps for one connection: the base of its session.
class client_state {
public:
    virtual ~client_state() = default;
};

/// What CLIENT LIST shows of a connection, the names as there.
struct client_numbers {
    std::chrono::seconds age;
    std::chrono::seconds idle;
    std::size_t qbuf = 0;  ///< bytes of unfinished or waiting requests
    std::size_t qbuf_free = 0;
    std::size_t argv_mem = 0;  ///< bytes of what is known of an unfinished request
    std::size_t rbs = 0;       ///< capacity of the reply buffer
    std::size_t obl = 0;       ///< bytes of replies that were not sent
    std::size_t omem = 0;      ///< those above limits::reply_pause_bytes
    std::size_t tot_mem = 0;
    char events[3] = "r";  ///< r: is read from; w: waits for the socket to take more
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;
};

/// What a parked client waits for.
enum class waiting_for : std::uint8_t {
    event,  ///< that somebody does something (BLPOP): when the client hangs up there is nothing to wait for
    work,   ///< that a load or a worker is done: who hung up only his sending side is still answered
};

/// A connection, as a service sees it.  It lives from service::connected until service::disconnected returns.
class client {
public:
    client(const client&) = delete;
    client& operator=(const client&) = delete;
    virtual ~client() = default;

    /// Unique in this server's life, growing.
    [[nodiscard]] virtual std::uint64_t id() const noexcept = 0;
    [[nodiscard]] virtual const std::string& address() const noexcept = 0;        ///< "127.0.0.1:40112"
    [[nodiscard]] virtual const std::string& local_address() const noexcept = 0;  ///< ours: laddr
    [[nodiscard]] virtual int descriptor() const noexcept = 0;
    [[nodiscard]] virtual client_numbers numbers() const = 0;

    /// Where answers go, in the order of the requests.  While muted, answers vanish.
    [[nodiscard]] virtual reply_sink& reply() noexcept = 0;
    /// Begins a message nobody asked for (pub/sub, feeds) of `size` values, which follow on the sink: a push in
    /// RESP3, an array in RESP2.  It is not muted, and comes behind an answer that is still being streamed.
    [[nodiscard]] virtual reply_sink& push(std::size_t size) = 0;
    /// 2 (at first) or 3, as HELLO agreed.
    virtual void set_protocol(int version) noexcept = 0;
    /// Its EXEC runs no command behind one that failed: a pipeline of ZnSocket's.
    [[nodiscard]] virtual bool ends_transactions_at_errors() const noexcept { return false; }
    /// CLIENT REPLY OFF and SKIP: the service mutes and unmutes between commands.
    virtual void mute(bool on) noexcept = 0;

    /// Until true, only small requests are read, one at a time (limits_before_login).
    virtual void set_authenticated(bool known) noexcept = 0;
    /// Subscribers and such are silent for long: the idle timeout passes them by.
    virtual void stay_when_idle(bool on) noexcept = 0;

    /// No further requests until resume().  May be called inside run() or outside.
    virtual void park(waiting_for what) = 0;
    /// Goes on; the requests that waited are run later in this turn.
    virtual void resume() = 0;
    /// Parked, or a long answer is on its way: run() returns after such a request.
    [[nodiscard]] virtual bool parked() const noexcept = 0;
    /// True above limits::reply_pause_bytes unsent: run() does well to return early; the host goes on with the
    /// rest once the client has read some.
    [[nodiscard]] virtual bool congested() const noexcept = 0;

    /// Lets a worker of the host answer the request at hand: runs `answer` on the worker, streams what it says,
    /// and goes on when that is done; until then the client counts as parked.  `answer` must own what it uses.
    /// What it throws ends the connection; its sink throws when nobody reads any more.
    virtual void answer_long(std::function<void(reply_sink&)> answer) = 0;

    /// No further requests; what was answered is sent first.
    virtual void close_after_reply() = 0;
    /// Closed at once, unsent answers are dropped.  The reason goes to the log.
    virtual void kill(std::string_view reason) = 0;
    [[nodiscard]] virtual bool closing() const noexcept = 0;

    /// The service's own.
    std::unique_ptr<client_state> state;

protected:
    client() = default;
};

/// The commands.  Nothing here may throw: what runs out of memory answers so.
class service {
public:
    virtual ~service() = default;

    virtual void connected(client& who) = 0;
    /// The last call for `who`.  It comes as soon as the end is seen, so that nothing is popped for a dead client;
    /// for a client that a service kills inside a call, at the end of the turn.
    virtual void disconnected(client& who) noexcept = 0;

    /// Runs requests of one client that were read together (so that neighbouring GETs can descend together), in
    /// order, and returns how many are finished: all, unless the client was parked, closed, or is congested.
    /// The rest is given again later.  The words live until run returns.
    virtual std::size_t run(client& who, std::span<const request> requests) = 0;

    /// Ends a turn: writes what its commands logged.  Returns 0 when its replies may leave at once, else the
    /// ticket that durable() has to reach first (`appendfsync always`; also for a turn that only read what
    /// is not durable yet).  Tickets grow.
    virtual std::uint64_t end_turn() = 0;
    /// The highest ticket that is durable.  After it has grown, whoever made it grow calls loop::wake().
    [[nodiscard]] virtual std::uint64_t durable() const noexcept = 0;

    /// Where ZnSocket's clients of every protocol meet.
    [[nodiscard]] virtual znsocket::hub& participants() noexcept = 0;
};

}  // namespace coppice::server
