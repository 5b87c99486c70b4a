// storage/sim_disk.hpp: a disk in memory that loses at a crash what a disk may lose.
//
// Every change is applied to what a reader sees at once, and remembered until a sync. A crash image starts
// from what was synced and then takes each remembered change, or a part of it, or leaves it:
//
//   synced:  [aaaa|aaaa|....]      pending: write bb at 2, write cccc at 6, name "x"
//   images:  aaaaaaaa  aabbaaaa  aabbaacccc  aaaaaacc  ... , each with the name "x" or without
//
// Writes tear at sectors of 512 bytes. Changes of names are taken or left whole.
//
// Threads: any; one mutex guards all of it, and everything that shares the disk's faults and its room.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/error.hpp>
#include <coppice/base/random.hpp>

#include <storage/disk_folder.hpp>

namespace coppice {

/// The decisions that make one crash image: whether a pending change had reached the disk.
class crash_choices {
public:
    virtual ~crash_choices() = default;
    virtual bool taken() = 0;
};

class random_choices final : public crash_choices {
public:
    explicit random_choices(random_source& random) : random_(random) {}
    bool taken() override { return random_.one_in(2); }

private:
    random_source& random_;
};

/// Walks through every sequence of decisions: call next() between images until it says false.
class every_choice final : public crash_choices {
public:
    bool taken() override {
        if (at_ == made_.size()) { made_.push_back(false); }
        return made_[at_++];
    }
    bool next() {
        made_.resize(at_);
        at_ = 0;
        while (!made_.empty() && made_.back()) { made_.pop_back(); }
        if (made_.empty()) { return false; }
        made_.back() = true;
        return true;
    }

private:
    std::vector<bool> made_;
    std::size_t at_ = 0;
};

/// Which operation fails, and how much room there is.
struct sim_faults {
    std::uint64_t operations = 0;  ///< so far
    std::optional<std::uint64_t> fail_at;
    errc fail_with = errc::io;
    std::uint64_t capacity = ~std::uint64_t{0};
    std::uint64_t used = 0;

    /// Counts one operation and says whether it fails.
    status begin(std::string_view what) {
        if (fail_at != operations++) { return {}; }
        return error{fail_with, std::string(what) + ": as the test wants"};
    }
    status take(std::uint64_t bytes, std::string_view what) {
        if (bytes > 0 && (used > capacity || bytes > capacity - used)) {
            return error{errc::no_space, std::string(what) + ": the disk is full"};
        }
        used += bytes;
        return {};
    }
    void give_back(std::uint64_t bytes) { used -= bytes; }
};

/// While it lives, memory that this thread takes is the simulation's: a test that lets allocations fail leaves it
/// alone, since a real disk needs none of the program's.
class sim_memory {
public:
    sim_memory() noexcept { ++depth_; }
    ~sim_memory() { --depth_; }
    sim_memory(const sim_memory&) = delete;
    sim_memory& operator=(const sim_memory&) = delete;
    [[nodiscard]] static bool in_use() noexcept { return depth_ != 0; }

private:
    static inline thread_local int depth_ = 0;
};

/// Held during each operation of the disk.
class sim_lock {
public:
    explicit sim_lock(std::mutex& mutex) : lock_(mutex) {}

private:
    const sim_memory memory_;
    const std::scoped_lock<std::mutex> lock_;
};

/// Bytes of one file: as they are read now, and how they came to be.
struct sim_inode {
    struct change {
        bool resized;
        std::uint64_t at;  ///< of the write, or the new size
        std::string bytes;
    };
    std::string now;
    std::string durable;
    std::vector<change> pending;

    void apply(const change& made, std::string& to) const;
    [[nodiscard]] std::string survivor(crash_choices& choices) const;
};

/// One flat folder of files.
class sim_disk {
public:
    /// What is left of this disk, as a new one with its own inodes. With mutex held.
    [[nodiscard]] sim_disk survivor(crash_choices& choices) const;
    [[nodiscard]] std::uint64_t bytes() const;

    struct name_change {
        std::string from;  ///< empty: created
        std::string to;    ///< empty: removed
        std::shared_ptr<sim_inode> inode;
    };
    std::map<std::string, std::shared_ptr<sim_inode>, std::less<>> names;
    std::map<std::string, std::shared_ptr<sim_inode>, std::less<>> durable_names;
    std::vector<name_change> pending;
};

/// A disk_folder over `disk`. All three are kept alive by `owner` and guarded by `mutex`.
[[nodiscard]] std::shared_ptr<disk_folder> open_sim_folder(std::shared_ptr<void> owner, sim_disk& disk,
                                                           sim_faults& faults, std::mutex& mutex);

}  // namespace coppice
