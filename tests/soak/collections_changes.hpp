// tests/soak/collections_changes.hpp: random changes, each of a collection and of what it says.
#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>

#include "soak/collections_model.hpp"

namespace coppice::soak {

/// A new value is made of one that stays, or it is changed in place where nobody else has its nodes, or in an edit.
/// `change(to)` returns `to` with the change, where that is a value, and makes it, where it is an edit.
template <class C, class Change>
void alter(library& all, C& value, Change change) {
    switch (all.below(4)) {
        case 0: value = change(std::as_const(value)); break;
        case 1: value = change(std::move(value)); break;
        default:
            auto edit = all.random.one_in(2) ? value.edit() : std::move(value).edit();
            change(edit);
            value = all.random.one_in(2) ? edit.done() : std::move(edit).done();
    }
}

// ---- Sequences

inline void change_at(library& all, version<page>& of, std::size_t first, std::size_t last) {
    static constexpr std::string_view words[] = {"", "a", "zwölf", "line\nend", "€", "a-text-beyond-one-leaf "};
    const std::string_view word = words[all.below(std::size(words))];
    alter(all, of.value, [&](auto&& to) { return std::forward<decltype(to)>(to).replace(first, last, word); });
    of.says.replace(first, last - first, word);
}
inline void change_at(library& all, version<pages>& of, std::size_t first, std::size_t last) {
    const auto one = all.any<page>();
    const auto there = of.says.begin() + static_cast<std::ptrdiff_t>(first);
    if (first == last) {
        alter(all, of.value, [&](auto&& to) { return std::forward<decltype(to)>(to).insert(first, one.value); });
        of.says.insert(there, one.says);
    } else if (last - first == 1) {
        alter(all, of.value, [&](auto&& to) { return std::forward<decltype(to)>(to).erase(first); });
        of.says.erase(there);
    } else {
        alter(all, of.value, [&](auto&& to) { return std::forward<decltype(to)>(to).set(first, one.value); });
        *there = one.says;
    }
    alter(all, of.value, [&](auto&& to) { return std::forward<decltype(to)>(to).push_back(one.value); });
    of.says.push_back(one.says);
}

template <class C>
requires(!has_keys<C>) void change(library& all, version<C>& of) {
    // A position, which is between code points.
    const auto position = [&](std::size_t index) {
        if constexpr (std::is_same_v<C, page>) { return of.value.position_of_code_point(index); }
        return index;
    };
    const auto place = [&](std::size_t at) { return of.says.begin() + static_cast<std::ptrdiff_t>(at); };
    const std::size_t length = [&] {
        if constexpr (std::is_same_v<C, page>) { return of.value.length(); }
        return of.value.size();
    }();
    const std::size_t index = all.below(length + 1);
    const std::size_t first = position(index);
    const std::size_t last = position(std::min(length, index + all.below(6)));
    if (length > (std::is_same_v<C, page> ? 250 : 40)) {
        of.value = of.value.take(first);
        return of.says.resize(first);
    }
    const auto other = all.any<C>();
    switch (all.below(6)) {
        case 0:
            of.value = of.value.insert(first, other.value);
            of.says.insert(place(first), other.says.begin(), other.says.end());
            break;
        case 1:
            of.value = of.value.erase(first, last);
            of.says.erase(place(first), place(last));
            break;
        case 2:
            of.value = of.value.drop(first) + of.value.take(first);
            std::rotate(of.says.begin(), place(first), of.says.end());
            break;
        default: change_at(all, of, first, last);
    }
}

// ---- What has keys

/// A key that is there.
template <class C>
typename C::key_type some_key(library& all, const C& of) {
    const auto place = std::next(of.begin(), static_cast<std::ptrdiff_t>(all.below(of.size())));
    if constexpr (has_values<C>) {
        const auto& [key, value] = *place;
        return key;
    } else {
        return *place;
    }
}
template <class C>
void erase(library& all, version<C>& of, const typename C::key_type& key) {
    alter(all, of.value, [&](auto&& to) { return std::forward<decltype(to)>(to).erase(key); });
    of.says.erase(plain(key));
}

/// The keys that either has, that both have, or that the first has alone.
template <class C>
[[nodiscard]] C combined(const C& a, const C& b, std::size_t how) {
    return how == 0 ? a | b : how == 1 ? a & b : a - b;
}

template <class C>
void put(library& all, version<C>& of, const typename C::key_type& key) {
    alter(all, of.value, [&](auto&& to) { return std::forward<decltype(to)>(to).insert(key); });
    of.says.insert(plain(key));
    if (!all.random.one_in(10)) { return; }
    const auto other = all.any<C>();
    const std::size_t how = all.below(3);
    of.value = combined(of.value, other.value, how);
    if (how == 0) { return of.says.insert(other.says.begin(), other.says.end()); }
    std::erase_if(of.says, [&](const auto& each) { return other.says.contains(each) == (how == 2); });
}

// What a value becomes in its place: one collection inside of another, changed there.
inline pages grown(const pages* was, const page& by) { return was == nullptr ? pages{by} : was->push_back(by); }
inline names grown(const names* was, const page& by) { return was == nullptr ? names{by} : was->insert(by); }

template <class C>
requires has_values<C>
void put(library& all, version<C>& of, const typename C::key_type& key) {
    const auto value = all.any<typename C::mapped_type>();
    if (all.random.one_in(2)) {
        alter(all, of.value, [&](auto&& to) { return std::forward<decltype(to)>(to).insert(key, value.value); });
        of.says.insert_or_assign(plain(key), value.says);
        return;
    }
    const auto by = all.any<page>();
    const auto grows = [&](const typename C::mapped_type* was) { return grown(was, by.value); };
    alter(all, of.value, [&](auto&& to) { return std::forward<decltype(to)>(to).update(key, grows); });
    auto& says = of.says[plain(key)];
    says.insert(says.end(), by.says);
}

template <class C>
requires has_keys<C>
void change(library& all, version<C>& of) {
    const auto key = [&]() -> typename C::key_type {
        if constexpr (std::is_same_v<C, shelf>) {
            return static_cast<int>(all.below(40));
        } else {
            return all.any<typename C::key_type>().value;
        }
    }();
    all.random.one_in(5) ? erase(all, of, key) : put(all, of, key);
    while (of.says.size() > 30 || (!of.says.empty() && all.random.one_in(5))) {
        erase(all, of, some_key(all, of.value));
    }
    if constexpr (!std::is_same_v<C, names> && !std::is_same_v<C, book>) {
        const std::size_t rank = all.below(of.says.size() + 1);
        of.value = of.value.take(rank) + of.value.drop(rank);
        if (!all.random.one_in(20)) { return; }
        of.value = of.value.take(rank);
        of.says.erase(std::next(of.says.begin(), static_cast<std::ptrdiff_t>(rank)), of.says.end());
    }
}

}  // namespace coppice::soak
