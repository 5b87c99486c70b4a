// command/connection.cpp: who a client is: PING, HELLO, AUTH, SELECT, CLIENT and their kin.
#include <algorithm>
#include <string>

#include <fmt/format.h>

#include <command/command_info.hpp>
#include <command/dispatch.hpp>
#include <command/keys.hpp>
#include <command/parse.hpp>
#include <command/redis_version.hpp>

namespace coppice {
namespace {

status ping(command_context& context, arguments given) {
    if (given.size() > 2) { return arity_error("ping"); }
    if (given.size() == 2) {
        context.reply.bulk(given[1]);
    } else {
        context.reply.status("PONG");
    }
    return {};
}

status echo(command_context& context, arguments given) {
    context.reply.bulk(given[1]);
    return {};
}

status select(command_context& context, arguments given) {
    const auto database = database_in(given[1]);
    if (!database) { return database.error(); }
    context.session->database = *database;
    context.reply.status("OK");
    return {};
}

status quit(command_context& context, arguments) {
    context.session->closing = true;
    context.reply.status("OK");
    return {};
}

status reset(command_context& context, arguments) {
    auto main = context.store.branch("main");
    if (!main) { return main.error(); }
    context.session->reset(std::move(*main));
    context.reply.status("RESET");
    return {};
}

// ---- AUTH and HELLO

constexpr std::string_view wrong_password = "WRONGPASS invalid username-password pair or user is disabled.";

// Logs in. The user's name may carry a branch behind its last @.  False: an error was said.
bool log_in(const command_context& context, std::string_view user, std::string_view given_password) {
    const auto cut = user.rfind('@');
    const auto name = user.substr(0, cut);
    const auto password = context.host->password();
    if (name != "default" || (!password.empty() && password != given_password)) {
        context.host->login_refused(*context.session);
        context.reply.error(wrong_password);
        return false;
    }
    auto& session = *context.session;
    if (cut != std::string_view::npos) {
        auto branch = context.store.branch(user.substr(cut + 1));
        if (!branch) {
            reply_error(context.reply, branch.error());
            return false;
        }
        session.branch = std::move(*branch);
    }
    session.user = name;
    session.authenticated = true;
    context.host->authentication_changed(session);
    return true;
}

status auth(command_context& context, arguments given) {
    if (given.size() > 3) { return syntax_error(); }
    if (given.size() == 2 && context.host->password().empty()) {
        return error{errc::invalid,
                     "AUTH <password> called without any password configured for the default user. Are you sure your "
                     "configuration is correct?"};
    }
    if (log_in(context, given.size() == 2 ? "default" : given[1], given.back())) { context.reply.status("OK"); }
    return {};
}

bool is_client_name(std::string_view name) noexcept {
    return std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
}
error client_name_error() {
    return {errc::invalid, "Client names cannot contain spaces, newlines or special characters."};
}

void say_hello(const command_context& context) {
    auto& reply = context.reply;
    const auto text = [&](std::string_view name, std::string_view value) {
        reply.bulk(name);
        reply.bulk(value);
    };
    reply.map(8);
    text("server", "redis");
    text("version", redis_version);
    reply.bulk("proto");
    reply.integer(context.session->protocol);
    reply.bulk("id");
    reply.integer(static_cast<std::int64_t>(context.session->id));
    text("mode", "standalone");
    text("role", "master");
    reply.bulk("modules");
    reply.array(0);
    text("coppice_version", coppice_version());
}

status hello(command_context& context, arguments given) {
    std::int64_t version = 0;
    if (given.size() > 1) {
        const auto number = integer_in(given[1]);
        if (!number) { return error{errc::invalid, "Protocol version is not an integer or out of range"}; }
        version = *number;
        if (version < 2 || version > 3) {
            context.reply.error("NOPROTO unsupported protocol version");
            return {};
        }
    }
    std::optional<std::string_view> user;
    std::optional<std::string_view> password;
    std::optional<std::string_view> name;
    for (std::size_t i = 2; i < given.size(); ++i) {
        const auto left = given.size() - i - 1;
        if (says(given[i], "AUTH") && left >= 2) {
            user = given[++i];
            password = given[++i];
        } else if (says(given[i], "SETNAME") && left >= 1) {
            name = given[++i];
            if (!is_client_name(*name)) { return client_name_error(); }
        } else {
            return error{errc::invalid, fmt::format("Syntax error in HELLO option '{}'", given[i])};
        }
    }
    if (user && !log_in(context, *user, *password)) { return {}; }
    if (!context.session->authenticated) {
        context.reply.error(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH "
            "<user> "
            "<pass> option can be used to authenticate the client and select the RESP protocol version at the same "
            "time");
        return {};
    }
    if (name) { context.session->name = *name; }
    if (version != 0) { context.host->set_protocol(*context.session, static_cast<int>(version)); }
    say_hello(context);
    return {};
}

// ---- CLIENT

std::string client_line(const command_host& host, const command_session& session) {
    std::string flags;
    if (session.in_multi) { flags += 'x'; }
    if (session.touched) { flags += 'd'; }
    if (session.closing) { flags += 'c'; }
    if (session.no_evict) { flags += 'e'; }
    if (flags.empty()) { flags = "N"; }
    std::string last = session.last == nullptr ? "NULL" : lower_case(session.last->name);
    if (session.last_subcommand != nullptr) { last += "|" + lower_case(session.last_subcommand->name); }
    const auto seen = host.connection_of(session);
    return fmt::format(
        "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub=0 psub=0 ssub=0 multi={} qbuf={} "
        "qbuf-free={} argv-mem={} multi-mem={} rbs={} rbp={} obl={} oll=0 omem={} tot-mem={} events={} cmd={} user={} "
        "redir=-1 resp={} lib-name={} lib-ver={} branch={}\n",
        session.id, seen.addr, seen.laddr, seen.fd, session.name, seen.age, seen.idle, flags, session.database,
        session.in_multi ? std::to_string(session.queue.size()) : "-1", seen.qbuf, seen.qbuf_free, seen.argv_mem,
        session.queue.bytes(), seen.rbs, seen.rbs, seen.obl, seen.omem, seen.tot_mem, seen.events, last, session.user,
        session.protocol, session.library_name, session.library_version, session.branch->row.name);
}

status client_id(command_context& context, arguments) {
    context.reply.integer(static_cast<std::int64_t>(context.session->id));
    return {};
}

status client_getname(command_context& context, arguments) {
    if (context.session->name.empty()) {
        context.reply.null();
    } else {
        context.reply.bulk(context.session->name);
    }
    return {};
}

status client_setname(command_context& context, arguments given) {
    if (!is_client_name(given[2])) { return client_name_error(); }
    context.session->name = given[2];
    context.reply.status("OK");
    return {};
}

status client_info(command_context& context, arguments) {
    context.reply.verbatim(client_line(*context.host, *context.session));
    return {};
}

status client_list(command_context& context, arguments given) {
    std::vector<std::int64_t> ids;
    bool normal = true;
    const bool by_id = given.size() > 3 && says(given[2], "ID");
    if (by_id) {
        for (const auto word : given.subspan(3)) {
            const auto id = integer_in(word);
            if (!id || *id < 1) { return error{errc::invalid, "Invalid client ID"}; }
            ids.push_back(*id);
        }
    } else if (given.size() == 4 && says(given[2], "TYPE")) {
        normal = says(given[3], "normal");
        if (!normal && !says(given[3], "master") && !says(given[3], "replica") && !says(given[3], "slave")
            && !says(given[3], "pubsub")) {
            return error{errc::invalid, fmt::format("Unknown client type '{}'", given[3])};
        }
    } else if (given.size() != 2) {
        return syntax_error();
    }
    std::string text;
    context.host->each_session([&](command_session& each) {
        const bool named = std::find(ids.begin(), ids.end(), static_cast<std::int64_t>(each.id)) != ids.end();
        if (by_id ? named : normal) { text += client_line(*context.host, each); }
    });
    context.reply.verbatim(text);
    return {};
}

struct kill_filter {
    std::optional<std::int64_t> id;
    std::optional<std::string_view> addr;
    std::optional<std::string_view> laddr;
    std::optional<std::string_view> user;
    bool normal = true;
    bool skip_me = true;
};

result<kill_filter> kill_filter_in(arguments words) {
    kill_filter filter;
    for (std::size_t i = 0; i < words.size(); i += 2) {
        if (i + 1 == words.size()) { return syntax_error(); }
        const auto value = words[i + 1];
        if (says(words[i], "ID")) {
            const auto id = integer_in(value);
            if (!id || *id < 1) { return error{errc::invalid, "client-id should be greater than 0"}; }
            filter.id = *id;
        } else if (says(words[i], "TYPE")) {
            filter.normal = says(value, "normal");
            if (!filter.normal && !says(value, "master") && !says(value, "replica") && !says(value, "slave")
                && !says(value, "pubsub")) {
                return error{errc::invalid, fmt::format("Unknown client type '{}'", value)};
            }
        } else if (says(words[i], "ADDR")) {
            filter.addr = value;
        } else if (says(words[i], "LADDR")) {
            filter.laddr = value;
        } else if (says(words[i], "USER")) {
            if (value != "default") { return error{errc::invalid, fmt::format("No such user '{}'", value)}; }
            filter.user = value;
        } else if (says(words[i], "SKIPME") && (says(value, "yes") || says(value, "no"))) {
            filter.skip_me = says(value, "yes");
        } else {
            return syntax_error();
        }
    }
    return filter;
}

status client_kill(command_context& context, arguments given) {
    const bool by_address = given.size() == 3;
    auto filter = by_address ? kill_filter{} : kill_filter_in(given.subspan(2));
    if (!filter) { return filter.error(); }
    if (by_address) {
        filter->addr = given[2];
        filter->skip_me = false;
    }
    std::int64_t killed = 0;
    context.host->each_session([&](command_session& each) {
        const auto seen = context.host->connection_of(each);
        const bool meant =
            filter->normal && (!filter->id || *filter->id == static_cast<std::int64_t>(each.id))
            && (!filter->addr || *filter->addr == seen.addr) && (!filter->laddr || *filter->laddr == seen.laddr)
            && (!filter->user || *filter->user == each.user) && !(filter->skip_me && &each == context.session);
        if (!meant) { return; }
        ++killed;
        if (&each == context.session) {
            each.closing = true;
        } else {
            context.host->kill(each);
        }
    });
    if (!by_address) {
        context.reply.integer(killed);
    } else if (killed == 0) {
        return error{errc::not_found, "No such client"};
    } else {
        context.reply.status("OK");
    }
    return {};
}

status set_switch(command_context& context, std::string_view word, bool& what) {
    if (!says(word, "ON") && !says(word, "OFF")) { return syntax_error(); }
    what = says(word, "ON");
    context.reply.status("OK");
    return {};
}
status client_no_evict(command_context& context, arguments given) {
    return set_switch(context, given[2], context.session->no_evict);
}
status client_no_touch(command_context& context, arguments given) {
    return set_switch(context, given[2], context.session->no_touch);
}

status client_setinfo(command_context& context, arguments given) {
    auto* const what = says(given[2], "LIB-NAME")  ? &context.session->library_name
                       : says(given[2], "LIB-VER") ? &context.session->library_version
                                                   : nullptr;
    if (what == nullptr) { return error{errc::invalid, fmt::format("Unrecognized option '{}'", given[2])}; }
    if (!is_client_name(given[3])) {
        return error{errc::invalid,
                     fmt::format("{} cannot contain spaces, newlines or special characters.", lower_case(given[2]))};
    }
    *what = given[3];
    context.reply.status("OK");
    return {};
}

status client_reply(command_context& context, arguments given) {
    auto& session = *context.session;
    if (says(given[2], "ON")) {
        session.reply_mode = replies::on;
        context.host->mute(session, false);
        context.reply.status("OK");
    } else if (says(given[2], "OFF")) {
        session.reply_mode = replies::off;
        context.host->mute(session, true);
    } else if (says(given[2], "SKIP")) {
        if (session.reply_mode == replies::on) { session.reply_mode = replies::skip_next; }
    } else {
        return syntax_error();
    }
    return {};
}

status client_getredir(command_context& context, arguments) {
    context.reply.integer(-1);
    return {};
}

constexpr std::string_view here = "0.1";
constexpr std::string_view of = "connection";
using enum access;
using rt = reply_type;

constexpr command client_rows[] = {
    {"GETNAME",
     client_getname,
     exactly(2),
     {},
     admin,
     rt::null_or_bulk,
     of,
     "O(1)",
     here,
     "Return the connection's name.",
     "",
     ""},
    {"GETREDIR",
     client_getredir,
     exactly(2),
     {},
     admin,
     rt::integer,
     of,
     "O(1)",
     here,
     "Return -1: there is no client-side caching.",
     "",
     ""},
    help_row,
    {"ID", client_id, exactly(2), {}, admin, rt::integer, of, "O(1)", here, "Return the connection's number.", "", ""},
    {"INFO", client_info, exactly(2), {}, admin, rt::bulk, of, "O(1)", here, "Describe this connection.", "", ""},
    {"KILL",
     client_kill,
     at_least(3),
     {},
     admin,
     rt::any,
     of,
     "O(n) connections",
     here,
     "End connections.",
     "ip:port | [ID client-id] [TYPE NORMAL] [USER username] [ADDR ip:port] [LADDR ip:port] [SKIPME yes/no]",
     ""},
    {"LIST",
     client_list,
     at_least(2),
     {},
     admin,
     rt::bulk,
     of,
     "O(n) connections",
     here,
     "Describe the connections, each with its branch.",
     "[TYPE NORMAL] [ID client-id [client-id ...]]",
     ""},
    {"NO-EVICT",
     client_no_evict,
     exactly(3),
     {},
     admin,
     rt::simple,
     of,
     "O(1)",
     here,
     "Accepted: connections are not evicted.",
     "ON | OFF",
     ""},
    {"NO-TOUCH",
     client_no_touch,
     exactly(3),
     {},
     admin,
     rt::simple,
     of,
     "O(1)",
     here,
     "Accepted: access times are not kept.",
     "ON | OFF",
     ""},
    {"REPLY",
     client_reply,
     exactly(3),
     {},
     admin,
     rt::any,
     of,
     "O(1)",
     here,
     "Answer commands, or not, or not the next one.",
     "ON | OFF | SKIP",
     ""},
    {"SETINFO",
     client_setinfo,
     exactly(4),
     {},
     admin,
     rt::simple,
     of,
     "O(1)",
     here,
     "Say which client library this is.",
     "LIB-NAME libname | LIB-VER libver",
     ""},
    {"SETNAME",
     client_setname,
     exactly(3),
     {},
     admin,
     rt::simple,
     of,
     "O(1)",
     here,
     "Name the connection.",
     "connection-name",
     ""},
};

constexpr command rows[] = {
    {"AUTH",
     auth,
     at_least(2),
     {},
     admin,
     rt::simple,
     of,
     "O(1)",
     here,
     "Log in; the user's name may carry a branch: default@branch.",
     "[username] password",
     "fast no-auth"},
    {"CLIENT",
     nullptr,
     at_least(2),
     {},
     admin,
     rt::any,
     of,
     "",
     here,
     "Look at and change connections.",
     "",
     "",
     nullptr,
     client_rows},
    {"COMMAND",
     command_all,
     at_least(1),
     {},
     admin,
     rt::array,
     of,
     "O(n) commands",
     here,
     "Describe the commands.",
     "",
     "",
     nullptr,
     command_rows},
    {"ECHO", echo, exactly(2), {}, admin, rt::bulk, of, "O(1)", here, "Return the argument.", "message", "fast"},
    {"HELLO",
     hello,
     at_least(1),
     {},
     admin,
     rt::map,
     of,
     "O(1)",
     here,
     "Choose the protocol's version, and perhaps log in and be named.",
     "[protover [AUTH username password] [SETNAME clientname]]",
     "fast no-auth"},
    {"PING",
     ping,
     at_least(1),
     {},
     admin,
     rt::any,
     of,
     "O(1)",
     here,
     "Return PONG, or the argument.",
     "[message]",
     "fast"},
    {"QUIT",
     quit,
     at_least(1),
     {},
     admin,
     rt::simple,
     of,
     "O(1)",
     here,
     "End this connection.",
     "",
     "fast no-auth in-multi"},
    {"RESET",
     reset,
     exactly(1),
     {},
     admin,
     rt::simple,
     of,
     "O(1)",
     here,
     "Make this connection as a new one.",
     "",
     "fast no-auth in-multi"},
    {"SELECT",
     select,
     exactly(2),
     {},
     admin,
     rt::simple,
     of,
     "O(1)",
     here,
     "Choose one of the 16 databases.",
     "index",
     "fast"},
};

}  // namespace

std::span<const command> connection_commands() noexcept { return rows; }

}  // namespace coppice
