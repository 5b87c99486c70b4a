#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>

#include <cli/serve.hpp>
#include <cli/verb.hpp>

#if defined(COPPICE_JEMALLOC)
// Read by jemalloc when it starts. A checkpoint and restore points give memory back on other threads than the one
// that took it, in bursts: left to itself jemalloc keeps such pages for as long as nobody calls it again. With a
// thread of its own it returns them after a second (1 M hash fields: 26 instead of 79 resident bytes each).
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";
}
#endif

int main(int count, char** words) {
    using namespace coppice;
    std::ios::sync_with_stdio(false);
    const cli::surroundings around{
        std::cin,
        std::cout,
        std::cerr,
        ::isatty(STDOUT_FILENO) == 1,
        ::isatty(STDERR_FILENO) == 1,
        [](const char* name) -> std::optional<std::string> {
            const char* found = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing sets variables
            return found == nullptr ? std::nullopt : std::optional<std::string>(found);
        },
        cli::open_runner,
        cli::check_settings,
        cli::start_server,
        system_clock(),
    };
    try {
        return cli::run_program({words + 1, words + count}, around);
    } catch (const std::exception& failure) {
        std::cerr << "error: " << failure.what() << '\n';
        return 1;
    }
}
