// cli/documents/json_text.hpp: JSON as text: reading it as events, building it, and telling it apart.
//
// Reading is nlohmann-json's SAX parser behind an interface, so that one .cpp file pays for including it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <cli/documents/byte_source.hpp>
#include <cli/documents/document.hpp>
#include <coppice/base/limits.hpp>

namespace coppice::cli {

/// Appends `text` as a JSON string, in quotes; what is not ASCII stays as it is.
/// Requires: `text` is UTF-8, or the result is no JSON.
void append_json_string(std::string& out, std::string_view text);
[[nodiscard]] std::string json_string(std::string_view text);
/// Appends any value as JSON text.
void append_json(std::string& out, const value& content);
/// A document as one line of JSON.
[[nodiscard]] std::string json_of(const document& given);

/// What a JSON text says, event by event.  A handler that returns false has set `failure`.
class json_events {
public:
    virtual ~json_events() = default;
    virtual bool scalar(value_kind kind, std::string_view text) = 0;  ///< a string's characters, else JSON text
    virtual bool begin(value_kind container) = 0;
    virtual bool end(value_kind container) = 0;
    virtual bool name(std::string_view text) = 0;

    text_position where;  ///< of the last character that was read, for the handler's errors
    error failure{errc::invalid, {}};
};

/// Reads the one JSON value that `source` holds.  `start` is where its first byte stands in the file.
/// Errors: errc::invalid with file, line and column; errc::limit for more than limits::document_nesting
/// levels or a token above limits::document_bytes; the handler's own.
[[nodiscard]] status read_json_events(byte_source& source, json_events& events, text_position start = {});

/// Builds compact JSON text from events.  Of members with one name the last stays; `duplicates` counts the others.
class json_text_builder {
public:
    void clear();
    void scalar(value_kind kind, std::string_view text);
    void begin(value_kind container);
    void end(value_kind container);
    void name(std::string_view text);

    [[nodiscard]] bool is_whole() const noexcept { return open_.empty(); }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    std::size_t duplicates = 0;

private:
    struct entry {
        std::string name;
        std::size_t begins;  // in text_
    };
    struct level {
        bool is_object;
        std::vector<entry> entries;
        std::unordered_set<std::string> names;
    };
    void cut_entry(level& object, std::string_view text);
    void separate();

    std::string text_;
    std::vector<level> open_;
};

/// The kind of JSON value that the whole of `text` writes (no white space around it), or nothing.
[[nodiscard]] std::optional<value_kind> kind_of_json_text(std::string_view text);
/// Is it a number in JSON's grammar?
[[nodiscard]] bool is_json_number(std::string_view text) noexcept;
/// JSON text without white space between its tokens.  Requires: `text` is JSON.
[[nodiscard]] std::string compact_json(std::string_view text);
/// The characters of a JSON string.  Requires: `text` is one.
[[nodiscard]] std::string characters_of(std::string_view text);
/// The strings of a JSON array of strings, or nothing.
[[nodiscard]] std::optional<std::vector<std::string>> strings_of(std::string_view text);
[[nodiscard]] std::string json_of_strings(const std::vector<std::string>& strings);

}  // namespace coppice::cli
