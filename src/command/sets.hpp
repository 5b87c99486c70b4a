// command/sets.hpp: the functions of commands on sets, whose rows sets.cpp has.
#pragma once

#include <optional>
#include <string_view>

#include <command/command.hpp>

namespace coppice {

[[nodiscard]] inline result<std::optional<found_key>> set_at(const command_context& context, std::string_view key) {
    return context.find(key, value_type::set);
}
/// Says every member of a set, in order.
void reply_members(reply_sink& reply, const tree& members);

// command/set_operations.cpp
[[nodiscard]] status sinter(command_context& context, arguments given);
[[nodiscard]] status sinterstore(command_context& context, arguments given);
[[nodiscard]] status sintercard(command_context& context, arguments given);
[[nodiscard]] status sunion(command_context& context, arguments given);
[[nodiscard]] status sunionstore(command_context& context, arguments given);
[[nodiscard]] status sdiff(command_context& context, arguments given);
[[nodiscard]] status sdiffstore(command_context& context, arguments given);
[[nodiscard]] std::uint64_t sinter_elements(const command_context& context, arguments given);
[[nodiscard]] std::uint64_t sintercard_elements(const command_context& context, arguments given);
[[nodiscard]] std::uint64_t sunion_elements(const command_context& context, arguments given);
[[nodiscard]] std::uint64_t sdiff_elements(const command_context& context, arguments given);

}  // namespace coppice
