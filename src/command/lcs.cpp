#include "command/lcs.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <coppice/base/limits.hpp>

namespace coppice {
namespace {

// lengths[i][j]: of the longest common subsequence of the first i bytes of one and the first j of the other.
class length_table {
public:
    length_table(std::string_view a, std::string_view b) : columns_(b.size() + 1), cells_((a.size() + 1) * columns_) {
        for (std::size_t i = 1; i <= a.size(); ++i) {
            auto* const row = &cells_[i * columns_];
            const auto* const above = row - columns_;
            for (std::size_t j = 1; j <= b.size(); ++j) {
                row[j] = a[i - 1] == b[j - 1] ? above[j - 1] + 1 : std::max(above[j], row[j - 1]);
            }
        }
    }
    [[nodiscard]] std::uint32_t at(std::size_t i, std::size_t j) const noexcept { return cells_[i * columns_ + j]; }

    static constexpr std::size_t cells_max = limits::value_bytes / sizeof(std::uint32_t);

private:
    std::size_t columns_;
    std::vector<std::uint32_t> cells_;
};

// Bytes of one string from `a` on that are those of the other from `b` on.
struct match {
    std::size_t a;
    std::size_t b;
    std::size_t bytes;
};

// The runs of one longest common subsequence, the last first.
std::vector<match> matches_of(std::string_view a, std::string_view b, const length_table& lengths) {
    std::vector<match> found;
    bool running = false;
    for (std::size_t i = a.size(), j = b.size(); i > 0 && j > 0;) {
        if (a[i - 1] == b[j - 1]) {
            if (!running) { found.push_back({i, j, 0}); }
            running = true;
            found.back() = {--i, --j, found.back().bytes + 1};
        } else {
            running = false;
            --(lengths.at(i - 1, j) > lengths.at(i, j - 1) ? i : j);
        }
    }
    return found;
}

struct lcs_options {
    bool length = false;
    bool ranges = false;
    bool range_lengths = false;
    std::int64_t bytes_min = 0;
};

result<lcs_options> options_in(arguments words) {
    lcs_options options;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (says(words[i], "LEN")) {
            options.length = true;
        } else if (says(words[i], "IDX")) {
            options.ranges = true;
        } else if (says(words[i], "WITHMATCHLEN")) {
            options.range_lengths = true;
        } else if (says(words[i], "MINMATCHLEN") && i + 1 < words.size()) {
            const auto bytes = integer_in(words[++i]);
            if (!bytes) { return bytes.error(); }
            options.bytes_min = std::max<std::int64_t>(*bytes, 0);
        } else {
            return syntax_error();
        }
    }
    if (options.length && options.ranges) {
        return error{errc::invalid, "If you want both the length and indexes, please just use IDX."};
    }
    return options;
}

void say_range(reply_sink& reply, std::size_t first, std::size_t bytes) {
    reply.array(2);
    reply.integer(static_cast<std::int64_t>(first));
    reply.integer(static_cast<std::int64_t>(first + bytes - 1));
}

void say_matches(reply_sink& reply, const std::vector<match>& matches, const lcs_options& options,
                 std::int64_t length) {
    const auto is_told = [&](const match& each) { return static_cast<std::int64_t>(each.bytes) >= options.bytes_min; };
    reply.map(2);
    reply.bulk("matches");
    reply.array(static_cast<std::size_t>(std::count_if(matches.begin(), matches.end(), is_told)));
    for (const auto& each : matches) {
        if (!is_told(each)) { continue; }
        reply.array(options.range_lengths ? 3 : 2);
        say_range(reply, each.a, each.bytes);
        say_range(reply, each.b, each.bytes);
        if (options.range_lengths) { reply.integer(static_cast<std::int64_t>(each.bytes)); }
    }
    reply.bulk("len");
    reply.integer(length);
}

// The value of a string, nothing where there is no key.
result<std::string> text_at(const command_context& context, std::string_view key) {
    std::string text;
    const auto found = context.find(key, value_type::string);
    if (!found) { return error{errc::invalid, "The specified keys must contain string values"}; }
    if (*found) { context.view().string_value(**found).append_to(text); }
    return text;
}

}  // namespace

status lcs(command_context& context, arguments given) {
    const auto a = text_at(context, given[1]);
    if (!a) { return a.error(); }
    const auto b = text_at(context, given[2]);
    if (!b) { return b.error(); }
    const auto options = options_in(given.subspan(3));
    if (!options) { return options.error(); }
    if (a->size() + 1 > length_table::cells_max / (b->size() + 1)) {
        return error{errc::limit, "the strings are too long for LCS: their lengths multiplied are at most 134217728"};
    }
    const length_table lengths(*a, *b);
    const std::int64_t length = lengths.at(a->size(), b->size());
    if (options->length) {
        context.reply.integer(length);
        return {};
    }
    const auto matches = matches_of(*a, *b, lengths);
    if (options->ranges) {
        say_matches(context.reply, matches, *options, length);
        return {};
    }
    std::string common;
    for (auto each = matches.rbegin(); each != matches.rend(); ++each) { common.append(*a, each->a, each->bytes); }
    context.reply.bulk(common);
    return {};
}

// As many as would take the same time.
std::uint64_t lcs_elements(const command_context& context, arguments given) {
    constexpr std::uint64_t cells_per_element = 64;
    const auto size_of = [&](std::string_view key) -> std::uint64_t {
        const auto found = context.view().find(context.database, key);
        return found && found->type == value_type::string ? context.view().string_value(*found).size() : 0;
    };
    return size_of(given[1]) * size_of(given[2]) / cells_per_element;
}

}  // namespace coppice
