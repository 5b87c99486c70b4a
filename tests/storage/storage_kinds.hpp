// tests/storage/storage_kinds.hpp: the three kinds behind one face, folders that vanish, seeds that print themselves.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include <gtest/gtest.h>

#include <storage/sim_storage.hpp>
#include <storage/storage.hpp>

namespace coppice::testing {

/// A new folder that is removed with the object.
class temporary_folder {
public:
    temporary_folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "coppice-storage-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

/// The seed of this run: COPPICE_SEED replays one.
inline std::uint64_t test_seed() {
    static const std::uint64_t seed = [] {
        const char* given = std::getenv("COPPICE_SEED");
        const auto drawn = given != nullptr ? std::strtoull(given, nullptr, 10) : random_seed();
        std::printf("COPPICE_SEED=%llu\n", static_cast<unsigned long long>(drawn));
        return drawn;
    }();
    return seed;
}

inline std::string random_bytes(random_source& random, std::size_t length, unsigned letters = 256) {
    std::string bytes(length, '\0');
    for (auto& byte : bytes) { byte = static_cast<char>(random.below(letters)); }
    return bytes;
}

/// One kind of storage, opened as often as a test likes.
struct storage_kind {
    std::string name;
    std::function<std::function<storage()>()> make;  ///< a new disk: each call of the result opens it again
    bool survives = true;                            ///< closing and opening again
};

inline storage opened(result<storage> tried) {
    if (!tried) {
        ADD_FAILURE() << tried.error().message();
        std::abort();
    }
    return std::move(*tried);
}

inline storage_options small_options() {
    storage_options options;
    options.log_segment_bytes = 64 * 1024;
    options.write_buffer_bytes = 1024 * 1024;
    options.block_cache_bytes = 1024 * 1024;
    return options;
}

inline std::vector<storage_kind> all_kinds() {
    std::vector<storage_kind> kinds;
    kinds.push_back({"memory", [] { return [] { return open_memory_storage(); }; }, false});
    kinds.push_back({"simulated", [] {
                         auto disk = std::make_shared<sim_storage>();
                         return [disk] { return opened(disk->open()); };
                     }});
#ifndef COPPICE_WITHOUT_ROCKSDB
    for (const auto codec : {node_codec::lz4, node_codec::zstd, node_codec::none}) {
        const char* const names[] = {"plain", "lz4", "zstd"};
        kinds.push_back({std::string("directory_") + names[static_cast<int>(codec)], [codec] {
                             auto folder = std::make_shared<temporary_folder>();
                             return [folder, codec] {
                                 auto options = small_options();
                                 options.codec = codec;
                                 return opened(open_directory_storage(folder->path() / "data", options));
                             };
                         }});
    }
#endif
    return kinds;
}

}  // namespace coppice::testing
