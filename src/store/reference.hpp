// store/reference.hpp: how people name versions.
//
//   main                     what the branch says now
//   main~3                   the third commit before its newest one, along first parents; main~0 is the newest
//   main@-5m                 as it was five minutes ago: s m h d w, also together (-1h30m), with fractions (-0.5s)
//   main@2026-11-20T10:00:00Z, main@2026-11-20T10:00:00.25+01:00, main@2026-11-20     as of then
//   main@1763632800.25       the same as seconds since 1970
//   v1.2                     the commit that a tag names
//   3f9a01c2                 a commit id, or at least four digits that begin only one
//   v1.2~1, 3f9a01c2~1       commits before those
//
// The text comes from a peer: parsing is bounded, and every error names the part that was wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <coppice/base/clock.hpp>
#include <coppice/base/error.hpp>

namespace coppice {

struct reference {
    std::string_view base;                 ///< a name or commit digits; borrowed from the text
    std::optional<microseconds_utc> time;  ///< with @: an absolute time
    std::optional<std::uint64_t> back;     ///< with ~
};

/// Reads a reference.  Relative times count from `now`.  Errors: errc::invalid.
[[nodiscard]] result<reference> parse_reference(std::string_view text, microseconds_utc now);

/// Reads what may stand behind @.  Errors: errc::invalid.
[[nodiscard]] result<microseconds_utc> parse_time(std::string_view text, microseconds_utc now);

/// "2026-11-20T10:00:00.250000Z": always readable by parse_time.
[[nodiscard]] std::string format_time(microseconds_utc time);

/// Whether `name` may name a branch or a tag: [A-Za-z0-9._/-], 1 to 100 bytes, not beginning with - or ., not
/// 40 hexadecimal digits.  Errors: errc::invalid, saying which rule it breaks.
[[nodiscard]] status check_name(std::string_view name);

/// Whether `text` can be the beginning of a commit id: 4 to 40 hexadecimal digits.
[[nodiscard]] bool is_commit_prefix(std::string_view text) noexcept;

}  // namespace coppice
