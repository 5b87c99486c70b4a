// src/wire/resp_request.hpp: what a client of the Redis protocol asks.
//
// A request is an array of bulk strings ("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n") or one line of words ("GET k\r\n",
// with quotes: "a\x00b" 'it''s not'). The parser turns bytes into views into those bytes, several requests to
// a batch, so that neighbours can be run together; nothing is copied but a quoted word that has escapes.
//
// The caller owns the bytes and calls `next` with them from the first byte of the request on, again and again
// with more of them (they may have moved). Between calls the parser keeps numbers, never views: how many
// arguments it has and where it stopped, so a million arguments that arrive in pieces are read once.
//
// Limits are the caller's; error texts are those of Redis 7.0.15, since clients and their tests know them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/limits.hpp>

namespace coppice::wire {

/// The words of one command, the first is its name.  They live as long as the bytes they were read from.
using request = std::span<const std::string_view>;

struct request_limits {
    std::size_t arguments = limits::arguments;
    std::uint64_t bulk_bytes = limits::value_bytes;
    std::uint64_t request_bytes = limits::request_bytes;
    std::size_t inline_bytes = limits::inline_bytes;
    bool authenticated = true;  ///< false: above 10 arguments or 16 KiB the errors say why
};

/// What a client may send before it has said who it is: enough for AUTH and HELLO.
[[nodiscard]] constexpr request_limits limits_before_login() noexcept {
    return {.arguments = 10, .bulk_bytes = 16384, .request_bytes = 10 * 16384, .authenticated = false};
}

/// Room is asked for at most this many times the bytes seen, and limits::unread_bytes, ahead: who announces much and
/// sends little gets little, and a buffer that grows is seldom copied.
inline constexpr std::size_t ahead_of_seen = 16;

/// Whole requests that were read together.  One per loop, reused: in the steady state it allocates nothing.
class request_batch {
public:
    void clear() noexcept {
        words_.clear();
        ends_.clear();
        unescaped_.clear();
    }
    [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
    [[nodiscard]] bool empty() const noexcept { return ends_.empty(); }
    /// The requests, in order.  Invalidates: what it returned before.
    [[nodiscard]] std::span<const request> requests();
    /// Bytes from the batch's first byte to the end of its first `count` requests, what lies between included.
    [[nodiscard]] std::size_t bytes_of_first(std::size_t count) const noexcept {
        return count == 0 ? 0 : ends_[count - 1].bytes;
    }

private:
    friend class resp_request_parser;
    struct end_of_request {
        std::size_t words;  // in words_, from the batch's start
        std::size_t bytes;
    };
    std::vector<std::string_view> words_;
    std::vector<end_of_request> ends_;
    std::vector<request> requests_;
    std::deque<std::string> unescaped_;  // quoted words; a deque keeps them where they are
};

enum class parse_outcome {
    whole,   ///< one request was read (perhaps an empty one, which is not in the batch): go on behind `consumed()`
    more,    ///< the bytes end inside a request: call again with more of them
    failed,  ///< these bytes are no request: send `error()` and close
};

class resp_request_parser {
public:
    /// Reads one request from the front of `bytes` and adds it to `into`.  After `more`, the next call's bytes
    /// start with the same ones.  `before` is how many bytes of the batch precede them.
    [[nodiscard]] parse_outcome next(std::string_view bytes, const request_limits& allowed, request_batch& into,
                                     std::size_t before = 0);

    /// After `whole`: the bytes it took.
    [[nodiscard]] std::size_t consumed() const noexcept { return consumed_; }
    /// After `more`: how many bytes, counted from the request's first, the buffer should have room for.
    [[nodiscard]] std::size_t wanted() const noexcept { return wanted_; }
    /// After `more`: the request is in the middle of an announced string, so all of it is needed first.
    [[nodiscard]] bool in_bulk() const noexcept { return bulk_left_known_; }
    /// After `failed`: "ERR Protocol error: invalid bulk length".
    [[nodiscard]] std::string_view error() const noexcept { return error_; }
    /// What it holds of an unfinished request, in bytes.
    [[nodiscard]] std::size_t memory() const noexcept { return pieces_.capacity() * sizeof(piece); }
    /// As new: for bytes that were not to be read on.
    void reset() noexcept;

private:
    struct piece {
        std::size_t offset;  // from the request's first byte
        std::size_t size;
    };

    parse_outcome next_array(std::string_view bytes, const request_limits& allowed, request_batch& into);
    parse_outcome next_line(std::string_view bytes, const request_limits& allowed, request_batch& into);
    parse_outcome read_arguments(std::string_view bytes, const request_limits& allowed, request_batch& into);
    parse_outcome finished(std::size_t bytes) noexcept;
    parse_outcome suspended(std::string_view bytes, request_batch& into, std::size_t words_before);
    parse_outcome fail(std::string_view text);

    std::size_t position_ = 0;         // where reading goes on
    std::size_t arguments_left_ = 0;   // of the array
    std::size_t bulk_bytes_ = 0;       // of the string that is being read, when its length is known
    std::uint64_t request_bytes_ = 0;  // of all strings announced so far
    bool in_array_ = false;
    bool bulk_left_known_ = false;
    std::vector<piece> pieces_;  // arguments of a request that came in pieces
    std::size_t consumed_ = 0;
    std::size_t wanted_ = 0;
    std::string error_;
};

}  // namespace coppice::wire
