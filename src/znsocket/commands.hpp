// znsocket/commands.hpp: the storage commands of ZnSocket, as events: one fixed table, and nothing beside it.
//
// An event carries the arguments of a Python method, [args, kwargs]. The methods are those of redis-py, with the
// names that ZnSocket's memory storage has for their arguments accepted as well; each becomes one command of ours.
// What cannot become one is answered at once, with the exception that Python would raise.
//
//     prepare("lindex", ["K", 0], {})  ->  words LINDEX K 0, plain      (commands run them, answer_writer answers)
//     prepare("lindex", ["K"], {})     ->  TypeError: Invalid arguments for lindex: lindex() missing ...
//
// The words of a prepared command fit the arity of its row (command/command.hpp), so MULTI queues them all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "znsocket/failure.hpp"
#include "znsocket/value.hpp"

namespace coppice::znsocket {

/// How a reply becomes JSON.
enum class answer_form : std::uint8_t {
    plain,        ///< as it is: a number, a text, an array; a map is an object
    truth,        ///< a status is true, an integer true unless it is 0
    given_count,  ///< an integer is prepared::count
    members,      ///< an array or a set is {"data":[..],"type":"set"}
    numbers,      ///< texts that say numbers are numbers
    page,         ///< of SCAN: [cursor, [..]], the cursor a number
    pairs_page,   ///< of HSCAN: [cursor, {..}]
    fixed,        ///< whatever the reply is: prepared::if_null
};

struct prepared {
    std::vector<std::string> words;
    answer_form form = answer_form::plain;
    std::int64_t count = 0;
    std::string if_null = "null";  ///< JSON, said in place of null
};

[[nodiscard]] bool is_command(std::string_view event);

/// The command that an event with these arguments is, or what its client raises.
/// Errors: UnknownEventError, TypeError (wrong arguments), DataError (values that are not texts or numbers),
/// ResponseError (what Redis would refuse).
[[nodiscard]] std::variant<prepared, failure> prepare(std::string_view event, const value& args, const value& kwargs);

/// For documentation: "lindex" and "name, index".  A second name of an argument follows a bar: "source|src".
struct command_signature {
    std::string_view event;
    std::string signature;
};

/// Every event of the table, by name.
[[nodiscard]] std::vector<command_signature> all_commands();

}  // namespace coppice::znsocket
