#include <cli/documents/json_text.hpp>
#include <cli/documents/readers.hpp>

#include <gtest/gtest.h>

namespace coppice::cli {
namespace {

struct seen {
    std::vector<std::string> documents;  // name=json, or json
    result<read_summary> read{read_summary{}};
};

std::string as_text(const document& given) { return (given.is_named ? given.name + '=' : "") + json_of(given); }

seen read_all(std::string_view text, std::string_view path = "", std::size_t piece = SIZE_MAX) {
    seen got;
    memory_source source(text, piece, "f.json");
    const auto sink = [&](const document& given) -> status {
        got.documents.push_back(as_text(given));
        return {};
    };
    got.read = read_json(source, *parse_path(path), sink);
    return got;
}

std::string failure_of(std::string_view text, std::string_view path = "") {
    const auto got = read_all(text, path);
    return got.read ? "read" : got.read.error().context;
}

seen read_lines(std::string_view text, std::size_t piece = SIZE_MAX) {
    seen got;
    memory_source source(text, piece, "f.ndjson");
    const auto sink = [&](const document& given) -> status {
        got.documents.push_back(as_text(given));
        return {};
    };
    got.read = read_ndjson(source, sink);
    return got;
}

using texts = std::vector<std::string>;

// The entries of the top array or object, taken apart one level, whatever the pieces the file comes in.
TEST(JsonReader, HandsOutTheEntriesOfTheTop) {
    constexpr std::string_view array =
        R"( [ {"b": 1, "a": [1, {"x": null}]}, [1, "two", {"k":[ ]}], "s", 12, null, {}, [] ] )";
    const texts expected = {
        R"({"b":1,"a":[1,{"x":null}]})", R"([1,"two",{"k":[]}])", R"("s")", "12", "null", "{}", "[]"};
    for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, SIZE_MAX}) {
        EXPECT_EQ(read_all(array, "", piece).documents, expected);
    }
    const auto object = read_all(R"({"x": {"a": true}, "": 2, "y z": "w"})");
    EXPECT_EQ(object.documents, (texts{R"(x={"a":true})", "=2", R"(y z="w")"}));
    EXPECT_EQ(object.read->shape, value_kind::object);
    EXPECT_EQ(object.read->documents, 3);
    EXPECT_EQ(read_all("[]").documents, texts{});
    EXPECT_EQ(read_all("\xef\xbb\xbf[1]").documents, texts{"1"});
}

TEST(JsonReader, FindsWhatAPathNames) {
    constexpr std::string_view text =
        R"({"a": {"x": [9], "b.c": [{"d": [1, 2]}, {"d": {"e": 5}}]}, "d": [3], "z/~": [4]})";
    EXPECT_EQ(read_all(text, "a.x").documents, texts{"9"});
    EXPECT_EQ(read_all(text, "d").documents, texts{"3"});
    EXPECT_EQ(read_all(text, "/a/b.c/0/d").documents, (texts{"1", "2"}));
    EXPECT_EQ(read_all(text, "/a/b.c/1/d").documents, texts{"e=5"});
    EXPECT_EQ(read_all(text, "/z~1~0").documents, texts{"4"});
    EXPECT_EQ(read_all(R"([[1], [2, 3]])", "1").documents, (texts{"2", "3"}));
    EXPECT_EQ(failure_of(text, "a.d"), "f.json has nothing under --path");
    EXPECT_EQ(failure_of(text, "/z~1~0/0"),
              "f.json:1:79: --path names a number, not an array or an object of documents");
    EXPECT_FALSE(parse_path("a..b"));
    EXPECT_FALSE(parse_path("/a~2"));
}

// Digits are data: a number is never turned into another spelling.
TEST(JsonReader, KeepsNumbersAsWritten) {
    const texts numbers = {"1.10",
                           "-0",
                           "-0.0",
                           "1E5",
                           "1e400",
                           "12345678901234567890123",
                           "-9223372036854775809",
                           "0.1e-7",
                           "18446744073709551615",
                           "-1"};
    std::string text = "[{\"n\":[";
    std::string flat = "[";
    for (const auto& number : numbers) {
        text += (text.back() == '[' ? "" : ",") + number;
        flat += (flat.back() == '[' ? "" : ", ") + number;
    }
    EXPECT_EQ(read_all(flat + "]").documents, numbers);
    EXPECT_EQ(read_all(text + "]}]").documents, texts{text.substr(1) + "]}"});
}

