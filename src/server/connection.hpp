// src/server/connection.hpp: one client's socket, its bytes in and out, and what it waits for.
//
//     socket -> scratch of the loop (or rest_, when a request is long) -> batch -> service
//     service -> sink_ -> out_ -> socket
//
// Where a WebSocket carries RESP, framing stands before the socket, and all below is about the streams inside of it.
//
// In.  A connection keeps only what it could not run: the unfinished rest of a request, or requests that wait
//      because the client is parked, because a long answer is being streamed, or because it does not read.
// Out. Replies are appended to out_ and written at the end of the turn, as far as they are durable:
//
//        sent | may be sent | ticket 7 | ticket 9
//             sent_         free_until_            each mark is where a turn's replies end
//
// Invariants
//   C1  rest_ begins at the first byte of a request, and parser_ is at its start or in the middle of that request.
//   C2  sent_ <= free_until_ <= sent_ + out_.size(), and marks grow in ticket and position.
//   C3  A dead connection has no descriptor and no watch; it is freed at the end of the turn.
//
// Threads: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/long_read.hpp"
#include "server/loop.hpp"
#include "server/resp_sink.hpp"
#include "server/service.hpp"
#include "wire/byte_buffer.hpp"
#include "wire/resp_request.hpp"

namespace coppice::server {

class framing;
class http_side;
class turn;

/// What the listener knows of a new connection.
struct accepted {
    int descriptor;
    std::string address;
    std::string local_address;
};

class connection final : public client, private chunk_target {
public:
    connection(turn& shared, std::uint64_t id, accepted from);
    ~connection() override;

    // What the service sees.
    [[nodiscard]] std::uint64_t id() const noexcept override { return id_; }
    [[nodiscard]] const std::string& address() const noexcept override { return address_; }
    [[nodiscard]] const std::string& local_address() const noexcept override { return local_address_; }
    [[nodiscard]] int descriptor() const noexcept override { return descriptor_; }
    [[nodiscard]] client_numbers numbers() const override;
    [[nodiscard]] reply_sink& reply() noexcept override;
    [[nodiscard]] reply_sink& push(std::size_t size) override;
    void set_protocol(int version) noexcept override;
    void mute(bool on) noexcept override;
    void set_authenticated(bool known) noexcept override { authenticated_ = known; }
    void stay_when_idle(bool on) noexcept override { stays_when_idle_ = on; }
    void park(waiting_for what) override {
        parked_ = true;
        parked_for_ = what;
    }
    void resume() override;
    [[nodiscard]] bool parked() const noexcept override { return parked_ || read_ != nullptr; }
    [[nodiscard]] bool congested() const noexcept override;
    void answer_long(std::function<void(reply_sink&)> answer) override;
    void close_after_reply() override;
    void kill(std::string_view reason) override;
    [[nodiscard]] bool closing() const noexcept override { return closing_ || dead_; }

    // What the turn sees.
    /// Runs the requests that waited.
    void run_waiting();
    /// Replies up to here wait for `ticket`.
    void seal(std::uint64_t ticket, std::uint64_t durable);
    /// Lets go what is durable by now.  False when nothing is held any more.
    bool release(std::uint64_t durable);
    /// Writes what may be written, and says to the loop what the connection waits for next.
    void finish_turn();
    /// Once a second: the idle timeout, and memory that a burst left behind.
    void second_passed(std::chrono::nanoseconds now);
    /// No further requests are read (the server stops).
    void stop_reading();
    /// The connection is over, seen outside of the service; it is told at once.
    void end(std::string_view reason);
    /// Tells the service of the end, once.
    void tell_end() noexcept;

    // What the HTTP side sees.
    /// Where its bytes go out; they leave when this turn is durable, as replies do.
    [[nodiscard]] wire::byte_buffer& outgoing() noexcept;
    [[nodiscard]] std::size_t unsent() const noexcept { return out_.size(); }
    /// It has agreed: from here on both sides speak RESP in frames of a WebSocket.
    void speak_in_frames();
    [[nodiscard]] bool framed() const noexcept { return frames_ != nullptr; }

