// Each allocation of the protocol's codecs fails once: they throw std::bad_alloc, what was written stays, and the same
// bytes can be read from their beginning again.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/failing_allocation.hpp"
#include "wire/resp_reply.hpp"
#include "wire/resp_request.hpp"
#include "wire/resp_writer.hpp"

namespace coppice::wire {
namespace {

using testing::failing_allocation;
using testing::with_each_allocation_failing;

std::string requests_of_every_form() {
    std::string bytes;
    std::vector<std::string> words;
    for (int i = 0; i < 40; ++i) { words.push_back("word " + std::string(static_cast<std::size_t>(i), 'w')); }
    append_request(bytes, std::vector<std::string_view>(words.begin(), words.end()));
    bytes += "set \"a quoted key that is longer than others\" 'it\\'s'\r\n\r\nPING\n";
    append_request(bytes, std::vector<std::string_view>{"GET", "key"});
    return bytes;
}

// Everything that is whole in `bytes`, as a connection reads it: first a piece, then all.
std::vector<std::vector<std::string_view>> read_requests(resp_request_parser& parser, request_batch& batch,
                                                         std::string_view bytes, std::size_t piece) {
    std::size_t at = 0;
    for (const std::string_view seen : {bytes.substr(0, piece), bytes}) {
        while (at < seen.size() && parser.next(seen.substr(at), {}, batch, at) == parse_outcome::whole) {
            at += parser.consumed();
        }
    }
    std::vector<std::vector<std::string_view>> all;
    const testing::unfailing_section ours;
    for (const request& each : batch.requests()) { all.emplace_back(each.begin(), each.end()); }
    return all;
}

TEST(WireFault, RequestsAreReadAgain) {
    const std::string bytes = requests_of_every_form();
    for (const std::size_t piece : {std::size_t{0}, std::size_t{100}, bytes.size() / 2, bytes.size() - 3}) {
        resp_request_parser fresh;
        request_batch room;
        const auto expected = read_requests(fresh, room, bytes, piece);
        ASSERT_EQ(expected.size(), 4U);
        resp_request_parser parser;
        with_each_allocation_failing(
            [&] {
                request_batch batch;
                ASSERT_EQ(read_requests(parser, batch, bytes, piece), expected);
            },
            [&](bool threw) {
                if (threw) { parser.reset(); }
            });
    }
}

std::string replies_of_every_kind() {
    return "*3\r\n$5\r\nfirst\r\n%1\r\n+key\r\n~2\r\n:1\r\n,2.5\r\n*2\r\n_\r\n#t\r\n|1\r\n+about\r\n+it\r\n=15\r\ntxt:"
           "some text "
           "x\r\n(12345678901234567890\r\n-ERR an error that is longer than a short string\r\n"
           + ("$300\r\n" + std::string(300, 'b') + "\r\n");
}

TEST(WireFault, RepliesAreReadAgain) {
    const std::string bytes = replies_of_every_kind();
    const auto read = [&](std::size_t piece) {
        resp_reply_parser parser;
        std::vector<reply_value> all;
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            for (auto rest = std::string_view(bytes).substr(at, piece); !rest.empty();) {
                const auto outcome = parser.feed(rest);
                if (outcome == reply_outcome::reply) { all.push_back(parser.take()); }
                if (outcome == reply_outcome::failed) { return all; }
            }
        }
        return all;
    };
    const auto expected = read(bytes.size());
    ASSERT_EQ(expected.size(), 5U);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
        with_each_allocation_failing([&] { ASSERT_EQ(read(piece), expected); }, [](bool) {});
    }
}

TEST(WireFault, WhatWasWrittenStays) {
    const std::string long_text(3000, 't');
    const auto write = [&](resp_writer& to, unsigned which) {
        switch (which) {
            case 0: to.status("OK"); break;
            case 1: to.error(long_text); break;
            case 2: to.integer(-7); break;
            case 3: to.real(0.1); break;
            case 4: to.boolean(true); break;
            case 5: to.bulk(long_text); break;
            case 6: to.verbatim(long_text); break;
            case 7: to.big_number("123"); break;
            case 8: to.null(); break;
            case 9: to.map(3); break;
            case 10:
                to.begin_bulk(long_text.size());
                to.part(long_text);
                to.end_bulk();
                break;
            default: append_request(to.out(), std::vector<std::string_view>{"SET", "k", long_text}); break;
        }
    };
    for (const auto version : {resp_version::two, resp_version::three}) {
        for (unsigned which = 0; which <= 11; ++which) {
            for (const std::size_t before : {std::size_t{0}, std::size_t{510}}) {
                byte_buffer expected;
                resp_writer right(expected, version);
                expected.append(std::string(before, 'x'));
                write(right, which);
                with_each_allocation_failing(
                    [&] {
                        byte_buffer bytes;
                        {
                            const testing::unfailing_section ours;
                            bytes.append(std::string(before, 'x'));
                        }
                        resp_writer writer(bytes, version);
                        try {
                            write(writer, which);
                        } catch (const std::bad_alloc&) {
                            bytes.truncate(before);
                            ASSERT_EQ(bytes.view(), std::string(before, 'x'));
                            write(writer, which);  // when there is memory again
                        }
                        ASSERT_EQ(bytes.view(), expected.view()) << which;
                    },
                    [](bool threw) { ASSERT_FALSE(threw); });
            }
        }
    }
    EXPECT_GT(failing_allocation::failed_in_all(), 100U);
    std::cout << "  " << failing_allocation::failed_in_all() << " allocations failed\n";
}

}  // namespace
}  // namespace coppice::wire
