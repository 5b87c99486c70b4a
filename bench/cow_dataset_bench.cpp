// Copies of a data set, each with a few rows changed, beside deep copies: time, and memory as the kernel counts it.
//
// For 10, 100 and 1,000 copies of 100,000 numbers, 1 % of whose rows, one stretch, are changed in each. All copies live
// until the end. Each row of the table is a process of its own, which has made the data before it is measured; bytes
// are what its resident set grows by (/proc/self/statm), so whatever the allocator keeps counts too.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <coppice/cow_dataset.hpp>

#include "arguments.hpp"
#include "tree_report.hpp"

namespace coppice::bench {
namespace {

struct measured {
    double milliseconds = 0;
    double mebibytes = 0;
    double answer = 0;
};

double resident_mebibytes() {
    std::ifstream statm("/proc/self/statm");
    long all = 0;
    long resident = 0;
    statm >> all >> resident;
    return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1024 * 1024);
}

double changed(double row) { return row * 1.0001 + 1; }

/// `copies` of `loaded`, each with a stretch of its own changed; what they hold in all, so that nothing is left out.
measured shared_copies(const cow_dataset<double>& loaded, std::size_t copies, std::size_t stretch) {
    std::vector<cow_dataset<double>> made;
    made.reserve(copies);
    const double before = resident_mebibytes();
    const double begin = thread_time();
    for (std::size_t each = 0; each < copies; ++each) {
        const std::size_t first = each * stretch % (loaded.size() - stretch);
        made.push_back(loaded.copy());
        made.back().transform(first, first + stretch, changed);
    }
    measured found{(thread_time() - begin) / 1e6, resident_mebibytes() - before, 0};
    for (const auto& one : made) { found.answer += one[one.size() / 2] + one[0]; }
    return found;
}
measured deep_copies(const std::vector<double>& loaded, std::size_t copies, std::size_t stretch) {
    std::vector<std::vector<double>> made;
    made.reserve(copies);
    const double before = resident_mebibytes();
    const double begin = thread_time();
    for (std::size_t each = 0; each < copies; ++each) {
        const std::size_t first = each * stretch % (loaded.size() - stretch);
        auto& copy = made.emplace_back(loaded);
        for (std::size_t row = first; row < first + stretch; ++row) { copy[row] = changed(copy[row]); }
    }
    measured found{(thread_time() - begin) / 1e6, resident_mebibytes() - before, 0};
    for (const auto& one : made) { found.answer += one[one.size() / 2] + one[0]; }
    return found;
}

/// What `work` measures in a process of its own.
template <class Work>
measured apart(Work work) {
    int pipe_ends[2];
    if (pipe(pipe_ends) != 0) { std::abort(); }
    const pid_t child = fork();
    if (child == 0) {
        const measured found = work();
        const bool sent = write(pipe_ends[1], &found, sizeof found) == sizeof found;
        _exit(sent ? 0 : 1);
    }
    close(pipe_ends[1]);
    measured found;
    const bool came = child > 0 && read(pipe_ends[0], &found, sizeof found) == sizeof found;
    close(pipe_ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (!came || status != 0) {
        std::fprintf(stderr, "cow_dataset_bench: a measuring process failed\n");
        std::exit(1);
    }
    return found;
}

void run(std::size_t rows, bool small) {
    std::vector<double> source(rows);
    for (std::size_t row = 0; row < rows; ++row) { source[row] = static_cast<double>(row) * 0.5; }
    std::printf(
        "%zu rows of 8 bytes, 1 %% changed in each copy; milliseconds of CPU and resident MiB for all copies\n\n",
        rows);
    std::printf("%7s  %12s %12s %8s  %12s %12s %8s\n", "copies", "shared ms", "deep ms", "times", "shared MiB",
                "deep MiB", "part");
    for (const std::size_t copies : {std::size_t{10}, std::size_t{100}, std::size_t{1000}}) {
        const std::size_t count = small ? copies / 10 : copies;
        const std::size_t stretch = std::max<std::size_t>(rows / 100, 1);
        const measured shared = apart([&] {
            const cow_dataset<double> loaded(source.begin(), source.end());
            return shared_copies(loaded, count, stretch);
        });
        const measured deep = apart([&] { return deep_copies(source, count, stretch); });
        if (shared.answer != deep.answer) {
            std::fprintf(stderr, "cow_dataset_bench: the copies differ: %.17g and %.17g\n", shared.answer, deep.answer);
            std::exit(1);
        }
        std::printf("%7zu  %12.2f %12.2f %8.1f  %12.2f %12.2f %8.3f\n", count, shared.milliseconds, deep.milliseconds,
                    deep.milliseconds / shared.milliseconds, shared.mebibytes, deep.mebibytes,
                    shared.mebibytes / std::max(deep.mebibytes, 0.01));
    }
}

}  // namespace
}  // namespace coppice::bench

int main(int count, char** words) {
    std::size_t rows = 100'000;
    bool small = false;
    for (coppice::bench::arguments given("cow_dataset_bench [--small] [--rows n]", count, words); given.next();) {
        if (given.is("--small")) {
            small = true;
            rows = 10'000;
        } else if (!given.value("--rows", rows)) {
            return given.refuse();
        }
    }
    coppice::bench::run(rows, small);
    return 0;
}
