#include "server/worker_pool.hpp"

#include <utility>

#include <coppice/base/priority.hpp>

namespace coppice::server {
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
    lower_thread_priority();
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
