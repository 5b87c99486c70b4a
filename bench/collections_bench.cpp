// The collections in memory beside std's and absl's (where it is installed): nanoseconds of CPU time an operation, and
// bytes an element.
//
// --small: n = 10 and 1,000, once. --large: n = 10,000,000 too. --only: titles with PART in them. The best of N
// runs (3) counts; in each, all columns are measured one after the other. Keys come in random order and each access is
// independent of the one before. `persistent` keeps the value that it changes until the next one is there; `sole owner`
// changes an rvalue. What is freed stays with the program, so that nobody waits for the system's memory. Bytes are what
// the allocator has handed out, texts of keys and values included.
#include <cstdint>
#include <cstdio>
#include <string>

#include "arguments.hpp"
#include "map_rows.hpp"
#include "text_rows.hpp"
#include "vector_rows.hpp"

namespace coppice::bench {
namespace {

int run(const settings& set) {
    std::printf("ns of CPU time per operation, best of %u runs; bytes per element\n", set.runs);
    vectors(set);
    texts(set);
    maps<std::int64_t>(set, "map<int64, int64>");
    maps<std::string>(set, "map<string, string>");
    if (table::printed == 0) {
        std::fprintf(stderr, "collections_bench: no title has '%s' in it\n", std::string(set.only).c_str());
        return 2;
    }
    std::printf("\nseen %016llx\n", static_cast<unsigned long long>(seen));
    return 0;
}

}  // namespace
}  // namespace coppice::bench

int main(int argc, char** argv) {
    coppice::bench::keep_memory();
    coppice::bench::settings set;
    for (coppice::bench::arguments given("collections_bench [--small] [--large] [--only PART] [--runs N]", argc, argv);
         given.next();) {
        if (given.is("--small")) {
            set.sizes = {10, 1'000};
            set.runs = 1;
        } else if (given.is("--large")) {
            set.sizes.push_back(10'000'000);
        } else if (!given.value("--only", set.only) && !given.value("--runs", set.runs)) {
            return given.refuse();
        }
    }
    return coppice::bench::run(set);
}
