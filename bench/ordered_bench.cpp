// bench/ordered_bench.cpp: ordered_map at several sizes (ordered_rows.hpp).  Usage: ordered_bench [--small | SIZE ...]
#include <cstdlib>
#include <string_view>

#include "ordered_rows.hpp"

int main(int count, char** given) {
    if (count == 1) {
        for (const std::size_t size : {10U, 1'000U, 100'000U, 1'000'000U}) {
            coppice::bench::print_ordered_rows(size);
            coppice::bench::print_ordered_text_rows(size);
        }
    }
    for (int each = 1; each < count; ++each) {
        const std::size_t size =
            given[each] == std::string_view("--small") ? 1'000 : std::strtoull(given[each], nullptr, 10);
        coppice::bench::print_ordered_rows(size);
        coppice::bench::print_ordered_text_rows(size);
    }
}
