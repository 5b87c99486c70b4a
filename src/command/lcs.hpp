// command/lcs.hpp: LCS: the longest common subsequence of two strings.
#pragma once

#include <command/command.hpp>

namespace coppice {

/// LCS key1 key2 [LEN] [IDX] [MINMATCHLEN length] [WITHMATCHLEN]
[[nodiscard]] status lcs(command_context& context, arguments given);
[[nodiscard]] std::uint64_t lcs_elements(const command_context& context, arguments given);

}  // namespace coppice
