// command/segments.cpp: ZnSocket's Segments: a list that began as an O(1) copy of another.
//
// Of K there are up to four keys. A client that opens `znsocket.List:K` has the segments as a plain list, and one that
// knows only tables of pieces, such as a published client of ZnSocket, finds a table of one piece.
//
//     znsocket.Segments:K           [0, n, "znsocket.List:K"]
//     znsocket.List:K               the n elements
//     znsocket.Segments.Base:K      what they were at first: the difference is what was changed since
//     znsocket.Segments.Origin:K    the name of the list they are a copy of
//
// A published client's edits leave several pieces, each a range of some list:
//
//     [0, 2, "znsocket.List:O"] [0, 1, "znsocket.List:K"] [3, 5, "znsocket.List:O"]
//
// Such a table is read as it lies. The first edit of ours turns it into one list: an O(1) copy of the list that most of
// it comes from, changed where the pieces lead elsewhere.
#include <command/znsocket.hpp>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include <coppice/tree/cursor.hpp>
#include <coppice/tree/diff.hpp>

#include <command/dispatch.hpp>
#include <command/keys.hpp>
#include <command/lists.hpp>
#include <command/ranges.hpp>
#include <znsocket/value.hpp>

namespace coppice {
namespace {

constexpr std::string_view segments_prefix = "znsocket.Segments:";

struct names {
    std::string list;
    std::string base;
    std::string origin;
};

result<names> names_of(std::string_view key) {
    if (!key.starts_with(segments_prefix)) {
        return error{errc::invalid,
                     fmt::format("'{}' is no key of segments: {}KEY is", key.substr(0, 100), segments_prefix)};
    }
    const auto name = key.substr(segments_prefix.size());
    return names{fmt::format("znsocket.List:{}", name), fmt::format("znsocket.Segments.Base:{}", name),
                 fmt::format("znsocket.Segments.Origin:{}", name)};
}

/// Elements [first, last) of the list `source`.
struct piece {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::string source;

