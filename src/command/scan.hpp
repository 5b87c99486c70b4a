// command/scan.hpp: SCAN, HSCAN and SSCAN: pages of a tree behind cursors that remember one version of it.
//
// The first page takes a snapshot, so that a scan sees each element once and misses none, whatever happens
// meanwhile. A cursor is a slot of the table (16 bits) and a random number of that slot's use (46 bits):
//
//   fresh      the slot holds the snapshot and the next key; at most 4,096 of them, for 60 s of idleness
//   stale      the next key alone: the scan goes on over the live tree, which is ordered; at most 65,536
//   forgotten  or from before a restart: "ERR cursor expired, start again at 0"
//
// What fits one page needs no slot. A scan of a hash or set that was deleted meanwhile goes on over the snapshot,
// as that of the keys does; once that is given up there is nothing to go on with, and the scan ends.
//
// Threads: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/clock.hpp>
#include <coppice/base/error.hpp>
#include <coppice/base/function_ref.hpp>
#include <coppice/base/random.hpp>
#include <coppice/tree/tree.hpp>

#include <command/command.hpp>

namespace coppice {

/// What a cursor walks over: a cursor of one subject is not one of another.
struct scan_subject {
    value_type type{};  ///< of the key; 0: the keys of a database
    branch_id branch = 0;
    unsigned database = 0;
    std::size_t key = 0;  ///< its hash

    friend bool operator==(const scan_subject&, const scan_subject&) = default;
};

class scan_table {
public:
    explicit scan_table(const clock_source& clock) : clock_(clock), random_(random_seed()) {}

    /// Where a page begins.
    struct place {
        tree walked;             ///< a snapshot, or the live tree
        bool frozen = false;     ///< it is a snapshot of an earlier page
        std::string next;        ///< the first key of the page; empty: the beginning
        snapshot_pin pin{};      ///< keeps clean-up off the snapshot
        std::uint32_t slot = 0;  ///< 1 + slot it came from; 0: none yet
    };
    /// Whether begin() would know the cursor.
    [[nodiscard]] bool knows(std::uint64_t cursor, const scan_subject& subject) const noexcept;
    /// Errors: errc::invalid: the cursor expired, or is of another subject.
    [[nodiscard]] result<place> begin(std::uint64_t cursor, const scan_subject& subject, const tree& live);
    /// The cursor of the next page, which begins at `next`.
    [[nodiscard]] std::uint64_t go_on(const place& from, const scan_subject& subject, std::string_view next);
    /// The scan is over.
    void end(const place& from) noexcept;

    static constexpr std::chrono::seconds snapshot_idle_max{60};
    /// Gives up snapshots that lay idle for so long.  Called now and then.
    void sweep(std::chrono::seconds idle_max = snapshot_idle_max);
    [[nodiscard]] std::size_t snapshots() const noexcept { return fresh_; }

private:
    struct slot {
        std::uint64_t number = 0;    // 0: free
        std::uint64_t previous = 0;  // the page before may be asked for again, when its answer was lost
        scan_subject subject;
        std::optional<tree> walked;
        snapshot_pin pin;
        std::string next;
        std::string previous_next;
        std::chrono::nanoseconds used{0};
    };
    /// The slot that gave the cursor out, or null.
    [[nodiscard]] const slot* find(std::uint64_t cursor) const noexcept;
    [[nodiscard]] std::uint32_t take_slot();
    void drop_snapshot(slot& of) noexcept;

    const clock_source& clock_;
    random_source random_;
    std::vector<slot> slots_;
    std::vector<std::uint32_t> free_;
    std::size_t fresh_ = 0;
    std::size_t reuse_ = 0;  // the slot that is forgotten next when all are taken; they age in this order
    std::size_t stale_ = 0;  // likewise the snapshot
};

/// What a page says of one record: appends words (a name; or a field and its value).
using scan_take = function_ref<void(const tree& walked, std::string_view key, const record_view& record,
                                    std::vector<std::string>& words)>;

/// The whole of HSCAN or SSCAN, `given` being "HSCAN key cursor [MATCH pattern] [COUNT n]": finds the key, which
/// must be of `type`, walks a page of its child tree and answers. A small collection comes in one page whatever
/// COUNT says, as in Redis.  Requires: a keyed child.
[[nodiscard]] status answer_child_scan(const command_context& context, arguments given, value_type type,
                                       scan_take take);

/// SCAN cursor [MATCH pattern] [COUNT n] [TYPE type].
[[nodiscard]] status answer_key_scan(const command_context& context, arguments given);

}  // namespace coppice
