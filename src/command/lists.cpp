// command/lists.cpp: pushing, popping, and elements by position; the rows of all commands on lists.
#include "command/lists.hpp"

#include <vector>

#include <command/dispatch.hpp>
#include <command/ranges.hpp>

namespace coppice {

result<list_end> list_end_in(std::string_view word) {
    if (says(word, "LEFT")) { return list_end::head; }
    if (says(word, "RIGHT")) { return list_end::tail; }
    return syntax_error();
}

void reply_elements(reply_sink& reply, const tree& list, std::uint64_t first, std::uint64_t count) {
    if (count == 0) { return; }
    cursor at(list, first);
    for (;;) {
        const auto& leaf = at.leaf();
        const auto here = static_cast<unsigned>(std::min<std::uint64_t>(at.left_in_leaf(), count));
        for (unsigned entry = at.entry(); entry < at.entry() + here; ++entry) {
            reply_element(reply, list, view_record(leaf, entry));
        }
        count -= here;
        if (count == 0) { return; }  // without touching the next leaf
        at.skip_leaf();
    }
}

void pop_elements(const command_context& context, std::string_view key, const found_key& found, list_end from,
                  std::uint64_t count) {
    if (count == 0) { return; }
    const std::uint64_t size = found.size();
    {
        const tree list = context.view().child(found);  // gone before the change, which else would copy it
        if (from == list_end::head) {
            reply_elements(context.reply, list, 0, count);
        } else {
            cursor at(list, size - 1);
            for (std::uint64_t left = count; left > 0; --left) {
                reply_element(context.reply, list, at.get());
                if (left > 1) { at.previous(); }
            }
        }
    }
    context.writer().splice_list(context.database, key, from == list_end::head ? 0 : size - count, count, {});
}

namespace {

// ---- pushing and popping

// LPUSH enters its values one by one at the head, so the last stands first.
status push(command_context& context, arguments given, list_end at, bool only_there) {
    const auto found = list_at(context, given[1]);
    if (!found) { return found.error(); }
    if (only_there && !*found) {
        context.reply.integer(0);
        return {};
    }
    const auto size = size_of(*found);
    const auto values = given.subspan(2);
    if (at == list_end::tail || values.size() == 1) {
        context.writer().splice_list(context.database, given[1], at == list_end::tail ? size : 0, 0, values);
    } else {
        const std::vector<std::string_view> reversed(values.rbegin(), values.rend());
        context.writer().splice_list(context.database, given[1], 0, 0, reversed);
    }
    context.reply.integer(static_cast<std::int64_t>(size + values.size()));
    return {};
}
status lpush(command_context& context, arguments given) { return push(context, given, list_end::head, false); }
status rpush(command_context& context, arguments given) { return push(context, given, list_end::tail, false); }
status lpushx(command_context& context, arguments given) { return push(context, given, list_end::head, true); }
status rpushx(command_context& context, arguments given) { return push(context, given, list_end::tail, true); }

status pop(command_context& context, arguments given, list_end from) {
    if (given.size() > 3) { return arity_error(from == list_end::head ? "lpop" : "rpop"); }
    std::optional<std::uint64_t> count;
    if (given.size() == 3) {
        const auto wanted = count_in(given[2]);
        if (!wanted) { return wanted.error(); }
        count = *wanted;
    }
    const auto found = list_at(context, given[1]);
    if (!found) { return found.error(); }
    if (!*found) {
        if (count) {
            context.reply.null_array();
        } else {
            context.reply.null();
        }
        return {};
    }
    const auto taken = std::min(count.value_or(1), (*found)->size());
    if (count) { context.reply.array(taken); }
    pop_elements(context, given[1], **found, from, taken);
    return {};
}
status lpop(command_context& context, arguments given) { return pop(context, given, list_end::head); }
status rpop(command_context& context, arguments given) { return pop(context, given, list_end::tail); }

// ---- by position

status llen(command_context& context, arguments given) {
    const auto found = list_at(context, given[1]);
    if (!found) { return found.error(); }
    context.reply.integer(static_cast<std::int64_t>(size_of(*found)));
    return {};
}

// Where `position`, negative from the end, is in a list.
std::optional<std::uint64_t> element_at(std::int64_t position, std::uint64_t size) noexcept {
    const auto end = static_cast<std::int64_t>(size);
    const auto from_head = position < 0 ? position + end : position;
    if (from_head < 0 || from_head >= end) { return std::nullopt; }
    return static_cast<std::uint64_t>(from_head);
}

status lindex(command_context& context, arguments given) {
    const auto found = list_at(context, given[1]);
    if (!found) { return found.error(); }
    if (!*found) {
        context.reply.null();
        return {};
    }
    const auto position = integer_in(given[2]);
    if (!position) { return position.error(); }
    if (const auto element = element_at(*position, (*found)->size())) {
        const tree list = context.view().child(**found);
        reply_element(context.reply, list, list.at(*element));
    } else {
        context.reply.null();
    }
    return {};
}

// `key start stop`: the list, and which of its elements that is.
struct list_range {
    std::optional<found_key> list;
    element_range elements;
};
result<list_range> range_in(command_context& context, arguments given) {
    const auto first = integer_in(given[2]);
    if (!first) { return first.error(); }
    const auto last = integer_in(given[3]);
    if (!last) { return last.error(); }
    const auto found = list_at(context, given[1]);
    if (!found) { return found.error(); }
    return list_range{*found, range_between(*first, *last, size_of(*found))};
}

status lrange(command_context& context, arguments given) {
    const auto asked = range_in(context, given);
    if (!asked) { return asked.error(); }
    const auto [first, count] = asked->elements;
    context.reply.array(count);
    if (count > 0) { reply_elements(context.reply, context.view().child(*asked->list), first, count); }
    return {};
}

std::uint64_t lrange_elements(const command_context& context, arguments given) {
    const auto first = integer_in(given[2]);
    const auto last = integer_in(given[3]);
    return first && last ? range_between(*first, *last, size_of(context, given[1], value_type::list)).count : 0;
}

status lset(command_context& context, arguments given) {
    const auto found = list_at(context, given[1]);
    if (!found) { return found.error(); }
    if (!*found) { return error{errc::not_found, "no such key"}; }
    const auto position = integer_in(given[2]);
    if (!position) { return position.error(); }
    const auto element = element_at(*position, (*found)->size());
    if (!element) { return error{errc::invalid, "index out of range"}; }
    context.writer().splice_list(context.database, given[1], *element, 1, given.subspan(3));
    context.reply.status("OK");
    return {};
}

status ltrim(command_context& context, arguments given) {
    const auto asked = range_in(context, given);
    if (!asked) { return asked.error(); }
    const auto kept = asked->elements;
    const auto size = size_of(asked->list);
    const auto behind = size - (kept.first + kept.count);
    if (kept.count == 0 && asked->list) {
        context.writer().erase(context.database, given[1]);
    } else {
        if (asked->list) { touch_key(context, given[1]); }
        if (behind > 0 && kept.first > 0) { start_group(context); }
        if (behind > 0) { context.writer().splice_list(context.database, given[1], size - behind, behind, {}); }
        if (kept.first > 0) { context.writer().splice_list(context.database, given[1], 0, kept.first, {}); }
    }
    context.reply.status("OK");
    return {};
}

constexpr std::string_view here = "0.1";
constexpr std::string_view of = "list";
using enum access;
using rt = reply_type;

constexpr command rows[] = {
    {"LINDEX", lindex, exactly(3), key_at(1), read, rt::null_or_bulk, of, "O(log n)", here,
     "Return the element at a position.", "key index", "", one_element},
    {"LINSERT", linsert, exactly(5), key_at(1), write, rt::integer, of, "O(m), m elements before the pivot", here,
     "Insert an element before or behind the first one that equals the pivot, and return the length.",
     "key BEFORE | AFTER pivot element", "denyoom"},
    {"LINSERTAT", linsertat, exactly(4), key_at(1), write, rt::integer, of, "O(log n)", here,
     "Insert an element at a position, negative from the end, and return the length.", "key index value",
     "denyoom fast"},
    {"LLEN", llen, exactly(2), key_at(1), read, rt::integer, of, "O(log n)", here, "Return the length of a list.",
     "key", "fast"},
    {"LMOVE", lmove, exactly(5), keys_from(1, 2), write, rt::null_or_bulk, of, "O(log n)", here,
     "Move an element from an end of a list to an end of another, and return it.",
     "source destination LEFT | RIGHT LEFT | RIGHT", "denyoom"},
    {"LMPOP", lmpop, at_least(4), keys_counted_at(1), write, rt::null_or_array, of, "O(k log n + m), m returned", here,
     "Remove elements from the first of several lists that is there, and return its key and them.",
     "numkeys key [key ...] LEFT | RIGHT [COUNT count]", "movablekeys"},
    {"LPOP", lpop, at_least(2), key_at(1), write, rt::any, of, "O(log n + m), m returned", here,
     "Remove and return the first element, or the first few.", "key [count]", "fast"},
    {"LPOS", lpos, at_least(3), key_at(1), read, rt::any, of, "O(m), m elements compared", here,
     "Return the positions of elements that equal a value.", "key element [RANK rank] [COUNT num-matches] [MAXLEN len]",
     "", lpos_elements},
    {"LPUSH", lpush, at_least(3), key_at(1), write, rt::integer, of, "O(log n + m), m given", here,
     "Insert values at the head, one by one, and return the length.", "key element [element ...]", "denyoom fast"},
    {"LPUSHX", lpushx, at_least(3), key_at(1), write, rt::integer, of, "O(log n + m), m given", here,
     "Insert values at the head of a list that is there, and return the length.", "key element [element ...]",
     "denyoom fast"},
    {"LRANGE", lrange, exactly(4), key_at(1), read, rt::array, of, "O(log n + m), m returned", here,
     "Return the elements between two positions, both included.", "key start stop", "", lrange_elements},
    {"LREM", lrem, exactly(4), key_at(1), write, rt::integer, of, "O(n)", here,
     "Remove the first, the last or all elements that equal a value, and return how many.", "key count element", ""},
    {"LSET", lset, exactly(4), key_at(1), write, rt::simple, of, "O(log n)", here, "Replace the element at a position.",
     "key index element", "denyoom"},
    {"LSLICE", lslice, exactly(5), key_at(1), read, rt::array, of, "O(log n + m), m returned", here,
     "Return a slice as Python has it: negative positions count from the end, the step may be negative, an empty start "
     "or stop is as far as it goes.",
     "key start stop step", "", lslice_elements},
    {"LSPLICE", lsplice, at_least(4), key_at(1), write, rt::array, of, "O(log n + m), m removed and given", here,
     "Remove elements from a position on, insert others in their place, and return the removed.",
     "key start delete-count [value ...]", "denyoom"},
    {"LTRIM", ltrim, exactly(4), key_at(1), write, rt::simple, of, "O(log n)", here,
     "Keep only the elements between two positions, both included.", "key start stop", ""},
    {"RPOP", rpop, at_least(2), key_at(1), write, rt::any, of, "O(log n + m), m returned", here,
     "Remove and return the last element, or the last few, the very last first.", "key [count]", "fast"},
    {"RPOPLPUSH", rpoplpush, exactly(3), keys_from(1, 2), write, rt::null_or_bulk, of, "O(log n)", here,
     "Move the last element of a list to the head of another, and return it.", "source destination", "denyoom"},
    {"RPUSH", rpush, at_least(3), key_at(1), write, rt::integer, of, "O(log n + m), m given", here,
     "Append values and return the length.", "key element [element ...]", "denyoom fast"},
    {"RPUSHX", rpushx, at_least(3), key_at(1), write, rt::integer, of, "O(log n + m), m given", here,
     "Append values to a list that is there, and return the length.", "key element [element ...]", "denyoom fast"},
};

}  // namespace

std::span<const command> list_commands() noexcept { return rows; }

}  // namespace coppice
