#include "wire/resp_writer.hpp"

#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include <coppice/base/random.hpp>

namespace coppice::wire {
namespace {

template <class Write>
std::string written(resp_version version, Write write) {
    byte_buffer out;
    resp_writer writer(out, version);
    write(writer);
    return std::string(out.view());
}

template <class Write>
void expect(std::string_view two, std::string_view three, Write write) {
    EXPECT_EQ(written(resp_version::two, write), two);
    EXPECT_EQ(written(resp_version::three, write), three);
}

TEST(RespWriter, EveryTypeInBothVersions) {
    using w = resp_writer;
    expect("+OK\r\n", "+OK\r\n", [](w& to) { to.status("OK"); });
    expect("-ERR a  b\r\n", "-ERR a  b\r\n", [](w& to) { to.error("ERR a\r\nb"); });
    expect(":-5\r\n", ":-5\r\n", [](w& to) { to.integer(-5); });
    expect("$3\r\n1.5\r\n", ",1.5\r\n", [](w& to) { to.real(1.5); });
    expect(":1\r\n", "#t\r\n", [](w& to) { to.boolean(true); });
    expect(":0\r\n", "#f\r\n", [](w& to) { to.boolean(false); });
    expect("$2\r\n\r\n\r\n", "$2\r\n\r\n\r\n", [](w& to) { to.bulk("\r\n"); });
    expect("$0\r\n\r\n", "$0\r\n\r\n", [](w& to) { to.bulk(""); });
    expect("$1\r\nx\r\n", "=5\r\ntxt:x\r\n", [](w& to) { to.verbatim("x"); });
    expect("$3\r\n123\r\n", "(123\r\n", [](w& to) { to.big_number("123"); });
    expect("$-1\r\n", "_\r\n", [](w& to) { to.null(); });
    expect("*-1\r\n", "_\r\n", [](w& to) { to.null_array(); });
    expect("*2\r\n", "*2\r\n", [](w& to) { to.array(2); });
    expect("*4\r\n", "%2\r\n", [](w& to) { to.map(2); });
    expect("*2\r\n", "~2\r\n", [](w& to) { to.set(2); });
    expect("*2\r\n", ">2\r\n", [](w& to) { to.push(2); });
    expect("$4\r\nabcd\r\n", "$4\r\nabcd\r\n", [](w& to) {
        to.begin_bulk(4);
        to.part("ab");
        to.part("cd");
        to.end_bulk();
    });
}

TEST(RespWriter, IntegersOfEveryLength) {
    const auto check = [](std::int64_t number) {
        EXPECT_EQ(written(resp_version::two, [&](auto& to) { to.integer(number); }),
                  ":" + std::to_string(number) + "\r\n");
    };
    std::uint64_t power = 1;
    for (int digits = 0; digits < 19; ++digits, power *= 10) {
        for (const auto near : {power - 1, power, power + 1}) {
            check(static_cast<std::int64_t>(near));
            check(-static_cast<std::int64_t>(near));
        }
    }
    check(std::numeric_limits<std::int64_t>::max());
    check(std::numeric_limits<std::int64_t>::min());
}

// Model: printf's %.17g, which is what Redis 7.0 prints.
TEST(RespWriter, DoublesAreThoseOfRedis) {
    const auto text = [](double number) {
        char digits[32];
        return std::string(digits, put_real(digits, number));
    };
    EXPECT_EQ(text(std::numeric_limits<double>::infinity()), "inf");
    EXPECT_EQ(text(-std::numeric_limits<double>::infinity()), "-inf");
    EXPECT_EQ(text(std::numeric_limits<double>::quiet_NaN()), "nan");
    const auto check = [&](double number) {
        char expected[64];
        std::snprintf(expected, sizeof expected, "%.17g", number);
        EXPECT_EQ(text(number), expected);
    };
    for (const double number : {0.0, -0.0, 1.0, -1.0, 0.1, 1.1, 3.0, 1e16, 1e17, 1e18, -1e16, 99999999999999999.0,
                                1e300, 5e-324, -1.7976931348623157e308, 1e-5, 123456.789}) {
        check(number);
    }
    random_source random(1);
    for (int i = 0; i < 10'000; ++i) {
        const auto number = std::bit_cast<double>(random());
        if (!std::isnan(number)) { check(number); }
        check(static_cast<double>(static_cast<std::int64_t>(random()) >> random.below(64)));
    }
    EXPECT_EQ(written(resp_version::three, [](auto& to) { to.real(-INFINITY); }), ",-inf\r\n");
    EXPECT_EQ(written(resp_version::two, [](auto& to) { to.real(1.1); }), "$18\r\n1.1000000000000001\r\n");
}

TEST(ByteBuffer, IsAStringThatGivesUpItsFront) {
    random_source random(7);
    byte_buffer subject;
    std::string model;
    for (int step = 0; step < 20'000; ++step) {
        switch (random.below(4)) {
            case 0:
            case 1: {
                const std::string more(random.below(300), static_cast<char>('a' + random.below(26)));
                subject.append(more);
                model += more;
                break;
            }
            case 2: {
                const auto gone = random.below(model.size() + 1);
                subject.drop_front(gone);
                model.erase(0, gone);
                break;
            }
            default:
                if (random.one_in(50)) {
                    subject.release();
                    model.clear();
                } else {
                    const auto kept = model.size() - random.below(model.size() / 8 + 1);
                    subject.truncate(kept);
                    model.resize(kept);
                }
        }
        ASSERT_EQ(subject.view(), model);
        ASSERT_LE(subject.size(), subject.capacity());
    }
}

}  // namespace
}  // namespace coppice::wire
