// store/catalog.hpp: everything that has a name or a time, as records of one tree.
//
//   'b' | branch 8 BE             a branch;          child: its state when last brought up to date
//   'c' | commit id 20            a commit;          child: its state
//   'm' | commit id 20            its message, when that is long; child: bytes
//   'n' | name                    what a name means: a branch or a tag
//   'p' | time 8 BE | branch 8 BE a restore point by age, across branches, and what it is estimated to hold
//   'r' | branch 8 BE | time 8 BE an entry of a branch's reflog
//   'v' | branch 8 BE | time 8 BE a version of a branch: a restore point (child: its state) or a commit's id
//
// docs/format.md draws the records. Records begin with a format byte. Nothing here logs or locks.
//
// Cost. Each call O(log n), lists O(1) per entry more. Errors: as the tree's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/function_ref.hpp>
#include <coppice/tree/tree.hpp>

#include <store/version.hpp>

namespace coppice {

/// What a name means.
struct name_row {
    bool tag = false;
    branch_id branch = 0;
    commit_id commit{};
};

/// A restore point in the order of age.
struct point_row {
    microseconds_utc time = 0;
    branch_id branch = 0;
    std::uint64_t cost_bytes = 0;
};

/// What the head says beside the catalog's root.
struct store_head {
    std::array<unsigned char, 16> uuid{};
    std::uint64_t generation = 0;  ///< checkpoints so far
    std::uint64_t nonce = 0;
    node_id root = node_id::none;  ///< none: an empty catalog
    node_seal root_seal = 0;
    std::uint64_t root_count = 0;
    std::uint64_t next_record = 1;                                ///< the first log record that the root does not hold
    std::uint32_t arena = 0;                                      ///< the newest one leased
    std::uint32_t arena_used = 0;                                 ///< highest number used in it
    std::vector<std::pair<std::uint32_t, std::uint32_t>> arenas;  ///< earlier ones, and the highest number used of each
    branch_id next_branch = main_branch + 1;
    std::uint64_t point_bytes = 0;
    microseconds_utc time = 0;  ///< of the newest version
};
[[nodiscard]] std::string encode_head(const store_head& head);
[[nodiscard]] result<store_head> decode_head(std::string_view bytes);

class catalog {
public:
    explicit catalog(tree_context& context) : rows_(context, keyed_records) {}
    explicit catalog(tree rows) : rows_(std::move(rows)) {}
    [[nodiscard]] const tree& rows() const noexcept { return rows_; }

    [[nodiscard]] std::optional<name_row> name(std::string_view name) const;
    void put_name(std::string_view name, const name_row& row);
    void erase_name(std::string_view name);
    /// All names with their meanings, in order, until `visit` returns false.
    void for_each_name(function_ref<bool(std::string_view name, const name_row&)> visit) const;

    [[nodiscard]] std::optional<branch_row> branch(branch_id id) const;
    [[nodiscard]] std::optional<snapshot_state> branch_state(branch_id id) const;
    void put_branch(const branch_row& row, const snapshot_state& state);
    /// The branch, its versions and its reflog.  Returns what its restore points were estimated to hold.
    std::uint64_t erase_branch(const branch_row& row);

    [[nodiscard]] std::optional<commit_row> commit(const commit_id& id) const;
    [[nodiscard]] std::optional<snapshot_state> commit_state(const commit_id& id) const;
    void put_commit(const commit_row& row, const tree& keys);
    /// Ids that begin with the hexadecimal digits `prefix`; at most two are returned.
    [[nodiscard]] std::vector<commit_id> commits_with_prefix(std::string_view prefix) const;

    /// Whether what hangs below a record is a restore point's alone.
    [[nodiscard]] static bool is_point(std::string_view key) noexcept { return key.starts_with('v'); }
    void put_point(branch_id branch, microseconds_utc time, std::uint64_t cost, const snapshot_state& state);
    [[nodiscard]] std::optional<snapshot_state> point_state(branch_id branch, microseconds_utc time) const;
    [[nodiscard]] std::optional<point_row> oldest_point() const;
    /// Returns what it was estimated to hold.
    std::uint64_t erase_point(branch_id branch, microseconds_utc time);
    [[nodiscard]] std::uint64_t point_count() const;

    /// One version of a branch: a restore point or a commit.
    struct version_entry {
        microseconds_utc time = 0;
        std::optional<commit_id> commit;
        std::uint64_t cost_bytes = 0;
    };
    /// Versions not newer than `from`, newest first, until `visit` returns false.
    void for_each_version(branch_id branch, microseconds_utc from,
                          function_ref<bool(const version_entry&)> visit) const;
    [[nodiscard]] std::optional<version_entry> oldest_version(branch_id branch) const;

    void put_reflog(branch_id branch, const reflog_row& row);
    void for_each_reflog(branch_id branch, function_ref<bool(const reflog_row&)> visit) const;  ///< newest first

    [[nodiscard]] std::uint64_t count(char section) const;

private:
    [[nodiscard]] std::optional<snapshot_state> state_in(std::string_view key, branch_id branch,
                                                         microseconds_utc time) const;
    void erase_all(std::string_view prefix);

    tree rows_;
};

}  // namespace coppice
