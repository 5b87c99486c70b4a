// The transcripts in docs are what commands answer: each page is replayed on a new store, line by line.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include <support/memory_client.hpp>

#include <gtest/gtest.h>

namespace coppice {
namespace {

/// Words between spaces; a word in double quotes may have spaces.
std::vector<std::string> quoted_words(std::string_view line) {
    std::vector<std::string> words;
    bool quoted = false;
    bool open = false;
    for (const char c : line) {
        if (c == '"') {
            quoted = !quoted;
            if (!open) { words.emplace_back(); }
            open = true;
        } else if (c == ' ' && !quoted) {
            open = false;
        } else {
            if (!open) { words.emplace_back(); }
            open = true;
            words.back() += c;
        }
    }
    return words;
}

/// Whether `text` is `expected`, in which three dots stand for anything.
bool is_like(std::string_view text, std::string_view expected) {
    const auto dots = expected.find("...");
    if (dots == std::string_view::npos) { return text == expected; }
    if (!text.starts_with(expected.substr(0, dots))) { return false; }
    const std::string_view rest = expected.substr(dots + 3);
    for (std::size_t at = dots; at <= text.size(); ++at) {
        if (is_like(text.substr(at), rest)) { return true; }
    }
    return false;
}

void replay(const std::filesystem::path& page) {
    SCOPED_TRACE(page.string());
    std::ifstream lines(page);
    testing::memory_client client;
    std::string answer;
    int number = 0;
    int commands = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        if (line.starts_with("> ")) {
            EXPECT_TRUE(answer.empty()) << "line " << number << ": a command without a reply";
            client.clock.time += 2'000'000;
            client.store().tick();
            answer = client(quoted_words(std::string_view(line).substr(2)));
            ++commands;
        } else if (line.starts_with("< ")) {
            EXPECT_TRUE(is_like(answer, std::string_view(line).substr(2))) << "line " << number << ": " << answer;
            answer.clear();
        } else {
            EXPECT_TRUE(line.empty() || line.starts_with("#")) << "line " << number;
        }
    }
    EXPECT_GT(commands, 0);
}

TEST(Transcripts, SayWhatCommandsAnswer) {
    int pages = 0;
    for (const auto& entry : std::filesystem::directory_iterator(COPPICE_TRANSCRIPTS)) {
        if (entry.path().extension() != ".txt") { continue; }
        replay(entry.path());
        ++pages;
    }
    EXPECT_GT(pages, 0);
}

}  // namespace
}  // namespace coppice
