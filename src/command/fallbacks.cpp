// command/fallbacks.cpp: a collection that reads from another until it is first written to.
//
// What `key` falls back to is kept in the data beside it, as the string `znsocket.Fallback:<key>`: the origin's key, or
// nothing once the key has become its own. So it holds for every client, on each branch, and after a restart.
//
//     FALLBACK b a     SOURCE b -> a     ADOPT b: b is an O(1) copy of a     SOURCE b -> b
//
// An origin may have a fallback itself. A key that is there is always its own.
#include <command/znsocket.hpp>

#include <string>

#include <fmt/format.h>

#include <command/dispatch.hpp>
#include <command/keys.hpp>

namespace coppice {
namespace {

constexpr unsigned chain_max = 16;  // fallbacks of fallbacks
constexpr std::string_view prefix = "znsocket.Fallback:";

std::string note_of(std::string_view key) { return std::string(prefix).append(key); }

// What is noted of a key; nothing: no fallback was ever declared.
result<std::optional<std::string>> noted(const command_context& context, std::string_view key) {
    const auto found = context.find(note_of(key), value_type::string);
    if (!found) { return found.error(); }
    if (!*found) { return std::optional<std::string>(); }
    std::string origin;
    context.view().string_value(**found).append_to(origin);
    return std::optional(std::move(origin));
}

bool is_there(const command_context& context, std::string_view key) {
    return context.view().find(context.database, key).has_value();
}

// The key that a key reads from: the first of the chain that is its own, else the chain's end. `before` is going to
// read from `key`.
result<std::string> source_of(const command_context& context, std::string_view key,
                              std::optional<std::string_view> before = {}) {
    std::string at(key);
    for (unsigned i = before ? 1 : 0; i <= chain_max && at != before; ++i) {
        if (is_there(context, at)) { return at; }
        auto origin = noted(context, at);
        if (!origin) { return origin.error(); }
        if (!*origin || (*origin)->empty()) { return at; }
        at = std::move(**origin);
    }
    return error{errc::limit,
                 fmt::format("'{}' has more than {} fallbacks behind one another, or they lead in a circle",
                             key.substr(0, 100), chain_max)};
}

}  // namespace

status znsocket_fallback(command_context& context, arguments given) {
    const auto key = given[2];
    const auto origin = given[3];
    if (origin.empty()) { return error{errc::invalid, "an empty key can be no fallback"}; }
    const auto note = noted(context, key);
    if (!note) { return note.error(); }
    if (!*note && !is_there(context, key)) {
        const auto source = source_of(context, origin, key);
        if (!source) { return source.error(); }
        context.reply.bulk(*source);
        context.writer().put_string(context.database, note_of(key), origin, no_deadline);
        return {};
    }
    return znsocket_source(context, given);
}

status znsocket_source(command_context& context, arguments given) {
    const auto source = source_of(context, given[2]);
    if (!source) { return source.error(); }
    context.reply.bulk(*source);
    return {};
}

status znsocket_adopt(command_context& context, arguments given) {
    const auto key = given[2];
    const auto note = noted(context, key);
    if (!note) { return note.error(); }
    if (!*note || (*note)->empty()) {
        context.reply.integer(0);
        return {};
    }
    const auto source = source_of(context, key);
    if (!source) { return source.error(); }
    const bool copies = *source != key && is_there(context, *source);
    start_group(context);
    if (copies) { share_key(context, *source, key); }
    context.writer().put_string(context.database, note_of(key), {}, no_deadline);
    context.reply.integer(*source != key ? 1 : 0);
    return {};
}

}  // namespace coppice
