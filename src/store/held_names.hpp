// store/held_names.hpp: branches, tags and reflogs as they were at one moment, to be read on any thread.
//
// The catalog's tree is held as it was, and beside it what branches in use said that their records do not say yet.
// To take it costs O(branches that changed since the newest checkpoint); to read it follows what is asked for.
//
// Threads: one at a time, any.  Errors: load_error.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include <coppice/base/function_ref.hpp>

#include <store/catalog.hpp>
#include <store/version.hpp>

namespace coppice {

class held_names {
public:
    held_names(catalog rows, snapshot_pin pin) : rows_(std::move(rows)), pin_(std::move(pin)) {}
    /// A branch whose record is older than it.
    void add_changed(const branch_row& row, counted_ptr<const branch_version> version) {
        changed_.push_back({row, std::move(version)});
    }

    /// Shows all branches, by name, with what each said.
    void for_each_branch(function_ref<void(const branch_row&, const snapshot_state&)> show);
    /// Shows all tags, by name, with the commits they name.
    void for_each_tag(function_ref<void(std::string_view name, const commit_row&)> show) const;
    /// The newest entries of a branch's reflog, newest first.
    [[nodiscard]] std::vector<reflog_row> reflog(branch_id branch, std::size_t count) const;

private:
    struct changed_branch {
        branch_row row;
        counted_ptr<const branch_version> version;
    };
    catalog rows_;
    snapshot_pin pin_;
    std::vector<changed_branch> changed_;  // sorted by id when it is read
};

}  // namespace coppice
