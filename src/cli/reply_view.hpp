// cli/reply_view.hpp: looking into replies, making them, and showing them.
//
// A map is looked up by name whether the server sent a RESP3 map or RESP2's flat array. What is not there
// reads as nothing, so an older server's reply shows less and breaks nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <wire/resp_reply.hpp>

namespace coppice::cli {

using wire::reply_kind;
using wire::reply_value;

/// The value called `name` in a map, or null.
[[nodiscard]] const reply_value* find_field(const reply_value& map, std::string_view name) noexcept;
[[nodiscard]] std::string text_field(const reply_value& map, std::string_view name);
[[nodiscard]] std::int64_t number_field(const reply_value& map, std::string_view name);
/// The items of the list called `name`; none if it is not there.
[[nodiscard]] const std::vector<reply_value>& list_field(const reply_value& map, std::string_view name) noexcept;

[[nodiscard]] std::string text_of(const reply_value& given);     ///< any scalar as text
[[nodiscard]] std::int64_t number_of(const reply_value& given);  ///< also of digits in text; else 0
[[nodiscard]] bool is_true(const reply_value& given);            ///< true, a number but 0, "1", "true", "yes"

[[nodiscard]] reply_value make_text(std::string_view text);
[[nodiscard]] reply_value make_number(std::int64_t number);
[[nodiscard]] reply_value make_truth(bool truth);
[[nodiscard]] reply_value make_list(std::vector<reply_value> items);
[[nodiscard]] reply_value make_map(std::vector<std::pair<std::string_view, reply_value>> fields);

/// JSON text. Strings that are not UTF-8 become {"base64":".."}; a map whose keys are not all strings, pairs.
[[nodiscard]] std::string json_of_reply(const reply_value& given);
/// As a person reads it: numbered lists, "name: value" for maps, strings bare at the top and quoted inside.
[[nodiscard]] std::string text_of_reply(const reply_value& given, bool for_terminal);

}  // namespace coppice::cli
