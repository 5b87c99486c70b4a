#include "server/settings.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <spdlog/logger.h>

#include "server/logging.hpp"

namespace coppice::server {
namespace {

using pairs = std::vector<settings::name_and_value>;

std::string refusal(const status& done) { return done ? "" : done.error().context; }

TEST(Settings, EveryDefaultIsAllowedAndShownOnce) {
    settings given;
    std::set<std::string_view> names;
    for (const auto& row : setting_table()) {
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        EXPECT_FALSE(row.summary.empty()) << row.name;
        EXPECT_TRUE(given.set(row.name, row.preset)) << row.name;
        EXPECT_EQ(find_setting(row.name), &row);
    }
    EXPECT_EQ(given.number(setting::port), 5000);
    EXPECT_EQ(given.number(setting::history_budget), 1'073'741'824);
    EXPECT_EQ(given.text(setting::appendfsync), "everysec");
    const auto page = settings_as_markdown();
    EXPECT_NE(page.find("| `timeout` | number, seconds | `0` | yes |"), std::string::npos) << page;
    EXPECT_EQ(static_cast<std::size_t>(std::count(page.begin(), page.end(), '\n')), setting_count + 2);
}

// The table ends the page; COPPICE_WRITE_DOCS=1 writes it again.
TEST(Settings, AreWhatTheDocumentationSays) {
    const std::string path = COPPICE_SETTINGS_PAGE;
    std::ifstream from(path);
    std::stringstream read;
    read << from.rdbuf();
    std::string page = read.str();
    const auto table = page.find("| setting |");
    ASSERT_NE(table, std::string::npos);
    if (std::getenv("COPPICE_WRITE_DOCS") != nullptr) {
        page = page.substr(0, table) + settings_as_markdown();
        std::ofstream(path) << page;
    }
    EXPECT_EQ(page.substr(table), settings_as_markdown())
        << "COPPICE_WRITE_DOCS=1 server_test writes " << path << " again";
}

TEST(Settings, MemorySizesAreThoseOfRedis) {
    const std::vector<std::pair<std::string_view, std::int64_t>> sizes{
        {"0", 0},
        {"7", 7},
        {"7b", 7},
        {"1k", 1000},
        {"1kb", 1024},
        {"3m", 3'000'000},
        {"1MB", 1'048'576},
        {"1Gb", 1 << 30},
        {"2g", 2'000'000'000},
        {"9223372036854775807", INT64_MAX},
    };
    for (const auto& [text, size] : sizes) { EXPECT_EQ(memory_size(text).value(), size) << text; }
    for (const auto* text :
         {"", "x", "1x", "1xb", "-1", "1.5gb", "gb", "1 gb", "9223372036854775808", "99999999999gb"}) {
        EXPECT_FALSE(memory_size(text)) << text;
    }
}

// The texts were taken from Redis 7.0.15.
TEST(Settings, ConfigSetRefusesInTheWordsOfRedis) {
    settings given;
    const auto set = [&](std::string_view name, std::string_view value) {
        return refusal(given.change(pairs{{name, value}}));
    };
    const auto failed = [](std::string name, std::string why) {
        return "CONFIG SET failed (possibly related to argument '" + name + "') - " + why;
    };
    EXPECT_EQ(set("foo", "bar"), "Unknown option or number of arguments for CONFIG SET - 'foo'");
    EXPECT_EQ(set("databases", "3"), failed("databases", "can't set immutable config"));
    EXPECT_EQ(set("maxclients", "abc"), failed("maxclients", "argument couldn't be parsed into an integer"));
    EXPECT_EQ(set("maxclients", "0"), failed("maxclients", "argument must be between 1 and 4294967295 inclusive"));
    EXPECT_EQ(set("timeout", "-1"), failed("timeout", "argument must be between 0 and 2147483647 inclusive"));
    EXPECT_EQ(set("timeout", ""), failed("timeout", "argument couldn't be parsed into an integer"));
    EXPECT_EQ(set("maxmemory", "1xb"), failed("maxmemory", "argument must be a memory value"));
    EXPECT_EQ(set("protected-mode", "maybe"), failed("protected-mode", "argument must be 'yes' or 'no'"));
    EXPECT_EQ(set("appendfsync", "foo"),
              failed("appendfsync", "argument(s) must be one of the following: everysec, always, no"));
    EXPECT_EQ(set("client-output-buffer-limit", "foo"),
              failed("client-output-buffer-limit", "Wrong number of arguments in buffer limit configuration."));
    EXPECT_EQ(refusal(given.change(pairs{{"maxclients", "10"}, {"MaxClients", "20"}})),
              failed("MaxClients", "duplicate parameter"));
}

TEST(Settings, AChangeIsAllOrNothing) {
    settings given;
    EXPECT_FALSE(given.change(pairs{{"timeout", "7"}, {"maxclients", "x"}}));
    EXPECT_EQ(given.number(setting::timeout), 0);
    given.on_change(setting::maxclients, [](const settings& now) -> status {
        if (now.number(setting::maxclients) > 100) { return error{errc::invalid, "no room for them"}; }
        return {};
    });
    EXPECT_EQ(refusal(given.change(pairs{{"timeout", "7"}, {"maxclients", "101"}})),
              "CONFIG SET failed (possibly related to argument 'maxclients') - no room for them");
    EXPECT_EQ(given.number(setting::timeout), 0);
    EXPECT_EQ(given.number(setting::maxclients), 10'000);
    EXPECT_TRUE(given.change(pairs{{"TIMEOUT", "7"}, {"maxclients", "100"}, {"maxmemory", "1gb"}}));
    EXPECT_EQ(given.number(setting::timeout), 7);
    const std::string_view patterns[] = {"max*", "[tT]imeout", "max?lients"};
    std::vector<std::pair<std::string_view, std::string>> expected{
        {"maxclients", "100"}, {"timeout", "7"}, {"maxmemory", "1073741824"}, {"maxmemory-policy", "noeviction"}};
    EXPECT_EQ(given.matching(patterns), expected);
}

TEST(Settings, AFileIsReadLineByLine) {
    const auto path =
        (std::filesystem::temp_directory_path() / ("coppice_settings_" + std::to_string(::getpid()))).string();
    const auto read = [&](std::string_view text) {
        std::ofstream(path) << text;
        settings given;
        auto done = given.read_file(path);
        return std::pair(refusal(done), given);
    };
    const auto [none, given] = read(
        "# a comment\n\n  port 6000\nbind 127.0.0.1 ::1\r\nrequirepass \"a b\\x41\"\nSAVE 900 1\nsave \"\"\nmaxmemory "
        "1gb\n");
    EXPECT_EQ(none, "");
    EXPECT_EQ(given.number(setting::port), 6000);
    EXPECT_EQ(given.text(setting::bind), "127.0.0.1 ::1");
    EXPECT_EQ(given.text(setting::requirepass), "a bA");
    EXPECT_EQ(given.text(setting::save), "");
    EXPECT_EQ(read("port 1\nport x\n").first, path + ":2: port: argument couldn't be parsed into an integer");
    EXPECT_EQ(read("daemonize yes\n").first, path + ":1: there is no setting 'daemonize'");
    EXPECT_EQ(read("requirepass \"a\n").first, path + ":1: quotes are not closed");
    EXPECT_EQ(read("port\n").first, path + ":1: port has no value");
    std::filesystem::remove(path);
    settings missing;
    EXPECT_FALSE(missing.read_file(path));
}

TEST(Logging, FollowsItsSettings) {
    const auto path = (std::filesystem::temp_directory_path() / ("coppice_log_" + std::to_string(::getpid()))).string();
    settings given;
    ASSERT_TRUE(given.set("logfile", path));
    auto logger = make_logger(given);
    ASSERT_TRUE(logger);
    (*logger)->debug("unseen");
    (*logger)->info("seen");
    ASSERT_TRUE(given.change(pairs{{"loglevel", "verbose"}}));
    (*logger)->debug("seen too");
    (*logger)->flush();
    std::ifstream file(path);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    EXPECT_EQ(text.find("unseen"), std::string::npos);
    EXPECT_NE(text.find("seen too"), std::string::npos);
    std::filesystem::remove(path);
    ASSERT_TRUE(given.set("logfile", "/proc/nowhere/log"));
    EXPECT_FALSE(make_logger(given));
}

}  // namespace
}  // namespace coppice::server
