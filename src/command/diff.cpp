// command/diff.cpp: DIFF: what differs between two versions, a page at a time.
//
// A page is worked out before it is said, since an aggregate is announced with its size: at most COUNT parts and
// keys, values cut. Its cursor names where it ended, inside a key if need be; any DIFF of the same versions goes
// on behind it.
#include <array>
#include <variant>

#include <fmt/format.h>

#include <command/keys.hpp>
#include <command/session.hpp>
#include <command/versions.hpp>
#include <coppice/base/bytes.hpp>
#include <store/diff.hpp>

namespace coppice {
namespace {

constexpr std::size_t value_bytes_max = 1024;  // of each value that is said
constexpr std::size_t run_values_max = 64;     // of a run, on each side
constexpr std::size_t count_usual = 100;

struct page_cursor {
    diff_place place;
    std::string part;  ///< where in that key; empty: the key is done
};

struct diff_request {
    snapshot_state before;
    snapshot_state after;
    diff_scope within;
    std::optional<std::string> pattern;
    std::optional<page_cursor> from;
    std::size_t count = count_usual;
};

// ---- cursors:  database varint | deadline varint | key text | part, in hexadecimal digits

std::string text_of(const page_cursor& cursor) {
    std::string bytes;
    append_varint(bytes, cursor.place.database);
    append_varint(bytes, static_cast<std::uint64_t>(cursor.place.deadline));
    append_text(bytes, cursor.place.key);
    bytes += cursor.part;
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(2 * bytes.size());
    for (const char c : bytes) {
        text += digits[static_cast<unsigned char>(c) >> 4U];
        text += digits[static_cast<unsigned char>(c) & 15U];
    }
    return text;
}

result<page_cursor> cursor_in(std::string_view text) {
    const error bad{errc::invalid, fmt::format("CURSOR '{}' is none that DIFF gave", text.substr(0, 100))};
    std::string bytes;
    const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
    if (text.size() % 2 != 0) { return bad; }
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit(text[i]);
        const int low = digit(text[i + 1]);
        if (high < 0 || low < 0) { return bad; }
        bytes += static_cast<char>(high * 16 + low);
    }
    byte_reader from(bytes);
    page_cursor made;
    const std::uint64_t database = from.varint();
    made.place.deadline = static_cast<milliseconds_utc>(from.varint());
    made.place.key = from.text();
    if (from.failed() || database > 15) { return bad; }
    made.place.database = static_cast<unsigned>(database);
    made.part = from.rest();
    return made;
}

// ---- a page

struct said_text {
    std::string bytes;
    std::uint64_t size = 0;  ///< of the whole
};
using said_value = std::variant<std::monostate, said_text, std::int64_t, std::vector<std::string>>;

struct said_part {
    part_kind what{};
    change_kind kind{};
    std::string at;
    said_value before;
    said_value after;
    list_change run{};
};

struct said_change {
    unsigned database = 0;
    std::string key;
    change_kind kind{};
    value_type type{};
    std::uint64_t size = 0;
    std::vector<said_part> parts;
};

struct said_page {
    std::vector<said_change> changes;
    std::string cursor = "0";
};

/// The beginning of a value.
said_text beginning_of(const value_view& value) {
    said_text made{{}, value.size()};
    if (!value.rope) {
        made.bytes = value.bytes.substr(0, value_bytes_max);
        return made;
    }
    for (cursor at(*value.rope); !at.at_end() && made.bytes.size() < value_bytes_max; at.skip_leaf()) {
        made.bytes += at.rest_of_leaf().substr(0, value_bytes_max - made.bytes.size());
    }
    return made;
}

said_value run_of(const tree& of, std::uint64_t position, std::uint64_t count) {
    if (of.shape().kind == leaf_kind::bytes) { return beginning_of({{}, of.slice(position, position + count)}); }
    std::vector<std::string> values;
    if (count == 0) { return values; }
    cursor at(of);
    at.seek(position);
    for (; values.size() < std::min<std::uint64_t>(count, run_values_max); at.next()) {
        values.push_back(beginning_of(element_value(of, at.get())).bytes);
    }
    return values;
}

said_value deadline_of(milliseconds_utc deadline) {
    return deadline == no_deadline ? said_value() : said_value(std::int64_t{deadline});
}

said_part said(const part_change& part, const key_parts& parts, const key_change& change) {
    said_part made{part.what, part.kind, {}, {}, {}, part.run};
    const auto name = [](value_type type) { return said_text{std::string(name_of(type)), name_of(type).size()}; };
    switch (part.what) {
        case part_kind::type:
            made.at = "type";
            made.before = name(change.before->type);
            made.after = name(change.after->type);
            break;
        case part_kind::deadline:
            made.at = "deadline";
            made.before = deadline_of(part.deadline_before);
            made.after = deadline_of(part.deadline_after);
            break;
        case part_kind::value:
            made.at = "value";
            made.before = beginning_of(part.before);
            made.after = beginning_of(part.after);
            break;
        case part_kind::field:
            made.at = part.name;
            if (part.kind != change_kind::added) { made.before = beginning_of(part.before); }
            if (part.kind != change_kind::removed) { made.after = beginning_of(part.after); }
            break;
        case part_kind::member: made.at = part.name; break;
        case part_kind::run:
        case part_kind::bytes:
            made.at =
                std::to_string(part.kind == change_kind::removed ? part.run.before_position : part.run.after_position);
            made.before = run_of(parts.before(), part.run.before_position, part.run.before_count);
            made.after = run_of(parts.after(), part.run.after_position, part.run.after_count);
            break;
    }
    return made;
}

class page_maker {
public:
    explicit page_maker(const diff_request& request)
        : request_(request), left_(request.count), diff_(request.before, request.after, request.within) {}

