// command/strings.cpp: SET, GET and their kin, counters, and parts of strings.
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include <fmt/format.h>

#include <coppice/base/limits.hpp>
#include <coppice/tree/cursor.hpp>

#include <command/dispatch.hpp>
#include <command/expiry.hpp>
#include <command/lcs.hpp>
#include <command/parse.hpp>

namespace coppice {
namespace {

constexpr std::size_t integer_text_max = 20;

result<std::optional<found_key>> string_at(const command_context& context, std::string_view key) {
    return context.find(key, value_type::string);
}

// The deadline that a key keeps when its value is replaced.
milliseconds_utc deadline_of(const std::optional<found_key>& found) noexcept {
    return found ? found->deadline : no_deadline;
}

bool is_there(const command_context& context, std::string_view key) {
    return context.view().find(context.database, key).has_value();
}

void reply_string(const command_context& context, const std::optional<found_key>& found) {
    if (!found) { return context.reply.null(); }
    if (found->record.child == child_form::none) { return context.reply.bulk(found->rest); }
    reply_value_of(context.reply, context.view().string_value(*found));
}

status get(command_context& context, arguments given) {
    const auto found = string_at(context, given[1]);
    if (!found) { return found.error(); }
    reply_string(context, *found);
    return {};
}

// ---- SET and GETEX: options

struct set_options {
    bool only_new = false;
    bool only_there = false;
    bool answer_old = false;
    bool keep_deadline = false;
    bool persist = false;
    std::optional<time_form> form;
    std::string_view time;

