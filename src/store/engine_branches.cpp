// store/engine_branches.cpp: branches are found, made, renamed and dropped.
#include <algorithm>

#include "store/caught.hpp"
#include "store/engine.hpp"
#include "store/primitives.hpp"
#include "store/reference.hpp"

namespace coppice {

result<branch_handle> engine::handle(branch_id id) {
    if (const auto found = live_.find(id); found != live_.end()) { return found->second; }
    auto row = catalog_.branch(id);
    if (!row) { return error{errc::not_found, "no branch with number " + std::to_string(id)}; }
    return enter(std::move(*row), *catalog_.branch_state(id));
}

branch_handle engine::enter(branch_row row, const snapshot_state& state) {
    const branch_id id = row.id;
    auto made = std::make_shared<live_branch>(pool_, epochs_, options_, id, make_version());
    prepare(*made);
    made->row = std::move(row);
    made->keys = state.keys.through(made->context);
    made->spaces = state.spaces;
    show(*made, {state.keys.through(reading_), state.spaces, made->row.changed, id, {}});
    if (unpublished_.capacity() <= live_.size()) { unpublished_.reserve(2 * live_.size() + 8); }
    live_.emplace(id, made);
    return made;
}

result<branch_handle> engine::named(std::string_view name) {
    const auto row = catalog_.name(name);
    if (!row) { return error{errc::not_found, "no branch '" + std::string(name) + "'"}; }
    if (row->tag) { return error{errc::invalid, "'" + std::string(name) + "' is a tag: expected a branch"}; }
    return handle(row->branch);
}

result<branch_handle> engine::branch(std::string_view name) {
    const std::lock_guard lock(mutex_);
    return caught([&] { return named(name); });
}

std::string engine::name_of(live_branch& branch) {
    const std::lock_guard lock(mutex_);
    return branch.row.name;
}

result<branch_row> engine::branch_info(std::string_view name) {
    const std::lock_guard lock(mutex_);
    return caught([&]() -> result<branch_row> {
        auto found = named(name);
        if (!found) { return found.error(); }
        if (options_.one_writer) { publish(**found); }
        return (*found)->row;
    });
}

held_names engine::names_locked() {
    catalog rows(catalog_.rows().through(reading_));
    snapshot_pin held = pin(rows.rows());
    return {std::move(rows), std::move(held)};
}

held_names engine::names() {
    const std::lock_guard lock(mutex_);
    return names_locked();
}

held_names engine::branches_and_names() {
    const std::lock_guard lock(mutex_);
    if (options_.one_writer) { publish_all(); }
    held_names found = names_locked();
    for (const auto& [id, branch] : live_) {
        if (!branch->in_catalog) { found.add_changed(branch->row, branch->current.load()); }
    }
    return found;
}

std::vector<branch_row> engine::branches() {
    std::vector<branch_row> rows;
    branches_and_names().for_each_branch([&](const branch_row& row, const snapshot_state&) { rows.push_back(row); });
    return rows;
}

std::vector<std::weak_ptr<live_branch>> engine::live_branches() {
    const std::lock_guard lock(mutex_);
    std::vector<std::weak_ptr<live_branch>> found;
    found.reserve(live_.size());
    for (const auto& [id, branch] : live_) { found.push_back(branch); }
    return found;
}

residency engine::residency_of(live_branch& branch) {
    const std::lock_guard lock(mutex_);
    // What was written since a branch was published is looked at where the caller may: in the one writer's thread.
    const auto newest = [&](const live_branch& of) {
        return options_.one_writer && of.unpublished ? of.keys.through(reading_) : of.shown().keys;
    };
    residency found({newest(branch), branch.spaces, 0, branch.id, {}}, catalog_.rows());
    for (const auto& [id, other] : live_) {
        if (id != branch.id) { found.add_other(newest(*other)); }
    }
    for (const snapshot_pin& held : pins_->all()) {
        const bool shown = held->replaced_at.load(std::memory_order_relaxed) == 0;
        if (!shown) { found.add_other(held->held); }
    }
    return found;
}

result<branch_row> engine::create_branch(std::string_view name, std::string_view from, branch_handle* made) {
    if (const status valid = check_name(name); !valid) { return valid.error(); }
    const std::lock_guard lock(mutex_);
    return caught([&]() -> result<branch_row> {
        if (catalog_.name(name)) { return error{errc::exists, "the name '" + std::string(name) + "' is taken"}; }
        const auto source = resolve_locked(from);
        if (!source) { return source.error(); }
        std::optional<commit_id> head;
        bool uncommitted = true;
        if (const auto* commit = std::get_if<commit_named>(&source->name)) {
            head = commit->id;
            uncommitted = false;
        } else if (const auto branch = handle(source->state.branch)) {
            head = (*branch)->row.head;
            uncommitted = std::holds_alternative<point_of>(source->name) || (*branch)->row.uncommitted;
        }
        branch_row row;
        row.id = head_.next_branch;
        row.name = name;
        row.created = row.changed = stamp();
        row.spaces = source->state.spaces;
        row.head = head;
        row.uncommitted = uncommitted;
        std::string text;
        append_primitive(text, primitive::create_branch);
        append_varint(text, row.id);
        append_text(text, name);
        append_version(text, source->name);
        text.push_back(static_cast<char>((head ? 1U : 0U) | (uncommitted ? 2U : 0U)));
        if (head) { text.append(reinterpret_cast<const char*>(head->data()), head->size()); }
        append_number(text, row.created);
        branch_handle live;  // entered before, since behind the change nothing may fail
        const status done = apply_create(row, source->state, [&]() -> status {
            if (made != nullptr) { live = enter(row, source->state); }
            try {
                const status logged = log_reference(text);
                if (!logged) { live_.erase(row.id); }
                return logged;
            } catch (...) {
                live_.erase(row.id);
                throw;
            }
        });
        if (!done) { return done.error(); }
        if (made != nullptr) { *made = std::move(live); }
        return row;
    });
}

status engine::apply_create(const branch_row& row, const snapshot_state& from, logging log) {
    catalog changed(catalog_.rows());  // both records or none
    changed.put_branch(row, from);
    changed.put_name(row.name, {false, row.id, {}});
    if (const status logged = apply_catalog(std::move(changed), log); !logged) { return logged; }
    head_.next_branch = std::max(head_.next_branch, row.id + 1);
    head_.time = std::max(head_.time, row.created);
    return {};
}

status engine::apply_catalog(catalog changed, logging log) {
    status logged = log();
    if (logged) { catalog_ = std::move(changed); }
    return logged;
}

status engine::drop_branch(std::string_view name) {
    const std::lock_guard lock(mutex_);
    return caught([&]() -> status {
        auto found = named(name);
        if (!found) { return found.error(); }
        if ((*found)->id == main_branch) { return error{errc::invalid, "the branch 'main' cannot be deleted"}; }
        std::string text;
        append_primitive(text, primitive::drop_branch);
        append_varint(text, (*found)->id);
        return apply_drop(**found, [&] { return log_reference(text); });
    });
}

status engine::apply_drop(live_branch& branch, logging log) {
    prepare(branch);
    catalog changed(catalog_.rows());
    const std::uint64_t held = changed.erase_branch(branch.row);
    if (const status logged = apply_catalog(std::move(changed), log); !logged) { return logged; }
    head_.point_bytes -= std::min(head_.point_bytes, held);
    branch.dropped = true;
    std::erase(unpublished_, &branch);
    // Whoever still holds the handle must not keep the data.
    branch.keys.clear();
    show(branch, {tree(reading_, keyed_records), spaces_in_order, branch.shown().time, branch.id, {}});
    live_.erase(branch.id);
    return {};
}

status engine::rename_branch(std::string_view name, std::string_view next) {
    if (const status valid = check_name(next); !valid) { return valid; }
    const std::lock_guard lock(mutex_);
    return caught([&]() -> status {
        auto found = named(name);
        if (!found) { return found.error(); }
        if ((*found)->id == main_branch) { return error{errc::invalid, "the branch 'main' cannot be renamed"}; }
        if (catalog_.name(next)) { return error{errc::exists, "the name '" + std::string(next) + "' is taken"}; }
        std::string text;
        append_primitive(text, primitive::rename_branch);
        append_varint(text, (*found)->id);
        append_text(text, next);
        return apply_rename(**found, next, [&] { return log_reference(text); });
    });
}

status engine::apply_rename(live_branch& branch, std::string_view next, logging log) {
    catalog changed(catalog_.rows());
    branch_row row = branch.row;
    changed.erase_name(row.name);
    row.name = next;
    changed.put_name(next, {false, branch.id, {}});
    changed.put_branch(row, branch.shown());
    if (const status logged = apply_catalog(std::move(changed), log); !logged) { return logged; }
    branch.row = std::move(row);
    return {};
}

}  // namespace coppice
