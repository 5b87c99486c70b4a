// command/versions.hpp: what the commands on branches and versions share; branches.cpp has their rows.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <command/command.hpp>

namespace coppice {

/// Lets a worker make an answer that `answer` has all it needs for, or makes it here where there is no worker.
/// `answer` returns an error before it has said anything, or says its answer.
[[nodiscard]] status answer_apart(command_context& context, std::function<status(reply_sink&)> answer);

/// Why a command that names or moves whole versions may not run now: inside EXEC, or no room in the log.
[[nodiscard]] status may_change_references(const command_context& context, std::size_t text_bytes);

/// A count given with COUNT.  Errors: errc::invalid, where it is not from 1 to 1,000,000.
[[nodiscard]] result<std::size_t> count_in(std::string_view text);

/// Pairs of a map, its size having been said.
void say_text(reply_sink& reply, std::string_view name, std::string_view value);
void say_number(reply_sink& reply, std::string_view name, std::uint64_t value);

// command/log.cpp
[[nodiscard]] status log_versions(command_context& context, arguments given);
[[nodiscard]] status reflog(command_context& context, arguments given);

// command/diff.cpp
[[nodiscard]] status diff(command_context& context, arguments given);

}  // namespace coppice