    /// One of them, said once or again and again: the last counts.
    [[nodiscard]] bool takes(time_form wanted) const noexcept {
        return !keep_deadline && !persist && (!form || *form == wanted);
    }
};

std::optional<time_form> time_form_in(std::string_view word) noexcept {
    if (says(word, "EX")) { return time_form{true, false}; }
    if (says(word, "PX")) { return time_form{false, false}; }
    if (says(word, "EXAT")) { return time_form{true, true}; }
    if (says(word, "PXAT")) { return time_form{false, true}; }
    return std::nullopt;
}

result<set_options> options_in(arguments words, bool of_set) {
    set_options options;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto word = words[i];
        if (of_set && says(word, "NX") && !options.only_there) {
            options.only_new = true;
        } else if (of_set && says(word, "XX") && !options.only_new) {
            options.only_there = true;
        } else if (of_set && says(word, "GET")) {
            options.answer_old = true;
        } else if (of_set && says(word, "KEEPTTL") && !options.form && !options.persist) {
            options.keep_deadline = true;
        } else if (!of_set && says(word, "PERSIST") && !options.form && !options.keep_deadline) {
            options.persist = true;
        } else if (const auto form = time_form_in(word); form && options.takes(*form) && i + 1 < words.size()) {
            options.form = form;
            options.time = words[++i];
        } else {
            return syntax_error();
        }
    }
    return options;
}

status set_with_options(command_context& context, arguments given) {
    const auto options = options_in(given.subspan(3), true);
    if (!options) { return options.error(); }
    milliseconds_utc deadline = no_deadline;
    if (options->form) {
        const auto at = deadline_in(context, "set", options->time, *options->form, true);
        if (!at) { return at.error(); }
        deadline = *at;
    }
    if (options->answer_old) {
        const auto old = string_at(context, given[1]);
        if (!old) { return old.error(); }
        reply_string(context, *old);
    }
    if (options->only_new || options->only_there || options->keep_deadline) {
        const auto old = context.view().find(context.database, given[1]);
        if ((options->only_new && old) || (options->only_there && !old)) {
            if (!options->answer_old) { context.reply.null(); }
            return {};
        }
        if (options->keep_deadline) { deadline = deadline_of(old); }
    }
    context.writer().put_string(context.database, given[1], given[2], deadline);
    if (options->form && deadline <= context.now) { touch_key(context, given[1]); }  // it was there, for no time
    if (!options->answer_old) { context.reply.status("OK"); }
    return {};
}

status set(command_context& context, arguments given) {
    if (given.size() > 3) { return set_with_options(context, given); }
    context.writer().put_string(context.database, given[1], given[2], no_deadline);
    context.reply.status("OK");
    return {};
}

status setnx(command_context& context, arguments given) {
    const bool is_new = !is_there(context, given[1]);
    if (is_new) { context.writer().put_string(context.database, given[1], given[2], no_deadline); }
    context.reply.integer(is_new ? 1 : 0);
    return {};
}

status set_for(command_context& context, arguments given, std::string_view name, bool seconds) {
    const auto deadline = deadline_in(context, name, given[2], {seconds, false}, true);
    if (!deadline) { return deadline.error(); }
    context.writer().put_string(context.database, given[1], given[3], *deadline);
    context.reply.status("OK");
    return {};
}
status setex(command_context& context, arguments given) { return set_for(context, given, "setex", true); }
status psetex(command_context& context, arguments given) { return set_for(context, given, "psetex", false); }

status getex(command_context& context, arguments given) {
    const auto options = options_in(given.subspan(2), false);
    if (!options) { return options.error(); }
    const auto found = string_at(context, given[1]);
    if (!found) { return found.error(); }
    if (!*found) {
        context.reply.null();
        return {};
    }
    milliseconds_utc deadline = no_deadline;
    if (options->form) {
        const auto at = deadline_in(context, "getex", options->time, *options->form, true);
        if (!at) { return at.error(); }
        deadline = *at;
    }
    reply_string(context, *found);
    if (options->form && deadline <= context.now) {
        context.writer().erase(context.database, given[1]);
    } else if (options->form || options->persist) {
        if (options->form) { touch_key(context, given[1]); }
        context.writer().set_deadline(context.database, given[1], deadline);
    }
    return {};
}

status getset(command_context& context, arguments given) {
    const auto old = string_at(context, given[1]);
    if (!old) { return old.error(); }
    reply_string(context, *old);
    context.writer().put_string(context.database, given[1], given[2], no_deadline);
    return {};
}

status getdel(command_context& context, arguments given) {
    const auto old = string_at(context, given[1]);
    if (!old) { return old.error(); }
    reply_string(context, *old);
    if (*old) { context.writer().erase(context.database, given[1]); }
    return {};
}

// ---- parts

status strlen(command_context& context, arguments given) {
    const auto found = string_at(context, given[1]);
    if (!found) { return found.error(); }
    context.reply.integer(*found ? static_cast<std::int64_t>((*found)->size()) : 0);
    return {};
}

// Bytes [from, from + length) of a string.
void reply_range(const command_context& context, const found_key& of, std::uint64_t from, std::uint64_t length) {
    if (of.record.child == child_form::none) { return context.reply.bulk(of.rest.substr(from, length)); }
    const tree rope = context.view().child(of);
    context.reply.begin_bulk(length);
    cursor at(rope);
    for (at.seek(from); length > 0; at.skip_leaf()) {
        const auto part = at.rest_of_leaf().substr(0, length);
        context.reply.part(part);
        length -= part.size();
    }
    context.reply.end_bulk();
}

status getrange(command_context& context, arguments given) {
    const auto first = integer_in(given[2]);
    if (!first) { return first.error(); }
    const auto last = integer_in(given[3]);
    if (!last) { return last.error(); }
    const auto found = string_at(context, given[1]);
    if (!found) { return found.error(); }
    const auto size = *found ? static_cast<std::int64_t>((*found)->size()) : 0;
    const auto from = std::max<std::int64_t>(*first < 0 ? size + *first : *first, 0);
    const auto to = std::min(std::max<std::int64_t>(*last < 0 ? size + *last : *last, 0), size - 1);
    const bool crossed = *first < 0 && *last < 0 && *first > *last;
    if (size == 0 || from > to || crossed) {
        context.reply.bulk({});
        return {};
    }
    reply_range(context, **found, static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(to - from + 1));
    return {};
}

status check_length(std::uint64_t bytes) {
    if (bytes <= limits::value_bytes) { return {}; }
    return error{errc::limit, "string exceeds maximum allowed size (proto-max-bulk-len)"};
}

status setrange(command_context& context, arguments given) {
    const auto offset = integer_in(given[2]);
    if (!offset) { return offset.error(); }
    if (*offset < 0) { return error{errc::invalid, "offset is out of range"}; }
    const auto value = given[3];
    const auto found = string_at(context, given[1]);
    if (!found) { return found.error(); }
    const std::uint64_t size = *found ? (*found)->size() : 0;
    if (value.empty()) {
        context.reply.integer(static_cast<std::int64_t>(size));
        return {};
    }
    const auto from = static_cast<std::uint64_t>(*offset);
    const auto end = from + value.size();  // both far below 2^63
    if (const auto fits = check_length(end); !fits) { return fits; }
    context.writer().splice_string(context.database, given[1], from, value.size(), value);
    context.reply.integer(static_cast<std::int64_t>(std::max(size, end)));
    return {};
}

status append(command_context& context, arguments given) {
    const auto found = string_at(context, given[1]);
    if (!found) { return found.error(); }
    const std::uint64_t size = *found ? (*found)->size() : 0;
    if (const auto fits = check_length(size + given[2].size()); !fits) { return fits; }
    if (!*found) {
        context.writer().put_string(context.database, given[1], given[2], no_deadline);
    } else if (!given[2].empty()) {
        context.writer().splice_string(context.database, given[1], size, 0, given[2]);
    } else {
        touch_key(context, given[1]);
    }
    context.reply.integer(static_cast<std::int64_t>(size + given[2].size()));
    return {};
}

// ---- several keys

constexpr std::size_t many = 32;  // keys that descend together

// Calls `seen` with what each of the keys, at most `many`, says; null: nothing that is alive.
template <class Seen>
void find_some(const command_context& context, arguments keys, std::size_t step, Seen&& seen) {
    const auto view = context.view();
    const auto space = view.space(context.database);
    std::array<std::optional<section_key>, many> sections;
    std::array<std::string_view, many> names;
    std::array<record_view, many> found;
    std::size_t count = 0;
    for (std::size_t i = 0; i < keys.size(); i += step, ++count) {
        names[count] = sections[count].emplace(space, keys[i]);
    }
    view.keys().find_many(std::span(names).first(count), std::span(found).first(count));
    for (std::size_t i = 0; i < count; ++i) { seen(i, found[i].leaf == nullptr ? std::nullopt : view.alive(found[i])); }
}

status mget(command_context& context, arguments given) {
    context.reply.array(given.size() - 1);
    for (auto rest = given.subspan(1); !rest.empty(); rest = rest.subspan(std::min(many, rest.size()))) {
        find_some(context, rest.first(std::min(many, rest.size())), 1, [&](std::size_t, const auto& found) {
            const bool is_string = found && found->type == value_type::string;
            reply_string(context, is_string ? found : std::nullopt);
            if (context.host != nullptr) { ++(found ? context.host->stats.hits : context.host->stats.misses); }
        });
    }
    return {};
}

// All pages of the keys are brought near at once; what is missing is met before anything changes.
bool any_is_there(const command_context& context, arguments pairs) {
    bool any = false;
    for (auto rest = pairs; !rest.empty(); rest = rest.subspan(std::min(2 * many, rest.size()))) {
        find_some(context, rest.first(std::min(2 * many, rest.size())), 2,
                  [&](std::size_t, const auto& found) { any = any || found; });
    }
    return any;
}

void put_pairs(const command_context& context, arguments pairs) {
    if (pairs.size() > 2) { start_group(context); }
    for (std::size_t i = 0; i < pairs.size(); i += 2) {
        context.writer().put_string(context.database, pairs[i], pairs[i + 1], no_deadline);
    }
}

status mset(command_context& context, arguments given) {
    if (given.size() % 2 == 0) { return arity_error("mset"); }
    static_cast<void>(any_is_there(context, given.subspan(1)));
    put_pairs(context, given.subspan(1));
    context.reply.status("OK");
    return {};
}

status msetnx(command_context& context, arguments given) {
    if (given.size() % 2 == 0) { return arity_error("msetnx"); }
    const bool done = !any_is_there(context, given.subspan(1));
    if (done) { put_pairs(context, given.subspan(1)); }
    context.reply.integer(done ? 1 : 0);
    return {};
}

// ---- counters

result<std::int64_t> integer_value(const std::optional<found_key>& found) {
    if (!found) { return std::int64_t{0}; }
    if (found->record.child != child_form::none || found->rest.size() > integer_text_max) {
        return not_integer_error();
    }
    return integer_in(found->rest);
}

status add(command_context& context, std::string_view key, std::int64_t amount) {
    const auto found = string_at(context, key);
    if (!found) { return found.error(); }
    const auto old = integer_value(*found);
    if (!old) { return old.error(); }
    std::int64_t sum = 0;
    if (__builtin_add_overflow(*old, amount, &sum)) {
        return error{errc::invalid, "increment or decrement would overflow"};
    }
    char digits[integer_text_max + 1];
    const auto end = std::to_chars(digits, digits + sizeof digits, sum).ptr;
    const std::string_view text(digits, static_cast<std::size_t>(end - digits));
    context.writer().put_string(context.database, key, text, deadline_of(*found));
    context.reply.integer(sum);
    return {};
}

status incr(command_context& context, arguments given) { return add(context, given[1], 1); }
status decr(command_context& context, arguments given) { return add(context, given[1], -1); }
status incrby(command_context& context, arguments given) {
    const auto amount = integer_in(given[2]);
    return amount ? add(context, given[1], *amount) : amount.error();
}
status decrby(command_context& context, arguments given) {
    const auto amount = integer_in(given[2]);
    if (!amount) { return amount.error(); }
    if (*amount == INT64_MIN) { return error{errc::invalid, "decrement would overflow"}; }
    return add(context, given[1], -*amount);
}

status incrbyfloat(command_context& context, arguments given) {
    const auto found = string_at(context, given[1]);
    if (!found) { return found.error(); }
    std::string text("0");
    if (*found) {
        text.clear();
        context.view().string_value(**found).append_to(text);
    }
    const auto old = real_in(text);
    if (!old) { return old.error(); }
    const auto amount = real_in(given[2]);
    if (!amount) { return amount.error(); }
    const auto sum = *old + *amount;
    if (std::isnan(sum) || std::isinf(sum)) { return error{errc::invalid, "increment would produce NaN or Infinity"}; }
    const auto digits = human_real(sum);
    context.reply.bulk(digits);
    context.writer().put_string(context.database, given[1], digits, deadline_of(*found));
    return {};
}

constexpr std::string_view here = "0.1";
constexpr std::string_view of = "string";
using enum access;

constexpr command rows[] = {
    {"APPEND", append, exactly(3), key_at(1), write, reply_type::integer, of, "O(log n)", here,
     "Append to a string and return its length; a key that is not there becomes the string.", "key value",
     "denyoom fast"},
    {"DECR", decr, exactly(2), key_at(1), write, reply_type::integer, of, "O(log n)", here,
     "Subtract 1 from the integer a string says.", "key", "denyoom fast"},
    {"DECRBY", decrby, exactly(3), key_at(1), write, reply_type::integer, of, "O(log n)", here,
     "Subtract from the integer a string says.", "key decrement", "denyoom fast"},
    {"GET", get, exactly(2), key_at(1), read, reply_type::null_or_bulk, of, "O(log n)", here, "Return a string.", "key",
     "fast", one_element},
    {"GETDEL", getdel, exactly(2), key_at(1), write, reply_type::null_or_bulk, of, "O(log n)", here,
     "Return a string and delete its key.", "key", "fast"},
    {"GETEX", getex, at_least(2), key_at(1), write, reply_type::null_or_bulk, of, "O(log n)", here,
     "Return a string and set or take its deadline.",
     "key [EX seconds | PX milliseconds | EXAT unix-seconds | PXAT unix-milliseconds | PERSIST]", "fast"},
    {"GETRANGE", getrange, exactly(4), key_at(1), read, reply_type::bulk, of, "O(log n + m), m bytes returned", here,
     "Return the bytes of a string between two positions, both included.", "key start end", "", one_element},
    {"GETSET", getset, exactly(3), key_at(1), write, reply_type::null_or_bulk, of, "O(log n)", here,
     "Replace a string and return what it was.", "key value", "denyoom fast"},
    {"INCR", incr, exactly(2), key_at(1), write, reply_type::integer, of, "O(log n)", here,
     "Add 1 to the integer a string says.", "key", "denyoom fast"},
    {"INCRBY", incrby, exactly(3), key_at(1), write, reply_type::integer, of, "O(log n)", here,
     "Add to the integer a string says.", "key increment", "denyoom fast"},
    {"INCRBYFLOAT", incrbyfloat, exactly(3), key_at(1), write, reply_type::bulk, of, "O(log n)", here,
     "Add to the number a string says.", "key increment", "denyoom fast"},
    {"LCS", lcs, at_least(3), keys_from(1, 2), read, reply_type::any, of, "O(n m), n and m bytes of the two", here,
     "Return the longest common subsequence of two strings, its length, or where it is.",
     "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]", "", lcs_elements},
    {"MGET", mget, at_least(2), keys_from(1), read, reply_type::array, of, "O(k log n), the k keys descending together",
     here, "Return the strings of several keys; null for those that hold none.", "key [key ...]", "fast",
     given_elements},
    {"MSET", mset, at_least(3), keys_from(1, -1, 2), write, reply_type::simple, of, "O(k log n)", here,
     "Set several keys, all or none.", "key value [key value ...]", "denyoom"},
    {"MSETNX", msetnx, at_least(3), keys_from(1, -1, 2), write, reply_type::integer, of, "O(k log n)", here,
     "Set several keys if none of them is there.", "key value [key value ...]", "denyoom"},
    {"PSETEX", psetex, exactly(4), key_at(1), write, reply_type::simple, of, "O(log n)", here,
     "Set a key for some milliseconds.", "key milliseconds value", "denyoom"},
    {"SET", set, at_least(3), key_at(1), write, reply_type::any, of, "O(log n)", here, "Set a key to a string.",
     "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-seconds | PXAT unix-milliseconds | KEEPTTL]",
     "denyoom fast"},
    {"SETEX", setex, exactly(4), key_at(1), write, reply_type::simple, of, "O(log n)", here,
     "Set a key for some seconds.", "key seconds value", "denyoom"},
    {"SETNX", setnx, exactly(3), key_at(1), write, reply_type::integer, of, "O(log n)", here,
     "Set a key if it is not there.", "key value", "denyoom fast"},
    {"SETRANGE", setrange, exactly(4), key_at(1), write, reply_type::integer, of, "O(log n + m), m bytes given", here,
     "Overwrite a string from a position on and return its length.", "key offset value", "denyoom"},
    {"STRLEN", strlen, exactly(2), key_at(1), read, reply_type::integer, of, "O(log n)", here,
     "Return a string's length in bytes.", "key", "fast"},
    {"SUBSTR", getrange, exactly(4), key_at(1), read, reply_type::bulk, of, "O(log n + m), m bytes returned", here,
     "The old name of GETRANGE.", "key start end", "", one_element},
};

}  // namespace

std::span<const command> string_commands() noexcept { return rows; }

}  // namespace coppice
