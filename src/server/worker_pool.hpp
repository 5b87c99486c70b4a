// src/server/worker_pool.hpp: threads for work that would make the loop's other clients wait.
//
// They run at a lower priority than the loop, so on a machine with few processors the loop goes first.
//
// Threads: run may be called from any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

namespace coppice::server {

class worker_pool {
public:
    explicit worker_pool(unsigned threads);
    /// Waits for the jobs that run; drops those that wait.
    ~worker_pool();
    worker_pool(const worker_pool&) = delete;
    worker_pool& operator=(const worker_pool&) = delete;

    /// Runs `job` on some worker, in the order of the calls.  What it throws ends the program.
    void run(std::function<void()> job);

private:
    void work();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::queue<std::function<void()>> jobs_;  // guarded by mutex_
    bool stopping_ = false;                   // guarded by mutex_
    std::vector<std::thread> threads_;        // constant after construction
};

}  // namespace coppice::server
