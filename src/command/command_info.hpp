// command/command_info.hpp: COMMAND: the table about itself.
#pragma once

#include <string>

#include <command/command.hpp>

namespace coppice {

/// COMMAND without a subcommand.
[[nodiscard]] status command_all(command_context& context, arguments given);
[[nodiscard]] status command_count(command_context& context, arguments given);
[[nodiscard]] status command_docs(command_context& context, arguments given);
[[nodiscard]] status command_getkeys(command_context& context, arguments given);
[[nodiscard]] status command_getkeysandflags(command_context& context, arguments given);
[[nodiscard]] status command_info(command_context& context, arguments given);
[[nodiscard]] status command_list(command_context& context, arguments given);
/// HELP of any container, made from its rows.
[[nodiscard]] status container_help(command_context& context, arguments given);

inline constexpr command help_row = {"HELP",        container_help,          exactly(2), {},
                                     access::admin, reply_type::array,       "server",   "O(1)",
                                     "0.1",         "List the subcommands.", "",         ""};

inline constexpr command command_rows[] = {
    {"COUNT",
     command_count,
     exactly(2),
     {},
     access::admin,
     reply_type::integer,
     "server",
     "O(1)",
     "0.1",
     "Return the number of commands.",
     "",
     ""},
    {"DOCS",
     command_docs,
     at_least(2),
     {},
     access::admin,
     reply_type::map,
     "server",
     "O(n) commands",
     "0.1",
     "Return what the documentation says of commands.",
     "[command-name [command-name ...]]",
     ""},
    {"GETKEYS",
     command_getkeys,
     at_least(4),
     {},
     access::admin,
     reply_type::array,
     "server",
     "O(n) arguments",
     "0.1",
     "Return the keys of a command.",
     "command [arg [arg ...]]",
     ""},
    {"GETKEYSANDFLAGS",
     command_getkeysandflags,
     at_least(4),
     {},
     access::admin,
     reply_type::array,
     "server",
     "O(n) arguments",
     "0.1",
     "Return the keys of a command, and what it does with each.",
     "command [arg [arg ...]]",
     ""},
    help_row,
    {"INFO",
     command_info,
     at_least(2),
     {},
     access::admin,
     reply_type::array,
     "server",
     "O(n) commands",
     "0.1",
     "Describe commands.",
     "[command-name [command-name ...]]",
     ""},
    {"LIST",
     command_list,
     at_least(2),
     {},
     access::admin,
     reply_type::array,
     "server",
     "O(n) commands",
     "0.1",
     "Return the names of the commands.",
     "[FILTERBY MODULE name | ACLCAT category | PATTERN pattern]",
     ""},
};

/// docs/commands.md: all commands, group by group.
[[nodiscard]] std::string commands_as_markdown();

}  // namespace coppice
