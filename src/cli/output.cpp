#include <cli/output.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include <cli/documents/document.hpp>
#include <cli/documents/json_text.hpp>
#include <cli/reply_view.hpp>

namespace coppice::cli {

std::string output::painted(style as, std::string_view text) const {
    constexpr std::array<std::string_view, 6> codes = {"", "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[31m", "\x1b[33m"};
    if (as == style::plain || !given_.colours_allowed || !given_.out_is_terminal) { return std::string(text); }
    return std::string(codes[static_cast<std::size_t>(as)]) + std::string(text) + "\x1b[0m";
}

void output::line(std::string_view text) { given_.out << text << '\n'; }

void output::print_json(const reply_value& shown) { given_.out << json_of_reply(shown) << '\n'; }

void output::table(const std::vector<column>& columns, const std::vector<std::vector<cell>>& rows) {
    std::vector<std::size_t> widths;
    std::vector<std::vector<std::string>> texts;
    for (const auto& column : columns) { widths.push_back(display_width(column.heading)); }
    for (const auto& row : rows) {
        auto& shown = texts.emplace_back();
        for (std::size_t index = 0; index < row.size(); ++index) {
            shown.push_back(printable(row[index].text, SIZE_MAX));
            widths[index] = std::max(widths[index], display_width(shown.back()));
        }
    }
    const auto put_row = [&](const auto& text_of, const auto& style_of) {
        std::string line;
        for (std::size_t index = 0; index < columns.size(); ++index) {
            const std::string_view text = text_of(index);
            const std::string padding(widths[index] - display_width(text), ' ');
            const bool is_last = index + 1 == columns.size();
            if (columns[index].side == align::right) { line += padding; }
            line += painted(style_of(index), text);
            if (columns[index].side == align::left && !is_last) { line += padding; }
            if (!is_last) { line += "  "; }
        }
        while (line.ends_with(' ')) { line.pop_back(); }
        this->line(line);
    };
    const bool has_headings =
        std::any_of(columns.begin(), columns.end(), [](const column& each) { return !each.heading.empty(); });
    if (has_headings) {
        put_row([&](std::size_t index) -> std::string_view { return columns[index].heading; },
                [](std::size_t) { return style::strong; });
    }
    for (std::size_t number = 0; number < rows.size(); ++number) {
        put_row(
            [&](std::size_t index) {
                return index < texts[number].size() ? std::string_view(texts[number][index]) : std::string_view();
            },
            [&](std::size_t index) { return index < rows[number].size() ? rows[number][index].as : style::plain; });
    }
}

namespace {
std::string coloured(bool yes, std::string_view code, std::string_view text) {
    return yes ? std::string(code) + std::string(text) + "\x1b[0m" : std::string(text);
}
}  // namespace

void output::warn(std::string_view text) {
    const bool colours = given_.colours_allowed && given_.err_is_terminal;
    given_.out.flush();
    given_.err << coloured(colours, "\x1b[33m", "warning:") << ' ' << text << std::endl;
}

void output::fail(const error& failure) {
    given_.out.flush();
    if (given_.json) {
        given_.err << "{\"error\":{\"code\":" << json_string(row_of(failure.code).name)
                   << ",\"message\":" << json_string(printable(failure.context, SIZE_MAX)) << "}}" << std::endl;
        return;
    }
    const bool colours = given_.colours_allowed && given_.err_is_terminal;
    given_.err << coloured(colours, "\x1b[31m", "error:") << ' ' << failure.context << std::endl;
}

std::size_t display_width(std::string_view text) noexcept {
    std::size_t width = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<unsigned char>(text[at]);
        const std::size_t length = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        std::uint32_t point = length == 1 ? lead : lead & (0x7fU >> length);
        for (std::size_t more = 1; more < length && at + more < text.size(); ++more) {
            point = (point << 6) | (static_cast<unsigned char>(text[at + more]) & 0x3fU);
        }
        at += length;
        const bool combines = (point >= 0x300 && point <= 0x36f) || (point >= 0x200b && point <= 0x200f)
                              || (point >= 0xfe00 && point <= 0xfe0f);
        const bool is_wide = (point >= 0x1100 && point <= 0x115f) || (point >= 0x2e80 && point <= 0xa4cf)
                             || (point >= 0xac00 && point <= 0xd7a3) || (point >= 0xf900 && point <= 0xfaff)
                             || (point >= 0xfe30 && point <= 0xfe6f) || (point >= 0xff00 && point <= 0xff60)
                             || (point >= 0x1f300 && point <= 0x1faff) || (point >= 0x20000 && point <= 0x3fffd);
        width += combines ? 0 : is_wide ? 2 : 1;
    }
    return width;
}

std::string human_bytes(std::uint64_t bytes) {
    constexpr std::array<const char*, 6> units = {"bytes", "KB", "MB", "GB", "TB", "PB"};
    if (bytes < 1000) { return std::to_string(bytes) + " bytes"; }
    auto shown = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (shown >= 999.95 && unit + 1 < units.size()) {
        shown /= 1000;
        unit += 1;
    }
    char text[32];
    std::snprintf(text, sizeof text, "%.1f %s", shown, units[unit]);
    return text;
}

std::string human_count(std::uint64_t count) {
    auto text = std::to_string(count);
    for (auto at = text.size(); at > 3; at -= 3) { text.insert(at - 3, ","); }
    return text;
}

std::string counted(std::uint64_t count, std::string_view noun) {
    return human_count(count) + ' ' + std::string(noun) + (count == 1 ? "" : "s");
}

std::string human_seconds(double seconds) {
    char text[48];
    if (seconds < 60) {
        std::snprintf(text, sizeof text, "%.1f s", seconds);
    } else {
        const auto whole = static_cast<std::uint64_t>(seconds);
        std::snprintf(text, sizeof text, "%llu m %02llu s", static_cast<unsigned long long>(whole / 60),
                      static_cast<unsigned long long>(whole % 60));
    }
    return text;
}

std::string human_time(microseconds_utc time) {
    using namespace std::chrono;
    const sys_time<microseconds> moment{microseconds(time)};
    const auto day = floor<days>(moment);
    const year_month_day date(day);
    const hh_mm_ss clock(floor<seconds>(moment - day));
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d:%02d UTC", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()));
    return text;
}

}  // namespace coppice::cli
