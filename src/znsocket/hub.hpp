// src/znsocket/hub.hpp: what ZnSocket's participants share beside the data: refreshes, and adapters.
//
// An adapter is an object in one participant's program that answers reads of a key. A refresh is a message to all
// other participants. Participants are connections of Socket.IO and of the Redis protocol alike.
//
//     asker ── ask(key, question) ──> hub ── put(ticket, question) ──> owner
//     asker <── told(answer) ──────── hub <── answer(ticket, answer) ── owner
//
// Questions and answers are JSON that the hub does not look into. An owner that is gone, or says nothing for
// limits::adapter_patience, is answered for: nobody waits for ever.
//
// Keys are checked by whoever opens them. A key that somebody has checked cannot be given an adapter as long as one
// of those is connected, for they have decided how to read it.
//
// Whoever has left, or never joined, hears nothing, and what he asks for is not there.
//
// Threads: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "znsocket/chunk_sets.hpp"
#include "znsocket/refresh_queue.hpp"

namespace coppice::znsocket {

class participant {
public:
    participant(const participant&) = delete;
    participant& operator=(const participant&) = delete;
    virtual ~participant() = default;

    /// What it works on.  A refresh of another branch's data says nothing to it.
    [[nodiscard]] virtual std::string_view branch() const noexcept = 0;
    /// Somebody else's refresh: `{"target":...,"data":...}`.
    virtual void refreshed(std::string_view payload) = 0;
    /// A question to an adapter of its own, to be answered with hub::answer.
    virtual void asked(std::uint64_t ticket, std::string_view question) = 0;

protected:
    participant() = default;
};

/// How a question ended.
enum class told : std::uint8_t {
    answered,    ///< with what the owner said
    no_adapter,  ///< nobody has registered the key
    owner_gone,  ///< before he answered
    no_answer,   ///< in time
};

/// Why a question was not answered, as the text of a KeyError.
[[nodiscard]] std::string untold(told how, std::string_view key);

class hub {
public:
    /// Called once for each question, perhaps before ask() returns.
    using on_told = std::function<void(told, std::string_view answer)>;

    void join(participant& who);
    /// Its adapters are gone, its questions are forgotten, and those to it are answered.
    void leave(participant& who);

    /// To all participants on `branch` but `from`, who may be nobody; to those who hear too many of them, a little
    /// later (refresh_queue.hpp).  Returns how many there were.
    std::size_t refresh(const participant* from, std::string_view branch, std::string_view payload,
                        std::chrono::nanoseconds now);
    /// Some refreshes wait for time_passed.
    [[nodiscard]] bool refreshes_wait() const noexcept { return queued_ > 0; }

    /// True when the key has an adapter; `who` counts as having opened it.
    bool check(participant& who, std::string_view key);
    [[nodiscard]] bool exists(std::string_view key) const;
    /// False when somebody has opened the key already.
    [[nodiscard]] bool register_adapter(participant& owner, std::string_view key);
    /// By an owner whose connection was lost: who opened the key meanwhile is no hindrance.  False when somebody else
    /// answers for it.
    [[nodiscard]] bool register_again(participant& owner, std::string_view key);
    void ask(participant& asker, std::string_view key, std::string_view question, std::chrono::nanoseconds now,
             on_told then);
    /// What the owner says to a question; false for a ticket that is not (or no longer) his to answer.
    bool answer(participant& owner, std::uint64_t ticket, std::string_view said);
    /// Sends refreshes that waited; ends questions that have waited too long.
    void time_passed(std::chrono::nanoseconds now);

    /// What all participants' messages in chunks may take.
    [[nodiscard]] chunk_room& room_for_chunks() noexcept { return room_for_chunks_; }

    [[nodiscard]] std::size_t participants() const noexcept { return participants_.size(); }
    [[nodiscard]] std::size_t adapters() const noexcept { return adapters_.size(); }

private:
    struct question {
        participant* asker;
        participant* owner;
        std::chrono::nanoseconds until;
        on_told then;
    };
    struct belongings {  // of a participant
        refresh_queue refreshes;
        std::unordered_set<std::string> checked;
        std::unordered_set<std::string> registered;
    };

    [[nodiscard]] bool give(participant& owner, const std::string& key);
    void send_waiting(participant& to, belongings& its, std::chrono::nanoseconds now);

    std::unordered_map<participant*, belongings> participants_;
    std::size_t queued_ = 0;                                // participants for whom refreshes wait
    std::unordered_map<std::string, std::size_t> checked_;  // by how many participants
    std::unordered_map<std::string, participant*> adapters_;
    std::map<std::uint64_t, question> questions_;  // by ticket, so by age
    std::uint64_t tickets_ = 0;
    chunk_room room_for_chunks_;
};

}  // namespace coppice::znsocket
