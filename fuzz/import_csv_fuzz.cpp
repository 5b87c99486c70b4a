// The CSV reader on any bytes: no crash, the same rows however the bytes are split, and what the writer makes of them
// reads as the same rows.
//
// The first byte says how long the pieces are, the second which delimiter and comment there are.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <cli/documents/json_text.hpp>
#include <cli/documents/readers.hpp>
#include <cli/documents/writers.hpp>
#include <coppice/base/assert.hpp>

namespace {

using namespace coppice;
using namespace coppice::cli;

struct heard {
    std::vector<document> rows;
    std::vector<std::string> columns;
    std::string end;
};

heard read_all(std::string_view text, std::size_t piece, const csv_form& form) {
    memory_source source(text, piece);
    heard got;
    const auto read = read_csv(source, form, [&](const document& given) -> status {
        got.rows.push_back(given);
        return {};
    });
    if (read) { got.columns = read->columns; }
    got.end = read ? std::to_string(read->documents) : read.error().message();
    return got;
}

std::string shown(const heard& got) {
    std::string text;
    for (const auto& row : got.rows) { text += json_of(row) + '\n'; }
    return text;
}

// A row that was shorter than the heading is written in full.
void fill(document& row, const std::vector<std::string>& columns) {
    for (auto at = row.members.size(); at < columns.size(); ++at) {
        row.members.push_back({columns[at], {value_kind::string, {}}});
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) { return 0; }
    const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
    csv_form form;
    form.delimiter = data[1] % 2 == 0 ? ',' : ';';
    if (data[1] % 4 >= 2) { form.comment = '#'; }
    auto whole = read_all(text, SIZE_MAX, form);
    const auto pieces = read_all(text, std::max<std::size_t>(1, data[0]), form);
    COPPICE_CHECK(whole.end == pieces.end && shown(whole) == shown(pieces));
    if (whole.columns.empty()) { return 0; }

    std::ostringstream out;
    const auto writer = make_csv_writer(out, {form.delimiter, true, false, whole.columns});
    for (auto& row : whole.rows) {
        COPPICE_CHECK(writer->write(row).has_value());
        fill(row, whole.columns);
    }
    form.comment.reset();
    const auto written = out.str();
    COPPICE_CHECK(shown(read_all(written, SIZE_MAX, form)) == shown(whole));
    return 0;
}
