// Two readers of one atomic_box beside two threads that share nothing at all.
//
// Each thread looks up random numbers in a search tree of a million elements (textbook/search_tree.hpp), one look-up
// a read. In every row a writer inserts into the box that is measured, or into one that nobody reads, and sleeps a
// millisecond: two readers and a writer share two cores in each row, so all rows pay for it alike.
// Times are CPU time of the reading threads per look-up. The rows of one run follow each other at once, and the ratio
// is that of each run: a busy machine disturbs both sides.
//
//   apart      each thread has a tree of its own, with nodes of its own
//   one tree   both read one tree that nobody changes, without a box
//   read       read(f) of one box
//   view       view() of one box: what counting an owner costs
//   mutex      a std::mutex held for each look-up
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <numeric>
#include <thread>

#include <coppice/atomic_box.hpp>
#include <coppice/base/random.hpp>
#include <coppice/textbook/search_tree.hpp>

#include "arguments.hpp"
#include "tree_report.hpp"

namespace coppice::bench {
namespace {

using numbers = textbook::search_tree<std::uint64_t>;
constexpr int readers = 2;

/// 0, 2, 4, ... in an order of its own, so that what lies between can be inserted later.
numbers tree_of(std::uint64_t elements, std::uint64_t seed) {
    std::vector<std::uint64_t> order(elements);
    std::iota(order.begin(), order.end(), std::uint64_t{0});
    random_source random(seed);
    for (std::uint64_t i = elements; i > 1; --i) { std::swap(order[i - 1], order[random.below(i)]); }
    numbers made;
    for (const std::uint64_t each : order) { made = made.insert(2 * each); }
    return made;
}

/// Nanoseconds of a look-up by `find(thread, number)`, on two threads, beside a `write(number)` each millisecond.
template <class Find, class Write>
double measure(std::uint64_t elements, std::uint64_t lookups, Find find, Write write) {
    std::atomic<int> inside = 0;
    std::atomic<bool> done = false;
    std::array<double, readers> times{};
    std::array<std::uint64_t, readers> found{};
    std::vector<std::thread> threads;
    for (std::size_t id = 0; id < readers; ++id) {
        threads.emplace_back([&, id] {
            random_source random(id + 1);
            ++inside;
            while (inside < readers) { std::this_thread::yield(); }
            const double begin = thread_time();
            std::uint64_t hits = 0;
            for (std::uint64_t i = 0; i < lookups; ++i) { hits += find(id, 2 * random.below(elements)) ? 1U : 0U; }
            times[id] = thread_time() - begin;
            found[id] = hits;
        });
    }
    std::thread writer([&] {
        random_source random(99);
        while (!done.load(std::memory_order_relaxed)) {
            write(2 * random.below(elements) + 1);
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    });
    for (std::thread& each : threads) { each.join(); }
    done = true;
    writer.join();
    for (const std::uint64_t each : found) {
        if (each != lookups) {
            std::fprintf(stderr, "box_bench: %llu of %llu look-ups found nothing\n",
                         static_cast<unsigned long long>(lookups - each), static_cast<unsigned long long>(lookups));
            std::exit(1);
        }
    }
    return std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(readers * lookups);
}

int run(int count, char** words) {
    bool small = false;
    unsigned runs = 7;
    std::uint64_t elements = 1'000'000;
    for (arguments given("box_bench [--small] [--runs n] [--elements n]", count, words); given.next();) {
        if (!given.flag("--small", small) && !given.value("--runs", runs) && !given.value("--elements", elements)) {
            return given.refuse();
        }
    }
    if (small) {
        runs = 1;
        elements = 2'000;
    }
    const std::uint64_t lookups = small ? 5'000 : 300'000;
    const std::array apart{tree_of(elements, 1), tree_of(elements, 2)};
    atomic_box<numbers> box(apart[0]);
    atomic_box<numbers> beside(apart[0]);
    std::mutex mutex;
    const auto insert_into = [](atomic_box<numbers>& to) {
        return [&to](std::uint64_t number) { to.update([&](const numbers& now) { return now.insert(number); }); };
    };
    const auto has = [](std::uint64_t number) { return [number](const numbers& in) { return in.contains(number); }; };

    constexpr std::array names{"apart", "one tree", "read", "view", "mutex"};
    std::array<std::vector<double>, names.size()> times;
    std::array<std::vector<double>, names.size()> beside_apart;
    std::array<std::vector<double>, names.size()> beside_one_tree;
    for (unsigned each = 0; each < runs; ++each) {
        // The box of this run has the first tree again: what a writer inserted lies elsewhere in memory.
        box.store(apart[0]);
        beside.store(apart[0]);
        const std::array now{
            measure(
                elements, lookups, [&](std::size_t id, std::uint64_t n) { return apart[id].contains(n); },
                insert_into(beside)),
            measure(
                elements, lookups, [&](std::size_t, std::uint64_t n) { return apart[0].contains(n); },
                insert_into(beside)),
            measure(
                elements, lookups, [&](std::size_t, std::uint64_t n) { return box.read(has(n)); }, insert_into(box)),
            measure(
                elements, lookups, [&](std::size_t, std::uint64_t n) { return box.view()->contains(n); },
                insert_into(box)),
            measure(
                elements, lookups,
                [&](std::size_t, std::uint64_t n) {
                    const std::lock_guard lock(mutex);
                    return apart[0].contains(n);
                },
                insert_into(beside)),
        };
        for (std::size_t i = 0; i < now.size(); ++i) {
            times[i].push_back(now[i]);
            beside_apart[i].push_back(now[0] / now[i]);
            beside_one_tree[i].push_back(now[1] / now[i]);
        }
    }
    std::printf("elements %llu, look-ups %llu a reader, readers %d, runs %u, cores %u\n",
                static_cast<unsigned long long>(elements), static_cast<unsigned long long>(lookups), readers, runs,
                std::thread::hardware_concurrency());
    std::printf("%-10s %12s %18s %21s\n", "", "ns a look-up", "speed, apart = 1", "speed, one tree = 1");
    for (std::size_t i = 0; i < names.size(); ++i) {
        std::printf("%-10s %12.1f %18.3f %21.3f\n", names[i], median(times[i]), median(beside_apart[i]),
                    median(beside_one_tree[i]));
    }
    return 0;
}

}  // namespace
}  // namespace coppice::bench

int main(int count, char** words) { return coppice::bench::run(count, words); }
