// The kind of storage that is gone with the process. It is also the model the other kinds are tested against.

#include <deque>
#include <map>
#include <mutex>
#include <shared_mutex>

#include <storage/log_frame.hpp>
#include <storage/storage.hpp>

namespace coppice {
namespace {

class memory_nodes final : public node_store {
public:
    status put_many(std::span<const stored_node> nodes) override {
        const std::unique_lock lock(mutex_);
        for (const auto& [id, payload] : nodes) {
            COPPICE_CHECK(id != node_id::none && payload.size() <= node_bytes_max);
            auto& place = nodes_[id];
            bytes_ = bytes_ - place.size() + payload.size();
            place.assign(payload);
        }
        return {};
    }
    result<std::string> get(node_id id, node_seal expected) const override {
        const std::shared_lock lock(mutex_);
        const auto found = nodes_.find(id);
        if (found == nodes_.end()) { return error{errc::not_found, to_string(id) + ": is not there"}; }
        if (!seal_matches(id, found->second, expected)) { return error{errc::corrupt, to_string(id) + ": checksum"}; }
        return found->second;
    }
    status retire(std::span<const node_id> dead) override {
        const std::unique_lock lock(mutex_);
        for (const auto id : dead) {
            const auto found = nodes_.find(id);
            if (found == nodes_.end()) { continue; }
            bytes_ -= found->second.size();
            nodes_.erase(found);
        }
        return {};
    }
    status sync() override { return {}; }
    status for_each_id(node_id from, node_id to, const std::function<bool(node_id)>& visit) const override {
        // One id at a time, so that visit may use the store.
        for (auto next = from;;) {
            {
                const std::shared_lock lock(mutex_);
                const auto found = nodes_.lower_bound(next);
                if (found == nodes_.end() || found->first >= to) { return {}; }
                next = found->first;
            }
            if (!visit(next)) { return {}; }
            next = static_cast<node_id>(static_cast<std::uint64_t>(next) + 1);
        }
    }
    std::uint64_t disk_bytes() const override {
        const std::shared_lock lock(mutex_);
        return bytes_;
    }
    status compact(std::atomic<bool>& /*stop*/) override { return {}; }
    status resume() override { return {}; }
    void verify(findings& /*found*/) const override {}

private:
    mutable std::shared_mutex mutex_;
    std::map<node_id, std::string> nodes_;  // guarded by mutex_
    std::uint64_t bytes_ = 0;               // guarded by mutex_
};

class memory_heads final : public head_store {
public:
    result<std::optional<head_record>> read(std::string_view name) const override {
        const std::scoped_lock lock(mutex_);
        const auto found = heads_.find(name);
        if (found == heads_.end()) { return std::optional<head_record>(); }
        return std::optional(found->second);
    }
    result<head_move> move_head(std::string_view name, const head_token& token, std::string_view next) override {
        COPPICE_CHECK(!name.empty() && next.size() <= head_bytes_max);
        const std::scoped_lock lock(mutex_);
        const auto found = heads_.find(name);
        if ((found == heads_.end() ? head_token() : found->second.token) != token) {
            return head_move{move_outcome::lost, {}, {}};
        }
        const head_token moved(std::to_string(++moves_));
        heads_.insert_or_assign(std::string(name), head_record{std::string(next), moved});
        return head_move{move_outcome::moved, moved, {}};
    }
    void verify(findings& /*found*/) const override {}

private:
    mutable std::mutex mutex_;
    std::map<std::string, head_record, std::less<>> heads_;  // guarded by mutex_
    std::uint64_t moves_ = 0;                                // guarded by mutex_
};

class memory_log final : public write_log {
public:
    result<log_sequence> write(log_batch& batch) override {
        COPPICE_CHECK(!batch.empty());
        const std::scoped_lock lock(mutex_);
        const auto written = next_unlocked();
        const auto records = records_.size();
        const auto bytes = bytes_;
        try {
            for (const auto& frame : batch.seal_frames()) {
                const auto at = frame.at + log_frame_header_bytes;
                const std::string_view payload(batch.data() + at, frame.end - at);
                COPPICE_CHECK(for_each_record(payload, frame.records, [&](std::string_view record) {
                    records_.emplace_back(record);
                    bytes_ += record.size();
                    return true;
                }));
            }
        } catch (...) {
            while (records_.size() > records) { records_.pop_back(); }
            bytes_ = bytes;
            throw;
        }
        return written;
    }
    status sync() override {
        const std::scoped_lock lock(mutex_);
        synced_ = next_unlocked();
        return {};
    }
    log_sequence first() const noexcept override {
        const std::scoped_lock lock(mutex_);
        return first_;
    }
    log_sequence next() const noexcept override {
        const std::scoped_lock lock(mutex_);
        return next_unlocked();
    }
    log_sequence synced() const noexcept override {
        const std::scoped_lock lock(mutex_);
        return synced_;
    }
    result<replay_report> replay(log_sequence from, const visitor& visit) override {
        replay_report report;
        {
            const std::scoped_lock lock(mutex_);
            if (from > next_unlocked()) {
                records_.clear();
                bytes_ = 0;
                first_ = synced_ = from;
            }
            report.next = next_unlocked();
            if (from < first_) {
                return error{errc::corrupt,
                             "log: begins at record " + std::to_string(first_) + ", wanted " + std::to_string(from)};
            }
        }
        for (auto sequence = from; sequence < report.next; ++sequence) {
            std::string record;
            {
                const std::scoped_lock lock(mutex_);
                if (sequence < first_) { return error{errc::corrupt, "log: dropped while it was replayed"}; }
                record = records_[static_cast<std::size_t>(sequence - first_)];
            }
            ++report.records;
            report.bytes += record.size();
            if (const auto taken = visit(sequence, record); !taken) { return taken.error(); }
        }
        return report;
    }
    status drop_before(log_sequence sequence) override {
        const std::scoped_lock lock(mutex_);
        while (first_ < sequence && !records_.empty()) {
            bytes_ -= records_.front().size();
            records_.pop_front();
            ++first_;
        }
        return {};
    }
    status rotate() override { return sync(); }
    status reserve(std::uint64_t /*bytes*/) override { return {}; }
    std::uint64_t disk_bytes() const override {
        const std::scoped_lock lock(mutex_);
        return bytes_;
    }
    void verify(findings& /*found*/) const override {}

private:
    log_sequence next_unlocked() const noexcept { return first_ + records_.size(); }

    mutable std::mutex mutex_;
    std::deque<std::string> records_;  // guarded by mutex_
    log_sequence first_ = 1;           // guarded by mutex_
    log_sequence synced_ = 1;          // guarded by mutex_
    std::uint64_t bytes_ = 0;          // guarded by mutex_
};

}  // namespace

storage open_memory_storage() {
    return {nullptr, std::make_unique<memory_nodes>(), std::make_unique<memory_heads>(),
            std::make_unique<memory_log>()};
}

findings verify_storage(const storage& opened) {
    findings found;
    opened.nodes->verify(found);
    opened.heads->verify(found);
    opened.log->verify(found);
    return found;
}

}  // namespace coppice
