// src/znsocket/session.hpp: one Socket.IO client of the namespace: what its events mean, in their order.
//
//     packets ──take──> inbox ──go_on──> an event: a command, a pipeline, a refresh, an adapter, a piece of a message
//                                            │
//     packets <──send── acknowledgement <────┘    in the order of the events, but for questions to adapters
//
// Events run one after the other: each is read (event.hpp), on a worker when it is large, and then run. One whose
// command waits for a page or a worker keeps those behind it waiting. Every event that asks for an acknowledgement gets
// one, an error at the least; only a question to an adapter is overtaken.
//
// Threads: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wire/resp_request.hpp"
#include "wire/socket_io.hpp"
#include "znsocket/answer_writer.hpp"
#include "znsocket/chunk_sets.hpp"
#include "znsocket/commands.hpp"
#include "znsocket/event.hpp"
#include "znsocket/hub.hpp"
#include "znsocket/value.hpp"

namespace coppice::znsocket {

/// What a session needs of the server around it.
class surroundings {
public:
    surroundings(const surroundings&) = delete;
    surroundings& operator=(const surroundings&) = delete;
    virtual ~surroundings() = default;

    /// A Socket.IO packet to the client.
    virtual void send(std::string_view packet) = 0;
    /// Runs requests in order and says how many are finished; what they answer goes to session::answers().
    [[nodiscard]] virtual std::size_t run(std::span<const wire::request> requests) = 0;
    /// True while a finished request is still to be answered, or the next one has to wait.
    [[nodiscard]] virtual bool waits() const = 0;
    /// False until a password has been given, where there is one.
    [[nodiscard]] virtual bool authenticated() const = 0;
    [[nodiscard]] virtual std::chrono::nanoseconds now() const = 0;
    /// Runs `job` on a worker, and then, unless the session is gone, `then` where the session runs; until that it
    /// waits.  A job owns what it uses, and may throw std::bad_alloc: that ends the session.
    virtual void work(std::function<void()> job, std::function<void()> then) = 0;

protected:
    surroundings() = default;
};

/// Who a client says it is, and on which branch: with the connection's address, or when it connects.
struct credentials {
    std::optional<std::string> branch{};  ///< nothing: main
    std::string password{};
};

class session final : private participant {
public:
    /// `given` came with the connection's address.
    session(hub& shared, surroundings& around, std::string id, credentials given);
    ~session() override;

    /// Adds a packet to the inbox; one that is no business of ours is answered or dropped as Socket.IO says.
    /// Errors: errc::invalid: the client breaks the protocol, and has to go.
    [[nodiscard]] status take(wire::socket_packet packet, std::vector<std::string> attachments);
    /// Runs events until there are none, one has to wait, or others should have a turn.
    /// Errors: errc::invalid, errc::limit: what came as one is none, and the client has to go.
    [[nodiscard]] status go_on();
    /// Some events have not been answered.
    [[nodiscard]] bool has_work() const noexcept { return running_ || !inbox_.empty(); }
    /// Nothing more can be taken in for now.
    [[nodiscard]] bool busy() const noexcept { return inbox_bytes_ > inbox_bytes_max; }
    /// Once a second: what was begun and left lying is freed.
    void second_passed();

    /// Where the requests of the event at hand answer.
    [[nodiscard]] answer_writer& answers() noexcept { return answers_; }
    /// The command at hand, for a worker that answers it.
    [[nodiscard]] const prepared& at_hand() const noexcept { return commands_.front(); }
    /// What the worker's answer is.
    void answered(std::string json) { answer_ = std::move(json); }

    [[nodiscard]] std::size_t memory() const noexcept { return inbox_bytes_ + chunks_.bytes(); }

private:
    static constexpr std::size_t inbox_bytes_max = 256 * 1024;
    struct letter {  // an event that nobody has looked into
        std::string json;
        std::vector<std::string> attachments;
        std::optional<std::uint64_t> id;
        std::size_t bytes;
    };
    using reply_to = std::optional<std::uint64_t>;

    // Of a participant.
    [[nodiscard]] std::string_view branch() const noexcept override { return branch_; }
    void refreshed(std::string_view payload) override;
    void asked(std::uint64_t ticket, std::string_view question) override;

    void connect(const wire::socket_packet& packet);
    [[nodiscard]] std::string log_in(const credentials& as);
    void take_event(wire::socket_packet& packet, std::vector<std::string> attachments);
    [[nodiscard]] status take_ack(const wire::socket_packet& packet);
    void refuse_connection(const std::string& name_space, std::string_view why);

    void begin();
    template <class Reader>
    void read(std::size_t bytes, Reader reader);
    void run(event asked);
    void run_commands(event asked);
    void run_adapter_event(std::string_view name, const value& data);
    void ask_adapter(std::string_view key, const value& data);
    [[nodiscard]] std::string* attachment_of(const value& data) noexcept;
    void open(std::string_view name, std::string envelope);
    void open_compressed(const value& data);
    void take_chunk(const value& data);
    void say_kept_answer(std::string_view chunks_id);
    void give_requests(bool pipeline);
    void run_requests();
    void finish();
    void say(std::string json) { answer_ = std::move(json); }
    void fail(const failure& what);
    void answer(reply_to id, const std::string& chunks_id, std::string json);
    void acknowledge(reply_to id, std::string_view json);
    void send(wire::socket_packet_type type, std::string_view to, reply_to id, std::string json);

    hub& hub_;
    surroundings& around_;
    const std::string id_;
    const credentials given_;
    std::string branch_;  // since it connected
    bool connected_ = false;

    std::deque<letter> inbox_;
    std::size_t inbox_bytes_ = 0;

    // The event at hand.
    bool running_ = false;
    reply_to reply_to_;
    std::vector<std::string> attachments_;
    std::optional<result<event>> read_;  // what is to be run
    std::string chunks_id_;              // of the set of chunks it came in; empty: in none
    std::vector<prepared> commands_;
    std::optional<failure> failure_;  // of what came behind them
    std::vector<std::vector<std::string_view>> words_;
    std::vector<wire::request> requests_;
    std::size_t ran_ = 0;
    std::string written_;
    answer_writer answers_{written_};
    std::optional<std::string> answer_;

    chunk_sets chunks_;
};

}  // namespace coppice::znsocket
