// What peers send is read as it was meant, what we write every parser takes, and no bytes do harm.
#include "znsocket/value.hpp"

#include <fmt/format.h>
#include <support/seeds.hpp>

#include <gtest/gtest.h>

#include "znsocket/python_text.hpp"

namespace coppice::znsocket {
namespace {

value read(std::string_view text) {
    auto got = read_json(text);
    EXPECT_TRUE(got) << text << ": " << (got ? "" : got.error().message());
    return got ? std::move(*got) : value{};
}

std::string refusal(std::string_view text, json_limits allowed = {}) {
    const auto got = read_json(text, allowed);
    return got ? "read" : got.error().message();
}

std::string written(const value& given) {
    std::string out;
    append_json(out, given);
    return out;
}

std::string written_text(std::string_view bytes) {
    std::string out;
    append_json_text(out, bytes);
    return out;
}

TEST(Value, KeepsTheDigitsOfNumbers) {
    for (const std::string digits : {"0", "-0", "12345678901234567890123", "-9223372036854775809"}) {
        EXPECT_TRUE(read(digits).is(value_kind::integer)) << digits;
        EXPECT_EQ(written(read(digits)), digits);
    }
    for (const std::string digits : {"1.50", "1e5", "-2E-400", "0.1e+7"}) {
        EXPECT_TRUE(read(digits).is(value_kind::real)) << digits;
        EXPECT_EQ(written(read(digits)), digits);
    }
}

TEST(Value, ReadsNanAndInfinityAndNeverWritesThem) {
    for (const std::string digits : {"NaN", "Infinity", "-Infinity"}) {
        EXPECT_TRUE(read(digits).is(value_kind::real));
        EXPECT_EQ(read(digits).text, digits);
        EXPECT_EQ(written(read(fmt::format("[{}]", digits))), "[null]");
    }
    EXPECT_EQ(refusal("Inf"), "invalid: JSON at byte 0: Invalid value.");
    EXPECT_EQ(written(read("\"NaN\"")), "\"NaN\"");
}

TEST(Value, ObjectsKeepTheirOrderAndTheLastOfTwoNamesCounts) {
    const auto object = read(R"({"b":1,"a":[true,null],"b":"\u00e9"})");
    EXPECT_EQ(written(object), "{\"b\":1,\"a\":[true,null],\"b\":\"\xC3\xA9\"}");
    EXPECT_EQ(object.find("b")->text, "\xC3\xA9");
    EXPECT_EQ(object.find("c"), nullptr);
    EXPECT_EQ(read("[]").find("b"), nullptr);
}

TEST(Value, KnowsPlaceholders) {
    EXPECT_EQ(read(R"({"_placeholder":true,"num":3})").placeholder(), 3);
    for (const auto* const other :
         {R"({"_placeholder":false,"num":3})", R"({"_placeholder":true})", R"({"num":3})", "3",
          R"({"_placeholder":true,"num":-1})", R"({"_placeholder":true,"num":1.5})",
          R"({"_placeholder":true,"num":99999999999999999999})", R"({"_placeholder":true,"num":"3"})"}) {
        EXPECT_FALSE(read(other).placeholder()) << other;
    }
}

TEST(Value, SaysWhereAndWhatIsWrong) {
    EXPECT_EQ(refusal(""), "invalid: JSON at byte 0: The document is empty.");
    EXPECT_EQ(refusal("[1,2"), "invalid: JSON at byte 4: Missing a comma or ']' after an array element.");
    EXPECT_EQ(refusal("[1] 2"), "invalid: JSON at byte 4: The document root must not be followed by other values.");
    EXPECT_EQ(refusal(std::string_view("1\0 2", 4)), "invalid: JSON at byte 1: a zero byte");
    EXPECT_EQ(refusal("\"a\x80\""), "invalid: JSON at byte 2: Invalid encoding in string.");
    EXPECT_EQ(refusal(R"("\ud800")"), "invalid: JSON at byte 1: The surrogate pair in string is invalid.");
    EXPECT_EQ(refusal("01").substr(0, 7), "invalid");
    EXPECT_EQ(refusal("1e400"), "invalid: JSON at byte 0: Number too big to be stored in double.");
}

TEST(Value, DepthAndNumberOfValuesHaveLimits) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_EQ(written(read(nested(128))), nested(128));
    EXPECT_EQ(refusal(nested(129)), "limit: JSON at byte 128: nested deeper than 128");
    EXPECT_EQ(refusal(std::string(1'000'000, '[')), "limit: JSON at byte 128: nested deeper than 128");
    std::string objects;
    for (int depth = 0; depth < 100'000; ++depth) { objects += R"({"a":)"; }
    EXPECT_EQ(refusal(objects).substr(0, 5), "limit");
    EXPECT_EQ(refusal("[1,2,3]", {.values = 4}), "read");
    EXPECT_EQ(refusal("[1,2,3,4]", {.values = 4}), "limit: JSON at byte 7: more than 4 values");
}

TEST(Value, WritesTextsThatEveryParserTakes) {
    EXPECT_EQ(written_text("a\"b\\c\n\t\r\b\f\x01\x1F/"), R"("a\"b\\c\n\t\r\b\f\u0001\u001f/")");
    EXPECT_EQ(written_text(std::string_view("\0", 1)), R"("\u0000")");
    EXPECT_EQ(written_text("\xF0\x9F\x98\x80"), "\"\xF0\x9F\x98\x80\"");
}

// As Python's errors="replace" does: one U+FFFD for each longest start of a sequence.
TEST(Value, BytesThatAreNotUtf8AreReplaced) {
    const std::string bad = "\xEF\xBF\xBD";
    const std::pair<std::string, std::string> cases[] = {
        {"\x80", bad},
        {"a\xC3", "a" + bad},
        {"\xC3(", bad + "("},
        {"\xE2\x82", bad},
        {"\xE2\x82z", bad + "z"},
        {"\xC0\xAF", bad + bad},
        {"\xED\xA0\x80", bad + bad + bad},            // a surrogate
        {"\xF4\x90\x80\x80", bad + bad + bad + bad},  // above U+10FFFF
        {"\xF0\x9F\x98", bad},
        {"\xFF\xFE", bad + bad},
    };
    for (const auto& [bytes, text] : cases) { EXPECT_EQ(written_text(bytes), '"' + text + '"'); }
}

TEST(Value, ATextInPartsIsTheTextWhereverItIsSplit) {
    testing::for_each_seed(200, [](random_source& random) {
        static constexpr std::string_view pieces[] = {
            "a",    "\"",       "\n",       "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
            "\xC3", "\xE2\x82", "\xF0\x9F", "\x80",     "\xED\xA0"};
        std::string bytes;
        for (int i = 0; i < 12; ++i) { bytes += pieces[random.below(std::size(pieces))]; }
        std::string out = "\"";
        json_text_writer writer(out);
        for (std::string_view rest = bytes; !rest.empty();) {
            const auto part = rest.substr(0, 1 + random.below(3));
            writer.add(part);
            rest.remove_prefix(part.size());
        }
        writer.end();
        EXPECT_EQ(out + '"', written_text(bytes));
    });
}

value random_value(random_source& random, int depth) {
    static constexpr std::string_view numbers[] = {"0", "-12", "123456789012345678901234567890", "1.25", "-1e-7"};
    const auto kind = random.below(depth > 0 ? 7 : 5);
    const auto text = [&] {
        std::string bytes;
        for (auto left = random.below(6); left > 0; --left) { bytes += static_cast<char>(random.below(128)); }
        return bytes + "\xE2\x82\xAC";
    };
    switch (kind) {
        case 0: return {};
        case 1: return {.kind = value_kind::boolean, .truth = random.below(2) == 1};
        case 2: return {.kind = value_kind::integer, .text = std::string(numbers[random.below(3)])};
        case 3: return {.kind = value_kind::real, .text = std::string(numbers[3 + random.below(2)])};
        case 4: return {.kind = value_kind::text, .text = text()};
        default: break;
    }
    value all{.kind = kind == 5 ? value_kind::array : value_kind::object};
    for (auto left = random.below(5); left > 0; --left) {
        if (kind == 6) { all.items.push_back({.kind = value_kind::text, .text = text()}); }
        all.items.push_back(random_value(random, depth - 1));
    }
    return all;
}

TEST(Value, RandomDocumentsComeBackTheSame) {
    testing::for_each_seed(300, [](random_source& random) {
        const auto document = random_value(random, 6);
        EXPECT_EQ(read(written(document)), document);
    });
}

TEST(Value, RandomBytesAreReadOrRefused) {
    testing::for_each_seed(300, [](random_source& random) {
        static constexpr std::string_view pieces[] = {"[",   "]",    "{",   "}", ",",    ":",   "\"a\"",
                                                      "\"",  "\\u",  "1",   "-", "e",    ".",   "NaN",
                                                      "Inf", "true", "nul", " ", "\xC3", "\x01"};
        std::string text;
        for (auto left = random.below(12); left > 0; --left) { text += pieces[random.below(std::size(pieces))]; }
        if (const auto got = read_json(text)) { EXPECT_EQ(read(written(*got)).kind, read(written(*got)).kind); }
    });
}

TEST(Value, FloatsAreThoseOfPython) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"1.0", "1.0"},
        {"1e5", "100000.0"},
        {"0.1", "0.1"},
        {"1.50", "1.5"},
        {"1e16", "1e+16"},
        {"1e15", "1000000000000000.0"},
        {"0.0001", "0.0001"},
        {"0.00001", "1e-05"},
        {"1.5e300", "1.5e+300"},
        {"-0.0", "-0.0"},
        {"5e-324", "5e-324"},
        {"1E-400", "0.0"},
        {"NaN", "nan"},
        {"Infinity", "inf"},
        {"-Infinity", "-inf"},
        {"0.1000000000000000055511151231257827", "0.1"},
        {"123456.789e3", "123456789.0"},
    };
    for (const auto& [digits, text] : cases) { EXPECT_EQ(python_float(digits), text) << digits; }
    EXPECT_EQ(python_int("-0"), "0");
    EXPECT_EQ(python_int("-10"), "-10");
}

TEST(Value, TruthIsThatOfPython) {
    for (const auto* const text : {"null", "false", "0", "-0.0", "0e7", "1e-400", "\"\"", "[]", "{}"}) {
        EXPECT_FALSE(is_truthy(read(text))) << text;
    }
    for (const auto* const text : {"true", "1", "-0.5", "NaN", "\"0\"", "[0]", R"({"":0})"}) {
        EXPECT_TRUE(is_truthy(read(text))) << text;
    }
}

}  // namespace
}  // namespace coppice::znsocket
