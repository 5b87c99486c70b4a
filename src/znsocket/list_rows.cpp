// Lists.
#include "znsocket/row.hpp"

namespace coppice::znsocket {
namespace {

using namespace takes;
using enum answer_form;

constexpr row rows[] = {
    {"lindex", "LINDEX", {word("name"), word("index")}, plain, append_words, nullptr, true},
    {"linsert", "LINSERT", {word("name"), word("where"), word("refvalue", "pivot"), word("value")}},
    {"linsertat", "LINSERTAT", {word("name"), word("index"), word("value")}},
    {"llen", "LLEN", {word("name")}},
    {"lmove", "LMOVE", {word("first_list"), word("second_list"), preset("src", "LEFT"), preset("dest", "RIGHT")}},
    {"lmpop", "LMPOP", {word("num_keys"), rest("args"), word("direction"), option("count", "COUNT")}},
    {"lpop", "LPOP", {word("name"), maybe("count")}},
    {"lpos",
     "LPOS",
     {word("name"), word("value"), option("rank", "RANK"), option("count", "COUNT"), option("maxlen", "MAXLEN")}},
    {"lpush", "LPUSH", {word("name"), rest("values", "value")}},
    {"lpushx", "LPUSHX", {word("name"), rest("values", "value")}},
    {"lrange", "LRANGE", {word("name"), word("start"), word("end")}},
    {"lrem", "LREM", {word("name"), word("count"), word("value")}, plain, append_words, nullptr, true},
    {"lset", "LSET", {word("name"), word("index"), word("value")}, truth},
    {"lslice",
     "LSLICE",
     {word("name"), of_kind(parameter_kind::blank, "start"), of_kind(parameter_kind::blank, "stop"),
      preset("step", "1")}},
    {"lsplice",
     "LSPLICE",
     {word("name"), word("start"), word("delete_count"), of_kind(parameter_kind::extra, "values")}},
    {"ltrim", "LTRIM", {word("name"), word("start"), word("end")}, truth},
    {"rpop", "RPOP", {word("name"), maybe("count")}},
    {"rpoplpush", "RPOPLPUSH", {word("src"), word("dst")}},
    {"rpush", "RPUSH", {word("name"), rest("values", "value")}},
    {"rpushx", "RPUSHX", {word("name"), rest("values", "value")}},
};

}  // namespace

std::span<const row> list_rows() { return rows; }

}  // namespace coppice::znsocket
