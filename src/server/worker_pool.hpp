// src/server/worker_pool.hpp: threads for work that would make the loop's other clients wait.
//
// They run at a lower priority than the loop, so on a machine with few processors the loop goes first. A job that
// waits for a client leaves its place to another thread: clients that do not read keep nobody else's jobs waiting,
// until threads_most of them wait; then the jobs are stuck, and who owns the clients should cut some of them off.
//
// Threads: run may be called from any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

#include <coppice/base/function_ref.hpp>

namespace coppice::server {

class worker_pool {
public:
    static constexpr std::size_t threads_most = 256;

    /// Begins with fewer where the system gives no more; throws std::system_error where it gives none.
    explicit worker_pool(unsigned threads);
    /// Waits for the jobs that run; drops those that wait.
    ~worker_pool();
    worker_pool(const worker_pool&) = delete;
    worker_pool& operator=(const worker_pool&) = delete;

    /// Runs `job` on some worker, in the order of the calls.  What it throws ends the program.
    void run(std::function<void()> job);
    /// For a job: calls `wait`, which waits for somebody outside.
    void while_waiting(function_ref<void()> wait);
    /// How many jobs wait though there is a place for one: all threads wait for somebody outside, and none is added.
    [[nodiscard]] std::size_t stuck();

private:
    void work();
    void fill_place();
    bool add_thread() noexcept;

    const unsigned places_;
    std::mutex mutex_;
    std::condition_variable changed_;
    // Guarded by mutex_.
    std::queue<std::function<void()>> jobs_;
    unsigned taken_ = 0;  // places of jobs that run and do not wait
    std::size_t idle_ = 0;
    bool full_ = false;  // the last time a thread was wanted there was none to be had
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace coppice::server
