#include <cli/keys.hpp>

#include <cli/documents/document.hpp>

namespace coppice::cli {

status scan_keys(command_runner& runner, std::string_view pattern,
                 function_ref<status(const std::vector<reply_value>&)> each, std::string_view type) {
    std::string cursor = "0";
    do {
        std::vector<std::string_view> command = {"SCAN", cursor, "MATCH", pattern, "COUNT", "1000"};
        if (!type.empty()) { command.insert(command.end(), {"TYPE", type}); }
        auto page = checked(runner.run(command));
        if (!page) { return page.error(); }
        if (page->items.size() != 2) { return error{errc::corrupt, "the server's answer to SCAN is no page of keys"}; }
        if (auto taken = each(page->items[1].items); !taken) { return taken; }
        cursor = page->items[0].text;
    } while (cursor != "0");
    return {};
}

std::string pattern_of_prefix(std::string_view prefix) {
    std::string pattern;
    for (const char character : prefix) {
        if (character == '*' || character == '?' || character == '[' || character == ']' || character == '\\') {
            pattern += '\\';
        }
        pattern += character;
    }
    return pattern + '*';
}

bool add_whole_read(command_batch& batch, std::string_view type, std::string_view key) {
    if (type == "string") {
        batch.add({"GET", key});
    } else if (type == "hash") {
        batch.add({"HGETALL", key});
    } else if (type == "list") {
        batch.add({"LRANGE", key, "0", "-1"});
    } else if (type == "set") {
        batch.add({"SMEMBERS", key});
    } else if (type == "zset") {
        batch.add({"ZRANGE", key, "0", "-1", "WITHSCORES"});
    } else {
        return false;
    }
    return true;
}

std::string_view length_command(std::string_view type) noexcept {
    if (type == "string") { return "STRLEN"; }
    if (type == "hash") { return "HLEN"; }
    if (type == "list") { return "LLEN"; }
    if (type == "set") { return "SCARD"; }
    if (type == "zset") { return "ZCARD"; }
    return {};
}

result<std::vector<reply_value>> run_checked(command_runner& runner, const command_batch& batch) {
    auto replies = runner.run_many(batch);
    if (!replies) { return replies; }
    for (std::size_t index = 0; index < replies->size(); ++index) {
        const auto& reply = (*replies)[index];
        if (!reply.is_error()) { continue; }
        auto failure = error_of_reply(reply.text);
        const auto words = batch.command(index);
        failure.context += " (at " + std::string(words[0]);
        if (words.size() > 1) { failure.context += ' ' + printable(words[1], 60); }
        failure.context += ')';
        return failure;
    }
    return replies;
}

}  // namespace coppice::cli
