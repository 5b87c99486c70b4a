// store/writer.hpp: how a branch is changed.
//
// A branch_writer edits the working root of one branch, in place where nobody else can see it. Each call
// is one primitive of the log (docs/format.md): it is done wholly or, when it throws, not at all, and it
// adds what it did to the record that the log will get. Between begin_group() and end_group() several make
// one: undo_group() takes back all of them, undo_to() the latest of those that began with begin_step().
//
// Threads: whoever holds the branch's turn.
// Errors: std::bad_alloc, load_error, not_resident, refused_change.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <coppice/base/bytes.hpp>
#include <coppice/base/function_ref.hpp>

#include <storage/log_batch.hpp>
#include <store/objects.hpp>
#include <store/version.hpp>

namespace coppice {

enum class primitive : std::uint8_t;

/// A change that the store does not take, as limits::key_bytes says; nothing was done.
struct refused_change final : std::exception {
    explicit refused_change(error why) : cause(std::move(why)), text(cause.message()) {}
    [[nodiscard]] const char* what() const noexcept override { return text.c_str(); }
    error cause;
    std::string text;
};

class branch_writer {
public:
    /// Edits `keys` and `spaces`, both of which stay where they are and outlive the writer.
    branch_writer(branch_id branch, tree& keys, space_map& spaces) : branch_(branch), keys_(keys), spaces_(spaces) {}

    [[nodiscard]] branch_view view(milliseconds_utc now) const noexcept { return {keys_, spaces_, now}; }

    // Any type. `database` is a SELECT number throughout. Deadlines are absolute; no_deadline: none.

    /// Makes `key` a string.
    void put_string(unsigned database, std::string_view key, std::string_view value, milliseconds_utc deadline);
    /// Removes a key, due or not.  Returns whether there was one.  Cost: O(log n), whatever it holds.
    bool erase(unsigned database, std::string_view key);
    /// Gives a key that is there a deadline, or takes it.
    void set_deadline(unsigned database, std::string_view key, milliseconds_utc deadline);
    /// Makes `key` what `source` was found to be in a version `from`, keeping sharing.  Cost: O(log n).
    void copy_key(const version_name& from, const snapshot_state& state, unsigned from_database,
                  std::string_view source, unsigned database, std::string_view key, milliseconds_utc deadline);
    /// RENAME and MOVE: the key, which is there, gets another name or space.
    void move_key(unsigned from_database, std::string_view source, unsigned database, std::string_view key);
    /// Removes every key of a database.  Cost: O(log n).
    void erase_space(unsigned database);
    void swap_spaces(unsigned a, unsigned b);

    // Strings: replaces `erased` bytes from `position` on; a key that is not there is an empty string.
    // A position behind the end is filled up with zero bytes.
    void splice_string(unsigned database, std::string_view key, std::uint64_t position, std::uint64_t erased,
                       std::string_view given);

    // Lists: replaces `erased` elements from `position` on. A key that is not there is an empty list, and a
    // list that becomes empty is not there any more: so for hashes and sets.
    // Requires: position + erased <= size.
    void splice_list(unsigned database, std::string_view key, std::uint64_t position, std::uint64_t erased,
                     std::span<const std::string_view> given);

    // Hashes and sets. Return how many were new, or were there.
    std::uint64_t put_fields(unsigned database, std::string_view key, std::span<const field_value> given);
    std::uint64_t erase_fields(unsigned database, std::string_view key, std::span<const std::string_view> fields);
    std::uint64_t add_members(unsigned database, std::string_view key, std::span<const std::string_view> members);
    std::uint64_t erase_members(unsigned database, std::string_view key, std::span<const std::string_view> members);

    // Groups.

    /// From here on what each key said first is kept, so that all can be undone.  Groups do not nest.
    void begin_group();
    struct mark {
        std::size_t undo;
        std::size_t log;
        std::uint64_t changes;
    };
    [[nodiscard]] mark here() const noexcept { return {undo_.size(), log_.size(), changes_}; }
    /// What follows can be taken back by itself.  Requires: in a group.
    void begin_step() noexcept {
        step_ = listed_ = undo_.size();
        saved_.clear();
    }
    /// Takes back what was done since `to`: nothing, or what began with a step.  Requires: in a group.
    void undo_to(const mark& to);
    void undo_group() {
        undo_to({0, group_log_, group_changes_});
        end_group();
    }
    void end_group() noexcept;
    [[nodiscard]] bool in_group() const noexcept { return grouped_; }

    /// Primitives done so far: 0 differences mean nothing changed.
    [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }
    /// The log's text of what was done since clear_log(): primitives, one after the other.
    [[nodiscard]] std::string_view log_text() const noexcept { return std::string_view(log_).substr(log_text_room); }
    void clear_log() noexcept {
        log_.resize(log_text_room);
        give_back_log_memory(log_);
    }
    /// Adds it to a batch, behind `begin`, and clears it.
    void hand_over_log(log_batch& to, std::string_view begin) {
        to.add_text(begin, log_);
        clear_log();
    }

    struct written_key {
        unsigned database;
        std::string key;
    };
    /// Lists each key that is written from here on, in `keys`; null: none.  Whole key spaces are not listed.
    void list_written(std::vector<written_key>* keys) noexcept { written_ = keys; }

    /// Does again what a log says.  `version` finds the versions that are copied from.
    /// Errors: errc::corrupt.
    using version_finder = function_ref<result<snapshot_state>(const version_name&)>;
    [[nodiscard]] status replay(std::string_view text, version_finder version);

private:
    struct saved_key {
        std::string key;  // with its section
        bool there = false;
        std::string bytes;
        std::optional<tree> child;
        std::optional<tree> all;  // instead: the whole branch
        space_map spaces = 0;
    };
    class logged;
    [[nodiscard]] status replay_one(primitive which, byte_reader& from, version_finder version);
    [[nodiscard]] tree_context* keys_context() const noexcept { return &keys_.context(); }
    [[nodiscard]] bool is_saved(std::string_view section);
    void save(std::string_view section);
    void save_all();
    void restore(saved_key& saved);
    void replace_record(unsigned space, std::string_view key, const record& given, milliseconds_utc deadline);
    /// A key's record is replaced or erased.
    void note_replaced(const record_view& key) const noexcept;
    void set_deadline_entry(unsigned space, std::string_view key, milliseconds_utc old_deadline,
                            milliseconds_utc deadline);
    bool erase_in(unsigned space, std::string_view key);
    std::uint64_t erase_elements(primitive which, value_type type, unsigned database, std::string_view key,
                                 std::span<const std::string_view> names);
    template <class Change>
    void atomically(Change&& change);
    template <class Change>
    void change_child(unsigned space, std::string_view key, value_type type, Change&& change);
    template <class Change>
    void change_whole(tree& child, std::size_t edits, Change&& change);

    branch_id branch_;
    tree& keys_;
    space_map& spaces_;
    std::string log_ = std::string(log_text_room, '\0');  // room for the batch, then the text
    std::vector<written_key>* written_ = nullptr;
    std::vector<saved_key> undo_;
    bool grouped_ = false;
    std::size_t step_ = 0;                   // what undo_ has from here on nobody can ask to undo in part
    std::unordered_set<std::string> saved_;  // the keys of that, but for the latest
    std::size_t listed_ = 0;                 // of undo_: how far they are in saved_
    std::size_t group_log_ = 0;
    std::uint64_t group_changes_ = 0;
    std::uint64_t changes_ = 0;
};

}  // namespace coppice
