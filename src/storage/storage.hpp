// storage/storage.hpp: the three doors to a disk, bundled, and the kinds of disk there are.
//
//   open_memory_storage()           everything is gone with the process: tests, throw-away servers
//   open_directory_storage(path)    RocksDB for nodes and heads, our segments for the log
//   sim_storage (sim_storage.hpp)   a disk that crashes, fills up and fails when a test says so
//
// Order at a checkpoint, whatever the kind: nodes->put_many, nodes->sync, heads->move_head, and only when
// that answered `moved`, log->drop_before and nodes->retire.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <coppice/base/error.hpp>

#include <storage/head_store.hpp>
#include <storage/node_store.hpp>
#include <storage/write_log.hpp>

namespace coppice {

/// How node payloads are packed. docs/format.md has the numbers that reach the disk.
enum class node_codec : std::uint8_t { none = 0, lz4 = 1, zstd = 2 };

struct storage_options {
    node_codec codec = node_codec::lz4;
    int codec_level = 1;                                ///< lz4: acceleration; zstd: level
    std::size_t log_segment_bytes = 16 * 1024 * 1024;   ///< preallocated at once
    std::size_t write_buffer_bytes = 32 * 1024 * 1024;  ///< RocksDB's memory for nodes not yet flushed
    std::size_t block_cache_bytes = 32 * 1024 * 1024;   ///< small: the tree's own nodes are the cache
    std::size_t blob_file_bytes = 128 * 1024 * 1024;
    int open_files_max = 512;  ///< never -1: opening would cost with the number of files
};

/// What belongs to the data folder as a whole.  Threads: any.
class storage_folder {
public:
    virtual ~storage_folder() = default;
    /// Says where the owner answers, for the message a second opener gets.
    virtual status set_listening(std::string_view address) = 0;
    /// Makes a consistent copy of everything in `target`, which must not exist, while the store is in use. It grows in
    /// `target`.unfinished, which the next backup to `target` removes if this one is cut off.
    virtual status backup_to(const std::filesystem::path& target) = 0;
    /// In a child made by fork(): gives up its share of the lock, which is the parent's.
    virtual void forget_lock() noexcept = 0;
    [[nodiscard]] virtual const std::filesystem::path& path() const noexcept = 0;
};

/// An open storage. `folder` is null where there is none; it is released last.
struct storage {
    std::unique_ptr<storage_folder> folder;
    std::unique_ptr<node_store> nodes;
    std::unique_ptr<head_store> heads;
    std::unique_ptr<write_log> log;
};

[[nodiscard]] storage open_memory_storage();

/// Opens the data folder `path`, and makes it (mode 0700) if it is not there. A folder that holds something else than a
/// store is left alone (errc::invalid); hidden names and lost+found are nothing.
/// Errors: errc::in_use ("store in use by pid 12, listening at 127.0.0.1:5000"), errc::corrupt, errc::io,
/// errc::no_space, errc::unsupported. A damaged log does not keep the rest from opening: replay and write say it.
[[nodiscard]] result<storage> open_directory_storage(const std::filesystem::path& path,
                                                     const storage_options& options = {});

/// Reads all of an open storage with every check on.  Cost: reads every byte.
[[nodiscard]] findings verify_storage(const storage& opened);

/// Whether `path` holds a store, damaged or not.  Errors: errc::io where one may not look.
[[nodiscard]] result<bool> is_data_folder(const std::filesystem::path& path);
/// Errors: errc::in_use, as open_directory_storage says it, while somebody has the data folder open.
[[nodiscard]] status check_directory_unused(const std::filesystem::path& path);

/// What a verification of what heads and nodes say adds.
using state_verifier = std::function<void(const node_store&, const head_store&, const log_range&, findings&)>;

/// The same for a data folder that nobody has open, without changing a byte of it. Never dies: a folder that
/// cannot be opened is a finding.
[[nodiscard]] findings verify_directory(const std::filesystem::path& path, const state_verifier& also = {});

}  // namespace coppice
