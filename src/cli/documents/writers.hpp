// cli/documents/writers.hpp: documents back into files, in the formats that readers.hpp reads.
//
// One document at a time, so memory is bounded by one. What a format cannot say (a CSV row of an array) is
// an error that names the document.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <cli/documents/document.hpp>

namespace coppice::cli {

class document_writer {
public:
    virtual ~document_writer() = default;
    [[nodiscard]] virtual status write(const document& given) = 0;
    /// After the last document.  The file is whole only after this.
    [[nodiscard]] virtual status finish() = 0;
};

/// One document a line between the brackets; `shape` array or object (named by document::name). `path` wraps
/// the whole in objects, one for each step, as read_json's path takes them off.
[[nodiscard]] std::unique_ptr<document_writer> make_json_writer(std::ostream& out, value_kind shape,
                                                                std::vector<std::string> path);
[[nodiscard]] std::unique_ptr<document_writer> make_ndjson_writer(std::ostream& out);

struct csv_output {
    char delimiter = ',';
    bool heading = true;
    bool crlf = false;
    std::vector<std::string> columns;  ///< empty: the members of the first document
    bool only_columns = false;         ///< leaves other members out; else they are an error
};
/// Fields are quoted where they must be.  A member that is missing is an empty field, null too.
[[nodiscard]] std::unique_ptr<document_writer> make_csv_writer(std::ostream& out, csv_output form);

/// Writes each string below `folder` under its name; never outside of it, never through a link.
[[nodiscard]] std::unique_ptr<document_writer> make_folder_writer(std::string folder);

}  // namespace coppice::cli
