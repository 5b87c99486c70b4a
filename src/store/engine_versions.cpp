// store/engine_versions.cpp: references, commits, tags, restore points, rewind.
#include <algorithm>
#include <cstring>
#include <limits>

#include <openssl/sha.h>

#include "store/caught.hpp"
#include "store/engine.hpp"
#include "store/primitives.hpp"
#include "store/reference.hpp"

namespace coppice {
namespace {

constexpr std::chrono::milliseconds point_interval_max{64'000};
constexpr std::size_t points_per_tick = 200;  // about a millisecond's worth
constexpr std::uint64_t point_share =
    1024;  // a restore point that costs more than this part of the budget slows the next ones

error no_such_version(std::string_view text) {
    return {errc::not_found,
            "no version '" + std::string(text.substr(0, 100)) + "': no branch, tag or commit is called so"};
}

std::string time_reference(const branch_row& row, microseconds_utc time) { return row.name + "@" + format_time(time); }

}  // namespace

// ---- resolving

result<snapshot_state> engine::state_of(const version_name& name) {
    if (const auto* current = std::get_if<current_of>(&name)) {
        auto found = handle(current->branch);
        if (!found) { return found.error(); }
        if (options_.one_writer) { publish(**found); }
        return (*found)->shown();
    }
    std::optional<snapshot_state> state;
    if (const auto* point = std::get_if<point_of>(&name)) {
        state = catalog_.point_state(point->branch, point->time);
        if (!state) { return error{errc::not_found, "no restore point at " + format_time(point->time)}; }
    } else {
        const commit_id& id = std::get<commit_named>(name).id;
        state = catalog_.commit_state(id);
        if (!state) { return error{errc::not_found, "no commit " + to_hex(id)}; }
    }
    state->keys = state->keys.through(reading_);
    return std::move(*state);
}

result<commit_id> engine::commit_before(commit_id from, std::uint64_t back, std::string_view reference) {
    for (std::uint64_t i = 0; i < back; ++i) {
        const auto row = catalog_.commit(from);
        if (!row || row->parents.empty()) {
            const auto before = i == 0   ? "there is no commit before it"
                                : i == 1 ? "there is only 1 commit before it"
                                         : "there are only " + std::to_string(i) + " commits before it";
            return error{errc::not_found, "'" + std::string(reference) + "': " + before};
        }
        from = row->parents.front();
    }
    return from;
}

result<resolved_version> engine::resolve_time(live_branch& branch, microseconds_utc time) {
    if (time >= branch.row.changed) {
        resolved_version now{current_of{branch.id}, branch.shown(), branch.row.name};
        now.state.time = std::min(time, clock_.now());
        return now;
    }
    std::optional<catalog::version_entry> entry;
    catalog_.for_each_version(branch.id, time, [&](const catalog::version_entry& found) {
        entry = found;
        return false;
    });
    if (!entry) {
        const auto oldest = catalog_.oldest_version(branch.id);
        return error{errc::not_found, "branch '" + branch.row.name + "' at " + format_time(time)
                                          + ": time travel reaches back to "
                                          + (oldest ? format_time(oldest->time) : "nothing yet")};
    }
    version_name name = point_of{branch.id, entry->time};
    if (entry->commit) { name = commit_named{*entry->commit}; }
    auto state = state_of(name);
    if (!state) { return state.error(); }
    state->time = time;
    return resolved_version{name, std::move(*state), branch.row.name};
}

result<resolved_version> engine::resolve_locked(std::string_view text) {
    const auto parsed = parse_reference(text, clock_.now());
    if (!parsed) { return parsed.error(); }
    const auto name = catalog_.name(parsed->base);
    std::optional<commit_id> commit;
    if (name && !name->tag) {
        auto branch = handle(name->branch);
        if (!branch) { return branch.error(); }
        if (options_.one_writer) { publish(**branch); }
        if (parsed->time) { return resolve_time(**branch, *parsed->time); }
        if (!parsed->back) {
            resolved_version now{current_of{(*branch)->id}, (*branch)->shown(), (*branch)->row.name};
            now.state.time = clock_.now();
            return now;
        }
        commit = (*branch)->row.head;
        if (!commit) { return error{errc::not_found, "branch '" + (*branch)->row.name + "' has no commit yet"}; }
    } else if (name) {
        commit = name->commit;
    } else if (is_commit_prefix(parsed->base)) {
        const auto found = catalog_.commits_with_prefix(parsed->base);
        if (found.size() > 1) {
            return error{errc::ambiguous,
                         "'" + std::string(parsed->base) + "' begins more than one commit id: give more digits"};
        }
        if (found.empty()) { return no_such_version(text); }
        commit = found.front();
    } else {
        return no_such_version(text);
    }
    if (parsed->time) {
        return error{errc::invalid, "'" + std::string(text) + "': a time needs a branch before the @"};
    }
    const auto id = commit_before(*commit, parsed->back.value_or(0), text);
    if (!id) { return id.error(); }
    auto state = state_of(commit_named{*id});
    if (!state) { return state.error(); }
    std::string branch_name;
    if (const auto row = catalog_.branch(state->branch)) { branch_name = row->name; }
    return resolved_version{commit_named{*id}, std::move(*state), std::move(branch_name)};
}

result<resolved_version> engine::resolve(std::string_view reference) {
    const std::lock_guard lock(mutex_);
    return caught([&] {
        auto resolved = resolve_locked(reference);
        if (resolved) { resolved->state.pin = pin(resolved->state.keys); }
        return resolved;
    });
}

result<commit_id> engine::resolve_commit(std::string_view reference) {
    const auto resolved = resolve_locked(reference);
    if (!resolved) { return resolved.error(); }
    if (const auto* named = std::get_if<commit_named>(&resolved->name)) { return named->id; }
    const auto branch = handle(resolved->state.branch);
    const bool current = std::holds_alternative<current_of>(resolved->name);
    if (current && branch && (*branch)->row.head && !(*branch)->row.uncommitted) { return *(*branch)->row.head; }
    const bool has_commit = branch && (*branch)->row.head;
    return error{errc::invalid, "'" + std::string(reference) + "' is not a commit: COMMIT first"
                                    + (has_commit ? ", or name one (" + (*branch)->row.name + "~0)" : "")};
}

// ---- commits and tags

commit_id engine::make_commit_id(const commit_row& row) const {
    std::string text(reinterpret_cast<const char*>(head_.uuid.data()), head_.uuid.size());
    append_number(text, logged_ + batch_.records());
    append_varint(text, row.parents.size());
    for (const commit_id& parent : row.parents) {
        text.append(reinterpret_cast<const char*>(parent.data()), parent.size());
    }
    append_number(text, row.time);
    append_text(text, row.author);
    append_text(text, row.message);
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    commit_id id;
    std::memcpy(id.data(), digest, id.size());
    return id;
}

result<commit_id> engine::commit(live_branch& branch, std::string_view message, std::string_view author) {
    if (message.size() > limits::message_bytes || author.size() > limits::message_bytes) {
        return error{errc::limit,
                     "message or author is longer than " + std::to_string(limits::message_bytes) + " bytes"};
    }
    const std::lock_guard lock(mutex_);
    return caught([&]() -> result<commit_id> {
        if (branch.dropped) { return error{errc::not_found, "the branch '" + branch.row.name + "' was deleted"}; }
        if (options_.one_writer) { publish(branch); }
        if (branch.row.head && !branch.row.uncommitted) { return *branch.row.head; }
        commit_row row;
        row.time = stamp();
        row.branch = branch.id;
        row.author = author;
        row.message = message;
        row.spaces = branch.shown().spaces;
        if (branch.row.head) { row.parents.push_back(*branch.row.head); }
        row.id = make_commit_id(row);
        std::string text;
        append_primitive(text, primitive::commit);
        append_varint(text, branch.id);
        text.append(reinterpret_cast<const char*>(row.id.data()), row.id.size());
        append_varint(text, row.parents.size());
        for (const commit_id& parent : row.parents) {
            text.append(reinterpret_cast<const char*>(parent.data()), parent.size());
        }
        append_number(text, row.time);
        append_text(text, author);
        append_text(text, message);
        const status done = apply_commit(branch, row, [&] { return log_reference(text); });
        if (!done) { return done.error(); }
        return row.id;
    });
}

status engine::apply_commit(live_branch& branch, const commit_row& row, logging log) {
    prepare(branch);
    catalog changed(catalog_.rows());
    changed.put_commit(row, branch.shown().keys);
    if (const status logged = apply_catalog(std::move(changed), log); !logged) { return logged; }
    branch.row.head = row.id;
    branch.row.uncommitted = false;
    branch.row.changed = row.time;
    branch.in_catalog = false;
    branch.point_due = false;  // the commit is a version of this state
    branch.last_point = clock_.elapsed();
    head_.time = std::max(head_.time, row.time);
    snapshot_state committed = branch.shown();
    committed.time = row.time;
    show(branch, std::move(committed));
    return {};
}

result<commit_row> engine::commit_info(const commit_id& id) {
    const std::lock_guard lock(mutex_);
    return caught([&]() -> result<commit_row> {
        auto row = catalog_.commit(id);
        if (!row) { return error{errc::not_found, "no commit " + to_hex(id)}; }
        return std::move(*row);
    });
}

std::vector<engine::tag_row> engine::tags() {
    const std::lock_guard lock(mutex_);
    std::vector<tag_row> rows;
    catalog_.for_each_name([&](std::string_view name, const name_row& row) {
        if (row.tag) { rows.push_back({std::string(name), row.commit}); }
        return true;
    });
    return rows;
}

status engine::create_tag(std::string_view name, std::string_view reference) {
    if (const status valid = check_name(name); !valid) { return valid; }
    const std::lock_guard lock(mutex_);
    return caught([&]() -> status {
        if (catalog_.name(name)) { return error{errc::exists, "the name '" + std::string(name) + "' is taken"}; }
        const auto commit = resolve_commit(reference);
        if (!commit) { return commit.error(); }
        std::string text;
        append_primitive(text, primitive::create_tag);
        append_text(text, name);
        text.append(reinterpret_cast<const char*>(commit->data()), commit->size());
        catalog changed(catalog_.rows());
        changed.put_name(name, {true, 0, *commit});
        return apply_catalog(std::move(changed), [&] { return log_reference(text); });
    });
}

status engine::drop_tag(std::string_view name) {
    const std::lock_guard lock(mutex_);
    return caught([&]() -> status {
        const auto row = catalog_.name(name);
        if (!row || !row->tag) { return error{errc::not_found, "no tag '" + std::string(name) + "'"}; }
        std::string text;
        append_primitive(text, primitive::drop_tag);
        append_text(text, name);
        catalog changed(catalog_.rows());
        changed.erase_name(name);
        return apply_catalog(std::move(changed), [&] { return log_reference(text); });
    });
}

// ---- history

result<version_history> engine::versions(std::string_view reference) {
    const std::lock_guard lock(mutex_);
    return caught([&]() -> result<version_history> {
        const auto resolved = resolve_locked(reference);
        if (!resolved) { return resolved.error(); }
        catalog rows(catalog_.rows().through(reading_));
        const auto parsed = parse_reference(reference, clock_.now());
        const auto name = rows.name(parsed->base);
        const snapshot_pin held = pin(rows.rows());
        if (name && !name->tag && !parsed->back) {
            const auto branch = handle(name->branch);
            if (!branch) { return branch.error(); }
            version_history versions(std::move(rows), held, name->branch, (*branch)->row.head);
            if (parsed->time) { versions.as_of(*parsed->time); }
            return versions;
        }
        return version_history(std::move(rows), held, std::get<commit_named>(resolved->name).id);
    });
}

result<std::vector<version_row>> engine::history(std::string_view reference, const history_query& query) {
    auto all = versions(reference);
    if (!all) { return all.error(); }
    return caught([&]() -> result<std::vector<version_row>> {
        all->until(query.until);
        if (!query.points) { all->commits_only(); }
        std::vector<version_row> rows;
        for (version_row row; rows.size() < query.count && all->next(row) && row.time >= query.since;) {
            rows.push_back(std::move(row));
        }
        return rows;
    });
}

result<microseconds_utc> engine::history_begin(std::string_view name) {
    const std::lock_guard lock(mutex_);
    return caught([&]() -> result<microseconds_utc> {
        const auto branch = named(name);
        if (!branch) { return branch.error(); }
        const auto oldest = catalog_.oldest_version((*branch)->id);
        return oldest ? oldest->time : (*branch)->row.changed;
    });
}

result<std::vector<reflog_row>> engine::reflog(std::string_view name, std::size_t count) {
    const std::lock_guard lock(mutex_);
    return caught([&]() -> result<std::vector<reflog_row>> {
        const auto branch = named(name);
        if (!branch) { return branch.error(); }
        return held_names(catalog(catalog_.rows().through(reading_)), {}).reflog((*branch)->id, count);
    });
}

// ---- rewind

/// A reference that goes on meaning this version, as long as that is kept.
std::string engine::absolute_reference(const resolved_version& of) {
    if (const auto* commit = std::get_if<commit_named>(&of.name)) { return to_hex(commit->id); }
    if (const auto* point = std::get_if<point_of>(&of.name)) { return of.branch + "@" + format_time(point->time); }
    const auto branch = handle(std::get<current_of>(of.name).branch);
    return branch ? time_reference((*branch)->row, (*branch)->row.changed) : of.branch;
}

status engine::rewind(live_branch& branch, std::string_view reference) {
    const std::lock_guard lock(mutex_);
    return caught([&]() -> status {
        if (branch.dropped) { return error{errc::not_found, "the branch '" + branch.row.name + "' was deleted"}; }
        const auto resolved = resolve_locked(reference);
        if (!resolved) { return resolved.error(); }
        if (options_.one_writer) { publish(branch); }
        if (branch.point_due) { make_point(branch); }  // what it says now stays reachable by its time
        std::optional<commit_id> head = branch.row.head;
        if (const auto* named = std::get_if<commit_named>(&resolved->name)) { head = named->id; }
        const bool commit = std::holds_alternative<commit_named>(resolved->name);
        reflog_row entry;
        entry.before = time_reference(branch.row, branch.row.changed);
        entry.after = absolute_reference(*resolved);
        entry.action = "rewind to " + std::string(reference);
        entry.time = stamp();
        std::string text;
        append_primitive(text, primitive::rewind);
        append_varint(text, branch.id);
        append_version(text, resolved->name);
        text.push_back(static_cast<char>(commit ? 1 : 0));
        append_number(text, entry.time);
        append_text(text, entry.action);
        append_text(text, entry.before);
        append_text(text, entry.after);
        return apply_rewind(branch, resolved->state, commit ? head : std::nullopt, entry,
                            [&] { return log_reference(text); });
    });
}

status engine::apply_rewind(live_branch& branch, const snapshot_state& to, const std::optional<commit_id>& head,
                            const reflog_row& entry, logging log) {
    prepare(branch);
    catalog changed(catalog_.rows());
    changed.put_reflog(branch.id, entry);
    if (const status logged = apply_catalog(std::move(changed), log); !logged) { return logged; }
    branch.keys = to.keys.through(branch.context);
    branch.spaces = to.spaces;
    mark_unpublished(branch);
    head_.time = std::max(head_.time, entry.time);
    publish(branch);
    if (head) {
        branch.row.head = head;
        branch.row.uncommitted = false;
    }
    return {};
}

// ---- restore points

void engine::make_points() {
    const auto now = clock_.elapsed();
    const auto is_due = [now](const live_branch& branch) { return now - branch.last_point >= branch.point_interval; };
    // The one writer has others to serve: the rest has its points at the next tick.
    std::size_t left = options_.one_writer ? points_per_tick : std::numeric_limits<std::size_t>::max();
    for (auto at = live_.begin(); at != live_.end() && left > 0; ++at) {
        live_branch& branch = *at->second;
        if (!(branch.point_due || branch.unpublished) || !is_due(branch)) { continue; }
        if (options_.one_writer) { publish(branch); }
        if (!branch.point_due) { continue; }
        make_point(branch);
        --left;
    }
    const std::uint64_t budget = history_budget_.load(std::memory_order_relaxed);
    while (head_.point_bytes > budget && drop_oldest_point()) {}
    for (std::size_t most = points_per_tick; surplus_points_ > 0 && most > 0; --most) {
        surplus_points_ = drop_oldest_point() ? surplus_points_ - 1 : 0;
    }
}

void engine::make_point(live_branch& branch) {
    const std::uint64_t held = branch.edits.copied_bytes + branch.edits.replaced_bytes;
    // What was replaced again and again counts each time; a version holds no more than there was.
    std::uint64_t cost = held - std::min(held, branch.held_at_point);
    const std::uint64_t in_memory = pool_.figures().bytes;
    const std::uint64_t live = live_bytes_ != 0 ? live_bytes_ : in_memory - std::min(in_memory, head_.point_bytes);
    cost = std::min(cost, live);
    std::string text;
    append_primitive(text, primitive::point);
    append_varint(text, branch.id);
    append_number(text, branch.shown().time);
    append_varint(text, cost);
    const auto log = [&] { return log_reference(text); };
    if (!apply_point(branch, branch.shown().time, cost, log)) { return; }
    branch.held_at_point = held;
    branch.last_point = clock_.elapsed();
    // History of a branch that is written all over would eat the budget in minutes: it becomes coarser.
    const bool dear = cost > history_budget_.load(std::memory_order_relaxed) / point_share;
    branch.point_interval = dear ? std::min(branch.point_interval * 2, point_interval_max)
                                 : std::max(branch.point_interval / 2, options_.point_interval);
}

status engine::apply_point(live_branch& branch, microseconds_utc time, std::uint64_t cost, logging log) {
    catalog changed(catalog_.rows());
    changed.put_point(branch.id, time, cost, branch.shown());
    changed.put_branch(branch.row, branch.shown());  // bit by bit: else a checkpoint's cut does it for all at once
    if (const status logged = apply_catalog(std::move(changed), log); !logged) { return logged; }
    head_.point_bytes += cost;
    head_.time = std::max(head_.time, time);
    branch.point_due = false;
    branch.in_catalog = true;
    return {};
}

/// False when there is none, or the log takes nothing.
bool engine::drop_oldest_point() {
    const auto oldest = catalog_.oldest_point();
    if (!oldest) {
        head_.point_bytes = 0;
        return false;
    }
    std::string text;
    append_primitive(text, primitive::drop_point);
    append_varint(text, oldest->branch);
    append_number(text, oldest->time);
    catalog changed(catalog_.rows());
    const std::uint64_t held = changed.erase_point(oldest->branch, oldest->time);
    // On a full disk the log takes nothing, and a crash before the next checkpoint may bring the point back.
    const auto log = [&]() -> status { return short_of_disk_ ? status{} : log_reference(text); };
    if (!apply_catalog(std::move(changed), log)) { return false; }
    head_.point_bytes -= std::min(head_.point_bytes, held);
    return true;
}

void engine::drop_oldest_points(std::size_t most) {
    const std::lock_guard lock(mutex_);
    if (failed_) { return; }
    try {
        for (; most > 0 && drop_oldest_point(); --most) {}
    } catch (const std::exception&) {  // no memory, or a page of the catalog that cannot be read: asked again later
    }
}

}  // namespace coppice
