// coppice/store_types.hpp: words that the store's interface and its inside share.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <coppice/base/clock.hpp>
#include <coppice/base/error.hpp>

namespace coppice {

/// What a key holds. The numbers reach disk.
enum class value_type : std::uint8_t { string = 1, list = 2, hash = 3, set = 4, sorted_set = 5 };

/// "string", "list", ... as TYPE says it.
[[nodiscard]] std::string_view name_of(value_type type) noexcept;
/// "key 'prices'", as messages say it: of a long key the first hundred bytes.
[[nodiscard]] std::string name_of_key(std::string_view key);
/// "key 'prices' is a hash, not a list"
[[nodiscard]] error wrong_type(std::string_view key, value_type found, value_type expected);

/// A version of a branch: its time in microseconds since 1970, which no other version of the store has. As long as
/// it is kept, the reference `branch@time` names it.
enum class version_id : microseconds_utc {};

/// 160 bits: the first of a SHA-256 over store, log position, parents, time, author and message.
using commit_id = std::array<unsigned char, 20>;
[[nodiscard]] std::string to_hex(const commit_id& id);

/// When the log is synced: appendfsync.
enum class durability : std::uint8_t {
    always,    ///< before a write is acknowledged
    everysec,  ///< once a second: what a machine that loses power may lose; a killed program loses nothing
    no         ///< when the system likes
};

inline constexpr milliseconds_utc no_deadline = 0;

/// A field of a hash and its value, borrowed for a call.
struct field_value {
    std::string_view field;
    std::string_view value;
};

struct clean_up_report {
    std::uint64_t nodes_kept = 0;
    std::uint64_t nodes_retired = 0;
    std::uint64_t bytes_freed = 0;  ///< on disk
    std::uint64_t memory_freed = 0;
};

}  // namespace coppice
