// command/keys.hpp: the functions of commands on keys of any type, whose rows keys.cpp lists.
#pragma once

#include <command/command.hpp>

namespace coppice {

/// A database's number.  Errors: not an integer; "DB index is out of range".
[[nodiscard]] result<unsigned> database_in(std::string_view text);

/// Makes `key` what another key of the branch and database is, sharing all, without a deadline.  Requires: it is there.
void share_key(const command_context& context, std::string_view source, std::string_view key);

// command/expiry.cpp
[[nodiscard]] status expire(command_context& context, arguments given);
[[nodiscard]] status pexpire(command_context& context, arguments given);
[[nodiscard]] status expireat(command_context& context, arguments given);
[[nodiscard]] status pexpireat(command_context& context, arguments given);
[[nodiscard]] status ttl(command_context& context, arguments given);
[[nodiscard]] status pttl(command_context& context, arguments given);
[[nodiscard]] status expiretime(command_context& context, arguments given);
[[nodiscard]] status pexpiretime(command_context& context, arguments given);
[[nodiscard]] status persist(command_context& context, arguments given);

// command/sort.cpp
[[nodiscard]] status sort(command_context& context, arguments given);
[[nodiscard]] status sort_ro(command_context& context, arguments given);
/// The key behind STORE, the last one if there are several.
void sort_target(arguments given, std::vector<std::string_view>& keys);
[[nodiscard]] std::uint64_t sort_elements(const command_context& context, arguments given);

}  // namespace coppice