    [[nodiscard]] bool dead() const noexcept { return dead_; }
    [[nodiscard]] bool has_unsent() const noexcept { return !out_.empty() || read_ != nullptr; }

    // The turn's marks: whether this connection stands in its lists.
    bool dirty = false;
    bool runnable = false;
    bool held = false;

private:
    struct mark {
        std::uint64_t ticket;
        std::uint64_t until;  // in bytes since the connection began
    };
    struct side {  // messages that may not stand inside the answer at hand
        wire::byte_buffer bytes;
        resp_sink<> sink{bytes};
    };
    enum class speaking : std::uint8_t { undecided, resp, http };

    void on_ready(readiness what);
    void read_some();
    void input_over();
    void process(std::string_view bytes);
    [[nodiscard]] bool decide_protocol(std::string_view bytes);
    void keep(std::string_view unread);
    void begin_http();
    void process_http(std::string_view bytes);
    void unframe(std::string_view bytes);
    void write_some();
    void update_interest();
    /// What is read cannot be run yet.
    [[nodiscard]] bool input_waits() const noexcept { return waiting_ || paused_ || must_wait(); }
    /// How many bytes of it are read all the same.
    [[nodiscard]] std::size_t waiting_most() const noexcept;
    void account_waiting(std::size_t bytes) noexcept;
    void splice_side();
    [[nodiscard]] std::size_t unread() const noexcept;
    [[nodiscard]] bool over_limit() const noexcept;
    /// A worker waits until the client has read some.
    [[nodiscard]] bool keeps_worker() const noexcept { return read_ != nullptr && free_until_ > sent_; }
    void cut_off(std::string_view reason);
    void look_at_reading(std::chrono::nanoseconds now);
    void close_descriptor() noexcept;
    void touch() noexcept;
    /// Waits for something that need not happen.
    [[nodiscard]] bool is_blocked() const noexcept { return parked_ && parked_for_ == waiting_for::event; }
    [[nodiscard]] bool must_wait() const noexcept { return parked_ || read_ != nullptr || closing_ || dead_; }

    void chunk(const wire::byte_buffer& bytes) override;
    void chunks_ended(bool failed) override;

    // Constant after construction.
    turn& turn_;
    const std::uint64_t id_;
    const std::string address_;
    const std::string local_address_;
    const std::chrono::nanoseconds born_;

    int descriptor_;
    std::unique_ptr<loop::watch> watch_;
    readiness interest_ = readiness::none;
    std::chrono::nanoseconds active_;

    // In.
    speaking speaking_ = speaking::undecided;
    std::unique_ptr<http_side> http_;
    std::unique_ptr<framing> frames_;
    wire::resp_request_parser parser_;
    wire::byte_buffer rest_;
    std::size_t accounted_ = 0;  // of rest_, in turn::waiting_bytes
    bool waiting_ = false;       // rest_ may hold whole requests
    bool parked_ = false;
    waiting_for parked_for_ = waiting_for::event;
    bool authenticated_ = true;
    bool stays_when_idle_ = false;
    bool input_over_ = false;
    bool paused_ = false;  // for want of reading by the client

    // Out.
    bool muted_ = false;
    bool closing_ = false;
    bool dead_ = false;
    bool told_ = false;
    wire::byte_buffer out_;
    bounded_sink sink_{out_};
    std::uint64_t sent_ = 0;
    std::uint64_t free_until_ = 0;
    std::vector<mark> marks_;  // few: one for each turn whose log is on its way to the disk
    std::unique_ptr<side> side_;

    // A long answer.
    std::shared_ptr<long_read> read_;
    std::vector<std::uint64_t> chunk_ends_;  // in bytes since the connection began

    // How far the client has read, as the system knows it; looked at while too much is unread.
    std::uint64_t taken_ = 0;
    std::chrono::nanoseconds taken_at_{0};

    std::uint64_t bytes_read_ = 0;
};

}  // namespace coppice::server
