#include <cli/progress.hpp>

#include <algorithm>

#include <cli/output.hpp>

namespace coppice::cli {
namespace {
constexpr std::chrono::milliseconds redraw_every{100};
constexpr std::size_t bar_width = 20;
}  // namespace

progress::progress(std::ostream& err, bool is_shown, std::string doing, std::string noun, const clock_source& clock)
    : err_(err),
      is_shown_(is_shown),
      doing_(std::move(doing)),
      noun_(std::move(noun)),
      clock_(clock),
      begun_(clock.elapsed()) {}

double progress::seconds() const { return std::chrono::duration<double>(clock_.elapsed() - begun_).count(); }

void progress::at(std::uint64_t parts, std::optional<std::uint64_t> total, std::uint64_t things) {
    if (!is_shown_) { return; }
    const auto now = clock_.elapsed();
    if (on_screen_ && now - drawn_ < redraw_every) { return; }
    drawn_ = now;
    on_screen_ = true;
    err_ << '\r' << progress_line(doing_, noun_, parts, total, things, seconds()) << "\x1b[K" << std::flush;
}

void progress::done() {
    if (on_screen_) { err_ << "\r\x1b[K" << std::flush; }
    on_screen_ = false;
}

std::string progress_line(std::string_view doing, std::string_view noun, std::uint64_t parts,
                          std::optional<std::uint64_t> total, std::uint64_t things, double seconds) {
    std::string line(doing);
    if (total && *total != 0) {
        const auto share = std::min(1.0, static_cast<double>(parts) / static_cast<double>(*total));
        const auto filled = static_cast<std::size_t>(share * static_cast<double>(bar_width));
        auto percent = std::to_string(static_cast<int>(share * 100));
        percent.insert(0, 3 - percent.size(), ' ');
        line += " [" + std::string(filled, '#') + std::string(bar_width - filled, ' ') + "] " + percent + " %";
    }
    line += "  " + counted(things, noun);
    if (seconds < 1) { return line; }
    line += "  " + human_count(static_cast<std::uint64_t>(static_cast<double>(things) / seconds)) + "/s";
    if (total && parts != 0 && parts < *total) {
        const auto left = seconds * (static_cast<double>(*total) / static_cast<double>(parts) - 1);
        line += "  " + human_seconds(left) + " left";
    }
    return line;
}

}  // namespace coppice::cli
