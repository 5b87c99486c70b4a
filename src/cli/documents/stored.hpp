// cli/documents/stored.hpp: how a document's values lie in the store, and how they come back.
//
// A store holds bytes; JSON tells "12" from 12. The typing rule keeps values as a person would write them:
//
//   JSON                stored                 why
//   "Paris"             Paris                  no JSON text, so it must be a string
//   12345, true, null   12345, true, null      JSON text is itself
//   {"a": [1, 2]}       {"a":[1,2]}            likewise
//   "true", "[1]"       "true", "[1]"          a string that would read as JSON keeps its quotes
//   "533"               533 or "533"           see below
//
// Digits are the case that matters (codes, telephone numbers). A field whose first digits come as a string is a
// *text field*: its strings of digits are stored bare, and a number in it gets a space in front (" 12"). In any
// other field numbers are bare and strings of digits are quoted. Which fields are text is all that the rule
// has to remember; the note that an import leaves (documents/note.hpp) remembers it.
//
// Law, tested: for every value and every history, loaded(stored(v)) == v.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <cli/documents/document.hpp>

namespace coppice::cli {

enum class digits_are : std::uint8_t { unseen, numbers, text };

/// The bytes that stand for `content`.  Decides what digits are when it sees the first.
[[nodiscard]] std::string stored(const value& content, digits_are& digits);
/// What the bytes stand for.  Any bytes have a meaning: those that are no JSON text are a string.
[[nodiscard]] value loaded(std::string_view bytes, digits_are digits);

/// What digits are in each field of a set of documents, in the elements of arrays, and in scalars.
class value_typing {
public:
    digits_are& of_field(const std::string& name);
    [[nodiscard]] digits_are of_field(const std::string& name) const;
    digits_are elements = digits_are::unseen;
    digits_are scalars = digits_are::unseen;

    [[nodiscard]] std::vector<std::string> fields_that_are(digits_are kind) const;
    void set_fields(const std::vector<std::string>& names, digits_are kind);

    friend bool operator==(const value_typing&, const value_typing&) = default;

private:
    // Documents may invent a field name each; past this many, digits are numbers and strings of them quoted.
    static constexpr std::size_t fields_max = 4096;
    std::map<std::string, digits_are> fields_;
    digits_are others_ = digits_are::numbers;
};

}  // namespace coppice::cli
