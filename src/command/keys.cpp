#include "command/keys.hpp"

#include <algorithm>
#include <string>
#include <variant>

#include <fmt/format.h>

#include <coppice/base/limits.hpp>
#include <coppice/tree/cursor.hpp>
#include <coppice/tree/diff.hpp>

#include <command/command_info.hpp>
#include <command/dispatch.hpp>
#include <command/parse.hpp>
#include <command/ranges.hpp>
#include <command/scan.hpp>
#include <command/znsocket.hpp>

namespace coppice {
namespace {

std::optional<found_key> found_at(const command_context& context, std::string_view key) {
    return context.view().find(context.database, key);
}

error no_such_key() { return {errc::not_found, "no such key"}; }
error same_object() { return {errc::invalid, "source and destination objects are the same"}; }

// ---- whether a key is there

status del(command_context& context, arguments given) {
    std::int64_t gone = 0;
    if (given.size() > 2) { start_group(context); }
    for (const auto key : given.subspan(1)) {
        const bool alive = found_at(context, key).has_value();
        context.writer().erase(context.database, key);
        gone += alive ? 1 : 0;
    }
    context.reply.integer(gone);
    return {};
}

status exists(command_context& context, arguments given) {
    const auto keys = given.subspan(1);
    context.reply.integer(
        std::count_if(keys.begin(), keys.end(), [&](auto key) { return found_at(context, key).has_value(); }));
    return {};
}

status type(command_context& context, arguments given) {
    const auto found = found_at(context, given[1]);
    context.reply.status(found ? name_of(found->type) : "none");
    return {};
}

// ---- which keys there are

// The part of a pattern that every match begins with.
std::string literal_prefix(std::string_view pattern) {
    return std::string(pattern.substr(0, std::min(pattern.find_first_of("*?[\\"), pattern.size())));
}

// Positions of the keys that begin with `prefix`, and perhaps of others.
branch_view::range prefix_positions(const branch_view& view, unsigned database, std::string_view prefix) {
    if (prefix.empty()) { return view.positions(database); }
    const auto range = key_range::with_prefix(section_key(view.space(database), prefix), view.keys().context().sizes);
    return {view.keys().rank(range.low).position, view.keys().rank(*range.high).position};
}

status keys(command_context& context, arguments given) {
    const auto view = context.view();
    const auto range = prefix_positions(view, context.database, literal_prefix(given[1]));
    std::string key;
    // Walked twice, so that a million names are never held: their number goes first.
    const auto walk = [&](auto&& visit) {
        cursor at(view.keys());
        for (at.seek(range.first); at.position() < range.last; at.next()) {
            const auto record = at.get();
            if (!view.alive(record)) { continue; }
            key.clear();
            record.append_key(key);
            const auto name = std::string_view(key).substr(1);
            if (matches_glob(given[1], name)) { visit(name); }
        }
    };
    std::size_t count = 0;
    if (given[1] == "*") {
        count = view.size(context.database);
    } else {
        walk([&](std::string_view) { ++count; });
    }
    context.reply.array(count);
    walk([&](std::string_view name) { context.reply.bulk(name); });
    return {};
}

std::uint64_t keys_elements(const command_context& context, arguments given) {
    const auto range = prefix_positions(context.view(), context.database, literal_prefix(given[1]));
    return range.last - range.first;
}

status scan(command_context& context, arguments given) { return answer_key_scan(context, given); }

status randomkey(command_context& context, arguments) {
    constexpr int tries = 100;  // keys whose time has come are still there for a moment
    const auto view = context.view();
    const auto range = view.positions(context.database);
    for (int i = 0; i < tries && range.first < range.last; ++i) {
        const auto record = view.keys().at(range.first + random_of(context).below(range.last - range.first));
        if (!view.alive(record)) { continue; }
        context.reply.bulk(std::string_view(record.key()).substr(1));
        return {};
    }
    context.reply.null();
    return {};
}

status dbsize(command_context& context, arguments) {
    context.reply.integer(static_cast<std::int64_t>(context.view().size(context.database)));
    return {};
}

// ---- other names and places

status rename(command_context& context, arguments given) {
    if (!found_at(context, given[1])) { return no_such_key(); }
    context.writer().move_key(context.database, given[1], context.database, given[2]);
    context.reply.status("OK");
    return {};
}

status renamenx(command_context& context, arguments given) {
    if (!found_at(context, given[1])) { return no_such_key(); }
    const bool free = !found_at(context, given[2]);
    if (free) { context.writer().move_key(context.database, given[1], context.database, given[2]); }
    context.reply.integer(free ? 1 : 0);
    return {};
}

status move(command_context& context, arguments given) {
    const auto database = database_in(given[2]);
    if (!database) { return database.error(); }
    if (*database == context.database) { return same_object(); }
    const bool can = found_at(context, given[1]) && !context.view().find(*database, given[1]);
    if (can) {
        own_elsewhere(context, *database, given[1]);
        context.writer().move_key(context.database, given[1], *database, given[1]);
    }
    context.reply.integer(can ? 1 : 0);
    return {};
}

struct copy_options {
    unsigned database = 0;
    bool replace = false;
    std::optional<std::string_view> from;
};

result<copy_options> copy_options_in(const command_context& context, arguments words) {
    copy_options options;
    options.database = context.database;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const bool has_value = i + 1 < words.size();
        if (says(words[i], "REPLACE")) {
            options.replace = true;
        } else if (says(words[i], "DB") && has_value) {
            const auto database = database_in(words[++i]);
            if (!database) { return database.error(); }
            options.database = *database;
        } else if (says(words[i], "FROM") && has_value) {
            options.from = words[++i];
        } else {
            return syntax_error();
        }
    }
    return options;
}

// Whether the same EXEC has changed the other branch that is named. The log says branch by branch what EXEC did, so it
// cannot say that a key was copied in between.
bool changed_in_exec(const command_context& context, const version_name& name) {
    const auto* current = std::get_if<current_of>(&name);
    if (current == nullptr || current->branch == context.branch.id || context.session == nullptr) { return false; }
    const auto& branches = context.session->exec_branches;
    return std::any_of(branches.begin(), branches.end(),
                       [&](const live_branch* each) { return each->id == current->branch; });
}

}  // namespace

