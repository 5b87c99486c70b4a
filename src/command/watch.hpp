// command/watch.hpp: WATCH's table: which sessions an EXEC must fail for when a key is touched.
//
// A touched key fails EXEC even if its value is equal again. What was not there and is still not there was not
// touched, whoever named it. Keys are watched by SELECT number, as SWAPDB and FLUSHDB see them.
//
// Threads: the loop's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <coppice/base/function_ref.hpp>

#include <store/version.hpp>

namespace coppice {

class command_session;
class branch_view;

struct watched_key {
    branch_id branch;
    unsigned database;
    std::string key;
    bool alive;          ///< it was there at WATCH
    std::string name{};  ///< in the table, which sets it: so that forgetting takes no memory
};

class watch_table {
public:
    [[nodiscard]] bool empty() const noexcept { return watchers_.empty(); }
    void watch(command_session& session, watched_key watched);
    /// Forgets all that `session` watches.
    void unwatch(command_session& session) noexcept;

    /// A command wrote `key`.  Where that cannot be looked up, all keys of the branch are touched.
    void touch(branch_id branch, unsigned database, std::string_view key, const branch_view& after) noexcept;
    /// A command that, as in Redis, touches `key` without changing what can be seen of it.
    void touch(branch_id branch, unsigned database, std::string_view key) noexcept;
    /// Something else changed `branch`: those keys that `changed` says are touched.
    void touch_where(branch_id branch, function_ref<bool(const watched_key&)> changed);
    /// As REWIND does: the keys whose records differ are touched.  Where that cannot be seen, all of the branch.
    void touch_changed(branch_id branch, const branch_view& before, const branch_view& after) noexcept;

private:
    void touch_all(branch_id branch) noexcept;
    static std::string name_of(branch_id branch, unsigned database, std::string_view key);
    std::unordered_map<std::string, std::vector<command_session*>> watchers_;
};

}  // namespace coppice
