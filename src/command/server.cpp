// command/server.cpp: what an operator asks: CONFIG, INFO, saving, emptying, SLOWLOG and their kin.
#include <algorithm>
#include <string>
#include <thread>

#include <fmt/format.h>

#include <command/command_info.hpp>
#include <command/dispatch.hpp>
#include <command/info.hpp>
#include <command/keys.hpp>
#include <command/parse.hpp>
#include <command/redis_version.hpp>

namespace coppice {
namespace {

status ok(const command_context& context) {
    context.reply.status("OK");
    return {};
}

// ---- CONFIG

status config_get(command_context& context, arguments given) {
    const auto found = context.host->settings_matching(given.subspan(2));
    context.reply.map(found.size());
    for (const auto& [name, value] : found) {
        context.reply.bulk(name);
        context.reply.bulk(value);
    }
    return {};
}

status config_set(command_context& context, arguments given) {
    if (given.size() % 2 != 0) { return arity_error("config|set"); }
    std::vector<command_host::name_and_value> wanted;
    for (std::size_t i = 2; i < given.size(); i += 2) { wanted.emplace_back(given[i], given[i + 1]); }
    const auto changed = context.host->change_settings(wanted);
    return changed ? ok(context) : changed;
}

status config_resetstat(command_context& context, arguments) {
    context.host->reset_stats();
    return ok(context);
}

status config_rewrite(command_context&, arguments) {
    return error{errc::unsupported, "The server is running without a config file"};
}

// ---- INFO

status info(command_context& context, arguments given) {
    context.reply.verbatim(describe_all(context, given.subspan(1)));
    return {};
}

status time(command_context& context, arguments) {
    const auto now = context.store.clock().now();
    context.reply.array(2);
    context.reply.bulk(std::to_string(now / 1'000'000));
    context.reply.bulk(std::to_string(now % 1'000'000));
    return {};
}

// ---- what there is one of

status role(command_context& context, arguments) {
    context.reply.array(3);
    context.reply.bulk("master");
    context.reply.integer(0);
    context.reply.array(0);
    return {};
}

// No replica ever answers, so nobody waits for one.
status wait(command_context& context, arguments given) {
    if (const auto replicas = integer_in(given[1]); !replicas) { return replicas.error(); }
    const auto timeout = integer_in(given[2]);
    if (!timeout) { return error{errc::invalid, "timeout is not an integer or out of range"}; }
    if (*timeout < 0) { return error{errc::invalid, "timeout is negative"}; }
    context.reply.integer(0);
    return {};
}

status lolwut(command_context& context, arguments) {
    context.reply.verbatim(
        fmt::format("A hazel was cut to the ground, and grew again from what was left of it.\n"
                    "Redis ver. {}\n",
                    redis_version));
    return {};
}

// ---- emptying

// Nothing that is watched there is there any more.
void touch_database(const command_context& context, std::optional<unsigned> database) {
    if (context.host == nullptr) { return; }
    context.host->watches.touch_where(context.branch.id, [&](const watched_key& watched) {
        return watched.alive && (!database || *database == watched.database);
    });
}

// ASYNC and SYNC are one: nothing is freed while somebody waits.
bool says_how_to_flush(arguments given) noexcept {
    return given.size() == 1 || (given.size() == 2 && (says(given[1], "ASYNC") || says(given[1], "SYNC")));
}

status flushdb(command_context& context, arguments given) {
    if (!says_how_to_flush(given)) { return syntax_error(); }
    context.writer().erase_space(context.database);
    touch_database(context, context.database);
    return ok(context);
}

status flushall(command_context& context, arguments given) {
    if (!says_how_to_flush(given)) { return syntax_error(); }
    start_group(context);
    for (unsigned database = 0; database < limits::key_spaces; ++database) { context.writer().erase_space(database); }
    touch_database(context, std::nullopt);
    return ok(context);
}

status swapdb(command_context& context, arguments given) {
    const auto is_small = [](const result<std::int64_t>& index) { return index && *index == static_cast<int>(*index); };
    const auto a = integer_in(given[1]);
    if (!is_small(a)) { return error{errc::invalid, "invalid first DB index"}; }
    const auto b = integer_in(given[2]);
    if (!is_small(b)) { return error{errc::invalid, "invalid second DB index"}; }
    const auto most = static_cast<std::int64_t>(limits::key_spaces);
    if (*a < 0 || *b < 0 || *a >= most || *b >= most) { return error{errc::invalid, "DB index is out of range"}; }
    const auto first = static_cast<unsigned>(*a);
    const auto second = static_cast<unsigned>(*b);
    const auto view = context.view();
    if (context.host != nullptr && first != second) {
        context.host->watches.touch_where(context.branch.id, [&](const watched_key& watched) {
            if (watched.database != first && watched.database != second) { return false; }
            return view.find(first, watched.key).has_value() || view.find(second, watched.key).has_value();
        });
    }
    context.writer().swap_spaces(first, second);
    return ok(context);
}

// ---- saving

status save(command_context& context, arguments) { return context.host->save(context); }

status bgsave(command_context& context, arguments given) {
    if (given.size() > 2 || (given.size() == 2 && !says(given[1], "SCHEDULE"))) { return syntax_error(); }
    if (!context.store.start_checkpoint()) { return error{errc::in_use, "Background save already in progress"}; }
    context.reply.status("Background saving started");
    return {};
}

status lastsave(command_context& context, arguments) {
    const auto last = std::max(context.store.figures().last_checkpoint, context.host->last_save);
    context.reply.integer(last / 1'000'000);
    return {};
}

status shutdown(command_context& context, arguments given) {
    bool final_checkpoint = true;
    for (const auto word : given.subspan(1)) {
        if (says(word, "ABORT") && given.size() == 2) { return error{errc::invalid, "No shutdown in progress."}; }
        if (!says(word, "NOSAVE") && !says(word, "SAVE") && !says(word, "NOW") && !says(word, "FORCE")) {
            return syntax_error();
        }
        final_checkpoint = final_checkpoint && !says(word, "NOSAVE");
    }
    return context.host->shut_down(final_checkpoint);
}

// ---- SLOWLOG

status slowlog_get(command_context& context, arguments given) {
    std::size_t count = 10;
    if (given.size() > 3) { return arity_error("slowlog|get"); }
    if (given.size() == 3) {
        const auto wanted = integer_in(given[2]);
        if (!wanted || *wanted < -1) { return error{errc::invalid, "count should be greater than or equal to -1"}; }
        count = static_cast<std::size_t>(*wanted);  // -1: all
    }
    const auto& slow = context.host->slow;
    count = std::min(count, slow.size());
    context.reply.array(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto& entry = slow[i];
        context.reply.array(6);
        context.reply.integer(static_cast<std::int64_t>(entry.id));
        context.reply.integer(entry.time);
        context.reply.integer(entry.microseconds);
        context.reply.array(entry.words.size());
        for (const auto& word : entry.words) { context.reply.bulk(word); }
        context.reply.bulk(entry.address);
        context.reply.bulk(entry.name);
    }
    return {};
}

status slowlog_len(command_context& context, arguments) {
    context.reply.integer(static_cast<std::int64_t>(context.host->slow.size()));
    return {};
}

status slowlog_reset(command_context& context, arguments) {
    context.host->slow.clear();
    return ok(context);
}

// ---- DEBUG, for tests

status debug_sleep(command_context& context, arguments given) {
    constexpr long double seconds_max = 60;
    const auto seconds = real_in(given[2]);
    if (!seconds) { return seconds.error(); }
    std::this_thread::sleep_for(std::chrono::duration<long double>(std::clamp<long double>(*seconds, 0, seconds_max)));
    return ok(context);
}
// More than any read: it sleeps on a worker, and nobody waits with it.
std::uint64_t debug_sleep_elements(const command_context&, arguments) { return UINT64_MAX; }

status debug_change_nothing(command_context& context, arguments) { return ok(context); }

constexpr std::string_view here = "0.1";
constexpr std::string_view of = "server";
using enum access;
using rt = reply_type;

constexpr command config_rows[] = {
    {"GET",
     config_get,
     at_least(3),
     {},
     admin,
     rt::map,
     of,
     "O(n) settings",
     here,
     "Return settings and their values.",
     "parameter [parameter ...]",
     ""},
    help_row,
    {"RESETSTAT",
     config_resetstat,
     exactly(2),
     {},
     admin,
     rt::simple,
     of,
     "O(1)",
     here,
     "Set INFO's counters to zero.",
     "",
     ""},
    {"REWRITE",
     config_rewrite,
     exactly(2),
     {},
     admin,
     rt::simple,
     of,
     "O(1)",
     here,
     "Answers an error: settings are written by whoever wrote the file.",
     "",
     ""},
    {"SET",
     config_set,
     at_least(4),
     {},
     admin,
     rt::simple,
     of,
     "O(n) settings",
     here,
     "Change settings, all or none.",
     "parameter value [parameter value ...]",
     ""},
};
constexpr command debug_rows[] = {
    {"CHANGE-REPL-ID", debug_change_nothing, exactly(2), {}, admin, rt::simple, of, "O(1)", here, "Accepted.", "", ""},
    help_row,
    {"SET-ACTIVE-EXPIRE",
     debug_change_nothing,
     exactly(3),
     {},
     admin,
     rt::simple,
     of,
     "O(1)",
     here,
     "Accepted.",
     "0 | 1",
     ""},
    {"SLEEP",
     debug_sleep,
     exactly(3),
     {},
     read,
     rt::simple,
     of,
     "O(1)",
     here,
     "Answer after some seconds, at most 60; nobody else waits.",
     "seconds",
     "",
     debug_sleep_elements},
};
constexpr command slowlog_rows[] = {
    {"GET",
     slowlog_get,
     at_least(2),
     {},
     admin,
     rt::array,
     of,
     "O(n) entries",
     here,
     "Return the newest slow commands.",
     "[count]",
     ""},
    help_row,
    {"LEN",
     slowlog_len,
     exactly(2),
     {},
     admin,
     rt::integer,
     of,
     "O(1)",
     here,
     "Return how many slow commands are kept.",
     "",
     ""},
    {"RESET",
     slowlog_reset,
     exactly(2),
     {},
     admin,
     rt::simple,
     of,
     "O(n) entries",
     here,
     "Forget the slow commands.",
     "",
     ""},
};

constexpr command rows[] = {
    {"BGSAVE",
     bgsave,
     at_least(1),
     {},
     admin,
     rt::simple,
     of,
     "O(changes), in the background",
     here,
     "Start a checkpoint.",
     "[SCHEDULE]",
     ""},
    {"CONFIG",
     nullptr,
     at_least(2),
     {},
     admin,
     rt::any,
     of,
     "",
     here,
     "Look at and change settings.",
     "",
     "",
     nullptr,
     config_rows},
    {"DEBUG", nullptr, at_least(2), {}, admin, rt::any, of, "", here, "For tests.", "", "", nullptr, debug_rows},
    {"FLUSHALL",
     flushall,
     at_least(1),
     {},
     write,
     rt::simple,
     of,
     "O(log n)",
     here,
     "Delete every key of the branch; its past stays.",
     "[ASYNC | SYNC]",
     ""},
    {"FLUSHDB",
     flushdb,
     at_least(1),
     {},
     write,
     rt::simple,
     of,
     "O(log n)",
     here,
     "Delete every key of the database; its past stays.",
     "[ASYNC | SYNC]",
     ""},
    {"INFO",
     info,
     at_least(1),
     {},
     admin,
     rt::bulk,
     of,
     "O(1)",
     here,
     "Describe the server, section by section.",
     "[section [section ...]]",
     ""},
    {"LASTSAVE",
     lastsave,
     exactly(1),
     {},
     admin,
     rt::integer,
     of,
     "O(1)",
     here,
     "Return when the last checkpoint was written, in seconds since 1970.",
     "",
     "fast"},
    {"LOLWUT",
     lolwut,
     at_least(1),
     {},
     read,
     rt::bulk,
     of,
     "O(1)",
     here,
     "Return a short text and the version.",
     "[VERSION version]",
     "fast"},
    {"ROLE",
     role,
     exactly(1),
     {},
     admin,
     rt::array,
     of,
     "O(1)",
     here,
     "Return that this is a master without replicas.",
     "",
     "fast"},
    {"SAVE",
     save,
     exactly(1),
     {},
     admin,
     rt::simple,
     of,
     "O(changes); nobody else waits",
     here,
     "Write a checkpoint and answer when it is durable.",
     "",
     "no-multi"},
    {"SHUTDOWN",
     shutdown,
     at_least(1),
     {},
     admin,
     rt::any,
     of,
     "O(changes)",
     here,
     "Stop the server, after a last checkpoint.",
     "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]",
     "no-multi"},
    {"SLOWLOG",
     nullptr,
     at_least(2),
     {},
     admin,
     rt::any,
     of,
     "",
     here,
     "Look at slow commands.",
     "",
     "",
     nullptr,
     slowlog_rows},
    {"SWAPDB",
     swapdb,
     exactly(3),
     {},
     write,
     rt::simple,
     of,
     "O(1)",
     here,
     "Exchange two databases.",
     "index1 index2",
     "fast"},
    {"TIME",
     time,
     exactly(1),
     {},
     admin,
     rt::array,
     of,
     "O(1)",
     here,
     "Return the time: seconds since 1970 and microseconds.",
     "",
     "fast"},
    {"WAIT",
     wait,
     exactly(3),
     {},
     admin,
     rt::integer,
     of,
     "O(1)",
     here,
     "Return 0: there are no replicas to wait for.",
     "numreplicas timeout",
     ""},
};

}  // namespace

std::span<const command> server_commands() noexcept { return rows; }

}  // namespace coppice
