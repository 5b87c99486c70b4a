#include "stage.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>

namespace copy_on_write {
namespace {

/// Three digits that count, then `unit`.
std::string with_unit(double number, std::string_view unit) {
    std::array<char, 32> digits{};
    const int behind_the_point = number == 0 ? 0 : number < 0.01 ? 4 : number < 10 ? 2 : number < 100 ? 1 : 0;
    std::snprintf(digits.data(), digits.size(), "%.*f ", behind_the_point, number);
    return std::string(digits.data()) + std::string(unit);
}

/// Columns that a terminal needs for `text`: escape sequences need none, and a character of UTF-8 needs one.
std::size_t width_of(std::string_view text) {
    std::size_t width = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\033') {
            i = text.find('m', i);
        } else {
            width += (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U ? 1U : 0U;
        }
    }
    return width;
}

}  // namespace

std::string stage::in(colour shade, std::string_view text) const {
    constexpr std::array codes{"", "\033[1m", "\033[32m", "\033[33m"};
    if (!coloured_ || shade == colour::plain) { return std::string(text); }
    return codes[static_cast<std::size_t>(shade)] + std::string(text) + "\033[0m";
}

void stage::title(std::string_view text) const {
    std::cout << "\n" << in(colour::bold, text) << "\n" << std::string(text.size(), '=') << "\n";
}

void stage::say(std::string_view text) const { std::cout << "\n" << text << "\n"; }

void stage::table(const std::vector<std::vector<std::string>>& rows) const {
    std::vector<std::size_t> widths(rows.front().size());
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) { widths[i] = std::max(widths[i], width_of(row[i])); }
    }
    std::cout << "\n";
    for (const auto& row : rows) {
        std::cout << "   ";
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string gap(widths[i] - width_of(row[i]), ' ');
            const std::string text = &row == &rows.front() ? in(colour::bold, row[i]) : row[i];
            std::cout << " " << (i == 0 ? text + gap : " " + gap + text);
        }
        std::cout << "\n";
    }
}

std::string time_text(std::chrono::duration<double> time) {
    const double seconds = time.count();
    if (seconds < 1e-6) { return with_unit(seconds * 1e9, "ns"); }
    if (seconds < 1e-3) { return with_unit(seconds * 1e6, "us"); }
    return seconds < 1 ? with_unit(seconds * 1e3, "ms") : with_unit(seconds, "s");
}

std::string bytes_text(double bytes) {
    if (bytes < 1024) { return count_text(static_cast<std::uint64_t>(std::max(bytes, 0.0))) + " B"; }
    return bytes < 1024 * 1024 ? with_unit(bytes / 1024, "KiB") : with_unit(bytes / 1024 / 1024, "MiB");
}

std::string count_text(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t i = text.size(); i > 3; i -= 3) { text.insert(i - 3, ","); }
    return text;
}

std::string percent_text(double share) { return with_unit(share * 100, "%"); }

double resident_bytes() {
    std::ifstream told("/proc/self/statm");
    double pages_in_all = 0;
    double pages_resident = 0;
    told >> pages_in_all >> pages_resident;
    return pages_resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

void stop(std::string_view why) {
    std::cerr << "copy_on_write: " << why << "\n";
    std::exit(1);
}

}  // namespace copy_on_write
