// Collections kept in a store on disk, beside the whole of them written to a file and read from one, as numbers in
// decimals both times.
//
// Milliseconds on the wall, the least of N runs (5), and bytes that the log grows by. Both leave syncing to the system.
// `reopened` has a store whose memory holds nothing of the list yet.
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include <coppice/base/random.hpp>
#include <coppice/persist.hpp>

#include "arguments.hpp"
#include "collections_table.hpp"

namespace coppice::bench {
namespace {

using numbers = vector<std::int64_t>;

template <class T>
T need(result<T> given) {
    if (!given) {
        std::fprintf(stderr, "persist_bench: %s\n", given.error().message().c_str());
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) { return *std::move(given); }
}

template <class Body>
double milliseconds(Body body) {
    const auto begin = std::chrono::steady_clock::now();
    body();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

void write_file(const std::filesystem::path& path, const std::vector<std::int64_t>& all) {
    std::string text;
    char room[24];
    for (const std::int64_t each : all) {
        text.append(room, std::to_chars(room, room + sizeof room, each).ptr);
        text += '\n';
    }
    std::ofstream(path, std::ios::binary) << text;
}

std::vector<std::int64_t> read_file(const std::filesystem::path& path) {
    std::ifstream from(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(from), {}};
    std::vector<std::int64_t> all;
    for (const char* at = text.data(); at < text.data() + text.size();) {
        std::int64_t value = 0;
        at = std::from_chars(at, text.data() + text.size(), value).ptr + 1;
        all.push_back(value);
    }
    return all;
}

/// One element, or a few, at random places.
numbers changed(const numbers& from, std::size_t changes, random_source& random) {
    auto edit = from.edit();
    for (std::size_t each = 0; each < changes; ++each) { edit.set(random.below(from.size()), -1); }
    return std::move(edit).done();
}

void measure(const std::filesystem::path& folder, std::size_t n, unsigned runs) {
    table out("list of " + std::to_string(n) + " numbers", {"coppice, ms", "file, ms", "coppice, log bytes"});
    random_source random(1);
    std::vector<std::int64_t> plain;
    for (std::size_t each = 0; each < n; ++each) { plain.push_back(static_cast<std::int64_t>(random.below(1U << 31))); }
    const numbers all(plain.begin(), plain.end());
    const auto file = folder / "file";
    for (unsigned run = 0; run < runs; ++run) {
        std::filesystem::remove_all(folder / "store");
        store data = need(store::open(folder / "store", {.background = false}));
        branch main = need(data.branch("main"));
        std::uint64_t log = need(data.metrics()).log_bytes;
        const auto saved = [&](const char* row, double took) {
            out.put(row, "coppice, ms", took);
            const std::uint64_t now = need(data.metrics()).log_bytes;
            out.put(row, "coppice, log bytes", static_cast<double>(now - std::exchange(log, now)));
        };
        std::optional<stored<numbers>> kept;
        saved("save", milliseconds([&] { kept = need(save(main, "list", all)); }));
        numbers next = changed(all, 100, random);
        saved("save, 100 changed", milliseconds([&] { kept = need(save(main, "list", next, *kept)); }));
        const numbers few = next.push_back(7);
        saved("save, one more", milliseconds([&] { kept = need(save(main, "list", few, *kept)); }));
        saved("save as another, 1 changed",
              milliseconds([&] { static_cast<void>(need(save(main, "copy", few.set(n / 2, 0), *kept))); }));
        out.put("save", "file, ms", milliseconds([&] { write_file(file, plain); }));

        kept.reset();
        need(data.close());
    }
    for (unsigned run = 0; run < runs; ++run) {
        store data = need(store::open(folder / "store", {.background = false}));
        const snapshot now = need(data.branch("main")).read();
        out.put("reopened: one element", "coppice, ms", milliseconds([&] {
                    seen += static_cast<std::uint64_t>(need(need(find_stored<numbers>(now, "list")).at(n / 3)));
                }));
        out.put("reopened: all", "coppice, ms",
                milliseconds([&] { seen += need(need(find_stored<numbers>(now, "list")).load()).size(); }));
        out.put("reopened: all", "file, ms", milliseconds([&] { seen += read_file(file).size(); }));
    }
    out.print();
}

}  // namespace
}  // namespace coppice::bench

int main(int argc, char** argv) {
    std::size_t n = 1'000'000;
    unsigned runs = 5;
    for (coppice::bench::arguments given("persist_bench [--small] [--runs N]", argc, argv); given.next();) {
        if (given.is("--small")) {
            n = 10'000;
            runs = 1;
        } else if (!given.value("--runs", runs)) {
            return given.refuse();
        }
    }
    const auto folder =
        std::filesystem::temp_directory_path() / ("coppice-persist-bench-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    coppice::bench::measure(folder, n, runs);
    std::filesystem::remove_all(folder);
    std::printf("\nseen %016llx\n", static_cast<unsigned long long>(coppice::bench::seen));
    return 0;
}
