// command/znsocket.cpp: the rows of ZNSOCKET and SEGMENTS.
#include <command/znsocket.hpp>

#include <command/command_info.hpp>

namespace coppice {
namespace {

constexpr std::string_view here = "0.1";
constexpr std::string_view of = "znsocket";
using enum access;
using rt = reply_type;

constexpr command znsocket_rows[] = {
    {"ANSWER", znsocket_answer, exactly(4), no_keys(), admin, rt::integer, of, "O(n) bytes", here,
     "Answer a question to an adapter; 0 if that is too late.", "ticket json", "no-multi"},
    {"ASK", znsocket_ask, exactly(4), no_keys(), admin, rt::integer, of, "O(n) bytes", here,
     "Ask the adapter of a key, and return a ticket; the answer is pushed.", "key question", "no-multi"},
    {"CHECK", znsocket_check, exactly(3), no_keys(), admin, rt::integer, of, "O(1)", here,
     "Return whether a key has an adapter, and count this connection as having opened it.", "key", "no-multi"},
    {"EXISTS", znsocket_exists, exactly(3), no_keys(), admin, rt::integer, of, "O(1)", here,
     "Return whether a key has an adapter.", "key", "no-multi"},
    {"FALLBACK", znsocket_fallback, exactly(4), keys_from(2, 3), write, rt::bulk, of, "O(log n)", here,
     "Let a key that is not there read from another until it is written to, and return the key to read now.",
     "key origin", "denyoom"},
    help_row,
    {"LISTEN", znsocket_listen, exactly(2), no_keys(), admin, rt::simple, of, "O(1)", here,
     "Let this connection be sent refreshes, and have adapters.", "", "no-multi"},
    {"REFRESH", znsocket_refresh, exactly(3), no_keys(), admin, rt::integer, of, "O(c), c clients", here,
     "Send a refresh to all others on the branch that listen, and return how many there are.", "payload", "no-multi"},
    {"REGISTER", znsocket_register, at_least(3), no_keys(), admin, rt::integer, of, "O(1)", here,
     "Let this connection answer for a key; 0 if somebody has opened it (with AGAIN: answers for it) already.",
     "key [AGAIN]", "no-multi"},
    {"SOURCE", znsocket_source, exactly(3), key_at(2), read, rt::bulk, of, "O(log n)", here,
     "Return the key to read: the key itself, or what it falls back to.", "key", ""},
};

constexpr command segments_rows[] = {
    {"CREATE", segments_create, exactly(4), keys_from(2, 3), write, rt::integer, of, "O(log n)", here,
     "Make segments that are an O(1) copy of a list, unless there are such, and return their length.", "key origin",
     "denyoom"},
    help_row,
    {"LEN", segments_len, exactly(3), key_at(2), read, rt::integer, of, "O(log n); O(p) of p pieces", here,
     "Return the number of elements.", "key", "", segments_len_elements},
    {"OPEN", segments_open, exactly(4), key_at(2), write, rt::integer, of, "O(log n)", here,
     "Begin a table with a piece, unless there is one, and return the number of its pieces.", "key piece", "denyoom"},
    {"PIECES", segments_pieces, exactly(3), key_at(2), read, rt::array, of, "O(k log n), k changes", here,
     "Return which ranges of which lists the elements are: [start, end, source] each.", "key", "",
     segments_pieces_elements},
    {"RANGE", segments_range, exactly(5), key_at(2), read, rt::array, of, "O(log n + m), m returned", here,
     "Return elements by a range of positions.", "key start stop", "", segments_range_elements},
    {"SPLICE", segments_splice, at_least(5), key_at(2), write, rt::integer, of, "O(log n + m), m given", here,
     "Replace elements by others, and return the length; an empty start is the end.",
     "key start delete-count [value [value ...]]", "denyoom"},
};

constexpr command rows[] = {
    {"SEGMENTS", nullptr, at_least(2), no_keys(), admin, rt::any, of, "", here,
     "Copies of lists that know what of them was changed.", "", "", nullptr, segments_rows},
    {"ZNSOCKET", nullptr, at_least(2), no_keys(), admin, rt::any, of, "", here,
     "What ZnSocket's clients share beside the data: refreshes, adapters, fallbacks.", "", "", nullptr, znsocket_rows},
};

}  // namespace

std::span<const command> znsocket_commands() noexcept { return rows; }

}  // namespace coppice
