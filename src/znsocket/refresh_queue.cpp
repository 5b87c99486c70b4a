#include "znsocket/refresh_queue.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include <coppice/base/limits.hpp>

#include "znsocket/value.hpp"

namespace coppice::znsocket {
namespace {

using content = refresh_message::content;

std::optional<content> content_in(std::string_view payload) {
    const auto read = read_json(payload);
    if (!read) { return std::nullopt; }
    const auto* const target = read->find("target");
    const auto* const data = read->find("data");
    if (target == nullptr || data == nullptr || read->items.size() != 4 || !data->is(value_kind::object)) {
        return std::nullopt;
    }
    content found{.target = json_of(*target), .kind = {}, .items = {}};
    for (const std::string_view kind : {"indices", "keys"}) {
        const auto* const items = data->find(kind);
        if (items == nullptr || !items->is(value_kind::array) || data->items.size() != 2) { continue; }
        found.kind = kind;
        for (const auto& each : items->items) { found.items.push_back(json_of(each)); }
        return found;
    }
    const auto* const start = data->find("start");
    const auto* const stop = data->find("stop");
    if (start == nullptr || stop == nullptr || data->items.size() != 4 || !start->is(value_kind::integer)
        || !stop->is_null()) {
        return std::nullopt;
    }
    const auto& digits = start->text;
    const auto read_all = std::from_chars(digits.data(), digits.data() + digits.size(), found.start);
    if (read_all.ec != std::errc() || found.start < 0) { return std::nullopt; }
    found.kind = "start";
    return found;
}

// Each once, in the order in which they first came.
std::vector<std::string_view> without_repetitions(const std::vector<std::string>& items) {
    std::unordered_set<std::string_view> seen;
    std::vector<std::string_view> kept;
    for (const auto& each : items) {
        if (seen.insert(each).second) { kept.push_back(each); }
    }
    return kept;
}

std::string payload_of(const content& given) {
    if (given.kind == "start") {
        return fmt::format(R"({{"target":{},"data":{{"start":{},"stop":null}}}})", given.target, given.start);
    }
    return fmt::format(R"({{"target":{},"data":{{"{}":[{}]}}}})", given.target, given.kind,
                       fmt::join(without_repetitions(given.items), ","));
}

}  // namespace

const content* refresh_message::look() {
    if (!std::exchange(looked_, true)) { content_ = content_in(payload_); }
    return content_ ? &*content_ : nullptr;
}

bool refresh_queue::passes(moment now) {
    if (!waiting_.empty()) { return false; }
    if (now - window_ >= limits::refresh_window) {
        window_ = now;
        sent_ = 0;
    }
    if (sent_ >= limits::refreshes_at_once) { return false; }
    ++sent_;
    return true;
}

void refresh_queue::add(refresh_message& one) {
    ++added_;
    bytes_ += one.payload().size();
    const auto* const said = one.look();
    if (said == nullptr) {
        waiting_.push_back({std::string(one.payload()), std::nullopt});
        return;
    }
    const auto [place, is_first] = places_.try_emplace(fmt::format("{} {}", said->kind, said->target), waiting_.size());
    if (is_first) {
        waiting_.push_back({{}, *said});
        return;
    }
    auto& same = *waiting_[place->second].content;
    same.start = std::min(same.start, said->start);
    same.items.insert(same.items.end(), said->items.begin(), said->items.end());
}

bool refresh_queue::due(moment now) const noexcept {
    if (waiting_.empty()) { return false; }
    return now - window_ >= limits::refresh_window || added_ >= limits::refreshes_waiting || bytes_ > limits::mebibyte;
}

std::vector<std::string> refresh_queue::take(moment now) {
    std::vector<std::string> payloads;
    for (const auto& each : waiting_) { payloads.push_back(each.content ? payload_of(*each.content) : each.payload); }
    waiting_.clear();
    places_.clear();
    added_ = 0;
    bytes_ = 0;
    window_ = now;
    sent_ = payloads.size();
    return payloads;
}

}  // namespace coppice::znsocket
