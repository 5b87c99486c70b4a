#include <cli/documents/stored.hpp>

#include <cli/documents/json_text.hpp>

#include <gtest/gtest.h>

#include "support/seeds.hpp"

namespace coppice::cli {
namespace {

value text(std::string_view characters) { return {value_kind::string, std::string(characters)}; }

// What a person sees with redis-cli is what a person would have written.
TEST(Stored, LooksNatural) {
    auto digits = digits_are::unseen;
    EXPECT_EQ(stored(text("Paris"), digits), "Paris");
    EXPECT_EQ(stored({value_kind::boolean, "true"}, digits), "true");
    EXPECT_EQ(stored({value_kind::array, "[1]"}, digits), "[1]");
    EXPECT_EQ(stored(text("true"), digits), "\"true\"");
    EXPECT_EQ(stored(text("007"), digits), "007");  // no JSON number
    EXPECT_EQ(digits, digits_are::unseen);
    EXPECT_EQ(stored({value_kind::number, "12345"}, digits), "12345");
    EXPECT_EQ(stored(text("533"), digits), "\"533\"");

    auto codes = digits_are::unseen;
    EXPECT_EQ(stored(text("533"), codes), "533");
    EXPECT_EQ(stored({value_kind::number, "7"}, codes), " 7");
    EXPECT_EQ(stored({value_kind::null, "null"}, codes), "null");
}

// Whatever came before in a field, a value that was stored is loaded as it was. Digits may be decided between.
TEST(Stored, EveryValueComesBack) {
    const std::string alphabet = "0123.-e \"\\[]{}:,truefalsn\n\xc3\xa4";
    coppice::testing::for_each_seed(300, [&](random_source& random) {
        auto digits = digits_are::unseen;
        std::vector<std::pair<value, std::string>> history;
        for (int step = 0; step < 40; ++step) {
            value content;
            switch (random.below(8)) {
                case 0: content = {value_kind::number, std::to_string(random.below(50))}; break;
                case 1: content = {value_kind::null, "null"}; break;
                case 2: content = {value_kind::array, "[\"a b\",{}]"}; break;
                case 3: content = text(std::to_string(random.below(50))); break;
                case 4: content = text(json_string(std::to_string(random.below(50)))); break;
                case 5: content = text(' ' + std::to_string(random.below(50))); break;
                case 6: content = text("null"); break;
                default:
                    for (auto left = random.below(6); left > 0; --left) {
                        content.text += alphabet[random.below(alphabet.size() - 2)];
                    }
                    content.kind = value_kind::string;
            }
            history.emplace_back(content, stored(content, digits));
        }
        for (const auto& [content, bytes] : history) { EXPECT_EQ(loaded(bytes, digits), content) << bytes; }
    });
}

// A document may invent a name for each field: what is remembered is bounded, and nothing is lost.
TEST(Stored, FieldsWithoutEndAreStillTold) {
    value_typing typing;
    for (int field = 0; field < 6000; ++field) {
        const auto name = "f" + std::to_string(field);
        const auto code = text("12");
        const auto bytes = stored(code, typing.of_field(name));
        EXPECT_EQ(loaded(bytes, std::as_const(typing).of_field(name)), code);
        const value number{value_kind::number, "3"};
        EXPECT_EQ(loaded(stored(number, typing.of_field(name)), std::as_const(typing).of_field(name)), number);
    }
    EXPECT_LE(typing.fields_that_are(digits_are::text).size(), 4096);
}

}  // namespace
}  // namespace coppice::cli
