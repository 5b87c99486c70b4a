// store/upkeep.cpp: figures, verification and backup of an open store.
#include "store/engine.hpp"

#include "store/reach.hpp"

namespace coppice {
namespace {

constexpr std::size_t garbage_slice = 4096;

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
    to.edits.replaced_bytes += edits.replaced_bytes;
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

std::string engine::trouble() {
    const std::lock_guard lock(mutex_);
    if (trouble_) { return trouble_->message(); }
    return refused_bytes_.load(std::memory_order_relaxed) != 0 ? "no_space: the log has no room, writes are refused"
                                                               : "";
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

findings verify_store_folder(const std::filesystem::path& path, log_cut& torn) {
    return verify_directory(
        path, [&](const node_store& nodes, const head_store& heads, const log_range& log, findings& found) {
            torn = log.torn;
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
            if (log.next < head->next_record && torn.where.empty()) {
                torn = cut_below_checkpoint(log.next, head->next_record);
            }
            node_pool pool;
            verify_stored_tree(pool, nodes, {head->root, head->root_seal}, head->root_count, found);
            while (pool.free_garbage(garbage_slice) != 0) {}
        });
}

snapshot_pin engine::pin(const tree& held) {
    const auto made = std::make_shared<pinned_root>(held);
    made->replaced_at.store(clock_.elapsed().count(), std::memory_order_relaxed);
    pins_->add(made);
    return made;
}

}  // namespace coppice
