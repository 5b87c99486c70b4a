// store/engine.cpp: opening, branches, turns and the background.
#include "store/engine.hpp"

#include <algorithm>

#include <coppice/base/random.hpp>

#include "store/primitives.hpp"
#include "store/reference.hpp"

namespace coppice {
namespace {

constexpr std::size_t garbage_per_tick = 4096;
constexpr std::size_t record_bytes_beside = 256;  // more than a record's frame and header take
constexpr std::chrono::milliseconds background_interval{20};

/// Runs `body`, whose nodes may fail to load: the store's API speaks in results.
template <class Body>
auto caught(Body&& body) -> decltype(body()) {
    try {
        return body();
    } catch (const load_error& failure) {
        return failure.cause();
    }
}

}  // namespace

live_branch::live_branch(node_pool& pool, const engine_options& options, branch_id id_given)
    : id(id_given),
      context{.pool = &pool, .sizes = options.sizes, .may_wait = options.wait_for_loads},
      keys(context, keyed_records),
      writer(id_given, keys, spaces),
      published{tree(context, keyed_records), spaces_in_order, 0, id_given, {}},
      point_interval(options.point_interval) {}

engine::engine(storage where, const engine_options& options, const clock_source& clock)
    : where_(std::move(where)),
      options_(options),
      clock_(clock),
      source_(*where_.nodes),
      pool_(&source_),
      reading_{.pool = &pool_, .sizes = options.sizes},
      catalog_context_{.pool = &pool_, .sizes = options.sizes},
      catalog_(catalog_context_),
      sync_(options.sync),
      history_budget_(options.history_budget) {}

result<std::unique_ptr<engine>> engine::open(storage where, const engine_options& options, const clock_source& clock) {
    std::unique_ptr<engine> opened(new engine(std::move(where), options, clock));
    const status state = caught([&] { return opened->open_state(); });
    if (!state) { return state.error(); }
    if (options.background) {
        opened->background_ = std::thread([raw = opened.get()] { raw->run_background(); });
        opened->syncer_ = std::thread([raw = opened.get()] { raw->run_sync(); });
    }
    return opened;
}

engine::~engine() {
    {
        const std::lock_guard lock(work_mutex_);
        stopping_ = true;
    }
    work_.notify_all();
    cut_taken_.notify_all();
    sync_work_.notify_all();
    if (background_.joinable()) { background_.join(); }
    if (syncer_.joinable()) { syncer_.join(); }
}

status engine::open_state() {
    auto stored = where_.heads->read("store");
    if (!stored) { return stored.error(); }
    last_cut_ = clock_.elapsed();
    if (!*stored) { return make_new(); }
    auto head = decode_head((**stored).bytes);
    if (!head) { return head.error(); }
    head_ = durable_head_ = std::move(*head);
    token_ = (**stored).token;
    if (head_.root != node_id::none) {
        node* root = pool_.open(head_.root, head_.root_seal, true);
        catalog_ = catalog(tree(catalog_context_, keyed_records, root, head_.root_count));
    }
    const auto replayed = where_.log->replay(head_.next_record, [&](log_sequence, std::string_view record) {
        return caught([&] { return apply_record(record); });
    });
    if (!replayed) { return replayed.error(); }
    cut_ = replayed->cut;
    logged_ = replayed->next;
    figures_.log_bytes = replayed->bytes;
    figures_.log_records = replayed->records;
    durable_.store(logged_, std::memory_order_release);
    publish_all();
    return {};
}

status engine::make_new() {
    const std::uint64_t halves[2] = {random_seed(), random_seed()};
    std::memcpy(head_.uuid.data(), halves, sizeof halves);
    head_.time = clock_.now();
    logged_ = where_.log->next();
    head_.next_record = logged_;
    durable_.store(logged_, std::memory_order_release);
    apply_create(main_branch, "main", {tree(catalog_context_, keyed_records), spaces_in_order, head_.time, main_branch, {}},
                 std::nullopt, true, head_.time);
    durable_head_ = head_;
    return write_checkpoint();
}

status engine::close() {
    status closed = checkpoint();
    const status synced = where_.log->sync();
    return closed ? synced : closed;
}

// ---- branches

result<branch_handle> engine::handle(branch_id id) {
    if (const auto found = live_.find(id); found != live_.end()) { return found->second; }
    auto row = catalog_.branch(id);
    if (!row) { return error{errc::not_found, "no branch with number " + std::to_string(id)}; }
    auto state = catalog_.branch_state(id);
    auto made = std::make_shared<live_branch>(pool_, options_, id);
    made->row = std::move(*row);
    made->keys = state->keys.through(made->context);
    made->spaces = state->spaces;
    made->published = {state->keys.through(reading_), state->spaces, made->row.changed, id, {}};
    live_.emplace(id, made);
    return made;
}

result<branch_handle> engine::named(std::string_view name) {
    const auto row = catalog_.name(name);
    if (!row) { return error{errc::not_found, "no branch '" + std::string(name) + "'"}; }
    if (row->tag) { return error{errc::invalid, "'" + std::string(name) + "' is a tag: expected a branch"}; }
    return handle(row->branch);
}

result<branch_handle> engine::branch(std::string_view name) {
    const std::lock_guard lock(mutex_);
    return caught([&] { return named(name); });
}

result<branch_row> engine::branch_info(std::string_view name) {
    const std::lock_guard lock(mutex_);
    return caught([&]() -> result<branch_row> {
        auto found = named(name);
        if (!found) { return found.error(); }
        if (options_.one_writer) { publish(**found); }
        return (*found)->row;
    });
}

std::vector<branch_row> engine::branches() {
    const std::lock_guard lock(mutex_);
    if (options_.one_writer) { publish_all(); }
    std::vector<branch_row> rows;
    catalog_.for_each_name([&](std::string_view, const name_row& row) {
        if (row.tag) { return true; }
        const auto live = live_.find(row.branch);
        rows.push_back(live != live_.end() ? live->second->row : *catalog_.branch(row.branch));
        return true;
    });
    return rows;
}

result<branch_row> engine::create_branch(std::string_view name, std::string_view from) {
    if (const status valid = check_name(name); !valid) { return valid.error(); }
    const std::lock_guard lock(mutex_);
    return caught([&]() -> result<branch_row> {
        if (catalog_.name(name)) { return error{errc::exists, "the name '" + std::string(name) + "' is taken"}; }
        const auto source = resolve_locked(from);
        if (!source) { return source.error(); }
        std::optional<commit_id> head;
        bool uncommitted = true;
        if (const auto* commit = std::get_if<commit_named>(&source->name)) {
            head = commit->id;
            uncommitted = false;
        } else if (const auto branch = handle(source->state.branch)) {
            head = (*branch)->row.head;
            uncommitted = std::holds_alternative<point_of>(source->name) || (*branch)->row.uncommitted;
        }
        const microseconds_utc time = stamp();
        const branch_id id = head_.next_branch;
        std::string text;
        append_primitive(text, primitive::create_branch);
        append_varint(text, id);
        append_text(text, name);
        append_version(text, source->name);
        text.push_back(static_cast<char>((head ? 1U : 0U) | (uncommitted ? 2U : 0U)));
        if (head) { text.append(reinterpret_cast<const char*>(head->data()), head->size()); }
        append_number(text, time);
        apply_create(id, name, source->state, head, uncommitted, time);
        log_reference(text);
        if (const status done = finish_change(); !done) { return done.error(); }
        return *catalog_.branch(id);
    });
}

void engine::apply_create(branch_id id, std::string_view name, const snapshot_state& from, const std::optional<commit_id>& head,
                          bool uncommitted, microseconds_utc time) {
    branch_row row;
    row.id = id;
    row.name = name;
    row.created = row.changed = time;
    row.spaces = from.spaces;
    row.head = head;
    row.uncommitted = uncommitted;
    catalog changed(catalog_.rows());  // both records or none
    changed.put_branch(row, from);
    changed.put_name(name, {false, id, {}});
    catalog_ = std::move(changed);
    head_.next_branch = std::max(head_.next_branch, id + 1);
    head_.time = std::max(head_.time, time);
}

status engine::drop_branch(std::string_view name) {
    const std::lock_guard lock(mutex_);
    return caught([&]() -> status {
        auto found = named(name);
        if (!found) { return found.error(); }
        if ((*found)->id == main_branch) { return error{errc::invalid, "the branch 'main' cannot be deleted"}; }
        std::string text;
        append_primitive(text, primitive::drop_branch);
        append_varint(text, (*found)->id);
        apply_drop(**found);
        log_reference(text);
        return finish_change();
    });
}

void engine::apply_drop(live_branch& branch) {
    catalog changed(catalog_.rows());
    head_.point_bytes -= std::min(head_.point_bytes, changed.erase_branch(branch.row));
    catalog_ = std::move(changed);
    branch.dropped = true;
    std::erase(unpublished_, &branch);
    // Whoever still holds the handle must not keep the data.
    branch.keys.clear();
    branch.published.keys.clear();
    live_.erase(branch.id);
}

status engine::rename_branch(std::string_view name, std::string_view next) {
    if (const status valid = check_name(next); !valid) { return valid; }
    const std::lock_guard lock(mutex_);
    return caught([&]() -> status {
        auto found = named(name);
        if (!found) { return found.error(); }
        if ((*found)->id == main_branch) { return error{errc::invalid, "the branch 'main' cannot be renamed"}; }
        if (catalog_.name(next)) { return error{errc::exists, "the name '" + std::string(next) + "' is taken"}; }
        std::string text;
        append_primitive(text, primitive::rename_branch);
        append_varint(text, (*found)->id);
        append_text(text, next);
        apply_rename(**found, next);
        log_reference(text);
        return finish_change();
    });
}

void engine::apply_rename(live_branch& branch, std::string_view next) {
    catalog changed(catalog_.rows());
    branch_row row = branch.row;
    changed.erase_name(row.name);
    row.name = next;
    changed.put_name(next, {false, branch.id, {}});
    changed.put_branch(row, branch.published);
    catalog_ = std::move(changed);
    branch.row = std::move(row);
}

// ---- turns

microseconds_utc engine::stamp() {
    head_.time = std::max(clock_.now(), head_.time + 1);
    return head_.time;
}

void engine::mark_unpublished(live_branch& branch) {
    if (branch.unpublished) { return; }
    unpublished_.push_back(&branch);
    branch.unpublished = true;
}

/// Takes the working root over as what everybody may see.  Requires: the branch's turn.
void engine::publish(live_branch& branch) {
    if (!branch.unpublished) { return; }
    branch.row.changed = stamp();
    branch.row.spaces = branch.spaces;
    branch.row.uncommitted = true;
    branch.published = {branch.keys.through(reading_), branch.spaces, branch.row.changed, branch.id, {}};
    branch.in_catalog = false;
    branch.point_due = true;
    branch.unpublished = false;
    std::erase(unpublished_, &branch);
}

void engine::publish_all() {
    while (!unpublished_.empty()) { publish(*unpublished_.back()); }
}

status engine::reserve(std::uint64_t bytes) {
    if (failed_) { return *failed_; }
    return where_.log->reserve(batch_.size_bytes() + bytes);
}

void engine::record(live_branch& branch) {
    if (branch.writer.log_text().empty()) { return; }
    batch_.begin_record();
    std::string& text = batch_.buffer();
    text.push_back(static_cast<char>(log_record_format));
    append_varint(text, branch.id);
    text.append(branch.writer.log_text());
    batch_.end_record();
    branch.writer.clear_log();
    mark_unpublished(branch);
}

void engine::log_reference(std::string_view text) {
    batch_.begin_record();
    batch_.buffer().push_back(static_cast<char>(log_record_format));
    batch_.buffer().push_back(0);  // no branch: references of any
    batch_.append(text);
    batch_.end_record();
}

status engine::fail(const error& cause) {
    failed_ = error{errc::read_only, "the store takes no writes until it is reopened: " + cause.context};
    trouble_ = cause;
    batch_.clear();
    return cause;
}

status engine::finish_change() {
    if (options_.one_writer) { return {}; }
    const auto written = where_.log->write(batch_);
    if (!written) { return fail(written.error()); }
    figures_.log_bytes += batch_.size_bytes();
    figures_.log_records += batch_.records();
    batch_.clear();
    logged_ = where_.log->next();
    if (sync_.load(std::memory_order_relaxed) == durability::always) {
        if (const status synced = where_.log->sync(); !synced) { return fail(synced.error()); }
    }
    durable_.store(logged_, std::memory_order_release);
    return {};
}

result<log_sequence> engine::end_turn() {
    if (!batch_.empty()) {
        if (failed_) { return *failed_; }
        const auto written = where_.log->write(batch_);
        if (!written) { return fail(written.error()).error(); }
        const std::lock_guard lock(mutex_);
        figures_.log_bytes += batch_.size_bytes();
        figures_.log_records += batch_.records();
        batch_.clear();
        logged_ = where_.log->next();
        if (sync_.load(std::memory_order_relaxed) == durability::always) {
            const std::lock_guard work(work_mutex_);
            sync_wanted_ = logged_;
            sync_work_.notify_one();
        } else {
            durable_.store(logged_, std::memory_order_release);
        }
    }
    if (cut_wanted_.load(std::memory_order_acquire)) {
        std::optional<result<cut>> taken;
        try {
            const std::lock_guard lock(mutex_);
            publish_all();
            taken.emplace(caught([&]() -> result<cut> { return take_cut(); }));
        } catch (const std::bad_alloc&) {
            taken.emplace(error{errc::limit, "checkpoint: out of memory"});
        }
        const std::lock_guard work(work_mutex_);
        taken_ = std::move(taken);
        cut_wanted_.store(false, std::memory_order_release);
        cut_taken_.notify_all();
    }
    return logged_;
}

void engine::on_durable(std::function<void()> wake) {
    const std::lock_guard lock(work_mutex_);
    wake_durable_ = std::move(wake);
}

void engine::on_turn_wanted(std::function<void()> wake) {
    const std::lock_guard lock(work_mutex_);
    wake_turn_ = std::move(wake);
}

status engine::transact(live_branch& branch, function_ref<status(branch_writer&)> change) {
    const std::lock_guard turn(branch.turn);
    if (branch.dropped) { return error{errc::not_found, "the branch '" + branch.row.name + "' was deleted"}; }
    branch_writer& writer = branch.writer;
    return caught([&]() -> status {
        writer.begin_group();
        try {
            const status done = change(writer);
            if (!done) {
                writer.undo_group();
                return done;
            }
            // Logged and published in one moment: a cut sees both or neither.
            const std::lock_guard lock(mutex_);
            const bool changed = !writer.log_text().empty();
            if (const status room = reserve(writer.log_text().size() + record_bytes_beside); !room) {
                writer.undo_group();
                return room;
            }
            record(branch);
            if (const status logged = changed ? finish_change() : status{}; !logged) {
                writer.undo_group();
                return logged;
            }
            writer.end_group();
            publish(branch);
            return {};
        } catch (...) {
            if (writer.in_group()) { writer.undo_group(); }
            throw;
        }
    });
}

snapshot_state engine::read(live_branch& branch) {
    const std::lock_guard lock(mutex_);
    snapshot_state state = branch.published;
    state.pin = pin(state.keys);
    return state;
}

snapshot_state engine::snapshot(live_branch& branch) {
    snapshot_state state{branch.keys.through(reading_), branch.spaces, clock_.now(), branch.id, {}};
    state.pin = pin(state.keys);
    return state;
}

status engine::load(const not_resident& missing) {
    return caught([&]() -> status {
        const node_ptr loaded(pool_, pool_.open(missing.id, missing.seal, true));
        return {};
    });
}

status engine::sync_now() { return where_.log->sync(); }

// ---- the background

void engine::run_sync() {
    std::unique_lock lock(work_mutex_);
    while (!stopping_) {
        const bool always = sync_.load(std::memory_order_relaxed) == durability::always;
        const bool due = sync_wanted_ > durable_.load(std::memory_order_acquire);
        if (!(always && due)) {
            sync_work_.wait_for(lock, std::chrono::seconds(1));
            if (stopping_) { return; }
        }
        if (sync_.load(std::memory_order_relaxed) == durability::no) { continue; }
        const log_sequence target = sync_wanted_;
        lock.unlock();
        const status synced = where_.log->sync();
        lock.lock();
        if (!synced) {
            trouble_at_sync_ = synced.error();
            sync_failed_.store(true, std::memory_order_release);
            return;
        }
        if (target > durable_.load(std::memory_order_acquire)) {
            durable_.store(target, std::memory_order_release);
            if (wake_durable_) { wake_durable_(); }
        }
    }
}

void engine::run_background() {
    std::unique_lock lock(work_mutex_);
    while (!stopping_) {
        work_.wait_for(lock, background_interval);
        if (stopping_) { return; }
        const bool wanted = std::exchange(checkpoint_wanted_, false);
        lock.unlock();
        while (pool_.free_garbage(garbage_per_tick) == garbage_per_tick) {}
        if (!options_.one_writer) { tick(); }
        if (wanted) {
            static_cast<void>(checkpoint());
            checkpoint_running_.store(false, std::memory_order_release);
        }
        lock.lock();
    }
}

void engine::tick() {
    {
        const std::lock_guard lock(mutex_);
        if (failed_) { return; }
        try {
            make_points();
        } catch (const std::exception&) {  // no memory or no disk for a restore point: the next tick tries again
        }
    }
    bool due = false;
    {
        const std::lock_guard lock(mutex_);
        const bool long_ago = clock_.elapsed() - last_cut_ > options_.checkpoint_interval && figures_.log_records > 0;
        due = figures_.log_bytes > options_.checkpoint_log_bytes || long_ago;
    }
    if (due) { static_cast<void>(start_checkpoint()); }
}

bool engine::start_checkpoint() {
    if (!options_.background || checkpoint_running_.exchange(true)) { return false; }
    const std::lock_guard lock(work_mutex_);
    checkpoint_wanted_ = true;
    work_.notify_all();
    return true;
}

engine::cut engine::take_cut() {
    for (auto& [id, branch] : live_) {
        if (branch->in_catalog) { continue; }
        catalog_.put_branch(branch->row, branch->published);
        branch->in_catalog = true;
    }
    last_cut_ = clock_.elapsed();
    figures_.log_bytes = 0;
    figures_.log_records = 0;
    cut taken{catalog_.rows(), head_};
    taken.head.next_record = logged_;
    forget_idle();
    return taken;
}

/// Forgets branches that nobody uses: their records say everything.
void engine::forget_idle() {
    for (auto at = live_.begin(); at != live_.end();) {
        live_branch& branch = *at->second;
        const bool idle = at->second.use_count() == 1 && branch.in_catalog && !branch.point_due && !branch.unpublished &&
                          branch.id != main_branch;
        if (idle) {
            figures_.edits.in_place += branch.context.edits.in_place;
            figures_.edits.copied += branch.context.edits.copied;
            figures_.edits.copied_bytes += branch.context.edits.copied_bytes;
            figures_.edits.split += branch.context.edits.split;
            figures_.edits.merged += branch.context.edits.merged;
        }
        at = idle ? live_.erase(at) : std::next(at);
    }
}

result<engine::cut> engine::wait_for_cut() {
    if (!options_.one_writer || !options_.background || !wake_turn_) {
        const std::lock_guard lock(mutex_);
        publish_all();
        return take_cut();
    }
    std::unique_lock lock(work_mutex_);
    taken_.reset();
    cut_wanted_.store(true, std::memory_order_release);
    wake_turn_();
    cut_taken_.wait(lock, [&] { return taken_.has_value() || stopping_; });
    if (!taken_) { return error{errc::closed, "the store is closing"}; }
    result<cut> taken = std::move(*taken_);
    taken_.reset();
    return taken;
}

status engine::checkpoint() {
    const std::lock_guard one(checkpoint_mutex_);
    status done;
    try {
        done = caught([&] { return write_checkpoint(); });
    } catch (const std::bad_alloc&) {
        done = error{errc::limit, "checkpoint: out of memory"};
    }
    const std::lock_guard lock(mutex_);
    trouble_ = done ? std::nullopt : std::optional<error>(done.error());
    return done;
}

/// The arena whose ids this opening gives: recorded in the head before the first of them is used.
status engine::lease_arena(store_head& head) {
    if (arena_leased_) { return {}; }
    if (head.arena != 0) { head.arenas.emplace_back(head.arena, head.arena_used); }
    ++head.arena;
    head.arena_used = 0;
    store_head leased;
    {
        const std::lock_guard lock(mutex_);
        head_.arenas = head.arenas;
        head_.arena = head.arena;
        head_.arena_used = 0;
        leased = durable_head_;
        leased.arenas = head.arenas;
        leased.arena = head.arena;
        leased.arena_used = 0;
        leased.uuid = head.uuid;
    }
    const auto moved = where_.heads->move_head("store", token_, encode_head(leased));
    if (!moved) { return moved.error(); }
    if (moved->outcome != move_outcome::moved) { return moved->reason.value_or(error{errc::conflict, "the head was moved by somebody else"}); }
    token_ = moved->token;
    arena_leased_ = true;
    return {};
}

status engine::write_checkpoint() {
    auto taken = wait_for_cut();
    if (!taken) { return taken.error(); }
    store_head& head = taken->head;
    if (const status leased = lease_arena(head); !leased) { return leased; }
    node_writer writer(pool_, *where_.nodes, head.arena, arena_next_);
    const tree& rows = taken->catalog_rows;
    const auto write = [&]() -> status {
        // Whatever becomes of this checkpoint, its ids are used up.
        struct advance {
            std::uint32_t& next;
            const node_writer& from;
            ~advance() { next = from.used() + 1; }
        } const advanced{arena_next_, writer};
        if (rows.root() == nullptr) { return {}; }
        if (const status written = writer.write(*rows.root()); !written) { return written; }
        return writer.sync();  // the nodes, before the head that names them
    };
    try {
        const status written = write();
        if (!written) {
            writer.undo();
            if (written.error().code == errc::no_space) { static_cast<void>(where_.nodes->resume()); }
            return written;
        }
    } catch (...) {
        writer.undo();
        throw;
    }
    head.arena_used = writer.used();
    ++head.generation;
    head.nonce = random_seed();
    head.root = rows.root() == nullptr ? node_id::none : static_cast<node_id>(rows.root()->id.load(std::memory_order_relaxed));
    head.root_seal = rows.root() == nullptr ? 0 : rows.root()->seal;
    head.root_count = rows.size();
    const auto moved = where_.heads->move_head("store", token_, encode_head(head));
    if (!moved) { return moved.error(); }
    if (moved->outcome != move_outcome::moved) { return moved->reason.value_or(error{errc::conflict, "the head was moved by somebody else"}); }
    token_ = moved->token;
    {
        const std::lock_guard lock(mutex_);
        head_.generation = head.generation;
        head_.arena_used = head.arena_used;
        durable_head_ = head;
        ++figures_.checkpoints;
        figures_.checkpoint_nodes += writer.nodes();
        figures_.checkpoint_bytes += writer.bytes();
        figures_.last_checkpoint = clock_.now();
    }
    // The head is durable: what the log says below it is not needed any more.
    return where_.log->drop_before(head.next_record);
}

}  // namespace coppice