    result<said_page> make() {
        if (const status begun = begin(); !begun) { return begun.error(); }
        while (!full_) {
            const diff_place reached = place_;
            key_change change;
            if (!diff_.next(change)) { break; }
            place_ = diff_.place();
            if (request_.pattern && !matches_glob(*request_.pattern, change.key)) { continue; }
            if (left_ == 0) {
                page_.cursor = text_of({reached, {}});
                break;
            }
            add(change, {});
        }
        return std::move(page_);
    }

private:
    status begin() {
        if (!request_.from) { return {}; }
        const auto& [place, part] = *request_.from;
        diff_.resume(place);
        place_ = place;
        if (part.empty()) { return {}; }
        const auto change = diff_.find(place.database, place.key);
        if (!change) { return {}; }  // the references mean other versions by now
        key_parts probe(diff_, *change);
        if (const status right = probe.resume(part); !right) { return cursor_in("-").error(); }
        add(*change, part);
        return {};
    }

    void add(const key_change& change, std::string_view behind) {
        const found_key& is = change.after ? *change.after : *change.before;
        said_change made{change.database, change.key, change.kind, is.type, is.size(), {}};
        key_parts parts(diff_, change);
        if (!behind.empty()) { static_cast<void>(parts.resume(behind)); }
        std::string reached(behind);
        for (part_change part; parts.next(part);) {
            if (left_ == 0) {
                page_.cursor = text_of({place_, reached});
                full_ = true;
                break;
            }
            made.parts.push_back(said(part, parts, change));
            reached = parts.place();
            --left_;
        }
        if (made.parts.empty() && behind.empty()) { --left_; }
        if (!made.parts.empty() || behind.empty()) { page_.changes.push_back(std::move(made)); }
    }

