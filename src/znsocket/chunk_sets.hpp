// znsocket/chunk_sets.hpp: messages that a Python client sends in chunks, each an event of its own.
//
//     add(chunk 0 of 2)      waiting, 1 of 2
//     add(chunk 1 of 2)      assembled: an envelope, to be run; then keep_answer(id, json)
//     add(chunk 1 of 2)      complete: it was sent again, and does not run again
//     take_answer(id)        the answer, once
//
// Chunks may come in any order, and again. What was taken stays known, so that it never runs twice, until nothing
// came of the message for limits::chunk_age.
//
// One for each connection. All of them share the bytes that chunks may take: where there are none left, messages of
// which nothing came for limits::chunk_patience give way, whoever they are of. Time comes from the caller.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include <coppice/base/limits.hpp>

#include "znsocket/failure.hpp"

namespace coppice::znsocket {

struct chunk {
    std::string id;
    std::uint64_t index = 0;
    std::uint64_t total = 0;
    std::uint64_t size = 0;  ///< of data, as the client says; 0: it does not
    std::string event;       ///< what the whole message is
    std::string data;
};

/// Some chunks are still to come.
struct chunks_waiting {
    std::uint64_t received;
    std::uint64_t total;
};
/// All are there: an envelope to open and run, once.
struct chunks_assembled {
    std::string event;
    std::string bytes;
};
/// The message has been given out before.
struct chunks_complete {};

using chunk_outcome = std::variant<chunks_waiting, chunks_assembled, chunks_complete, failure>;

struct chunk_limits {
    std::size_t sets = limits::chunk_sets;
    std::size_t bytes = limits::chunked_bytes;
    std::uint64_t chunks = limits::chunks;
    std::chrono::nanoseconds age = limits::chunk_age;
};

class chunk_sets;

/// How many bytes the chunks of all connections take.
class chunk_room {
public:
    explicit chunk_room(std::size_t bytes = limits::all_chunked_bytes,
                        std::chrono::nanoseconds patience = limits::chunk_patience) noexcept
        : bytes_(bytes), patience_(patience) {}
    [[nodiscard]] std::size_t taken() const noexcept { return taken_; }

private:
    friend class chunk_sets;
    /// Whether that many are free, perhaps after others have given way.  Cost: O(messages) then.
    [[nodiscard]] bool has(std::size_t bytes, std::chrono::nanoseconds now);

    const std::size_t bytes_;
    const std::chrono::nanoseconds patience_;
    std::size_t taken_ = 0;
    std::vector<chunk_sets*> all_;
};

class chunk_sets {
public:
    using moment = std::chrono::nanoseconds;  ///< of a clock that does not go back

    /// `room` must outlive this.
    explicit chunk_sets(chunk_room& room, chunk_limits allowed = {});
    ~chunk_sets();
    chunk_sets(const chunk_sets&) = delete;
    chunk_sets& operator=(const chunk_sets&) = delete;

    /// Takes a chunk.
    /// Errors: ChunkSizeError when it is not as long as it says, ChunkError when it does not fit those before it or
    /// exceeds a limit; a message that exceeds the limit of bytes is forgotten.
    [[nodiscard]] chunk_outcome add(chunk one, moment now);

    /// Keeps what the assembled message answered, in JSON, until it is asked for.
    void keep_answer(std::string_view id, std::string json);
    /// The answer of a message, for the first who asks.
    /// Errors: ChunkNotFoundError, ChunkIncompleteError.
    [[nodiscard]] std::variant<std::string, failure> take_answer(std::string_view id);

    /// Forgets messages of which nothing came for too long.  Cost: O(messages).
    void expire(moment now);

    [[nodiscard]] std::size_t set_count() const noexcept { return sets_.size(); }
    /// Of the chunks and answers that are kept.
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

private:
    enum class progress : std::uint8_t { collecting, running, answered, taken };
    struct chunk_set {
        std::string event;
        std::uint64_t total = 0;
        std::uint64_t joined = 0;                      // how many chunks of the front are in `bytes`
        std::string bytes{};                           // those; then the answer
        std::map<std::uint64_t, std::string> early{};  // chunks that wait for one before them
        progress state = progress::collecting;
        moment touched{};

        [[nodiscard]] std::uint64_t received() const noexcept { return joined + early.size(); }
        [[nodiscard]] std::size_t held() const noexcept;
        void join();
    };
    using set_by_id = std::unordered_map<std::string, chunk_set>;

    [[nodiscard]] set_by_id::iterator set_for(const chunk& one);
    void forget(set_by_id::iterator set);
    template <class Which>
    void forget_if(Which which);
    void hold(std::size_t bytes) noexcept;
    void release(std::size_t bytes) noexcept;
    friend class chunk_room;

    chunk_room& room_;
    chunk_limits allowed_;
    set_by_id sets_;
    std::size_t bytes_ = 0;
};

}  // namespace coppice::znsocket
