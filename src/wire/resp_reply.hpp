// src/wire/resp_reply.hpp: what a server of the Redis protocol answers, read by a client.
//
// All types of RESP2 and RESP3. The parser takes any split of the input and keeps no view of it; it grows a
// value at most limits::unread_bytes ahead of the bytes it has seen, and refuses nesting above its limit.
// Streamed values ("$?", "*?"), which no Redis server sends, are refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/limits.hpp>

namespace coppice::wire {

enum class reply_kind : std::uint8_t {
    null,        ///< RESP2's null bulk string and null array too
    status,      ///< text
    error,       ///< text
    integer,     ///< number
    real,        ///< real, and its digits in text
    boolean,     ///< number: 1 or 0
    bulk,        ///< text
    verbatim,    ///< text, without the three letters that name its format (they are in `format`)
    big_number,  ///< text: its digits
    array,       ///< items
    map,         ///< items: key, value, key, value ...
    set,         ///< items
    push,        ///< items
};

struct reply_value {
    reply_kind kind = reply_kind::null;
    std::int64_t number = 0;
    double real = 0;
    std::string text;
    std::string format;  ///< of a verbatim text: "txt" or "mkd"
    std::vector<reply_value> items;
    std::vector<reply_value> attributes;  ///< what an attribute said of this value: key, value ...

    [[nodiscard]] bool is_error() const noexcept { return kind == reply_kind::error; }
    friend bool operator==(const reply_value&, const reply_value&) = default;
};

struct reply_limits {
    std::size_t nesting = limits::reply_nesting;
    std::uint64_t bulk_bytes = limits::value_bytes;
    std::uint64_t line_bytes = 64 * 1024 * 1024;  ///< status and error lines
};

enum class reply_outcome { reply, more, failed };

class resp_reply_parser {
public:
    explicit resp_reply_parser(reply_limits allowed = {}) : allowed_(allowed) {}

    /// Takes bytes from the front of `bytes` until a reply is whole, all are taken, or they are no reply.
    [[nodiscard]] reply_outcome feed(std::string_view& bytes);
    /// After `reply`: the reply.  The parser is then ready for the next.
    [[nodiscard]] reply_value take();
    /// After `failed`: what was wrong.  Nothing that follows can be read.
    [[nodiscard]] const std::string& error() const noexcept { return error_; }
    /// False between replies.
    [[nodiscard]] bool in_reply() const noexcept {
        return !open_.empty() || !line_.empty() || bulk_left_ != 0 || !attributes_.empty();
    }

private:
    // An aggregate whose items are still coming.
    struct frame {
        reply_value value;
        std::uint64_t items_left;
        bool attribute;  // it says something of the value that follows it
    };

    reply_outcome take_line(std::string_view line);
    reply_outcome take_bulk(std::string_view& bytes);
    reply_outcome begin_bulk(std::uint64_t length, reply_kind kind);
    reply_outcome begin_aggregate(reply_kind kind, std::uint64_t items, bool attribute);
    reply_outcome completed(reply_value value);
    reply_outcome fail(std::string text);

    reply_limits allowed_;
    std::vector<frame> open_;
    std::vector<reply_value> attributes_;  // waiting for their value
    std::string line_;                     // the part of a line that was seen
    reply_value bulk_;
    std::uint64_t bulk_left_ = 0;  // bytes of bulk_ and its line end that are still to come
    reply_value done_;
    std::string error_;
};

}  // namespace coppice::wire