    [[nodiscard]] std::uint64_t size() const noexcept { return last - first; }
    friend bool operator==(const piece&, const piece&) = default;
};

// As ZnSocket's clients write it.
std::string text_of(const piece& of) {
    std::string text = fmt::format("[{}, {}, ", of.first, of.last);
    znsocket::append_json_text(text, of.source);
    return text + "]";
}

std::optional<std::uint64_t> position_in(const znsocket::value& given) {
    if (!given.is(znsocket::value_kind::integer)) { return std::nullopt; }
    const auto number = integer_in(given.text);
    return number && *number >= 0 ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

// Nothing: the mark of an edit that goes on, or no piece at all.
std::optional<piece> piece_in(std::string_view text) {
    auto read = znsocket::read_json(text);
    if (!read || !read->is(znsocket::value_kind::array) || read->items.size() != 3) { return std::nullopt; }
    const auto first = position_in(read->items[0]);
    const auto last = position_in(read->items[1]);
    auto& source = read->items[2];
    if (!first || !last || *first > *last || !source.is(znsocket::value_kind::text)) { return std::nullopt; }
    return piece{*first, *last, std::move(source.text)};
}

tree tree_of(const command_context& context, const std::optional<found_key>& found) {
    return context.view().child(*found);
}

std::string text_of(const tree& list, const record_view& element) {
    std::string text;
    element_value(list, element).append_to(text);
    return text;
}

template <class Visit>
void visit_texts(const tree& list, std::uint64_t first, std::uint64_t count, Visit&& visit) {
    if (count == 0) { return; }
    cursor at(list, first);
    for (std::uint64_t left = count;;) {
        visit(text_of(list, at.get()));
        if (--left == 0) { return; }
        at.next();
    }
}

/// Segments as they lie in the store.
struct segments {
    names keys{};
    bool there = false;
    bool whole = false;  ///< one piece that is all of keys.list
    std::vector<piece> pieces{};

    [[nodiscard]] std::uint64_t size() const noexcept {
        std::uint64_t sum = 0;
        for (const auto& each : pieces) { sum += each.size(); }
        return sum;
    }
};

result<segments> segments_at(const command_context& context, std::string_view key) {
    auto keys = names_of(key);
    if (!keys) { return keys.error(); }
    segments read{.keys = std::move(*keys)};
    const auto table = list_at(context, key);
    if (!table) { return table.error(); }
    if (!*table) {
        // A published client that takes the last piece away takes the table with it.
        const auto origin = context.find(read.keys.origin, value_type::string);
        if (!origin) { return origin.error(); }
        read.there = origin->has_value();
        return read;
    }
    read.there = true;
    bool torn = false;
    visit_texts(tree_of(context, *table), 0, size_of(*table), [&](const std::string& text) {
        auto one = piece_in(text);
        torn = torn || !one;
        if (one) { read.pieces.push_back(std::move(*one)); }
    });
    if (torn) {
        return error{errc::conflict, fmt::format("'{}' holds what is no piece: another client is changing it, or it "
                                                 "is no table of pieces",
                                                 key.substr(0, 100))};
    }
    const auto list = list_at(context, read.keys.list);
    if (!list) { return list.error(); }
    read.whole = read.pieces.size() == 1 && read.pieces.front() == piece{0, size_of(*list), read.keys.list};
    return read;
}

// What is there of a piece: its source may have become shorter.
struct there {
    std::optional<found_key> source;
    std::uint64_t first = 0;
    std::uint64_t count = 0;
};

result<there> there_of(const command_context& context, const piece& of) {
    const auto source = list_at(context, of.source);
    if (!source) { return source.error(); }
    const auto size = size_of(*source);
    if (of.first >= size) { return there{}; }
    return there{*source, of.first, std::min(of.last, size) - of.first};
}

void put_piece(const command_context& context, std::string_view key, std::uint64_t pieces, const piece& one) {
    const auto text = text_of(one);
    const std::string_view word = text;
    context.writer().splice_list(context.database, key, 0, pieces, {&word, 1});
}

// ---- a published client's table becomes one list

/// Elements [first, last) of the list that most comes from are replaced.
struct replacement {
    std::uint64_t first;
    std::uint64_t last;
    std::vector<std::string> texts;
};

// The list that most elements come from.
result<std::string> main_source(const command_context& context, const segments& of) {
    std::unordered_map<std::string_view, std::uint64_t> sizes;
    std::string_view most = of.keys.list;
    for (const auto& each : of.pieces) {
        const auto known = there_of(context, each);
        if (!known) { return known.error(); }
        auto& size = sizes[each.source] += known->count;
        if (size > sizes[most]) { most = each.source; }
    }
    return std::string(most);
}

// Pieces of the main source that follow one another stay as they are, all between them replaces what lies between.
result<std::vector<replacement>> replacements_in(const command_context& context, const segments& of,
                                                 std::string_view source) {
    const auto main = list_at(context, source);
    if (!main) { return main.error(); }
    std::vector<replacement> found(1, {0, 0, {}});
    for (const auto& each : of.pieces) {
        const auto known = there_of(context, each);
        if (!known) { return known.error(); }
        if (known->count == 0) { continue; }
        if (each.source == source && known->first >= found.back().first) {
            found.back().last = known->first;
            found.push_back({known->first + known->count, 0, {}});
            continue;
        }
        visit_texts(tree_of(context, known->source), known->first, known->count,
                    [&](std::string text) { found.back().texts.push_back(std::move(text)); });
    }
    found.back().last = std::max(size_of(*main), found.back().first);
    return found;
}

// Its size.
result<std::uint64_t> become_one_list(const command_context& context, std::string_view key, const segments& of) {
    const auto main = main_source(context, of);
    if (!main) { return main.error(); }
    const auto& source = *main;
    const auto replaced = replacements_in(context, of, source);
    if (!replaced) { return replaced.error(); }
    auto size = replaced->back().last;  // of the source
    auto& writer = context.writer();
    if (source != of.keys.list) {
        share_key(context, source, of.keys.list);
        share_key(context, source, of.keys.base);
        writer.put_string(context.database, of.keys.origin, source, no_deadline);
    }
    for (auto each = replaced->rbegin(); each != replaced->rend(); ++each) {
        const std::vector<std::string_view> texts(each->texts.begin(), each->texts.end());
        size = size - (each->last - each->first) + texts.size();
        if (each->first == each->last && texts.empty()) { continue; }
        writer.splice_list(context.database, of.keys.list, each->first, each->last - each->first, texts);
    }
    put_piece(context, key, of.pieces.size(), {0, size, of.keys.list});
    return size;
}

}  // namespace

// ---- commands

status segments_create(command_context& context, arguments given) {
    const auto key = given[2];
    const auto origin = given[3];
    const auto found = segments_at(context, key);
    if (!found) { return found.error(); }
    if (found->there) {
        context.reply.integer(static_cast<std::int64_t>(found->size()));
        return {};
    }
    const auto& keys = found->keys;
    const auto from = list_at(context, origin);
    if (!from) { return from.error(); }
    if (context.view().find(context.database, keys.list)) {
        return error{errc::exists, fmt::format("'{}' is there already, and is no segments' list: choose another name",
                                               keys.list.substr(0, 100))};
    }
    const auto size = size_of(*from);
    start_group(context);
    if (*from) {
        share_key(context, origin, keys.list);
        share_key(context, origin, keys.base);
    } else {
        context.writer().erase(context.database, keys.base);
    }
    context.writer().put_string(context.database, keys.origin, origin, no_deadline);
    put_piece(context, key, 0, {0, size, keys.list});
    context.reply.integer(static_cast<std::int64_t>(size));
    return {};
}

// A published client begins its segments with a piece for all of the origin, also where they have been begun.
status segments_open(command_context& context, arguments given) {
    const auto table = list_at(context, given[2]);
    if (!table) { return table.error(); }
    if (!*table) { context.writer().splice_list(context.database, given[2], 0, 0, given.subspan(3, 1)); }
    context.reply.integer(*table ? static_cast<std::int64_t>(size_of(*table)) : 1);
    return {};
}

status segments_len(command_context& context, arguments given) {
    const auto found = segments_at(context, given[2]);
    if (!found) { return found.error(); }
    context.reply.integer(static_cast<std::int64_t>(found->size()));
    return {};
}

status segments_range(command_context& context, arguments given) {
    const auto start = integer_in(given[3]);
    if (!start) { return start.error(); }
    const auto stop = integer_in(given[4]);
    if (!stop) { return stop.error(); }
    const auto found = segments_at(context, given[2]);
    if (!found) { return found.error(); }
    auto wanted = range_between(*start, *stop, found->size());
    std::vector<there> parts;
    std::uint64_t count = 0;
    for (const auto& each : found->pieces) {
        if (wanted.first >= each.size()) {
            wanted.first -= each.size();
            continue;
        }
        const auto here = std::min(each.size() - wanted.first, wanted.count);
        if (here == 0) { break; }
        const auto part = there_of(context, {each.first + wanted.first, each.first + wanted.first + here, each.source});
        if (!part) { return part.error(); }
        parts.push_back(*part);
        count += part->count;
        wanted = {0, wanted.count - here};
    }
    context.reply.array(count);
    for (const auto& each : parts) {
        if (each.count > 0) { reply_elements(context.reply, tree_of(context, each.source), each.first, each.count); }
    }
    return {};
}

status segments_splice(command_context& context, arguments given) {
    const auto key = given[2];
    const bool at_end = given[3].empty();
    const auto start = at_end ? result<std::int64_t>(0) : integer_in(given[3]);
    if (!start) { return start.error(); }
    const auto erased = integer_in(given[4]);
    if (!erased) { return erased.error(); }
    const auto found = segments_at(context, key);
    if (!found) { return found.error(); }
    if (!found->there) { return error{errc::not_found, fmt::format("there are no segments '{}'", key.substr(0, 100))}; }
    auto before = found->size();
    if (!found->whole) {
        start_group(context);
        const auto made = become_one_list(context, key, *found);
        if (!made) { return made.error(); }
        before = *made;
    }
    const auto size = static_cast<std::int64_t>(before);
    const auto first = at_end ? size : *start < 0 ? *start + size : *start;
    if (first < 0 || first > size || *erased < 0 || *erased > size - first) {
        return error{errc::invalid, "index out of range"};
    }
    const auto values = given.subspan(5);
    const auto after = size - *erased + static_cast<std::int64_t>(values.size());
    if (after != size) { start_group(context); }
    if (*erased != 0 || !values.empty()) {
        context.writer().splice_list(context.database, found->keys.list, static_cast<std::uint64_t>(first),
                                     static_cast<std::uint64_t>(*erased), values);
    }
    if (after != size) { put_piece(context, key, 1, {0, static_cast<std::uint64_t>(after), found->keys.list}); }
    context.reply.integer(after);
    return {};
}

namespace {

// Elements of the list of segments; 0 for what is no key of segments.
std::uint64_t list_elements(const command_context& context, std::string_view key) {
    const auto keys = names_of(key);
    return keys ? size_of(context, keys->list, value_type::list) : 0;
}

// Of a whole list: what of it is still the origin's, and what is its own.
result<std::vector<piece>> pieces_by_difference(const command_context& context, const segments& of) {
    const auto origin = context.find(of.keys.origin, value_type::string);
    if (!origin) { return origin.error(); }
    if (!*origin) { return of.pieces; }
    std::string source;
    context.view().string_value(**origin).append_to(source);
    const auto base = list_at(context, of.keys.base);
    if (!base) { return base.error(); }
    const auto list = list_at(context, of.keys.list);
    if (!list) { return list.error(); }
    if (!*base || !*list) { return of.pieces; }
    std::vector<piece> pieces;
    const auto add = [&](std::uint64_t first, std::uint64_t last, const std::string& from) {
        if (first < last) { pieces.push_back({first, last, from}); }
    };
    std::uint64_t at = 0;
    for (const auto& change : list_diff(tree_of(context, *base), tree_of(context, *list))) {
        add(at, change.before_position, source);
        add(change.after_position, change.after_position + change.after_count, of.keys.list);
        at = change.before_position + change.before_count;
    }
    add(at, size_of(*base), source);
    return pieces;
}

}  // namespace

status segments_pieces(command_context& context, arguments given) {
    const auto found = segments_at(context, given[2]);
    if (!found) { return found.error(); }
    const auto pieces =
        found->whole ? pieces_by_difference(context, *found) : result<std::vector<piece>>(found->pieces);
    if (!pieces) { return pieces.error(); }
    context.reply.array(pieces->size());
    for (const auto& each : *pieces) {
        context.reply.array(3);
        context.reply.integer(static_cast<std::int64_t>(each.first));
        context.reply.integer(static_cast<std::int64_t>(each.last));
        context.reply.bulk(each.source);
    }
    return {};
}

// A table is read from its beginning, a difference wherever there is one.
std::uint64_t segments_len_elements(const command_context& context, arguments given) {
    return size_of(context, given[2], value_type::list);
}

std::uint64_t segments_pieces_elements(const command_context& context, arguments given) {
    return segments_len_elements(context, given) + list_elements(context, given[2]);
}

std::uint64_t segments_range_elements(const command_context& context, arguments given) {
    const auto pieces = segments_len_elements(context, given);
    const auto elements = list_elements(context, given[2]);
    const auto start = integer_in(given[3]);
    const auto stop = integer_in(given[4]);
    if (!start || !stop) { return 0; }
    return pieces == 1 ? range_between(*start, *stop, elements).count : pieces + elements;
}

}  // namespace coppice
