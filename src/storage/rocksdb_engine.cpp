#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>

#include <storage/rocksdb_engine.hpp>

namespace coppice {
namespace {

constexpr const char* nodes_family = "nodes";
constexpr std::size_t heads_buffer_bytes = 1024 * 1024;
/// Manifest, journal, options and text log of an opening or a flush take some 100 KB.
constexpr std::uint64_t room_beside_bytes = 2 * 1024 * 1024;

status check_room_in(const std::filesystem::path& path, std::uint64_t bytes) {
    std::error_code failure;
    const auto room = std::filesystem::space(path, failure);
    const auto wanted = bytes + room_beside_bytes;
    if (failure || room.available >= wanted) { return {}; }
    return error{errc::no_space, "no space left on the disk of " + path.string() + ": " + std::to_string(wanted)
                                     + " bytes are needed, " + std::to_string(room.available) + " are free"};
}

rocksdb::ColumnFamilyOptions nodes_options(const storage_options& given) {
    rocksdb::BlockBasedTableOptions table;
    table.block_size = 4096;
    table.block_cache = rocksdb::NewLRUCache(given.block_cache_bytes);
    rocksdb::ColumnFamilyOptions options;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    options.write_buffer_size = given.write_buffer_bytes;
    options.compression = rocksdb::kNoCompression;
    options.level_compaction_dynamic_level_bytes = true;
    options.enable_blob_files = true;
    options.min_blob_size = 512;
    options.blob_file_size = given.blob_file_bytes;
    options.blob_compression_type = rocksdb::kNoCompression;  // we pack nodes ourselves
    // Retired nodes give their room back as compactions pass, blob files of the oldest quarter being written anew where
    // two fifths of them are dead; compact() does so at once.
    options.enable_blob_garbage_collection = true;
    options.blob_garbage_collection_age_cutoff = 0.25;
    options.blob_garbage_collection_force_threshold = 0.4;
    // Ids grow, so files rarely overlap: many of them cost reads little, but checkpoints must not wait for compactions.
    options.level0_slowdown_writes_trigger = 1000;
    options.level0_stop_writes_trigger = 2000;
    options.soft_pending_compaction_bytes_limit = 0;
    options.hard_pending_compaction_bytes_limit = 0;
    return options;
}

rocksdb::DBOptions engine_options(const storage_options& given, engine_mode mode) {
    rocksdb::DBOptions options;
    options.create_if_missing = mode == engine_mode::create;  // R3
    options.create_missing_column_families = mode == engine_mode::create;
    options.max_open_files = given.open_files_max;
    options.skip_stats_update_on_db_open = true;
    options.skip_checking_sst_file_sizes_on_db_open = true;
    options.max_background_jobs = 2;
    options.bytes_per_sync = 1024 * 1024;
    options.max_total_wal_size = heads_buffer_bytes;
    options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();  // for verify
    options.info_log_level = rocksdb::WARN_LEVEL;
    options.keep_log_file_num = 2;
    options.max_log_file_size = 1024 * 1024;
    return options;
}

}  // namespace

error error_of_engine(const rocksdb::Status& answer, std::string_view what) {
    const auto kind = answer.IsNoSpace()      ? errc::no_space
                      : answer.IsCorruption() ? errc::corrupt
                      : answer.IsNotFound()   ? errc::not_found
                                              : errc::io;
    return {kind, std::string(what) + ": " + answer.ToString()};
}

result<std::shared_ptr<rocksdb_engine>> rocksdb_engine::open(const std::filesystem::path& path,
                                                             const storage_options& options, engine_mode mode) {
    if (mode != engine_mode::read_only) {  // R4
        const auto there = std::filesystem::exists(path) ? path : path.parent_path();
        if (auto room = check_room_in(there, 0); !room) { return room.error(); }
    }
    std::shared_ptr<rocksdb_engine> engine(new rocksdb_engine(path, options));
    const auto settings = engine_options(options, mode);
    rocksdb::ColumnFamilyOptions heads_options;
    heads_options.write_buffer_size = heads_buffer_bytes;
    const std::vector<rocksdb::ColumnFamilyDescriptor> families{{rocksdb::kDefaultColumnFamilyName, heads_options},
                                                                {nodes_family, nodes_options(options)}};
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    const auto answer = mode == engine_mode::read_only
                            ? rocksdb::DB::OpenForReadOnly(settings, path.string(), families, &handles, &db)
                            : rocksdb::DB::Open(settings, path.string(), families, &handles, &db);
    if (!answer.ok()) {
        auto failure = error_of_engine(answer, path.string());
        // What should be there and is not is damage, not absence.
        if (mode != engine_mode::create
            && (answer.IsInvalidArgument() || answer.IsNotFound() || answer.IsPathNotFound())) {
            failure.code = errc::corrupt;
        }
        return failure;
    }
    // Its flushes and compactions are a checkpoint's, and wait for processors as the checkpoint's own thread does.
    for (const auto pool : {rocksdb::Env::LOW, rocksdb::Env::HIGH}) {
        static_cast<void>(db->GetEnv()->LowerThreadPoolCPUPriority(pool, rocksdb::CpuPriority::kLow));
    }
    engine->db_.reset(db);
    engine->heads_ = handles[0];
    engine->nodes_ = handles[1];
    return engine;
}

rocksdb_engine::~rocksdb_engine() {
    if (!db_) { return; }
    (void)db_->DestroyColumnFamilyHandle(heads_);
    (void)db_->DestroyColumnFamilyHandle(nodes_);
}

status rocksdb_engine::check_room(std::uint64_t bytes) const { return check_room_in(path_, bytes); }

status rocksdb_engine::copy_to(const std::filesystem::path& target) {
    rocksdb::Checkpoint* raw = nullptr;
    if (const auto answer = rocksdb::Checkpoint::Create(db_.get(), &raw); !answer.ok()) {
        return error_of_engine(answer, "backup");
    }
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
    // 0: flush first, since nodes are in no journal.
    if (const auto answer = checkpoint->CreateCheckpoint(target.string(), 0); !answer.ok()) {
        return error_of_engine(answer, "backup");
    }
    return {};
}

}  // namespace coppice
