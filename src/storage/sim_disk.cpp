#include <algorithm>

#include <storage/sim_disk.hpp>

namespace coppice {
namespace {

constexpr std::uint64_t sector_bytes = 512;

struct sim_context {
    std::shared_ptr<void> owner;
    sim_disk& disk;
    sim_faults& faults;
    std::mutex& mutex;
};

class sim_file final : public disk_file {
public:
    sim_file(std::shared_ptr<sim_context> context, std::shared_ptr<sim_inode> inode)
        : context_(std::move(context)), inode_(std::move(inode)) {}

    status write_at(std::uint64_t offset, std::string_view bytes) override {
        const sim_lock lock(context_->mutex);
        if (auto begun = context_->faults.begin("write"); !begun) {
            if (context_->faults.fail_with == errc::no_space) { return begun; }
            change({false, offset, std::string(bytes.substr(0, bytes.size() / 2))});  // a part may be there
            return begun;
        }
        const auto end = offset + bytes.size();
        const auto more = end > inode_->now.size() ? end - inode_->now.size() : 0;
        if (auto taken = context_->faults.take(more, "write"); !taken) { return taken; }
        change({false, offset, std::string(bytes)});
        return {};
    }
    result<std::size_t> read_at(std::uint64_t offset, char* to, std::size_t bytes) const override {
        const sim_lock lock(context_->mutex);
        if (auto begun = context_->faults.begin("read"); !begun) { return begun.error(); }
        if (offset >= inode_->now.size()) { return std::size_t{0}; }
        const auto got = std::min<std::size_t>(bytes, inode_->now.size() - static_cast<std::size_t>(offset));
        inode_->now.copy(to, got, static_cast<std::size_t>(offset));
        return got;
    }
    status sync() override {
        const sim_lock lock(context_->mutex);
        if (auto begun = context_->faults.begin("sync"); !begun) { return begun; }
        for (const auto& made : inode_->pending) { inode_->apply(made, inode_->durable); }
        inode_->pending.clear();
        return {};
    }
    status resize(std::uint64_t bytes) override {
        const sim_lock lock(context_->mutex);
        if (auto begun = context_->faults.begin("resize"); !begun) { return begun; }
        if (bytes < inode_->now.size()) { context_->faults.give_back(inode_->now.size() - bytes); }
        change({true, bytes, {}});
        return {};
    }
    result<std::uint64_t> size() const override {
        const sim_lock lock(context_->mutex);
        return static_cast<std::uint64_t>(inode_->now.size());
    }

private:
    void change(sim_inode::change made) {
        inode_->apply(made, inode_->now);
        inode_->pending.push_back(std::move(made));
    }

    const std::shared_ptr<sim_context> context_;
    const std::shared_ptr<sim_inode> inode_;
};

class sim_folder final : public disk_folder {
public:
    explicit sim_folder(std::shared_ptr<sim_context> context) : context_(std::move(context)) {}

