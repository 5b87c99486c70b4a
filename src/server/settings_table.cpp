// The table of settings, and the page made from it.
#include <cctype>
#include <limits>

#include <fmt/format.h>

#include <coppice/base/limits.hpp>

#include "server/origin.hpp"
#include "server/settings.hpp"

namespace coppice::server {
namespace {

constexpr std::int64_t int_max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();
constexpr auto mebibyte = static_cast<std::int64_t>(limits::mebibyte);

// Redis's snapshots have no counterpart, so their schedule is read and forgotten.
std::string_view save_refuses(std::string_view) { return {}; }

// "normal 0 0 0 pubsub 33554432 8388608 60": groups of four; we keep one hard limit for all and accept this.
std::string_view buffer_limit_refuses(std::string_view text) {
    std::size_t words = 0;
    for (std::size_t i = 0; i < text.size(); ++i) { words += text[i] != ' ' && (i == 0 || text[i - 1] == ' '); }
    return words % 4 == 0 ? std::string_view{} : "Wrong number of arguments in buffer limit configuration.";
}

std::string_view events_refuses(std::string_view text) {
    return text.find_first_not_of("KEg$lshzxetdnmA") == std::string_view::npos
               ? std::string_view{}
               : "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
}

using enum setting_kind;

constexpr setting_row table[] = {
    {setting::bind, "bind", text, "127.0.0.1 -::1", false,
     "Addresses to listen at. One with a minus in front may be missing; * is every IPv4 address, ::* every IPv6 one."},
    {setting::port, "port", number, "5000", false, "Port to listen at; 0 lets the system choose.", "", 0, 65535},
    {setting::protected_mode, "protected-mode", yes_no, "yes", true,
     "Without a password, only connections from this machine are served."},
    {setting::requirepass, "requirepass", text, "", true, "Password of the default user; empty for none."},
    {setting::allowed_origins,
     "allowed-origins",
     text,
     "",
     true,
     "Web pages that may use the server, beside those it serves under its own name and, for browsers on this machine, "
     "those of this machine: https://viewer.example http://10.0.0.7:8080, or * for all. Programs need not be named.",
     "",
     0,
     0,
     {},
     origins_refuses},
    {setting::maxclients, "maxclients", number, "10000", true, "Connections at once.", "", 1,
     static_cast<std::int64_t>(std::numeric_limits<std::uint32_t>::max())},
    {setting::timeout, "timeout", number, "0", true, "Close connections idle for this long; 0 for never.", "seconds", 0,
     int_max},
    {setting::tcp_keepalive, "tcp-keepalive", number, "300", true,
     "Probe silent peers this often, so that dead ones are found; 0 for never.", "seconds", 0, int_max},
    {setting::tcp_backlog, "tcp-backlog", number, "511", false,
     "Connections the system may queue before they are accepted.", "", 0, int_max},
    {setting::proto_max_bulk_len, "proto-max-bulk-len", bytes, "512mb", true, "Longest string a client may send.", "",
     mebibyte, static_cast<std::int64_t>(limits::value_bytes)},
    {setting::client_query_buffer_limit, "client-query-buffer-limit", bytes, "512mb", true,
     "Bytes of requests that are read from a client before they can run, because it has not read the answers of those "
     "before them, or waits. With twice that from all clients together, clients that read no answers are not read "
     "from.",
     "", static_cast<std::int64_t>(limits::reply_resume_bytes), static_cast<std::int64_t>(limits::request_bytes)},
    {setting::client_output_hard_limit, "client-output-hard-limit", bytes, "256mb", true,
     "Bytes of answers that a client may leave unread; 0 for any. Above it (and above 1 MiB) its requests wait, and it "
     "is "
     "cut off, which the log says, once it has read nothing for a minute, or at once if it is sent what nobody asked "
     "for. How large one answer is does not matter to who reads it.",
     "", 0, any},
    {setting::client_output_buffer_limit,
     "client-output-buffer-limit",
     text,
     "normal 0 0 0 pubsub 33554432 8388608 60",
     true,
     "Accepted for programs written for Redis and not used: see client-output-hard-limit.",
     "",
     0,
     0,
     {},
     buffer_limit_refuses},
    {setting::dir, "dir", text, "./coppice-data", false, "Folder of the store."},
    {setting::appendfsync, "appendfsync", choice, "everysec", true,
     "When the log is forced to the disk: before a reply leaves, every second, or when the system likes.", "", 0, 0,
     "everysec, always, no"},
    {setting::appendonly, "appendonly", yes_no, "yes", false,
     "Accepted for programs written for Redis and not used: there is always a log."},
    {setting::save,
     "save",
     text,
     "",
     true,
     "Accepted for programs written for Redis and not used: checkpoints need no schedule.",
     "",
     0,
     0,
     {},
     save_refuses},
    {setting::databases, "databases", number, "16", false, "Key spaces of a branch; fixed.", "", 16, 16},
    {setting::maxmemory, "maxmemory", bytes, "0", true,
     "Bytes of used_memory (INFO memory) above which commands that add data are refused with OOM, looked at ten times "
     "a second; 0 for none. Above seven eighths of it the versions of idle scans and restore points go, the oldest "
     "first, all of them if need be. No "
     "key and no page is dropped to make room: deleting gives memory back once no older version says what was deleted.",
     "", 0, any},
    {setting::maxmemory_policy, "maxmemory-policy", choice, "noeviction", true, "No key is ever dropped; fixed.", "", 0,
     0, "noeviction"},
    {setting::history_budget, "history-budget", bytes, "1gb", true,
     "Bytes that restore points alone may hold: the oldest go first. Estimated as they are made, weighed by clean-up, "
     "which "
     "begins by itself where it may be more.",
     "", 0, any},
    {setting::slowlog_log_slower_than, "slowlog-log-slower-than", number, "10000", true,
     "Commands that take longer are kept in SLOWLOG; negative for none.", "microseconds", -1, any},
    {setting::slowlog_max_len, "slowlog-max-len", number, "128", true, "Entries that SLOWLOG keeps.", "", 0, any},
    {setting::notify_keyspace_events,
     "notify-keyspace-events",
     text,
     "",
     true,
     "Accepted for programs written for Redis and not used: there are no keyspace notifications yet.",
     "",
     0,
     0,
     {},
     events_refuses},
    {setting::loglevel, "loglevel", choice, "notice", true, "How much is logged.", "", 0, 0,
     "debug, verbose, notice, warning, nothing"},
    {setting::logfile, "logfile", text, "", false, "File to log to; empty for the standard error."},
    {setting::worker_threads, "worker-threads", number, "2", false,
     "Threads for commands that are long for their size.", "", 1, 64},
    {setting::checkpoint_log_bytes, "checkpoint-log-bytes", bytes, "64mb", false,
     "A checkpoint begins when the log has grown by this much.", "", 4096, any},
};
static_assert(std::size(table) == setting_count);
static_assert(
    [] {
        for (std::size_t i = 0; i < setting_count; ++i) {
            if (table[i].which != static_cast<setting>(i)) { return false; }
        }
        return true;
    }(),
    "the table's order is the enumeration's");

std::string_view name_of(setting_kind kind) {
    switch (kind) {
        case text: return "text";
        case number: return "number";
        case bytes: return "memory size";
        case yes_no: return "yes or no";
        case choice: return "one of";
    }
    return {};
}

}  // namespace

std::span<const setting_row> setting_table() noexcept { return table; }
const setting_row& row_of(setting which) noexcept { return table[static_cast<std::size_t>(which)]; }

const setting_row* find_setting(std::string_view name) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    for (const auto& row : table) {
        if (row.name.size() != name.size()) { continue; }
        bool same = true;
        for (std::size_t i = 0; i < name.size(); ++i) { same = same && lower(name[i]) == row.name[i]; }
        if (same) { return &row; }
    }
    return nullptr;
}

std::string settings_as_markdown() {
    std::string page = "| setting | value | default | CONFIG SET | what it does |\n|---|---|---|---|---|\n";
    for (const auto& row : table) {
        std::string kind(name_of(row.kind));
        if (row.kind == choice) { kind += fmt::format(" {}", row.choices); }
        if (!row.unit.empty()) { kind += fmt::format(", {}", row.unit); }
        page += fmt::format("| `{}` | {} | {} | {} | {} |\n", row.name, kind,
                            row.preset.empty() ? std::string("(empty)") : fmt::format("`{}`", row.preset),
                            row.while_running ? "yes" : "no", row.summary);
    }
    return page;
}

}  // namespace coppice::server
