// store/engine.cpp: opening, and turns.
#include "store/engine.hpp"

#include <algorithm>

#include <coppice/base/random.hpp>

#include "store/caught.hpp"
#include "store/primitives.hpp"

namespace coppice {
namespace {

constexpr std::size_t record_bytes_beside = 256;  // more than a record's frame and header take
constexpr auto relaxed = std::memory_order_relaxed;

}  // namespace

live_branch::live_branch(node_pool& pool, epoch_domain& epochs, const engine_options& options, branch_id id_given,
                         counted_ptr<branch_version> first)
    : id(id_given),
      context{.pool = &pool, .sizes = options.sizes, .may_wait = options.wait_for_loads},
      keys(context, keyed_records),
      writer(id_given, keys, spaces),
      current(epochs, std::move(first)),
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
    opened->measure_disk();
    if (options.background) {
        opened->background_ = std::thread([raw = opened.get()] { raw->run_background(); });
        opened->syncer_ = std::thread([raw = opened.get()] { raw->run_sync(); });
        opened->cleaner_ = std::thread([raw = opened.get()] { raw->run_clean_up(); });
    }
    return opened;
}

engine::~engine() { end_threads(); }

void engine::end_threads() {
    {
        const std::lock_guard lock(work_mutex_);
        stopping_ = true;
    }
    work_.notify_all();
    cut_taken_.notify_all();
    sync_work_.notify_all();
    clean_work_.notify_all();
    if (background_.joinable()) { background_.join(); }
    if (syncer_.joinable()) { syncer_.join(); }
    if (cleaner_.joinable()) { cleaner_.join(); }
}

status engine::open_state() {
    auto stored = where_.heads->read("store");
    if (!stored) { return stored.error(); }
    last_cut_ = cleaned_.at = clock_.elapsed();
    if (!*stored) { return make_new(); }
    auto head = decode_head((**stored).bytes);
    if (!head) { return head.error(); }
    head_ = durable_head_ = std::move(*head);
    token_ = (**stored).token;
    if (head_.root != node_id::none) {
        node* root = pool_.open(head_.root, head_.root_seal, true);
        catalog_ = catalog(tree(catalog_context_, keyed_records, root, head_.root_count));
    }
    const auto replayed = replay_log();
    if (!replayed) { return replayed.error(); }
    cut_ = replayed->cut;
    logged_ = replayed->next;
    figures_.log_bytes = replayed->bytes;
    figures_.log_records = replayed->records;
    durable_.store(logged_, std::memory_order_release);
    publish_all();
    show_all();
    return {};
}

status engine::make_new() {
    const std::uint64_t halves[2] = {random_seed(), random_seed()};
    std::memcpy(head_.uuid.data(), halves, sizeof halves);
    head_.time = clock_.now();
    logged_ = where_.log->next();
    head_.next_record = logged_;
    durable_.store(logged_, std::memory_order_release);
    branch_row row;
    row.id = main_branch;
    row.name = "main";
    row.created = row.changed = head_.time;
    row.uncommitted = true;
    const status created =
        apply_create(row, {tree(catalog_context_, keyed_records), spaces_in_order, head_.time, main_branch, {}},
                     [] { return status{}; });
    if (!created) { return created; }
    durable_head_ = head_;
    return write_checkpoint();
}

status engine::close() {
    status closed = checkpoint();
    const status synced = where_.log->sync();
    return closed ? synced : closed;
}

// ---- turns

microseconds_utc engine::stamp() {
    head_.time = std::max(clock_.now(), head_.time + 1);
    return head_.time;
}

void engine::mark_unpublished(live_branch& branch) noexcept {
    if (branch.unpublished) { return; }
    unpublished_.push_back(&branch);  // has room: see handle()
    branch.unpublished = true;
}

/// Takes the working root over as what everybody may see.  Requires: the branch's turn.
void engine::publish(live_branch& branch) {
    // Inside EXEC nothing is recorded yet, but what it asks for has to show what it did.
    if (!branch.unpublished && branch.writer.log_text().empty()) { return; }
    prepare(branch);
    branch.shown_in_group = branch.writer.in_group();
    branch.row.changed = stamp();
    branch.row.spaces = branch.spaces;
    branch.row.uncommitted = true;
    branch.edits = branch.context.edits;
    branch.changes = branch.writer.changes();
    branch.in_catalog = false;
    branch.point_due = true;
    if (!branch.unpublished) {
        // in no list
    } else if (unpublished_.back() == &branch) {
        unpublished_.pop_back();  // as publish_all() has it
    } else {
        std::erase(unpublished_, &branch);
    }
    branch.unpublished = false;
    show(branch, {branch.keys.through(reading_), branch.spaces, branch.row.changed, branch.id, {}});
}

