// Each allocation of the readers of documents fails once: they throw std::bad_alloc, and what they handed on before is
// what the file says.
#include <cli/documents/json_text.hpp>
#include <cli/documents/readers.hpp>

#include "support/failing_allocation.hpp"

#include <gtest/gtest.h>

namespace coppice::cli {
namespace {

constexpr std::string_view json =
    R"({"first": {"name": "a name that is longer than a short string", "tags": ["a", {"deep": [1, 2.50, null]}]},
        "second": [1, true, "\u00e4\ud83d\ude00", "x", {}], "third": "text", "first": 3, "fourth": 1e400})";
constexpr std::string_view lines = "{\"a\": 1}\n[1, \"two\"]\n\n\"three is a string of some length\"\n";
constexpr std::string_view csv =
    "name,a longer heading than others,third\r\n\"quoted, with \"\"quotes\"\"\",2,\"two\nlines\"\r\nshort,x\r\n";

using texts = std::vector<std::string>;

template <class Read>
void expect_same_with_each_allocation_failing(std::string_view text, std::size_t piece, Read read) {
    const auto read_all = [&](texts& seen) {
        memory_source source(text, piece, "f");
        return read(source, [&](const document& given) -> status {
            const testing::unfailing_section ours;
            seen.push_back((given.is_named ? given.name + '=' : "") + json_of(given));
            return {};
        });
    };
    texts expected;
    const auto whole = read_all(expected);
    ASSERT_TRUE(whole.has_value()) << whole.error().context;
    texts seen;
    testing::with_each_allocation_failing(
        [&] {
            const auto done = read_all(seen);
            ASSERT_TRUE(done.has_value()) << done.error().context;
        },
        [&](bool threw) {
            ASSERT_LE(seen.size(), expected.size());
            for (std::size_t i = 0; i < seen.size(); ++i) { ASSERT_EQ(seen[i], expected[i]); }
            if (!threw) { ASSERT_EQ(seen, expected); }
            seen.clear();
        });
}

TEST(DocumentsFault, AreReadOrNot) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{11}, std::size_t{SIZE_MAX}}) {
        expect_same_with_each_allocation_failing(
            json, piece, [](byte_source& from, document_sink sink) { return read_json(from, {}, sink); });
        expect_same_with_each_allocation_failing(
            lines, piece, [](byte_source& from, document_sink sink) { return read_ndjson(from, sink); });
        expect_same_with_each_allocation_failing(
            csv, piece, [](byte_source& from, document_sink sink) { return read_csv(from, {}, sink); });
    }
    std::cout << "  " << testing::failing_allocation::failed_in_all() << " allocations failed\n";
}

}  // namespace
}  // namespace coppice::cli
