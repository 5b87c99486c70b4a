// Keys of any type, and the server.
#include "znsocket/row.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace coppice::znsocket {
namespace {

using namespace takes;
using enum answer_form;

// Redis refuses to copy a key onto itself; ZnSocket says that nothing was copied.
std::optional<failure> make_copy(const row& of, const bound_arguments& bound, prepared& made) {
    if (auto failed = append_words(of, bound, made)) { return failed; }
    if (made.words.size() == 3 && made.words[1] == made.words[2]) { answer_fixed(made, "false"); }
    return std::nullopt;
}

// A word that OBJECT does not know would be refused before it is queued.
std::optional<failure> make_object(const row& of, const bound_arguments& bound, prepared& made) {
    if (auto failed = append_words(of, bound, made)) { return failed; }
    auto asked = made.words[1];
    for (auto& one : asked) { one = static_cast<char>(std::toupper(static_cast<unsigned char>(one))); }
    for (const std::string_view known : {"ENCODING", "FREQ", "IDLETIME", "REFCOUNT"}) {
        if (asked == known) { return std::nullopt; }
    }
    return failure{"ResponseError", fmt::format("unknown subcommand '{}'. Try OBJECT HELP.", made.words[1])};
}

// The places of sort's parameters.
enum : std::size_t { sort_start = 1, sort_num, sort_by, sort_get };

std::optional<failure> make_sort(const row& of, const bound_arguments& bound, prepared& made) {
    if (bound.has(sort_start) != bound.has(sort_num)) {
        return data_error("``start`` and ``num`` must both be specified");
    }
    if (auto failed = append_words(of, bound, made)) { return failed; }
    if (bound.has(sort_start)) {
        if (auto failed = append_option(of, bound.given[sort_start], "LIMIT", made)) { return failed; }
        if (auto failed = append_word(of, *bound.given[sort_num], made)) { return failed; }
    }
    if (!bound.has(sort_get)) { return std::nullopt; }
    const auto& patterns = *bound.given[sort_get];
    if (!patterns.is(value_kind::array)) { return append_option(of, &patterns, "GET", made); }
    for (const auto& pattern : patterns.items) {
        if (auto failed = append_option(of, &pattern, "GET", made)) { return failed; }
    }
    return std::nullopt;
}

constexpr parameter when_nx = flag("nx", "NX");
constexpr parameter when_xx = flag("xx", "XX");
constexpr parameter when_gt = flag("gt", "GT");
constexpr parameter when_lt = flag("lt", "LT");
constexpr parameter asynchronous = flag("asynchronous", "ASYNC");
constexpr parameter match = option("match", "MATCH");
constexpr parameter count = option("count", "COUNT");

constexpr row rows[] = {
    {"copy",
     "COPY",
     {word("source", "src"), word("destination", "dst"), option("destination_db", "DB"), flag("replace", "REPLACE")},
     truth,
     make_copy},
    {"dbsize", "DBSIZE"},
    {"delete", "DEL", {rest("names", "name")}},
    {"echo", "ECHO", {word("value")}},
    {"exists", "EXISTS", {rest("names", "name")}},
    {"expire", "EXPIRE", {word("name"), word("time"), when_nx, when_xx, when_gt, when_lt}},
    {"expireat", "EXPIREAT", {word("name"), word("when"), when_nx, when_xx, when_gt, when_lt}, truth},
    {"expiretime", "EXPIRETIME", {word("key")}},
    {"flushall", "FLUSHALL", {asynchronous}, truth},
    {"flushdb", "FLUSHDB", {asynchronous}, truth},
    {"keys", "KEYS", {preset("pattern", "*")}},
    {"memory_usage", "MEMORY USAGE", {word("key"), option("samples", "SAMPLES")}},
    {"move", "MOVE", {word("name"), word("db")}, truth},
    {"object", "OBJECT", {word("infotype"), word("key")}, plain, make_object},
    {"persist", "PERSIST", {word("name")}, truth},
    {"pexpire", "PEXPIRE", {word("name"), word("time"), when_nx, when_xx, when_gt, when_lt}, truth},
    {"pexpireat", "PEXPIREAT", {word("name"), word("when"), when_nx, when_xx, when_gt, when_lt}, truth},
    {"pexpiretime", "PEXPIRETIME", {word("key")}},
    {"ping", "PING", {}, truth},
    {"pttl", "PTTL", {word("name")}},
    {"randomkey", "RANDOMKEY"},
    {"rename", "RENAME", {word("src"), word("dst")}, truth},
    {"renamenx", "RENAMENX", {word("src"), word("dst")}, truth},
    {"scan", "SCAN", {preset("cursor", "0"), match, count, option("_type", "TYPE")}, page},
    {"sort",
     "SORT",
     {word("name"), free("start"), free("num"), option("by", "BY"), free("get"), flag("desc", "DESC"),
      flag("alpha", "ALPHA"), option("store", "STORE")},
     plain,
     make_sort},
    {"sort_ro",
     "SORT_RO",
     {word("key"), free("start"), free("num"), option("by", "BY"), free("get"), flag("desc", "DESC"),
      flag("alpha", "ALPHA")},
     plain,
     make_sort},
    {"time", "TIME", {}, numbers},
    {"touch", "TOUCH", {rest("args")}},
    {"ttl", "TTL", {word("name")}},
    {"type", "TYPE", {word("name")}},
    {"unlink", "UNLINK", {rest("names")}},
};

}  // namespace

std::span<const row> key_rows() { return rows; }

}  // namespace coppice::znsocket
