// bench/collections_table.hpp: what the rows of collections_bench share: their table, and how they are timed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tree_report.hpp"

namespace coppice::bench {

struct settings {
    std::vector<std::size_t> sizes{10, 1'000, 100'000, 1'000'000};
    unsigned runs = 3;
    std::string_view only;
};

/// What the allocator hands out for what `make` returns, for each of its `elements`. What is small is made often: one
/// alone may lie in memory that was freed before, which the allocator still counts.
template <class Make>
[[nodiscard]] double bytes_per_element(std::size_t elements, Make make) {
    const std::size_t count = 1 + 100'000 / elements;
    std::vector<decltype(make())> all;
    all.reserve(count);
    const std::size_t before = allocated_bytes();
    while (all.size() < count) { all.push_back(make()); }
    return bytes_since(before) / static_cast<double>(count * elements);
}

/// A line for each operation, a column for each collection.
class table {
public:
    static inline unsigned printed = 0;  ///< tables

    table(std::string title, std::vector<std::string> columns)
        : title_(std::move(title)), columns_(std::move(columns)) {}

    /// Of several values of a cell the least stands.
    void put(const std::string& name, const std::string& column, double value) {
        auto found = lines_.begin();
        while (found != lines_.end() && found->name != name) { ++found; }
        if (found == lines_.end()) { found = lines_.insert(found, {name, std::vector<double>(columns_.size(), -1)}); }
        for (std::size_t each = 0; each < columns_.size(); ++each) {
            double& best = found->values[each];
            if (columns_[each] == column) { best = best < 0 ? value : std::min(best, value); }
        }
    }
    /// What stands there, or -1.
    [[nodiscard]] double value(std::string_view name, std::string_view column) const {
        for (const line& each : lines_) {
            if (each.name != name) { continue; }
            for (std::size_t at = 0; at < columns_.size(); ++at) {
                if (columns_[at] == column) { return each.values[at]; }
            }
        }
        return -1;
    }
    /// Puts values into one column.
    [[nodiscard]] auto column(const char* to) {
        return [this, to](const std::string& name, double value) { put(name, to, value); };
    }
    void print() const {
        ++printed;
        std::printf("\n%-36s", title_.c_str());
        for (const auto& each : columns_) { std::printf(" %18s", each.c_str()); }
        for (const auto& each : lines_) {
            std::printf("\n%-36s", each.name.c_str());
            for (const double value : each.values) {
                value < 0 ? std::printf(" %18s", "-") : std::printf(" %18.1f", value);
            }
        }
        std::printf("\n");
        std::fflush(stdout);
    }

private:
    struct line {
        std::string name;
        std::vector<double> values;
    };
    std::string title_;
    std::vector<std::string> columns_;
    std::vector<line> lines_;
};

inline std::uint64_t seen = 0;  // printed at the end, so that nothing is optimised away

/// Nanoseconds of one of `operations`. `prepare` is not timed.
template <class Prepare, class Body>
double time_of(std::size_t operations, Prepare prepare, Body body) {
    auto subject = prepare();
    const double begin = thread_time();
    body(subject);
    return (thread_time() - begin) / static_cast<double>(operations);
}

/// Measures all columns of a table as often as is asked for, one after the other: none of them has new memory, which
/// is slow, to itself.
template <class Columns>
void in_turns(const settings& set, Columns columns) {
    for (unsigned run = 0; run < set.runs; ++run) { columns(); }
}

}  // namespace coppice::bench