    result<std::shared_ptr<disk_file>> create(std::string_view name, std::uint64_t bytes) override {
        const sim_lock lock(context_->mutex);
        if (auto begun = context_->faults.begin("create"); !begun) { return begun.error(); }
        if (disk().names.contains(name)) { return error{errc::exists, std::string(name)}; }
        if (auto taken = context_->faults.take(bytes, "create"); !taken) { return taken.error(); }
        const auto inode = std::make_shared<sim_inode>();
        if (bytes > 0) {
            inode->pending.push_back({true, bytes, {}});
            inode->apply(inode->pending.back(), inode->now);
        }
        disk().names.emplace(name, inode);
        disk().pending.push_back({{}, std::string(name), inode});
        return std::shared_ptr<disk_file>(std::make_shared<sim_file>(context_, inode));
    }
    result<std::shared_ptr<disk_file>> open(std::string_view name) override {
        const sim_lock lock(context_->mutex);
        if (auto begun = context_->faults.begin("open"); !begun) { return begun.error(); }
        const auto found = disk().names.find(name);
        if (found == disk().names.end()) { return error{errc::not_found, std::string(name)}; }
        return std::shared_ptr<disk_file>(std::make_shared<sim_file>(context_, found->second));
    }
    status rename(std::string_view from, std::string_view to) override {
        const sim_lock lock(context_->mutex);
        if (auto begun = context_->faults.begin("rename"); !begun) { return begun; }
        const auto found = disk().names.find(from);
        if (found == disk().names.end()) { return error{errc::not_found, std::string(from)}; }
        const auto inode = found->second;
        disk().names.erase(found);
        disk().names.insert_or_assign(std::string(to), inode);
        disk().pending.push_back({std::string(from), std::string(to), inode});
        return {};
    }
    status remove(std::string_view name) override {
        const sim_lock lock(context_->mutex);
        if (auto begun = context_->faults.begin("remove"); !begun) { return begun; }
        const auto found = disk().names.find(name);
        if (found == disk().names.end()) { return error{errc::not_found, std::string(name)}; }
        context_->faults.give_back(found->second->now.size());
        disk().names.erase(found);
        disk().pending.push_back({std::string(name), {}, nullptr});
        return {};
    }
    result<std::vector<std::string>> names() const override {
        const sim_lock lock(context_->mutex);
        if (auto begun = context_->faults.begin("list"); !begun) { return begun.error(); }
        std::vector<std::string> found;
        for (const auto& [name, inode] : disk().names) { found.push_back(name); }
        return found;
    }
    status sync() override {
        const sim_lock lock(context_->mutex);
        if (auto begun = context_->faults.begin("sync names"); !begun) { return begun; }
        disk().durable_names = disk().names;
        disk().pending.clear();
        return {};
    }

private:
    sim_disk& disk() const { return context_->disk; }

    const std::shared_ptr<sim_context> context_;
};

}  // namespace

void sim_inode::apply(const change& made, std::string& to) const {
    if (made.resized) {
        to.resize(static_cast<std::size_t>(made.at), '\0');
        return;
    }
    const auto end = static_cast<std::size_t>(made.at) + made.bytes.size();
    if (to.size() < end) { to.resize(end, '\0'); }
    to.replace(static_cast<std::size_t>(made.at), made.bytes.size(), made.bytes);
}

std::string sim_inode::survivor(crash_choices& choices) const {
    auto left = durable;
    for (const auto& made : pending) {
        if (choices.taken()) {
            apply(made, left);
            continue;
        }
        if (made.resized || made.bytes.size() <= 1 || !choices.taken()) { continue; }
        // Torn: sector by sector, where the file's sectors lie.
        for (std::uint64_t at = made.at, end = made.at + made.bytes.size(); at < end;) {
            const auto next = std::min(end, (at / sector_bytes + 1) * sector_bytes);
            if (choices.taken()) {
                apply({false, at,
                       made.bytes.substr(static_cast<std::size_t>(at - made.at), static_cast<std::size_t>(next - at))},
                      left);
            }
            at = next;
        }
    }
    return left;
}

sim_disk sim_disk::survivor(crash_choices& choices) const {
    auto left = durable_names;
    for (const auto& made : pending) {
        if (!choices.taken()) { continue; }
        if (!made.from.empty()) { left.erase(made.from); }
        if (!made.to.empty()) { left.insert_or_assign(made.to, made.inode); }
    }
    sim_disk disk;
    for (const auto& [name, inode] : left) {
        const auto survived = std::make_shared<sim_inode>();
        survived->now = survived->durable = inode->survivor(choices);
        disk.names.emplace(name, survived);
    }
    disk.durable_names = disk.names;
    return disk;
}

std::uint64_t sim_disk::bytes() const {
    std::uint64_t total = 0;
    for (const auto& [name, inode] : names) { total += inode->now.size(); }
    return total;
}

std::shared_ptr<disk_folder> open_sim_folder(std::shared_ptr<void> owner, sim_disk& disk, sim_faults& faults,
                                             std::mutex& mutex) {
    return std::make_shared<sim_folder>(
        std::make_shared<sim_context>(sim_context{std::move(owner), disk, faults, mutex}));
}

}  // namespace coppice
