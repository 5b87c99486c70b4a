#include "command/info.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include <coppice/base/limits.hpp>

#include <command/parse.hpp>
#include <command/redis_version.hpp>

namespace coppice {
namespace {

std::string in_words(std::uint64_t bytes) {
    constexpr std::uint64_t unit = 1024;
    const auto number = static_cast<double>(bytes);
    if (bytes < unit) { return fmt::format("{}B", bytes); }
    if (bytes < unit * unit) { return fmt::format("{:.2f}K", number / unit); }
    if (bytes < unit * unit * unit) { return fmt::format("{:.2f}M", number / (unit * unit)); }
    return fmt::format("{:.2f}G", number / (unit * unit * unit));
}

std::uint64_t resident_bytes() {
    std::ifstream from("/proc/self/statm");
    std::uint64_t whole = 0;
    std::uint64_t resident = 0;
    from >> whole >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void server(const command_context& context, info_text& text) {
    const auto uptime =
        static_cast<std::uint64_t>(std::max<std::int64_t>(context.now - context.host->started, 0)) / 1000;
    text.section("Server");
    text.line("redis_version", redis_version);
    text.line("coppice_version", coppice_version());
    text.line("redis_mode", "standalone");
    text.line("arch_bits", sizeof(void*) * 8);
    text.line("process_id", static_cast<std::uint64_t>(::getpid()));
    text.line("uptime_in_seconds", uptime);
    text.line("uptime_in_days", uptime / (24 * 60 * 60));
}

void clients(const command_context& context, info_text& text) {
    std::uint64_t count = 0;
    context.host->each_session([&](command_session&) { ++count; });
    text.section("Clients");
    text.line("connected_clients", count);
    text.line("blocked_clients", std::uint64_t{0});
}

void memory(const command_context& context, info_text& text) {
    const auto figures = context.store.figures();
    const auto resident = resident_bytes();
    text.section("Memory");
    text.line("used_memory", figures.pool.bytes);
    text.line("used_memory_human", in_words(figures.pool.bytes));
    text.line("used_memory_rss", resident);
    text.line("used_memory_rss_human", in_words(resident));
    text.line("maxmemory_policy", "noeviction");
}

void persistence(const command_context& context, info_text& text) {
    const auto figures = context.store.figures();
    const auto last = std::max(figures.last_checkpoint, context.host->last_save);
    text.section("Persistence");
    text.line("loading", std::uint64_t{0});
    text.line("rdb_bgsave_in_progress", figures.checkpoint_running ? 1 : 0);
    text.line("rdb_last_save_time", static_cast<std::uint64_t>(last / 1'000'000));
    text.line("rdb_last_bgsave_status", figures.trouble ? "err" : "ok");
    text.line("aof_enabled", std::uint64_t{1});
    text.line("aof_rewrite_in_progress", std::uint64_t{0});
    text.line("aof_last_write_status", figures.read_only ? "err" : "ok");
    text.line("aof_current_size", figures.log_bytes);
}

void statistics(const command_context& context, info_text& text) {
    const auto& stats = context.host->stats;
    text.section("Stats");
    text.line("total_commands_processed", stats.commands);
    text.line("instantaneous_ops_per_sec", stats.ops_per_second);
    text.line("expired_keys", stats.expired);
    text.line("evicted_keys", std::uint64_t{0});
    text.line("keyspace_hits", stats.hits);
    text.line("keyspace_misses", stats.misses);
    text.line("total_error_replies", stats.errors);
    text.line("long_reads", stats.long_reads);
    text.line("commands_that_waited_for_a_page", stats.misses_in_memory);
}

void replication(const command_context&, info_text& text) {
    text.section("Replication");
    text.line("role", "master");
    text.line("connected_slaves", std::uint64_t{0});
}

void cpu(const command_context&, info_text& text) {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) { return fmt::format("{}.{:06}", time.tv_sec, time.tv_usec); };
    text.section("CPU");
    text.line("used_cpu_sys", seconds(used.ru_stime));
    text.line("used_cpu_user", seconds(used.ru_utime));
}

void modules(const command_context&, info_text& text) { text.section("Modules"); }

void cluster(const command_context&, info_text& text) {
    text.section("Cluster");
    text.line("cluster_enabled", std::uint64_t{0});
}

void keyspace(const command_context& context, info_text& text) {
    const auto view = context.view();
    text.section("Keyspace");
    for (unsigned database = 0; database < limits::key_spaces; ++database) {
        const auto keys = view.size(database);
        if (keys == 0) { continue; }
        const auto all = view.deadline_positions(database, false);
        const auto due = view.deadline_positions(database, true);
        text.line(fmt::format("db{}", database),
                  fmt::format("keys={},expires={},avg_ttl=0", keys, (all.last - all.first) - (due.last - due.first)));
    }
}

void command_statistics(const command_context& context, info_text& text) {
    text.section("Commandstats");
    const auto rows = all_commands();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto& calls = context.host->stats.rows[i];
        if (calls.calls == 0) { continue; }
        const auto spent = std::chrono::duration<double, std::micro>(calls.spent).count();
        text.line("cmdstat_" + lower_case(rows[i].name),
                  fmt::format("calls={},usec={:.0f},usec_per_call={:.2f},failed_calls={}", calls.calls, spent,
                              spent / static_cast<double>(calls.calls), calls.failed));
    }
}

std::uint64_t in_milliseconds(std::chrono::nanoseconds time) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}
std::string in_microseconds(std::chrono::nanoseconds time) {
    return fmt::format("{:.1f}", std::chrono::duration<double, std::micro>(time).count());
}

