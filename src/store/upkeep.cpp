// store/upkeep.cpp: figures, verification, backup and clean-up of an open store.
#include "store/engine.hpp"

#include "store/reach.hpp"

namespace coppice {
namespace {

constexpr std::size_t garbage_slice = 4096;
constexpr std::size_t retire_batch = 2000;

}  // namespace

/// Looks at every file, so not where somebody waits for an answer.
void engine::measure_disk() {
    disk_bytes_.store(where_.nodes->disk_bytes() + where_.log->disk_bytes(), std::memory_order_relaxed);
}

/// Adds what the edits of a branch have cost.
void engine::add_edits(engine_figures& to, const live_branch& branch) const {
    const bool here = options_.one_writer;  // its thread asks
    const edit_figures& edits = here ? branch.context.edits : branch.edits;
    to.edits.in_place += edits.in_place;
    to.edits.copied += edits.copied;
    to.edits.copied_bytes += edits.copied_bytes;
    to.edits.split += edits.split;
    to.edits.merged += edits.merged;
    to.changes += here ? branch.writer.changes() : branch.changes;
}

engine_figures engine::figures() {
    const std::lock_guard lock(mutex_);
    engine_figures now = figures_;
    now.pool = pool_.figures();
    for (const auto& [id, branch] : live_) { add_edits(now, *branch); }
    now.branches = catalog_.count('b');
    now.live_branches = live_.size();
    now.points = catalog_.point_count();
    now.point_bytes = head_.point_bytes;
    now.commits = catalog_.count('c');
    now.checkpoint_running = checkpoint_running_.load(std::memory_order_relaxed);
    if (!options_.background) { measure_disk(); }
    now.disk_bytes = disk_bytes_.load(std::memory_order_relaxed);
    now.trouble = trouble_;
    now.read_only = failed_.has_value();
    now.readers = epochs_.readers();
    const auto present = clock_.elapsed();
    for (const snapshot_pin& pin : pins_->all()) {
        const std::chrono::nanoseconds replaced(pin->replaced_at.load(std::memory_order_relaxed));
        if (replaced.count() == 0) { continue; }
        ++now.snapshots;
        now.snapshot_age = std::max(now.snapshot_age, present - replaced);
    }
    return now;
}

status engine::backup(const std::filesystem::path& target) {
    if (!where_.folder) { return error{errc::unsupported, "a store in memory has nothing to back up"}; }
    const std::lock_guard one(checkpoint_mutex_);
    return where_.folder->backup_to(target);
}

findings engine::verify() {
    const std::lock_guard one(checkpoint_mutex_);  // no checkpoint or clean-up meanwhile
    findings found = verify_storage(where_);
    node_reference root{};
    std::uint64_t count = 0;
    {
        const std::lock_guard lock(mutex_);
        root = {durable_head_.root, durable_head_.root_seal};
        count = durable_head_.root_count;
    }
    verify_stored_tree(pool_, *where_.nodes, root, count, found);
    return found;
}

findings verify_store_folder(const std::filesystem::path& path) {
    return verify_directory(path, [](const node_store& nodes, const head_store& heads, log_range log, findings& found) {
        const auto stored = heads.read("store");
        if (!stored || !*stored) { return; }  // that is a finding of the heads, or a store that was never used
        const auto head = decode_head((**stored).bytes);
        if (!head) {
            found.push_back({"head store", head.error().context});
            return;
        }
        if (log.first > head->next_record) {
            found.push_back({"log", "records " + std::to_string(head->next_record) + " to "
                                        + std::to_string(log.first - 1)
                                        + " are not there, and no checkpoint holds them"});
        }
        node_pool pool;
        verify_stored_tree(pool, nodes, {head->root, head->root_seal}, head->root_count, found);
        while (pool.free_garbage(garbage_slice) != 0) {}
    });
}

// ---- clean-up

snapshot_pin engine::pin(const tree& held) {
    const auto made = std::make_shared<pinned_root>(held);
    made->replaced_at.store(clock_.elapsed().count(), std::memory_order_relaxed);
    pins_->add(made);
    return made;
}

result<clean_up_report> engine::clean_up() {
    clean_up_report report;
    const std::uint64_t memory_before = pool_.figures().bytes;
    epochs_.reclaim();
    while (pool_.free_garbage(garbage_slice) != 0) {}
    const std::uint64_t memory_after = pool_.figures().bytes;
    report.memory_freed = memory_before > memory_after ? memory_before - memory_after : 0;

    const std::lock_guard one(checkpoint_mutex_);
    // From here on nothing that is not reached now can be reached again: what is resolved later comes from this
    // checkpoint's catalog, from a snapshot that somebody holds now, or is new and has a higher id.
    if (const status written = write_checkpoint(); !written) { return written.error(); }
    tree catalog_rows(catalog_context_, keyed_records);
    std::vector<snapshot_pin> held;
    store_head head;
    {
        const std::lock_guard lock(mutex_);
        head = durable_head_;
        held = pins_->all();
    }
    node_marker marker(pool_, *where_.nodes);
    if (head.root != node_id::none) {
        const node_ptr root(pool_, pool_.open(head.root, head.root_seal, true));
        if (const status marked = marker.mark(*root); !marked) { return marked.error(); }
    }
    for (const snapshot_pin& each : held) {
        if (each->held.root() == nullptr) { continue; }
        if (const status marked = marker.mark(*each->held.root()); !marked) { return marked.error(); }
    }
    report.nodes_kept = marker.marked().size();
    return retire_unmarked(marker.marked(), head, report);
}

result<clean_up_report> engine::retire_unmarked(const node_set& marked, const store_head& head,
                                                clean_up_report report) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> arenas = head.arenas;
    arenas.emplace_back(head.arena, head.arena_used);
    const std::uint64_t disk_before = where_.nodes->disk_bytes();
    std::vector<node_id> dead;
    status retired;
    const auto retire = [&] {
        retired = where_.nodes->retire(dead);
        report.nodes_retired += dead.size();
        dead.clear();
        return retired.has_value();
    };
    for (const auto& [arena, used] : arenas) {
        const status listed =
            where_.nodes->for_each_id(make_node_id(arena, 0), make_node_id(arena + 1, 0), [&](node_id id) {
                // Numbers above `used` belong to a checkpoint that came to nothing: nobody reaches them.
                if (marked.contains(id)) { return true; }
                dead.push_back(id);
                return dead.size() < retire_batch || retire();
            });
        if (!retired) { return retired.error(); }
        if (!listed) { return listed.error(); }
    }
    if (!dead.empty() && !retire()) { return retired.error(); }
    if (const status synced = where_.nodes->sync(); !synced) { return synced.error(); }
    if (report.nodes_retired > 0) {
        if (const status compacted = where_.nodes->compact(); !compacted) { return compacted.error(); }
    }
    measure_disk();
    const std::uint64_t disk_after = where_.nodes->disk_bytes();
    report.bytes_freed = disk_before > disk_after ? disk_before - disk_after : 0;
    const std::lock_guard lock(mutex_);
    ++figures_.clean_ups;
    figures_.nodes_retired += report.nodes_retired;
    return report;
}

}  // namespace coppice
