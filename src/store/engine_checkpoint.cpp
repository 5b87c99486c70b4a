// store/engine_checkpoint.cpp: the threads behind an open store, and checkpoints.
#include <coppice/base/priority.hpp>
#include <coppice/base/random.hpp>

#include "store/caught.hpp"
#include "store/engine.hpp"

namespace coppice {
namespace {

constexpr std::size_t garbage_per_slice = 4096;
constexpr int garbage_slices = 256;  // then a checkpoint has its turn
constexpr std::chrono::milliseconds background_interval{20};
constexpr std::chrono::seconds disk_interval{1};       // between two looks at the size of all files
constexpr std::chrono::milliseconds again_after{100};  // a checkpoint that the log's size asks for

}  // namespace

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
        const bool nothing_new = where_.log->synced() == where_.log->next();
        const status synced = nothing_new ? status{} : where_.log->sync();
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
    lower_thread_priority();
    auto measured = clock_.elapsed();
    std::unique_lock lock(work_mutex_);
    while (!stopping_) {
        work_.wait_for(lock, background_interval);
        if (stopping_) { return; }
        const bool wanted = std::exchange(checkpoint_wanted_, false);
        lock.unlock();
        if (clock_.elapsed() - measured > disk_interval) {
            measured = clock_.elapsed();
            measure_disk();
        }
        epochs_.reclaim();
        for (int slices = 0; slices < garbage_slices && pool_.free_garbage(garbage_per_slice) != 0;) { ++slices; }
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
        const auto since = clock_.elapsed() - last_cut_;  // also of one that failed
        const bool long_ago = since > options_.checkpoint_interval && figures_.log_records > 0;
        due = (figures_.log_bytes > options_.checkpoint_log_bytes && since > again_after) || long_ago;
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
        catalog_.put_branch(branch->row, branch->shown());
        branch->in_catalog = true;
    }
    cut taken{catalog_.rows(), head_, figures_.log_bytes, figures_.log_records};
    taken.head.next_record = logged_;
    last_cut_ = clock_.elapsed();
    forget_idle();
    return taken;
}

/// Forgets branches that nobody uses: their records say everything.
void engine::forget_idle() {
    for (auto at = live_.begin(); at != live_.end();) {
        live_branch& branch = *at->second;
        const bool idle = at->second.use_count() == 1 && branch.in_catalog && !branch.point_due && !branch.unpublished
                          && branch.id != main_branch;
        if (idle) { add_edits(figures_, branch); }
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
    } catch (const std::bad_alloc&) { done = error{errc::limit, "checkpoint: out of memory"}; }
    const std::lock_guard lock(mutex_);
    trouble_ = done ? std::nullopt : std::optional<error>(done.error());
    if (done) { refused_bytes_.store(0, std::memory_order_relaxed); }
    short_of_disk_ = !done && done.error().code == errc::no_space;
    // What a checkpoint has to write beside the newest state is what restore points keep: half of them go each time.
    if (short_of_disk_) { surplus_points_ = std::max(surplus_points_, (catalog_.point_count() + 1) / 2); }
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
        leased = durable_head_;
    }
    leased.arenas = head.arenas;
    leased.arena = head.arena;
    leased.arena_used = 0;
    leased.uuid = head.uuid;
    auto arenas = head.arenas;
    if (const status moved = move_head(encode_head(leased)); !moved) { return moved; }
    arena_leased_ = true;
    const std::lock_guard lock(mutex_);
    head_.arenas.swap(arenas);
    head_.arena = head.arena;
    head_.arena_used = 0;
    return {};
}

/// Moves the head from where this engine left it.
status engine::move_head(const std::string& next) {
    const auto moved = where_.heads->move_head("store", token_, next);
    if (!moved) { return moved.error(); }
    if (moved->outcome == move_outcome::moved) {
        token_ = moved->token;
        return {};
    }
    if (moved->outcome == move_outcome::lost) { return error{errc::conflict, "the head was moved by somebody else"}; }
    // It stands or not: going on from what does is safe, since nobody but this engine moves it.
    status unknown = moved->reason.value_or(error{errc::io, "the head"});
    if (!where_.nodes->resume()) { return unknown; }
    auto stands = where_.heads->read("store");
    if (!stands || !*stands) { return unknown; }
    token_ = (**stands).token;
    return (**stands).bytes == next ? status{} : unknown;
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
    head.root =
        rows.root() == nullptr ? node_id::none : static_cast<node_id>(rows.root()->id.load(std::memory_order_relaxed));
    head.root_seal = rows.root() == nullptr ? 0 : rows.root()->seal;
    head.root_count = rows.size();
    store_head durable = head;
    if (const status moved = move_head(encode_head(head)); !moved) { return moved; }
    {
        const std::lock_guard lock(mutex_);
        head_.generation = head.generation;
        head_.arena_used = head.arena_used;
        std::swap(durable_head_, durable);
        figures_.log_bytes -= taken->log_bytes;
        figures_.log_records -= taken->log_records;
        ++figures_.checkpoints;
        figures_.checkpoint_nodes += writer.nodes();
        figures_.checkpoint_bytes += writer.bytes();
        figures_.last_checkpoint = clock_.now();
    }
    // The head is durable: what the log says below it is not needed any more.
    const status dropped = where_.log->drop_before(head.next_record);
    measure_disk();
    return dropped;
}

}  // namespace coppice
