#include "server/worker_pool.hpp"

#include <utility>

#include <coppice/base/priority.hpp>

namespace coppice::server {

worker_pool::worker_pool(unsigned threads) : places_(threads) {
    const std::lock_guard lock(mutex_);
    if (threads > 0) {
        threads_.emplace_back([this] { work(); });
    }
    while (threads_.size() < threads && add_thread()) {}
}

worker_pool::~worker_pool() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) { thread.join(); }  // none is added any more
}

void worker_pool::run(std::function<void()> job) {
    {
        const std::lock_guard lock(mutex_);
        jobs_.push(std::move(job));
        fill_place();
    }
    changed_.notify_one();
}

// Requires: mutex_ is held.
void worker_pool::fill_place() {
    if (jobs_.empty() || taken_ >= places_ || idle_ >= jobs_.size() || stopping_) { return; }
    full_ = threads_.size() >= threads_most || !add_thread();
}

// False: no memory or no thread, so a job waits for one that is there.  Requires: mutex_ is held.
bool worker_pool::add_thread() noexcept {
    try {
        threads_.emplace_back([this] { work(); });
        return true;
    } catch (const std::exception&) { return false; }
}

std::size_t worker_pool::stuck() {
    const std::lock_guard lock(mutex_);
    return full_ && taken_ < places_ && idle_ == 0 ? jobs_.size() : 0;
}

void worker_pool::while_waiting(function_ref<void()> wait) {
    {
        const std::lock_guard lock(mutex_);
        --taken_;
        fill_place();
        if (!jobs_.empty()) { changed_.notify_one(); }
    }
    wait();
    const std::lock_guard lock(mutex_);
    ++taken_;  // perhaps one too many, until a job ends
}

void worker_pool::work() {
    lower_thread_priority();
    std::unique_lock lock(mutex_);
    for (;;) {
        ++idle_;
        changed_.wait(lock, [this] { return stopping_ || (!jobs_.empty() && taken_ < places_); });
        --idle_;
        if (stopping_) { return; }
        auto job = std::move(jobs_.front());
        jobs_.pop();
        ++taken_;
        lock.unlock();
        job();
        job = nullptr;  // what it owns goes without the lock
        lock.lock();
        --taken_;
    }
}

}  // namespace coppice::server
