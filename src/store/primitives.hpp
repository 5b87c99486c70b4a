// store/primitives.hpp: the numbers of the log's primitives, and how versions are written in it.
//
// The log speaks the store's language: never commands, names that may move, or relative references. A
// record of the log is  format 1 B | branch id varint | primitives, one after the other.  Each primitive is
// its number and its arguments: integers as varints, texts as a varint length and bytes, times as 8 bytes.
// Numbers reach disk: one is never reused. docs/format.md lists their arguments.
#pragma once

#include <cstdint>
#include <string>

#include <coppice/base/bytes.hpp>
#include <coppice/base/error.hpp>

#include <store/version.hpp>

namespace coppice {

inline constexpr std::uint8_t log_record_format = 1;

enum class primitive : std::uint8_t {
    put_string = 1,
    erase_key = 2,
    set_deadline = 3,
    copy_key = 4,
    move_key = 5,
    erase_space = 6,
    swap_spaces = 7,
    splice_string = 8,
    splice_list = 9,
    put_fields = 10,
    erase_fields = 11,
    add_members = 12,
    erase_members = 13,

    create_branch = 32,
    drop_branch = 33,
    rename_branch = 34,
    rewind = 35,
    commit = 36,
    create_tag = 37,
    drop_tag = 38,
    point = 39,
    drop_point = 40,
};
inline constexpr std::uint8_t first_reference_primitive = 32;  ///< from here on they change references, not keys

inline void append_primitive(std::string& out, primitive which) { out.push_back(static_cast<char>(which)); }

void append_version(std::string& out, const version_name& name);
/// Reads what append_version wrote; the reader fails on anything else.
[[nodiscard]] version_name take_version(byte_reader& from);

}  // namespace coppice
