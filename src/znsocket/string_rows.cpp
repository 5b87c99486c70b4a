// Strings and counters.
#include "znsocket/row.hpp"

#include <algorithm>

namespace coppice::znsocket {
namespace {

using namespace takes;
using enum answer_form;

// Whether at most one of these parameters is given; a flag is when it is true.
bool at_most_one(const row& of, const bound_arguments& bound, std::initializer_list<std::string_view> names) {
    std::size_t given = 0;
    for (std::size_t place = 0; place < of.parameters.size(); ++place) {
        if (std::find(names.begin(), names.end(), of.parameters[place].name) == names.end()) { continue; }
        const bool is_flag = of.parameters[place].kind == parameter_kind::flag;
        given += (is_flag ? bound.is_true(place) : bound.has(place)) ? 1 : 0;
    }
    return given <= 1;
}

std::optional<failure> make_set(const row& of, const bound_arguments& bound, prepared& made) {
    if (!at_most_one(of, bound, {"ex", "px", "exat", "pxat", "keepttl"})) {
        return data_error("``ex``, ``px``, ``exat``, ``pxat``, and ``keepttl`` are mutually exclusive.");
    }
    if (!at_most_one(of, bound, {"nx", "xx"})) { return data_error("``nx`` and ``xx`` are mutually exclusive."); }
    return append_words(of, bound, made);
}

std::optional<failure> make_getex(const row& of, const bound_arguments& bound, prepared& made) {
    if (!at_most_one(of, bound, {"ex", "px", "exat", "pxat", "persist"})) {
        return data_error("``ex``, ``px``, ``exat``, ``pxat``, and ``persist`` are mutually exclusive.");
    }
    return append_words(of, bound, made);
}

// mget("a", "b"), mget(["a", "b"]), mget(["a"], "b") and mget(), which asks for nothing.
std::optional<failure> make_mget(const row& of, const bound_arguments& bound, prepared& made) {
    made.words.emplace_back(of.command);
    if (const auto* const keys = bound.given[0]; keys != nullptr) {
        if (auto failed = append_texts(of, *keys, made)) { return failed; }
    }
    for (const auto& one : bound.rest) {
        if (auto failed = append_texts(of, one, made)) { return failed; }
    }
    if (made.words.size() == 1) { answer_fixed(made, "[]"); }
    return std::nullopt;
}

constexpr row set_in_memory_order{
    .event = "set",
    .command = "SET",
    .parameters = {word("name"), word("value"), flag("nx", "NX"), flag("xx", "XX"), option("ex", "EX")},
    .form = truth,
    .make = make_set,
    .short_none = true,
};

constexpr row rows[] = {
    {"append", "APPEND", {word("key"), word("value")}},
    {"decr", "DECRBY", {word("name"), preset("amount", "1")}},
    {"decrby", "DECRBY", {word("name"), preset("amount", "1")}},
    {"get", "GET", {word("name"), of_kind(parameter_kind::if_null, "default")}},
    {"getdel", "GETDEL", {word("name")}},
    {"getex",
     "GETEX",
     {word("name"), option("ex", "EX"), option("px", "PX"), option("exat", "EXAT"), option("pxat", "PXAT"),
      flag("persist", "PERSIST")},
     plain,
     make_getex},
    {"getrange", "GETRANGE", {word("key"), word("start"), word("end")}},
    {"getset", "GETSET", {word("name"), word("value")}},
    {"incr", "INCRBY", {word("name"), preset("amount", "1")}},
    {"incrby", "INCRBY", {word("name"), preset("amount", "1")}},
    {"incrbyfloat", "INCRBYFLOAT", {word("name"), preset("amount", "1.0")}, numbers},
    {"lcs",
     "LCS",
     {word("key1"), word("key2"), flag("len", "LEN"), flag("idx", "IDX"), option("minmatchlen", "MINMATCHLEN"),
      flag("withmatchlen", "WITHMATCHLEN")}},
    {"mget", "MGET", {rest("args", "keys")}, plain, make_mget},
    {"mset", "MSET", {pairs("mapping")}, truth},
    {"msetnx", "MSETNX", {pairs("mapping")}, truth},
    {"psetex", "PSETEX", {word("name"), word("time_ms"), word("value")}, truth},
    {"set",
     "SET",
     {word("name"), word("value"), option("ex", "EX"), option("px", "PX"), flag("nx", "NX"), flag("xx", "XX"),
      flag("keepttl", "KEEPTTL"), flag("get", "GET"), option("exat", "EXAT"), option("pxat", "PXAT")},
     truth,
     make_set,
     &set_in_memory_order,
     true},
    {"setex", "SETEX", {word("name"), word("time"), word("value")}, truth},
    {"setnx", "SETNX", {word("name"), word("value")}, truth},
    {"setrange", "SETRANGE", {word("name"), word("offset"), word("value")}},
    {"strlen", "STRLEN", {word("name")}},
    {"substr", "SUBSTR", {word("name"), word("start"), preset("end", "-1")}},
};

}  // namespace

std::span<const row> string_rows() { return rows; }

}  // namespace coppice::znsocket
