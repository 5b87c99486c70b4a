// A client of Engine.IO is asked for a sign of life, and is gone when it gives none, whatever it comes over.
#include <gtest/gtest.h>

#include "server/running_host.hpp"

namespace coppice::server::testing {
namespace {

constexpr std::string_view opening = "GET /socket.io/?EIO=4&transport=polling";

struct polling {
    explicit polling(running_host& at) : host(at) {
        const auto opened = ask(std::string(opening));
        const auto begin = opened.find("\"sid\":\"");
        EXPECT_NE(begin, std::string::npos) << opened;
        sid = opened.substr(begin + 7, 20);
    }
    /// The answer to a request, whose connection it closes.
    std::string ask(const std::string& first_line, std::string_view body = {}) {
        test_client to(host.port);
        to.send(first_line + (sid.empty() ? "" : "&sid=" + sid)
                + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size())
                + "\r\n\r\n" + std::string(body));
        return to.receive_all(5s);
    }
    std::string get() { return ask(std::string(opening)); }
    std::string post(std::string_view body) { return ask("POST /socket.io/?EIO=4&transport=polling", body); }

    running_host& host;
    std::string sid{};
};

TEST(EngineSession, LivesAsLongAsPingsAreAnswered) {
    running_host host;
    polling one(host);
    for (int round = 0; round < 3; ++round) {
        host.clock.ahead = host.clock.ahead.load() + 26s;
        EXPECT_TRUE(one.get().ends_with("\r\n\r\n2"));
        EXPECT_TRUE(one.post("3").ends_with("OK"));
    }
}

TEST(EngineSession, IsGoneWhenAPingIsNotAnswered) {
    running_host host;
    polling one(host);
    host.clock.ahead = host.clock.ahead.load() + 26s;
    EXPECT_TRUE(one.get().ends_with("\r\n\r\n2"));
    host.clock.ahead = host.clock.ahead.load() + 21s;
    std::this_thread::sleep_for(1500ms);  // sessions are looked at once a second
    EXPECT_NE(one.get().find("Invalid session"), std::string::npos);
}

TEST(EngineSession, OneThatWasClosedByItsClientIsGone) {
    running_host host;
    polling one(host);
    EXPECT_TRUE(one.post("1").ends_with("OK"));
    EXPECT_NE(one.get().find("Invalid session"), std::string::npos);
}

TEST(EngineSession, IsFoundByItsIdAlone) {
    running_host host;
    polling one(host);
    polling other(host);
    EXPECT_NE(one.sid, other.sid);
    other.sid.back() = other.sid.back() == 'a' ? 'b' : 'a';
    EXPECT_NE(other.get().find("Invalid session"), std::string::npos);
}

}  // namespace
}  // namespace coppice::server::testing
