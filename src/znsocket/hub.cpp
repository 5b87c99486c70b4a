#include "znsocket/hub.hpp"

#include <utility>
#include <vector>

#include <coppice/base/limits.hpp>

namespace coppice::znsocket {

void hub::join(participant& who) { participants_.try_emplace(&who); }

void hub::leave(participant& who) {
    const auto found = participants_.find(&who);
    if (found == participants_.end()) { return; }
    const auto gone = std::move(found->second);
    participants_.erase(found);
    for (const auto& key : gone.registered) { adapters_.erase(key); }
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

void hub::refresh(const participant& from, std::string_view payload) {
    for (const auto& [each, its] : participants_) {
        if (each != &from) { each->refreshed(payload); }
    }
}

bool hub::check(participant& who, std::string_view key) {
    auto& its = participants_.at(&who);
    if (its.checked.size() < limits::checked_keys && its.checked.emplace(key).second) { ++checked_[std::string(key)]; }
    return exists(key);
}

bool hub::exists(std::string_view key) const { return adapters_.contains(std::string(key)); }

bool hub::register_adapter(participant& owner, std::string_view key) {
    std::string name(key);
    if (checked_.contains(name)) { return false; }
    auto& its = participants_.at(&owner);
    if (its.registered.size() == limits::checked_keys) { return false; }
    auto*& registered = adapters_[name];
    if (registered != nullptr) { participants_.at(registered).registered.erase(name); }
    registered = &owner;
    its.registered.insert(std::move(name));
    return true;
}

void hub::ask(participant& asker, std::string_view key, std::string_view text, std::chrono::nanoseconds now,
              on_told then) {
    const auto found = adapters_.find(std::string(key));
    if (found == adapters_.end()) { return then(told::no_adapter, {}); }
    auto* const owner = found->second;
    const auto ticket = ++tickets_;
    questions_.emplace(ticket, question{&asker, owner, now + limits::adapter_patience, std::move(then)});
    owner->asked(ticket, text);
}

void hub::answer(participant& owner, std::uint64_t ticket, std::string_view said) {
    const auto found = questions_.find(ticket);
    if (found == questions_.end() || found->second.owner != &owner) { return; }
    const auto then = std::move(found->second.then);
    questions_.erase(found);
    then(told::answered, said);
}

void hub::time_passed(std::chrono::nanoseconds now) {
    while (!questions_.empty() && questions_.begin()->second.until <= now) {
        const auto then = std::move(questions_.begin()->second.then);
        questions_.erase(questions_.begin());
        then(told::no_answer, {});
    }
}

}  // namespace coppice::znsocket
