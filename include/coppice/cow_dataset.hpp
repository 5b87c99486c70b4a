// coppice/cow_dataset.hpp: rows that are copied for nothing and share what neither copy has changed.
//
// The data set that copy-on-write is explained with: copies of one load of data, each to try something on. Here a copy
// costs one count, and changing some rows copies the leaves they lie in, some 2 KiB each, not all rows. Where every
// copy changes all rows, or nobody copies, std::vector is as good.
//
//      cow_dataset<double> loaded(rows.begin(), rows.end());
//      auto trial = loaded.copy();                                     // O(1)
//      trial.transform(500, 600, [](double x) { return x * 2; });      // a leaf or two; `loaded` stays as it was
//
// Cost               time                           allocates
//   copy             O(1)                           nothing
//   transform(f)     O(n)                           all leaves: the old ones stay until nothing can throw any more
//   transform(a, b)  O(log n) for each of the rows  the leaves of those rows and the paths to them, for the same reason
//   bytes...         O(nodes)                       a set of the nodes of one side
//
// Threads. As vector: data sets that share rows are independent; on one, const calls may overlap.
// Errors. What allocation, T's copy and the function throw; the data set is then as it was.
#pragma once

#include <concepts>
#include <cstddef>
#include <unordered_set>
#include <utility>

#include <coppice/vector.hpp>

namespace coppice {

template <class T, class Nodes = shared_nodes>
class cow_dataset {
public:
    using value_type = T;
    using rows_type = vector<T, Nodes>;

    cow_dataset() noexcept = default;
    explicit cow_dataset(rows_type rows) noexcept : rows_(std::move(rows)) {}
    cow_dataset(std::initializer_list<T> rows) : rows_(rows) {}
    template <std::input_iterator From, std::sentinel_for<From> End>
    cow_dataset(From from, End end) : rows_(from, end) {}

    [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }
    [[nodiscard]] const T& operator[](std::size_t row) const noexcept { return rows_[row]; }
    [[nodiscard]] const rows_type& rows() const noexcept { return rows_; }
    [[nodiscard]] auto begin() const noexcept { return rows_.begin(); }
    [[nodiscard]] auto end() const noexcept { return rows_.end(); }
    [[nodiscard]] friend bool operator==(const cow_dataset&, const cow_dataset&) = default;

    /// Another data set of the same rows.
    [[nodiscard]] cow_dataset copy() const noexcept { return *this; }

    /// Makes every row what `function` makes of it.
    template <std::invocable<const T&> Function>
    void transform(Function function) {
        auto made = rows_type().edit();
        rows_.for_each_span([&](auto rows) {
            for (const T& row : rows) { made.push_back(function(row)); }
        });
        rows_ = std::move(made).done();
    }
    /// The same for rows [first, last).  Requires: first <= last <= size().
    template <std::invocable<const T&> Function>
    void transform(std::size_t first, std::size_t last, Function function) {
        auto edit = rows_.edit();
        for (std::size_t row = first; row < last; ++row) { edit.set(row, function(edit[row])); }
        rows_ = std::move(edit).done();
    }

    /// How many data sets are this one, unchanged since they were copied from each other: 1 if it is alone.
    [[nodiscard]] std::size_t ref_count() const noexcept { return rows_.use_count(); }
    /// Neither was changed since one was copied from the other, so they have everything in common.
    [[nodiscard]] bool is_shared_with(const cow_dataset& other) const noexcept { return rows_.is_same(other.rows_); }

    /// Bytes that it takes, shared or not.
    [[nodiscard]] std::size_t bytes() const {
        std::size_t all = 0;
        rows_.for_each_node([&all](const void*, std::size_t bytes) {
            all += bytes;
            return true;
        });
        return all;
    }
    /// Bytes of those that `other` takes as well.
    [[nodiscard]] std::size_t bytes_shared_with(const cow_dataset& other) const {
        std::unordered_set<const void*> theirs;
        other.rows_.for_each_node([&theirs](const void* node, std::size_t) { return theirs.insert(node).second; });
        std::size_t shared = 0;
        rows_.for_each_node([&](const void* node, std::size_t bytes) {
            shared += theirs.count(node) == 0 ? 0 : bytes;
            return true;
        });
        return shared;
    }

private:
    rows_type rows_;
};

template <class From, class End>
cow_dataset(From, End) -> cow_dataset<std::iter_value_t<From>>;

}  // namespace coppice
