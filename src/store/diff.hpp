// store/diff.hpp: what differs between two versions, key by key, and inside a key.
//
//     version_diff        keys added, removed, changed: told one at a time, resumed behind any of them
//       key_parts         of a changed key: fields, members, runs of positions or bytes, the value, the deadline
//
// Keys are compared by SELECT number, so SWAPDB between the versions is told as what it did. A key whose deadline
// has passed at a version's time is not in that version, written or not. Within a database, keys whose records
// differ come first, in their order; behind them, by deadline, those that only time has taken.
//
// What is not told, since no command shows it: the place of a field in its hash, and how a value is stored.
//
// Cost (k changes, n keys)   time                      allocates
//   next                     O(log n) a change         the key; a changed hash or string also its first difference
//   find                     O(log n)                  nothing
//   parts                    as keyed_diff, list_diff  names and values told; a list's runs all at once
//   where SWAPDB came between, databases that share no section: O(n)
//
// Threads. A version_diff holds both versions as values; one is used by one thread at a time.
// Errors. load_error, not_resident, bad_alloc: after them, make it anew and resume().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/tree/cursor.hpp>
#include <coppice/tree/diff.hpp>

#include <store/version.hpp>

namespace coppice {

/// Which keys are compared: all, unless this says otherwise.
struct diff_scope {
    std::optional<unsigned> database{};  ///< a SELECT number
    std::string prefix{};                ///< of the keys
    std::optional<std::string> key{};    ///< this one alone
};

/// Where a difference stands: behind a key that was told.
struct diff_place {
    unsigned database = 0;
    milliseconds_utc deadline = no_deadline;  ///< set: among those that only time has taken
    std::string key;
};

struct key_change {
    change_kind kind = change_kind::changed;
    unsigned database = 0;
    std::string key;
    std::optional<found_key> before;  ///< unless added; valid while the difference lives
    std::optional<found_key> after;   ///< unless removed
    [[nodiscard]] value_type type() const noexcept { return after ? after->type : before->type; }
};

class version_diff {
public:
    version_diff(snapshot_state before, snapshot_state after, diff_scope within = {});
    version_diff(const version_diff&) = delete;
    version_diff& operator=(const version_diff&) = delete;

    /// The next key that differs, or false: there is none.
    [[nodiscard]] bool next(key_change& to);
    /// Goes on behind `behind`, which may be of another difference of the same versions.
    void resume(const diff_place& behind);
    /// Of the change that was told last.
    [[nodiscard]] const diff_place& place() const noexcept { return told_; }
    /// Whether, and how, one key differs.
    [[nodiscard]] std::optional<key_change> find(unsigned database, std::string_view key) const;

    [[nodiscard]] const snapshot_state& before() const noexcept { return before_; }
    [[nodiscard]] const snapshot_state& after() const noexcept { return after_; }

private:
    enum class step : std::uint8_t { records, expired };
    struct sections {
        unsigned before;
        unsigned after;
    };
    /// Two sections with different numbers, walked side by side.
    struct side_by_side {
        cursor before;
        cursor after;
        std::string prefix;        // as far as page keys show it
        std::string key_before{};  // page key without the section; valid where there is one
        std::string key_after{};
        bool more_before = false;
        bool more_after = false;
    };

    [[nodiscard]] sections sections_of(unsigned database) const noexcept;
    [[nodiscard]] key_range range_of(unsigned section) const;
    void begin_step();
    bool next_record(key_change& to);
    bool next_side_by_side(key_change& to);
    bool next_expired(key_change& to);
    bool settle(key_change& to, const std::optional<record_view>& before, const std::optional<record_view>& after,
                bool records_differ) const;
    [[nodiscard]] bool same(const found_key& before, const found_key& after, bool records_differ) const;

    snapshot_state before_;
    snapshot_state after_;
    diff_scope within_;
    unsigned database_ = 0;
    unsigned database_end_;
    step step_ = step::records;
    bool begun_ = false;              // the walk of this step
    std::optional<diff_place> from_;  // where the walk of this step begins
    std::optional<keyed_diff> records_;
    std::optional<side_by_side> beside_;
    std::optional<cursor> due_;
    keyed_change change_;
    diff_place told_;
};

struct diff_counts {
    std::uint64_t added = 0;
    std::uint64_t removed = 0;
    std::uint64_t changed = 0;
};
/// Counts what `diff` has still to tell.
[[nodiscard]] diff_counts count_changes(version_diff& diff);

// Inside a key.

enum class part_kind : std::uint8_t {
    type,      ///< the key is of another type: nothing else is told but its deadline
    deadline,  ///< milliseconds, in `deadline_before` and `deadline_after`; no_deadline: none
    value,     ///< a short string, whole
    bytes,     ///< a run of a long string
    field,     ///< of a hash
    member,    ///< of a set
    run,       ///< of a list
};

struct part_change {
    part_kind what = part_kind::value;
    change_kind kind = change_kind::changed;
    std::string name{};   ///< field or member
    value_view before{};  ///< value and field, unless added; valid until the parts move on
    value_view after{};   ///< and unless removed
    list_change run{};    ///< bytes and run
    milliseconds_utc deadline_before = no_deadline;
    milliseconds_utc deadline_after = no_deadline;
};

/// The parts of a changed key that differ. A key that was added or removed has none.
class key_parts {
public:
    /// `of` must outlive it, and stay at the change.
    key_parts(const version_diff& of, const key_change& change);
    key_parts(const key_parts&) = delete;
    key_parts& operator=(const key_parts&) = delete;

    [[nodiscard]] bool next(part_change& to);
    /// Opaque: where the part that was told last stands. Goes on behind it.  Errors: errc::invalid.
    [[nodiscard]] std::string place() const;
    [[nodiscard]] status resume(std::string_view behind);

    /// The child trees, whose positions a run names; of a string, its bytes.
    [[nodiscard]] const tree& before() const noexcept { return before_; }
    [[nodiscard]] const tree& after() const noexcept { return after_; }

private:
    enum class stage : std::uint8_t { type, deadline, content, end };
    bool next_content(part_change& to);
    bool next_record(part_change& to);
    bool next_run(part_change& to);
    [[nodiscard]] bool is_short_string() const noexcept;

    const version_diff& of_;
    change_kind kind_;
    std::optional<found_key> key_before_;
    std::optional<found_key> key_after_;
    tree before_;
    tree after_;
    stage at_ = stage::type;
    bool told_value_ = false;
    std::string resume_name_;
    bool resumed_ = false;
    std::optional<keyed_diff> records_;
    keyed_change change_;
    std::optional<std::vector<list_change>> runs_;
    std::size_t next_run_ = 0;
};

}  // namespace coppice
