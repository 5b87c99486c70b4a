#include "server/long_read.hpp"

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include <coppice/tree/pool.hpp>

#include "command/dispatch.hpp"
#include "server/resp_sink.hpp"

namespace coppice::server {
namespace {

class chunk_sink;

/// Ends a worker's answer whose client is gone.
class nobody_reads final : public std::exception {};

struct pass_on_when_full {
    chunk_sink* sink;
    void operator()() const;
};

class chunk_sink final : public resp_sink<reply_sink, pass_on_when_full> {
public:
    chunk_sink(long_read& read, wire::resp_version version) : resp_sink(chunk_, version, {this}), read_(read) {}

    // A long string goes in parts, or one value would be one chunk.
    void bulk(std::string_view bytes) override {
        if (bytes.size() < chunk_bytes) { return resp_sink::bulk(bytes); }
        begin_bulk(bytes.size());
        part(bytes);
        end_bulk();
    }
    void part(std::string_view bytes) override {
        for (; bytes.size() > chunk_bytes; bytes.remove_prefix(chunk_bytes)) {
            resp_sink::part(bytes.substr(0, chunk_bytes));
        }
        resp_sink::part(bytes);
    }

    void pass_on(std::size_t at_least) {
        if (chunk_.size() < at_least) { return; }
        if (read_.stopped()) { throw nobody_reads(); }
        has_left_ = true;
        read_.hand_over(std::exchange(chunk_, {}));
    }
    /// Says only this, while nothing has left yet: an error inside a half answer would be read as a part of it.
    bool say_instead(const coppice::error& failure) {
        if (has_left_) { return false; }
        back_to(0);
        reply_error(*this, failure);
        return true;
    }

private:
    long_read& read_;
    wire::byte_buffer chunk_;
    bool has_left_ = false;
};

void pass_on_when_full::operator()() const { sink->pass_on(chunk_bytes); }

}  // namespace

void long_read::run(const std::function<void(reply_sink&)>& answer, wire::resp_version version) {
    bool failed = false;
    resumed_ = clock_.elapsed();
    try {
        chunk_sink sink(*this, version);
        try {
            if (!stopped()) { answer(sink); }
        } catch (const load_error& missing) {
            if (!sink.say_instead(missing.cause())) { throw; }
        }
        sink.pass_on(1);
    } catch (const std::exception&) {
        failed = true;  // the client has half an answer: only closing tells it
    }
    end(failed);
}

void long_read::hand_over(wire::byte_buffer chunk) {
    worked_ += clock_.elapsed() - resumed_;
    const auto has_credit = [this] { return ahead_ < chunks_ahead || stopped(); };
    std::unique_lock lock(mutex_);
    if (!has_credit()) {
        lock.unlock();
        workers_.while_waiting([&] {
            lock.lock();
            credit_.wait(lock, has_credit);
            lock.unlock();
        });
        lock.lock();
    }
    ++ahead_;
    lock.unlock();
    if (stopped()) { return; }
    // A std::function must be copyable, a buffer is not.
    auto shared = std::make_shared<wire::byte_buffer>(std::move(chunk));
    loop_.post([self = shared_from_this(), shared, posted = clock_.elapsed()] {
        self->lag_.store(self->clock_.elapsed() - posted, std::memory_order_relaxed);
        if (self->target_ != nullptr) { self->target_->chunk(*shared); }
    });
    const bool late = lag_.load(std::memory_order_relaxed) > lag_tolerated;
    pace_ = late ? std::min(pace_ * 2, pace_most) : std::max(pace_ * 7 / 8, pace_least);
    if (worked_ >= pace_least) {
        std::this_thread::sleep_for(pace_);
        worked_ = {};
    }
    resumed_ = clock_.elapsed();
}

void long_read::end(bool failed) {
    loop_.post([self = shared_from_this(), failed] {
        if (self->target_ != nullptr) { self->target_->chunks_ended(failed); }
    });
}

void long_read::sent(std::size_t chunks) {
    {
        const std::lock_guard lock(mutex_);
        ahead_ -= chunks;
    }
    credit_.notify_one();
}

void long_read::cancel() {
    target_ = nullptr;
    {
        const std::lock_guard lock(mutex_);
        stopped_.store(true, std::memory_order_relaxed);
    }
    credit_.notify_one();
}

}  // namespace coppice::server
