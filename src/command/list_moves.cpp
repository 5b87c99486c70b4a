// command/list_moves.cpp: LMOVE, RPOPLPUSH and LMPOP: elements from one of several lists.
#include <command/dispatch.hpp>
#include <command/lists.hpp>
#include <command/ranges.hpp>

namespace coppice {
namespace {

struct move_ends {
    list_end from;
    list_end to;
};

// A list's element goes to its other end; at one end it is replaced by itself, which touches the key as well.
void rotate(const command_context& context, std::string_view key, std::uint64_t size, move_ends ends,
            std::string_view value) {
    auto& writer = context.writer();
    const auto taken = ends.from == list_end::head ? 0 : size - 1;
    if (size == 1 || ends.from == ends.to) {
        writer.splice_list(context.database, key, taken, 1, {&value, 1});
        return;
    }
    start_group(context);
    writer.splice_list(context.database, key, taken, 1, {});
    writer.splice_list(context.database, key, ends.to == list_end::head ? 0 : size - 1, 0, {&value, 1});
}

status move_element(command_context& context, std::string_view source, std::string_view target, move_ends ends) {
    static_cast<void>(list_at(context, target));  // if its deadline has come it goes now, before anything is borrowed
    const auto found = list_at(context, source);
    if (!found) { return found.error(); }
    if (!*found) {
        context.reply.null();
        return {};
    }
    const auto there = list_at(context, target);
    if (!there) { return there.error(); }
    const auto size = (*found)->size();
    const auto taken = ends.from == list_end::head ? 0 : size - 1;
    std::string value;
    {
        const tree list = context.view().child(**found);
        element_value(list, list.at(taken)).append_to(value);
    }
    const std::string_view moved(value);
    context.reply.bulk(moved);
    if (source == target) {
        rotate(context, source, size, ends, moved);
    } else {
        const auto place = ends.to == list_end::head ? 0 : size_of(*there);
        start_group(context);
        context.writer().splice_list(context.database, source, taken, 1, {});
        context.writer().splice_list(context.database, target, place, 0, {&moved, 1});
    }
    return {};
}

}  // namespace

status lmove(command_context& context, arguments given) {
    const auto from = list_end_in(given[3]);
    if (!from) { return from.error(); }
    const auto to = list_end_in(given[4]);
    if (!to) { return to.error(); }
    return move_element(context, given[1], given[2], {*from, *to});
}

status rpoplpush(command_context& context, arguments given) {
    return move_element(context, given[1], given[2], {list_end::tail, list_end::head});
}

status lmpop(command_context& context, arguments given) {
    const auto keys = positive_in(given[1], "numkeys should be greater than 0");
    if (!keys) { return keys.error(); }
    if (*keys >= given.size() - 2) { return syntax_error(); }
    const auto names = given.subspan(2, *keys);
    auto words = given.subspan(2 + *keys);
    const auto from = list_end_in(words[0]);
    if (!from) { return from.error(); }
    std::uint64_t most = 1;
    words = words.subspan(1);
    if (!words.empty()) {
        if (!says(words[0], "COUNT") || words.size() == 1) { return syntax_error(); }
        const auto count = positive_in(words[1], "count should be greater than 0");
        if (!count) { return count.error(); }
        if (words.size() > 2) { return syntax_error(); }
        most = *count;
    }
    for (const auto name : names) {
        const auto found = list_at(context, name);
        if (!found) { return found.error(); }
        if (!*found) { continue; }
        const auto taken = std::min(most, (*found)->size());
        context.reply.array(2);
        context.reply.bulk(name);
        context.reply.array(taken);
        pop_elements(context, name, **found, *from, taken);
        return {};
    }
    context.reply.null_array();
    return {};
}

}  // namespace coppice
