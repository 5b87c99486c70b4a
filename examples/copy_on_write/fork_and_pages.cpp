// A child of fork() shares every page with its parent until one of them writes to it: told by /proc/PID/smaps.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "scenes.hpp"
#include "stage.hpp"

namespace copy_on_write {
namespace {

struct mapping_figures {
    double shared_bytes = 0;
    double own_bytes = 0;
};

/// What the system tells of this process's mapping that has `address`: which of its pages others have, too.
mapping_figures figures_of(const void* address) {
    std::ifstream told("/proc/self/smaps");
    const auto wanted = reinterpret_cast<std::uintptr_t>(address);
    mapping_figures found;
    bool inside = false;
    for (std::string line; std::getline(told, line);) {
        std::istringstream words(line);
        std::uintptr_t begin = 0;
        std::uintptr_t end = 0;
        char dash = 0;
        if (words >> std::hex >> begin >> dash && dash == '-' && words >> end) {
            inside = begin <= wanted && wanted < end;
            continue;
        }
        std::istringstream field(line);
        std::string name;
        double kib = 0;
        if (!inside || !(field >> name >> kib)) { continue; }
        if (name.starts_with("Shared_C") || name.starts_with("Shared_D")) { found.shared_bytes += kib * 1024; }
        if (name.starts_with("Private_C") || name.starts_with("Private_D")) { found.own_bytes += kib * 1024; }
    }
    return found;
}

std::vector<std::string> row_of(std::string when, const void* address) {
    const mapping_figures now = figures_of(address);
    return {std::move(when), bytes_text(now.shared_bytes), bytes_text(now.own_bytes)};
}

}  // namespace

void fork_and_pages(stage& on) {
    const std::size_t bytes = on.size(256, 8) << 20U;
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t written = 100;
    void* const mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) { stop("no memory for a mapping of " + bytes_text(static_cast<double>(bytes))); }
    madvise(mapped, bytes, MADV_NOHUGEPAGE);  // else one written byte may copy 2 MiB
    char* const data = static_cast<char*>(mapped);
    std::memset(data, 1, bytes);
    on.say("This process has filled " + bytes_text(static_cast<double>(bytes)) + ". fork() makes a second process "
           + "that sees the same bytes; what is copied is\nthe table of pages. The first who writes to a page gets a "
           + "copy of it, " + bytes_text(static_cast<double>(page)) + " at a time.");

    std::vector<std::vector<std::string>> rows{{"", "shared", "its own"}};
    rows.push_back(row_of("before fork(), the parent", data));
    std::cout.flush();
    pid_t child = 0;
    const auto begin = std::chrono::steady_clock::now();
    child = fork();
    if (child < 0) { stop("fork failed: no process to be had"); }
    if (child == 0) {
        const std::chrono::duration<double> forked = std::chrono::steady_clock::now() - begin;
        rows.push_back(row_of("behind it, the child", data));
        const auto first = time_of([&] {
            for (std::size_t i = 0; i < written; ++i) { data[i * page] = 2; }
        });
        rows.push_back(row_of("the child has written to " + std::to_string(written) + " pages", data));
        const auto again = time_of([&] {
            for (std::size_t i = 0; i < written; ++i) { data[i * page] = 3; }
        });
        on.table(rows);
        on.table({{"", "time"},
                  {"fork()", time_text(forked)},
                  {"the first write to a page", time_text(first / static_cast<double>(written))},
                  {"a write to a page of one's own", time_text(again / static_cast<double>(written))}});
        on.say(
            "One byte changed costs a page, a page cannot be compared with its copy, and nothing of it outlives the\n"
            "processes: a tree of nodes does the same inside a program, in pieces of its own choice.");
        std::exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) { stop("the child of the scene failed"); }
    on.table({{"", "shared", "its own"}, row_of("the child has ended, the parent", data)});
    expect(data[0] == 1, "the child's write is seen by its parent");
    on.say("And what the child wrote, the parent never saw.");
    munmap(mapped, bytes);
}

}  // namespace copy_on_write
