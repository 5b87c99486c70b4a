// src/wire/reply.hpp: where a command says its answer.
//
// A command speaks in values; the sink knows the protocol. The server's sink writes RESP2 or RESP3
// straight into the connection's buffer, the program's builds a tree to print. An aggregate is announced
// with its size and followed by exactly that many values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace coppice {

/// Thrown by a sink when more is said than bound() allows: as not_resident it passes through the command.
struct answer_too_long {};
inline constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();

class reply_sink {
public:
    virtual ~reply_sink() = default;

    virtual void status(std::string_view text) = 0;  ///< a word such as OK
    virtual void error(std::string_view text) = 0;   ///< prefix and message: "ERR syntax error"
    virtual void integer(std::int64_t number) = 0;
    virtual void real(double number) = 0;  ///< RESP2: a bulk string of its shortest digits
    virtual void boolean(bool truth) = 0;  ///< RESP2: 1 or 0
    virtual void bulk(std::string_view bytes) = 0;
    virtual void verbatim(std::string_view text) = 0;  ///< text for people; RESP2: a bulk string
    virtual void null() = 0;                           ///< RESP2: a null bulk string
    virtual void null_array() = 0;                     ///< RESP2: a null array; RESP3: null

    virtual void array(std::size_t size) = 0;
    virtual void map(std::size_t pairs) = 0;  ///< RESP2: an array of 2 * pairs
    virtual void set(std::size_t size) = 0;   ///< RESP2: an array

    /// A bulk string too long to be in one piece: its length, then parts of that many bytes in all.
    virtual void begin_bulk(std::uint64_t length) = 0;
    virtual void part(std::string_view bytes) = 0;
    virtual void end_bulk() = 0;

    /// Makes room, so that saying this much cannot fail for want of memory.
    virtual void make_room(std::size_t /*bytes*/) {}

    // A command that finds, while it answers, that it cannot (a page is not in memory) is taken back.
    /// Where the answer stands now.
    [[nodiscard]] virtual std::size_t mark() const noexcept { return 0; }
    /// Takes back all that was said since mark() returned `to`.  A sink that streams cannot, and is not asked to.
    virtual void back_to(std::size_t /*to*/) {}
    /// From here on, until it is called again, saying more than `bytes` throws answer_too_long.  A sink that holds
    /// no whole answer need not.
    virtual void bound(std::size_t /*bytes*/) noexcept {}

    /// 2 or 3, or 0 where no protocol is spoken. Commands whose RESP3 answer has another shape ask this.
    [[nodiscard]] virtual int protocol() const noexcept = 0;
};

}  // namespace coppice
