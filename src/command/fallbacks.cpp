// command/fallbacks.cpp: a collection that reads from another until it is first written to.
//
// What `key` falls back to is kept in the data beside it, as the string `znsocket.Fallback:<key>`: the origin's key, or
// nothing once the key has become its own. So it holds for every client, on each branch, and after a restart.
//
//     FALLBACK b a     SOURCE b -> a     RPUSH b 4: b is an O(1) copy of a, with a 4     SOURCE b -> b
//
// Whoever writes first: the dispatcher adopts before a command that writes runs, in the same step, and so does EXEC for
// its whole queue. An origin may have a fallback itself. A key that is there is always its own.
#include <command/znsocket.hpp>

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include <command/dispatch.hpp>
#include <command/key_uses.hpp>
#include <command/keys.hpp>

namespace coppice {
namespace {

constexpr unsigned chain_max = 16;  // fallbacks of fallbacks
constexpr std::string_view prefix = "znsocket.Fallback:";
constexpr std::array<std::string_view, 2> kinds{"znsocket.List:", "znsocket.Dict:"};

// The prefix of a List's or Dict's key; empty: it is neither.
std::string_view kind_of(std::string_view key) noexcept {
    if (!key.starts_with("znsocket.")) { return {}; }
    for (const auto kind : kinds) {
        if (key.starts_with(kind)) { return kind; }
    }
    return {};
}

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

// What a key that is not there reads from; nothing: it is its own.
result<std::optional<std::string>> origin_of(const command_context& context, std::string_view key) {
    if (kind_of(key).empty() || is_there(context, key)) { return std::optional<std::string>(); }
    auto origin = noted(context, key);
    if (origin && *origin && (*origin)->empty()) { return std::optional<std::string>(); }
    return origin;
}

void put_note(const command_context& context, std::string_view key, std::string_view origin) {
    context.writer().put_string(context.database, note_of(key), origin, no_deadline);
}

status adopt(const command_context& context, std::string_view key, std::string_view origin) {
    const auto source = source_of(context, origin, key);
    if (!source) { return source.error(); }
    start_group(context);
    if (is_there(context, *source)) { share_key(context, *source, key); }
    put_note(context, key, {});
    return {};
}

}  // namespace

bool may_adopt(const command_context& context, const command& row, arguments given) {
    return row.mode == access::write && std::any_of(given.begin() + 1, given.end(), [&](auto word) {
               return !kind_of(word).empty() && !is_there(context, word);
           });
}

result<std::vector<std::string_view>> adopt_written(const command_context& context, const command& row,
                                                    arguments given) {
    std::vector<std::string_view> overwritten;
    const auto keys = keys_of(row, given);
    if (!keys) { return overwritten; }  // the command says so
    const auto uses = key_uses_of(row);
    for (std::size_t i = 0; i < keys->size(); ++i) {
        const auto key = (*keys)[i];
        const auto origin = origin_of(context, key);
        if (!origin) { return origin.error(); }
        if (!*origin) { continue; }
        const auto use = i == 0 ? uses.front() : uses.back();
        if (use.starts_with("RO")) { continue; }
        if (use.starts_with("OW") && std::count(keys->begin(), keys->end(), key) == 1) {
            overwritten.push_back(key);
        } else if (const auto adopted = adopt(context, key, **origin); !adopted) {
            return adopted.error();
        }
    }
    return overwritten;
}

void note_overwritten(const command_context& context, std::span<const std::string_view> keys) {
    for (const auto key : keys) {
        if (is_there(context, key)) { put_note(context, key, {}); }
    }
}

void own_elsewhere(command_context context, unsigned database, std::string_view key) {
    context.database = database;
    if (kind_of(key).empty()) { return; }
    if (const auto origin = noted(context, key); !origin || !*origin || (*origin)->empty()) { return; }
    start_group(context);
    put_note(context, key, {});
}

status znsocket_fallback(command_context& context, arguments given) {
    const auto key = given[2];
    const auto origin = given[3];
    if (const auto kind = kind_of(key); kind.empty() || kind_of(origin) != kind) {
        return error{errc::invalid,
                     fmt::format("'{}' cannot fall back to '{}': a {}KEY can to another and a {}KEY to another",
                                 key.substr(0, 100), origin.substr(0, 100), kinds[0], kinds[1])};
    }
    const auto note = noted(context, key);
    if (!note) { return note.error(); }
    if (!*note && !is_there(context, key)) {
        const auto source = source_of(context, origin, key);
        if (!source) { return source.error(); }
        context.reply.bulk(*source);
        put_note(context, key, origin);
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

}  // namespace coppice
