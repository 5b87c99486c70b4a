// Lists.
#include "znsocket/row.hpp"

namespace coppice::znsocket {
namespace {

using namespace takes;
using enum answer_form;

// Segments push a piece for all of their origin when they are opened. A second time that would double them.
std::optional<failure> push_or_open(const row& of, const bound_arguments& bound, prepared& made) {
    if (auto failed = append_words(of, bound, made)) { return failed; }
    if (made.words.size() == 3 && made.words[1].starts_with("znsocket.Segments:")) {
        made.words.erase(made.words.begin());
        made.words.insert(made.words.begin(), {"SEGMENTS", "OPEN"});
    }
    return std::nullopt;
}

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
    {"lpush", "LPUSH", {word("name"), rest("values", "value")}, plain, push_or_open},
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
