#include "znsocket/chunk_sets.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace coppice::znsocket {
namespace {

failure chunk_error(std::string text) { return {"ChunkError", std::move(text)}; }

// What is wrong with a chunk by itself.
std::optional<failure> refusal_of(const chunk& one, const chunk_limits& allowed) {
    if (one.size > 0 && one.data.size() != one.size) {
        return failure{"ChunkSizeError", fmt::format("Chunk {} size mismatch", one.index)};
    }
    if (one.total > allowed.chunks) { return chunk_error(fmt::format("More than {} chunks", allowed.chunks)); }
    if (one.index >= one.total) { return chunk_error(fmt::format("Chunk {} of {}", one.index, one.total)); }
    return std::nullopt;
}

}  // namespace

std::size_t chunk_sets::chunk_set::held() const noexcept {
    std::size_t all = bytes.size();
    for (const auto& [index, data] : early) { all += data.size(); }
    return all;
}

// Puts the chunks that wait for none before them behind those that are there.
void chunk_sets::chunk_set::join() {
    while (!early.empty() && early.begin()->first == joined) {
        bytes += early.begin()->second;
        early.erase(early.begin());
        ++joined;
    }
}

chunk_sets::chunk_sets(chunk_room& room, chunk_limits allowed) : room_(room), allowed_(allowed) {
    room_.all_.push_back(this);
}

chunk_sets::~chunk_sets() {
    release(bytes_);
    std::erase(room_.all_, this);
}

void chunk_sets::hold(std::size_t bytes) noexcept {
    bytes_ += bytes;
    room_.taken_ += bytes;
}

void chunk_sets::release(std::size_t bytes) noexcept {
    bytes_ -= bytes;
    room_.taken_ -= bytes;
}

chunk_outcome chunk_sets::add(chunk one, moment now) {
    if (auto refused = refusal_of(one, allowed_)) { return *std::move(refused); }
    const auto found = set_for(one);
    if (found == sets_.end()) { return chunk_error(fmt::format("More than {} messages in chunks", allowed_.sets)); }
    auto& set = found->second;
    set.touched = now;
    if (set.state != progress::collecting) { return chunks_complete{}; }
    if (set.total != one.total) {
        return chunk_error(fmt::format("Chunk {} is one of {}, not of {}", one.index, one.total, set.total));
    }
    const bool known = one.index < set.joined || set.early.contains(one.index);
    if (!known) {
        if (one.data.size() > allowed_.bytes - std::min(bytes_, allowed_.bytes)) {
            forget(found);
            return chunk_error(fmt::format("More than {} bytes in chunks", allowed_.bytes));
        }
        if (!room_.has(one.data.size(), now)) {
            forget(found);
            return chunk_error("The chunks of all clients take all bytes that they may: send the message later");
        }
        const auto added = one.data.size();
        set.early.emplace(one.index, std::move(one.data));
        hold(added);
    }
    set.join();
    if (set.joined < set.total) { return chunks_waiting{set.received(), set.total}; }
    set.state = progress::running;
    release(set.bytes.size());
    return chunks_assembled{std::move(set.event), std::exchange(set.bytes, {})};
}

void chunk_sets::keep_answer(std::string_view id, std::string json) {
    const auto found = sets_.find(std::string(id));
    if (found == sets_.end() || found->second.state != progress::running) { return; }
    hold(json.size());
    found->second.bytes = std::move(json);
    found->second.state = progress::answered;
}

std::variant<std::string, failure> chunk_sets::take_answer(std::string_view id) {
    const auto found = sets_.find(std::string(id));
    if (found == sets_.end() || found->second.state == progress::taken) {
        return failure{"ChunkNotFoundError", fmt::format("Chunk ID {} not found", id)};
    }
    auto& set = found->second;
    if (set.state != progress::answered) {
        return failure{"ChunkIncompleteError", fmt::format("Chunk ID {} not complete", id)};
    }
    set.state = progress::taken;
    release(set.bytes.size());
    return std::exchange(set.bytes, {});
}

void chunk_sets::expire(moment now) {
    forget_if([&](const chunk_set& each) { return now - each.touched > allowed_.age; });
}

template <class Which>
void chunk_sets::forget_if(Which which) {
    for (auto next = sets_.begin(); next != sets_.end();) {
        const auto one = next++;
        if (which(one->second)) { forget(one); }
    }
}

bool chunk_room::has(std::size_t bytes, chunk_sets::moment now) {
    if (taken_ + bytes <= bytes_) { return true; }
    for (auto* const of_one : all_) {
        of_one->forget_if([&](const auto& each) { return now - each.touched > patience_ && each.held() > 0; });
    }
    return taken_ + bytes <= bytes_;
}

// The chunk's message, a new one where there is none: the longest taken gives way when there are too many. The end:
// none could.
chunk_sets::set_by_id::iterator chunk_sets::set_for(const chunk& one) {
    if (const auto found = sets_.find(one.id); found != sets_.end()) { return found; }
    if (sets_.size() >= allowed_.sets) {
        auto oldest = sets_.end();
        for (auto each = sets_.begin(); each != sets_.end(); ++each) {
            if (each->second.state != progress::taken) { continue; }
            if (oldest == sets_.end() || each->second.touched < oldest->second.touched) { oldest = each; }
        }
        if (oldest == sets_.end()) { return oldest; }
        forget(oldest);
    }
    return sets_.emplace(one.id, chunk_set{.event = one.event, .total = one.total}).first;
}

void chunk_sets::forget(set_by_id::iterator set) {
    release(set->second.held());
    sets_.erase(set);
}

}  // namespace coppice::znsocket
