// bench/tree_report.hpp: timing, and rows as an aligned table or as JSON.
//
// A row is the median of several runs and their median absolute deviation (MAD): one disturbed run moves
// neither. The hash of the answer keeps the work from being optimised away and shows that two
// implementations answered alike.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <time.h>

#if defined(COPPICE_JEMALLOC)
#include <jemalloc/jemalloc.h>
#else
#include <malloc.h>
#endif

namespace coppice::bench {

/// Bytes that the allocator has handed out and not got back, in its own size classes.
inline std::size_t allocated_bytes() {
#if defined(COPPICE_JEMALLOC)
    std::uint64_t epoch = 1;
    std::size_t size = sizeof epoch;
    mallctl("epoch", &epoch, &size, &epoch, size);
    std::size_t bytes = 0;
    size = sizeof bytes;
    mallctl("stats.allocated", &bytes, &size, nullptr, 0);
    return bytes;
#else
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;  // and what was mapped alone
#endif
}

/// Memory that is freed stays with the program, for the next one who asks. New memory is the system's time, and its
/// page faults would be most of what is measured.
inline void keep_memory() {
#if !defined(COPPICE_JEMALLOC)
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, -1);
#endif
}

inline double bytes_since(std::size_t before) {
    const std::size_t now = allocated_bytes();
    return now > before ? static_cast<double>(now - before) : 0;  // caches of the allocator may have shrunk
}

/// Time of this thread alone, in nanoseconds: a busy machine disturbs it less than a clock on the wall.
inline double thread_time() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

inline double median(std::vector<double> of) {
    std::sort(of.begin(), of.end());
    return of.empty() ? 0 : of[of.size() / 2];
}

struct row {
    std::string what;
    double ns = 0;  ///< per operation
    double mad = 0;
    double bytes = 0;  ///< per element; 0: not measured
    double aim = 0;    ///< of `ns`, or of `bytes` where there is no time; 0: none
    std::uint64_t hash = 0;
};

class report {
public:
    report(unsigned runs, std::string_view only) : runs_(runs), only_(only) {}

    /// Whether the rows whose name begins with `group` were asked for.
    [[nodiscard]] bool wants(std::string_view group) const { return only_.empty() || group.find(only_) != group.npos; }

    /// Measures `body`, which does `operations` of what the row names and returns a hash of what it saw.
    /// `prepare` runs before each measurement, untimed.
    template <class Prepare, class Body>
    row& measure(std::string what, std::uint64_t operations, double aim, Prepare&& prepare, Body&& body) {
        std::vector<double> times;
        row made{.what = std::move(what), .aim = aim};
        for (unsigned run = 0; run < runs_; ++run) {
            prepare();
            const double begin = thread_time();
            made.hash = body();
            times.push_back((thread_time() - begin) / static_cast<double>(operations));
        }
        made.ns = median(times);
        for (double& time : times) { time = time > made.ns ? time - made.ns : made.ns - time; }
        made.mad = median(times);
        return add(std::move(made));
    }
    template <class Body>
    row& measure(std::string what, std::uint64_t operations, double aim, Body&& body) {
        return measure(
            std::move(what), operations, aim, [] {}, body);
    }
    row& add(row made) {
        rows_.push_back(std::move(made));
        return rows_.back();
    }

    void print_table() const {
        std::printf("%-46s %10s %8s %9s %8s  %s\n", "", "ns", "MAD", "bytes", "aim", "hash");
        for (const row& each : rows_) {
            std::printf("%-46s %10.1f %8.1f %9s %8s  %016llx\n", each.what.c_str(), each.ns, each.mad,
                        number(each.bytes).c_str(), number(each.aim).c_str(),
                        static_cast<unsigned long long>(each.hash));
        }
    }
    void print_json(const std::string& parameters) const {
        std::printf("{\"bench\": \"tree\", \"parameters\": {%s}, \"rows\": [", parameters.c_str());
        const char* comma = "";
        for (const row& each : rows_) {
            std::printf(
                "%s\n  {\"what\": \"%s\", \"ns\": %.2f, \"mad\": %.2f, \"bytes\": %.2f, \"aim\": %.0f, \"hash\": "
                "\"%016llx\"}",
                comma, each.what.c_str(), each.ns, each.mad, each.bytes, each.aim,
                static_cast<unsigned long long>(each.hash));
            comma = ",";
        }
        std::printf("\n]}\n");
    }

private:
    static std::string number(double of) {
        char text[32];
        std::snprintf(text, sizeof text, "%.1f", of);
        return of == 0 ? "" : text;
    }

    unsigned runs_;
    std::string_view only_;
    std::deque<row> rows_;  // a row that was handed out stays where it is
};

inline std::uint64_t mix(std::uint64_t hash, std::uint64_t with) {
    return (hash ^ with) * 0x9e3779b97f4a7c15U ^ (hash >> 29);
}

}  // namespace coppice::bench
