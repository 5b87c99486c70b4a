// znsocket/event.hpp: what an event of a client asks for.
//
//     ["lindex",[["K",0],{}]]                          one command
//     ["pipeline",[[],{"message":[...]}]]              several, as one transaction
//     ["chunked_message",{"chunk_id":...}]             a piece of an envelope, in which another event's arguments are
//
// Reading one needs nothing but its bytes, and may take long: a compressed message of some hundred kilobytes can hold
// millions of commands. So this is pure, and fit for a worker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/error.hpp>

#include "znsocket/commands.hpp"
#include "znsocket/failure.hpp"
#include "znsocket/value.hpp"

namespace coppice::znsocket {

enum class event_kind : std::uint8_t {
    command,        ///< event::commands has one, or event::failed says why not
    pipeline,       ///< event::commands, and event::failed where what came behind them is no command
    server_config,  ///< no arguments
    refresh,        ///< event::data is the payload
    adapter,        ///< event::name says what; event::data is [args, kwargs]
    compressed,     ///< event::data names an attachment, which is an envelope
    chunk,          ///< the same, of a part of one
    chunk_answer,   ///< event::data says of which message
};

struct event {
    event_kind kind = event_kind::command;
    std::string name;
    value data{};
    std::vector<prepared> commands{};
    std::optional<failure> failed{};
};

/// The event that a packet's JSON is.
/// Errors: errc::invalid, errc::limit: it is none, and its client breaks the protocol.
[[nodiscard]] result<event> read_event(std::string_view json);

/// The event `name` with the arguments in an envelope (envelope.hpp).  One that cannot be opened is a command that
/// failed.
[[nodiscard]] event open_event(std::string name, std::string_view envelope);

}  // namespace coppice::znsocket
