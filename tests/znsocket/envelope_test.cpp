// An envelope gives the JSON that was put into it, or says why not, and takes no memory for what it only announces.
#include "znsocket/envelope.hpp"

#include <support/seeds.hpp>
#include <znsocket/gzip.hpp>

#include <gtest/gtest.h>

namespace coppice::znsocket {
namespace {

using testing::enveloped;
using testing::gzipped;
using testing::length_word;

std::string json_of(const std::variant<std::string, failure>& opened) {
    const auto* const failed = std::get_if<failure>(&opened);
    return failed == nullptr ? std::get<std::string>(opened) : failed->type + ": " + failed->text;
}

std::string error(std::string_view why) {
    return "DeserializationError: Failed to deserialize message: " + std::string(why);
}

constexpr std::string_view bad_gzip = "not a gzip stream, or a damaged one";
constexpr std::string_view other_length = "Decompressed size mismatch";

TEST(Envelope, GivesWhatWasPutIn) {
    const std::string_view json = R"([["K","v"],{}])";
    EXPECT_EQ(json_of(open_envelope(std::string("\0", 1) + std::string(json))), json);
    EXPECT_EQ(json_of(open_envelope(json)), json);
    EXPECT_EQ(json_of(open_envelope(enveloped(json))), json);
    EXPECT_EQ(json_of(open_envelope(std::string("\0", 1))), "");
    EXPECT_EQ(json_of(open_envelope(enveloped(""))), "");
    const std::string large(3'000'000, 'x');
    EXPECT_EQ(json_of(open_envelope(enveloped(large))), large);
}

TEST(Envelope, TakesSeveralMembersAndZerosBehindThem) {
    const auto two = gzipped("[1") + std::string(3, '\0') + gzipped(",2]") + std::string(5, '\0');
    EXPECT_EQ(json_of(open_envelope("\x01" + length_word(5) + two)), "[1,2]");
}

TEST(Envelope, SaysWhatIsWrong) {
    EXPECT_EQ(json_of(open_envelope("")), error("Empty assembled message"));
    EXPECT_EQ(json_of(open_envelope("\x01")), error("Invalid compressed message format"));
    EXPECT_EQ(json_of(open_envelope("\x01zzz")), error("Invalid compressed message format"));
    EXPECT_EQ(json_of(open_envelope("\x01" + length_word(3))), error(bad_gzip));
    EXPECT_EQ(json_of(open_envelope("\x01" + length_word(3) + "not gzip")), error(bad_gzip));
    EXPECT_EQ(json_of(open_envelope("\x01" + length_word(3) + gzipped("abcd"))), error(other_length));
    EXPECT_EQ(json_of(open_envelope("\x01" + length_word(5) + gzipped("abcd"))), error(other_length));
    EXPECT_EQ(json_of(open_envelope("\x01" + length_word(4) + gzipped("abcd") + "rest")), error(bad_gzip));
    EXPECT_EQ(json_of(open_envelope("\x01" + length_word(101) + gzipped("abcd"), 100)),
              error("more than 100 bytes when decompressed"));
    EXPECT_EQ(json_of(open_envelope("\x01\xFF\xFF\xFF\xFF" + gzipped("abcd"))),
              error("more than 268435456 bytes when decompressed"));
}

// 100 MB of zeros in 100 KB: no more of them comes out than is announced.
TEST(Envelope, ABombDoesNotGoOff) {
    const auto bomb = gzipped(std::string(100'000'000, '0'));
    EXPECT_LT(bomb.size(), 200'000);
    EXPECT_EQ(json_of(open_envelope("\x01" + length_word(1000) + bomb)), error(other_length));
}

TEST(Envelope, ACutOrBrokenStreamIsAnError) {
    testing::for_each_seed(200, [](random_source& random) {
        auto envelope = enveloped(std::string(500, 'a') + "some other text");
        if (random.below(2) == 0) {
            envelope.resize(5 + random.below(envelope.size() - 5));
            EXPECT_EQ(json_of(open_envelope(envelope)), error(bad_gzip));
        } else {
            envelope[5 + random.below(envelope.size() - 5)] ^= static_cast<char>(1 + random.below(255));
            static_cast<void>(open_envelope(envelope));  // a bit of the header may mean nothing
        }
    });
}

}  // namespace
}  // namespace coppice::znsocket
