// store/inside.hpp: what stands behind the handles of coppice/store.hpp.
//
//     store, branch ──> store_users ──> store_core ──> engine
//     snapshot ──────> branch_version ────^   (keeper)
//
// Branches and versions of a running engine keep each other; with the last handle the engine forgets its branches,
// and with the last snapshot it goes.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include <coppice/base/histogram.hpp>
#include <coppice/store.hpp>

#include <store/caught.hpp>
#include <store/engine.hpp>

namespace coppice {

/// An open store.
struct store_core {
    explicit store_core(std::unique_ptr<engine> opened) noexcept : inside(std::move(opened)) {}

    const std::unique_ptr<engine> inside;
    std::mutex references;  // one change of names at a time, so that a name goes on meaning the branch it was found by
    std::atomic<std::uint64_t> transactions_pending{0};
    std::atomic<std::uint64_t> transactions_failed{0};
    std::atomic<std::uint64_t> conflicts{0};
    duration_histogram commit_times;  // of transactions that succeeded
};

/// All handles of an open store together.
struct store_users {
    explicit store_users(std::shared_ptr<store_core> of) noexcept : core(std::move(of)) {}
    store_users(const store_users&) = delete;
    store_users& operator=(const store_users&) = delete;
    ~store_users() { core->inside->let_go(); }

    const std::shared_ptr<store_core> core;
};

/// A transaction, from its beginning to its end.
struct edit_state {
    engine& store;
    live_branch& branch;
    branch_writer& writer;
    status failed{};
    transaction_notes notes{};
};

/// Makes views, and opens them.
struct view_inside {
    [[nodiscard]] static branch_view open(const view& v) noexcept { return {*v.keys_, v.spaces_, v.now_}; }
    /// Only then do nodes tell what two versions have in common.
    [[nodiscard]] static bool of_one_store(const view& a, const view& b) noexcept {
        return a.keys_->context().pool == b.keys_->context().pool;
    }
    [[nodiscard]] static error other_store() { return {errc::invalid, "the versions are of different stores"}; }
    [[nodiscard]] static unsigned database(const view& v) noexcept { return v.database_; }
    [[nodiscard]] static view make(const snapshot_state& of, milliseconds_utc now) noexcept {
        return {of.keys, of.spaces, now};
    }
};

}  // namespace coppice
