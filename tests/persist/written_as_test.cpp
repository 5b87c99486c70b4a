// What elements are written as: others read it, and it comes back as it was.
#include <coppice/persist/written_as.hpp>
#include <coppice/text.hpp>

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace coppice {
namespace {

enum class colour : std::uint8_t { red = 1, blue = 200 };
struct pixel {
    std::uint16_t x;
    float shade;
    friend bool operator==(const pixel&, const pixel&) = default;
};

}  // namespace

template <>
struct written_as<pixel> : written_as_it_lies<pixel> {};

namespace {

template <class T>
std::string written(const T& value) {
    std::string out = ">";
    written_as<T>::write(value, out);
    EXPECT_EQ(out[0], '>') << "it appends";
    return out.substr(1);
}
template <class T>
void comes_back(const T& value) {
    const auto again = written_as<T>::read(written(value));
    ASSERT_TRUE(again.has_value()) << written(value);
    EXPECT_EQ(*again, value);
}

TEST(WrittenAs, NumbersAreDecimals) {
    EXPECT_EQ(written(42), "42");
    EXPECT_EQ(written(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
    EXPECT_EQ(written(0.1), "0.1");
    EXPECT_EQ(written(true), "1");
    EXPECT_EQ(written(colour::blue), "200");
    EXPECT_EQ(written(std::string("a\0b", 3)), std::string("a\0b", 3));
    EXPECT_EQ(written('x'), "x");
}

TEST(WrittenAs, WhatIsWrittenComesBack) {
    for (const double value : {0.0, -0.0, 1.0 / 3, 5e-324, 1.7976931348623157e308, -HUGE_VAL}) {
        comes_back(value);
        EXPECT_EQ(std::signbit(*written_as<double>::read(written(value))), std::signbit(value));
    }
    EXPECT_TRUE(std::isnan(*written_as<double>::read(written(std::nan("")))));
    EXPECT_TRUE(std::isnan(*written_as<double>::read(written(-std::nan("")))));
    comes_back(std::numeric_limits<float>::denorm_min());
    comes_back(std::numeric_limits<long double>::max());
    comes_back(std::numeric_limits<std::uint64_t>::max());
    comes_back(std::int8_t{-128});
    comes_back(false);
    comes_back('\0');
    comes_back(colour::red);
    comes_back(std::string());
    comes_back(text("grüße"));
    comes_back(pixel{7, 0.5F});
}

static_assert(can_be_written<long double> && can_be_written<std::int8_t> && can_be_written<bool>);
static_assert(!can_be_written<wchar_t> && !can_be_written<char32_t> && !can_be_written<int*>);

TEST(WrittenAs, OtherBytesAreNothing) {
    for (const std::string_view bytes : {"", "x", "1x", " 1", "1.5", "300", "-1", "+1"}) {
        EXPECT_FALSE(written_as<std::uint8_t>::read(bytes).has_value()) << bytes;
    }
    EXPECT_FALSE(written_as<double>::read("1,5").has_value());
    EXPECT_FALSE(written_as<bool>::read("2").has_value());
    EXPECT_FALSE(written_as<char>::read("ab").has_value());
    EXPECT_FALSE(written_as<text>::read("\xff").has_value());
    EXPECT_FALSE(written_as<pixel>::read("short").has_value());
}

}  // namespace
}  // namespace coppice
