// Both RESP parsers on any bytes: no crash, and the same result however the bytes are split.
//
// The first byte says how long the pieces are; the second, whose limits hold.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/assert.hpp>

#include "wire/resp_reply.hpp"
#include "wire/resp_request.hpp"
#include "wire/sniff.hpp"

namespace {

using namespace coppice::wire;

struct heard {
    std::vector<std::vector<std::string>> requests;
    std::vector<reply_value> replies;
    std::string error;
};

heard requests_in(std::string_view input, std::size_t piece, const request_limits& allowed) {
    heard got;
    resp_request_parser parser;
    std::string rest;
    while (!input.empty() && got.error.empty()) {
        const auto taken = input.substr(0, piece);
        input.remove_prefix(taken.size());
        std::string bytes = std::move(rest) + std::string(taken);  // moved each time: a kept view would show
        bytes.shrink_to_fit();
        const std::string_view view = bytes;
        request_batch batch;
        std::size_t at = 0;
        auto outcome = parse_outcome::whole;
        while ((outcome = parser.next(view.substr(at), allowed, batch, at)) == parse_outcome::whole) {
            at += parser.consumed();
        }
        if (outcome == parse_outcome::failed) { got.error = parser.error(); }
        for (const auto& one : batch.requests()) { got.requests.emplace_back(one.begin(), one.end()); }
        rest = view.substr(at);
    }
    return got;
}

heard replies_in(std::string_view input, std::size_t piece) {
    heard got;
    resp_reply_parser parser;
    while (!input.empty()) {
        const std::string bytes(input.substr(0, piece));
        input.remove_prefix(bytes.size());
        for (std::string_view rest = bytes; !rest.empty();) {
            const auto outcome = parser.feed(rest);
            if (outcome == reply_outcome::reply) { got.replies.push_back(parser.take()); }
            if (outcome == reply_outcome::failed) {
                got.error = parser.error();
                return got;
            }
        }
    }
    return got;
}

// Equality of replies, but for the doubles: a nan is not equal to itself, and their digits are compared.
bool same(const std::vector<reply_value>& a, const std::vector<reply_value>& b) {
    if (a.size() != b.size()) { return false; }
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i].kind != b[i].kind || a[i].number != b[i].number || a[i].text != b[i].text || a[i].format != b[i].format
            || !same(a[i].items, b[i].items) || !same(a[i].attributes, b[i].attributes)) {
            return false;
        }
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) { return 0; }
    const std::size_t piece = 1 + data[0];
    const auto allowed = data[1] % 2 == 0 ? request_limits{} : limits_before_login();
    const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
    static_cast<void>(sniff(input));

    const auto whole = requests_in(input, input.size() + 1, allowed);
    const auto pieces = requests_in(input, piece, allowed);
    COPPICE_CHECK(whole.requests == pieces.requests);
    COPPICE_CHECK(whole.error == pieces.error);

    const auto replies = replies_in(input, input.size() + 1);
    const auto replies_in_pieces = replies_in(input, piece);
    COPPICE_CHECK(same(replies.replies, replies_in_pieces.replies));
    COPPICE_CHECK(replies.error == replies_in_pieces.error);
    return 0;
}
