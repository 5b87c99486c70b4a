// storage/disk_folder.hpp: the few file operations the log needs, so that a test can own the disk.
//
// The log runs unchanged on the machine's files and on a simulated disk that crashes (sim_disk.hpp).
//
// What the log assumes of any disk
//   F1  After file.sync() the file's bytes and size survive a crash; before, any part of any write may be lost.
//   F2  After folder.sync() the names survive; before, any of the changes of names may be lost, each whole.
//   F3  Bytes never written read as zeros.
//
// Threads. One file may be written by one thread while others sync and read it. Folders: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/error.hpp>

namespace coppice {

class disk_file {
public:
    virtual ~disk_file() = default;
    virtual status write_at(std::uint64_t offset, std::string_view bytes) = 0;
    /// Reads up to `bytes` and says how many there were before the end of the file.
    virtual result<std::size_t> read_at(std::uint64_t offset, char* to, std::size_t bytes) const = 0;
    virtual status sync() = 0;
    virtual status resize(std::uint64_t bytes) = 0;
    virtual result<std::uint64_t> size() const = 0;
};

class disk_folder {
public:
    virtual ~disk_folder() = default;
    /// Makes a file of `bytes` zeros whose room is taken from the disk now. On an error there is no file.
    /// Errors: errc::no_space, errc::io, errc::exists.
    virtual result<std::shared_ptr<disk_file>> create(std::string_view name, std::uint64_t bytes) = 0;
    virtual result<std::shared_ptr<disk_file>> open(std::string_view name) = 0;
    virtual status rename(std::string_view from, std::string_view to) = 0;
    virtual status remove(std::string_view name) = 0;
    [[nodiscard]] virtual result<std::vector<std::string>> names() const = 0;
    virtual status sync() = 0;
};

/// The machine's files in `path`.  `read_only`: nothing is ever changed, also by mistake.
[[nodiscard]] std::unique_ptr<disk_folder> open_disk_folder(std::filesystem::path path, bool read_only = false);

/// What errno says about `what`: errc::no_space, errc::not_found, errc::exists or errc::io.
[[nodiscard]] error error_of_errno(int code, std::string_view what);

/// Replaces the file `name` in `folder` by `bytes`, so that after a crash the old or the new bytes are there.
/// On success the new ones are durable.
status replace_file(disk_folder& folder, std::string_view name, std::string_view bytes);

/// All bytes of a file.  Errors: errc::not_found, errc::limit above `bytes_max`, errc::io.
[[nodiscard]] result<std::string> read_whole_file(disk_folder& folder, std::string_view name, std::size_t bytes_max);

}  // namespace coppice
