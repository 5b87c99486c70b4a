#include "server/engine_sessions.hpp"

#include <array>
#include <new>
#include <utility>

#include <openssl/rand.h>

#include <coppice/base/limits.hpp>

#include "server/turn.hpp"

namespace coppice::server {
namespace {

// 120 bits: twenty letters that mean nothing in an address.
std::string fresh_sid() {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::array<unsigned char, 20> random{};
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) { throw std::bad_alloc(); }
    std::string sid;
    for (const auto byte : random) { sid += letters[byte % letters.size()]; }
    return sid;
}

}  // namespace

engine_sessions::~engine_sessions() {
    shared_.events.cancel(refreshing_);
    end_all("the server stops");
}

engine_session& engine_sessions::open(engine_session::origin from) {
    auto made = std::make_unique<engine_session>(*this, shared_.next_id(), fresh_sid(), std::move(from));
    auto& opened = *made;
    sessions_.emplace(opened.sid(), std::move(made));
    shared_.commands.connected(opened);
    return opened;
}

engine_session* engine_sessions::find(std::string_view sid) const {
    const auto found = sessions_.find(std::string(sid));
    return found == sessions_.end() || found->second->over() ? nullptr : found->second.get();
}

znsocket::hub& engine_sessions::hub() const noexcept { return shared_.commands.participants(); }

void engine_sessions::mark_runnable(engine_session& one) {
    if (std::exchange(one.runnable, true)) { return; }
    runnable_.push_back(&one);
    shared_.events.wake();
}

void engine_sessions::run_resumed() {
    for (auto* const one : std::exchange(runnable_, {})) {
        one->runnable = false;
        one->run_waiting();
    }
}

void engine_sessions::time_refreshes() {
    if (refreshing_ != timer_id::none || !hub().refreshes_wait()) { return; }
    refreshing_ = shared_.events.after(limits::refresh_window, [this] {
        refreshing_ = timer_id::none;
        try {
            hub().time_passed(shared_.clock.elapsed());
        } catch (const std::bad_alloc&) { return; }  // they wait for the next time
    });
}

void engine_sessions::tell_ends() noexcept {
    for (std::size_t i = 0; i < over_.size(); ++i) { over_[i]->tell_end(); }
}

void engine_sessions::free_ended() {
    tell_ends();
    for (auto* const one : std::exchange(over_, {})) {
        if (one->runnable) { std::erase(runnable_, one); }
        sessions_.erase(std::string(one->sid()));
    }
}

void engine_sessions::second_passed(std::chrono::nanoseconds now) {
    hub().time_passed(now);
    for (const auto& [sid, one] : sessions_) { one->second_passed(now); }
}

void engine_sessions::end_all(std::string_view reason) {
    for (const auto& [sid, one] : sessions_) { one->end(reason); }
    free_ended();
}

}  // namespace coppice::server
