// storage/segment_log.hpp: the write_log that lies in segment files (log_segment.hpp, docs/format.md).
//
//   folder:  0000000007-...4711.log   0000000008-...5200.log   spare-9
//            full or ended            written at its end       room for the next, allocated beforehand
//            reached-0000000008-...5233   how far it has come (log_reach.hpp)
//
// Every opening, and every rotate(), begins a new segment under a fresh nonce, and the one before ends where
// its last good frame ends: no byte that a crash left behind can ever be taken for a record. The segment is
// made at the first reserve or write, so opening needs no room.
//
// What must be durable before what
//   D1  A torn tail is cut off, durably, before the next segment is named.
//   D2  A segment's name is durable before the next one is named, and names are dropped oldest
//       first, each durably: so a missing number is always at the end, where it is torn, or damage.
//   D3  synced() moves only after the bytes, then the names of all segments written since are durable.
//   D4  A checkpoint beyond the log's end (replay from there) is entered in a new segment before the old
//       ones are dropped.
//   D5  `reached` names a segment before that is named, and a sequence only when D3 has moved synced() there.
//
// Threads: as write_log says. mutex_ is held for the pwrite of a turn, never for a sync or an allocation.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <coppice/base/random.hpp>

#include <storage/disk_folder.hpp>
#include <storage/log_reach.hpp>
#include <storage/log_segment.hpp>
#include <storage/write_log.hpp>

namespace coppice {

class segment_log final : public write_log {
public:
    /// Opens the log in `folder`, which stays the caller's to keep alive if shared.
    /// Requires: segment_bytes is a multiple of 4096 and at least 16384.  Errors: errc::io, errc::unsupported.
    [[nodiscard]] static result<std::unique_ptr<segment_log>> open(std::shared_ptr<disk_folder> folder,
                                                                   std::uint64_t segment_bytes,
                                                                   std::uint64_t random_seed);
    /// Ends the log well: what is written is synced and unused room given back, as far as the disk lets it.
    ~segment_log() override;

    result<log_sequence> write(log_batch& batch) override;
    status sync() override;
    log_sequence first() const noexcept override;
    log_sequence next() const noexcept override { return next_.load(std::memory_order_acquire); }
    log_sequence synced() const noexcept override { return synced_.load(std::memory_order_acquire); }
    result<replay_report> replay(log_sequence from, const visitor& visit) override;
    status drop_before(log_sequence sequence) override;
    status rotate() override;
    status reserve(std::uint64_t bytes) override;
    std::uint64_t disk_bytes() const override;
    void verify(findings& found) const override;

    /// Writes the segments as they are now, whole frames only, into another folder, and syncs them. Nothing
    /// is dropped meanwhile. `before` runs first, also without anything being dropped.
    status copy_to(disk_folder& target, const std::function<status()>& before);

private:
    segment_log(std::shared_ptr<disk_folder> folder, std::uint64_t segment_bytes, std::uint64_t random_seed)
        : folder_(std::move(folder)), segment_bytes_(segment_bytes), random_(random_seed) {}

    /// Part of a batch that goes to one place in one file.
    struct run {
        std::shared_ptr<disk_file> file;
        std::uint64_t offset;
        const char* from;
        std::size_t bytes;
    };

    void end_well();

    // Opening.
    status find_end();
    status cut_tail(const log_walk& walk);

    // With mutex_ held.
    status refuse_unlocked() const;
    std::uint64_t room_unlocked() const noexcept;
    void publish_room_unlocked() noexcept;
    status begin_segment_unlocked(log_sequence first_sequence, log_sequence follows, std::uint64_t carried);
    status write_unlocked(log_batch& batch, std::vector<run>& written);
    status place_unlocked(const char* from, std::uint64_t bytes, log_sequence after, std::vector<run>& runs);
    status flush_runs_unlocked(std::vector<run>& runs, std::vector<run>& written);
    void fail_unlocked(const error& cause);

    status make_room(std::uint64_t bytes);
    status make_spare();
    status add_spare();
    status end_segment();
    status skip_to(log_sequence sequence);
    std::vector<log_segment> segments_now() const;

    // Constant after construction.
    const std::shared_ptr<disk_folder> folder_;
    const std::uint64_t segment_bytes_;

    // Taken in this order.
    std::mutex drop_mutex_;   // one drop or copy at a time
    std::mutex sync_mutex_;   // one sync at a time
    std::mutex spare_mutex_;  // one allocation at a time
    mutable std::mutex mutex_;

    // Guarded by mutex_.
    struct spare {
        std::string name;
        std::shared_ptr<disk_file> file;
    };
    std::vector<log_segment> segments_;  ///< the last one is written while active_
    bool active_ = false;                ///< false until the first write after opening or rotate
    std::uint64_t nonce_ = 0;            ///< of the active segment
    std::deque<spare> spares_;
    std::vector<std::shared_ptr<disk_file>> unsynced_files_;
    std::uint64_t names_made_ = 0;    ///< segments named since opening
    std::uint64_t names_synced_ = 0;  ///< of those, the ones whose name is durable
    std::optional<error> failure_;    ///< set: no further writes
    std::optional<log_walk> damage_;  ///< the log was opened damaged
    random_source random_;
    log_cut cut_;
    log_reach reached_;  ///< as it stands in the folder

    // Written with mutex_ held, read by anybody.
    std::atomic<log_sequence> next_{1};
    std::atomic<log_sequence> synced_{1};
    std::atomic<std::uint64_t> room_{0};  ///< what a write may surely take; 0 when writes are refused

    std::uint64_t spares_made_ = 0;  // guarded by spare_mutex_
};

/// Reads a log that nobody has open and adds what is broken; a torn tail is not, and is returned. Never dies, changes
/// nothing.
log_range verify_log_folder(disk_folder& folder, findings& found);

}  // namespace coppice
