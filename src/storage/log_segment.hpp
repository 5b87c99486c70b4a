// storage/log_segment.hpp: one file of the log: its name, its header, and how frames are found in a row of them.
//
//   name: <number, 10 digits>-<first sequence, 20 digits>.log
//
//   0          96    4096       4192  8192
//   | header   | 0   | header   | 0   | frame | frame | frame ...... | zeros, room taken beforehand |
//
// The header lies twice, in two pages: without its nonce no frame of the segment could be told from garbage.
// A frame that does not fit goes on behind the next segment's header; a frame's own header is never split
// (fewer than 40 bytes at a segment's end stay zero).
//
// The rule for a frame that is not as it should be. Every header says below which number records were known
// durable when it was written; let M be the greatest such number in the log, before and behind the bad place.
// If the bad frame's records begin at M or above, a crash may have done it: the log ends there (a torn tail).
// Below M nothing may be missing: it is damage.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/error.hpp>

#include <storage/disk_folder.hpp>
#include <storage/log_frame.hpp>
#include <storage/write_log.hpp>

namespace coppice {

inline constexpr std::uint64_t log_data_at = 8192;  ///< where frames begin in a segment

struct log_segment_header {
    // Constant for now; object storage and several writers will use them.
    std::uint32_t group = 0;
    std::uint64_t epoch = 1;
    std::uint64_t owner = 0;
    std::uint64_t generation = 0;

    std::uint64_t nonce = 0;           ///< random: seeds the checksums of the frames that begin here
    std::uint64_t number = 0;          ///< of the segment: dense, growing
    log_sequence first_sequence = 0;   ///< of the first frame that begins here or later
    log_sequence follows = 0;          ///< the sequence at which the segment before ended: less than
                                       ///< first_sequence where a checkpoint stands for what is between
    std::uint64_t carried_bytes = 0;   ///< at the start: the rest of a frame that began earlier
    log_sequence synced_before = 0;    ///< as in a frame

    friend bool operator==(const log_segment_header&, const log_segment_header&) = default;
};

/// The first log_data_at bytes of a segment.
[[nodiscard]] std::string encode_segment_header(const log_segment_header& header);
/// The header in one of its two places, or nothing if it is not whole. errc::unsupported: a later version.
[[nodiscard]] result<std::optional<log_segment_header>> decode_segment_header(std::string_view head);

[[nodiscard]] std::string segment_name(std::uint64_t number, log_sequence first_sequence);

/// A segment as it was found.
struct log_segment {
    std::uint64_t number = 0;
    log_sequence first_sequence = 0;
    std::shared_ptr<disk_file> file;
    std::uint64_t end = 0;                     ///< the file's size, or where its frames end
    std::optional<log_segment_header> header;  ///< nothing if both copies are bad
    std::string broken_copy;                   ///< which copy of the header is bad, if only one is

    [[nodiscard]] std::string name() const { return segment_name(number, first_sequence); }
};

/// The segments in `folder`, by number, gaps included.
[[nodiscard]] result<std::vector<log_segment>> find_segments(disk_folder& folder);

struct log_position {
    std::size_t segment = 0;  ///< index in the row
    std::uint64_t offset = log_data_at;
};

enum class log_end { clean, torn, damaged };

/// How reading a row of segments ended.
struct log_walk {
    log_end end = log_end::clean;
    log_position at;             ///< behind the last good frame
    log_sequence next = 1;       ///< one above the last good record
    log_sequence contiguous = 1; ///< the oldest record from which all up to next are there
    std::uint64_t bytes = 0;     ///< torn or damaged: from `at` to the last byte that is not zero
    std::string where;           ///< "log segment 3 at 81920", where `at` is
    std::string why;             ///< damaged: what is wrong there
};

/// Gives each frame's header and payload, from the start of segment `begin` on, to `visit`, and tells how the
/// row ends.  Errors: errc::io and visit's own; damage is an end, not an error.
/// Requires: begin < segments.size().
using frame_visitor = std::function<status(const log_frame_header&, std::string_view payload)>;
[[nodiscard]] result<log_walk> walk_log(std::span<const log_segment> segments, std::size_t begin,
                                        const frame_visitor& visit);

}  // namespace coppice
