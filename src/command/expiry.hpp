// command/expiry.hpp: reading deadlines from arguments, as EXPIRE, SET and GETEX have them, and removing keys when
// their deadline has come.
#pragma once

#include <string_view>
#include <vector>

#include <command/command.hpp>
#include <command/session.hpp>

namespace coppice {

/// How a time is given: seconds or milliseconds, from now or since 1970.
struct time_form {
    bool seconds = true;
    bool absolute = false;
    friend bool operator==(const time_form&, const time_form&) = default;
};

/// The deadline that `text` says.  Errors: not an integer; "invalid expire time in 'set' command", where
/// `positive_only` says that the number must be above 0.
[[nodiscard]] result<milliseconds_utc> deadline_in(const command_context& context, std::string_view command_name,
                                                   std::string_view text, time_form form, bool positive_only);

/// Removes keys of a branch whose deadline has come, having looked at no more than about `keys_max`: logged writes, as
/// DEL is one.  `missing`: pages without which some of them cannot be removed.
/// Throws not_resident where it cannot look.
void remove_expired(command_host& host, live_branch& branch, milliseconds_utc now, std::size_t keys_max,
                    std::vector<not_resident>& missing);

}  // namespace coppice
