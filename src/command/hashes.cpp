// command/hashes.cpp: fields of a hash, one by one, and counters in them; the rows of all commands on hashes.
#include "command/hashes.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include <command/parse.hpp>

namespace coppice {
namespace {

// ---- writing

constexpr std::size_t few = 16;  // fields that are put together without allocating

std::uint64_t put_pairs(const command_context& context, std::string_view key, arguments pairs) {
    const auto count = pairs.size() / 2;
    std::array<field_value, few> near;
    std::vector<field_value> far;
    if (count > few) { far.resize(count); }
    const std::span<field_value> fields = count > few ? std::span(far) : std::span(near).first(count);
    for (std::size_t i = 0; i < count; ++i) { fields[i] = {pairs[2 * i], pairs[2 * i + 1]}; }
    return context.writer().put_fields(context.database, key, fields);
}

status hset(command_context& context, arguments given) {
    if (given.size() % 2 != 0) { return arity_error("hset"); }
    const auto found = hash_at(context, given[1]);
    if (!found) { return found.error(); }
    context.reply.integer(static_cast<std::int64_t>(put_pairs(context, given[1], given.subspan(2))));
    return {};
}

status hmset(command_context& context, arguments given) {
    if (given.size() % 2 != 0) { return arity_error("hmset"); }
    const auto found = hash_at(context, given[1]);
    if (!found) { return found.error(); }
    put_pairs(context, given[1], given.subspan(2));
    context.reply.status("OK");
    return {};
}

// Calls `seen` with a field that is there, and the tree it was found in; returns whether it is.
template <class Seen>
bool with_field(const command_context& context, const std::optional<found_key>& found, std::string_view field,
                Seen&& seen) {
    if (!found) { return false; }
    const tree fields = context.view().child(*found);
    const auto record = fields.find(field);
    if (record) { seen(fields, *record); }
    return record.has_value();
}
bool has_field(const command_context& context, const std::optional<found_key>& found, std::string_view field) {
    return with_field(context, found, field, [](const tree&, const record_view&) {});
}

status hsetnx(command_context& context, arguments given) {
    const auto found = hash_at(context, given[1]);
    if (!found) { return found.error(); }
    const bool is_new = !has_field(context, *found, given[2]);
    if (is_new) { put_pairs(context, given[1], given.subspan(2)); }
    context.reply.integer(is_new ? 1 : 0);
    return {};
}

status hdel(command_context& context, arguments given) {
    const auto found = hash_at(context, given[1]);
    if (!found) { return found.error(); }
    const auto gone = *found ? context.writer().erase_fields(context.database, given[1], given.subspan(2)) : 0;
    context.reply.integer(static_cast<std::int64_t>(gone));
    return {};
}

// ---- reading

status hget(command_context& context, arguments given) {
    const auto found = hash_at(context, given[1]);
    if (!found) { return found.error(); }
    const bool there = with_field(context, *found, given[2], [&](const tree& fields, const record_view& field) {
        reply_field(context.reply, fields, field);
    });
    if (!there) { context.reply.null(); }
    return {};
}

status hexists(command_context& context, arguments given) {
    const auto found = hash_at(context, given[1]);
    if (!found) { return found.error(); }
    context.reply.integer(has_field(context, *found, given[2]) ? 1 : 0);
    return {};
}

status hstrlen(command_context& context, arguments given) {
    const auto found = hash_at(context, given[1]);
    if (!found) { return found.error(); }
    std::uint64_t bytes = 0;
    with_field(context, *found, given[2],
               [&](const tree& fields, const record_view& field) { bytes = field_of(fields, field).value.size(); });
    context.reply.integer(static_cast<std::int64_t>(bytes));
    return {};
}

status hlen(command_context& context, arguments given) {
    const auto found = hash_at(context, given[1]);
    if (!found) { return found.error(); }
    context.reply.integer(*found ? static_cast<std::int64_t>((*found)->size()) : 0);
    return {};
}

// ---- counters

void put_one(const command_context& context, std::string_view key, std::string_view field, std::string_view value) {
    const field_value only{field, value};
    context.writer().put_fields(context.database, key, {&only, 1});
}

status hincrby(command_context& context, arguments given) {
    const auto amount = integer_in(given[3]);
    if (!amount) { return amount.error(); }
    const auto found = hash_at(context, given[1]);
    if (!found) { return found.error(); }
    std::int64_t sum = 0;
    bool is_number = true;
    with_field(context, *found, given[2], [&](const tree& fields, const record_view& field) {
        const auto old = integer_in(field_of(fields, field).value.bytes);  // of a long value nothing, which is none
        is_number = old.has_value();
        sum = is_number ? *old : 0;
    });
    if (!is_number) { return error{errc::invalid, "hash value is not an integer"}; }
    if (__builtin_add_overflow(sum, *amount, &sum)) {
        return error{errc::invalid, "increment or decrement would overflow"};
    }
    char digits[24];
    const auto* end = std::to_chars(digits, digits + sizeof digits, sum).ptr;
    put_one(context, given[1], given[2], {digits, static_cast<std::size_t>(end - digits)});
    context.reply.integer(sum);
    return {};
}

status hincrbyfloat(command_context& context, arguments given) {
    const auto amount = real_in(given[3]);
    if (!amount) { return amount.error(); }
    if (std::isinf(*amount)) { return error{errc::invalid, "value is NaN or Infinity"}; }
    const auto found = hash_at(context, given[1]);
    if (!found) { return found.error(); }
    long double sum = 0;
    bool is_number = true;
    with_field(context, *found, given[2], [&](const tree& fields, const record_view& field) {
        std::string text;
        field_of(fields, field).value.append_to(text);
        const auto old = real_in(text);
        is_number = old.has_value();
        sum = is_number ? *old : 0;
    });
    if (!is_number) { return error{errc::invalid, "hash value is not a float"}; }
    sum += *amount;
    if (std::isnan(sum) || std::isinf(sum)) { return error{errc::invalid, "increment would produce NaN or Infinity"}; }
    const auto digits = human_real(sum);
    context.reply.bulk(digits);
    put_one(context, given[1], given[2], digits);
    return {};
}

constexpr std::string_view here = "0.1";
constexpr std::string_view of = "hash";
constexpr std::string_view log_n = "O(log n)";
constexpr std::string_view each_log_n = "O(k log n), k fields given";
using enum access;
using rt = reply_type;

constexpr command rows[] = {
    {"HDEL", hdel, at_least(3), key_at(1), write, rt::integer, of, each_log_n, here,
     "Delete fields and return how many were there.", "key field [field ...]", "fast"},
    {"HEXISTS", hexists, exactly(3), key_at(1), read, rt::integer, of, log_n, here, "Return whether a field is there.",
     "key field", "fast"},
    {"HGET", hget, exactly(3), key_at(1), read, rt::null_or_bulk, of, log_n, here, "Return the value of a field.",
     "key field", "fast", one_element},
    {"HGETALL", hgetall, exactly(2), key_at(1), read, rt::map, of, "O(n log n)", here,
     "Return all fields and values, in the order in which the fields were first set.", "key", "", hgetall_elements},
    {"HINCRBY", hincrby, exactly(4), key_at(1), write, rt::integer, of, log_n, here, "Add to the integer a field says.",
     "key field increment", "denyoom fast"},
    {"HINCRBYFLOAT", hincrbyfloat, exactly(4), key_at(1), write, rt::bulk, of, log_n, here,
     "Add to the number a field says.", "key field increment", "denyoom fast"},
    {"HKEYS", hkeys, exactly(2), key_at(1), read, rt::array, of, "O(n log n)", here,
     "Return all fields, in the order in which they were first set.", "key", "", hgetall_elements},
    {"HLEN", hlen, exactly(2), key_at(1), read, rt::integer, of, log_n, here, "Return the number of fields.", "key",
     "fast"},
    {"HMGET", hmget, at_least(3), key_at(1), read, rt::array, of, "O(k log n), the k fields descending together", here,
     "Return the values of several fields; null for those that are not there.", "key field [field ...]", "fast",
     given_elements},
    {"HMSET", hmset, at_least(4), key_at(1), write, rt::simple, of, each_log_n, here, "Set several fields.",
     "key field value [field value ...]", "denyoom fast"},
    {"HRANDFIELD", hrandfield, at_least(2), key_at(1), read, rt::any, of, "O(k log n), k returned", here,
     "Return random fields, different ones unless the count is negative.", "key [count [WITHVALUES]]", "",
     hrandfield_elements},
    {"HSCAN", hscan, at_least(3), key_at(1), read, rt::array, of, "O(COUNT) a page", here,
     "Walk over the fields of one version, page by page: each once, none missed.",
     "key cursor [MATCH pattern] [COUNT count]", ""},
    {"HSET", hset, at_least(4), key_at(1), write, rt::integer, of, each_log_n, here,
     "Set fields and return how many are new.", "key field value [field value ...]", "denyoom fast"},
    {"HSETNX", hsetnx, exactly(4), key_at(1), write, rt::integer, of, log_n, here, "Set a field if it is not there.",
     "key field value", "denyoom fast"},
    {"HSTRLEN", hstrlen, exactly(3), key_at(1), read, rt::integer, of, log_n, here,
     "Return the length of a field's value in bytes.", "key field", "fast"},
    {"HVALS", hvals, exactly(2), key_at(1), read, rt::array, of, "O(n log n)", here,
     "Return all values, in the order in which their fields were first set.", "key", "", hgetall_elements},
};

}  // namespace

std::span<const command> hash_commands() noexcept { return rows; }

}  // namespace coppice
