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

/// A line for each operation, a column for each collection.
class table {
public:
    table(std::string title, std::vector<std::string> columns)
        : title_(std::move(title)), columns_(std::move(columns)) {}

    void put(const std::string& name, const std::string& column, double value) {
        auto found = lines_.begin();
        while (found != lines_.end() && found->name != name) { ++found; }
        if (found == lines_.end()) { found = lines_.insert(found, {name, std::vector<double>(columns_.size(), -1)}); }
        for (std::size_t each = 0; each < columns_.size(); ++each) {
            if (columns_[each] == column) { found->values[each] = value; }
        }
    }
    /// Puts values into one column.
    [[nodiscard]] auto column(const char* to) {
        return [this, to](const std::string& name, double value) { put(name, to, value); };
    }
    void print() const {
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

/// Nanoseconds of one of `operations` in the best run. `prepare` is not timed.
template <class Prepare, class Body>
double best_of(const settings& set, std::size_t operations, Prepare prepare, Body body) {
    double best = 1e300;
    for (unsigned run = 0; run < set.runs; ++run) {
        auto subject = prepare();
        const double begin = thread_time();
        body(subject);
        best = std::min(best, thread_time() - begin);
    }
    return best / static_cast<double>(operations);
}

}  // namespace coppice::bench
