#include <system_error>

#include <rocksdb/write_batch.h>

#include <coppice/base/bytes.hpp>

#include <storage/node_envelope.hpp>
#include <storage/rocksdb_engine.hpp>

namespace coppice {
namespace {

constexpr std::size_t put_batch_bytes = 1024 * 1024;
constexpr std::size_t retire_batch = 2000;  // scattered deletes: one by one, never as ranges

class node_key {
public:
    explicit node_key(node_id id) noexcept { put_number(bytes_, big_endian(static_cast<std::uint64_t>(id))); }
    operator rocksdb::Slice() const noexcept { return {bytes_, sizeof bytes_}; }  // NOLINT: a key is a slice

private:
    char bytes_[8];
};

std::optional<node_id> id_of(const rocksdb::Slice& key) {
    if (key.size() != 8) { return {}; }
    return static_cast<node_id>(big_endian(load<std::uint64_t>(key.data())));
}

class rocksdb_nodes final : public node_store {
public:
    explicit rocksdb_nodes(std::shared_ptr<rocksdb_engine> engine) : engine_(std::move(engine)) {}

    status put_many(std::span<const stored_node> nodes) override {
        for (const auto& node : nodes) { unsynced_bytes_ += node.payload.size(); }
        if (auto room = engine_->check_room(unsynced_bytes_); !room) { return give_up(room.error()); }  // R4
        rocksdb::WriteBatch batch;
        std::string envelope;
        for (const auto& [id, payload] : nodes) {
            COPPICE_CHECK(id != node_id::none && id < node_id_end);
            envelope.clear();
            pack_node(envelope, payload, engine_->options().codec, engine_->options().codec_level);
            (void)batch.Put(engine_->nodes(), node_key(id), envelope);
            if (batch.GetDataSize() >= put_batch_bytes) {
                if (auto written = write(batch, "put nodes"); !written) { return written; }
            }
        }
        return write(batch, "put nodes");
    }

    result<std::string> get(node_id id, node_seal expected) const override {
        rocksdb::ReadOptions options;
        options.verify_checksums = true;  // R1
        rocksdb::PinnableSlice envelope;
        const auto answer = engine_->db().Get(options, engine_->nodes(), node_key(id), &envelope);
        if (!answer.ok()) {
            if (answer.IsNotFound()) { return error{errc::not_found, to_string(id) + ": is not there"}; }
            return error_of_engine(answer, to_string(id));
        }
        auto payload = unpack_node({envelope.data(), envelope.size()});
        if (!payload || !seal_matches(id, *payload, expected)) {
            return error{errc::corrupt, to_string(id) + ": checksum"};
        }
        return std::move(*payload);
    }

    status retire(std::span<const node_id> dead) override {
        while (!dead.empty()) {
            rocksdb::WriteBatch batch;
            const auto some = dead.first(std::min(dead.size(), retire_batch));
            for (const auto id : some) { (void)batch.Delete(engine_->nodes(), node_key(id)); }
            if (auto written = write(batch, "retire nodes"); !written) { return written; }
            dead = dead.subspan(some.size());
        }
        return {};
    }

    status sync() override {
        if (auto refused = refuse(); !refused) { return refused; }
        if (auto room = engine_->check_room(unsynced_bytes_); !room) { return give_up(room.error()); }  // R4
        rocksdb::FlushOptions options;
        options.wait = true;
        options.allow_write_stall = true;
        unsynced_bytes_ = 0;
        return judge(engine_->db().Flush(options, engine_->nodes()), "sync nodes");
    }

    status for_each_id(node_id from, node_id to, const std::function<bool(node_id)>& visit) const override {
        const node_key end(to);
        const rocksdb::Slice end_key = end;
        rocksdb::ReadOptions options;
        options.verify_checksums = true;  // R1
        options.fill_cache = false;
        options.iterate_upper_bound = &end_key;
        const std::unique_ptr<rocksdb::Iterator> at(engine_->db().NewIterator(options, engine_->nodes()));
        for (at->Seek(node_key(from)); at->Valid(); at->Next()) {
            const auto id = id_of(at->key());
            if (!id) { return error{errc::corrupt, "nodes: a key that names no node"}; }
            if (!visit(*id)) { return {}; }
        }
        if (!at->status().ok()) { return error_of_engine(at->status(), "list nodes"); }
        return {};
    }

