#include "store/held_names.hpp"

#include <algorithm>

namespace coppice {

void held_names::for_each_branch(function_ref<void(const branch_row&, const snapshot_state&)> show) {
    const auto id_of = [](const changed_branch& each) { return each.row.id; };
    std::ranges::sort(changed_, {}, id_of);
    rows_.for_each_name([&](std::string_view, const name_row& name) {
        if (name.tag) { return true; }
        const auto newer = std::ranges::lower_bound(changed_, name.branch, {}, id_of);
        if (newer != changed_.end() && newer->row.id == name.branch) {
            show(newer->row, newer->version->state);
            return true;
        }
        const auto row = rows_.branch(name.branch);
        auto state = rows_.branch_state(name.branch);
        if (row && state) { show(*row, *state); }
        return true;
    });
}

void held_names::for_each_tag(function_ref<void(std::string_view name, const commit_row&)> show) const {
    rows_.for_each_name([&](std::string_view name, const name_row& row) {
        if (!row.tag) { return true; }
        if (const auto commit = rows_.commit(row.commit)) { show(name, *commit); }
        return true;
    });
}

std::vector<reflog_row> held_names::reflog(branch_id branch, std::size_t count) const {
    std::vector<reflog_row> rows;
    if (count == 0) { return rows; }
    rows_.for_each_reflog(branch, [&](const reflog_row& row) {
        rows.push_back(row);
        return rows.size() < count;
    });
    return rows;
}

}  // namespace coppice
