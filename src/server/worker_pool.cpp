#include "server/worker_pool.hpp"

#include <utility>

#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace coppice::server {
namespace {

// Linux gives each thread its own niceness; elsewhere the workers run like everyone.
void be_nice() noexcept {
#ifdef __linux__
    constexpr int niceness = 10;
    static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), niceness));
#endif
}

}  // namespace

worker_pool::worker_pool(unsigned threads) {
    for (unsigned i = 0; i < threads; ++i) {
        threads_.emplace_back([this] { work(); });
    }
}

worker_pool::~worker_pool() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) { thread.join(); }
}

void worker_pool::run(std::function<void()> job) {
    {
        const std::lock_guard lock(mutex_);
        jobs_.push(std::move(job));
    }
    changed_.notify_one();
}

void worker_pool::work() {
    be_nice();
    for (;;) {
        std::function<void()> job;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
            if (stopping_) { return; }
            job = std::move(jobs_.front());
            jobs_.pop();
        }
        job();
    }
}

}  // namespace coppice::server
