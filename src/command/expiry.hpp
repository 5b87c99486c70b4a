// command/expiry.hpp: reading deadlines from arguments, as EXPIRE, SET and GETEX have them.
#pragma once

#include <string_view>

#include <command/command.hpp>

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

}  // namespace coppice
