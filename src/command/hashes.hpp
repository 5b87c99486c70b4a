// command/hashes.hpp: fields of hashes, and the functions of commands on hashes, whose rows hashes.cpp has.
#pragma once

#include <optional>
#include <string_view>

#include <command/command.hpp>

namespace coppice {

[[nodiscard]] inline result<std::optional<found_key>> hash_at(const command_context& context, std::string_view key) {
    return context.find(key, value_type::hash);
}
inline void reply_field(reply_sink& reply, const tree& fields, const record_view& field) {
    reply_value_of(reply, field_of(fields, field).value);
}

// command/hash_reads.cpp: commands that answer many fields
[[nodiscard]] status hmget(command_context& context, arguments given);
[[nodiscard]] status hgetall(command_context& context, arguments given);
[[nodiscard]] status hkeys(command_context& context, arguments given);
[[nodiscard]] status hvals(command_context& context, arguments given);
[[nodiscard]] std::uint64_t hgetall_elements(const command_context& context, arguments given);
[[nodiscard]] status hrandfield(command_context& context, arguments given);
[[nodiscard]] std::uint64_t hrandfield_elements(const command_context& context, arguments given);
[[nodiscard]] status hscan(command_context& context, arguments given);

}  // namespace coppice