// Of members with one name the last stays, at every depth, and each lost one is counted.
TEST(JsonReader, KeepsTheLastOfMembersThatOccurTwice) {
    const auto got =
        read_all("[{\"a\": 1, \"b\": 2,\n \"a\": 3}, {\"n\": {\"a\": 1, \"a\": [2], \"b\": 3, \"b\": 4, \"a\": 5}}]");
    EXPECT_EQ(got.documents, (texts{R"({"a":3,"b":2})", R"({"n":{"b":4,"a":5}})"}));
    EXPECT_EQ(got.read->duplicate_members, 4);
    EXPECT_EQ(got.read->duplicate_example, "f.json:2:4: a");
}

TEST(JsonReader, SaysWhereAndWhy) {
    EXPECT_TRUE(failure_of("[1,\n  2,\n  tru]").starts_with("f.json:3:6: this is not JSON: syntax error"));
    EXPECT_NE(failure_of("[\"\xc3\xa4\xff\"]").find("f.json:1:4: this is not JSON"), std::string::npos);
    EXPECT_NE(failure_of("[\"\\ud800\"]").find("f.json:1:"), std::string::npos);
    EXPECT_NE(failure_of("[1] x").find("f.json:1:5: "), std::string::npos);
    EXPECT_NE(failure_of("").find("unexpected end of input"), std::string::npos);
    EXPECT_EQ(failure_of("7"), "f.json:1:1: the file holds a number, not an array or an object of documents");
    EXPECT_EQ(failure_of(R"({"a":[1],"a":[2]})", "a"), "f.json:1:14: what --path names occurs twice");
    const std::string deep(limits::document_nesting + 1, '[');
    EXPECT_NE(failure_of(deep).find("nested more than 128 levels deep, which is a fixed limit: "), std::string::npos);
    const std::string fits = std::string(limits::document_nesting, '[') + std::string(limits::document_nesting, ']');
    EXPECT_EQ(failure_of(fits), "read");
    // What came before the error was delivered.
    EXPECT_EQ(read_all("[1, 2, oops]").documents, (texts{"1", "2"}));
}

TEST(JsonReader, StopsWhenTheSinkFails) {
    memory_source source("[1, 2, 3]");
    int count = 0;
    const auto sink = [&](const document&) -> status {
        return ++count == 2 ? status(error{errc::no_space, "full"}) : status();
    };
    const auto read = read_json(source, {}, sink);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error(), (error{errc::no_space, "full"}));
    EXPECT_EQ(count, 2);
}

TEST(NdjsonReader, ReadsAValueALine) {
    constexpr std::string_view text = "\xef\xbb\xbf{\"a\": 1}\n\n  [1, 2]\r\n\"x\"\n3";
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, SIZE_MAX}) {
        EXPECT_EQ(read_lines(text, piece).documents, (texts{R"({"a":1})", "[1,2]", R"("x")", "3"}));
    }
    const auto bad = read_lines("{}\n{\"a\": }\n");
    ASSERT_FALSE(bad.read);
    EXPECT_NE(bad.read.error().context.find("f.ndjson:2:7: this is not JSON"), std::string::npos)
        << bad.read.error().context;
    EXPECT_EQ(bad.documents, texts{"{}"});
    EXPECT_FALSE(read_lines("{} {}\n").read);
}

TEST(JsonText, TellsJsonFromText) {
    EXPECT_EQ(kind_of_json_text("[1]"), value_kind::array);
    EXPECT_EQ(kind_of_json_text("{\"a\":1}"), value_kind::object);
    EXPECT_EQ(kind_of_json_text("\"a\""), value_kind::string);
    EXPECT_EQ(kind_of_json_text("-1.5e+7"), value_kind::number);
    EXPECT_EQ(kind_of_json_text("null"), value_kind::null);
    for (const auto* text :
         {"", " 1", "1 ", "01", "+1", ".5", "1.", "1e", "-", "True", "[1", "[1]]", "\"", "\"a\" ", "{a}", "NaN"}) {
        EXPECT_EQ(kind_of_json_text(text), std::nullopt) << text;
    }
    EXPECT_EQ(compact_json("{ \"a b\" : [ 1 , \" \\\" \" ] }"), "{\"a b\":[1,\" \\\" \"]}");
    EXPECT_EQ(strings_of(json_of_strings({"a", "b\"\n", ""})), (std::vector<std::string>{"a", "b\"\n", ""}));
    EXPECT_EQ(strings_of("[1]"), std::nullopt);
}

}  // namespace
}  // namespace coppice::cli
