#include "znsocket/hub.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include <coppice/base/limits.hpp>

namespace coppice::znsocket {

std::string untold(told how, std::string_view key) {
    switch (how) {
        case told::answered: break;
        case told::no_adapter: return fmt::format("Key {} does not exist in storage", key);
        case told::owner_gone: return fmt::format("Key {} has lost its adapter: its owner is gone", key);
        case told::no_answer: return fmt::format("Key {} has an adapter that does not answer", key);
    }
    return {};
}

void hub::join(participant& who) { participants_.try_emplace(&who); }

void hub::leave(participant& who) {
    const auto found = participants_.find(&who);
    if (found == participants_.end()) { return; }
    const auto gone = std::move(found->second);
    participants_.erase(found);
    if (!gone.refreshes.empty()) { --queued_; }
    for (const auto& key : gone.registered) {
        if (const auto registered = adapters_.find(key); registered != adapters_.end() && registered->second == &who) {
            adapters_.erase(registered);
        }
    }
    for (const auto& key : gone.checked) {
        if (const auto counted = checked_.find(key); --counted->second == 0) { checked_.erase(counted); }
    }
    std::vector<on_told> unanswered;
    for (auto each = questions_.begin(); each != questions_.end();) {
        auto& [ticket, asked] = *each;
        if (asked.asker != &who && asked.owner == &who) { unanswered.push_back(std::move(asked.then)); }
        each = asked.asker == &who || asked.owner == &who ? questions_.erase(each) : std::next(each);
    }
    for (const auto& then : unanswered) { then(told::owner_gone, {}); }
}

std::size_t hub::refresh(const participant* from, std::string_view branch, std::string_view payload,
                         std::chrono::nanoseconds now) {
    refresh_message message(payload);
    std::size_t told = 0;
    for (auto& [each, its] : participants_) {
        if (each == from || each->branch() != branch) { continue; }
        ++told;
        if (its.refreshes.passes(now)) {
            each->refreshed(payload);
            continue;
        }
        const bool is_first = its.refreshes.empty();
        its.refreshes.add(message);
        if (is_first) { ++queued_; }
        if (its.refreshes.due(now)) { send_waiting(*each, its, now); }
    }
    return told;
}

void hub::send_waiting(participant& to, belongings& its, std::chrono::nanoseconds now) {
    const auto payloads = its.refreshes.take(now);
    --queued_;
    for (const auto& payload : payloads) { to.refreshed(payload); }
}

bool hub::check(participant& who, std::string_view key) {
    const std::string name(key);
    const auto joined = participants_.find(&who);
    if (joined == participants_.end()) { return exists(key); }
    auto& checked = joined->second.checked;
    if (checked.size() < limits::checked_keys && !checked.contains(name)) {
        auto& count = checked_.try_emplace(name).first->second;
        checked.insert(name);  // if this throws, 0 have checked it
        ++count;
    }
    return exists(key);
}

bool hub::exists(std::string_view key) const { return adapters_.contains(std::string(key)); }

bool hub::register_adapter(participant& owner, std::string_view key) {
    const std::string name(key);
    if (const auto found = checked_.find(name); found != checked_.end() && found->second > 0) { return false; }
    return give(owner, name);
}

bool hub::register_again(participant& owner, std::string_view key) {
    const std::string name(key);
    if (const auto found = adapters_.find(name); found != adapters_.end() && found->second != &owner) { return false; }
    return give(owner, name);
}

bool hub::give(participant& owner, const std::string& name) {
    const auto joined = participants_.find(&owner);
    if (joined == participants_.end() || joined->second.registered.size() == limits::checked_keys) { return false; }
    joined->second.registered.insert(name);  // if what follows throws, he owns what he was not given
    auto& registered = adapters_.try_emplace(name, &owner).first->second;
    if (registered != &owner) { participants_.at(registered).registered.erase(name); }
    registered = &owner;
    return true;
}

void hub::ask(participant& asker, std::string_view key, std::string_view text, std::chrono::nanoseconds now,
              on_told then) {
    const auto found = adapters_.find(std::string(key));
    if (found == adapters_.end() || !participants_.contains(&asker)) { return then(told::no_adapter, {}); }
    auto* const owner = found->second;
    const auto ticket = tickets_ + 1;
    questions_.emplace(ticket, question{&asker, owner, now + limits::adapter_patience, std::move(then)});
    tickets_ = ticket;
    owner->asked(ticket, text);
}

bool hub::answer(participant& owner, std::uint64_t ticket, std::string_view said) {
    const auto found = questions_.find(ticket);
    if (found == questions_.end() || found->second.owner != &owner) { return false; }
    const auto then = std::move(found->second.then);
    questions_.erase(found);
    then(told::answered, said);
    return true;
}

void hub::time_passed(std::chrono::nanoseconds now) {
    for (auto& [each, its] : participants_) {
        if (its.refreshes.due(now)) { send_waiting(*each, its, now); }
    }
    while (!questions_.empty() && questions_.begin()->second.until <= now) {
        const auto then = std::move(questions_.begin()->second.then);
        questions_.erase(questions_.begin());
        then(told::no_answer, {});
    }
}

}  // namespace coppice::znsocket
