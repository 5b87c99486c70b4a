// store/engine_replay.cpp: does again what the log says, when a store is opened.
#include <cstring>

#include "store/caught.hpp"
#include "store/engine.hpp"
#include "store/primitives.hpp"
#include "store/read_ahead.hpp"

namespace coppice {
namespace {

constexpr std::size_t stretch_bytes = 16 * 1024 * 1024;  // of the log, looked through before it is done again

}  // namespace

result<replay_report> engine::replay_log() {
    std::vector<std::string> stretch;
    std::size_t bytes = 0;
    const auto apply = [&] {
        return caught([&]() -> status {
            load_stretch(stretch);
            for (const std::string& record : stretch) {
                if (const status done = apply_record(record); !done) { return done; }
            }
            stretch.clear();
            bytes = 0;
            return {};
        });
    };
    auto replayed = where_.log->replay(head_.next_record, [&](log_sequence, std::string_view record) -> status {
        stretch.emplace_back(record);
        bytes += record.size();
        return bytes < stretch_bytes ? status{} : apply();
    });
    if (!replayed) { return replayed; }
    if (const status done = apply(); !done) { return done.error(); }
    return replayed;
}

/// Loads the leaves that the records of a stretch will change.
void engine::load_stretch(std::span<const std::string> records) {
    std::unordered_map<branch_id, std::vector<std::string>> keys;
    for (const std::string& record : records) {
        byte_reader from(record);
        const auto format = from.number<std::uint8_t>();
        const branch_id id = from.varint();
        if (from.failed() || format != log_record_format || id == 0) { continue; }
        const auto branch = handle(id);
        if (!branch) { continue; }  // one that this stretch makes
        auto& touched = keys[id];
        for_each_touched_key(from.rest(), [&](unsigned database, std::string_view key) {
            touched.emplace_back(std::string_view(section_key(physical_space((**branch).spaces, database), key)));
        });
    }
    for (auto& [id, touched] : keys) {
        const auto branch = handle(id);
        if (branch) { load_ahead((**branch).keys.through(reading_), std::move(touched)); }
    }
}

status engine::apply_record(std::string_view text) {
    byte_reader from(text);
    const auto format = from.number<std::uint8_t>();
    if (format > log_record_format) { return error{errc::unsupported, "log: a record of a newer coppice"}; }
    const branch_id id = from.varint();
    if (from.failed() || format == 0) { return error{errc::corrupt, "log: record"}; }
    if (id == 0) { return apply_reference_primitive(from); }
    auto branch = handle(id);
    if (!branch) { return error{errc::corrupt, "log: " + branch.error().context}; }
    (*branch)->context.may_wait = true;
    const status done = (*branch)->writer.replay(from.rest(), [&](const version_name& name) -> result<snapshot_state> {
        if (const auto* current = std::get_if<current_of>(&name)) {
            if (current->branch == id) {
                return snapshot_state{(*branch)->keys, (*branch)->spaces, head_.time, id, {}};
            }
            if (auto other = handle(current->branch)) { publish(**other); }
        }
        return state_of(name);
    });
    (*branch)->context.may_wait = options_.wait_for_loads;
    mark_unpublished(**branch);
    return done;
}

status engine::apply_reference_primitive(byte_reader& from) {
    const auto damaged = [] { return error{errc::corrupt, "log: a change of references"}; };
    const auto logged = [] { return status{}; };  // it is
    const auto take_commit = [&] {
        commit_id id{};
        const std::string_view bytes = from.take(id.size());
        if (!from.failed()) { std::memcpy(id.data(), bytes.data(), id.size()); }
        return id;
    };
    const auto which = static_cast<primitive>(from.number<std::uint8_t>());
    switch (which) {
        case primitive::create_branch: {
            const branch_id id = from.varint();
            const std::string_view name = from.text();
            const version_name source = take_version(from);
            const auto flags = from.number<std::uint8_t>();
            std::optional<commit_id> head;
            if ((flags & 1) != 0) { head = take_commit(); }
            const auto time = from.number<microseconds_utc>();
            if (from.failed()) { return damaged(); }
            publish_all();
            const auto state = state_of(source);
            if (!state) { return state.error(); }
            branch_row row;
            row.id = id;
            row.name = name;
            row.created = row.changed = time;
            row.spaces = state->spaces;
            row.head = head;
            row.uncommitted = (flags & 2) != 0;
            return apply_create(row, *state, logged);
        }
        case primitive::create_tag: {
            const std::string_view name = from.text();
            const commit_id commit = take_commit();
            if (from.failed()) { return damaged(); }
            catalog_.put_name(name, {true, 0, commit});
            return {};
        }
        case primitive::drop_tag: {
            const std::string_view name = from.text();
            if (from.failed()) { return damaged(); }
            catalog_.erase_name(name);
            return {};
        }
        case primitive::drop_point: {
            const branch_id id = from.varint();
            const auto time = from.number<microseconds_utc>();
            if (from.failed()) { return damaged(); }
            head_.point_bytes -= std::min(head_.point_bytes, catalog_.erase_point(id, time));
            return {};
        }
        default: break;
    }
    auto branch = handle(from.varint());
    if (from.failed() || !branch) { return damaged(); }
    live_branch& changed = **branch;
    publish(changed);
    switch (which) {
        case primitive::drop_branch: return apply_drop(changed, logged);
        case primitive::rename_branch: {
            const std::string_view next = from.text();
            if (from.failed()) { return damaged(); }
            return apply_rename(changed, next, logged);
        }
        case primitive::rewind: {
            const version_name to = take_version(from);
            const bool commit = from.number<std::uint8_t>() != 0;
            reflog_row entry;
            entry.time = from.number<microseconds_utc>();
            entry.action = from.text();
            entry.before = from.text();
            entry.after = from.text();
            if (from.failed()) { return damaged(); }
            publish_all();
            const auto state = state_of(to);
            if (!state) { return state.error(); }
            std::optional<commit_id> head;
            if (const auto* named = std::get_if<commit_named>(&to); named != nullptr && commit) { head = named->id; }
            return apply_rewind(changed, *state, head, entry, logged);
        }
        case primitive::commit: {
            commit_row row;
            row.branch = changed.id;
            row.id = take_commit();
            for (std::uint64_t i = from.varint(); i > 0 && !from.failed(); --i) {
                row.parents.push_back(take_commit());
            }
            row.time = from.number<microseconds_utc>();
            row.author = from.text();
            row.message = from.text();
            row.spaces = changed.shown().spaces;
            if (from.failed()) { return damaged(); }
            return apply_commit(changed, row, logged);
        }
        case primitive::point: {
            const auto time = from.number<microseconds_utc>();
            const std::uint64_t cost = from.varint();
            if (from.failed()) { return damaged(); }
            changed.row.changed = time;
            prepare(changed);
            snapshot_state then = changed.shown();
            then.time = time;
            show(changed, std::move(then));
            return apply_point(changed, time, cost, logged);
        }
        default: return error{errc::unsupported, "log: a change of references of a newer coppice"};
    }
}

}  // namespace coppice
