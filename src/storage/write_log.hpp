// storage/write_log.hpp: what happened since the last checkpoint, in order.
//
// Records are numbered densely from 1. A turn's records are written in one call, made durable by sync, read
// again by replay after a crash, and dropped from the front once a checkpoint holds what they say.
//
//      dropped | kept, durable          | written, not yet durable |
//   ...........|=========================|~~~~~~~~~~~~~~~~~~~~~~~~~|
//              ^ first()                 ^ synced()                ^ next()        (all: sequence numbers)
//
// What coppice assumes of any write_log
//   L1  After sync() succeeds, every record below synced() survives a crash.
//   L2  A crash leaves a prefix of the records written, never a gap, and cuts only at the end of a frame
//       (log_batch.hpp). A kill of the process loses nothing that write() answered.
//   L3  replay gives the records as they were written, or errc::corrupt with the segment and offset. A torn
//       tail, which is what a crash leaves of records that were not yet synced, is cut when the log is
//       opened, and reported.
//   L4  After reserve(n) succeeded, a write of up to n bytes does not meet errc::no_space.
//   L5  A write that says errc::no_space or throws std::bad_alloc left nothing behind. After any other error of
//       write or sync the log takes no further records (errc::read_only) until it is reopened: what was not
//       synced is unknown.
//
// Threads. write, reserve, rotate and replay from one thread at a time; sync, drop_before and the figures from
// any thread beside them. sync does not hold up write.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <coppice/base/error.hpp>

#include <storage/log_batch.hpp>
#include <storage/node_store.hpp>

namespace coppice {

/// The number of a record: the first is 1, each next one greater by one.
using log_sequence = std::uint64_t;

/// What opening the log cuts off its end, or finds missing there.
struct log_cut {
    std::uint64_t bytes = 0;  ///< 0: none that are there
    std::string where;  ///< "log segment 3 at 81920", or "log segment 4, whose file is gone"; empty: nothing is cut
};
/// Of a log that ends with `next` though a checkpoint holds all below `from`.
[[nodiscard]] inline log_cut cut_below_checkpoint(log_sequence next, log_sequence from) {
    return {0, "record " + std::to_string(next) + ", where it ends: a checkpoint holds those below "
                   + std::to_string(from) + ", which is newer"};
}

/// The records that a log holds without a gap: [first, next).
struct log_range {
    log_sequence first = 1;
    log_sequence next = 1;
    log_cut torn{};  ///< of a log that nobody has open: what opening it will cut
};

struct replay_report {
    log_sequence next = 1;      ///< one above the newest record
    std::uint64_t records = 0;  ///< given to the visitor
    std::uint64_t bytes = 0;    ///< of those records
    log_cut cut;                ///< the torn tail, cut when the log was opened
};

class write_log {
public:
    /// Takes one record; an error stops the replay and becomes its answer.
    using visitor = std::function<status(log_sequence sequence, std::string_view record)>;

    virtual ~write_log() = default;

    /// Writes the records of `batch` as next(), next() + 1, ... and returns the number of the first. The
    /// batch stays as it is: clear() it for the next turn.
    /// Requires: an ended batch that is not empty, records up to limits::log_record_bytes.
    /// Errors: errc::no_space, errc::io, errc::read_only, errc::corrupt (the log was opened damaged).
    virtual result<log_sequence> write(log_batch& batch) = 0;

    /// Writes one record.
    result<log_sequence> append(std::string_view record) {
        log_batch batch;
        batch.add(record);
        return write(batch);
    }

    /// Makes durable what was written before the call.
    virtual status sync() = 0;

    [[nodiscard]] virtual log_sequence first() const noexcept = 0;   ///< the oldest record kept, or next()
    [[nodiscard]] virtual log_sequence next() const noexcept = 0;    ///< the number the next record gets
    [[nodiscard]] virtual log_sequence synced() const noexcept = 0;  ///< records below this are durable

    /// Gives the records from `from` on to `visit`, oldest first. A log that ends below `from` goes on at `from`:
    /// a checkpoint may be durable while the newest records it holds were not, and a crash took those.
    /// Errors: errc::corrupt where a record from `from` on is damaged or no longer there; the visitor's own.
    virtual result<replay_report> replay(log_sequence from, const visitor& visit) = 0;

    /// Drops records below `sequence` whose segments hold nothing else.
    virtual status drop_before(log_sequence sequence) = 0;

    /// Lets the next record start a new segment, so that all earlier ones can be dropped. Syncs.
    virtual status rotate() = 0;

    /// Makes room for one write of up to `bytes`, as log_batch::size_bytes counts. Call it before the command
    /// runs whose records shall fit, with what the batch holds already and what it may become. A comparison
    /// unless a segment must be allocated.  Errors: errc::no_space (ask again later), errc::io.
    virtual status reserve(std::uint64_t bytes) = 0;

    [[nodiscard]] virtual std::uint64_t disk_bytes() const = 0;
    /// Reads everything with all checks on and adds what is broken. Never dies.
    virtual void verify(findings& found) const = 0;
};

}  // namespace coppice
