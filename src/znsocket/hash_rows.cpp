// Hashes.
#include "znsocket/row.hpp"

namespace coppice::znsocket {
namespace {

using namespace takes;
using enum answer_form;

// The places of hset's parameters.
enum : std::size_t { hset_key = 1, hset_value, hset_mapping, hset_items };

std::optional<failure> append_hset_pairs(const row& of, const bound_arguments& bound, prepared& made) {
    if (bound.is_true(hset_items)) {
        if (auto failed = append_texts(of, *bound.given[hset_items], made)) { return failed; }
    }
    if (bound.has(hset_key)) {
        const value none;
        const auto* const set = bound.given[hset_value];
        if (auto failed = append_word(of, *bound.given[hset_key], made)) { return failed; }
        if (auto failed = append_word(of, set == nullptr ? none : *set, made)) { return failed; }
    }
    return bound.is_true(hset_mapping) ? append_pairs(of, *bound.given[hset_mapping], made) : std::nullopt;
}

// Answers the number of pairs given, not that of new fields.
std::optional<failure> make_hset(const row& of, const bound_arguments& bound, prepared& made) {
    const bool has_many = bound.is_true(hset_mapping) || bound.is_true(hset_items);
    if (!bound.has(hset_key) && !has_many) { return data_error("'hset' with no key value pairs"); }
    if (!bound.has(hset_value) && !has_many) { return data_error("Invalid input of type <class 'NoneType'>"); }
    if (auto failed = append_words(of, bound, made)) { return failed; }
    const auto before = made.words.size();
    if (auto failed = append_hset_pairs(of, bound, made)) { return failed; }
    const auto given = made.words.size() - before;
    if (given % 2 == 1) { return wrong_number_of_arguments(of); }
    made.count = static_cast<std::int64_t>(given / 2);
    return std::nullopt;
}

std::optional<failure> make_hmset(const row& of, const bound_arguments& bound, prepared& made) {
    if (!bound.is_true(1)) { return data_error("'hmset' with 'mapping' of length 0"); }
    return append_words(of, bound, made);
}

// hmget(name, []) asks for nothing.
std::optional<failure> make_hmget(const row& of, const bound_arguments& bound, prepared& made) {
    const auto& keys = *bound.given[1];
    const bool any = !keys.is(value_kind::array) || !keys.items.empty() || !bound.rest.empty();
    if (any) { return append_words(of, bound, made); }
    if (auto failed = append_word(of, *bound.given[0], made)) { return failed; }
    answer_fixed(made, "[]");
    return std::nullopt;
}

constexpr row rows[] = {
    {"hdel", "HDEL", {word("name"), rest("keys", "key")}},
    {"hexists", "HEXISTS", {word("name"), word("key")}},
    {"hget", "HGET", {word("name"), word("key")}},
    {"hgetall", "HGETALL", {word("name")}},
    {"hincrby", "HINCRBY", {word("name"), word("key"), preset("amount", "1")}},
    {"hincrbyfloat", "HINCRBYFLOAT", {word("name"), word("key"), preset("amount", "1.0")}, numbers},
    {"hkeys", "HKEYS", {word("name")}},
    {"hlen", "HLEN", {word("name")}},
    {"hmget", "HMGET", {word("name"), texts("keys")}, plain, make_hmget},
    {"hmset", "HMSET", {word("name"), pairs("mapping")}, truth, make_hmset},
    {"hrandfield", "HRANDFIELD", {word("key"), maybe("count"), flag("withvalues", "WITHVALUES")}},
    {"hscan",
     "HSCAN",
     {word("name"), preset("cursor", "0"), option("match", "MATCH"), option("count", "COUNT")},
     pairs_page},
    {"hset",
     "HSET",
     {word("name"), free("key"), free("value"), free("mapping"), free("items")},
     given_count,
     make_hset},
    {"hsetnx", "HSETNX", {word("name"), word("key"), word("value")}},
    {"hstrlen", "HSTRLEN", {word("name"), word("key")}},
    {"hvals", "HVALS", {word("name")}},
};

}  // namespace

std::span<const row> hash_rows() { return rows; }

}  // namespace coppice::znsocket
