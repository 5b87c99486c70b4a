// Sets.
#include "znsocket/row.hpp"

namespace coppice::znsocket {
namespace {

using namespace takes;
using enum answer_form;

constexpr row rows[] = {
    {"sadd", "SADD", {word("name"), rest("values", "value")}},
    {"scard", "SCARD", {word("name")}},
    {"sdiff", "SDIFF", {texts("keys")}, members},
    {"sdiffstore", "SDIFFSTORE", {word("dest"), texts("keys")}},
    {"sinter", "SINTER", {texts("keys")}, members},
    {"sintercard", "SINTERCARD", {word("numkeys"), of_kind(parameter_kind::list, "keys"), option("limit", "LIMIT")}},
    {"sinterstore", "SINTERSTORE", {word("dest"), texts("keys")}},
    {"sismember", "SISMEMBER", {word("name"), word("value", "member")}},
    {"smembers", "SMEMBERS", {word("name")}, members},
    {"smismember", "SMISMEMBER", {word("name"), texts("values")}},
    {"smove", "SMOVE", {word("src", "source"), word("dst", "destination"), word("value", "member")}},
    {"spop", "SPOP", {word("name"), maybe("count")}},
    {"srandmember", "SRANDMEMBER", {word("name"), maybe("number", "count")}},
    {"srem", "SREM", {word("name"), rest("values", "value")}},
    {"sscan", "SSCAN", {word("name"), preset("cursor", "0"), option("match", "MATCH"), option("count", "COUNT")}, page},
    {"sunion", "SUNION", {texts("keys")}, members},
    {"sunionstore", "SUNIONSTORE", {word("dest"), texts("keys")}},
};

}  // namespace

std::span<const row> set_rows() { return rows; }

}  // namespace coppice::znsocket
