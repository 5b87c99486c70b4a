// cli/import.hpp: documents into keys.
//
// Each document becomes one key, PREFIX:ID: an object a hash, an array a list, a scalar a string; an empty object or
// array, which no key can be, the string {} or []. An entry that is there already is replaced as a whole.
#pragma once

#include <string>
#include <vector>

#include <cli/documents/readers.hpp>
#include <cli/import_note.hpp>
#include <cli/progress.hpp>
#include <cli/runner.hpp>

namespace coppice::cli {

struct import_plan {
    std::string source;  ///< a file, a folder, or "-"
    std::string prefix;
    document_format format = document_format::json;
    std::vector<std::string> path;  ///< JSON: where the documents are
    std::string id_field;           ///< empty: positions, or the names in an object or a folder
    csv_form csv;
    bool replace = false;  ///< what an earlier import left under the prefix goes first
};

struct import_report {
    read_summary read;
    std::uint64_t replaced = 0;  ///< keys that were there
    std::string replaced_first;  ///< the id of the first of them
    bool is_first = false;       ///< no earlier import was there, so what was replaced has its id twice in the source
    std::uint64_t removed = 0;   ///< keys deleted by `replace`
};

/// Reads the source and writes the keys.  On an error the documents before it stay imported; the context says how many,
/// and how many keys `replace` has removed.  An interruption is such an error.
[[nodiscard]] result<import_report> import_documents(const import_plan& plan, command_runner& runner, progress& shown);

struct export_plan {
    std::string prefix;
    std::optional<document_format> format;  ///< nothing: as imported, or JSON
    std::vector<std::string> path;          ///< JSON: wrapped in these names
    std::optional<char> delimiter;
    std::vector<std::string> columns;
    bool without_heading = false;
};

/// The branch as it is now, "main@1795272731.430927"; empty where the server has no branches.
[[nodiscard]] std::string version_now(command_runner& runner);
/// How to go back to it, to be put behind an error.
[[nodiscard]] std::string way_back(const std::string& before);

class document_writer;
/// Gives the documents under a prefix to a writer, in the order in which they were imported; later keys follow.
/// `make_writer` is called once, with the note (or a made-up one) of what is to come.
[[nodiscard]] result<std::uint64_t> export_documents(
    const export_plan& plan, command_runner& runner, progress& shown,
    function_ref<result<std::unique_ptr<document_writer>>(const import_note&)> make_writer);

struct redis_report {
    std::vector<std::pair<std::string, std::uint64_t>> taken;   ///< type, keys
    std::vector<std::pair<std::string, std::uint64_t>> others;  ///< types that were left behind
    std::uint64_t with_deadline = 0;
};
/// Copies the strings, lists, hashes and sets of another server that match the pattern, with their deadlines.
[[nodiscard]] result<redis_report> import_redis(command_runner& from, command_runner& to, std::string_view pattern,
                                                const clock_source& clock, progress& shown);

}  // namespace coppice::cli
