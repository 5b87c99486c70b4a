// storage/log_reach.hpp: how far a log has come, as the name of an empty file beside its segments.
//
//   reached-0000000008-00000000000000005233     segment 8 was begun, all records below 5233 were durable
//
// Segments cannot tell that the newest of them is gone: each names those before it. A name can be moved on without a
// sync and is never half there. It is moved to a new segment just before that segment is named, and to a new
// sequence only when all that it promises is durable. So a crash may leave a name that names a segment which is not
// there (a tail that was torn), never one that promises a record which is not there (damage).
//
// Moving it is tried and no more: an older name is a weaker witness and still true.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <storage/disk_folder.hpp>
#include <storage/write_log.hpp>

namespace coppice {

struct log_reach {
    std::uint64_t number = 0;  ///< of the newest segment that was begun; 0: none
    log_sequence durable = 1;  ///< records below it were durable

    friend auto operator<=>(const log_reach&, const log_reach&) = default;
};

[[nodiscard]] std::string reach_name(log_reach reached);
/// Nothing if it is no such name.
[[nodiscard]] std::optional<log_reach> parse_reach(std::string_view name);

/// What is said in `folder`; the default where nothing is.
[[nodiscard]] result<log_reach> read_reach(disk_folder& folder);

/// Says `next` instead of `now`, and nothing at all where `next` is the default.  Returns what is said now.
log_reach move_reach(disk_folder& folder, log_reach now, log_reach next);

}  // namespace coppice
