#include "server/loop.hpp"

#include <atomic>
#include <mutex>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include <uv.h>

#include <coppice/base/assert.hpp>

namespace coppice::server {
namespace {

void check(int status, const char* what) {
    if (status != 0) { throw std::system_error(-status, std::generic_category(), what); }
}

template <class Handle>
uv_handle_t* base(Handle* handle) noexcept {
    return reinterpret_cast<uv_handle_t*>(handle);  // libuv's own idea of a base class
}

// libuv gives a handle back some rounds after uv_close, so each lives in a box that frees itself then.
template <class Handle>
struct boxed {
    Handle handle;
    std::function<void()> call;

    void close() noexcept {
        uv_close(base(&handle), [](uv_handle_t* closed) { delete static_cast<boxed*>(closed->data); });
    }
};

struct watched {
    uv_poll_t handle;
    std::function<void(readiness)> ready;
    bool destroyed = false;
};

int events_of(readiness what) noexcept {
    int events = 0;
    if (has(what, readiness::read)) { events |= UV_READABLE; }
    if (has(what, readiness::write)) { events |= UV_WRITABLE; }
    if (has(what, readiness::hang_up)) { events |= UV_DISCONNECT; }
    return events;
}

void on_ready(uv_poll_t* handle, int status, int events) {
    auto* const watch = static_cast<watched*>(handle->data);
    auto what = readiness::none;
    if (status < 0) { what = what | readiness::broken; }
    if ((events & UV_READABLE) != 0) { what = what | readiness::read; }
    if ((events & UV_WRITABLE) != 0) { what = what | readiness::write; }
    if ((events & UV_DISCONNECT) != 0) { what = what | readiness::hang_up; }
    if (!watch->destroyed) { watch->ready(what); }
}

class poll_watch final : public loop::watch {
public:
    poll_watch(uv_loop_t* loop, int descriptor, std::function<void(readiness)> ready)
        : watched_(new watched{{}, std::move(ready)}) {
        const int status = uv_poll_init(loop, &watched_->handle, descriptor);
        if (status != 0) { delete watched_; }
        check(status, "watching a descriptor");
        watched_->handle.data = watched_;
    }
    poll_watch(const poll_watch&) = delete;
    poll_watch& operator=(const poll_watch&) = delete;
    ~poll_watch() override {
        watched_->destroyed = true;
        uv_close(base(&watched_->handle), [](uv_handle_t* closed) { delete static_cast<watched*>(closed->data); });
    }
    void want(readiness what) noexcept override {
        const int events = events_of(what);
        if (events == 0) {
            uv_poll_stop(&watched_->handle);
        } else {
            uv_poll_start(&watched_->handle, events, on_ready);
        }
    }

private:
    watched* watched_;
};

}  // namespace

struct loop::inside {
    uv_loop_t uv;
    uv_prepare_t prepare;
    uv_async_t async;
    std::function<void()> turn_end;
    std::unordered_map<std::uint64_t, boxed<uv_timer_t>*> timers;
    std::uint64_t timers_made = 0;
    std::vector<boxed<uv_signal_t>*> signals;
    std::atomic<bool> stopping = false;

    std::mutex posted_mutex;
    std::vector<std::function<void()>> posted;  // guarded by posted_mutex

    void run_posted() {
        std::vector<std::function<void()>> calls;
        {
            const std::lock_guard lock(posted_mutex);
            calls.swap(posted);
        }
        for (auto& call : calls) { call(); }
        if (stopping) { uv_stop(&uv); }
    }

    timer_id add_timer(std::chrono::milliseconds delay, std::chrono::milliseconds period, std::function<void()> f) {
        const auto id = ++timers_made;
        auto* const timer = new boxed<uv_timer_t>{};
        timers.emplace(id, timer);
        uv_timer_init(&uv, &timer->handle);
        timer->handle.data = timer;
        timer->call = [this, id, once = period.count() == 0, f = std::move(f)] {
            const auto kept = f;  // cancelling itself must not free what is running
            if (once) { remove_timer(id); }
            kept();
        };
        uv_update_time(&uv);  // else the delay counts from the start of this round
        uv_timer_start(
            &timer->handle, [](uv_timer_t* fired) { static_cast<boxed<uv_timer_t>*>(fired->data)->call(); },
            static_cast<std::uint64_t>(delay.count()), static_cast<std::uint64_t>(period.count()));
        return static_cast<timer_id>(id);
    }

    void remove_timer(std::uint64_t id) noexcept {
        const auto found = timers.find(id);
        if (found == timers.end()) { return; }
        found->second->close();
        timers.erase(found);
    }
};

loop::loop() : inside_(std::make_unique<inside>()) {
    check(uv_loop_init(&inside_->uv), "making an event loop");
    check(uv_prepare_init(&inside_->uv, &inside_->prepare), "making an event loop");
    check(uv_async_init(&inside_->uv, &inside_->async,
                        [](uv_async_t* async) { static_cast<inside*>(async->data)->run_posted(); }),
          "making an event loop");
    inside_->prepare.data = inside_->async.data = inside_.get();
}

loop::~loop() {
    for (const auto& [id, timer] : inside_->timers) { timer->close(); }
    for (auto* const signal : inside_->signals) { signal->close(); }
    uv_close(base(&inside_->prepare), nullptr);
    uv_close(base(&inside_->async), nullptr);
    while (uv_run(&inside_->uv, UV_RUN_DEFAULT) != 0) {}
    COPPICE_CHECK(uv_loop_close(&inside_->uv) == 0);
}

void loop::run() {
    while (!inside_->stopping) { uv_run(&inside_->uv, UV_RUN_DEFAULT); }
}

void loop::stop() {
    inside_->stopping = true;
    wake();
}

void loop::post(std::function<void()> f) {
    {
        const std::lock_guard lock(inside_->posted_mutex);
        inside_->posted.push_back(std::move(f));
    }
    wake();
}

void loop::wake() noexcept { uv_async_send(&inside_->async); }

timer_id loop::after(std::chrono::milliseconds delay, std::function<void()> f) {
    return inside_->add_timer(delay, std::chrono::milliseconds(0), std::move(f));
}

timer_id loop::every(std::chrono::milliseconds period, std::function<void()> f) {
    return inside_->add_timer(period, period, std::move(f));
}

void loop::cancel(timer_id timer) noexcept { inside_->remove_timer(static_cast<std::uint64_t>(timer)); }

void loop::on_signal(int number, std::function<void()> f) {
    auto* const signal = new boxed<uv_signal_t>{};
    inside_->signals.push_back(signal);
    check(uv_signal_init(&inside_->uv, &signal->handle), "watching a signal");
    signal->handle.data = signal;
    signal->call = std::move(f);
    check(uv_signal_start(
              &signal->handle, [](uv_signal_t* fired, int) { static_cast<boxed<uv_signal_t>*>(fired->data)->call(); },
              number),
          "watching a signal");
}

void loop::on_turn_end(std::function<void()> f) {
    inside_->turn_end = std::move(f);
    // Prepare handles run last before the loop sleeps: after timers, and after the last round's sockets.
    uv_prepare_start(&inside_->prepare, [](uv_prepare_t* prepare) { static_cast<inside*>(prepare->data)->turn_end(); });
}

std::unique_ptr<loop::watch> loop::watch_descriptor(int descriptor, std::function<void(readiness)> ready) {
    return std::make_unique<poll_watch>(&inside_->uv, descriptor, std::move(ready));
}

}  // namespace coppice::server
