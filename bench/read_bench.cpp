// What reading a branch costs, alone and beside a writer.
//
// A store in memory with 10,000 keys of 16 bytes; the writer's transactions change one key each, as fast as they can.
// Times are CPU time of the reading thread per operation, so a reader that waited would show in its count of reads,
// not in its time: the last line gives counts, and the longest single read by the clock on the wall.
// Baseline: the same value behind a mutex, held by a std::shared_ptr.
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>

#include <coppice/store.hpp>

#include "arguments.hpp"
#include "tree_report.hpp"

namespace coppice::bench {
namespace {

template <class T>
T must(result<T> done) {
    if (done) {
        if constexpr (std::is_void_v<T>) {
            return;
        } else {
            return std::move(*done);
        }
    }
    std::fprintf(stderr, "read_bench: %s\n", done.error().message().c_str());
    std::exit(1);
}

/// The least that a program would write by itself.
class guarded {
public:
    [[nodiscard]] std::shared_ptr<const std::string> load() const {
        const std::lock_guard lock(mutex_);
        return value_;
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const std::string> value_ = std::make_shared<std::string>("value");
};

void measure_reads(report& to, const std::string& where, const branch& main, std::uint64_t reads) {
    to.measure("read" + where, reads, 0, [&] {
        std::uint64_t hash = 0;
        for (std::uint64_t i = 0; i < reads; ++i) { hash |= main.read().version() != version_id{} ? 1U : 0U; }
        return hash;
    });
    to.measure("peek" + where, reads, 0, [&] {
        std::uint64_t hash = 0;
        for (std::uint64_t i = 0; i < reads; ++i) {
            hash |= main.peek([](const view&) { return true; }) ? 1U : 0U;
        }
        return hash;
    });
    to.measure("peek and get one key" + where, reads, 0, [&] {
        std::uint64_t hash = 0;
        for (std::uint64_t i = 0; i < reads; ++i) {
            hash |= main.peek([](const view& now) { return now.get("key:5000")->has_value(); }) ? 1U : 0U;
        }
        return hash;
    });
}

int run(int count, char** words) {
    bool small = false;
    unsigned runs = 5;
    unsigned readers = 2;
    for (arguments given("read_bench [--small] [--runs n] [--readers n]", count, words); given.next();) {
        if (!given.flag("--small", small) && !given.value("--runs", runs) && !given.value("--readers", readers)) {
            return given.refuse();
        }
    }
    const std::uint64_t reads = small ? 2'000 : 1'000'000;
    store data = must(store::open_memory());
    branch main = must(data.branch("main"));
    must(main.transact([](editor& edit) {
        for (int i = 0; i < 10'000; ++i) { edit.put("key:" + std::to_string(i), "0123456789abcdef"); }
    }));
    report all(runs, {});
    const guarded baseline;
    all.measure("baseline: mutex and shared_ptr", reads, 0, [&] {
        std::uint64_t hash = 0;
        for (std::uint64_t i = 0; i < reads; ++i) { hash |= baseline.load() != nullptr ? 1U : 0U; }
        return hash;
    });
    measure_reads(all, "", main, reads);

    // Beside a writer: transactions by themselves, then with readers that never pause.
    using wall = std::chrono::steady_clock;
    const auto writing_time = std::chrono::milliseconds(small ? 20 : 1000);
    const auto write_for = [&](std::chrono::milliseconds time) {
        std::uint64_t written = 0;
        const auto end = wall::now() + time;
        for (; wall::now() < end; ++written) {
            must(main.transact([&](editor& edit) { edit.put("key:77", std::to_string(written)); }));
        }
        return static_cast<double>(written) / std::chrono::duration<double>(time).count();
    };
    const double alone = write_for(writing_time);
    std::atomic<bool> done = false;
    std::atomic<std::uint64_t> read{0};
    std::atomic<std::int64_t> longest{0};
    std::vector<std::thread> threads;
    for (unsigned id = 0; id < readers; ++id) {
        threads.emplace_back([&, mine = main] {
            std::uint64_t mine_read = 0;
            std::int64_t mine_longest = 0;
            while (!done.load(std::memory_order_relaxed)) {
                const auto begin = wall::now();
                if (mine.read().version() == version_id{}) { break; }
                mine_longest = std::max(mine_longest, (wall::now() - begin).count());
                ++mine_read;
            }
            read += mine_read;
            std::int64_t seen = longest;
            while (seen < mine_longest && !longest.compare_exchange_weak(seen, mine_longest)) {}
        });
    }
    const double beside = write_for(writing_time);
    done = true;
    for (std::thread& each : threads) { each.join(); }
    done = false;
    std::thread writer([&, mine = main]() mutable {
        while (!done.load(std::memory_order_relaxed)) {
            must(mine.transact([](editor& edit) { edit.put("key:78", "v"); }));
        }
    });
    measure_reads(all, ", beside a writer", main, reads);
    done = true;
    writer.join();

    std::printf("keys 10000, reads %llu, runs %u, readers %u, cores %u\n", static_cast<unsigned long long>(reads), runs,
                readers, std::thread::hardware_concurrency());
    all.print_table();
    std::printf("transactions/s alone %.0f, beside %u readers %.0f; reads/s of all readers %.0f, the longest %.1f us\n",
                alone, readers, beside,
                static_cast<double>(read.load()) / std::chrono::duration<double>(writing_time).count(),
                static_cast<double>(longest.load()) / 1000);
    return 0;
}

}  // namespace
}  // namespace coppice::bench

int main(int count, char** words) { return coppice::bench::run(count, words); }
