#include <cli/output.hpp>

#include <sstream>

#include <cli/progress.hpp>
#include <cli/reply_view.hpp>
#include <cli/verb.hpp>

#include <gtest/gtest.h>

namespace coppice::cli {
namespace {

TEST(Output, SaysSizesAndTimesInWords) {
    EXPECT_EQ(human_bytes(999), "999 bytes");
    EXPECT_EQ(human_bytes(1000), "1.0 KB");
    EXPECT_EQ(human_bytes(999'949), "999.9 KB");
    EXPECT_EQ(human_bytes(999'950), "1.0 MB");
    EXPECT_EQ(human_bytes(~std::uint64_t{0}), "18446.7 PB");
    EXPECT_EQ(human_count(1234567), "1,234,567");
    EXPECT_EQ(counted(1, "key"), "1 key");
    EXPECT_EQ(human_seconds(200), "3 m 20 s");
    EXPECT_EQ(human_time(1'795'255'200'000'000), "2026-11-21 10:00:00 UTC");
    EXPECT_EQ(human_time(-1), "1969-12-31 23:59:59 UTC");
}

TEST(Output, AlignsWhatTerminalsShow) {
    std::ostringstream out;
    std::ostringstream err;
    output shown({out, err});
    shown.table({{"NAME"}, {"N", align::right}, {"END"}},
                {{{"a"}, {"1"}, {"x"}}, {{"日本"}, {"100"}, {"y\x1b[0m"}}, {{"e\xcc\x81"}, {"22"}, {""}}});
    EXPECT_EQ(out.str(),
              "NAME    N  END\n"
              "a       1  x\n"
              "日本  100  y\\x1b[0m\n"
              "e\xcc\x81      22\n");
}

TEST(Output, ColoursOnlyTerminalsThatWantThem) {
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(output({out, err, false, true, true, true}).painted(style::good, "x"), "\x1b[32mx\x1b[0m");
    EXPECT_EQ(output({out, err, false, false, true, true}).painted(style::good, "x"), "x");
    EXPECT_EQ(output({out, err, false, true, true, false}).painted(style::good, "x"), "x");
}

TEST(Output, JsonIsJsonWhateverTheBytes) {
    const auto reply = make_map({{"text", make_text("a\"\n\xc3\xa4")},
                                 {"bytes", make_text("\xff\x01\x02")},
                                 {"none", {}},
                                 {"list", make_list({make_number(-1), make_truth(true)})}});
    EXPECT_EQ(json_of_reply(reply),
              "{\"text\":\"a\\\"\\n\xc3\xa4\",\"bytes\":{\"base64\":\"/wEC\"},\"none\":null,\"list\":[-1,true]}");
    EXPECT_EQ(json_of_reply(make_text("\xff")), R"({"base64":"/w=="})");
    EXPECT_EQ(json_of_reply(make_text("\xff\xfe")), R"({"base64":"//4="})");
    auto map = make_map({{"x", make_number(1)}});
    map.items[0] = make_number(7);
    EXPECT_EQ(json_of_reply(map), "[[7,1]]");
}

TEST(Output, ShowsRepliesToPeople) {
    EXPECT_EQ(text_of_reply(make_text("plain"), true), "plain");
    EXPECT_EQ(text_of_reply({}, true), "(nothing)");
    EXPECT_EQ(text_of_reply(make_list({make_text("a"), make_list({make_number(1), make_text("b")})}), false),
              "1) \"a\"\n2) 1) 1\n   2) \"b\"");
    EXPECT_EQ(text_of_reply(make_map({{"k", make_text("v")}, {"l", make_list({make_text("x")})}}), false),
              "k: \"v\"\nl: \n  1) \"x\"");
}

TEST(Progress, IsALineOfPartsAndRates) {
    EXPECT_EQ(progress_line("importing", "document", 50, 200, 7, 0.5),
              "importing [#####               ]  25 %  7 documents");
    EXPECT_EQ(progress_line("importing", "document", 50, 200, 80, 10),
              "importing [#####               ]  25 %  80 documents  8/s  30.0 s left");
    EXPECT_EQ(progress_line("importing", "key", 50, std::nullopt, 1, 0), "importing  1 key");
    std::ostringstream err;
    {
        progress hidden(err, false, "importing", "document");
        hidden.at(1, 2, 1);
    }
    EXPECT_EQ(err.str(), "");
    {
        progress shown(err, true, "importing", "document");
        shown.at(1, 2, 1);
        shown.at(2, 2, 2);
    }
    EXPECT_NE(err.str().find("50 %"), std::string::npos);
    EXPECT_EQ(err.str().find("100 %"), std::string::npos);  // not redrawn so soon
    EXPECT_TRUE(err.str().ends_with("\r\x1b[K"));
}

TEST(Location, ReadsFoldersAndUrls) {
    const auto folder = *parse_location("./data");
    EXPECT_EQ(folder.is, store_location::kind::folder);
    EXPECT_EQ(folder.folder, "./data");
    const auto full = *parse_location("coppice://al%40ice:p%3Aw@host.example:5001/exp%2F1");
    EXPECT_EQ(full.user, "al@ice");
    EXPECT_EQ(full.password, "p:w");
    EXPECT_EQ(full.label(), "host.example:5001");
    EXPECT_EQ(full.branch, "exp/1");
    EXPECT_EQ(parse_location("coppice://")->label(), "127.0.0.1:5000");
    EXPECT_EQ(parse_location("coppice://:6000")->label(), "127.0.0.1:6000");
    EXPECT_EQ(parse_location("coppice://[::1]:6000/x")->label(), "[::1]:6000");
    const auto redis = *parse_location("redis://:secret@h/3");
    EXPECT_EQ(redis.port, 6379);
    EXPECT_EQ(redis.password, "secret");
    EXPECT_EQ(redis.key_space, 3u);
    for (const auto* bad : {"", "http://x", "coppice://h:0", "coppice://h:99999", "coppice://h:x", "redis://h/16",
                            "redis://h/x", "coppice://[::1", "coppices://h", "coppice://%zz@h"}) {
        EXPECT_FALSE(parse_location(bad)) << bad;
    }
}

}  // namespace
}  // namespace coppice::cli
