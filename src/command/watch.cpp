#include "command/watch.hpp"

#include <algorithm>

#include <coppice/base/bytes.hpp>

#include <command/session.hpp>
#include <store/objects.hpp>

namespace coppice {

std::string watch_table::name_of(branch_id branch, unsigned database, std::string_view key) {
    std::string name;
    append_number(name, branch);
    name.push_back(static_cast<char>(database));
    name.append(key);
    return name;
}

void watch_table::watch(command_session& session, watched_key watched) {
    watched.name = name_of(watched.branch, watched.database, watched.key);
    const auto at = watchers_.try_emplace(watched.name).first;
    auto& watchers = at->second;
    if (std::find(watchers.begin(), watchers.end(), &session) != watchers.end()) { return; }
    try {
        watchers.push_back(&session);
        session.watched.push_back(std::move(watched));
    } catch (...) {
        std::erase(watchers, &session);
        if (watchers.empty()) { watchers_.erase(at); }
        throw;
    }
}

void watch_table::unwatch(command_session& session) noexcept {
    for (const auto& watched : session.watched) {
        const auto at = watchers_.find(watched.name);
        if (at == watchers_.end()) { continue; }
        std::erase(at->second, &session);
        if (at->second.empty()) { watchers_.erase(at); }
    }
    session.watched.clear();
}

void watch_table::touch(branch_id branch, unsigned database, std::string_view key, const branch_view& after) noexcept {
    try {
        const auto at = watchers_.find(name_of(branch, database, key));
        if (at == watchers_.end()) { return; }
        const bool there = after.find(database, key).has_value();
        for (auto* session : at->second) {
            for (const auto& watched : session->watched) {
                const bool same = watched.branch == branch && watched.database == database && watched.key == key;
                if (same && (there || watched.alive)) { session->touched = true; }
            }
        }
    } catch (const std::exception&) { touch_all(branch); }
}

void watch_table::touch(branch_id branch, unsigned database, std::string_view key) noexcept {
    touch_where(branch, [&](const watched_key& watched) { return watched.database == database && watched.key == key; });
}

void watch_table::touch_all(branch_id branch) noexcept {
    touch_where(branch, [](const watched_key&) { return true; });
}

void watch_table::touch_where(branch_id branch, function_ref<bool(const watched_key&)> changed) {
    for (const auto& [name, sessions] : watchers_) {
        for (auto* session : sessions) {
            for (const auto& watched : session->watched) {
                if (watched.branch == branch && changed(watched)) { session->touched = true; }
            }
        }
    }
}

void watch_table::touch_changed(branch_id branch, const branch_view& before, const branch_view& after) noexcept {
    const auto changed = [&](const watched_key& watched) {
        const auto was = before.find(watched.database, watched.key);
        const auto is = after.find(watched.database, watched.key);
        if (!was || !is) { return was.has_value() != is.has_value(); }
        if (was->record.bytes != is->record.bytes || was->record.child != is->record.child) { return true; }
        if (was->record.child == child_form::embedded) { return was->record.embedded != is->record.embedded; }
        return was->record.child == child_form::slot && before.child(*was).root() != after.child(*is).root();
    };
    try {
        touch_where(branch, changed);
    } catch (const std::exception&) { touch_all(branch); }
}

}  // namespace coppice
