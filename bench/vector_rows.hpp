// bench/vector_rows.hpp: the rows of collections_bench for vector<int64>, beside std::vector.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <coppice/base/random.hpp>
#include <coppice/vector.hpp>

#include "beside_immer.hpp"
#include "collections_table.hpp"

namespace coppice::bench {

/// What a vector of n numbers is asked to do; short ones often enough to be timed.
struct vector_work {
    std::vector<std::size_t> places;  // in random order
    std::size_t rounds;
    std::size_t operations;  // of expensive rows

    explicit vector_work(std::size_t n)
        : places(n),
          rounds(std::max<std::size_t>(1, 1'000'000 / n)),
          operations(std::min<std::size_t>(n * rounds, 100'000)) {
        random_source random(1);
        for (auto& each : places) { each = random.below(n); }
    }
    [[nodiscard]] std::size_t nth(std::size_t at) const { return places[at % places.size()]; }
};

template <class Vector>
constexpr bool is_std = std::is_same_v<Vector, std::vector<std::int64_t>>;

template <class Vector>
Vector counting(std::size_t n) {
    if constexpr (is_std<Vector>) {
        Vector made;
        for (std::size_t each = 0; each < n; ++each) { made.push_back(static_cast<std::int64_t>(each)); }
        return made;
    } else {
        auto edit = Vector().edit();
        for (std::size_t each = 0; each < n; ++each) { edit.push_back(static_cast<std::int64_t>(each)); }
        return std::move(edit).done();
    }
}

/// The rows that std::vector has as well.
template <class Vector, class Put>
void rows_of_all(std::size_t n, const vector_work& work, Put put) {
    const auto nothing = [] { return 0; };
    const std::size_t all = n * work.rounds;
    // A body that is done as often as the work says.
    const auto often = [&work](auto body) {
        return [&work, body](auto& subject) {
            for (std::size_t round = 0; round < work.rounds; ++round) { body(subject); }
        };
    };
    put("bytes per element", bytes_per_element(n, [n] { return counting<Vector>(n); }));
    const Vector made = counting<Vector>(n);
    put("push_back, edit", time_of(all, nothing, often([n](int) { seen += counting<Vector>(n).size(); })));
    put("get, random", time_of(all, nothing, often([&](int) {
                                   for (const std::size_t each : work.places) {
                                       seen += static_cast<std::uint64_t>(made[each]);
                                   }
                               })));
    put("get, in order", time_of(all, nothing, often([&](int) {
                                     for (std::size_t each = 0; each < n; ++each) {
                                         seen += static_cast<std::uint64_t>(made[each]);
                                     }
                                 })));
    put("iterate", time_of(all, nothing, often([&](int) {
                               std::int64_t sum = 0;
                               for (const std::int64_t each : made) { sum += each; }
                               seen += static_cast<std::uint64_t>(sum);
                           })));
    const auto own = [n] { return counting<Vector>(n); };
    put("set, sole owner", time_of(all, own, [&](Vector& subject) {
            for (std::size_t at = 0; at < all; ++at) {
                if constexpr (is_std<Vector>) {
                    subject[work.nth(at)] = 7;
                } else {
                    subject = std::move(subject).set(work.nth(at), 7);
                }
            }
        }));
    const std::size_t middle = std::min<std::size_t>(work.operations, is_std<Vector> ? 1'000 : 100'000);
    put("insert in the middle", time_of(middle, own, [&](Vector& subject) {
            for (std::size_t at = 0; at < middle; ++at) {
                if constexpr (is_std<Vector>) {
                    subject.insert(subject.begin() + static_cast<std::ptrdiff_t>(n / 2), 7);
                } else {
                    seen += std::as_const(subject).insert(n / 2, 7).size();
                }
            }
        }));
}

/// The rows of values.
template <class Vector, class Put>
void rows_of_values(std::size_t n, const vector_work& work, Put put) {
    const Vector made = counting<Vector>(n);
    const auto start = [&made] { return made; };
    const auto many = [&](const char* name, auto body) {
        put(name, time_of(work.operations, start, [&](Vector& subject) {
                for (std::size_t at = 0; at < work.operations; ++at) { body(subject, at); }
            }));
    };
    put("push_back, persistent", time_of(
                                     n * work.rounds, [] { return 0; },
                                     [&](int) {
                                         for (std::size_t round = 0; round < work.rounds; ++round) {
                                             Vector subject;
                                             for (std::size_t each = 0; each < n; ++each) {
                                                 subject = std::as_const(subject).push_back(7);
                                             }
                                             seen += subject.size();
                                         }
                                     }));
    put("iterate by spans", time_of(n * work.rounds, start, [&](Vector& subject) {
            for (std::size_t round = 0; round < work.rounds; ++round) {
                subject.for_each_span([](auto some) {
                    std::int64_t sum = 0;
                    for (const std::int64_t each : some) { sum += each; }
                    seen += static_cast<std::uint64_t>(sum);
                });
            }
        }));
    many("set, persistent", [&](Vector& of, std::size_t at) { seen += std::as_const(of).set(work.nth(at), 7).size(); });
    many("insert at random",
         [&](Vector& of, std::size_t at) { seen += std::as_const(of).insert(work.nth(at), 7).size(); });
    many("erase at random", [&](Vector& of, std::size_t at) { seen += std::as_const(of).erase(work.nth(at)).size(); });
    many("push_front", [&](Vector& of, std::size_t) { seen += std::as_const(of).push_front(7).size(); });
    many("concat with itself", [&](Vector& of, std::size_t) { seen += (of + made).size(); });
    many("slice of a third", [&](Vector& of, std::size_t) { seen += of.slice(n / 3, 2 * n / 3).size(); });
    many("drop 1", [&](Vector& of, std::size_t) { seen += of.drop(1).size(); });
    many("copy", [&](Vector& of, std::size_t) { seen += Vector(of).size(); });
    if (n < 1'000) { return; }

    auto edit = made.edit();
    for (std::size_t at = 0; at < 1'000; ++at) { edit.insert(work.nth(at), 7); }
    const Vector uneven = std::move(edit).done();
    put("get, random, after 1,000 inserts", time_of(
                                                n * work.rounds, [] { return 0; },
                                                [&](int) {
                                                    for (std::size_t round = 0; round < work.rounds; ++round) {
                                                        for (const std::size_t each : work.places) {
                                                            seen += static_cast<std::uint64_t>(uneven[each]);
                                                        }
                                                    }
                                                }));
    auto changed = made.edit();
    for (std::size_t at = 0; at < 100; ++at) { changed.set(work.nth(at), -1); }
    const Vector other = std::move(changed).done();
    put("diff of 100, us", time_of(1'000, start, [&](Vector& of) { seen += diff(of, other).size(); }));
}

inline void vectors(const settings& set) {
    for (const std::size_t n : set.sizes) {
        const std::string title = "vector<int64>, n = " + std::to_string(n);
        if (title.find(set.only) == title.npos) { continue; }
        table out(title, {"coppice", "coppice, local", "std::vector"});
        const vector_work work(n);
        in_turns(set, [&] {
            rows_of_all<vector<std::int64_t>>(n, work, out.column("coppice"));
            rows_of_values<vector<std::int64_t>>(n, work, out.column("coppice"));
            rows_of_all<vector<std::int64_t, local_nodes>>(n, work, out.column("coppice, local"));
            rows_of_values<vector<std::int64_t, local_nodes>>(n, work, out.column("coppice, local"));
            rows_of_all<std::vector<std::int64_t>>(n, work, out.column("std::vector"));
        });
        out.print();
        if (n == 1'000'000) { print_beside_immer(out, immer_vector); }
    }
}

}  // namespace coppice::bench
