#include "command/key_uses.hpp"

#include <algorithm>

namespace coppice {
namespace {

struct key_use {
    std::string_view use;  ///< behind a bar: of the keys behind the first
    std::string_view commands;
};

constexpr key_use key_uses[] = {
    {"RO",
     "EXISTS TOUCH WATCH HEXISTS HLEN HSTRLEN LLEN SCARD SISMEMBER STRLEN TYPE USAGE ENCODING FREQ IDLETIME REFCOUNT "
     "FALLBACK"},
    {"RO access|RO access", "SORT_RO"},
    {"RO access|RO access|OW update", "SORT"},
    {"RO access|OW update", "COPY"},
    {"RM delete", "DEL UNLINK"},
    {"RW insert", "APPEND HSETNX LINSERT LINSERTAT LPUSH LPUSHX RPUSH RPUSHX SADD"},
    {"RW delete", "HDEL LREM LTRIM SREM"},
    {"RW access update", "DECR DECRBY GETEX GETSET HINCRBY HINCRBYFLOAT INCR INCRBY INCRBYFLOAT LSPLICE MOVE"},
    {"RW access update variable_flags", "SET"},
    {"RW access delete", "GETDEL LMPOP LPOP RPOP SPOP"},
    {"RW access delete|RW insert", "LMOVE RPOPLPUSH SMOVE"},
    {"RW access delete|OW update", "RENAME"},
    {"RW access delete|OW insert", "RENAMENX"},
    {"RW update|RO access", "SINTERSTORE"},
    {"OW update|RO access", "SDIFFSTORE SUNIONSTORE"},
    {"RW insert|RO access", "CREATE"},
    {"OW update", "MSET PSETEX SETEX"},
    {"OW insert", "MSETNX SETNX"},
};

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> parts;
    for (std::size_t end = 0; end != std::string_view::npos; text.remove_prefix(std::min(end + 1, text.size()))) {
        end = text.find(at);
        parts.push_back(text.substr(0, end));
    }
    return parts;
}

// One specification, with what it says of where to begin and how to go on.
struct found_by {
    std::string_view begin = "unknown";
    int index = 0;
    std::string_view find = "unknown";
    int last = 0;
    int step = 1;
};

void say_specification(reply_sink& reply, std::string_view use, const found_by& how) {
    const auto number = [&](std::string_view name, int value) {
        reply.bulk(name);
        reply.integer(value);
    };
    const auto begin_map = [&](std::string_view name, std::string_view type, std::size_t fields) {
        reply.bulk(name);
        reply.map(2);
        reply.bulk("type");
        reply.bulk(type);
        reply.bulk("spec");
        reply.map(fields);
    };
    const auto words = words_of_use(use);
    reply.map(3);
    reply.bulk("flags");
    reply.set(words.size());
    for (const auto& word : words) { reply.status(word); }
    begin_map("begin_search", how.begin, how.begin == "index" ? 1 : 0);
    if (how.begin == "index") { number("index", how.index); }
    begin_map("find_keys", how.find, how.find == "unknown" ? 0 : 3);
    if (how.find == "keynum") {
        number("keynumidx", 0);
        number("firstkey", 1);
        number("keystep", 1);
    } else if (how.find == "range") {
        number("lastkey", how.last);
        number("keystep", how.step);
        number("limit", 0);
    }
}

}  // namespace

std::vector<std::string_view> key_uses_of(const command& row) {
    for (const auto& each : key_uses) {
        const auto names = split(each.commands, ' ');
        if (std::find(names.begin(), names.end(), row.name) != names.end()) { return split(each.use, '|'); }
    }
    return {row.mode == access::write ? "RW update" : "RO access"};
}

std::vector<std::string> words_of_use(std::string_view use) {
    std::vector<std::string> words;
    for (const auto word : split(use, ' ')) { words.emplace_back(word); }
    return words;
}

void say_key_specifications(reply_sink& reply, const command& row) {
    const auto& keys = row.keys;
    if (keys.first == 0 && keys.count_at == 0) { return reply.array(0); }
    const auto uses = key_uses_of(row);
    reply.array(uses.size());
    if (keys.count_at != 0) {
        return say_specification(reply, uses[0], {.begin = "index", .index = keys.count_at, .find = "keynum"});
    }
    // A last position counts from the first one, or from the end where it is negative.
    const auto last_from = [&](int first) { return keys.last < 0 ? keys.last : keys.last - first; };
    const bool several = keys.last < 0 || keys.last > keys.first;
    for (std::size_t i = 0; i < uses.size(); ++i) {
        if (i > 0 && (!several || i > 1)) {  // where they stand depends on the other arguments
            say_specification(reply, uses[i], {});
            continue;
        }
        const int first = keys.first + static_cast<int>(i);
        const bool only_first = i == 0 && uses.size() > 1;
        say_specification(reply, uses[i],
                          {"index", first, "range", only_first ? 0 : last_from(first), std::max(keys.step, 1)});
    }
}

}  // namespace coppice
