#include <coppice/base/priority.hpp>

#ifdef __linux__
#include <cstdint>

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace coppice {

void lower_thread_priority() noexcept {
#ifdef __linux__  // each thread has its own niceness
    constexpr int niceness = 10;
    static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), niceness));
#endif
}

void shorten_thread_turns() noexcept {
#ifdef __linux__
    struct {  // the first version of the kernel's struct sched_attr, sched(7)
        std::uint32_t size = 48;
        std::uint32_t policy = 0;  // SCHED_OTHER
        std::uint64_t flags = 0;
        std::int32_t nice = 0;
        std::uint32_t priority = 0;
        std::uint64_t runtime = 0;
        std::uint64_t deadline = 0;
        std::uint64_t period = 0;
    } wanted;
    constexpr std::uint64_t shortest = 100'000;  // nanoseconds, what the kernel takes at the least
    if (syscall(SYS_sched_getattr, 0, &wanted, sizeof wanted, 0) != 0) { return; }
    wanted.size = sizeof wanted;
    wanted.runtime = shortest;
    static_cast<void>(syscall(SYS_sched_setattr, 0, &wanted, 0));
#endif
}

}  // namespace coppice
