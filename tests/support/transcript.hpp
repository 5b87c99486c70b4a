// tests/support/transcript.hpp: pages of docs/transcripts that tests replay.
#pragma once

#include <charconv>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace coppice::testing {

/// Bytes of a line, in which \r, \n and \xNN stand for those that are no letters.
inline std::string unescaped(std::string_view text) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
        if (next == 'r' || next == 'n') {
            bytes += next == 'r' ? '\r' : '\n';
            ++i;
        } else if (next == 'x' && i + 3 < text.size()) {
            unsigned value = 0;
            std::from_chars(text.data() + i + 2, text.data() + i + 4, value, 16);
            bytes += static_cast<char>(value);
            i += 3;
        } else {
            bytes += text[i];
        }
    }
    return bytes;
}

/// Calls `line(text, number)` with each line that is neither empty nor a remark.
template <class Line>
void for_each_line(const std::filesystem::path& page, Line&& line) {
    std::ifstream from(page);
    ASSERT_TRUE(from) << page;
    int number = 0;
    for (std::string text; std::getline(from, text);) {
        ++number;
        if (!text.empty() && !text.starts_with("# ") && text != "#") { line(std::string_view(text), number); }
    }
}

}  // namespace coppice::testing
