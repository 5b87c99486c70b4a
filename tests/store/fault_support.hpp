// tests/store/fault_support.hpp: a store of any kind, what it says as one text, and a life of changes to let fail.
//
// The text has neither times nor ids, so that it is the same for two stores that were changed alike.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/tree/check.hpp>
#include <storage/sim_storage.hpp>
#include <store/diff.hpp>

#include "store/store_support.hpp"

namespace coppice::testing {

enum class fault_kind : std::uint8_t { memory, simulated, simulated_one_writer };

inline std::string_view name_of(fault_kind kind) {
    return kind == fault_kind::memory ? "memory" : kind == fault_kind::simulated ? "simulated" : "one_writer";
}

/// What a user can ask, without times and ids.
inline std::string told(engine& store) {
    std::string out;
    for (const branch_row& row : store.branches()) {
        out += "\nbranch " + row.name + (row.head ? " committed" : "") + (row.uncommitted ? " *" : "");
        const auto now = store.resolve(row.name);
        if (!now) { return "unreadable: " + now.error().message(); }
        out += " " + std::to_string(now->state.spaces) + " ";
        dump_tree(now->state.keys, out);
        auto versions = store.versions(row.name);
        if (!versions) { return "unreadable: " + versions.error().message(); }
        for (version_row version; versions->next(version);) {
            out += "\n  " + (version.commit ? version.commit->message + " by " + version.commit->author : "point");
            if (const auto then = versions->state(version)) { dump_tree(then->keys, out); }
        }
        const auto reflog = store.reflog(row.name, 100);
        for (const reflog_row& entry : *reflog) { out += "\n  " + entry.action; }
    }
    for (const auto& tag : store.tags()) { out += "\ntag " + tag.name + " " + store.commit_info(tag.commit)->message; }
    return out;
}

/// What is wrong with a store, in memory and in its storage.
inline std::string found_wrong(engine& store) {
    std::string all;
    for (const finding& each : store.verify()) { all += each.where + ": " + each.what + "\n"; }
    for (const branch_row& row : store.branches()) {
        const auto branch = store.branch(row.name);
        all += find_broken_rule((**branch).keys, check_depth::deep);
        if ((**branch).writer.in_group() || !(**branch).writer.log_text().empty()) { all += "left in a group\n"; }
    }
    return all;
}

/// A store with its storage, opened as often as a test likes.
class faulty_store {
public:
    explicit faulty_store(fault_kind kind) : kind_(kind) {
        if (kind != fault_kind::memory) {
            disk_ = std::make_unique<sim_storage>(sim_options{.log_segment_bytes = big});
        }
        open();
    }
    [[nodiscard]] engine& operator*() const noexcept { return *store_; }
    [[nodiscard]] engine* operator->() const noexcept { return store_.get(); }
    [[nodiscard]] fault_kind kind() const noexcept { return kind_; }
    [[nodiscard]] bool one_writer() const noexcept { return kind_ == fault_kind::simulated_one_writer; }
    [[nodiscard]] bool survives() const noexcept { return kind_ != fault_kind::memory; }
    [[nodiscard]] sim_storage& disk() noexcept { return *disk_; }
    hand_clock clock;

    /// May throw std::bad_alloc, then nothing is open.
    void open() {
        auto where = disk_ != nullptr ? disk_->open() : result<storage>(open_memory_storage());
        if (!where) { throw std::runtime_error(where.error().message()); }
        store_ = opened(std::move(*where), clock);
    }
    void end() noexcept { store_.reset(); }
    [[nodiscard]] bool is_open() const noexcept { return store_ != nullptr; }
    /// What a crash at this moment may leave, opened, says.
    [[nodiscard]] std::string told_after_crash(random_source& random) {
        if (one_writer() && !store_->sync_now()) { return "not synced"; }
        const auto image = disk_->crash_image(random);
        auto where = image->open();
        if (!where) { return where.error().message(); }
        const auto again = opened(std::move(*where), clock);
        std::string wrong;
        for (const finding& each : again->verify()) { wrong += each.where + ": " + each.what + "\n"; }
        return wrong + told(*again);
    }

    /// One change of a branch: all or nothing.
    status change(std::string_view name, function_ref<status(branch_writer&)> change,
                  transaction_notes* notes = nullptr) {
        const auto branch = store_->branch(name);
        if (!branch) { return branch.error(); }
        if (!one_writer()) { return store_->transact(**branch, change, notes); }
        if (const status room = store_->reserve(10'000); !room) { return room; }
        branch_writer& writer = (**branch).writer;
        writer.begin_group();
        try {
            if (const status done = change(writer); !done) {
                writer.undo_group();
                return done;
            }
        } catch (...) {
            writer.undo_group();
            throw;
        }
        writer.end_group();
        store_->record(**branch);
        return end_turn({});
    }
    /// Of one writer: what was done reaches the log, in the next turn if memory runs out in this one.
    status end_turn(status done) {
        if (!one_writer()) { return done; }
        for (int turn = 0; turn < 2; ++turn) {
            if (store_->end_turn()) { return done; }
        }
        return error{errc::io, "a turn that does not end"};
    }

private:
    static constexpr std::size_t big = 1024 * 1024;  // no turn of a segment within a batch

    std::unique_ptr<engine> opened(storage where, const clock_source& time) const {
        engine_options options;
        options.sync = one_writer() ? durability::no : durability::always;
        options.background = false;
        options.one_writer = one_writer();
        options.sizes = small_nodes;
        auto made = engine::open(std::move(where), options, time);
        if (!made) { throw std::runtime_error(made.error().message()); }
        return std::move(*made);
    }

    const fault_kind kind_;
    std::unique_ptr<sim_storage> disk_;
    std::unique_ptr<engine> store_;
};

/// Whether an operation consists of several changes, each done or not: restore points are made one by one.
enum class in_steps : bool { no, yes };

struct fault_operation {
    std::string_view name;
    status (*run)(faulty_store&);
    in_steps steps = in_steps::no;
};

/// Every kind of change, of upkeep and of reading, in an order that suits them.
[[nodiscard]] const std::vector<fault_operation>& fault_operations();

}  // namespace coppice::testing
