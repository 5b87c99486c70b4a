#include "znsocket/event.hpp"

#include <utility>

#include <fmt/format.h>

#include <coppice/base/limits.hpp>

#include "znsocket/envelope.hpp"

namespace coppice::znsocket {
namespace {

event_kind kind_of(std::string_view name, bool in_envelope) {
    if (name == "pipeline") { return event_kind::pipeline; }
    if (name == "server_config") { return event_kind::server_config; }
    if (name == "refresh") { return event_kind::refresh; }
    if (name == "check_adapter" || name == "adapter_exists" || name == "register_adapter" || name == "adapter:get") {
        return event_kind::adapter;
    }
    if (in_envelope) { return event_kind::command; }
    if (name == "compressed_message") { return event_kind::compressed; }
    if (name == "chunked_message") { return event_kind::chunk; }
    if (name == "get_chunked_result") { return event_kind::chunk_answer; }
    return event_kind::command;
}

bool is_commands(event_kind kind) noexcept { return kind == event_kind::command || kind == event_kind::pipeline; }

// One command more, or why it is none.
void add_command(event& to, std::string_view name, const value& args, const value& kwargs) {
    auto command = prepare(name, args, kwargs);
    if (auto* const failed = std::get_if<failure>(&command)) {
        to.failed = std::move(*failed);
    } else {
        to.commands.push_back(std::move(std::get<prepared>(command)));
    }
}

// Commands in front of one that cannot be prepared run, as if it had failed itself.
void add_pipeline(event& to, const value& kwargs) {
    const auto* const message = kwargs.find("message");
    if (message == nullptr || !message->is(value_kind::array)) {
        to.failed = wrong_arguments("pipeline", "message is an array of [name, [args, kwargs]]");
        return;
    }
    for (const auto& each : message->items) {
        const auto& name = each.item(0);
        const auto& args = each.item(1).item(0);
        const auto& kwargs_of = each.item(1).item(1);
        if (!name.is(value_kind::text) || !args.is(value_kind::array) || !kwargs_of.is(value_kind::object)) {
            to.failed = wrong_arguments("pipeline", "a command is [name, [args, kwargs]]");
        } else {
            add_command(to, name.text, args, kwargs_of);
        }
        if (to.failed) { return; }
    }
}

void add_commands(event& to, const value& data) {
    const auto& args = data.item(0);
    const auto& kwargs = data.item(1);
    if (!args.is(value_kind::array) || !kwargs.is(value_kind::object) || data.items.size() != 2) {
        to.failed = wrong_arguments(to.name, "an event carries [args, kwargs]: an array and an object");
    } else if (to.kind == event_kind::pipeline) {
        add_pipeline(to, kwargs);
    } else {
        add_command(to, to.name, args, kwargs);
    }
}

event event_of(std::string name, value data, bool in_envelope) {
    event made{.kind = kind_of(name, in_envelope), .name = std::move(name)};
    if (is_commands(made.kind)) {
        add_commands(made, data);
    } else {
        made.data = std::move(data);
    }
    return made;
}

event failed_event(std::string name, failure why) { return {.name = std::move(name), .failed = std::move(why)}; }

}  // namespace

result<event> read_event(std::string_view json) {
    auto read = read_json(json);
    if (!read) { return read.error(); }
    if (!read->is(value_kind::array) || !read->item(0).is(value_kind::text)) {
        return error{errc::invalid, "an event is an array that begins with its name"};
    }
    auto& items = read->items;
    return event_of(std::move(items[0].text), items.size() > 1 ? std::move(items[1]) : value(), false);
}

event open_event(std::string name, std::string_view envelope) {
    if (!is_commands(kind_of(name, true)) && enveloped_bytes(envelope) > limits::event_bytes) {
        auto why = wrong_arguments(name, fmt::format("at most {} bytes, for they go to others", limits::event_bytes));
        return failed_event(std::move(name), std::move(why));
    }
    const auto opened = open_envelope(envelope);
    if (const auto* const failed = std::get_if<failure>(&opened)) { return failed_event(std::move(name), *failed); }
    auto data = read_json(std::get<std::string>(opened));
    if (!data) { return failed_event(std::move(name), deserialization_failure(data.error().context)); }
    auto made = event_of(std::move(name), std::move(*data), true);
    // Its payload is in the place of keyword arguments.
    if (made.kind == event_kind::refresh) { made.data = value(made.data.item(1)); }
    return made;
}

}  // namespace coppice::znsocket
