// One writer, two readers, one root: through an atomic_box, and behind a mutex.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <coppice/atomic_box.hpp>
#include <coppice/base/random.hpp>
#include <coppice/textbook/search_tree.hpp>

#include "scenes.hpp"
#include "stage.hpp"

namespace copy_on_write {
namespace {

using tree = coppice::textbook::search_tree<std::uint64_t>;
using wall = std::chrono::steady_clock;
constexpr int readers = 2;

struct figures {
    std::uint64_t reads = 0;
    std::uint64_t writes = 0;
    wall::duration longest{0};
};

/// Two threads call `read` and one calls `write`, as fast as they can, for some time.
template <class Read, class Write>
figures run_for(std::chrono::milliseconds time, Read read, Write write) {
    std::atomic<bool> done = false;
    std::array<figures, readers> each{};
    std::vector<std::thread> threads;
    for (figures& mine : each) {
        threads.emplace_back([&] {
            while (!done.load(std::memory_order_relaxed)) {
                const auto begin = wall::now();
                read();
                mine.longest = std::max(mine.longest, wall::now() - begin);
                ++mine.reads;
            }
        });
    }
    figures all;
    const auto end = wall::now() + time;
    for (; wall::now() < end; ++all.writes) { write(); }
    done = true;
    for (std::thread& thread : threads) { thread.join(); }
    for (const figures& mine : each) {
        all.reads += mine.reads;
        all.longest = std::max(all.longest, mine.longest);
    }
    return all;
}

template <class Of>
[[nodiscard]] Of median(std::vector<figures>& of, Of figures::*which) {
    const auto middle = of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2);
    std::nth_element(of.begin(), middle, of.end(),
                     [which](const figures& a, const figures& b) { return a.*which < b.*which; });
    return *middle.*which;
}

}  // namespace

void swapping_a_root(stage& on) {
    const std::size_t elements = on.size(100'000, 1'000);
    const std::chrono::milliseconds time(on.size(300, 20));
    on.say(
        "What never changes needs no lock. Only the root of the newest version does change: one word, which a writer\n"
        "swaps when the next version is whole. Readers take whichever root they find, and are never in anyone's\n"
        "way. Here two readers count "
        + count_text(elements / 10) + " elements of one version, while a writer inserts and erases.");
    coppice::random_source random(1);
    tree first;
    while (first.size() < elements) { first = first.insert(random()); }
    const std::size_t counted = elements / 10;
    std::atomic<bool> mixed = false;  // a reader saw a tree that no version is
    const auto look = [&](const tree& now) {
        std::size_t seen = 0;
        std::uint64_t before = 0;
        for (auto at = now.begin(); seen < counted; ++at, ++seen) {
            if (*at < before) { mixed = true; }
            before = *at;
        }
    };
    const auto next = [&](const tree& now) {
        return now.size() > elements ? now.erase(*now.begin()) : now.insert(random());
    };

    coppice::atomic_box<tree> box(first);
    std::mutex mutex;
    tree guarded = first;
    // In turns: who gets a core when is chance, and one turn may be a lucky one.
    std::vector<figures> boxed;
    std::vector<figures> locked;
    for (std::size_t turn = 0; turn < on.size(9, 1); ++turn) {
        boxed.push_back(run_for(
            time, [&] { box.read(look); }, [&] { box.update(next); }));
        locked.push_back(run_for(
            time,
            [&] {
                const std::lock_guard lock(mutex);
                look(guarded);
            },
            [&] {
                const std::lock_guard lock(mutex);
                guarded = next(guarded);
            }));
    }
    if (mixed) { stop("a reader saw two versions at once"); }

    std::vector<std::vector<std::string>> rows{{"", "reads a second", "the longest", "changes a second"}};
    const double seconds = std::chrono::duration<double>(time).count();
    const auto a_second = [&](std::uint64_t count) {
        return count_text(static_cast<std::uint64_t>(static_cast<double>(count) / seconds));
    };
    const auto add = [&](const char* what, std::vector<figures>& of) {
        rows.push_back({what, a_second(median(of, &figures::reads)), time_text(median(of, &figures::longest)),
                        a_second(median(of, &figures::writes))});
    };
    add("atomic_box", boxed);
    add("a mutex", locked);
    on.table(rows);
    on.say("Medians of nine turns, for who gets the lock, or a core, is chance: on "
           + std::to_string(std::thread::hardware_concurrency())
           + " cores, which the\nthree threads share, the longest read has waits for a core in it. A writer who "
             "is overtaken by another\nbegins anew, so a value that is written as often as it is read wants a mutex.");
}

}  // namespace copy_on_write
