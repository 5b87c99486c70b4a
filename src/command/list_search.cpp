// command/list_search.cpp: LINSERT, LREM and LPOS: elements that equal a value.
#include <cstdlib>
#include <vector>

#include <command/dispatch.hpp>
#include <command/lists.hpp>
#include <command/ranges.hpp>

namespace coppice {
namespace {

bool equals(const tree& list, const record_view& element, std::string_view value) {
    if (element.child == child_form::none) { return element.bytes == value; }
    if (element.child_count != value.size()) { return false; }
    const auto rope = list.child_of(element, plain_bytes);
    for (cursor at(rope); !at.at_end(); at.skip_leaf()) {
        const auto part = at.rest_of_leaf();
        if (!value.starts_with(part)) { return false; }
        value.remove_prefix(part.size());
    }
    return true;
}

// Calls `seen` with the positions of elements that equal `value`, from an end on, until it returns false or
// `compared` elements were looked at.
template <class Seen>
void each_equal(const tree& list, std::string_view value, list_end from, std::uint64_t compared, Seen&& seen) {
    compared = std::min(compared, list.size());
    if (compared == 0) { return; }
    cursor at(list, from == list_end::head ? 0 : list.size() - 1);
    for (;;) {
        if (equals(list, at.get(), value) && !seen(at.position())) { return; }
        if (--compared == 0) { return; }
        if (from == list_end::head) {
            at.next();
        } else {
            at.previous();
        }
    }
}

// ---- LREM

// Elements to be removed, ascending and apart.
using runs = std::vector<element_range>;

runs runs_of(const std::vector<std::uint64_t>& ascending) {
    runs joined;
    for (const auto position : ascending) {
        if (!joined.empty() && joined.back().first + joined.back().count == position) {
            ++joined.back().count;
        } else {
            joined.push_back({position, 1});
        }
    }
    return joined;
}

// Where the removed stand close together, what stands between them is written again in one change.
constexpr std::uint64_t close = 16;  // elements for each run
constexpr std::size_t few = 8;       // runs

// The elements between the first and the last removed, unless there are too many or long ones.
std::optional<std::vector<std::string>> kept_between(const tree& list, const runs& removed) {
    const auto first = removed.front().first;
    const auto end = removed.back().first + removed.back().count;
    if (removed.size() < few || end - first > close * removed.size()) { return std::nullopt; }
    std::vector<std::string> kept;
    auto next = removed.begin();
    cursor at(list, first);
    while (at.position() < end) {
        const auto element = at.get();
        if (at.position() >= next->first + next->count) { ++next; }
        if (at.position() < next->first) {
            if (element.child != child_form::none) { return std::nullopt; }
            kept.emplace_back(element.bytes);
        }
        at.next();
    }
    return kept;
}

void remove_runs(const command_context& context, std::string_view key, const runs& removed,
                 const std::optional<std::vector<std::string>>& kept) {
    auto& writer = context.writer();
    if (kept) {
        const auto first = removed.front().first;
        const std::vector<std::string_view> values(kept->begin(), kept->end());
        writer.splice_list(context.database, key, first, removed.back().first + removed.back().count - first, values);
        return;
    }
    if (removed.size() > 1) { start_group(context); }
    for (auto run = removed.rbegin(); run != removed.rend(); ++run) {  // from behind: positions before them stay
        writer.splice_list(context.database, key, run->first, run->count, {});
    }
}

}  // namespace

status lrem(command_context& context, arguments given) {
    const auto wanted = integer_in(given[2]);
    if (!wanted) { return wanted.error(); }
    const auto found = list_at(context, given[1]);
    if (!found) { return found.error(); }
    std::vector<std::uint64_t> positions;
    if (*found) {
        tree list = context.view().child(**found);
        const auto from = *wanted < 0 ? list_end::tail : list_end::head;
        const auto magnitude =
            *wanted < 0 ? 0 - static_cast<std::uint64_t>(*wanted) : static_cast<std::uint64_t>(*wanted);
        const auto most = magnitude == 0 ? list.size() : magnitude;
        each_equal(list, given[3], from, list.size(), [&](std::uint64_t position) {
            positions.push_back(position);
            return positions.size() < most;
        });
        if (from == list_end::tail) { std::reverse(positions.begin(), positions.end()); }
        if (!positions.empty()) {
            const auto removed = runs_of(positions);
            const auto kept = kept_between(list, removed);
            list.clear();  // or the change would copy it
            remove_runs(context, given[1], removed, kept);
        }
    }
    context.reply.integer(static_cast<std::int64_t>(positions.size()));
    return {};
}

status linsert(command_context& context, arguments given) {
    const bool behind = says(given[2], "AFTER");
    if (!behind && !says(given[2], "BEFORE")) { return syntax_error(); }
    const auto found = list_at(context, given[1]);
    if (!found) { return found.error(); }
    if (!*found) {
        context.reply.integer(0);
        return {};
    }
    std::optional<std::uint64_t> pivot;
    each_equal(context.view().child(**found), given[3], list_end::head, (*found)->size(), [&](std::uint64_t position) {
        pivot = position;
        return false;
    });
    const auto length = static_cast<std::int64_t>((*found)->size()) + 1;
    if (pivot) {
        context.writer().splice_list(context.database, given[1], *pivot + (behind ? 1 : 0), 0, given.subspan(4));
    }
    context.reply.integer(pivot ? length : -1);
    return {};
}

// ---- LPOS

namespace {

struct search_options {
    list_end from = list_end::head;
    std::uint64_t rank = 1;              // of the first match that counts
    std::optional<std::uint64_t> count;  // 0: all
    std::uint64_t compared = 0;          // 0: all
};

result<search_options> search_options_in(arguments words) {
    search_options options;
    bool is_least = false;  // which Redis 7.0.15 cannot negate: it is -1 there, and COUNT ends nothing
    for (std::size_t i = 0; i < words.size(); i += 2) {
        if (i + 1 == words.size()) { return syntax_error(); }
        if (says(words[i], "RANK")) {
            const auto rank = integer_in(words[i + 1]);
            if (!rank) { return rank.error(); }
            if (*rank == 0) {
                return error{errc::invalid,
                             "RANK can't be zero: use 1 to start from the first match, 2 from the second ... "
                             "or use negative to start from the end of the list"};
            }
            options.from = *rank < 0 ? list_end::tail : list_end::head;
            is_least = *rank == INT64_MIN;
            options.rank = is_least ? 1 : static_cast<std::uint64_t>(std::abs(*rank));
        } else if (says(words[i], "COUNT")) {
            const auto count = count_in(words[i + 1], "COUNT can't be negative");
            if (!count) { return count.error(); }
            options.count = *count;
        } else if (says(words[i], "MAXLEN")) {
            const auto length = count_in(words[i + 1], "MAXLEN can't be negative");
            if (!length) { return length.error(); }
            options.compared = *length;
        } else {
            return syntax_error();
        }
    }
    if (is_least && options.count) { options.count = 0; }
    return options;
}

std::uint64_t compared_by(const search_options& options, std::uint64_t size) noexcept {
    return options.compared == 0 ? size : std::min(options.compared, size);
}

}  // namespace

status lpos(command_context& context, arguments given) {
    const auto options = search_options_in(given.subspan(3));
    if (!options) { return options.error(); }
    const auto found = list_at(context, given[1]);
    if (!found) { return found.error(); }
    const auto most = options->count.value_or(1);
    std::vector<std::uint64_t> positions;
    if (*found) {
        std::uint64_t matches = 0;
        each_equal(context.view().child(**found), given[2], options->from, compared_by(*options, (*found)->size()),
                   [&](std::uint64_t position) {
                       if (++matches >= options->rank) { positions.push_back(position); }
                       return most == 0 || positions.size() < most;
                   });
    }
    if (options->count) {
        context.reply.array(positions.size());
        for (const auto position : positions) { context.reply.integer(static_cast<std::int64_t>(position)); }
    } else if (positions.empty()) {
        context.reply.null();
    } else {
        context.reply.integer(static_cast<std::int64_t>(positions.front()));
    }
    return {};
}

std::uint64_t lpos_elements(const command_context& context, arguments given) {
    const auto options = search_options_in(given.subspan(3));
    return options ? compared_by(*options, size_of(context, given[1], value_type::list)) : 0;
}

}  // namespace coppice