    std::uint64_t disk_bytes() const override {
        std::uint64_t bytes = 0;
        std::error_code failure;
        for (std::filesystem::directory_iterator file(engine_->path(), failure), end; !failure && file != end;
             file.increment(failure)) {
            std::error_code gone;  // files come and go below a living engine
            const auto size = file->file_size(gone);
            if (!gone) { bytes += size; }
        }
        return bytes;
    }

    status compact(std::atomic<bool>& stop) override {
        rocksdb::CompactRangeOptions options;
        options.canceled = &stop;
        options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
        options.blob_garbage_collection_policy = rocksdb::BlobGarbageCollectionPolicy::kForce;
        options.blob_garbage_collection_age_cutoff = 0.5;
        const auto answer = engine_->db().CompactRange(options, engine_->nodes(), nullptr, nullptr);
        // A compaction that fails leaves everything as it was.
        if (!answer.ok()) { return error_of_engine(answer, "compact nodes"); }
        return {};
    }

    status resume() override {
        if (auto refused = refuse(); !refused) { return refused; }
        const auto answer = engine_->db().Resume();
        // Its own recovery looks for room every five seconds and lets nobody else try meanwhile.
        if (answer.IsBusy() || answer.IsTryAgain()) { return error{errc::no_space, "resume: " + answer.ToString()}; }
        return judge(answer, "resume");
    }

    void verify(findings& found) const override {
        // Index, filter and data blocks; then whole files; then every node with its blob.
        rocksdb::ReadOptions options;
        options.verify_checksums = true;
        options.fill_cache = false;
        if (const auto answer = engine_->db().VerifyChecksum(options); !answer.ok()) {
            found.push_back({"nodes", answer.ToString()});
        }
        if (const auto answer = engine_->db().VerifyFileChecksums(options); !answer.ok()) {
            found.push_back({"nodes", answer.ToString()});
        }
        const std::unique_ptr<rocksdb::Iterator> at(engine_->db().NewIterator(options, engine_->nodes()));
        auto next = node_id::none;
        for (at->Seek(node_key(next));;) {
            if (at->Valid()) {
                const auto id = id_of(at->key());
                if (!id) {
                    found.push_back({"nodes", "a key of " + std::to_string(at->key().size()) + " bytes names no node"});
                } else {
                    if (!unpack_node({at->value().data(), at->value().size()})) {
                        found.push_back({to_string(*id), "its bytes cannot be unpacked"});
                    }
                    next = static_cast<node_id>(static_cast<std::uint64_t>(*id) + 1);
                }
                at->Next();
                continue;
            }
            if (!at->status().ok()) { found.push_back({"nodes from " + to_string(next), at->status().ToString()}); }
            return;
        }
    }

private:
    status refuse() const {
        const std::lock_guard lock(failing_);
        if (failed_) { return error{errc::read_only, "nodes: " + failed_->context}; }
        return {};
    }
    /// No space passes; after anything else nothing is known about what was written (A4).
    status judge(const rocksdb::Status& answer, std::string_view what) {
        if (answer.ok()) { return {}; }
        auto failure = error_of_engine(answer, what);
        const std::lock_guard lock(failing_);
        if (failure.code != errc::no_space) { failed_ = failure; }
        return failure;
    }
    status write(rocksdb::WriteBatch& batch, std::string_view what) {
        if (auto refused = refuse(); !refused) { return refused; }
        if (batch.Count() == 0) { return {}; }
        rocksdb::WriteOptions options;
        options.disableWAL = true;  // durable by the flush in sync()
        const auto answer = engine_->db().Write(options, &batch);
        batch.Clear();
        return judge(answer, what);
    }

    /// Whoever put these nodes puts them again.
    error give_up(error cause) {
        unsynced_bytes_ = 0;
        return cause;
    }

    const std::shared_ptr<rocksdb_engine> engine_;
    mutable std::mutex failing_;
    std::optional<error> failed_;       // guarded by failing_
    std::uint64_t unsynced_bytes_ = 0;  // put since the last sync; of the thread that puts
};

}  // namespace

std::unique_ptr<node_store> make_rocksdb_nodes(std::shared_ptr<rocksdb_engine> engine) {
    return std::make_unique<rocksdb_nodes>(std::move(engine));
}

}  // namespace coppice
