#include "command/dispatch.hpp"

#include <algorithm>
#include <new>

#include <fmt/format.h>

#include <command/parse.hpp>
#include <command/znsocket.hpp>

namespace coppice {
namespace {

constexpr std::size_t quoted_bytes = 128;        // of a client's words, in an error
constexpr std::size_t short_answer_bytes = 256;  // OK, a number, an id, most errors

bool has_flag(const command& row, std::string_view flag) noexcept {
    return row.flags.find(flag) != std::string_view::npos;
}

void say_unknown_command(reply_sink& reply, arguments given) {
    std::string words;
    for (std::size_t i = 1; i < given.size() && words.size() < quoted_bytes; ++i) {
        words += fmt::format("'{}' ", printed(given[i]).substr(0, quoted_bytes - words.size()));
    }
    reply.error(fmt::format("ERR unknown command '{}', with args beginning with: {}",
                            printed(given[0]).substr(0, quoted_bytes), words));
}

// A container's row for given[1], or null after an error.
const command* subcommand_for(reply_sink& reply, const command& container, arguments given) {
    for (const auto& row : container.subcommands) {
        if (!says(given[1], row.name)) { continue; }
        if (fits_arity(row, given.size())) { return &row; }
        reply_error(reply, arity_error(fmt::format("{}|{}", container.name, row.name)));
        return nullptr;
    }
    reply.error(fmt::format("ERR unknown subcommand '{}'. Try {} HELP.", printed(given[1]).substr(0, quoted_bytes),
                            container.name));
    return nullptr;
}

// What a command says when it went wrong; nothing has changed by then.
void say_failed(const command_context& context, const status& done, std::size_t mark) {
    context.reply.back_to(mark);
    reply_error(context.reply, done.error());
    if (context.host != nullptr) { ++context.host->stats.errors; }
}

// Lists the keys that a command writes, while somebody watches some.
class written_keys {
public:
    explicit written_keys(const command_context& context) : context_(context) {
        if (context.host != nullptr && !context.host->watches.empty()) { context.writer().list_written(&keys_); }
    }
    ~written_keys() { context_.writer().list_written(nullptr); }
    written_keys(const written_keys&) = delete;
    written_keys& operator=(const written_keys&) = delete;

