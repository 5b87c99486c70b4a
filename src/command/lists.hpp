// command/lists.hpp: elements of lists, and the functions of commands on lists, whose rows lists.cpp has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <coppice/tree/cursor.hpp>

#include <command/command.hpp>

namespace coppice {

enum class list_end : std::uint8_t { head, tail };

[[nodiscard]] inline result<std::optional<found_key>> list_at(const command_context& context, std::string_view key) {
    return context.find(key, value_type::list);
}
[[nodiscard]] inline std::uint64_t size_of(const std::optional<found_key>& found) noexcept {
    return found ? found->size() : 0;
}
/// LEFT or RIGHT.  Errors: syntax.
[[nodiscard]] result<list_end> list_end_in(std::string_view word);

inline void reply_element(reply_sink& reply, const tree& list, const record_view& element) {
    if (element.child == child_form::none) { return reply.bulk(element.bytes); }
    reply_value_of(reply, element_value(list, element));
}
/// Says `count` elements from `first` on, a leaf at a time.  Requires: they are there.
void reply_elements(reply_sink& reply, const tree& list, std::uint64_t first, std::uint64_t count);

/// Takes `count` elements, the outermost first, from an end: says them one by one and removes them.
/// Requires: count <= found.size().
void pop_elements(const command_context& context, std::string_view key, const found_key& found, list_end from,
                  std::uint64_t count);

// command/list_search.cpp
[[nodiscard]] status linsert(command_context& context, arguments given);
[[nodiscard]] status lrem(command_context& context, arguments given);
[[nodiscard]] status lpos(command_context& context, arguments given);
[[nodiscard]] std::uint64_t lpos_elements(const command_context& context, arguments given);

// command/list_moves.cpp
[[nodiscard]] status lmove(command_context& context, arguments given);
[[nodiscard]] status rpoplpush(command_context& context, arguments given);
[[nodiscard]] status lmpop(command_context& context, arguments given);

// command/list_slices.cpp
[[nodiscard]] status lslice(command_context& context, arguments given);
[[nodiscard]] std::uint64_t lslice_elements(const command_context& context, arguments given);
[[nodiscard]] status lsplice(command_context& context, arguments given);
[[nodiscard]] status linsertat(command_context& context, arguments given);

}  // namespace coppice
