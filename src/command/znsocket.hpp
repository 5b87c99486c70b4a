// command/znsocket.hpp: ZnSocket's collections at the server; znsocket.cpp has the rows of all its commands.
//
//     ZNSOCKET   refreshes and adapters for connections of the Redis protocol, and fallbacks    participants.cpp,
//                                                                                                fallbacks.cpp
//     SEGMENTS   a list that is an O(1) copy of another, or the table of pieces that ZnSocket's clients make
//                                                                                                segments.cpp
//
// Keys are full: "znsocket.List:K", "znsocket.Segments:K".
#pragma once

#include <command/command.hpp>

namespace coppice {

// command/participants.cpp
[[nodiscard]] status znsocket_listen(command_context& context, arguments given);
[[nodiscard]] status znsocket_refresh(command_context& context, arguments given);
[[nodiscard]] status znsocket_check(command_context& context, arguments given);
[[nodiscard]] status znsocket_exists(command_context& context, arguments given);
[[nodiscard]] status znsocket_register(command_context& context, arguments given);
[[nodiscard]] status znsocket_ask(command_context& context, arguments given);
[[nodiscard]] status znsocket_answer(command_context& context, arguments given);

// command/fallbacks.cpp
[[nodiscard]] status znsocket_fallback(command_context& context, arguments given);
[[nodiscard]] status znsocket_source(command_context& context, arguments given);
/// Whether a call may write to a List or Dict that is not there.  Cost: a comparison a word, O(log n) for keys of such.
[[nodiscard]] bool may_adopt(const command_context& context, const command& row, arguments given);
/// Before a command runs: the keys that it writes and that read from another begin as copies of that.  Returns those
/// that it overwrites instead, for note_overwritten().  Requires: as start_group().
[[nodiscard]] result<std::vector<std::string_view>> adopt_written(const command_context& context, const command& row,
                                                                  arguments given);
/// Behind it: those that are there now do not read from another any more.
void note_overwritten(const command_context& context, std::span<const std::string_view> keys);
/// Before a key is put into another database: it does not read from another there.  Requires: as start_group().
void own_elsewhere(command_context context, unsigned database, std::string_view key);

// command/segments.cpp
[[nodiscard]] status segments_create(command_context& context, arguments given);
[[nodiscard]] status segments_open(command_context& context, arguments given);
[[nodiscard]] status segments_len(command_context& context, arguments given);
[[nodiscard]] status segments_range(command_context& context, arguments given);
[[nodiscard]] status segments_splice(command_context& context, arguments given);
[[nodiscard]] status segments_pieces(command_context& context, arguments given);
[[nodiscard]] std::uint64_t segments_len_elements(const command_context& context, arguments given);
[[nodiscard]] std::uint64_t segments_pieces_elements(const command_context& context, arguments given);
[[nodiscard]] std::uint64_t segments_range_elements(const command_context& context, arguments given);

}  // namespace coppice
