// cli/keys.hpp: walking over keys, and the commands that read or write a whole one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <cli/runner.hpp>
#include <coppice/base/function_ref.hpp>

namespace coppice::cli {

/// Calls `each` with every key that matches the glob pattern, a page at a time.  A server that is not coppice may
/// show a key twice.
[[nodiscard]] status scan_keys(command_runner& runner, std::string_view pattern,
                               function_ref<status(const std::vector<reply_value>&)> each, std::string_view type = {});
/// A pattern that matches exactly the keys beginning with `prefix`.
[[nodiscard]] std::string pattern_of_prefix(std::string_view prefix);
/// Adds the command that reads all of a key of that type; false for a type unknown to this program.
[[nodiscard]] bool add_whole_read(command_batch& batch, std::string_view type, std::string_view key);
/// The command that tells the length of a key of that type, or nothing.
[[nodiscard]] std::string_view length_command(std::string_view type) noexcept;

/// Runs a batch and makes the first error among the replies this program's.
[[nodiscard]] result<std::vector<reply_value>> run_checked(command_runner& runner, const command_batch& batch);

/// How many words one command gets at most; longer ones are split (below limits::arguments).
inline constexpr std::size_t words_per_command = 2000;
/// A batch is sent when it has this many bytes or commands.
inline constexpr std::size_t batch_bytes = 1024 * 1024;
inline constexpr std::size_t batch_commands = 2000;
[[nodiscard]] inline bool is_full(const command_batch& batch) noexcept {
    return batch.bytes() >= batch_bytes || batch.size() >= batch_commands;
}

}  // namespace coppice::cli
