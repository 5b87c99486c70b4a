// command/log.cpp: LOG and REFLOG: what versions there are, and where branches were moved.
#include <memory>

#include <fmt/format.h>

#include <command/keys.hpp>
#include <command/session.hpp>
#include <command/versions.hpp>
#include <store/diff.hpp>
#include <store/reference.hpp>

namespace coppice {
namespace {

struct log_query {
    std::string reference;
    std::string branch;  ///< its name before @, for restore points
    std::optional<std::string> key;
    std::optional<unsigned> database;  ///< of the key; none: any
    microseconds_utc since = 0;
    std::size_t count = 100;
};

/// Whether a key differs between two versions.
bool key_differs(const snapshot_state& before, const snapshot_state& after, const log_query& query) {
    diff_scope within;
    within.key = query.key;
    within.database = query.database;
    version_diff diff(before, after, std::move(within));
    key_change change;
    return diff.next(change);
}

/// The versions that the query asks for, newest first.
std::vector<version_row> versions_of(const log_query& query, version_history& history, tree_context& context) {
    std::vector<version_row> rows;
    if (!query.key) {
        for (version_row row; rows.size() < query.count && history.next(row) && row.time >= query.since;) {
            rows.push_back(std::move(row));
        }
        return rows;
    }
    // A version is told when the key is not what the version before said; before the first there was nothing.
    std::optional<std::pair<version_row, snapshot_state>> newer;
    const auto tell_newer = [&](const snapshot_state& before) {
        if (newer && key_differs(before, newer->second, query)) { rows.push_back(std::move(newer->first)); }
    };
    for (version_row row; rows.size() < query.count && history.next(row);) {
        if (newer && newer->first.time < query.since) { return rows; }
        auto state = history.state(row);
        if (!state) { continue; }
        tell_newer(*state);
        newer.emplace(std::move(row), std::move(*state));
    }
    const bool first = newer && rows.size() < query.count && newer->first.time >= query.since;
    if (first) { tell_newer({tree(context, keyed_records), spaces_in_order, 0, 0, {}}); }
    return rows;
}

void say_version(reply_sink& reply, std::string_view id, microseconds_utc time, std::string_view author,
                 std::string_view message, std::string_view kind) {
    reply.map(5);
    say_text(reply, "id", id);
    say_number(reply, "time", static_cast<std::uint64_t>(time));
    say_text(reply, "author", author);
    say_text(reply, "message", message);
    say_text(reply, "kind", kind);
}

status say_log(reply_sink& reply, const log_query& query, version_history history, tree_context& context) {
    const auto begin = history.begin();
    const auto rows = versions_of(query, history, context);
    reply.array(rows.size() + (begin ? 1 : 0));
    const auto at_time = [&](microseconds_utc time) { return query.branch + "@" + format_time(time); };
    for (const auto& row : rows) {
        if (row.commit) {
            say_version(reply, to_hex(row.commit->id), row.time, row.commit->author, row.commit->message, "commit");
        } else {
            say_version(reply, at_time(row.time), row.time, "", "", "point");
        }
    }
    if (begin) { say_version(reply, at_time(*begin), *begin, "", "time travel reaches back to here", "begin"); }
    return {};
}

}  // namespace

status log_versions(command_context& context, arguments given) {
    constexpr std::string_view syntax =
        "LOG [reference] [KEY key] [DB n] [SINCE time] [UNTIL time] [COUNT n] [COMMITS]";
    log_query query;
    microseconds_utc until = INT64_MAX;
    bool commits = false;
    const microseconds_utc now = context.store.clock().now();
    for (std::size_t i = 1; i < given.size(); ++i) {
        const std::string_view word = given[i];
        if (says(word, "COMMITS")) {
            commits = true;
            continue;
        }
        const bool takes_more =
            says(word, "KEY") || says(word, "DB") || says(word, "SINCE") || says(word, "UNTIL") || says(word, "COUNT");
        if (!takes_more) {
            if (i != 1) {
                return error{errc::invalid, fmt::format("'{}' is not expected here: {}", word.substr(0, 100), syntax)};
            }
            query.reference = word;
            continue;
        }
        if (i + 1 == given.size()) {
            return error{errc::invalid, fmt::format("a value is missing behind '{}': {}", word, syntax)};
        }
        const std::string_view value = given[++i];
        if (says(word, "KEY")) {
            query.key = value;
        } else if (says(word, "DB")) {
            const auto database = database_in(value);
            if (!database) { return database.error(); }
            query.database = *database;
        } else if (says(word, "COUNT")) {
            const auto count = count_in(value);
            if (!count) { return count.error(); }
            query.count = *count;
        } else {
            const auto time = parse_time(value, now);
            if (!time) { return time.error(); }
            (says(word, "SINCE") ? query.since : until) = *time;
        }
    }
    if (query.reference.empty()) { query.reference = context.branch.row.name; }
    query.branch = query.reference.substr(0, query.reference.find('@'));
    auto history = context.store.versions(query.reference);
    if (!history) { return history.error(); }
    history->until(until);
    if (commits) { history->commits_only(); }
    tree_context& reading = context.store.reading_context();
    return answer_apart(context, [query = std::move(query), history = std::move(*history),
                                  &reading](reply_sink& reply) { return say_log(reply, query, history, reading); });
}

status reflog(command_context& context, arguments given) {
    std::size_t count = 100;
    if (given.size() == 4 && says(given[2], "COUNT")) {
        const auto wanted = count_in(given[3]);
        if (!wanted) { return wanted.error(); }
        count = *wanted;
    } else if (given.size() != 2) {
        return error{errc::invalid,
                     fmt::format("'{}' is not expected here: REFLOG branch [COUNT n]", given[2].substr(0, 100))};
    }
    const auto branch = context.store.branch(given[1]);
    if (!branch) { return branch.error(); }
    const auto names = std::make_shared<held_names>(context.store.names());
    return answer_apart(context, [names, id = (*branch)->id, count](reply_sink& reply) -> status {
        const auto rows = names->reflog(id, count);
        reply.array(rows.size());
        for (const auto& row : rows) {
            reply.map(4);
            say_number(reply, "time", static_cast<std::uint64_t>(row.time));
            say_text(reply, "action", row.action);
            say_text(reply, "from", row.before);
            say_text(reply, "to", row.after);
        }
        return {};
    });
}

}  // namespace coppice