    const diff_request& request_;
    std::size_t left_;
    version_diff diff_;
    diff_place place_;
    bool full_ = false;
    said_page page_;
};

// ---- saying it

std::string_view name_of(change_kind kind) noexcept {
    constexpr std::array<std::string_view, 3> names = {"added", "removed", "changed"};
    return names[static_cast<std::size_t>(kind)];
}
std::string_view name_of(part_kind what) noexcept {
    constexpr std::array<std::string_view, 7> names = {"type", "deadline", "value", "bytes", "field", "member", "run"};
    return names[static_cast<std::size_t>(what)];
}

void say_value(reply_sink& reply, std::string_view name, const said_value& value) {
    reply.bulk(name);
    if (const auto* text = std::get_if<said_text>(&value)) { return reply.bulk(text->bytes); }
    if (const auto* number = std::get_if<std::int64_t>(&value)) { return reply.integer(*number); }
    const auto* values = std::get_if<std::vector<std::string>>(&value);
    if (values == nullptr) { return reply.null(); }
    reply.array(values->size());
    for (const auto& each : *values) { reply.bulk(each); }
}

bool is_cut(const said_value& value) {
    const auto* text = std::get_if<said_text>(&value);
    return text != nullptr && text->bytes.size() < text->size;
}

void say_part(reply_sink& reply, const said_part& part) {
    const bool in_run = part.what == part_kind::run || part.what == part_kind::bytes;
    const bool cut_before = is_cut(part.before) && !in_run;
    const bool cut_after = is_cut(part.after) && !in_run;
    reply.map(5U + (in_run ? 4U : 0U) + (cut_before ? 1U : 0U) + (cut_after ? 1U : 0U));
    say_text(reply, "what", name_of(part.what));
    say_text(reply, "at", part.at);
    say_text(reply, "kind", name_of(part.kind));
    say_value(reply, "old", part.before);
    say_value(reply, "new", part.after);
    if (in_run) {
        say_number(reply, "before_position", part.run.before_position);
        say_number(reply, "before_count", part.run.before_count);
        say_number(reply, "after_position", part.run.after_position);
        say_number(reply, "after_count", part.run.after_count);
    }
    if (cut_before) { say_number(reply, "old_bytes", std::get<said_text>(part.before).size); }
    if (cut_after) { say_number(reply, "new_bytes", std::get<said_text>(part.after).size); }
}

status say_page(reply_sink& reply, const diff_request& request) {
    const auto page = page_maker(request).make();
    if (!page) { return page.error(); }
    reply.map(2);
    reply.bulk("changes");
    reply.array(page->changes.size());
    for (const auto& change : page->changes) {
        reply.map(6);
        say_number(reply, "db", change.database);
        say_text(reply, "key", change.key);
        say_text(reply, "kind", name_of(change.kind));
        say_text(reply, "type", coppice::name_of(change.type));
        say_number(reply, "size", change.size);
        reply.bulk("parts");
        reply.array(change.parts.size());
        for (const auto& part : change.parts) { say_part(reply, part); }
    }
    say_text(reply, "cursor", page->cursor);
    return {};
}

status say_summary(reply_sink& reply, const diff_request& request) {
    version_diff diff(request.before, request.after, request.within);
    std::array<std::uint64_t, 3> counts{};
    for (key_change change; diff.next(change);) {
        if (request.pattern && !matches_glob(*request.pattern, change.key)) { continue; }
        ++counts[static_cast<std::size_t>(change.kind)];
    }
    reply.map(counts.size());
    for (const auto kind : {change_kind::added, change_kind::removed, change_kind::changed}) {
        say_number(reply, name_of(kind), counts[static_cast<std::size_t>(kind)]);
    }
    return {};
}

/// What a pattern begins with, before anything that stands for something else.
std::string literal_prefix(std::string_view pattern) {
    return std::string(pattern.substr(0, std::min(pattern.find_first_of("*?[\\"), pattern.size())));
}

}  // namespace

status diff(command_context& context, arguments given) {
    constexpr std::string_view syntax =
        "DIFF reference reference [KEY key] [MATCH pattern] [DB n] [COUNT n] [CURSOR cursor] [SUMMARY]";
    diff_scope within;
    std::optional<std::string> pattern;
    std::optional<page_cursor> from;
    std::size_t count = count_usual;
    bool summary = false;
    for (std::size_t i = 3; i < given.size(); ++i) {
        const std::string_view word = given[i];
        if (says(word, "SUMMARY")) {
            summary = true;
            continue;
        }
        const bool is_known =
            says(word, "KEY") || says(word, "MATCH") || says(word, "DB") || says(word, "COUNT") || says(word, "CURSOR");
        if (!is_known) {
            return error{errc::invalid, fmt::format("'{}' is not expected here: {}", word.substr(0, 100), syntax)};
        }
        if (i + 1 == given.size()) {
            return error{errc::invalid, fmt::format("a value is missing behind '{}': {}", word, syntax)};
        }
        const std::string_view value = given[++i];
        if (says(word, "KEY")) {
            within.key = value;
        } else if (says(word, "MATCH")) {
            pattern = value;
            within.prefix = literal_prefix(value);
        } else if (says(word, "DB")) {
            const auto database = database_in(value);
            if (!database) { return database.error(); }
            within.database = *database;
        } else if (says(word, "COUNT")) {
            const auto wanted = count_in(value);
            if (!wanted) { return wanted.error(); }
            count = *wanted;
        } else if (value != "0") {
            auto place = cursor_in(value);
            if (!place) { return place.error(); }
            from = std::move(*place);
        }
    }
    auto before = context.store.resolve(given[1]);
    if (!before) { return before.error(); }
    auto after = context.store.resolve(given[2]);
    if (!after) { return after.error(); }
    diff_request request{std::move(before->state), std::move(after->state), std::move(within),
                         std::move(pattern),       std::move(from),         count};
    return answer_apart(context, [request = std::move(request), summary](reply_sink& reply) {
        return summary ? say_summary(reply, request) : say_page(reply, request);
    });
}

}  // namespace coppice
