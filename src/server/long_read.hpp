// src/server/long_read.hpp: a long answer, made by a worker and streamed to one connection.
//
//     worker --chunk (128 KiB)--> loop --bytes--> socket
//            <----- credit ----------------------+
//
// At most four chunks are ahead of the socket: a slow client stops its worker (whose place another thread takes), the
// server's memory does not grow. How long a chunk waited for the loop is the loop's lag. The worker sleeps about as
// long as it has worked, so that streaming leaves the loop and the processors to others half of the time, and longer
// where the loop is late.
//
// Threads: run belongs to the worker, target and sent to the loop, cancel to either.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>

#include <coppice/base/clock.hpp>

#include "server/loop.hpp"
#include "server/service.hpp"
#include "server/worker_pool.hpp"
#include "wire/byte_buffer.hpp"
#include "wire/resp_writer.hpp"

namespace coppice::server {

inline constexpr std::size_t chunk_bytes = 128 * 1024;
inline constexpr std::size_t chunks_ahead = 4;
inline constexpr std::chrono::microseconds lag_tolerated{500};
inline constexpr std::chrono::microseconds pace_least{100};
inline constexpr std::chrono::microseconds pace_most{1000};

/// What a long answer needs of the connection it goes to.  Called on the loop's thread.
class chunk_target {
public:
    virtual ~chunk_target() = default;
    virtual void chunk(const wire::byte_buffer& bytes) = 0;
    /// The answer is whole, or (failed) broke off.
    virtual void chunks_ended(bool failed) = 0;
};

class long_read : public std::enable_shared_from_this<long_read> {
public:
    long_read(loop& on, worker_pool& workers, const clock_source& clock, chunk_target& target)
        : loop_(on), workers_(workers), clock_(clock), target_(&target) {}

    /// Makes the answer, on a worker, and streams it.
    void run(const std::function<void(reply_sink&)>& answer, wire::resp_version version);

    /// The socket took `chunks` chunks.
    void sent(std::size_t chunks);
    /// Nobody reads any more: the target is not called again and the worker is told.
    void cancel();

    /// For the worker's sink.
    void hand_over(wire::byte_buffer chunk);
    [[nodiscard]] bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }

private:
    void end(bool failed);
    loop& loop_;
    worker_pool& workers_;
    const clock_source& clock_;
    chunk_target* target_;  // of the loop's thread; null when cancelled

    std::atomic<bool> stopped_ = false;
    std::atomic<std::chrono::nanoseconds> lag_{std::chrono::nanoseconds(0)};
    // The worker's.
    std::chrono::microseconds pace_ = pace_least;
    std::chrono::nanoseconds resumed_{0};
    std::chrono::nanoseconds worked_{0};  // since it slept
    std::mutex mutex_;
    std::condition_variable credit_;
    std::size_t ahead_ = 0;  // guarded by mutex_: chunks handed over and not sent
};

}  // namespace coppice::server
