// store/view.cpp: reading a version by key.
#include "coppice/view.hpp"

#include <algorithm>

#include <coppice/base/assert.hpp>
#include <coppice/base/limits.hpp>
#include <coppice/tree/cursor.hpp>

#include "store/diff.hpp"
#include "store/inside.hpp"

namespace coppice {
namespace {

/// The end of a run of `count` from `position` on in something of `size`.
std::uint64_t end_of(std::uint64_t position, std::uint64_t count, std::uint64_t size) noexcept {
    return position >= size ? position : position + std::min(count, size - position);
}

/// The bytes of a value, which are put together in `room` where they are long.
std::string_view whole(const value_view& value, std::string& room) {
    if (!value.rope) { return value.bytes; }
    room.clear();
    value.append_to(room);
    return room;
}

std::string text_of(const value_view& value) {
    std::string text;
    value.append_to(text);
    return text;
}

/// Shows the keys that stand at positions [first, last).
template <class Show>
void show_keys(const branch_view& now, std::uint64_t first, std::uint64_t last, Show&& show) {
    std::string key;
    for (cursor at(now.keys(), std::min(first, last)); at.position() < last; at.next()) {
        const record_view record = at.get();
        const auto alive = now.alive(record);
        if (!alive) { continue; }
        key.clear();
        record.append_key(key);
        if (!show(std::string_view(key).substr(1), alive->type)) { break; }
    }
}

}  // namespace

view view::database(unsigned number) const noexcept {
    COPPICE_ASSERT(number < limits::key_spaces);
    view other(*this);
    other.database_ = number;
    return other;
}

/// A key that holds `expected`, or is not there.
result<std::optional<found_key>> view::find(std::string_view key, value_type expected) const {
    auto found = view_inside::open(*this).find(database_, key);
    if (found && found->type != expected) { return wrong_type(key, found->type, expected); }
    return found;
}

// ---- keys

result<bool> view::contains(std::string_view key) const {
    return caught([&]() -> result<bool> { return view_inside::open(*this).find(database_, key).has_value(); });
}

result<std::optional<value_type>> view::type(std::string_view key) const {
    return caught([&]() -> result<std::optional<value_type>> {
        const auto found = view_inside::open(*this).find(database_, key);
        return found ? std::optional(found->type) : std::nullopt;
    });
}

result<std::uint64_t> view::size(std::string_view key) const {
    return caught([&]() -> result<std::uint64_t> {
        const auto found = view_inside::open(*this).find(database_, key);
        return found ? found->size() : 0;
    });
}

result<milliseconds_utc> view::deadline(std::string_view key) const {
    return caught([&]() -> result<milliseconds_utc> {
        const auto found = view_inside::open(*this).find(database_, key);
        return found ? found->deadline : no_deadline;
    });
}

result<bool> view::is_same(std::string_view key, const view& other) const {
    COPPICE_ASSERT(database_ == other.database_);
    if (!view_inside::of_one_store(*this, other)) { return view_inside::other_store(); }
    return caught([&]() -> result<bool> {
        const auto state_of = [](const view& v) { return snapshot_state{*v.keys_, v.spaces_, v.now_ * 1000, 0, {}}; };
        return !version_diff(state_of(*this), state_of(other)).find(database_, key);
    });
}

result<std::uint64_t> view::key_count() const {
    return caught([&]() -> result<std::uint64_t> { return view_inside::open(*this).size(database_); });
}

status view::for_each_key(std::string_view prefix, visitor<std::string_view, value_type> show) const {
    return caught([&]() -> status {
        const branch_view now = view_inside::open(*this);
        const auto range =
            key_range::with_prefix(section_key(now.space(database_), prefix), now.keys().context().sizes);
        const std::uint64_t first = now.keys().rank(range.low).position;
        show_keys(now, first, now.keys().rank(*range.high).position,
                  [&](std::string_view key, value_type type) { return !key.starts_with(prefix) || show(key, type); });
        return {};
    });
}

status view::for_each_key_between(std::string_view low, std::optional<std::string_view> high,
                                  visitor<std::string_view, value_type> show) const {
    return caught([&]() -> status {
        const branch_view now = view_inside::open(*this);
        const unsigned space = now.space(database_);
        const auto all_keys = now.positions(database_);
        const std::uint64_t first = now.keys().rank(section_key(space, low)).position;
        show_keys(now, first, high ? now.keys().rank(section_key(space, *high)).position : all_keys.last, show);
        return {};
    });
}

// ---- strings

result<std::optional<std::string>> view::get(std::string_view key) const {
    return caught([&]() -> result<std::optional<std::string>> {
        const auto found = find(key, value_type::string);
        if (!found) { return found.error(); }
        if (!*found) { return std::optional<std::string>(); }
        return std::optional(text_of(view_inside::open(*this).string_value(**found)));
    });
}

status view::for_each_part(std::string_view key, std::uint64_t position, std::uint64_t count,
                           visitor<std::string_view> show) const {
    return caught([&]() -> status {
        const auto found = find(key, value_type::string);
        if (!found) { return found.error(); }
        if (!*found) { return {}; }
        const value_view value = view_inside::open(*this).string_value(**found);
        const std::uint64_t end = end_of(position, count, value.size());
        if (position >= end) { return {}; }
        if (!value.rope) {
            show(value.bytes.substr(position, end - position));
            return {};
        }
        for (cursor at(*value.rope, position); at.position() < end; at.skip_leaf()) {
            if (!show(at.rest_of_leaf().substr(0, end - at.position()))) { break; }
        }
        return {};
    });
}

result<std::string> view::get_range(std::string_view key, std::uint64_t position, std::uint64_t count) const {
    std::string text;
    const status done = for_each_part(key, position, count, [&](std::string_view part) { text.append(part); });
    if (!done) { return done.error(); }
    return text;
}

// ---- lists

result<std::optional<std::string>> view::element(std::string_view key, std::uint64_t position) const {
    return caught([&]() -> result<std::optional<std::string>> {
        const auto found = find(key, value_type::list);
        if (!found) { return found.error(); }
        if (!*found || position >= (*found)->size()) { return std::optional<std::string>(); }
        const tree list = view_inside::open(*this).child(**found);
        return std::optional(text_of(element_value(list, list.at(position))));
    });
}

status view::for_each_element(std::string_view key, std::uint64_t position, std::uint64_t count,
                              visitor<std::string_view> show) const {
    return caught([&]() -> status {
        const auto found = find(key, value_type::list);
        if (!found) { return found.error(); }
        if (!*found) { return {}; }
        const tree list = view_inside::open(*this).child(**found);
        const std::uint64_t end = end_of(position, count, list.size());
        if (position >= end) { return {}; }
        std::string room;
        for (cursor at(list, position); at.position() < end; at.next()) {
            if (!show(whole(element_value(list, at.get()), room))) { break; }
        }
        return {};
    });
}

result<std::vector<std::string>> view::elements(std::string_view key, std::uint64_t position,
                                                std::uint64_t count) const {
    std::vector<std::string> list;
    const status done =
        for_each_element(key, position, count, [&](std::string_view element) { list.emplace_back(element); });
    if (!done) { return done.error(); }
    return list;
}

// ---- hashes and sets

result<std::optional<std::string>> view::field(std::string_view key, std::string_view name) const {
    return caught([&]() -> result<std::optional<std::string>> {
        const auto found = find(key, value_type::hash);
        if (!found) { return found.error(); }
        if (!*found) { return std::optional<std::string>(); }
        const tree hash = view_inside::open(*this).child(**found);
        const auto record = hash.find(name);
        if (!record) { return std::optional<std::string>(); }
        return std::optional(text_of(field_of(hash, *record).value));
    });
}

status view::for_each_field(std::string_view key, visitor<std::string_view, std::string_view> show) const {
    return caught([&]() -> status {
        const auto found = find(key, value_type::hash);
        if (!found) { return found.error(); }
        if (!*found) { return {}; }
        const tree hash = view_inside::open(*this).child(**found);
        std::vector<std::pair<std::uint64_t, std::uint64_t>> order;  // sequence number, position
        order.reserve(hash.size());
        for (cursor at(hash); !at.at_end(); at.next()) {
            order.emplace_back(field_of(hash, at.get()).sequence, at.position());
        }
        std::sort(order.begin(), order.end());
        std::string name;
        std::string room;
        for (const auto& [sequence, position] : order) {
            const record_view record = hash.at(position);
            name.clear();
            record.append_key(name);
            if (!show(name, whole(field_of(hash, record).value, room))) { break; }
        }
        return {};
    });
}

result<bool> view::has_member(std::string_view key, std::string_view member) const {
    return caught([&]() -> result<bool> {
        const auto found = find(key, value_type::set);
        if (!found) { return found.error(); }
        return *found && view_inside::open(*this).child(**found).find(member).has_value();
    });
}

status view::for_each_member(std::string_view key, visitor<std::string_view> show) const {
    return caught([&]() -> status {
        const auto found = find(key, value_type::set);
        if (!found) { return found.error(); }
        if (!*found) { return {}; }
        const tree set = view_inside::open(*this).child(**found);
        std::string member;
        for (cursor at(set); !at.at_end(); at.next()) {
            member.clear();
            at.get().append_key(member);
            if (!show(member)) { break; }
        }
        return {};
    });
}

}  // namespace coppice
