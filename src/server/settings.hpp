// src/server/settings.hpp: what a server can be told: one table, three ways to say it.
//
// A setting comes from its default, then a file ("name value" lines, as redis.conf), then the command line,
// then CONFIG SET. Each row of the table says what it is, so that checks, CONFIG GET and the documentation
// have one source. Names and error texts are those of Redis where Redis has the setting.
//
// Threads: one; the loop's.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <coppice/base/error.hpp>

namespace coppice::server {

/// The settings, in the order of the table.
enum class setting : std::uint8_t {
    bind,
    port,
    protected_mode,
    requirepass,
    allowed_origins,
    maxclients,
    timeout,
    tcp_keepalive,
    tcp_backlog,
    proto_max_bulk_len,
    client_query_buffer_limit,
    client_output_hard_limit,
    client_output_buffer_limit,
    dir,
    appendfsync,
    appendonly,
    save,
    databases,
    maxmemory,
    maxmemory_policy,
    history_budget,
    slowlog_log_slower_than,
    slowlog_max_len,
    notify_keyspace_events,
    loglevel,
    logfile,
    worker_threads,
    checkpoint_log_bytes,
};
inline constexpr std::size_t setting_count = static_cast<std::size_t>(setting::checkpoint_log_bytes) + 1;

enum class setting_kind : std::uint8_t { text, number, bytes, yes_no, choice };

struct setting_row {
    setting which;
    std::string_view name;
    setting_kind kind;
    std::string_view preset;  ///< the default, as it is written
    bool while_running;       ///< CONFIG SET may change it
    std::string_view summary;
    std::string_view unit = {};  ///< "seconds"; of numbers
    std::int64_t least = 0;      ///< of numbers and bytes
    std::int64_t most = 0;
    std::string_view choices = {};  ///< "always, everysec, no"
    /// Looks at a text; returns what is wrong with it, or nothing.
    std::string_view (*refuses)(std::string_view) = nullptr;
};

[[nodiscard]] std::span<const setting_row> setting_table() noexcept;
[[nodiscard]] const setting_row& row_of(setting which) noexcept;
/// The row called `name`, in any case, or null.
[[nodiscard]] const setting_row* find_setting(std::string_view name) noexcept;

/// A memory size as Redis reads it: "512mb" is 512 * 1024^2, "1g" is 1000^3, "7" is 7 bytes.  Errors: errc::invalid.
[[nodiscard]] result<std::int64_t> memory_size(std::string_view text);

/// docs/configuration.md's table: one row of Markdown a setting.
[[nodiscard]] std::string settings_as_markdown();

class settings {
public:
    /// Everything at its default.
    settings();

    [[nodiscard]] const std::string& text(setting which) const noexcept { return at(which).text; }
    [[nodiscard]] std::int64_t number(setting which) const noexcept { return at(which).number; }
    [[nodiscard]] bool on(setting which) const noexcept { return at(which).number != 0; }

    /// Sets one, before the server runs.  Errors: errc::invalid, the context is a sentence that names it.
    [[nodiscard]] status set(std::string_view name, std::string_view value);
    /// Reads "name value" lines; # begins a comment line, quotes are as in inline commands.
    /// Errors: errc::invalid ("coppice.conf:7: ..."), errc::io.
    [[nodiscard]] status read_file(const std::string& path);

    using name_and_value = std::pair<std::string_view, std::string_view>;
    /// CONFIG SET: all or nothing.  Errors: errc::invalid, the context is Redis's message without "ERR ".
    [[nodiscard]] status change(std::span<const name_and_value> wanted);
    /// CONFIG GET: each setting once whose name matches one of the patterns, with its value.
    [[nodiscard]] std::vector<std::pair<std::string_view, std::string>> matching(
        std::span<const std::string_view> patterns) const;

    /// Calls `f` after CONFIG SET changed a setting.  What it returns refuses the change, which is then undone.
    void on_change(setting which, std::function<status(const settings&)> f);

private:
    struct held {
        std::string text;  // as CONFIG GET shows it
        std::int64_t number = 0;
    };

    [[nodiscard]] const held& at(setting which) const noexcept { return values_[static_cast<std::size_t>(which)]; }
    [[nodiscard]] static result<held> parse(const setting_row& row, std::string_view given);

    std::array<held, setting_count> values_;
    std::vector<std::pair<setting, std::function<status(const settings&)>>> observers_;
};

}  // namespace coppice::server
