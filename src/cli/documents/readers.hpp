// cli/documents/readers.hpp: files of documents, read one document at a time.
//
//   JSON     the entries of the top array or object, or of the one under a path
//   NDJSON   a JSON value on each line
//   CSV      RFC 4180: quotes, line ends inside quotes, a byte order mark; other delimiters; no heading
//   folder   every file below it, by its path: bytes as they are
//
// Memory is bounded by one document (limits::document_bytes), whatever the file's size. The sink sees each
// document before the next is read, so an error in the middle leaves the ones before it delivered.
// Errors name file, line and column.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cli/documents/byte_source.hpp>
#include <cli/documents/document.hpp>
#include <coppice/base/limits.hpp>

namespace coppice::cli {

/// What was seen besides the documents.
struct read_summary {
    value_kind shape = value_kind::array;  ///< array or object: what held the documents
    std::uint64_t documents = 0;
    std::uint64_t duplicate_members = 0;  ///< earlier values of a member that occurs twice, dropped
    std::string duplicate_example;        ///< "countries.json:3:14: name"
    std::vector<std::string> columns;     ///< CSV: the heading, or what was given instead
    bool line_end_is_crlf = false;        ///< CSV: how its first line ends
    std::vector<std::string> skipped;     ///< folder: what is no file, a few of them
    std::uint64_t skipped_count = 0;
};

/// A place in a JSON value: `a.b.0`, or a JSON pointer such as `/a.b/0` (RFC 6901), as its steps.
[[nodiscard]] result<std::vector<std::string>> parse_path(std::string_view path);

[[nodiscard]] result<read_summary> read_json(byte_source& source, const std::vector<std::string>& path,
                                             document_sink sink);
[[nodiscard]] result<read_summary> read_ndjson(byte_source& source, document_sink sink);

struct csv_form {
    char delimiter = ',';
    std::optional<char> comment;       ///< lines that begin with it are skipped
    std::vector<std::string> columns;  ///< given: the file has no heading
    std::uint64_t row_bytes_max = limits::document_bytes;
};
/// Each row becomes an object of strings.  A row may be shorter than the heading (the rest is absent), not longer.
[[nodiscard]] result<read_summary> read_csv(byte_source& source, const csv_form& form, document_sink sink);

/// Each file becomes a string named by its path below `folder`, in order of the paths.  Links are not followed.
[[nodiscard]] result<read_summary> read_folder(const std::string& folder, document_sink sink);

}  // namespace coppice::cli