void share_key(const command_context& context, std::string_view source, std::string_view key) {
    const snapshot_state now{.keys = context.branch.keys, .spaces = context.branch.spaces, .branch = context.branch.id};
    context.writer().copy_key(current_of{context.branch.id}, now, context.database, source, context.database, key,
                              no_deadline);
}

namespace {

status copy(command_context& context, arguments given) {
    const auto options = copy_options_in(context, given.subspan(3));
    if (!options) { return options.error(); }
    if (!options->from && options->database == context.database && given[1] == given[2]) { return same_object(); }
    version_name from = current_of{context.branch.id};
    snapshot_state state{context.branch.keys, context.branch.spaces, 0, context.branch.id, {}};
    auto seen = state.view(context.now);
    if (options->from) {
        if (context.host != nullptr) { context.host->flush_writes(); }
        auto version = context.store.resolve(*options->from);
        if (!version) { return version.error(); }
        if (changed_in_exec(context, version->name)) {
            return error{errc::invalid, "COPY FROM a branch that this transaction has changed: copy after EXEC"};
        }
        from = version->name;
        state = std::move(version->state);
        state.keys = state.keys.through(context.branch.context);
        seen = state.view_then();
    }
    const auto found = seen.find(context.database, given[1]);
    const bool free = options->replace || !context.view().find(options->database, given[2]);
    if (found && free) {
        // A key brought back from before its deadline lives on without one.
        const auto deadline = found->deadline > context.now ? found->deadline : no_deadline;
        if (options->database != context.database) { own_elsewhere(context, options->database, given[2]); }
        context.writer().copy_key(from, state, context.database, given[1], options->database, given[2], deadline);
    }
    context.reply.integer(found && free ? 1 : 0);
    return {};
}

// ---- OBJECT

std::string_view encoding_of(const found_key& found) noexcept {
    switch (found.record.child) {
        case child_form::none: return "inline";
        case child_form::embedded: return "embedded";
        case child_form::slot: return "tree";
    }
    return "tree";
}

status object_encoding(command_context& context, arguments given) {
    const auto found = found_at(context, given[2]);
    if (found) {
        context.reply.bulk(encoding_of(*found));
    } else {
        context.reply.null();
    }
    return {};
}

status object_number(command_context& context, arguments given, std::int64_t number) {
    if (found_at(context, given[2])) {
        context.reply.integer(number);
    } else {
        context.reply.null();
    }
    return {};
}
status object_refcount(command_context& context, arguments given) { return object_number(context, given, 1); }
status object_idletime(command_context& context, arguments given) { return object_number(context, given, 0); }

status object_freq(command_context& context, arguments given) {
    if (!found_at(context, given[2])) {
        context.reply.null();
        return {};
    }
    return error{
        errc::invalid,
        "An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching "
        "between policies at runtime LRU and LFU data will take some time to adjust."};
}

constexpr std::string_view here = "0.1";
constexpr std::string_view of = "keys";
constexpr std::string_view log_n = "O(log n)";
using enum access;
using rt = reply_type;

constexpr command object_rows[] = {
    {"ENCODING",
     object_encoding,
     exactly(3),
     {2, 2, 1},
     read,
     rt::null_or_bulk,
     of,
     log_n,
     here,
     "Say where a value lies: inline, embedded or tree.",
     "key",
     ""},
    {"FREQ",
     object_freq,
     exactly(3),
     {2, 2, 1},
     read,
     rt::any,
     of,
     log_n,
     here,
     "Answers an error: access frequencies are not kept.",
     "key",
     ""},
    help_row,
    {"IDLETIME",
     object_idletime,
     exactly(3),
     {2, 2, 1},
     read,
     rt::any,
     of,
     log_n,
     here,
     "Return 0: access times are not kept.",
     "key",
     ""},
    {"REFCOUNT", object_refcount, exactly(3), {2, 2, 1}, read, rt::any, of, log_n, here, "Return 1.", "key", ""},
};

constexpr command rows[] = {
    {"COPY", copy, at_least(3), keys_from(1, 2), write, rt::integer, of, "O(log n), whatever the key holds", here,
     "Copy a key, also from another branch or time; both share what does not change.",
     "source destination [DB destination-db] [FROM reference] [REPLACE]", "denyoom"},
    {"DBSIZE", dbsize, exactly(1), {}, read, rt::integer, of, log_n, here, "Return the number of keys.", "", "fast"},
    {"DEL", del, at_least(2), keys_from(1), write, rt::integer, of, "O(k log n), whatever the keys hold", here,
     "Delete keys and return how many were there.", "key [key ...]", ""},
    {"EXISTS", exists, at_least(2), keys_from(1), read, rt::integer, of, "O(k log n)", here,
     "Return how many of the keys are there.", "key [key ...]", "fast"},
    {"EXPIRE", expire, at_least(3), key_at(1), write, rt::integer, of, log_n, here, "Delete a key after some seconds.",
     "key seconds [NX | XX | GT | LT]", "fast"},
    {"EXPIREAT", expireat, at_least(3), key_at(1), write, rt::integer, of, log_n, here,
     "Delete a key at a time, in seconds since 1970.", "key unix-time-seconds [NX | XX | GT | LT]", "fast"},
    {"EXPIRETIME", expiretime, exactly(2), key_at(1), read, rt::integer, of, log_n, here,
     "Return a key's deadline, in seconds since 1970.", "key", "fast"},
    {"KEYS",
     keys,
     exactly(2),
     {},
     read,
     rt::array,
     of,
     "O(n) of the keys that begin with the pattern's first letters",
     here,
     "Return the keys that match a pattern, in order.",
     "pattern",
     "",
     keys_elements},
    {"MOVE", move, exactly(3), key_at(1), write, rt::integer, of, log_n, here, "Move a key to another database.",
     "key db", "fast"},
    {"OBJECT",
     nullptr,
     at_least(2),
     {},
     read,
     rt::any,
     of,
     "",
     here,
     "Look into how a key is kept.",
     "",
     "",
     nullptr,
     object_rows},
    {"PERSIST", persist, exactly(2), key_at(1), write, rt::integer, of, log_n, here, "Take a key's deadline.", "key",
     "fast"},
    {"PEXPIRE", pexpire, at_least(3), key_at(1), write, rt::integer, of, log_n, here,
     "Delete a key after some milliseconds.", "key milliseconds [NX | XX | GT | LT]", "fast"},
    {"PEXPIREAT", pexpireat, at_least(3), key_at(1), write, rt::integer, of, log_n, here,
     "Delete a key at a time, in milliseconds since 1970.", "key unix-time-milliseconds [NX | XX | GT | LT]", "fast"},
    {"PEXPIRETIME", pexpiretime, exactly(2), key_at(1), read, rt::integer, of, log_n, here,
     "Return a key's deadline, in milliseconds since 1970.", "key", "fast"},
    {"PTTL", pttl, exactly(2), key_at(1), read, rt::integer, of, log_n, here,
     "Return for how many milliseconds a key lives.", "key", "fast"},
    {"RANDOMKEY",
     randomkey,
     exactly(1),
     {},
     read,
     rt::null_or_bulk,
     of,
     log_n,
     here,
     "Return some key.",
     "",
     "",
     one_element},
    {"RENAME", rename, exactly(3), keys_from(1, 2), write, rt::simple, of, "O(log n), whatever the key holds", here,
     "Give a key another name.", "key newkey", ""},
    {"RENAMENX", renamenx, exactly(3), keys_from(1, 2), write, rt::integer, of, "O(log n), whatever the key holds",
     here, "Give a key another name if that is free.", "key newkey", "fast"},
    {"SCAN",
     scan,
     at_least(2),
     {},
     read,
     rt::array,
     of,
     "O(COUNT) a page",
     here,
     "Walk over the keys of one version, page by page: each once, none missed.",
     "cursor [MATCH pattern] [COUNT count] [TYPE type]",
     ""},
    {"SORT", sort, at_least(2), key_and(1, sort_target), write, rt::any, of, "O(n log n)", here,
     "Sort a list or a set, perhaps by and into other keys.",
     "key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC | DESC] [ALPHA] [STORE destination]",
     "denyoom movablekeys"},
    {"SORT_RO", sort_ro, at_least(2), key_at(1), read, rt::array, of, "O(n log n)", here,
     "Sort a list or a set, perhaps by other keys.",
     "key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC | DESC] [ALPHA]", "movablekeys", sort_elements},
    {"TOUCH", exists, at_least(2), keys_from(1), read, rt::integer, of, "O(k log n)", here,
     "Return how many of the keys are there.", "key [key ...]", "fast"},
    {"TTL", ttl, exactly(2), key_at(1), read, rt::integer, of, log_n, here, "Return for how many seconds a key lives.",
     "key", "fast"},
    {"TYPE", type, exactly(2), key_at(1), read, rt::simple, of, log_n, here, "Return what a key holds.", "key", "fast"},
    {"UNLINK", del, at_least(2), keys_from(1), write, rt::integer, of, "O(k log n), whatever the keys hold", here,
     "Delete keys and return how many were there.", "key [key ...]", "fast"},
};

}  // namespace

result<unsigned> database_in(std::string_view text) {
    const auto number = integer_in(text);
    if (!number) { return number.error(); }
    if (*number < INT32_MIN || *number > INT32_MAX) {
        return error{errc::invalid,
                     fmt::format("value is out of range, value must between {} and {}", INT32_MIN, INT32_MAX)};
    }
    if (*number < 0 || *number >= static_cast<std::int64_t>(limits::key_spaces)) {
        return error{errc::invalid, "DB index is out of range"};
    }
    return static_cast<unsigned>(*number);
}

std::span<const command> key_commands() noexcept { return rows; }

}  // namespace coppice
