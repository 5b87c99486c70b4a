// store/objects.hpp: what a branch says, as records of one tree.
//
// A branch is one keyed tree. The first byte of a key chooses a section, so that one root is the whole
// branch, a range is a key space, and a count of keys is a difference of two ranks:
//
//   0x00 + s | key                      the key spaces: s is a physical number, 0 to 15
//   0x10 + s | deadline 8 B BE | key    the keys of space s that expire, by deadline
//
// SELECT n means the physical space that `space_map` says; SWAPDB exchanges two nibbles of it.
//
// The bytes of a key's record:   kind 1 B (type, 0x80: has a deadline) | deadline 8 B, if any | rest
//   string      rest: the bytes; a long string has none and a child tree of bytes
//   list        child: listed records, each a value; a long value has no bytes and a child tree of bytes
//   hash        rest: next sequence number 8 B; child: keyed records, field -> sequence number (varint), value
//   set         child: keyed records without bytes
//   sorted set  reserved (DESIGN of two trees; not built yet)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <coppice/base/clock.hpp>
#include <coppice/base/error.hpp>
#include <coppice/base/limits.hpp>
#include <coppice/store_types.hpp>
#include <coppice/tree/tree.hpp>

namespace coppice {

/// Which physical space each SELECT number means: a nibble each.
using space_map = std::uint64_t;
inline constexpr space_map spaces_in_order = 0xfedcba9876543210U;
[[nodiscard]] constexpr unsigned physical_space(space_map map, unsigned database) noexcept {
    return static_cast<unsigned>(map >> (4 * database)) & 15U;
}

/// A key of the tree, put together without allocating where it is short.
class section_key {
public:
    section_key(unsigned section, std::string_view key) { assign(section, {}, key); }
    /// A deadline's key.
    section_key(unsigned space, milliseconds_utc deadline, std::string_view key);
    section_key(const section_key&) = delete;
    section_key& operator=(const section_key&) = delete;
    operator std::string_view() const noexcept { return view_; }  // NOLINT: it is a key

private:
    void assign(unsigned section, std::string_view middle, std::string_view key);
    char short_[120];
    std::string long_;
    std::string_view view_;
};

/// A key that is there, borrowed from the tree it was found in until that changes.
struct found_key {
    value_type type;
    milliseconds_utc deadline = no_deadline;
    std::string_view rest;  ///< of the record's bytes
    record_view record;

    /// Elements, fields or members; bytes of a string.
    [[nodiscard]] std::uint64_t size() const noexcept {
        return type == value_type::string && record.child == child_form::none ? rest.size() : record.child_count;
    }
};

/// The parts of a key's record.
[[nodiscard]] found_key parse_key_record(const record_view& record) noexcept;
/// Appends what stands before `rest` in a key's record.
void append_key_header(std::string& out, value_type type, milliseconds_utc deadline);

/// The shape of the child tree of a type.
[[nodiscard]] constexpr tree_shape child_shape(value_type type) noexcept {
    switch (type) {
        case value_type::string: return plain_bytes;
        case value_type::list: return listed_records;
        default: return keyed_records;
    }
}

/// A value of a list or a hash: bytes in its record, or a bytes tree when long.
struct value_view {
    std::string_view bytes;    ///< when it is short
    std::optional<tree> rope;  ///< when it is long
    [[nodiscard]] std::uint64_t size() const noexcept { return rope ? rope->size() : bytes.size(); }
    /// Appends the whole value.
    void append_to(std::string& out) const;
};
/// The value of a list's element.
[[nodiscard]] value_view element_value(const tree& of, const record_view& element);
/// The value of a hash's field, and its place in the order of insertion.
struct field_view {
    std::uint64_t sequence;
    value_view value;
};
[[nodiscard]] field_view field_of(const tree& of, const record_view& field);

/// One state of a branch, borrowed: what commands read. Keys whose deadline has come are not there.
class branch_view {
public:
    branch_view(const tree& keys, space_map spaces, milliseconds_utc now) noexcept
        : keys_(&keys), spaces_(spaces), now_(now) {}

    [[nodiscard]] const tree& keys() const noexcept { return *keys_; }
    [[nodiscard]] milliseconds_utc now() const noexcept { return now_; }
    [[nodiscard]] unsigned space(unsigned database) const noexcept { return physical_space(spaces_, database); }

    [[nodiscard]] std::optional<found_key> find(unsigned database, std::string_view key) const {
        return alive(keys_->find(section_key(space(database), key)));
    }
    /// What a record of a key space says, unless its deadline has come.
    [[nodiscard]] std::optional<found_key> alive(const std::optional<record_view>& record) const noexcept {
        if (!record) { return std::nullopt; }
        const found_key found = parse_key_record(*record);
        if (found.deadline != no_deadline && found.deadline <= now_) { return std::nullopt; }
        return found;
    }
    /// The child tree of a key, as a value: empty for a short string.  Cost: O(1).
    [[nodiscard]] tree child(const found_key& of) const { return keys_->child_of(of.record, child_shape(of.type)); }
    /// A string's bytes.  Requires: a string.
    [[nodiscard]] value_view string_value(const found_key& of) const;

    /// Where the records of a database's key space stand in keys(): [first, last).  Cost: O(log n).
    struct range {
        std::uint64_t first;
        std::uint64_t last;
    };
    [[nodiscard]] range positions(unsigned database) const;
    /// Keys of a database that have a deadline; with `due`, only those whose deadline has come.
    [[nodiscard]] range deadline_positions(unsigned database, bool due) const;
    /// Live keys of all databases.  Cost: O(log n).
    [[nodiscard]] std::uint64_t size() const;
    /// Live keys of a database (DBSIZE).  Cost: O(log n).
    [[nodiscard]] std::uint64_t size(unsigned database) const;

private:
    const tree* keys_;
    space_map spaces_;
    milliseconds_utc now_;
};

}  // namespace coppice
