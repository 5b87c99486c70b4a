// storage/rocksdb_engine.hpp: the one place that knows RocksDB: nodes in the column family `nodes`, whose
// values lie in blob files, and heads in the default one.
//
// The settings are those that were measured (docs/decisions): nodes are put without RocksDB's journal and become
// durable by a flush; a head is put with a synced journal. Keys of nodes are 8 bytes big-endian.
//
// What is not left to RocksDB 7.8
//   R1  A node's checksum: get always checks the seal. RocksDB's own stay on as well: without them it walks
//       into a damaged index block and dies there (an assertion in Debian's build, stray reads in others).
//   R2  A damaged end of the journal reads like a torn one: HEADS (head_envelope.hpp) tells.
//   R3  A folder without CURRENT reads like a new one: the engine is told whether it may create.
//   R4  A disk that is full to the last byte: some of its writers assert that an earlier write of theirs did not fail.
//       So room is looked for beforehand; a disk that another process fills in that moment is still met.
//
// Threads: any; nodes are written by one at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <rocksdb/db.h>

#include <storage/disk_folder.hpp>
#include <storage/head_envelope.hpp>
#include <storage/storage.hpp>

namespace coppice {

enum class engine_mode { create, open, read_only };

/// An error for what RocksDB answered about `what`.
[[nodiscard]] error error_of_engine(const rocksdb::Status& answer, std::string_view what);

class rocksdb_engine {
public:
    [[nodiscard]] static result<std::shared_ptr<rocksdb_engine>> open(const std::filesystem::path& path,
                                                                      const storage_options& options, engine_mode mode);
    ~rocksdb_engine();

    [[nodiscard]] rocksdb::DB& db() const noexcept { return *db_; }
    [[nodiscard]] rocksdb::ColumnFamilyHandle* nodes() const noexcept { return nodes_; }
    [[nodiscard]] rocksdb::ColumnFamilyHandle* heads() const noexcept { return heads_; }
    [[nodiscard]] const storage_options& options() const noexcept { return options_; }
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

    /// Whether the disk has room for `bytes` and what the engine writes beside them.  Errors: errc::no_space.
    [[nodiscard]] status check_room(std::uint64_t bytes) const;

    /// A copy of everything as hard links. Also makes durable what was put so far.
    status copy_to(const std::filesystem::path& target);

private:
    rocksdb_engine(std::filesystem::path path, const storage_options& options)
        : path_(std::move(path)), options_(options) {}

    // Constant after opening.
    const std::filesystem::path path_;
    const storage_options options_;
    std::unique_ptr<rocksdb::DB> db_;
    rocksdb::ColumnFamilyHandle* heads_ = nullptr;  // owned, given back before db_
    rocksdb::ColumnFamilyHandle* nodes_ = nullptr;
};

[[nodiscard]] std::unique_ptr<node_store> make_rocksdb_nodes(std::shared_ptr<rocksdb_engine> engine);

/// `folder` holds the file HEADS.
[[nodiscard]] std::unique_ptr<head_store> make_rocksdb_heads(std::shared_ptr<rocksdb_engine> engine,
                                                             std::shared_ptr<disk_folder> folder);

}  // namespace coppice
