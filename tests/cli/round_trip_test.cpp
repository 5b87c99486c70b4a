// An export gives back the documents that were imported: real files, random ones, and what is awkward.
#include <filesystem>
#include <nlohmann/json.hpp>

#include <cli/documents/json_text.hpp>
#include <cli/documents/readers.hpp>

#include <gtest/gtest.h>

#include "cli/program_run.hpp"
#include "support/seeds.hpp"

namespace coppice::cli::testing {
namespace {

using json = nlohmann::ordered_json;
namespace fs = std::filesystem;

// Imports with the given options, exports, and returns what came out.
std::string there_and_back(program& run, std::vector<std::string> import_options,
                           std::vector<std::string> export_options) {
    const auto imported = run.run(import_options);
    EXPECT_EQ(imported.code, 0) << imported.err;
    const auto exported = run.run(export_options);
    EXPECT_EQ(exported.code, 0) << exported.err;
    return exported.out;
}

TEST(RoundTrip, IsoCodes) {
    const fs::path folder = "/usr/share/iso-codes/json";
    if (!fs::exists(folder)) { GTEST_SKIP() << "iso-codes is not installed"; }
    int files = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
        SCOPED_TRACE(entry.path().string());
        const auto wanted = json::parse(bytes_of(entry.path().string()));
        program by_name;
        EXPECT_EQ(json::parse(there_and_back(by_name, {"import", entry.path().string(), "x"}, {"export", "x"})),
                  wanted);
        const auto stem = entry.path().stem().string();
        if (!stem.starts_with("iso_")) { continue; }
        const auto list = stem.substr(4);
        program by_position;
        const auto out = there_and_back(by_position, {"import", entry.path().string(), "x", "--path", list},
                                        {"export", "x", "--path", list});
        EXPECT_EQ(json::parse(out), wanted);
        program lines;
        const auto ndjson = there_and_back(lines, {"import", entry.path().string(), "x", "--path", list},
                                           {"export", "x", "--format", "ndjson"});
        EXPECT_EQ(static_cast<std::size_t>(std::count(ndjson.begin(), ndjson.end(), '\n')), wanted[list].size());
        files += 1;
    }
    EXPECT_GE(files, 8);
}

// By a field's value, in the file's order, and as a person would look it up.
TEST(RoundTrip, CountriesByTheirCodes) {
    const std::string file = "/usr/share/iso-codes/json/iso_3166-1.json";
    if (!fs::exists(file)) { GTEST_SKIP() << "iso-codes is not installed"; }
    program run;
    const auto out = there_and_back(run, {"import", file, "countries", "--path", "3166-1", "--id", "alpha_2"},
                                    {"export", "countries"});
    EXPECT_EQ(json::parse(out), json::parse(bytes_of(file))["3166-1"]);
    const auto& france = run.store.keys.at("countries:FR");
    EXPECT_EQ(france.type, "hash");
    EXPECT_EQ(run.run({"get", "countries:FR", "numeric"}).out, "250\n");  // a string of digits, without quotes
}

TEST(RoundTrip, UnicodeData) {
    const std::string file = "/usr/share/unicode/UnicodeData.txt";
    if (!fs::exists(file)) { GTEST_SKIP() << "unicode-data is not installed"; }
    program run;
    std::string columns = "code";
    for (int column = 1; column < 15; ++column) { columns += ",c" + std::to_string(column); }
    const auto out = there_and_back(
        run, {"import", file, "chars", "--format", "csv", "--delimiter", ";", "--columns", columns, "--id", "code"},
        {"export", "chars"});
    EXPECT_EQ(out, bytes_of(file));
    EXPECT_EQ(run.run({"get", "chars:0041", "c1"}).out, "LATIN CAPITAL LETTER A\n");
}

TEST(RoundTrip, UnicodeFilesWithComments) {
    const std::string file = "/usr/share/unicode/Blocks.txt";
    if (!fs::exists(file)) { GTEST_SKIP() << "unicode-data is not installed"; }
    program run;
    const auto out = there_and_back(
        run, {"import", file, "--format", "csv", "--delimiter", ";", "--columns", "range,name", "--comment", "#"},
        {"export", "Blocks", "--format", "json"});
    const auto blocks = json::parse(out);
    EXPECT_EQ(blocks[0], (json{{"range", "0000..007F"}, {"name", " Basic Latin"}}));
    EXPECT_GT(blocks.size(), 300);
}

TEST(RoundTrip, ExportWritesTheColumnsAskedFor) {
    program run;
    const auto file = run.folder.write("f.csv", "a,b,c\n1,2,3\n4,5,\n");
    ASSERT_EQ(run.run({"import", file}).code, 0);
    EXPECT_EQ(run.run({"export", "f", "--columns", "c,a"}).out, "c,a\n3,1\n,4\n");
    EXPECT_EQ(run.run({"export", "f", "--columns", "b", "--no-heading"}).out, "2\n5\n");
    EXPECT_EQ(run.run({"export", "f"}).out, bytes_of(file));
}

TEST(RoundTrip, AnEndingThatNamesNoFormatIsRefused) {
    program run;
    ASSERT_EQ(run.run({"import", run.folder.write("f.csv", "a\n1\n")}).code, 0);
    const auto refused = run.run({"export", "f", run.folder.file("f.xyz")});
    EXPECT_EQ(refused.code, 2);
    EXPECT_NE(refused.err.find("the ending '.xyz' names no format; end it in .json"), std::string::npos) << refused.err;
    EXPECT_NE(refused.err.find("--format"), std::string::npos) << refused.err;
    EXPECT_FALSE(fs::exists(run.folder.file("f.xyz")));
    EXPECT_EQ(run.run({"export", "f", run.folder.file("f.xyz"), "--format", "csv"}).code, 0);
    EXPECT_EQ(bytes_of(run.folder.file("f.xyz")), "a\n1\n");
    EXPECT_EQ(run.run({"export", "f", run.folder.file("plain")}).code, 0) << "without an ending: as it was imported";
    EXPECT_EQ(bytes_of(run.folder.file("plain")), "a\n1\n");
}

// What broke off keeps what it read, and says so to an import that does not go with it; of nothing nothing is kept.
TEST(RoundTrip, AnImportThatBreaksOffClaimsOnlyWhatItRead) {
    program run;
    const auto file = run.folder.write("f.csv", "code,name\nFR,France\nDE,\nXX,1,2,3\n");
    EXPECT_EQ(run.run({"import", file, "f"}).code, 1);
    const auto other = run.run({"import", file, "f", "--id", "code"});
    EXPECT_EQ(other.code, 1);
    EXPECT_NE(other.err.find("holds an import of another kind that broke off (csv, named by position); give --replace"),
              std::string::npos)
        << other.err;
    run.folder.write("f.csv", "code,name\nFR,France\nDE,\nXX,1\n");
    EXPECT_EQ(run.run({"import", file, "f"}).code, 0) << "the same import goes on";
    EXPECT_EQ(run.run({"export", "f"}).out, bytes_of(file));
    const auto later = run.run({"import", file, "f", "--id", "code"});
    EXPECT_EQ(later.err.find("broke off"), std::string::npos) << later.err;
    // Read nothing: any other may follow.
    EXPECT_EQ(run.run({"import", run.folder.write("bad.csv", "a\n1,2,3\n"), "g"}).code, 1);
    EXPECT_EQ(run.run({"import", run.folder.write("good.json", "[{\"id\": 7}]"), "g", "--id", "id"}).code, 0);
    EXPECT_EQ(run.run({"get", "g:7", "id"}).out, "7\n");
}

json random_value(random_source& random, int depth) {
    const auto text = [&] {
        constexpr std::string_view samples[] = {"",      "a",  "12",  "-0",  "true",       "null", "[1]", "{}",
                                                "\"q\"", " 5", "  5", "1e5", "\xc3\xa4\n", "x:y",  "01"};
        return std::string(samples[random.below(std::size(samples))]);
    };
    switch (random.below(depth > 0 ? 8 : 6)) {
        case 0: return nullptr;
        case 1: return random.one_in(2);
        case 2: return static_cast<std::int64_t>(random.below(100)) - 50;
        case 3: return static_cast<double>(random.below(1000)) / 8;
        case 4:
        case 5: return text();
        case 6: {
            auto made = json::array();
            for (auto left = random.below(4); left > 0; --left) { made.push_back(random_value(random, depth - 1)); }
            return made;
        }
        default: {
            auto made = json::object();
            for (auto left = random.below(4); left > 0; --left) { made[text()] = random_value(random, depth - 1); }
            return made;
        }
    }
}

TEST(RoundTrip, RandomDocuments) {
    coppice::testing::for_each_seed(150, [](random_source& random) {
        program run;
        json wanted = random.one_in(2) ? json::array() : json::object();
        for (auto left = random.below(30); left > 0; --left) {
            if (wanted.is_array()) {
                wanted.push_back(random_value(random, 3));
            } else {
                wanted[std::to_string(random.below(40))] = random_value(random, 3);
            }
        }
        const auto file = run.folder.write("d.json", wanted.dump(random.one_in(2) ? 2 : -1));
        EXPECT_EQ(json::parse(there_and_back(run, {"import", file}, {"export", "d"})), wanted);
        // Imported again nothing changes, and the digits keep their meaning.
        EXPECT_EQ(json::parse(there_and_back(run, {"import", file}, {"export", "d"})), wanted);
        if (!wanted.is_array()) { return; }
        std::string lines;
        for (const auto& each : wanted) { lines += each.dump() + '\n'; }
        const auto other = run.folder.write("l.ndjson", lines);
        EXPECT_EQ(there_and_back(run, {"import", other}, {"export", "l"}), lines);
    });
}

TEST(RoundTrip, FoldersWithAnyBytes) {
    program run;
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) { bytes += static_cast<char>(byte); }
    run.folder.write("site/a/b.bin", bytes);
    run.folder.write("site/a.txt", "12");
    run.folder.write("site/empty", "");
    fs::create_symlink("a.txt", run.folder.file("site/link"));
    const auto imported = run.run({"import", run.folder.file("site")});
    ASSERT_EQ(imported.code, 0) << imported.err;
    EXPECT_NE(imported.err.find("link"), std::string::npos);
    EXPECT_EQ(run.store.keys.at("site:a/b.bin").text, bytes);
    const auto exported = run.run({"export", "site", run.folder.file("copy")});
    ASSERT_EQ(exported.code, 0) << exported.err;
    EXPECT_EQ(bytes_of(run.folder.file("copy/a/b.bin")), bytes);
    EXPECT_EQ(bytes_of(run.folder.file("copy/a.txt")), "12");
    EXPECT_EQ(bytes_of(run.folder.file("copy/empty")), "");
    EXPECT_EQ(run.run({"export", "site", "--format", "json"}).code, 1);  // not UTF-8
    // A key that leads out of the folder is refused.
    run.store.keys["site:../out"] = {"string", "x", {}};
    const auto refused = run.run({"export", "site", run.folder.file("copy")});
    EXPECT_EQ(refused.code, 1);
    EXPECT_NE(refused.err.find("cannot be the path of a file"), std::string::npos);
    EXPECT_FALSE(fs::exists(run.folder.file("out")));
}

