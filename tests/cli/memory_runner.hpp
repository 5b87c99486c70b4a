// tests/cli/memory_runner.hpp: a server in a map, for tests of verbs: their commands, answered from memory.
//
// Commands of versions answer what the test put into `canned`, by their words joined with spaces. A test that wants a
// failure sets `fail_after`.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <cli/reply_view.hpp>
#include <cli/runner.hpp>

namespace coppice::cli::testing {

struct memory_value {
    std::string type;
    std::string text;
    std::vector<std::string> items;  // of a list or set; name, value, name, value of a hash, in order of insertion
};

struct memory_store {
    std::map<std::string, memory_value> keys;
    std::map<std::string, reply_value> canned;
    std::vector<std::string> log;       // each command, its words joined by spaces
    std::size_t fail_after = SIZE_MAX;  // commands until the connection breaks
};

inline reply_value status_reply(std::string_view text) {
    auto made = make_text(text);
    made.kind = reply_kind::status;
    return made;
}
inline reply_value error_reply(std::string_view text) {
    auto made = make_text(text);
    made.kind = reply_kind::error;
    return made;
}

class memory_runner final : public command_runner {
public:
    explicit memory_runner(memory_store& store) : store_(store) {}

    using command_runner::run;
    result<reply_value> run(std::span<const std::string_view> command) override {
        if (store_.fail_after == 0) { return error{errc::io, "the connection broke"}; }
        if (store_.fail_after != SIZE_MAX) { store_.fail_after -= 1; }
        std::string joined;
        for (const auto word : command) { joined += (joined.empty() ? "" : " ") + std::string(word); }
        store_.log.push_back(joined);
        if (const auto known = store_.canned.find(joined); known != store_.canned.end()) { return known->second; }
        return answer({command.begin(), command.end()});
    }
    result<std::vector<reply_value>> run_many(const command_batch& commands) override {
        std::vector<reply_value> replies;
        for (std::size_t index = 0; index < commands.size(); ++index) {
            auto reply = run(commands.command(index));
            if (!reply) { return reply.error(); }
            replies.push_back(std::move(*reply));
        }
        return replies;
    }

private:
    using words = std::vector<std::string>;

    reply_value answer(const words& given) {
        const auto& name = given[0];
        auto& keys = store_.keys;
        if (name == "SCAN") { return scan(given); }
        if (name == "DBSIZE") { return make_number(static_cast<std::int64_t>(keys.size())); }
        if (given.size() < 2) { return error_reply("ERR unknown command '" + name + "'"); }
        const auto& key = given[1];
        const auto found = keys.find(key);
        const bool is_there = found != keys.end();
        if (name == "TYPE") { return status_reply(is_there ? found->second.type : "none"); }
        if (name == "PTTL") { return make_number(-1); }
        if (name == "DEL") {
            std::int64_t count = 0;
            for (std::size_t at = 1; at < given.size(); ++at) {
                count += static_cast<std::int64_t>(keys.erase(given[at]));
            }
            return make_number(count);
        }
        if (name == "SET") {
            keys[key] = {"string", given[2], {}};
            return status_reply("OK");
        }
        if (name == "GET") { return is_there ? make_text(found->second.text) : reply_value(); }
        if (name == "HSET") { return set_fields(given); }
        if (name == "HGETALL") {
            auto all = list_of(is_there ? found->second.items : words());
            all.kind = reply_kind::map;
            return all;
        }
        if (name == "HGET") {
            const auto* item = is_there ? field_in(found->second, given[2]) : nullptr;
            return item == nullptr ? reply_value() : make_text(*item);
        }
        if (name == "RPUSH") {
            auto& made = keys[key];
            made.type = "list";
            made.items.insert(made.items.end(), given.begin() + 2, given.end());
            return make_number(static_cast<std::int64_t>(made.items.size()));
        }
        if (name == "LRANGE") {
            const auto size = is_there ? found->second.items.size() : 0;
            const auto from = std::min<std::size_t>(size, std::stoul(given[2]));
            const auto until = given[3] == "-1" ? size : std::min<std::size_t>(size, std::stoul(given[3]) + 1);
            return list_of(is_there ? words(found->second.items.begin() + static_cast<std::ptrdiff_t>(from),
                                            found->second.items.begin() + static_cast<std::ptrdiff_t>(until))
                                    : words());
        }
        if (name == "STRLEN") {
            return make_number(is_there ? static_cast<std::int64_t>(found->second.text.size()) : 0);
        }
        if (name == "HLEN") {
            return make_number(is_there ? static_cast<std::int64_t>(found->second.items.size() / 2) : 0);
        }
        if (name == "LLEN") {
            return make_number(is_there ? static_cast<std::int64_t>(found->second.items.size()) : 0);
        }
        return error_reply("ERR unknown command '" + name + "'");
    }
    static reply_value list_of(const words& items) {
        std::vector<reply_value> list;
        for (const auto& item : items) { list.push_back(make_text(item)); }
        return make_list(std::move(list));
    }
    static std::string* field_in(memory_value& hash, const std::string& field) {
        for (std::size_t at = 0; at + 1 < hash.items.size(); at += 2) {
            if (hash.items[at] == field) { return &hash.items[at + 1]; }
        }
        return nullptr;
    }
    reply_value set_fields(const words& given) {
        auto& made = store_.keys[given[1]];
        made.type = "hash";
        for (std::size_t at = 2; at + 1 < given.size(); at += 2) {
            if (auto* there = field_in(made, given[at])) {
                *there = given[at + 1];
            } else {
                made.items.push_back(given[at]);
                made.items.push_back(given[at + 1]);
            }
        }
        return make_number(1);
    }
    // Pages of seven keys, of more where there are many, in order; the cursor counts keys. Patterns are a literal with
    // \ before specials, and a last *.
    reply_value scan(const words& given) {
        std::string prefix;
        const auto& pattern = given[3];
        for (std::size_t at = 0; at + 1 < pattern.size(); ++at) {
            if (pattern[at] == '\\') { ++at; }
            prefix += pattern[at];
        }
        const std::size_t page_keys = store_.keys.size() < 500 ? 7 : 5000;
        const auto from = std::stoul(given[1]);
        std::vector<reply_value> page;
        std::size_t at = 0;
        std::string cursor = "0";
        for (const auto& [key, content] : store_.keys) {
            if (!key.starts_with(prefix) || at++ < from) { continue; }
            if (page.size() == page_keys) {
                cursor = std::to_string(at - 1);
                break;
            }
            page.push_back(make_text(key));
        }
        return make_list({make_text(cursor), make_list(std::move(page))});
    }

    memory_store& store_;
};

}  // namespace coppice::cli::testing
