// cli/runner.hpp: where a verb's commands go, a server or a folder; the verb cannot tell.
//
// Every verb is one or more commands of the server, so a verb works alike on a running server (over a socket)
// and on a folder (the command table in this process). A folder that a process serves says where it listens,
// and the verb talks to that server.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cli/command_batch.hpp>
#include <coppice/base/error.hpp>
#include <wire/resp_reply.hpp>

namespace coppice::cli {

using wire::reply_kind;
using wire::reply_value;

class command_runner {
public:
    virtual ~command_runner() = default;

    /// One command's reply.  An error that the command answers is a reply; an error here means there is none.
    [[nodiscard]] virtual result<reply_value> run(std::span<const std::string_view> command) = 0;
    /// The replies of all, in order.
    [[nodiscard]] virtual result<std::vector<reply_value>> run_many(const command_batch& commands) = 0;

    [[nodiscard]] result<reply_value> run(std::initializer_list<std::string_view> command) {
        return run(std::span(command.begin(), command.size()));
    }
};

/// What a verb does with a folder that nobody serves.
enum class folder_use {
    existing,  ///< a store must be there
    makes,     ///< one is made where none is
    verifies,  ///< nothing is changed, and only STORE VERIFY is answered
};

/// What --store names.
struct store_location {
    enum class kind { folder, server };
    kind is = kind::folder;
    folder_use opens = folder_use::existing;
    std::string folder;
    std::string host = "127.0.0.1";
    std::uint16_t port = 5000;
    std::string user;
    std::string password;
    std::string branch;                 ///< coppice://host/branch
    std::optional<unsigned> key_space;  ///< redis://host/3
    bool is_redis = false;              ///< redis://: a server without branches

    /// As errors and the configuration name it: the folder's absolute path, or "host:port".  No password.
    [[nodiscard]] std::string label() const;
};

/// A folder's path, or coppice://[user[:password]@]host[:port][/branch], or redis://...[/db].
/// Errors: errc::invalid, errc::unsupported for TLS.
[[nodiscard]] result<store_location> parse_location(std::string_view text);

/// The runner for a location.
[[nodiscard]] result<std::unique_ptr<command_runner>> open_runner(const store_location& location);
/// By a socket: connects, logs in, asks for RESP3.
[[nodiscard]] result<std::unique_ptr<command_runner>> connect_runner(const store_location& location);
/// In this process, or at the server that has the folder open.
[[nodiscard]] result<std::unique_ptr<command_runner>> open_folder_runner(const store_location& location);

/// Why a damaged folder does not open, with what to do about it; another error as it is.
[[nodiscard]] error explained_damage(error failure, const std::string& folder);

/// The reply, or the error that the command answered, as an error of this program.
[[nodiscard]] result<reply_value> checked(result<reply_value> reply);
/// "ERR no such branch" as an error: its prefix picks the code.
[[nodiscard]] error error_of_reply(std::string_view text);

}  // namespace coppice::cli