// Copy on write: what is shared, what changes cost, and what is kept for the past.
void cow(const command_context& context, info_text& text) {
    const auto figures = context.store.figures();
    const auto& stats = context.host->stats;
    const auto& commits = context.host->commit_times;
    std::uint64_t pending = 0;
    context.host->each_session([&](const command_session& each) { pending += each.in_multi ? 1U : 0U; });
    const double per_change =
        figures.changes == 0 ? 0
                             : static_cast<double>(figures.edits.copied_bytes) / static_cast<double>(figures.changes);
    text.section("Cow");
    text.line("branch", context.branch.row.name);
    text.line("branches", figures.branches);
    text.line("branches_in_use", figures.live_branches);
    text.line("commits", figures.commits);
    text.line("restore_points", figures.points);
    text.line("restore_points_estimated_bytes", figures.point_bytes);
    text.line("versions_alive", figures.branches + figures.commits + figures.points + figures.snapshots);
    text.line("snapshots_held", figures.snapshots);
    text.line("oldest_snapshot_ms", in_milliseconds(figures.snapshot_age));
    text.line("readers_active", figures.readers);
    text.line("transactions_pending", pending);
    text.line("transactions", stats.transactions);
    text.line("conflicts", stats.conflicts);
    text.line("turns_that_wrote", commits.count());
    text.line("commit_us_average", in_microseconds(commits.average()));
    text.line("commit_us_p99", in_microseconds(commits.quantile(0.99)));
    text.line("commit_us_longest", in_microseconds(commits.longest()));
    text.line("nodes_in_memory", figures.pool.nodes);
    text.line("nodes_in_memory_bytes", figures.pool.bytes);
    text.line("nodes_to_free", figures.pool.garbage_nodes);
    text.line("nodes_loaded", figures.pool.loads);
    text.line("edits_in_place", figures.edits.in_place);
    text.line("nodes_copied", figures.edits.copied);
    text.line("nodes_copied_bytes", figures.edits.copied_bytes);
    text.line("changes", figures.changes);
    text.line("copied_bytes_per_change", fmt::format("{:.1f}", per_change));
    text.line("nodes_split", figures.edits.split);
    text.line("nodes_merged", figures.edits.merged);
    text.line("checkpoints", figures.checkpoints);
    text.line("checkpoint_nodes_written", figures.checkpoint_nodes);
    text.line("checkpoint_bytes_written", figures.checkpoint_bytes);
    text.line("checkpoint_running", figures.checkpoint_running ? 1 : 0);
    text.line("clean_ups", figures.clean_ups);
    text.line("nodes_retired", figures.nodes_retired);
    text.line("log_bytes_since_checkpoint", figures.log_bytes);
    text.line("log_records_since_checkpoint", figures.log_records);
    text.line("disk_bytes", figures.disk_bytes);
    text.line("scan_snapshots", context.host->scans.snapshots());
    text.line("trouble", figures.trouble ? figures.trouble->message() : std::string("none"));
    text.line("read_only", figures.read_only ? 1 : 0);
}

struct section_row {
    std::string_view name;
    void (*say)(const command_context&, info_text&);
    bool usual;
};
constexpr section_row sections[] = {
    {"server", server, true},
    {"clients", clients, true},
    {"memory", memory, true},
    {"persistence", persistence, true},
    {"stats", statistics, true},
    {"replication", replication, true},
    {"cpu", cpu, true},
    {"modules", modules, true},
    {"commandstats", command_statistics, false},
    {"cluster", cluster, true},
    {"keyspace", keyspace, true},
    {"cow", cow, true},
};

}  // namespace

std::string_view coppice_version() noexcept { return COPPICE_VERSION; }

std::string describe_all(const command_context& context, arguments wanted) {
    const auto asked = [&](std::string_view name) {
        return std::any_of(wanted.begin(), wanted.end(), [&](auto word) { return says(word, name); });
    };
    const bool usual = wanted.empty() || asked("default");
    const bool all = asked("all") || asked("everything");
    info_text text;
    for (const auto& section : sections) {
        if (!all && !(usual && section.usual) && !asked(section.name)) { continue; }
        section.say(context, text);
        context.host->describe(section.name, text);
    }
    return text.text();
}

}  // namespace coppice
