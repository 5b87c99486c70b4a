// Pages of the server's own name, of this machine and of the setting are let in, and no name that looks like one.
#include "server/origin.hpp"

#include <gtest/gtest.h>

namespace coppice::server {
namespace {

constexpr std::string_view here = "127.0.0.1:40112";
constexpr std::string_view elsewhere = "192.0.2.7:40112";

TEST(Origin, ProgramsHaveNone) { EXPECT_TRUE(is_allowed_origin("", "data.example", elsewhere, "")); }

TEST(Origin, TheHostIsItsOwn) {
    EXPECT_TRUE(is_allowed_origin("http://data.example:5000", "data.example:5000", elsewhere, ""));
    EXPECT_TRUE(is_allowed_origin("https://Data.example", "data.example", elsewhere, ""));
    EXPECT_FALSE(is_allowed_origin("http://data.example:80", "data.example:5000", elsewhere, ""));
    EXPECT_FALSE(is_allowed_origin("http://other.example", "data.example:5000", elsewhere, ""));
}

TEST(Origin, ANameThatLeadsHereIsNoPageOfThisMachine) {
    EXPECT_FALSE(is_allowed_origin("http://rebound.example:5000", "rebound.example:5000", here, ""));
    EXPECT_TRUE(is_allowed_origin("http://proxied.example", "proxied.example", here, "http://proxied.example"));
}

TEST(Origin, PagesOfThisMachineAreLetInOnThisMachine) {
    for (const auto page : {"http://localhost:3000", "http://127.0.0.1", "http://127.9.9.9:1", "https://[::1]:8080"}) {
        EXPECT_TRUE(is_allowed_origin(page, "h", here, "")) << page;
        EXPECT_TRUE(is_allowed_origin(page, "h", "[::1]:40112", "")) << page;
        EXPECT_TRUE(is_allowed_origin(page, "h", "[::ffff:127.0.0.1]:40112", "")) << page;
        EXPECT_FALSE(is_allowed_origin(page, "h", elsewhere, "")) << page;
    }
    for (const auto page : {"http://127.0.0.1.evil.example", "http://localhost.evil.example", "http://[::1.evil",
                            "http://127.evil", "http://evil.example/localhost", "null", "localhost", "://localhost."}) {
        EXPECT_FALSE(is_allowed_origin(page, "h", here, "")) << page;
    }
}

TEST(Origin, TheSettingNamesMore) {
    const auto with = [](std::string_view page, std::string_view allowed) {
        return is_allowed_origin(page, "h", elsewhere, allowed);
    };
    EXPECT_TRUE(with("https://a.example", "https://b.example  https://A.example"));
    EXPECT_FALSE(with("https://a.example:81", "https://a.example"));
    EXPECT_FALSE(with("http://a.example", "https://a.example"));
    EXPECT_TRUE(with("null", "*"));
    EXPECT_TRUE(with("null", "null"));
}

TEST(Origin, TheSettingIsLookedAt) {
    for (const auto good : {"", "*", "null", "https://a.example http://b:81"}) { EXPECT_EQ(origins_refuses(good), ""); }
    for (const auto bad : {"a.example", "https://", "://a", "https://a.example/", "https://a.example, http://b/"}) {
        EXPECT_NE(origins_refuses(bad), "") << bad;
    }
}

}  // namespace
}  // namespace coppice::server
