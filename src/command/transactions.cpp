// command/transactions.cpp: MULTI, EXEC and WATCH: commands that run together, if nobody touched what was watched.
//
// EXEC is one change: its branches have a group each, in which a command of several primitives that fails goes back
// to its own mark, as in Redis. When a page is missing the whole of it is undone and run again.
#include <vector>

#include <fmt/format.h>

#include <command/dispatch.hpp>

namespace coppice {
namespace {

status multi(command_context& context, arguments) {
    if (context.session->in_multi) { return error{errc::invalid, "MULTI calls can not be nested"}; }
    context.session->in_multi = true;
    context.reply.status("OK");
    return {};
}

status discard(command_context& context, arguments) {
    if (!context.session->in_multi) { return error{errc::invalid, "DISCARD without MULTI"}; }
    context.session->end_multi();
    context.reply.status("OK");
    return {};
}

// A key that was there at WATCH and whose time has come since was touched, though nobody wrote it.
bool any_expired(const command_session& session, milliseconds_utc now) {
    for (const auto& watched : session.watched) {
        if (!watched.alive || watched.branch != session.branch->id) { continue; }
        if (!session.branch->writer.view(now).find(watched.database, watched.key)) { return true; }
    }
    return false;
}

void undo_all(engine& store, command_session& session) {
    for (auto* branch : session.exec_branches) {
        branch->writer.undo_group();
        store.undone(*branch);
    }
    session.exec_branches.clear();
    session.in_exec = false;
}

void run_queue(command_context& context, command_session& session) {
    session.in_exec = true;
    std::vector<std::string_view> words;
    try {
        for (std::size_t i = 0; i < session.queue.size(); ++i) {
            if (session.queue.row(i).mode != access::write) { continue; }
            session.queue.words_of(i, words);
            adopt_before(context, session.queue.row(i), words);
        }
        context.reply.array(session.queue.size());
        for (std::size_t i = 0; i < session.queue.size(); ++i) {
            session.queue.words_of(i, words);
            // A queued SELECT or BRANCH USE counts for those behind it.
            command_context each(context.store, *session.branch, session.database, context.now, context.reply, &session,
                                 context.host);
            const auto& row = session.queue.row(i);
            ++context.host->stats.commands;
            const auto errors = context.host->stats.errors;
            run_command(each, row, words);
            if (session.exec_ends_at_error && context.host->stats.errors != errors) { break; }
        }
    } catch (...) {
        undo_all(context.store, session);
        throw;
    }
    for (auto* branch : session.exec_branches) { branch->writer.end_group(); }
    context.host->wrote(session.exec_branches);
    session.exec_branches.clear();
    session.in_exec = false;
}

status exec(command_context& context, arguments) {
    auto& session = *context.session;
    if (!session.in_multi) { return error{errc::invalid, "EXEC without MULTI"}; }
    if (session.multi_failed) {
        session.end_multi();
        context.reply.error("EXECABORT Transaction discarded because of previous errors.");
        return {};
    }
    if (context.host->out_of_memory && session.multi_adds) {
        session.end_multi();
        context.reply.error(fmt::format("EXECABORT Transaction discarded because of: {}", oom_text));
        return {};
    }
    if (session.touched || any_expired(session, context.now)) {
        ++context.host->stats.conflicts;
        session.end_multi();
        context.reply.null_array();
        return {};
    }
    const unsigned database = session.database;
    const auto branch = session.branch;
    context.host->flush_writes();  // what came before has a record of its own, which is not undone with this one's
    try {
        run_queue(context, session);
    } catch (const not_resident&) {  // all of it is run again
        session.database = database;
        session.branch = branch;
        throw;
    } catch (...) {
        session.database = database;
        session.branch = branch;
        session.end_multi();
        throw;
    }
    ++context.host->stats.transactions;
    session.end_multi();
    return {};
}

status watch(command_context& context, arguments given) {
    auto& session = *context.session;
    if (session.in_multi) { return error{errc::invalid, "WATCH inside MULTI is not allowed"}; }
    for (const auto key : given.subspan(1)) {
        const bool alive = context.view().find(context.database, key).has_value();
        context.host->watches.watch(session, {context.branch.id, context.database, std::string(key), alive});
    }
    context.reply.status("OK");
    return {};
}

status unwatch(command_context& context, arguments) {
    context.host->watches.unwatch(*context.session);
    context.session->touched = false;
    context.reply.status("OK");
    return {};
}

constexpr std::string_view here = "0.1";
constexpr std::string_view of = "transactions";
using enum access;

constexpr command rows[] = {
    {"DISCARD",
     discard,
     exactly(1),
     {},
     admin,
     reply_type::simple,
     of,
     "O(n) queued commands",
     here,
     "Forget the commands queued since MULTI.",
     "",
     "fast in-multi"},
    {"EXEC",
     exec,
     exactly(1),
     {},
     admin,
     reply_type::null_or_array,
     of,
     "that of its commands",
     here,
     "Run the commands queued since MULTI as one change, unless a watched key was touched.",
     "",
     "in-multi ends-multi"},
    {"MULTI",
     multi,
     exactly(1),
     {},
     admin,
     reply_type::simple,
     of,
     "O(1)",
     here,
     "Queue the commands that follow.",
     "",
     "fast in-multi"},
    {"UNWATCH",
     unwatch,
     exactly(1),
     {},
     admin,
     reply_type::simple,
     of,
     "O(k)",
     here,
     "Forget all watched keys.",
     "",
     "fast"},
    {"WATCH", watch, at_least(2), keys_from(1), admin, reply_type::simple, of, "O(k log n)", here,
     "Let EXEC do nothing if one of these keys is touched before.", "key [key ...]", "fast in-multi"},
};

}  // namespace

std::span<const command> transaction_commands() noexcept { return rows; }

}  // namespace coppice
