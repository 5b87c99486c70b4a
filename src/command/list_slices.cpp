// command/list_slices.cpp: LSLICE, LSPLICE and LINSERTAT: lists as programs have them.
//
// Positions follow the languages they come from: LSLICE and LINSERTAT are Python's slices and insert, LSPLICE
// is JavaScript's splice. A list that is not there is an empty one.
#include <command/lists.hpp>
#include <command/ranges.hpp>

namespace coppice {
namespace {

constexpr std::uint64_t near = 16;  // a step that is walked; a wider one goes down from the root

/// Elements first, first + step, ..., `count` of them.
struct slice {
    std::int64_t first = 0;
    std::int64_t step = 1;
    std::uint64_t count = 0;
};

struct slice_bounds {
    std::optional<std::int64_t> start;  // nothing: as far as it goes
    std::optional<std::int64_t> stop;
    std::int64_t step = 1;
};

result<std::optional<std::int64_t>> bound_in(std::string_view text) {
    if (text.empty()) { return std::optional<std::int64_t>(); }
    const auto number = integer_in(text);
    if (!number) { return number.error(); }
    return std::optional(*number);
}

result<slice_bounds> slice_bounds_in(arguments given) {
    const auto start = bound_in(given[2]);
    if (!start) { return start.error(); }
    const auto stop = bound_in(given[3]);
    if (!stop) { return stop.error(); }
    const auto step = integer_in(given[4]);
    if (!step) { return step.error(); }
    if (*step == 0) { return error{errc::invalid, "slice step cannot be zero"}; }
    return slice_bounds{*start, *stop, std::max(*step, -INT64_MAX)};
}

slice slice_of(const slice_bounds& bounds, std::uint64_t size) noexcept {
    const auto end = static_cast<std::int64_t>(size);
    const bool back = bounds.step < 0;
    const std::int64_t low = back ? -1 : 0;
    const std::int64_t high = back ? end - 1 : end;
    const auto place = [&](std::int64_t position) {
        return std::clamp(position < 0 ? position + end : position, low, high);
    };
    const auto start = bounds.start ? place(*bounds.start) : (back ? high : low);
    const auto stop = bounds.stop ? place(*bounds.stop) : (back ? low : high);
    const auto distance = back ? start - stop : stop - start;
    if (distance <= 0) { return {}; }
    const auto stride = back ? -bounds.step : bounds.step;
    return {start, bounds.step, static_cast<std::uint64_t>((distance - 1) / stride + 1)};
}

void reply_slice(reply_sink& reply, const tree& list, const slice& wanted) {
    cursor at(list, static_cast<std::uint64_t>(wanted.first));
    const auto stride = static_cast<std::uint64_t>(wanted.step < 0 ? -wanted.step : wanted.step);
    for (std::uint64_t left = wanted.count;;) {
        reply_element(reply, list, at.get());
        if (--left == 0) { return; }
        if (stride > near) {
            at.seek(wanted.step < 0 ? at.position() - stride : at.position() + stride);
            continue;
        }
        for (std::uint64_t i = 0; i < stride; ++i) {
            if (wanted.step < 0) {
                at.previous();
            } else {
                at.next();
            }
        }
    }
}

}  // namespace

status lslice(command_context& context, arguments given) {
    const auto bounds = slice_bounds_in(given);
    if (!bounds) { return bounds.error(); }
    const auto found = list_at(context, given[1]);
    if (!found) { return found.error(); }
    const auto wanted = slice_of(*bounds, size_of(*found));
    context.reply.array(wanted.count);
    if (wanted.count == 0) { return {}; }
    const tree list = context.view().child(**found);
    if (wanted.step == 1) {
        reply_elements(context.reply, list, static_cast<std::uint64_t>(wanted.first), wanted.count);
    } else {
        reply_slice(context.reply, list, wanted);
    }
    return {};
}

std::uint64_t lslice_elements(const command_context& context, arguments given) {
    const auto bounds = slice_bounds_in(given);
    return bounds ? slice_of(*bounds, size_of(context, given[1], value_type::list)).count : 0;
}

status lsplice(command_context& context, arguments given) {
    const auto start = integer_in(given[2]);
    if (!start) { return start.error(); }
    const auto wanted = integer_in(given[3]);
    if (!wanted) { return wanted.error(); }
    const auto found = list_at(context, given[1]);
    if (!found) { return found.error(); }
    const auto size = size_of(*found);
    const auto first = place_in(*start, size);
    const auto erased = std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(*wanted, 0)), size - first);
    const auto values = given.subspan(4);
    context.reply.array(erased);
    if (erased > 0) { reply_elements(context.reply, context.view().child(**found), first, erased); }
    if (erased > 0 || !values.empty()) {
        context.writer().splice_list(context.database, given[1], first, erased, values);
    }
    return {};
}

status linsertat(command_context& context, arguments given) {
    const auto position = integer_in(given[2]);
    if (!position) { return position.error(); }
    const auto found = list_at(context, given[1]);
    if (!found) { return found.error(); }
    const auto size = size_of(*found);
    context.writer().splice_list(context.database, given[1], place_in(*position, size), 0, given.subspan(3));
    context.reply.integer(static_cast<std::int64_t>(size) + 1);
    return {};
}

}  // namespace coppice
