// command/sets.cpp: members of one set; the rows of all commands on sets.
#include "command/sets.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <coppice/tree/cursor.hpp>

#include <command/dispatch.hpp>
#include <command/ranges.hpp>
#include <command/scan.hpp>

namespace coppice {

void reply_members(reply_sink& reply, const tree& members) {
    std::string member;
    for (cursor at(members); !at.at_end(); at.next()) { reply_name_of(reply, at.get(), member); }
}

namespace {

// ---- adding, removing, asking

status sadd(command_context& context, arguments given) {
    const auto found = set_at(context, given[1]);
    if (!found) { return found.error(); }
    const auto added = context.writer().add_members(context.database, given[1], given.subspan(2));
    context.reply.integer(static_cast<std::int64_t>(added));
    return {};
}

status srem(command_context& context, arguments given) {
    const auto found = set_at(context, given[1]);
    if (!found) { return found.error(); }
    const auto gone = *found ? context.writer().erase_members(context.database, given[1], given.subspan(2)) : 0;
    context.reply.integer(static_cast<std::int64_t>(gone));
    return {};
}

status scard(command_context& context, arguments given) {
    const auto found = set_at(context, given[1]);
    if (!found) { return found.error(); }
    context.reply.integer(*found ? static_cast<std::int64_t>((*found)->size()) : 0);
    return {};
}

bool has_member(const command_context& context, const std::optional<found_key>& found, std::string_view member) {
    return found && context.view().child(*found).find(member).has_value();
}

status sismember(command_context& context, arguments given) {
    const auto found = set_at(context, given[1]);
    if (!found) { return found.error(); }
    context.reply.integer(has_member(context, *found, given[2]) ? 1 : 0);
    return {};
}

status smismember(command_context& context, arguments given) {
    constexpr std::size_t together = 32;  // members that descend together
    const auto found = set_at(context, given[1]);
    if (!found) { return found.error(); }
    auto names = given.subspan(2);
    context.reply.array(names.size());
    if (!*found) {
        for (std::size_t i = 0; i < names.size(); ++i) { context.reply.integer(0); }
        return {};
    }
    const tree members = context.view().child(**found);
    while (!names.empty()) {
        std::array<record_view, together> records;
        const auto count = std::min(together, names.size());
        members.find_many(names.first(count), std::span(records).first(count));
        for (const auto& record : std::span(records).first(count)) {
            context.reply.integer(record.leaf != nullptr ? 1 : 0);
        }
        names = names.subspan(count);
    }
    return {};
}

status smembers(command_context& context, arguments given) {
    const auto found = set_at(context, given[1]);
    if (!found) { return found.error(); }
    context.reply.set(*found ? (*found)->size() : 0);
    if (*found) { reply_members(context.reply, context.view().child(**found)); }
    return {};
}

std::uint64_t smembers_elements(const command_context& context, arguments given) {
    return size_of(context, given[1], value_type::set);
}

status smove(command_context& context, arguments given) {
    const auto source = given[1];
    const auto target = given[2];
    const auto member = given.subspan(3);
    static_cast<void>(set_at(context, target));  // if its deadline has come it goes now, before anything is borrowed
    const auto found = context.view().find(context.database, source);
    if (!found) {
        context.reply.integer(0);
        return {};
    }
    const auto from = set_at(context, source);
    if (!from) { return from.error(); }
    const auto to = set_at(context, target);
    if (!to) { return to.error(); }
    const bool there = has_member(context, *from, member[0]);
    if (there && source != target) {
        start_group(context);
        context.writer().erase_members(context.database, source, member);
        context.writer().add_members(context.database, target, member);
    }
    context.reply.integer(there ? 1 : 0);
    return {};
}

// ---- random members

status spop_one(command_context& context, arguments given) {
    const auto found = set_at(context, given[1]);
    if (!found) { return found.error(); }
    if (!*found) {
        context.reply.null();
        return {};
    }
    std::string member;
    {
        const tree members = context.view().child(**found);
        members.at(random_of(context).below(members.size())).append_key(member);
    }
    const std::string_view gone(member);
    context.reply.bulk(gone);
    context.writer().erase_members(context.database, given[1], {&gone, 1});
    return {};
}

// Takes more members than stay: the set is made anew of those.
void spop_most(const command_context& context, std::string_view key, const found_key& found, std::uint64_t count) {
    const auto deadline = found.deadline;
    std::vector<std::string> left;
    {
        const tree members = context.view().child(found);
        context.reply.set(count);
        std::string room;
        const auto chosen = different_below(random_of(context), members.size(), count);
        auto next = chosen.begin();
        std::uint64_t position = 0;
        for (cursor at(members); !at.at_end(); at.next(), ++position) {
            if (next != chosen.end() && *next == position) {
                reply_name_of(context.reply, at.get(), room);
                ++next;
            } else {
                left.push_back(at.get().key());
            }
        }
    }
    start_group(context);
    context.writer().erase(context.database, key);
    context.writer().add_members(context.database, key, std::vector<std::string_view>(left.begin(), left.end()));
    if (deadline != no_deadline) { context.writer().set_deadline(context.database, key, deadline); }
}

status spop(command_context& context, arguments given) {
    constexpr std::uint64_t many = 64;
    if (given.size() == 2) { return spop_one(context, given); }
    if (given.size() > 3) { return syntax_error(); }
    const auto count = count_in(given[2]);
    if (!count) { return count.error(); }
    const auto found = set_at(context, given[1]);
    if (!found) { return found.error(); }
    if (!*found || *count == 0) {
        context.reply.set(0);
        return {};
    }
    if (const auto size = (*found)->size(); *count >= many && *count > size / 2 && *count < size) {
        spop_most(context, given[1], **found, *count);
        return {};
    }
    std::vector<std::string> gone;
    {
        const tree members = context.view().child(**found);
        if (*count >= members.size()) {
            context.reply.set(members.size());
            reply_members(context.reply, members);
        } else {
            context.reply.set(*count);
            for (const auto position : different_below(random_of(context), members.size(), *count)) {
                context.reply.bulk(gone.emplace_back(members.at(position).key()));
            }
        }
    }
    if (gone.empty()) {
        context.writer().erase(context.database, given[1]);
    } else {
        context.writer().erase_members(context.database, given[1],
                                       std::vector<std::string_view>(gone.begin(), gone.end()));
    }
    return {};
}

status srandmember(command_context& context, arguments given) {
    if (given.size() > 3) { return syntax_error(); }
    std::optional<random_count> wanted;
    if (given.size() == 3) {
        const auto read = random_count_in(given[2]);
        if (!read) { return read.error(); }
        wanted = *read;
    }
    const auto found = set_at(context, given[1]);
    if (!found) { return found.error(); }
    if (!*found) {
        if (wanted) {
            context.reply.array(0);
        } else {
            context.reply.null();
        }
        return {};
    }
    if (wanted) {
        if (const auto few = check_repeats(*wanted); !few) { return few; }
    }
    auto& random = random_of(context);
    const tree members = context.view().child(**found);
    const auto size = members.size();
    if (!wanted) {
        context.reply.bulk(members.at(random.below(size)).key());
        return {};
    }
    const auto count = wanted->repeats ? wanted->count : std::min(wanted->count, size);
    context.reply.array(count);
    std::string room;
    if (wanted->repeats) {
        for (std::uint64_t i = 0; i < count; ++i) {
            reply_name_of(context.reply, members.at(random.below(size)), room);
        }
    } else if (count == size) {
        reply_members(context.reply, members);
    } else {
        auto chosen = different_below(random, size, count);
        for (auto left = chosen.size(); left > 1; --left) { std::swap(chosen[left - 1], chosen[random.below(left)]); }
        for (const auto position : chosen) { reply_name_of(context.reply, members.at(position), room); }
    }
    return {};
}

std::uint64_t srandmember_elements(const command_context& context, arguments given) {
    if (given.size() != 3) { return 1; }
    const auto wanted = random_count_in(given[2]);
    const auto size = size_of(context, given[1], value_type::set);
    if (!wanted || size == 0) { return 0; }
    return wanted->repeats ? wanted->count : std::min(wanted->count, size);
}

status sscan(command_context& context, arguments given) {
    return answer_child_scan(context, given, value_type::set,
                             [](const tree&, std::string_view name, const record_view&,
                                std::vector<std::string>& words) { words.emplace_back(name); });
}

constexpr std::string_view here = "0.1";
constexpr std::string_view of = "set";
constexpr std::string_view log_n = "O(log n)";
constexpr std::string_view each_log_n = "O(k log n), k members given";
constexpr std::string_view cost_inter = "O(m k log n), m members of the smallest of k sets";
constexpr std::string_view cost_union = "O(n log k), n members of all k sets";
constexpr std::string_view cost_diff = "O(m k log n), m members of the first of k sets";
using enum access;
using rt = reply_type;

constexpr command rows[] = {
    {"SADD", sadd, at_least(3), key_at(1), write, rt::integer, of, each_log_n, here,
     "Add members and return how many are new.", "key member [member ...]", "denyoom fast"},
    {"SCARD", scard, exactly(2), key_at(1), read, rt::integer, of, log_n, here, "Return the number of members.", "key",
     "fast"},
    {"SDIFF", sdiff, at_least(2), keys_from(1), read, rt::set, of, cost_diff, here,
     "Return the members of the first set that are in none of the others.", "key [key ...]", "", sdiff_elements},
    {"SDIFFSTORE", sdiffstore, at_least(3), keys_from(1), write, rt::integer, of, cost_diff, here,
     "Store the members of the first set that are in none of the others.", "destination key [key ...]", "denyoom"},
    {"SINTER", sinter, at_least(2), keys_from(1), read, rt::set, of, cost_inter, here,
     "Return the members that all sets have.", "key [key ...]", "", sinter_elements},
    {"SINTERCARD", sintercard, at_least(3), keys_counted_at(1), read, rt::integer, of, cost_inter, here,
     "Return how many members all sets have, counting no further than a limit.", "numkeys key [key ...] [LIMIT limit]",
     "movablekeys", sintercard_elements},
    {"SINTERSTORE", sinterstore, at_least(3), keys_from(1), write, rt::integer, of, cost_inter, here,
     "Store the members that all sets have.", "destination key [key ...]", "denyoom"},
    {"SISMEMBER", sismember, exactly(3), key_at(1), read, rt::integer, of, log_n, here,
     "Return whether a member is in the set.", "key member", "fast"},
    {"SMEMBERS", smembers, exactly(2), key_at(1), read, rt::set, of, "O(n)", here, "Return all members, in order.",
     "key", "", smembers_elements},
    {"SMISMEMBER", smismember, at_least(3), key_at(1), read, rt::array, of,
     "O(k log n), the k members descending together", here, "Return for each member whether it is in the set.",
     "key member [member ...]", "fast", given_elements},
    {"SMOVE", smove, exactly(4), keys_from(1, 2), write, rt::integer, of, log_n, here,
     "Move a member from one set to another.", "source destination member", "fast"},
    {"SPOP", spop, at_least(2), key_at(1), write, rt::any, of, "O(k log n), k removed", here,
     "Remove and return random members.", "key [count]", "fast"},
    {"SRANDMEMBER", srandmember, at_least(2), key_at(1), read, rt::any, of, "O(k log n), k returned", here,
     "Return random members, different ones unless the count is negative.", "key [count]", "", srandmember_elements},
    {"SREM", srem, at_least(3), key_at(1), write, rt::integer, of, each_log_n, here,
     "Remove members and return how many were there.", "key member [member ...]", "fast"},
    {"SSCAN", sscan, at_least(3), key_at(1), read, rt::array, of, "O(COUNT) a page", here,
     "Walk over the members of one version, page by page: each once, none missed.",
     "key cursor [MATCH pattern] [COUNT count]", ""},
    {"SUNION", sunion, at_least(2), keys_from(1), read, rt::set, of, cost_union, here,
     "Return the members that any of the sets has.", "key [key ...]", "", sunion_elements},
    {"SUNIONSTORE", sunionstore, at_least(3), keys_from(1), write, rt::integer, of, cost_union, here,
     "Store the members that any of the sets has.", "destination key [key ...]", "denyoom"},
};

}  // namespace

std::span<const command> set_commands() noexcept { return rows; }

}  // namespace coppice
