// coppice/resident/keyed.hpp: what collections with keys have in common, whether they are ordered or hashed: members
// that follow from others, edits, and how maps are merged.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <utility>

namespace coppice {

/// Many changes of a collection, which end in one value: `auto e = c.edit(); e.insert(x); c = std::move(e).done();`
/// What the edit has made and nobody else holds is changed in place.
/// Threads: one.  Errors: as those of the collection; the edit is then as it was.
template <class Collection>
class keyed_edit {
    using K = typename Collection::key_type;

public:
    explicit keyed_edit(Collection from) noexcept : made_(std::move(from)) {}

    [[nodiscard]] std::size_t size() const noexcept { return made_.size(); }
    [[nodiscard]] bool empty() const noexcept { return made_.empty(); }
    template <class Key = K>
    [[nodiscard]] bool contains(const Key& key) const {
        return made_.contains(key);
    }
    /// False if the key was not there.
    template <class Key = K>
    bool erase(const Key& key) {
        return made_.erase_here(key);
    }
    void clear() noexcept { made_ = {}; }

    /// The value as it is now; the edit may go on.
    [[nodiscard]] Collection done() const& noexcept { return made_; }
    [[nodiscard]] Collection done() && noexcept { return std::move(made_); }

protected:
    Collection made_;
};

template <class Set>
class set_edit : public keyed_edit<Set> {
public:
    using keyed_edit<Set>::keyed_edit;
    /// False if the key was there.
    bool insert(typename Set::key_type key) { return this->made_.insert_here(std::move(key)); }
};

template <class Map>
class map_edit : public keyed_edit<Map> {
    using K = typename Map::key_type;
    using V = typename Map::mapped_type;

public:
    using keyed_edit<Map>::keyed_edit;
    template <class Key = K>
    [[nodiscard]] const V* find(const Key& key) const {
        return this->made_.find(key);
    }
    void insert(K key, V value) { this->made_.put_here({std::move(key), std::move(value)}); }
    /// False if the key was there, which keeps its value.
    bool try_insert(K key, V value) {
        if (this->contains(key)) { return false; }
        insert(std::move(key), std::move(value));
        return true;
    }
    /// Puts in what `change` makes of the value at `key`, or of null.
    template <std::invocable<const V*> Change>
    void update(K key, Change change) {
        V value = change(find(key));
        insert(std::move(key), std::move(value));
    }
};

namespace resident {

/// The base of a collection with keys K, which has contains and erase_here.
template <class Collection, class K>
class keyed {
public:
    using key_type = K;

    /// 1 or 0.
    template <class Key = K>
    [[nodiscard]] std::size_t count(const Key& key) const {
        return self().contains(key) ? 1 : 0;
    }
    /// Without a key; the same value if it is not there. On an rvalue what nobody else holds is reused.
    template <class Key = K>
    [[nodiscard]] Collection erase(const Key& key) const& {
        return Collection(self()).erase(key);
    }
    template <class Key = K>
    [[nodiscard]] Collection erase(const Key& key) && {
        self().erase_here(key);
        return std::move(self());
    }
    /// For many changes at once.
    [[nodiscard]] auto edit() const& { return typename Collection::edit_type(self()); }
    [[nodiscard]] auto edit() && { return typename Collection::edit_type(std::move(self())); }

protected:
    [[nodiscard]] Collection& self() noexcept { return static_cast<Collection&>(*this); }
    [[nodiscard]] const Collection& self() const noexcept { return static_cast<const Collection&>(*this); }
};

// ---- Two sets of which one has far fewer keys: those are looked up, where comparing both would look at all.

template <class Set>
[[nodiscard]] bool is_small_beside(const Set& small, const Set& large) noexcept {
    return small.size() < large.size() / 4;
}
/// `of` with the keys of `added`, which replace those that equal them.
template <class Set>
[[nodiscard]] Set with_keys(const Set& of, const Set& added) {
    auto edit = of.edit();
    for (const auto& key : added) {
        edit.erase(key);
        edit.insert(key);
    }
    return std::move(edit).done();
}
template <class Set>
[[nodiscard]] Set without_keys(const Set& of, const Set& gone) {
    auto edit = of.edit();
    for (const auto& key : gone) { edit.erase(key); }
    return std::move(edit).done();
}
/// The keys of `of` that `in` has, or has not.
template <class Set>
[[nodiscard]] Set keys_in(const Set& of, const Set& in, bool has) {
    auto edit = of.edit();
    for (const auto& key : of) {
        if (in.contains(key) != has) { edit.erase(key); }
    }
    return std::move(edit).done();
}
/// The keys as `of` has them that `wanted` has as well.
template <class Set>
[[nodiscard]] Set found_keys(const Set& of, const Set& wanted) {
    auto edit = Set().edit();
    for (const auto& key : wanted) {
        if (const auto* found = of.find(key)) { edit.insert(*found); }
    }
    return std::move(edit).done();
}

/// `a` with what was changed from `base` to `b`; for what both changed in different ways what `resolve` says, as the
/// maps tell.  Cost: as that of diff, and of a change for each key.
template <class Map, class Resolve>
[[nodiscard]] Map merged_maps(const Map& base, const Map& a, const Map& b, Resolve& resolve) {
    using V = typename Map::mapped_type;
    const auto same = [](const V* left, const V* right) {
        return left == right || (left != nullptr && right != nullptr && *left == *right);
    };
    const auto as_optional = [](const V* value) { return value == nullptr ? std::nullopt : std::optional<V>(*value); };
    if (b.is_same(base)) { return a; }
    if (a.is_same(base)) { return b; }
    auto edit = a.edit();
    diff(base, b, [&](const typename Map::key_type& key, const V* was, const V* in_b) {
        const V* in_a = a.find(key);
        if (same(in_a, in_b)) { return; }
        std::optional<V> next = same(in_a, was) ? as_optional(in_b) : std::optional<V>(resolve(key, was, in_a, in_b));
        if (next) {
            edit.insert(key, *std::move(next));
        } else {
            edit.erase(key);
        }
    });
    return std::move(edit).done();
}

}  // namespace resident
}  // namespace coppice
