// command/command.hpp: a command is a row in a table and a function from a state and arguments to a reply.
//
// The row is the only source for arity checks, key positions, access rules, COMMAND, COMMAND DOCS and
// docs/commands.md. The function sees one state of one branch through its context:
//
//   read    context.view() is the working root on the loop, or a snapshot: under AT, and on a worker
//   write   context.writer() edits the working root; a command that makes several changes is a group
//   admin   anything else: connections, settings, branches, versions
//
// A function never blocks, never keeps a view of its arguments, and either replies once or returns an error,
// which the dispatcher says in the protocol's convention. It reads and checks everything before it writes, and says
// before it writes what may be longer than a number or an id: for that there might be no memory.
// not_resident and std::bad_alloc pass through it: the dispatcher undoes the group and parks or answers.
//
// Long reads. A row with `elements` says in O(log n) how many elements a call would touch. Above a limit, or when its
// answer grows above another, the dispatcher runs the same function on a worker, against a snapshot and without session
// and host, while the loop goes on. Every read whose answer may be large has it, but pages of scans, which end in time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/error.hpp>

#include <wire/reply.hpp>
#include <store/engine.hpp>

namespace coppice {

class command_session;
class command_host;

using arguments = std::span<const std::string_view>;  ///< the command's name first

enum class access : std::uint8_t { read, write, admin };

/// What a command may see and do. Everything in it lives until the function returns.
class command_context {
public:
    command_context(engine& in, live_branch& on, unsigned database_given, milliseconds_utc at, reply_sink& to,
                    command_session* of, command_host* by) noexcept
        : store(in), branch(on), database(database_given), now(at), reply(to), session(of), host(by) {}

    engine& store;
    live_branch& branch;   ///< the connection's, or the one ON names
    unsigned database;     ///< SELECT's number
    milliseconds_utc now;  ///< one time for the whole command; under AT the version's
    reply_sink& reply;
    command_session* session;               ///< the connection's; null on a worker
    command_host* host;                     ///< the server; null on a worker
    const snapshot_state* as_of = nullptr;  ///< set: read this instead of the working root
    bool writes = false;                    ///< a write command: find() removes a key whose deadline has come

    [[nodiscard]] branch_view view() const noexcept {
        return as_of != nullptr ? as_of->view(now) : branch_view(branch.keys, branch.spaces, now);
    }
    /// Requires: a write command.
    [[nodiscard]] branch_writer& writer() const noexcept { return branch.writer; }

