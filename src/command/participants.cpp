// command/participants.cpp: refreshes and adapters, which ZnSocket's clients share beside the data, over RESP3.
//
// A connection that listens is sent pushes, whose first element is "znsocket":
//
//     refresh payload            somebody else's refresh
//     ask ticket question        a question to an adapter that this connection registered; ANSWER answers it
//     told ticket answer         what an ASK of this connection was answered
//     untold ticket text         why it was not
//
// Payloads, questions and answers are JSON. They go out to Socket.IO's clients as well, so they are read, and written
// anew, as znsocket::append_json does.
#include <command/znsocket.hpp>

#include <fmt/format.h>

#include <command/session.hpp>
#include <znsocket/hub.hpp>
#include <znsocket/value.hpp>

namespace coppice {
namespace {

constexpr std::string_view channel = "znsocket";

class listener final : public znsocket::participant {
public:
    explicit listener(command_session& of) : session_(of) { hub().join(*this); }
    ~listener() override { hub().leave(*this); }
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

    [[nodiscard]] std::string_view branch() const noexcept override { return session_.branch->row.name; }
    void refreshed(std::string_view payload) override {
        push(3, [&](reply_sink& to) {
            to.bulk("refresh");
            to.bulk(payload);
        });
    }
    void asked(std::uint64_t ticket, std::string_view question) override { push_ticket("ask", ticket, question); }

    // The ticket is the asker's own: an owner's says nothing to him.
    [[nodiscard]] std::uint64_t ask(std::string_view key, std::string_view question) {
        const auto ticket = tickets_ + 1;
        hub().ask(*this, key, question, session_.host.clock.elapsed(),
                  [this, ticket, key = std::string(key)](znsocket::told how, std::string_view answer) {
                      if (how == znsocket::told::answered) { return push_ticket("told", ticket, answer); }
                      push_ticket("untold", ticket, znsocket::untold(how, key));
                  });
        return tickets_ = ticket;
    }

private:
    [[nodiscard]] znsocket::hub& hub() const noexcept { return session_.host.hub; }

    void push_ticket(std::string_view what, std::uint64_t ticket, std::string_view json) {
        push(4, [&](reply_sink& to) {
            to.bulk(what);
            to.integer(static_cast<std::int64_t>(ticket));
            to.bulk(json);
        });
    }
    // A message that cannot be said whole ends the connection: its client would wait for what is missing.
    template <class Say>
    void push(std::size_t size, Say&& say) {
        auto* const to = session_.protocol == 3 ? session_.host.push(session_, size) : nullptr;
        if (to == nullptr) { return; }
        try {
            to->bulk(channel);
            say(*to);
        } catch (const std::bad_alloc&) { session_.host.kill(session_); }
    }

    command_session& session_;
    std::uint64_t tickets_ = 0;
};

status ok(const command_context& context) {
    context.reply.status("OK");
    return {};
}

// The connection as a participant.  Errors: it does not listen.
result<listener*> listener_of(const command_context& context, arguments given) {
    auto* const listening = static_cast<listener*>(context.session->participant.get());
    if (listening == nullptr) {
        return error{errc::invalid,
                     fmt::format("ZNSOCKET {} is for a connection that listens: ZNSOCKET LISTEN begins that",
                                 given[1].substr(0, 20))};
    }
    return listening;
}

// JSON as it may go out to anybody.
result<std::string> json_in(std::string_view text, std::string_view what) {
    const auto read = znsocket::read_json(text);
    if (!read) { return error{read.error().code, fmt::format("the {} is not JSON: {}", what, read.error().context)}; }
    return znsocket::json_of(*read);
}

}  // namespace

status znsocket_listen(command_context& context, arguments) {
    auto& session = *context.session;
    if (session.protocol < 3) {
        return error{errc::invalid, "ZNSOCKET LISTEN needs RESP3, in which the server may speak unasked: HELLO 3"};
    }
    if (session.participant == nullptr) { session.participant = std::make_unique<listener>(session); }
    return ok(context);
}

status znsocket_refresh(command_context& context, arguments given) {
    const auto payload = json_in(given[2], "payload");
    if (!payload) { return payload.error(); }
    auto& host = *context.host;
    const auto told =
        host.hub.refresh(context.session->participant.get(), context.branch.row.name, *payload, host.clock.elapsed());
    context.reply.integer(static_cast<std::int64_t>(told));
    return {};
}

status znsocket_check(command_context& context, arguments given) {
    const auto who = listener_of(context, given);
    if (!who) { return who.error(); }
    context.reply.integer(context.host->hub.check(**who, given[2]) ? 1 : 0);
    return {};
}

status znsocket_exists(command_context& context, arguments given) {
    context.reply.integer(context.host->hub.exists(given[2]) ? 1 : 0);
    return {};
}

status znsocket_register(command_context& context, arguments given) {
    const auto who = listener_of(context, given);
    if (!who) { return who.error(); }
    auto& hub = context.host->hub;
    if (given.size() > 4 || (given.size() == 4 && !says(given[3], "AGAIN"))) { return syntax_error(); }
    const bool is_his = given.size() == 4 ? hub.register_again(**who, given[2]) : hub.register_adapter(**who, given[2]);
    context.reply.integer(is_his ? 1 : 0);
    return {};
}

status znsocket_ask(command_context& context, arguments given) {
    const auto who = listener_of(context, given);
    if (!who) { return who.error(); }
    const auto question = json_in(given[3], "question");
    if (!question) { return question.error(); }
    if (!context.host->hub.exists(given[2])) {
        context.reply.error("NOADAPTER " + znsocket::untold(znsocket::told::no_adapter, given[2]));
        return {};
    }
    context.reply.integer(static_cast<std::int64_t>((*who)->ask(given[2], *question)));
    return {};
}

status znsocket_answer(command_context& context, arguments given) {
    const auto who = listener_of(context, given);
    if (!who) { return who.error(); }
    const auto ticket = integer_in(given[2]);
    if (!ticket || *ticket < 1) { return error{errc::invalid, "a ticket is the number that a question came with"}; }
    const auto json = json_in(given[3], "answer");
    if (!json) { return json.error(); }
    context.reply.integer(context.host->hub.answer(**who, static_cast<std::uint64_t>(*ticket), *json) ? 1 : 0);
    return {};
}

}  // namespace coppice
