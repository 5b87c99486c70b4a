// store/store.cpp: the store that programs embed, on the engine.
#include "coppice/store.hpp"

#include <algorithm>

#include <coppice/base/assert.hpp>
#include <coppice/base/limits.hpp>

#include "store/diff.hpp"
#include "store/inside.hpp"

namespace coppice {

/// Makes handles, and opens them.
struct store_inside {
    static result<store> open(storage where, const store_options& options) {
        engine_options inside;
        inside.sync = options.sync;
        inside.history_budget = options.history_budget;
        inside.background = options.background;
        inside.checkpoint_log_bytes = options.checkpoint_log_bytes;
        inside.checkpoint_interval = options.checkpoint_interval;
        inside.point_interval = options.restore_point_interval;
        const clock_source& clock = options.clock != nullptr ? *options.clock : system_clock();
        auto opened = engine::open(std::move(where), inside, clock);
        if (!opened) { return opened.error(); }
        auto core = std::make_shared<store_core>(std::move(*opened));
        core->inside->kept_by(core);
        return store(std::make_shared<store_users>(std::move(core)));
    }
    static milliseconds_utc now(const engine& of) noexcept { return of.clock().now() / 1000; }
    static snapshot hold(counted_ptr<const branch_version> held, milliseconds_utc now) noexcept {
        return {std::move(held), now};
    }
    static const snapshot_state& state(const snapshot& of) noexcept { return of.held_->state; }
    static branch make(const std::shared_ptr<store_users>& users, branch_handle live) {
        return {users, std::move(live)};
    }
    static editor edit(edit_state& state, milliseconds_utc now) noexcept {
        return {state, state.branch.keys, state.branch.spaces, now, 0};
    }
    static void bind(key_difference& to, const key_change& change, const version_diff& diff) noexcept {
        to.change_ = &change;
        to.diff_ = &diff;
    }
};

namespace {

commit_info info_of(commit_row row) {
    return {row.id, std::move(row.parents), row.time, std::move(row.author), std::move(row.message)};
}

/// One transaction less, however it ended.
struct pending_end {
    std::atomic<std::uint64_t>& pending;
    ~pending_end() { pending.fetch_sub(1, std::memory_order_relaxed); }
};

part_difference::place place_of(part_kind kind) noexcept {
    switch (kind) {
        case part_kind::type: return part_difference::place::type;
        case part_kind::deadline: return part_difference::place::deadline;
        case part_kind::value: return part_difference::place::value;
        case part_kind::bytes: return part_difference::place::bytes;
        case part_kind::field: return part_difference::place::field;
        case part_kind::member: return part_difference::place::member;
        case part_kind::run: break;
    }
    return part_difference::place::run;
}

}  // namespace

// ---- snapshot

snapshot::snapshot(counted_ptr<const branch_version> held, milliseconds_utc now) noexcept
    : view(held->state.keys, held->state.spaces, now), held_(std::move(held)) {}
snapshot::snapshot(const snapshot& from) noexcept = default;
snapshot& snapshot::operator=(const snapshot& from) noexcept = default;
snapshot::~snapshot() = default;

snapshot snapshot::database(unsigned number) const noexcept {
    COPPICE_ASSERT(number < limits::key_spaces);
    snapshot other(*this);
    other.database_ = number;
    return other;
}

version_id snapshot::version() const noexcept { return version_id{held_->state.time}; }

// ---- branch

branch::branch(std::shared_ptr<store_users> users, std::shared_ptr<live_branch> live) noexcept
    : users_(std::move(users)), live_(std::move(live)) {}

std::string branch::name() const { return users_->core->inside->name_of(*live_); }

snapshot branch::read() const noexcept {
    engine& inside = *users_->core->inside;
    return store_inside::hold(inside.hold(*live_), store_inside::now(inside));
}

void branch::lend(function_ref<void(const view&)> f) const {
    const milliseconds_utc now = store_inside::now(*users_->core->inside);
    live_->current.with([&](const branch_version& shown) { f(view_inside::make(shown.state, now)); });
}

result<snapshot> branch::run_and_read(function_ref<status(editor&)> f) {
    counted_ptr<const branch_version> made;
    const auto version = run(f, &made);
    if (!version) { return version.error(); }
    return store_inside::hold(std::move(made), store_inside::now(*users_->core->inside));
}

result<version_id> branch::run(function_ref<status(editor&)> f, counted_ptr<const branch_version>* made) {
    store_core& core = *users_->core;
    engine& inside = *core.inside;
    edit_state state{inside, *live_, live_->writer};
    state.notes.made = made;
    std::chrono::nanoseconds begun{0};
    const auto change = [&](branch_writer&) -> status {
        begun = inside.clock().elapsed();
        editor edit = store_inside::edit(state, store_inside::now(inside));
        const status done = f(edit);
        return done ? state.failed : done;
    };
    core.transactions_pending.fetch_add(1, std::memory_order_relaxed);
    const pending_end ended{core.transactions_pending};
    const status done = inside.transact(*live_, change, &state.notes);
    if (!done) {
        core.transactions_failed.fetch_add(1, std::memory_order_relaxed);
        if (done.error().code == errc::conflict) { core.conflicts.fetch_add(1, std::memory_order_relaxed); }
        return done.error();
    }
    core.commit_times.add(inside.clock().elapsed() - begun);
    return version_id{state.notes.version};
}

result<commit_id> branch::commit(std::string_view message, std::string_view author) {
    return users_->core->inside->commit(*live_, message, author);
}

result<branch_memory> branch::memory_usage() const {
    return caught([&]() -> result<branch_memory> {
        const resident_figures now = users_->core->inside->residency_of(*live_).count();
        return branch_memory{now.nodes, now.bytes, now.own_bytes, now.history_bytes};
    });
}

status branch::rewind(std::string_view reference) {
    const std::lock_guard turn(live_->turn);  // the working root is moved
    return users_->core->inside->rewind(*live_, reference);
}

// ---- opening and closing

store::store(std::shared_ptr<store_users> users) noexcept : users_(std::move(users)) {}

result<store> store::open(const std::filesystem::path& path, const store_options& options) {
    auto where = open_directory_storage(path);
    if (!where) { return where.error(); }
    return store_inside::open(std::move(*where), options);
}

result<store> store::open_memory(const store_options& options) {
    return store_inside::open(open_memory_storage(), options);
}

status store::close() {
    status closed = users_->core->inside->close();
    users_.reset();
    return closed;
}

// ---- branches

result<branch> store::branch(std::string_view name) {
    auto live = users_->core->inside->branch(name);
    if (!live) { return live.error(); }
    return store_inside::make(users_, std::move(*live));
}

result<branch> store::create_branch(std::string_view name, std::string_view from) {
    const std::lock_guard names(users_->core->references);
    branch_handle live;
    const auto made = users_->core->inside->create_branch(name, from, &live);
    if (!made) { return made.error(); }
    return store_inside::make(users_, std::move(live));
}

status store::drop_branch(std::string_view name) {
    const std::lock_guard names(users_->core->references);
    auto live = users_->core->inside->branch(name);
    if (!live) { return live.error(); }
    const std::lock_guard turn((*live)->turn);  // the working root is cleared
    return users_->core->inside->drop_branch(name);
}

status store::rename_branch(std::string_view name, std::string_view next) {
    const std::lock_guard names(users_->core->references);
    return users_->core->inside->rename_branch(name, next);
}

result<std::vector<branch_info>> store::branches() {
    return caught([&]() -> result<std::vector<branch_info>> {
        std::vector<branch_info> all;
        for (branch_row& row : users_->core->inside->branches()) {
            all.push_back({std::move(row.name), row.created, row.changed, row.head, row.uncommitted});
        }
        return all;
    });
}

// ---- versions

result<snapshot> store::at(std::string_view reference) {
    auto resolved = users_->core->inside->resolve(reference);
    if (!resolved) { return resolved.error(); }
    const milliseconds_utc then = resolved->state.time / 1000;
    auto* held = new branch_version(std::move(resolved->state));
    held->keeper = users_->core;
    held->name = std::move(resolved->name);
    return store_inside::hold(counted_ptr<const branch_version>::adopt(held), then);
}

status store::create_tag(std::string_view name, std::string_view reference) {
    return users_->core->inside->create_tag(name, reference);
}

status store::drop_tag(std::string_view name) { return users_->core->inside->drop_tag(name); }

result<std::vector<tag_info>> store::tags() {
    return caught([&]() -> result<std::vector<tag_info>> {
        std::vector<tag_info> all;
        for (auto& row : users_->core->inside->tags()) { all.push_back({std::move(row.name), row.commit}); }
        return all;
    });
}

result<commit_info> store::commit(const commit_id& id) {
    auto row = users_->core->inside->commit_info(id);
    if (!row) { return row.error(); }
    return info_of(std::move(*row));
}

result<std::vector<version_info>> store::history(std::string_view reference, const history_range& range) {
    auto rows = users_->core->inside->history(reference, {range.since, range.until, range.count, range.restore_points});
    if (!rows) { return rows.error(); }
    std::vector<version_info> all;
    for (version_row& row : *rows) {
        all.push_back({version_id{row.time}, std::nullopt});
        if (row.commit) { all.back().commit = info_of(std::move(*row.commit)); }
    }
    return all;
}

result<std::vector<reflog_info>> store::reflog(std::string_view branch, std::size_t count) {
    auto rows = users_->core->inside->reflog(branch, count);
    if (!rows) { return rows.error(); }
    std::vector<reflog_info> all;
    for (reflog_row& row : *rows) {
        all.push_back({row.time, std::move(row.action), std::move(row.before), std::move(row.after)});
    }
    return all;
}

// ---- differences

status store::diff(std::string_view before, std::string_view after, visitor<const key_difference&> show,
                   const difference_scope& within) {
    const auto old_version = at(before);
    if (!old_version) { return old_version.error(); }
    const auto new_version = at(after);
    if (!new_version) { return new_version.error(); }
    return diff(*old_version, *new_version, show, within);
}

status store::diff(const snapshot& before, const snapshot& after, visitor<const key_difference&> show,
                   const difference_scope& within) {
    if (!view_inside::of_one_store(before, after)) { return view_inside::other_store(); }
    return caught([&]() -> status {
        version_diff all(store_inside::state(before), store_inside::state(after),
                         {within.database, within.prefix, within.key});
        key_change change;
        while (all.next(change)) {
            key_difference told;
            told.kind = change.kind;
            told.database = change.database;
            told.key = change.key;
            if (change.before) { told.before = change.before->type; }
            if (change.after) { told.after = change.after->type; }
            store_inside::bind(told, change, all);
            if (!show(told)) { break; }
        }
        return {};
    });
}

status key_difference::for_each_part(visitor<const part_difference&> show) const {
    return caught([&]() -> status {
        key_parts parts(*static_cast<const version_diff*>(diff_), *static_cast<const key_change*>(change_));
        part_change change;
        while (parts.next(change)) {
            part_difference told;
            told.what = place_of(change.what);
            told.kind = change.kind;
            told.name = change.name;
            change.before.append_to(told.before);
            change.after.append_to(told.after);
            told.run = change.run;
            told.deadline_before = change.deadline_before;
            told.deadline_after = change.deadline_after;
            if (!show(told)) { break; }
        }
        return {};
    });
}

// ---- upkeep

status store::checkpoint() { return users_->core->inside->checkpoint(); }
status store::sync() { return users_->core->inside->sync_now(); }
result<clean_up_report> store::clean_up() {
    return caught([&] { return users_->core->inside->clean_up(); });
}
void store::make_restore_points() { users_->core->inside->tick(); }

result<store_metrics> store::metrics() {
    const store_core& core = *users_->core;
    auto figures = caught([&]() -> result<engine_figures> { return core.inside->figures(); });
    if (!figures) { return figures.error(); }
    engine_figures& now = *figures;
    store_metrics told;
    told.active_readers = now.readers;
    told.snapshots = now.snapshots;
    told.oldest_snapshot = now.snapshot_age;
    told.branches = now.branches;
    told.commits = now.commits;
    told.restore_points = now.points;
    told.restore_point_bytes = now.point_bytes;
    told.transactions = core.commit_times.count();
    told.transactions_pending = core.transactions_pending.load(std::memory_order_relaxed);
    told.transactions_failed = core.transactions_failed.load(std::memory_order_relaxed);
    told.conflicts = core.conflicts.load(std::memory_order_relaxed);
    told.commit_time = core.commit_times.sum();
    told.commit_time_p99 = core.commit_times.quantile(0.99);
    told.commit_time_max = core.commit_times.longest();
    told.edits_in_place = now.edits.in_place;
    told.nodes_copied = now.edits.copied;
    told.bytes_copied = now.edits.copied_bytes;
    told.nodes_loaded = now.pool.loads;
    told.checkpoints = now.checkpoints;
    told.checkpoint_bytes = now.checkpoint_bytes;
    told.clean_ups = now.clean_ups;
    told.nodes_retired = now.nodes_retired;
    told.log_bytes = now.log_bytes;
    told.disk_bytes = now.disk_bytes;
    told.read_only = now.read_only;
    told.trouble = std::move(now.trouble);
    return told;
}

memory_report store::memory_usage() {
    const pool_figures now = users_->core->inside->pool().figures();
    return {now.nodes, now.bytes, now.garbage_nodes};
}

result<std::vector<std::string>> store::verify() {
    return caught([&]() -> result<std::vector<std::string>> {
        std::vector<std::string> wrong;
        for (const finding& each : users_->core->inside->verify()) { wrong.push_back(each.where + ": " + each.what); }
        return wrong;
    });
}

status store::backup(const std::filesystem::path& target) { return users_->core->inside->backup(target); }

}  // namespace coppice