    /// A key that must be of `type`, or nothing when it is not there.  Errors: errc::wrong_type.
    [[nodiscard]] result<std::optional<found_key>> find(std::string_view key, value_type type) const;
};

using command_function = status (*)(command_context& context, arguments given);
/// Elements that a call touches, for long reads; O(log n).
using element_count = std::uint64_t (*)(const command_context& context, arguments given);
[[nodiscard]] inline std::uint64_t one_element(const command_context&, arguments) { return 1; }
/// Requires: all arguments, or all but a key in front of them, name one each.
[[nodiscard]] inline std::uint64_t given_elements(const command_context&, arguments given) { return given.size() - 1; }

/// Keys that stand at no fixed position, such as behind an option: adds them to `keys`.
using key_finder = void (*)(arguments given, std::vector<std::string_view>& keys);

/// Which arguments are keys, as COMMAND says it: first, last (negative: from the end), step. 0: none.
struct key_positions {
    int first = 0;
    int last = 0;
    int step = 0;
    int count_at = 0;             ///< where their number stands, and they follow; 0: nowhere
    key_finder others = nullptr;  ///< besides
};
[[nodiscard]] constexpr key_positions no_keys() noexcept { return {}; }
[[nodiscard]] constexpr key_positions key_at(int position) noexcept { return {position, position, 1}; }
[[nodiscard]] constexpr key_positions keys_from(int first, int last = -1, int step = 1) noexcept {
    return {first, last, step};
}
/// `numkeys key [key ...]`
[[nodiscard]] constexpr key_positions keys_counted_at(int position) noexcept { return {.count_at = position}; }
[[nodiscard]] constexpr key_positions key_and(int position, key_finder others) noexcept {
    return {.first = position, .last = position, .step = 1, .others = others};
}

/// Arguments a command takes, its name counted: exactly n, or at least n (said as -n, as Redis does).
[[nodiscard]] constexpr int exactly(int n) noexcept { return n; }
[[nodiscard]] constexpr int at_least(int n) noexcept { return -n; }

enum class reply_type : std::uint8_t { simple, integer, bulk, array, map, set, null_or_bulk, null_or_array, any };

struct command {
    std::string_view name;  ///< upper case
    command_function run = nullptr;
    int arity = 0;
    key_positions keys{};
    access mode = access::read;
    reply_type returns = reply_type::any;
    std::string_view group;    ///< "string", "list", "branch", ...: a heading of the documents
    std::string_view cost;     ///< "O(log n + m), m returned"
    std::string_view since;    ///< coppice's version
    std::string_view summary;  ///< one sentence
    std::string_view syntax;   ///< arguments: "key start stop"
    std::string_view flags;    ///< as COMMAND INFO: "fast", "loading", "noscript", "no-auth", ...
    element_count elements = nullptr;
    std::span<const command> subcommands{};  ///< of a container: BRANCH, CLIENT, ...
};

// Each data type's file gives its rows; table.cpp joins them.
[[nodiscard]] std::span<const command> connection_commands() noexcept;
[[nodiscard]] std::span<const command> server_commands() noexcept;
[[nodiscard]] std::span<const command> memory_commands() noexcept;
[[nodiscard]] std::span<const command> key_commands() noexcept;
[[nodiscard]] std::span<const command> string_commands() noexcept;
[[nodiscard]] std::span<const command> list_commands() noexcept;
[[nodiscard]] std::span<const command> hash_commands() noexcept;
[[nodiscard]] std::span<const command> set_commands() noexcept;
[[nodiscard]] std::span<const command> transaction_commands() noexcept;
[[nodiscard]] std::span<const command>
branch_commands() noexcept;  ///< BRANCH, ON, AT, COMMIT, TAG, LOG, DIFF, REWIND, ...

[[nodiscard]] std::span<const command> znsocket_commands() noexcept;  ///< ZNSOCKET, SEGMENTS

/// All rows, sorted by name.
[[nodiscard]] std::span<const command> all_commands() noexcept;
/// The row of a command, whatever its case; null: there is none.  Cost: O(1).
[[nodiscard]] const command* find_command(std::string_view name) noexcept;
/// The arguments that are keys.  Requires: they fit the row's arity.  Errors: the number of keys they say is wrong.
[[nodiscard]] result<std::vector<std::string_view>> keys_of(const command& row, arguments given);
/// Whether `given` arguments fit the row's arity.
[[nodiscard]] constexpr bool fits_arity(const command& row, std::size_t given) noexcept {
    return row.arity >= 0 ? given == static_cast<std::size_t>(row.arity)
                          : given >= static_cast<std::size_t>(-row.arity);
}

// Errors that many commands have, in the words that clients know.

[[nodiscard]] error wrong_type_error();   ///< WRONGTYPE Operation against a key holding the wrong kind of value
[[nodiscard]] error not_integer_error();  ///< ERR value is not an integer or out of range
[[nodiscard]] error not_float_error();    ///< ERR value is not a valid float
[[nodiscard]] error syntax_error();       ///< ERR syntax error
[[nodiscard]] error arity_error(std::string_view command_name);  ///< ERR wrong number of arguments for 'get' command

// Reading arguments.

[[nodiscard]] result<std::int64_t> integer_in(std::string_view text);  ///< as Redis's string2ll: no spaces, no plus
[[nodiscard]] result<long double> real_in(std::string_view text);
[[nodiscard]] bool says(std::string_view text, std::string_view word) noexcept;  ///< equal but for case
/// Glob patterns as KEYS has them: ? * [a-z] [^a] and backslash.  Bounded: no exponential back-tracking.
[[nodiscard]] bool matches_glob(std::string_view pattern, std::string_view text) noexcept;

/// Says a value as one bulk string; a rope in parts.
void reply_value_of(reply_sink& reply, const value_view& value);
/// Says a member's or field's name, a long one in parts.  `room` is kept between calls.
void reply_name_of(reply_sink& reply, const record_view& record, std::string& room);

}  // namespace coppice
