// cli/output.hpp: what a verb says, to a person or to a program.
//
// A person gets aligned tables, colours where the terminal has them (NO_COLOR and TERM=dumb are obeyed) and
// sizes in words; a program asks with --json and gets one JSON value on standard output. Errors go to standard
// error, under --json as {"error":{"code":..,"message":..}}.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/clock.hpp>
#include <coppice/base/error.hpp>
#include <wire/resp_reply.hpp>

namespace coppice::cli {

using wire::reply_kind;
using wire::reply_value;

enum class style { plain, strong, faint, good, bad, changed };

enum class align { left, right };
struct column {
    std::string heading;
    align side = align::left;
};
struct cell {
    std::string text;
    style as = style::plain;
};

class output {
public:
    struct means {
        std::ostream& out;
        std::ostream& err;
        bool json = false;
        bool out_is_terminal = false;
        bool err_is_terminal = false;
        bool colours_allowed = true;
    };
    explicit output(means given) : given_(given) {}

    [[nodiscard]] bool json() const noexcept { return given_.json; }
    [[nodiscard]] bool out_is_terminal() const noexcept { return given_.out_is_terminal; }
    [[nodiscard]] bool err_is_terminal() const noexcept { return given_.err_is_terminal; }
    [[nodiscard]] std::ostream& out() noexcept { return given_.out; }
    [[nodiscard]] std::ostream& err() noexcept { return given_.err; }

    /// `text` in a colour, where there are colours.
    [[nodiscard]] std::string painted(style as, std::string_view text) const;
    void line(std::string_view text);
    /// Under --json: the value on one line.
    void print_json(const reply_value& shown);
    /// Rows below their headings, columns as wide as their widest cell; bytes no terminal should see as \xNN.
    void table(const std::vector<column>& columns, const std::vector<std::vector<cell>>& rows);
    /// A warning, on standard error.
    void warn(std::string_view text);
    /// An error, on standard error.
    void fail(const error& failure);

private:
    means given_;
};

/// Columns a text takes on a terminal: characters, wide ones (CJK, emoji) as two, combining ones as none.
[[nodiscard]] std::size_t display_width(std::string_view text) noexcept;

[[nodiscard]] std::string human_bytes(std::uint64_t bytes);                     ///< "12.3 MB"
[[nodiscard]] std::string human_count(std::uint64_t count);                     ///< "1,234,567"
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view noun);  ///< "1 key", "2 keys"
[[nodiscard]] std::string human_seconds(double seconds);                        ///< "0.8 s", "3 m 20 s"
[[nodiscard]] std::string human_time(microseconds_utc time);                    ///< "2026-11-21 10:00:00 UTC"

}  // namespace coppice::cli
