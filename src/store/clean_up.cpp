// store/clean_up.cpp: gives the disk back what nothing reaches any more.
//
//   a checkpoint, and every root somebody holds    one cut: its roots, and the highest id given until then
//   mark what the cut reaches                      beside writers and checkpoints: what it reaches never changes
//   retire ids of the cut that are not marked      beside them, too
//   compact                                        where somebody waits for the room, or far more lies there than is
//                                                  reached; else the storage does, in time
//
// What becomes reachable later is reachable now, or gets a higher id. A pass that breaks off is simply repeated.
#include <coppice/base/priority.hpp>

#include "store/caught.hpp"
#include "store/engine.hpp"
#include "store/reach.hpp"

namespace coppice {
namespace {

constexpr std::size_t garbage_slice = 4096;
constexpr std::size_t retire_batch = 2000;
constexpr std::chrono::seconds look_interval{1};
constexpr std::uint64_t history_least = 16 * 1024 * 1024;  // below it a budget is not worth a pass
constexpr std::uint64_t crowded_disk = 3;  // times what is reached: then what is retired gets compacted at once
constexpr int busy_share = 4;    // passes that look for history above its budget take one part of so many of the time
constexpr int idle_share = 100;  // where little was written, a pass takes no more than one part of so many of the time

}  // namespace

void engine::run_clean_up() {
    lower_thread_priority();
    std::unique_lock lock(work_mutex_);
    while (!stopping_) {
        clean_work_.wait_for(lock, look_interval);
        if (stopping_) { return; }
        lock.unlock();
        if (clean_up_is_due()) { static_cast<void>(clean_up(false)); }
        lock.lock();
    }
}

/// When what was written since the last pass may be as much as is reached, or some time after anything was.
bool engine::clean_up_is_due() {
    const std::lock_guard lock(mutex_);
    const std::uint64_t written = figures_.checkpoint_bytes - cleaned_.checkpoint_bytes;
    if (failed_) { return false; }
    const auto since = clock_.elapsed() - cleaned_.at;
    const std::uint64_t history = std::max(history_budget_.load(std::memory_order_relaxed), history_least);
    if (pool_.figures().bytes > live_bytes_ + history && since > busy_share * cleaned_.took) { return true; }
    const std::uint64_t disk = disk_bytes_.load(std::memory_order_relaxed);
    const std::uint64_t kept = live_bytes_ != 0 ? std::min(disk, live_bytes_ + head_.point_bytes) : disk;
    const std::uint64_t much = std::max(options_.clean_up_bytes, kept / 2);
    if (written > much) { return since > cleaned_.took; }
    return written > 0
           && since > std::max<std::chrono::nanoseconds>(options_.clean_up_interval, idle_share * cleaned_.took);
}

result<clean_up_report> engine::clean_up(bool compact) {
    const std::lock_guard one(cleaning_mutex_);
    const auto begun = clock_.elapsed();
    result<clean_up_report> done = error{errc::limit, "out of memory"};
    try {
        done = caught([&] { return clean_up_pass(compact); });
    } catch (const std::bad_alloc&) {}
    const std::lock_guard lock(mutex_);
    cleaned_ = {clock_.elapsed(), clock_.elapsed() - begun, figures_.checkpoint_bytes};
    if (done) {
        ++figures_.clean_ups;
        figures_.nodes_retired += done->nodes_retired;
    }
    return done;
}

result<clean_up_report> engine::clean_up_pass(bool compact) {
    clean_up_report report;
    const std::uint64_t memory_before = pool_.figures().bytes;
    epochs_.reclaim();
    while (pool_.free_garbage(garbage_slice) != 0) {}
    const std::uint64_t memory_after = pool_.figures().bytes;
    report.memory_freed = memory_before > memory_after ? memory_before - memory_after : 0;

    store_head head;
    std::uint32_t given = 0;  // the highest number of the head's arena
    std::vector<snapshot_pin> held;
    {
        const std::lock_guard checkpoint(checkpoint_mutex_);
        if (const status written = write_checkpoint(); !written) { return written.error(); }
        given = arena_next_ - 1;
        const std::lock_guard lock(mutex_);
        head = durable_head_;
        held = pins_->all();
    }
    node_marker marker(pool_, *where_.nodes, stopping_);
    node_ptr root;
    if (head.root != node_id::none) {
        root = node_ptr(pool_, pool_.open(head.root, head.root_seal, true));
        const status marked = marker.mark_catalog(*root, [](std::string_view key) { return catalog::is_point(key); });
        if (!marked) { return marked.error(); }
    }
    for (const snapshot_pin& each : held) {
        if (each->held.root() == nullptr) { continue; }
        if (const status marked = marker.mark(*each->held.root()); !marked) { return marked.error(); }
    }
    const std::uint64_t live = marker.reached();
    if (const status marked = marker.mark_rest(); !marked) { return marked.error(); }
    const std::uint64_t kept = weigh_history(live, marker.reached() - live);
    report.nodes_kept = marker.marked().size();
    const std::uint64_t disk_before = where_.nodes->disk_bytes();
    std::vector<std::pair<std::uint32_t, std::uint32_t>> arenas = head.arenas;
    // Of an arena that an earlier opening had, numbers above its last belong to a checkpoint that came to nothing.
    for (auto& [arena, used] : arenas) { used = std::numeric_limits<std::uint32_t>::max(); }
    arenas.emplace_back(head.arena, given);
    for (const auto& [arena, last] : arenas) {
        const status retired = retire_unmarked(marker.marked(), arena, last, report.nodes_retired);
        if (!retired) { return retired.error(); }
    }
    {
        const std::lock_guard checkpoint(checkpoint_mutex_);
        if (const status synced = where_.nodes->sync(); !synced) { return synced.error(); }
    }
    if (compact || disk_before > crowded_disk * kept + options_.clean_up_bytes) {
        if (const status compacted = where_.nodes->compact(stopping_); !compacted) { return compacted.error(); }
    }
    measure_disk();
    const std::uint64_t disk_after = where_.nodes->disk_bytes();
    report.bytes_freed = disk_before > disk_after ? disk_before - disk_after : 0;
    return report;
}

/// Corrects what restore points are estimated to hold by what only they reach, and lets go what is above the budget.
/// Returns how much is reached in all, in bytes.
std::uint64_t engine::weigh_history(std::uint64_t live_nodes, std::uint64_t history_nodes) {
    const auto memory = pool_.figures();
    const std::uint64_t nodes = std::max<std::uint64_t>(1, live_nodes + history_nodes);
    // Where few are in memory, as they lie on the disk, on which there is also what nothing reaches any more.
    const std::uint64_t bytes_each =
        memory.nodes > nodes / 2
            ? memory.bytes / memory.nodes
            : std::min<std::uint64_t>(disk_bytes_.load(std::memory_order_relaxed) / nodes, node_sizes().leaf_bytes);
    const std::uint64_t history = history_nodes * bytes_each;
    const std::uint64_t budget = history_budget_.load(std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    live_bytes_ = live_nodes * bytes_each;
    head_.point_bytes = history;
    if (history <= budget) { return live_bytes_ + history; }
    // Which of them hold how much is not known: as many go as if they held the same.
    const double surplus = 1 - static_cast<double>(budget) / static_cast<double>(history);
    surplus_points_ = 1 + static_cast<std::size_t>(surplus * static_cast<double>(catalog_.point_count()));
    return live_bytes_ + history;
}

/// Retires the unmarked ids of an arena up to the number `last`, and adds how many.
status engine::retire_unmarked(const node_set& marked, std::uint32_t arena, std::uint32_t last,
                               std::uint64_t& retired) {
    std::vector<node_id> dead;
    status done;
    const auto retire = [&] {
        if (stopping_.load(std::memory_order_relaxed)) {
            done = error{errc::closed, "the store is closing"};
        } else {
            done = where_.nodes->retire(dead);
        }
        retired += done ? dead.size() : 0;
        dead.clear();
        return done.has_value();
    };
    const auto visit = [&](node_id id) {
        if (number_of(id) > last) { return false; }
        if (marked.contains(id)) { return true; }
        dead.push_back(id);
        return dead.size() < retire_batch || retire();
    };
    const status listed = where_.nodes->for_each_id(make_node_id(arena, 0), make_node_id(arena + 1, 0), visit);
    if (!done || !listed) { return done ? listed : done; }
    if (!dead.empty()) { retire(); }
    return done;
}

}  // namespace coppice
