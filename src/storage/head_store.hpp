// storage/head_store.hpp: the one thing in a store that changes, a few bytes under a name.
//
// A head names a root; whoever moves it replaces the state of the store in one step. The only write is a
// compare-and-set, so two writers can never both believe that they won.
//
//   read("main") -> bytes, token           token: names what was read, opaque
//   move_head("main", token, next)   moved   next stands and is durable, here is its token
//                                    lost    somebody else moved it since the token was read
//                                    unknown it may stand or not: resume or reopen, then read
//
// What coppice assumes of any head_store
//   H1  What `moved` answered survives every crash, and was never visible half.
//   H2  A head that `moved` answered after node_store::sync() is never durable without those nodes.
//   H3  After `unknown` either the old or the new one stands, after a crash too, until a read() that follows
//       a good resume() or a reopening has told which.
//   H4  read returns the bytes of a move, or says errc::corrupt: a head that lost its newest move to damage
//       is corrupt, not older.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <coppice/base/error.hpp>

#include <storage/node_store.hpp>

namespace coppice {

/// The longest head: a root, its arenas and a few numbers need far less.
inline constexpr std::size_t head_bytes_max = 16 * 1024 * 1024;

/// Names one state of one head. A default token names "there is none yet".
class head_token {
public:
    head_token() = default;
    explicit head_token(std::string opaque) : opaque_(std::move(opaque)) {}
    [[nodiscard]] const std::string& opaque() const noexcept { return opaque_; }
    friend bool operator==(const head_token&, const head_token&) = default;

private:
    std::string opaque_;
};

struct head_record {
    std::string bytes;
    head_token token;
};

enum class move_outcome { moved, lost, unknown };

struct head_move {
    move_outcome outcome;
    head_token token;             ///< when moved: names `next`
    std::optional<error> reason;  ///< when unknown: what went wrong
};

class head_store {
public:
    virtual ~head_store() = default;

    /// The head called `name`, or nothing if it was never moved.  Errors: errc::corrupt, errc::io.
    [[nodiscard]] virtual result<std::optional<head_record>> read(std::string_view name) const = 0;

    /// Replaces the head that `token` names by `next`, durably.
    /// Requires: a name of 1 to 100 bytes, next up to head_bytes_max.
    /// Errors: those that leave the head certainly where it was: errc::no_space, errc::read_only, errc::corrupt.
    [[nodiscard]] virtual result<head_move> move_head(std::string_view name, const head_token& token,
                                                      std::string_view next) = 0;

    /// Reads everything with all checks on and adds what is broken. Never dies.
    virtual void verify(findings& found) const = 0;
};

}  // namespace coppice