counted_ptr<branch_version> engine::make_version() {
    auto made = counted_ptr<branch_version>::adopt(
        new branch_version({tree(reading_, keyed_records), spaces_in_order, 0, 0, {}}));
    made->state.pin = pin(made->state.keys);
    made->state.pin->replaced_at.store(0, relaxed);
    made->keeper = keeper_.lock();
    return made;
}

void engine::prepare(live_branch& branch) {
    if (!branch.next) { branch.next = make_version(); }
}

void engine::show(live_branch& branch, snapshot_state state) noexcept {
    counted_ptr<branch_version> next = std::move(branch.next);
    // Nobody else has seen it: a clean-up looks at pins with the mutex held.
    const auto pin = std::const_pointer_cast<pinned_root>(next->state.pin);
    pin->held = state.keys;
    next->state = std::move(state);
    next->state.pin = pin;
    next->dropped = branch.dropped;
    branch.shown().pin->replaced_at.store(clock_.elapsed().count(), relaxed);
    branch.current.exchange(std::move(next));
}

void engine::undone(live_branch& branch) noexcept {
    if (std::exchange(branch.shown_in_group, false)) { mark_unpublished(branch); }
}

void engine::publish_all() {
    while (!unpublished_.empty()) { publish(*unpublished_.back()); }
}

status engine::reserve(std::uint64_t bytes) {
    record_late();
    // What a failed sync has lost is unknown, so nothing more is promised.
    if (sync_failed_.load(std::memory_order_acquire) && !failed_) { static_cast<void>(fail(*trouble_at_sync_)); }
    if (failed_) { return *failed_; }
    const status room = where_.log->reserve(batch_.size_bytes() + bytes);
    if (!room && room.error().code == errc::no_space) {
        refused_bytes_.store(bytes, std::memory_order_relaxed);
    } else if (const auto refused = refused_bytes_.load(std::memory_order_relaxed); refused != 0 && bytes >= refused) {
        refused_bytes_.store(0, std::memory_order_relaxed);
    }
    return room;
}

void engine::record_or_throw(live_branch& branch) {
    if (branch.writer.log_text().empty()) { return; }
    mark_unpublished(branch);  // whatever becomes of the rest: it says more than it shows
    const log_batch::mark before = batch_.here();
    try {
        std::string begin(1, static_cast<char>(log_record_format));
        append_varint(begin, branch.id);
        branch.writer.hand_over_log(batch_, begin);
    } catch (...) {
        batch_.back_to(before);
        throw;
    }
}

/// Writes what a branch's writer did.  When it fails the branch goes on saying what it shows.
status engine::log_change(live_branch& branch) {
    const auto nothing_new = [&] {
        branch.unpublished = false;
        std::erase(unpublished_, &branch);
    };
    const log_batch::mark before = batch_.here();
    try {
        record_or_throw(branch);
        status logged = finish_change(before);
        if (!logged) { nothing_new(); }
        return logged;
    } catch (...) {
        nothing_new();
        throw;
    }
}

void engine::record(std::span<live_branch* const> branches) noexcept {
    batch_.hold_frame();
    try {
        for (live_branch* branch : branches) { record_or_throw(*branch); }
        if (!late_) { batch_.release_frame(); }
    } catch (const std::bad_alloc&) { late_ = true; }
}

/// Takes over what record() could not, in the frame that is still held.  Nobody names a version before, so branches may
/// come in any order.
void engine::record_late() {
    if (!late_) { return; }
    bool left = false;
    for (const auto& [id, branch] : live_) {
        left = left || branch->writer.in_group();
        if (!branch->writer.in_group()) { record_or_throw(*branch); }
    }
    late_ = left;
    if (!late_) { batch_.release_frame(); }
}

status engine::log_reference(std::string_view text) {
    // Nobody asked for the room of a restore point: on a full disk there is none, and the store goes on.
    if (const status room = reserve(text.size() + record_bytes_beside); !room) { return room; }
    const log_batch::mark before = batch_.here();
    try {
        batch_.begin_record();
        batch_.buffer().push_back(static_cast<char>(log_record_format));
        batch_.buffer().push_back(0);  // no branch: references of any
        batch_.append(text);
        batch_.end_record();
    } catch (...) {
        batch_.back_to(before);
        throw;
    }
    return finish_change(before);
}

status engine::fail(const error& cause) {
    failed_ = error{errc::read_only, "the store takes no writes until it is reopened: " + cause.context};
    trouble_ = cause;
    batch_.clear();
    return cause;
}

/// Counts what was just written to the log.
void engine::count_logged() noexcept {
    figures_.log_bytes += batch_.size_bytes();
    figures_.log_records += batch_.records();
    const bool followed = checkpoint_running_.load(relaxed);
    pace_ = followed ? log_pace(figures_.log_bytes) : log_pace();
    batch_.clear();
    logged_ = where_.log->next();
}

