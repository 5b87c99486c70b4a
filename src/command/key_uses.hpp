// command/key_uses.hpp: what commands do with their keys, in the words of Redis's key specifications.
//
// RO, RW, OW (overwrites) or RM (removes), then of what: access, update, insert, delete. For COMMAND INFO and
// COMMAND GETKEYSANDFLAGS.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <command/command.hpp>

namespace coppice {

/// Of the first key and of those behind it, where that is not the same.
[[nodiscard]] std::vector<std::string_view> key_uses_of(const command& row);
/// The words of one use.
[[nodiscard]] std::vector<std::string> words_of_use(std::string_view use);
/// The key specifications of COMMAND INFO.
void say_key_specifications(reply_sink& reply, const command& row);

}  // namespace coppice