    void tell_watchers() const {
        for (const auto& [database, key] : keys_) {
            context_.host->watches.touch(context_.branch.id, database, key, context_.view());
        }
    }

private:
    const command_context& context_;
    std::vector<branch_writer::written_key> keys_;
};

// The branch's group inside EXEC, begun with the first command that writes to it.
void join_exec(command_session& session, live_branch& branch) {
    if (branch.writer.in_group()) { return; }
    session.exec_branches.push_back(&branch);
    branch.writer.begin_group();
}

status reserve_room(const command_context& context, arguments given) {
    constexpr std::uint64_t beside = 64;  // what the log adds
    auto* const host = context.host;
    if (host != nullptr && host->room_reserved) { return {}; }
    std::uint64_t bytes = host != nullptr ? host->batch_bytes : 0;
    if (bytes == 0) {
        for (const auto word : given) { bytes += word.size() + beside; }
    }
    auto room = context.store.reserve(bytes);
    if (room && host != nullptr) { host->room_reserved = host->batch_bytes != 0; }
    return room;
}

// On collections that are its own.
status run_adopting(command_context& context, const command& row, arguments given) {
    if (!may_adopt(context, row, given)) { return row.run(context, given); }
    if (context.host != nullptr) { context.host->flush_writes(); }  // as EXEC does: the command may, within the group
    const auto overwritten = adopt_written(context, row, given);
    if (!overwritten) { return overwritten.error(); }
    if (!overwritten->empty()) { start_group(context); }
    const auto done = row.run(context, given);
    if (done) { note_overwritten(context, *overwritten); }
    return done;
}

// Runs `change`, which is all or a part of what a row does, as one change.
void run_write(command_context& context, const command& row, arguments given, function_ref<status()> change) {
    auto& writer = context.branch.writer;
    const auto said = context.reply.mark();
    if (context.as_of != nullptr) {
        return say_failed(context, error{errc::invalid, "AT takes commands that only read"}, said);
    }
    if (context.host != nullptr && context.host->out_of_memory && has_flag(row, "denyoom")) {
        ++context.host->stats.errors;
        return context.reply.error(oom_text);
    }
    if (const auto room = reserve_room(context, given); !room) { return say_failed(context, room, said); }
    const bool in_exec = context.session != nullptr && context.session->in_exec;
    if (in_exec) { join_exec(*context.session, context.branch); }
    context.writes = true;
    const auto before = writer.here();
    const written_keys written(context);
    try {
        const auto done = change();
        if (!done) {
            if (in_exec) {
                writer.undo_to(before);
            } else if (writer.in_group()) {
                writer.undo_group();
                context.store.undone(context.branch);
            }
            say_failed(context, done, said);
        } else if (!in_exec && writer.in_group()) {
            writer.end_group();
        }
    } catch (...) {
        if (!in_exec) {
            if (writer.in_group()) {
                writer.undo_group();
                context.store.undone(context.branch);
            }
            if (writer.changes() != before.changes && context.host != nullptr) { context.host->wrote(context.branch); }
        }
        throw;
    }
    if (writer.changes() == before.changes || context.host == nullptr) { return; }
    if (!in_exec) { context.host->wrote(context.branch); }
    written.tell_watchers();
}

void run_here(command_context& context, const command& row, arguments given) {
    const auto said = context.reply.mark();
    const auto done = row.run(context, given);
    if (!done) { say_failed(context, done, said); }
}

bool give_away(const command_context& context, const command& row, arguments given) {
    if (!context.host->answer_long(context, row, given)) { return false; }
    ++context.host->stats.long_reads;
    return true;
}

class bounded {
public:
    bounded(reply_sink& reply, std::size_t bytes) noexcept : reply_(reply) { reply.bound(bytes); }
    ~bounded() { reply_.bound(unbounded); }
    bounded(const bounded&) = delete;
    bounded& operator=(const bounded&) = delete;

private:
    reply_sink& reply_;
};

// A read that a worker may answer. How many elements it touches is known before; how many bytes its answer has, only
// when it is said: then what was said so far is taken back, and the worker begins anew.
void run_read(command_context& context, const command& row, arguments given) {
    if (row.elements(context, given) > long_read_elements && give_away(context, row, given)) { return; }
    const auto said = context.reply.mark();
    try {
        const bounded answer(context.reply, long_answer_bytes);
        return run_here(context, row, given);
    } catch (const answer_too_long&) { context.reply.back_to(said); }
    if (!give_away(context, row, given)) { run_here(context, row, given); }
}

// Runs a request, taking back a reply that could not be finished.
run_outcome run_guarded(command_context& context, const command& row, arguments given) {
    const auto said = context.reply.mark();
    try {
        run_command(context, row, given);
    } catch (const not_resident& missing) {
        context.reply.back_to(said);
        return missing;
    } catch (const load_error& failed) {
        say_failed(context, failed.cause(), said);
    } catch (const refused_change& refused) { say_failed(context, refused.cause, said); }
    return std::nullopt;
}

// Whether it makes data larger, perhaps on another branch.
bool adds_data(const command& row, arguments given) noexcept {
    if (row.run != run_on) { return has_flag(row, "denyoom"); }
    const auto* const inner = find_command(given[2]);
    return inner != nullptr && has_flag(*inner, "denyoom");
}

// Why a command cannot wait for EXEC; empty: it can. The queue takes memory, too, whatever is queued.
std::string why_not_queued(const command_session& session, const command& row, arguments given) {
    if (has_flag(row, "no-multi")) { return "ERR Command not allowed inside a transaction"; }
    if (session.host.out_of_memory) { return std::string(oom_text); }
    const auto most = session.host.queued_bytes_max;
    if (session.queue.bytes() + command_queue::bytes_of(given) > most) {
        return fmt::format("ERR the commands between MULTI and EXEC are limited to {} bytes together", most);
    }
    return {};
}

// What a session may not do now: true after an answer.
bool refused_or_queued(command_session& session, reply_sink& reply, const command& row, arguments given) {
    if (!session.authenticated && !has_flag(row, "no-auth")) {
        reply.error("NOAUTH Authentication required.");
        return true;
    }
    if (!session.in_multi || has_flag(row, "in-multi")) { return false; }
    try {
        if (const auto why = why_not_queued(session, row, given); !why.empty()) {
            session.multi_failed = true;
            reply.error(why);
            return true;
        }
        if (!session.multi_failed) { session.queue.add(row, given); }
        session.multi_adds = session.multi_adds || adds_data(row, given);
    } catch (const std::bad_alloc&) {
        session.multi_failed = true;
        throw;
    }
    reply.status("QUEUED");
    return true;
}

// The first word's row; the container's own where it has subcommands, which then stands in `sub`.
const command* look_up(reply_sink& reply, arguments given, const command*& sub) {
    sub = nullptr;
    const auto* row = find_command(given[0]);
    if (row == nullptr) [[unlikely]] {
        say_unknown_command(reply, given);
        return nullptr;
    }
    if (!row->subcommands.empty() && given.size() > 1) {
        sub = subcommand_for(reply, *row, given);
        return sub == nullptr ? nullptr : row;
    }
    if (!fits_arity(*row, given.size())) [[unlikely]] {
        const auto misfit = arity_error(row->name);
        if (has_flag(*row, "ends-multi")) {
            reply.error("EXECABORT Transaction discarded because of: " + misfit.context);
        } else {
            reply_error(reply, misfit);
        }
        return nullptr;
    }
    return row;
}

}  // namespace

result<std::optional<found_key>> command_context::find(std::string_view key, value_type type) const {
    const branch_view seen = view();
    const auto record = seen.keys().find(section_key(seen.space(database), key));
    if (!record) {
        if (host != nullptr && !writes) { ++host->stats.misses; }
        return std::optional<found_key>();
    }
    const found_key found = parse_key_record(*record);
    if (found.deadline != no_deadline && found.deadline <= now) {
        if (writes) { branch.writer.erase(database, key); }
        if (host != nullptr) { ++(writes ? host->stats.expired : host->stats.misses); }
        return std::optional<found_key>();
    }
    if (found.type != type) { return wrong_type_error(); }
    if (host != nullptr && !writes) { ++host->stats.hits; }
    return std::optional<found_key>(found);
}

void reply_error(reply_sink& reply, const error& failure) {
    std::string text(row_of(failure.code).resp_prefix);
    text += ' ';
    text += failure.context;
    reply.error(text);
}

const command* row_for(reply_sink& reply, arguments given) {
    const command* sub = nullptr;
    const auto* row = look_up(reply, given, sub);
    return sub != nullptr ? sub : row;
}

void adopt_before(const command_context& context, const command& row, arguments given) {
    if (!may_adopt(context, row, given)) { return; }
    auto own = context;
    const auto said = context.reply.mark();
    run_write(own, row, given, [&]() -> status {
        static_cast<void>(adopt_written(own, row, given));
        return {};
    });
    context.reply.back_to(said);
}

void run_command(command_context& context, const command& row, arguments given) {
    if (row.mode == access::write) {
        return run_write(context, row, given, [&] { return run_adopting(context, row, given); });
    }
    if (context.host != nullptr) {
        if (row.mode == access::admin) { context.host->flush_writes(); }
        const bool may_be_long = row.elements != nullptr && (context.session == nullptr || !context.session->in_exec);
        if (may_be_long) { return run_read(context, row, given); }
    }
    run_here(context, row, given);
}

namespace {

run_outcome run_with_room(command_host& host, command_session& session, reply_sink& reply, arguments given,
                          milliseconds_utc now) {
    const command* sub = nullptr;
    const auto* row = look_up(reply, given, sub);
    if (row == nullptr) [[unlikely]] {
        const auto* const known = find_command(given[0]);
        if (known != nullptr && has_flag(*known, "ends-multi")) { session.end_multi(); }
        session.multi_failed = session.multi_failed || session.in_multi;
        ++host.stats.errors;
        return std::nullopt;
    }
    session.last = row;
    session.last_subcommand = sub;
    const auto& called = sub != nullptr ? *sub : *row;
    if (session.needs_care() && refused_or_queued(session, reply, called, given)) [[unlikely]] { return std::nullopt; }
    if (session.branch->dropped && called.mode != access::admin) [[unlikely]] {
        reply.error(
            fmt::format("ERR branch '{}' was deleted; choose another with BRANCH USE", session.branch->row.name));
        return std::nullopt;
    }
    command_context context(host.store, *session.branch, session.database, now, reply, &session, &host);
    const auto errors = host.stats.errors;
    auto outcome = run_guarded(context, called, given);
    if (!outcome) {
        auto& calls = host.stats.rows[static_cast<std::size_t>(row - all_commands().data())];
        ++host.stats.commands;
        ++calls.calls;
        calls.failed += host.stats.errors != errors ? 1 : 0;
    }
    return outcome;
}

}  // namespace

run_outcome run_request(command_host& host, command_session& session, reply_sink& reply, arguments given,
                        milliseconds_utc now) {
    // What a command says when it has changed something, or had no memory to, fits in here.
    reply.make_room(short_answer_bytes);
    const auto said = reply.mark();
    try {
        return run_with_room(host, session, reply, given, now);
    } catch (const std::bad_alloc&) {
        reply.back_to(said);
        reply.error("OOM the command needs more memory than there is");
        ++host.stats.errors;
    }
    return std::nullopt;
}

void run_request(command_host& host, command_session& session, reply_sink& reply, arguments given) {
    while (const auto missing = run_request(host, session, reply, given, host.clock.now() / 1000)) {
        if (const auto loaded = host.store.load(*missing); !loaded) { return reply_error(reply, loaded.error()); }
    }
}

status run_on(command_context& context, arguments given) {
    auto branch = context.store.branch(given[1]);
    if (!branch) { return branch.error(); }
    const auto words = given.subspan(2);
    const auto* row = row_for(context.reply, words);
    if (row == nullptr) { return {}; }
    if (row->group == "connection" || row->group == "transactions" || row->run == run_on) {
        return error{errc::invalid, "ON takes commands that read or write data"};
    }
    command_context inner(context.store, **branch, context.database, context.now, context.reply, context.session,
                          context.host);
    run_command(inner, *row, words);
    if (context.host != nullptr) { context.host->flush_writes(); }
    return {};
}

status run_at(command_context& context, arguments given) {
    const auto words = given.subspan(2);
    const auto* row = row_for(context.reply, words);
    if (row == nullptr) { return {}; }
    if (row->mode != access::read) { return error{errc::invalid, "AT takes commands that only read"}; }
    auto version = context.store.resolve(given[1]);
    if (!version) { return version.error(); }
    auto& state = version->state;
    state.keys = state.keys.through(context.branch.context);
    command_context inner(context.store, context.branch, context.database, state.time / 1000, context.reply,
                          context.session, context.host);
    inner.as_of = &state;
    run_command(inner, *row, words);
    return {};
}

long_command::long_command(const command_context& context, const command& row, arguments given)
    : store_(context.store),
      state_(context.as_of != nullptr ? *context.as_of : context.store.snapshot(context.branch)),
      database_(context.database),
      now_(context.now),
      row_(row),
      words_(given.begin(), given.end()) {
    if (context.session != nullptr && context.session->branch.get() == &context.branch) {
        branch_ = context.session->branch;
    } else if (auto handle = store_.branch(context.branch.row.name)) {
        branch_ = std::move(*handle);
    }
    state_.keys = state_.keys.through(store_.reading_context());
}

void long_command::run(reply_sink& reply) {
    const std::vector<std::string_view> given(words_.begin(), words_.end());
    command_context context(store_, *branch_, database_, now_, reply, nullptr, nullptr);
    context.as_of = &state_;
    const auto done = row_.run(context, given);
    if (!done) { reply_error(reply, done.error()); }
}

}  // namespace coppice
