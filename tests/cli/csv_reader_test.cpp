#include <cli/documents/json_text.hpp>
#include <cli/documents/readers.hpp>
#include <cli/documents/writers.hpp>

#include <sstream>

#include <gtest/gtest.h>

#include "support/seeds.hpp"

namespace coppice::cli {
namespace {

using row = std::vector<std::string>;

struct seen {
    std::vector<row> rows;
    result<read_summary> read{read_summary{}};
};

seen read_all(std::string_view text, const csv_form& form = {}, std::size_t piece = SIZE_MAX) {
    seen got;
    memory_source source(text, piece, "f.csv");
    const auto sink = [&](const document& given) -> status {
        auto& added = got.rows.emplace_back();
        for (const auto& member : given.members) { added.push_back(member.content.text); }
        return {};
    };
    got.read = read_csv(source, form, sink);
    return got;
}

std::string failure_of(std::string_view text, const csv_form& form = {}) {
    const auto got = read_all(text, form);
    return got.read ? "read" : got.read.error().context;
}

// RFC 4180, in pieces of any size.
TEST(CsvReader, ReadsQuotesLineEndsAndMarks) {
    constexpr std::string_view text =
        "\xef\xbb\xbf"
        "a,b,c\r\n"
        "1,\"two, \"\"quoted\"\"\",3\r\n"
        "\"line\r\nend\",,\"\"\r\n"
        "\r\n"
        "x\"y,\xc3\xa4,last";
    const std::vector<row> expected = {
        {"1", "two, \"quoted\"", "3"}, {"line\r\nend", "", ""}, {"x\"y", "\xc3\xa4", "last"}};
    for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{5}, SIZE_MAX}) {
        const auto got = read_all(text, {}, piece);
        ASSERT_TRUE(got.read) << got.read.error().context;
        EXPECT_EQ(got.rows, expected);
        EXPECT_EQ(got.read->columns, (row{"a", "b", "c"}));
        EXPECT_TRUE(got.read->line_end_is_crlf);
    }
    EXPECT_EQ(read_all("a\n1\n").rows, (std::vector<row>{{"1"}}));
    EXPECT_EQ(read_all("a\r1\r2").rows, (std::vector<row>{{"1"}, {"2"}}));
    EXPECT_EQ(read_all("a,b\n1,").rows, (std::vector<row>{{"1", ""}}));
    EXPECT_EQ(read_all("a,b\n1,\n,\n").rows, (std::vector<row>{{"1", ""}, {"", ""}}));
    EXPECT_EQ(read_all("a,b\n1\n").rows, (std::vector<row>{{"1"}}));
    EXPECT_EQ(read_all("").rows, std::vector<row>{});
    EXPECT_FALSE(read_all("a\n1\n").read->line_end_is_crlf);
}

TEST(CsvReader, TakesOtherFormsOfFile) {
    csv_form form{.delimiter = ';', .comment = '#', .columns = {"code", "name"}};
    EXPECT_EQ(read_all("# a comment; with one\n0041;A\n#x\n0042;B,C\n", form).rows,
              (std::vector<row>{{"0041", "A"}, {"0042", "B,C"}}));
}

TEST(CsvReader, SaysWhereAndWhy) {
    EXPECT_EQ(failure_of("a,b\n1,2,3\n"), "f.csv:2:5: a row of 3 fields under 2 columns; is the --delimiter right?");
    EXPECT_EQ(failure_of("a,b\n1,\"x\ny\n"), "f.csv:2:3: this quote is never closed");
    EXPECT_NE(failure_of("a\n\"x\"y\n").find("f.csv:2:4: after a closing quote"), std::string::npos);
    EXPECT_NE(failure_of("a,a\n").find("f.csv:1:3: the heading names the column 'a' twice"), std::string::npos);
    EXPECT_NE(failure_of("a,b\n1,\"\xc3\xa4\"\"\n\xff\"\n").find("f.csv:3:1: these bytes are not UTF-8"),
              std::string::npos);
    EXPECT_NE(failure_of("a,b\n\"\"\"\xff\",2\n").find("f.csv:2:4: "), std::string::npos);
    csv_form small;
    small.row_bytes_max = 5;
    EXPECT_NE(failure_of("a,b\n123,456\n", small).find("a row longer than 5 bytes"), std::string::npos);
}

// Any table of any strings comes back from what the writer wrote.
TEST(Csv, EveryTableComesBack) {
    coppice::testing::for_each_seed(300, [](random_source& random) {
        constexpr std::string_view alphabet = "a,;\"\n\r \t#\xc3\xa4";
        const auto text = [&] {
            std::string made;
            for (auto left = random.below(6); left > 0; --left) {
                const auto at = random.below(alphabet.size() - 1);
                made += at == alphabet.size() - 2 ? alphabet.substr(at) : alphabet.substr(at, 1);
            }
            return made;
        };
        csv_output form;
        form.delimiter = random.one_in(2) ? ',' : ';';
        form.crlf = random.one_in(2);
        const auto columns = 1 + random.below(4);
        for (std::uint64_t column = 0; column < columns; ++column) {
            form.columns.push_back(text() + std::to_string(column));
        }
        std::ostringstream out;
        auto writer = make_csv_writer(out, form);
        std::vector<row> rows;
        for (auto left = random.below(5); left > 0; --left) {
            document made;
            made.kind = value_kind::object;
            row cells;
            for (const auto& column : form.columns) {
                cells.push_back(text());
                made.members.push_back({column, {value_kind::string, cells.back()}});
            }
            rows.push_back(cells);
            ASSERT_TRUE(writer->write(made));
        }
        ASSERT_TRUE(writer->finish());
        csv_form read_form;
        read_form.delimiter = form.delimiter;
        const auto got = read_all(out.str(), read_form, 1 + random.below(5));
        ASSERT_TRUE(got.read) << got.read.error().context << '\n' << out.str();
        EXPECT_EQ(got.read->columns, form.columns);
        EXPECT_EQ(got.rows, rows) << out.str();
    });
}

}  // namespace
}  // namespace coppice::cli
