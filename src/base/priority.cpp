#include <coppice/base/priority.hpp>

#ifdef __linux__
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

}  // namespace coppice
