// store/upkeep.cpp: figures, verification, backup and clean-up of an open store.
#include "store/engine.hpp"

#include <coppice/tree/check.hpp>

namespace coppice {

engine_figures engine::figures() {
    const std::lock_guard lock(mutex_);
    engine_figures now = figures_;
    now.pool = pool_.figures();
    for (const auto& [id, branch] : live_) {
        now.edits.in_place += branch->context.edits.in_place;
        now.edits.copied += branch->context.edits.copied;
        now.edits.copied_bytes += branch->context.edits.copied_bytes;
        now.edits.split += branch->context.edits.split;
        now.edits.merged += branch->context.edits.merged;
    }
    now.branches = catalog_.count('b');
    now.live_branches = live_.size();
    now.points = catalog_.point_count();
    now.point_bytes = head_.point_bytes;
    now.commits = catalog_.count('c');
    now.checkpoint_running = checkpoint_running_.load(std::memory_order_relaxed);
    now.disk_bytes = where_.nodes->disk_bytes() + where_.log->disk_bytes();
    now.trouble = trouble_;
    now.read_only = failed_.has_value();
    return now;
}

status engine::backup(const std::filesystem::path& target) {
    if (!where_.folder) { return error{errc::unsupported, "a store in memory has nothing to back up"}; }
    const std::lock_guard one(checkpoint_mutex_);
    return where_.folder->backup_to(target);
}

findings engine::verify() {
    findings found = verify_storage(where_);
    std::optional<catalog> rows;
    {
        const std::lock_guard lock(mutex_);
        rows.emplace(catalog_.rows().through(reading_));
    }
    try {
        const std::string broken = find_broken_rule(rows->rows(), check_depth::deep);
        if (!broken.empty()) { found.push_back({"catalog", broken}); }
    } catch (const load_error& failure) {
        found.push_back({"catalog", failure.cause().context});
    }
    return found;
}

result<clean_up_report> engine::clean_up() {
    clean_up_report report;
    const std::uint64_t before = pool_.figures().bytes;
    while (pool_.free_garbage(4096) != 0) {}
    const std::uint64_t after = pool_.figures().bytes;
    report.memory_freed = before > after ? before - after : 0;
    return report;
}

}  // namespace coppice
