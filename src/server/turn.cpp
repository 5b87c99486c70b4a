#include "server/turn.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/logger.h>

#include <coppice/base/limits.hpp>

#include "server/engine_sessions.hpp"

namespace coppice::server {
namespace {

constexpr std::size_t spare_buffer_bytes = 64 * 1024;  // larger ones are given back to the allocator
constexpr std::size_t spare_bytes_max = 4 * limits::mebibyte;
constexpr int rounds_max = 8;  // of resumed clients that resume each other, before sockets get a turn again

}  // namespace

turn::turn(loop& on, service& served, settings& given, const clock_source& time, spdlog::logger& logger,
           worker_pool& pool)
    : events(on),
      commands(served),
      clock(time),
      log(logger),
      workers(pool),
      sessions_(std::make_unique<engine_sessions>(*this)) {
    read_settings(given);
    for (const auto which : {setting::timeout, setting::client_output_hard_limit, setting::client_query_buffer_limit,
                             setting::proto_max_bulk_len, setting::allowed_origins}) {
        given.on_change(which, [this](const settings& changed) {
            read_settings(changed);
            return status{};
        });
    }
}

turn::~turn() { end_all("the server stops"); }

void turn::read_settings(const settings& given) {
    idle_limit = std::chrono::seconds(given.number(setting::timeout));
    output_limit = static_cast<std::size_t>(given.number(setting::client_output_hard_limit));
    waiting_limit = static_cast<std::size_t>(given.number(setting::client_query_buffer_limit));
    allowed_origins = given.text(setting::allowed_origins);
    bulk_bytes_ = static_cast<std::uint64_t>(given.number(setting::proto_max_bulk_len));
}

void turn::add(accepted from) {
    ++sums.connections;
    const auto id = next_id();
    auto& added = *connections_.emplace(id, std::make_unique<connection>(*this, id, std::move(from))).first->second;
    log.debug("client {} connected from {}", id, added.address());
    commands.connected(added);
    mark_dirty(added);
}

void turn::end() {
    ++sums.turns;
    run_resumed();
    for (std::size_t i = 0; i < dead_.size(); ++i) { dead_[i]->tell_end(); }
    sessions_->tell_ends();
    const auto ticket = commands.end_turn();
    release_durable();
    // By index: a client that ends may make the service say something to others.
    for (std::size_t i = 0; i < dirty_.size(); ++i) {
        auto& one = *dirty_[i];
        one.dirty = false;
        one.seal(ticket, durable_seen_);
        one.finish_turn();
    }
    dirty_.clear();
    free_dead();
    sessions_->free_ended();
    sessions_->time_refreshes();
    discarded.clear();
    if (discarded.capacity() > spare_buffer_bytes) { discarded.release(); }
    if (!runnable_.empty()) { events.wake(); }
}

void turn::run_resumed() {
    sessions_->run_resumed();
    for (int round = 0; round < rounds_max && !runnable_.empty(); ++round) {
        const auto resumed = std::exchange(runnable_, {});
        for (auto* const one : resumed) {
            one->runnable = false;
            one->run_waiting();
        }
    }
}

void turn::release_durable() {
    const auto durable = commands.durable();
    if (durable == durable_seen_) { return; }
    durable_seen_ = durable;
    std::erase_if(held_, [this, durable](connection* one) {
        one->held = one->release(durable);
        mark_dirty(*one);
        return !one->held;
    });
}

void turn::free_dead() {
    for (std::size_t i = 0; i < dead_.size(); ++i) { dead_[i]->tell_end(); }
    for (auto* const one : dead_) {
        if (one->held) { std::erase(held_, one); }
        if (one->runnable) { std::erase(runnable_, one); }
        if (one->dirty) { std::erase(dirty_, one); }
        connections_.erase(one->id());
    }
    dead_.clear();
}

void turn::second_passed() {
    const auto now = clock.elapsed();
    stuck_jobs = workers.stuck();
    for (const auto& [id, one] : connections_) { one->second_passed(now); }
    sessions_->second_passed(now);
    // What stayed spare for a whole second is not needed.
    spare_least_ = std::min(spare_least_, spare_.size());
    for (auto unused = spare_least_; unused > 0; --unused) {
        spare_bytes_ -= spare_.back().capacity();
        spare_.pop_back();
    }
    spare_least_ = spare_.size();
}

void turn::stop_reading() {
    for (const auto& [id, one] : connections_) { one->stop_reading(); }
}

void turn::end_all(std::string_view reason) {
    sessions_->end_all(reason);
    for (const auto& [id, one] : connections_) { one->end(reason); }
    free_dead();
}

bool turn::has_unsent() const noexcept {
    return std::any_of(connections_.begin(), connections_.end(),
                       [](const auto& entry) { return !entry.second->dead() && entry.second->has_unsent(); });
}

void turn::mark_runnable(connection& one) {
    if (!one.runnable) {
        one.runnable = true;
        runnable_.push_back(&one);
    }
}

void turn::mark_held(connection& one) {
    if (!one.held) {
        one.held = true;
        held_.push_back(&one);
    }
}

wire::byte_buffer turn::take_buffer() noexcept {
    if (spare_.empty()) { return {}; }
    auto taken = std::move(spare_.back());
    spare_.pop_back();
    spare_bytes_ -= taken.capacity();
    spare_least_ = std::min(spare_least_, spare_.size());
    return taken;
}

void turn::give_buffer(wire::byte_buffer buffer) noexcept {
    if (buffer.capacity() > spare_buffer_bytes || spare_bytes_ + buffer.capacity() > spare_bytes_max) { return; }
    try {
        spare_.push_back(std::move(buffer));
        spare_bytes_ += spare_.back().capacity();
    } catch (const std::bad_alloc&) {
        return;  // then it is one spare buffer less
    }
}

wire::request_limits turn::request_limits_for(bool authenticated) const noexcept {
    auto allowed = authenticated ? wire::request_limits{} : wire::limits_before_login();
    if (authenticated) { allowed.bulk_bytes = bulk_bytes_; }
    return allowed;
}

}  // namespace coppice::server