status engine::finish_change(const log_batch::mark& before) {
    if (options_.one_writer) { return {}; }
    try {
        if (const auto written = where_.log->write(batch_); !written) { return fail(written.error()); }
    } catch (...) {
        batch_.back_to(before);
        throw;
    }
    count_logged();
    if (sync_.load(std::memory_order_relaxed) == durability::always) {
        if (const status synced = where_.log->sync(); !synced) { return fail(synced.error()); }
    }
    durable_.store(logged_, std::memory_order_release);
    return {};
}

result<log_sequence> engine::end_turn() {
    try {
        return write_turn();
    } catch (const std::bad_alloc&) { return error{errc::limit, "out of memory"}; }
}

result<log_sequence> engine::write_turn() {
    pace_ = {};
    record_late();
    if (!batch_.empty()) {
        if (failed_) { return *failed_; }
        const auto written = where_.log->write(batch_);
        if (!written) { return fail(written.error()).error(); }
        const std::lock_guard lock(mutex_);
        count_logged();
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
        } catch (const std::bad_alloc&) { taken.emplace(error{errc::limit, "out of memory"}); }
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

status engine::transact(live_branch& branch, function_ref<status(branch_writer&)> change, transaction_notes* notes) {
    std::chrono::microseconds pause{0};
    const status done = run_transaction(branch, change, notes, pause);
    if (pause.count() > 0) {  // with nothing locked
        paused_.fetch_add(1, std::memory_order_relaxed);
        std::this_thread::sleep_for(pause);
        paused_.fetch_sub(1, std::memory_order_relaxed);
    }
    return done;
}

status engine::run_transaction(live_branch& branch, function_ref<status(branch_writer&)> change,
                               transaction_notes* notes, std::chrono::microseconds& pause) {
    const std::lock_guard turn(branch.turn);
    {
        const std::lock_guard lock(mutex_);
        if (failed_) { return *failed_; }
    }
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
            const std::size_t bytes = writer.log_text().size();
            const bool changed = bytes != 0;
            if (const status room = reserve(writer.log_text().size() + record_bytes_beside); !room) {
                writer.undo_group();
                return room;
            }
            if (const status same = notes != nullptr ? check_copied(*notes) : status{}; !same) {
                writer.undo_group();
                return same;
            }
            prepare(branch);
            if (const status logged = changed ? log_change(branch) : status{}; !logged) {
                writer.undo_group();
                return logged;
            }
            writer.end_group();
            publish(branch);
            if (changed) { pause = pace_.wait(bytes, paused_.load(std::memory_order_relaxed) + 1); }
            if (notes != nullptr) {
                notes->version = branch.shown().time;
                if (notes->made != nullptr) { *notes->made = hold(branch); }
            }
            return {};
        } catch (...) {
            if (writer.in_group()) { writer.undo_group(); }
            throw;
        }
    });
}

bool engine::means_locked(const version_name& name, const snapshot_state& state) {
    const auto now = state_of(name);
    return now && now->keys.root() == state.keys.root() && now->spaces == state.spaces;
}

bool engine::means(const version_name& name, const snapshot_state& state) {
    const std::lock_guard lock(mutex_);
    return means_locked(name, state);
}

/// Whether what keys were copied from is still what the log's names of it mean.
status engine::check_copied(const transaction_notes& notes) {
    for (const resolved_version& source : notes.copied_from) {
        if (means_locked(source.name, source.state)) { continue; }
        return error{errc::conflict, "the version that a key was copied from is not what it was: try again"};
    }
    return {};
}

void engine::show_all() {
    for (const auto& [id, branch] : live_) {
        prepare(*branch);
        show(*branch, branch->shown());
    }
}

void engine::kept_by(std::weak_ptr<void> owner) {
    const std::lock_guard lock(mutex_);
    keeper_ = std::move(owner);
    for (const auto& [id, branch] : live_) { branch->next = {}; }
    show_all();
}

void engine::let_go() {
    end_threads();
    {
        const std::lock_guard lock(mutex_);
        unpublished_.clear();
        live_.clear();
    }
    epochs_.reclaim();
}

snapshot_state engine::read(live_branch& branch) noexcept {
    return branch.current.with([](const branch_version& shown) { return shown.state; });
}

snapshot_state engine::snapshot(live_branch& branch) {
    snapshot_state state{branch.keys.through(reading_), branch.spaces, clock_.now(), branch.id, {}};
    state.pin = pin(state.keys);
    return state;
}

status engine::load(const not_resident& missing) {
    try {
        return caught([&]() -> status {
            node_ptr loaded(pool_, pool_.open(missing.id, missing.seal, true));
            const std::lock_guard lock(loaded_mutex_);
            std::swap(loaded_[loaded_next_++ % loaded_.size()], loaded);
            return {};
        });
    } catch (const std::bad_alloc&) { return error{errc::limit, "out of memory"}; }
}

status engine::sync_now() { return where_.log->sync(); }

}  // namespace coppice
