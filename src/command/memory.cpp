// command/memory.cpp: what keys take in memory, and what they share.
#include <utility>

#include <coppice/tree/cursor.hpp>

#include <command/command_info.hpp>
#include <command/versions.hpp>
#include <store/residency.hpp>

namespace coppice {
namespace {

// Bytes of a child tree: those of its leaves seen, times the elements not seen.
std::uint64_t bytes_of(const tree& child) {
    constexpr std::uint64_t leaves_seen_max = 8;
    std::uint64_t seen = 0;
    std::uint64_t bytes = 0;
    cursor at(child);
    for (std::uint64_t leaves = 0; !at.at_end() && leaves < leaves_seen_max; ++leaves) {
        seen += at.left_in_leaf();
        bytes += at.leaf().capacity;
        at.skip_leaf();
    }
    return seen == 0 ? 0
                     : static_cast<std::uint64_t>(static_cast<double>(bytes) / static_cast<double>(seen)
                                                  * static_cast<double>(child.size()));
}

status memory_usage(command_context& context, arguments given) {
    if (given.size() != 3 && !(given.size() == 5 && says(given[3], "SAMPLES"))) { return syntax_error(); }
    if (given.size() == 5) {
        const auto samples = integer_in(given[4]);
        if (!samples) { return samples.error(); }
        if (*samples < 0) { return syntax_error(); }
    }
    const auto found = context.view().find(context.database, given[2]);
    if (!found) {
        context.reply.null();
        return {};
    }
    std::uint64_t bytes = given[2].size() + found->record.bytes.size() + found->record.embedded.size();
    if (found->record.child == child_form::slot) { bytes += bytes_of(context.view().child(*found)); }
    context.reply.integer(static_cast<std::int64_t>(bytes));
    return {};
}

/// The tree below a key, nothing where it has none or is not there.
std::optional<tree> tree_of(const command_context& context, std::string_view key) {
    const auto found = context.view().find(context.database, key);
    if (!found || found->record.child != child_form::slot) { return std::nullopt; }
    return context.view().child(*found);
}

status memory_shared(command_context& context, arguments given) {
    const auto one = tree_of(context, given[2]);
    const auto other = tree_of(context, given[3]);
    if (!one || !other) {
        context.reply.integer(0);
        return {};
    }
    return answer_apart(context, [one = *one, other = *other](reply_sink& reply) -> status {
        reply.integer(static_cast<std::int64_t>(shared_bytes(one, other)));
        return {};
    });
}

status memory_exclusive(command_context& context, arguments given) {
    const auto found = context.view().find(context.database, given[2]);
    if (!found) {
        context.reply.null();
        return {};
    }
    const std::uint64_t record = given[2].size() + found->record.bytes.size() + found->record.embedded.size();
    const auto value = tree_of(context, given[2]);
    if (!value) {
        context.reply.integer(static_cast<std::int64_t>(record));
        return {};
    }
    return answer_apart(context, [record, keys = context.view().keys(), value = *value](reply_sink& reply) -> status {
        reply.integer(static_cast<std::int64_t>(record + own_bytes(keys, value)));
        return {};
    });
}

status memory_references(command_context& context, arguments given) {
    const auto value = tree_of(context, given[2]);
    if (!value) {
        context.reply.integer(context.view().find(context.database, given[2]) ? 1 : 0);
        return {};
    }
    return answer_apart(context, [keys = context.view().keys(), value = *value](reply_sink& reply) -> status {
        reply.integer(static_cast<std::int64_t>(keys_sharing(keys, value)));
        return {};
    });
}

constexpr std::string_view here = "0.1";
constexpr std::string_view of = "server";
using enum access;
using rt = reply_type;

constexpr command memory_rows[] = {
    {"EXCLUSIVE", memory_exclusive, exactly(3), key_at(2), read, rt::any, of, "O(pages in memory), not on the loop",
     here,
     "Count the bytes in memory that only this key of the branch has: what deleting it frees, once no past version "
     "has them.",
     "key", ""},
    help_row,
    {"REFERENCES", memory_references, exactly(3), key_at(2), read, rt::integer, of,
     "O(pages in memory), not on the loop", here,
     "Count the keys of the branch that have a page of this key, itself included.", "key", ""},
    {"SHARED", memory_shared, exactly(4), keys_from(2, 3), read, rt::integer, of,
     "O(pages of both in memory), not on the loop", here, "Count the bytes in memory that two keys both have.",
     "key other", ""},
    {"USAGE", memory_usage, at_least(3), key_at(2), read, rt::any, of, "O(log n)", here,
     "Estimate how many bytes a key takes, what it shares with copies counted in full.", "key [SAMPLES count]", ""},
};

constexpr command rows[] = {
    {"MEMORY", nullptr, at_least(2), no_keys(), read, rt::any, of, "", here, "Look at the memory that data takes.", "",
     "", nullptr, memory_rows},
};

}  // namespace

std::span<const command> memory_commands() noexcept { return rows; }

}  // namespace coppice
