// cli/import_note.hpp: what an import leaves behind, so that an export gives the same documents back.
//
// Two keys beside the documents, versioned with them like any other:
//   coppice:note:PREFIX   a hash: format, shape, how entries are named, how many, what digits are
//                         (documents/stored.hpp), and for CSV its delimiter, heading, columns and line ends
//   coppice:order:PREFIX  a list of the ids in the file's order, unless entries are named by position
// Without them an export still works: in order of the keys, digits as numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cli/documents/stored.hpp>
#include <cli/runner.hpp>

namespace coppice::cli {

enum class document_format : std::uint8_t { json, ndjson, csv, folder };
[[nodiscard]] std::string_view name_of(document_format format) noexcept;
[[nodiscard]] std::optional<document_format> format_called(std::string_view name) noexcept;
/// By the end of a file's name, or a folder's being there.
[[nodiscard]] std::optional<document_format> format_of_file(std::string_view path);

struct import_note {
    document_format format = document_format::json;
    value_kind shape = value_kind::array;
    std::string ids = "position";  ///< "position", "name" or "field"
    std::string id_field;
    std::uint64_t documents = 0;  ///< by position: one more than the last
    value_typing typing;
    char delimiter = ',';
    bool heading = true;
    bool crlf = false;
    std::vector<std::string> columns;
    bool finished = true;  ///< else it broke off, and holds what came before

    /// Are values bytes as they are? CSV and files know no types.
    [[nodiscard]] bool is_raw() const noexcept {
        return format == document_format::csv || format == document_format::folder;
    }
};

[[nodiscard]] std::string note_key(std::string_view prefix);
[[nodiscard]] std::string order_key(std::string_view prefix);

/// The note of an earlier import, or nothing.
[[nodiscard]] result<std::optional<import_note>> read_note(command_runner& runner, std::string_view prefix);
/// Adds the command that writes it.
void add_note(command_batch& batch, std::string_view prefix, const import_note& note);

}  // namespace coppice::cli