// What was changed since the import is in the export: edited, deleted, added.
TEST(RoundTrip, LaterChangesAreExported) {
    program run;
    const auto file = run.folder.write("d.json", R"([{"id":"b","n":1},{"id":"a","n":2},{"id":"c","n":3}])");
    ASSERT_EQ(run.run({"import", file, "--id", "id"}).code, 0);
    run.store.keys.erase("d:a");
    ASSERT_EQ(run.run({"set", "d:c", "7", "--field", "n"}).code, 0);
    ASSERT_EQ(run.run({"exec", "HSET", "d:new", "id", "new", "n", "text"}).code, 0);
    EXPECT_EQ(json::parse(run.run({"export", "d"}).out),
              json::parse(R"([{"id":"b","n":1},{"id":"c","n":7},{"id":"new","n":"text"}])"));
}

TEST(RoundTrip, KeysThatNoImportWrote) {
    program run;
    run.run({"set", "u:1", "--field", "name", "Ada"});
    run.run({"set", "u:2", "12"});
    run.run({"exec", "RPUSH", "u:3", "x", "1"});
    EXPECT_EQ(json::parse(run.run({"export", "u"}).out), json::parse(R"({"1":{"name":"Ada"},"2":12,"3":["x",1]})"));
    EXPECT_EQ(run.run({"export", "none"}).code, 1);
}

}  // namespace
}  // namespace coppice::cli::testing
