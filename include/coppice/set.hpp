// coppice/set.hpp: a persistent set by hash.
//
// set<K> is a set you can keep every version of: a map without values (map.hpp says what that costs, what order
// iteration has, which threads may do what, and what is thrown). Two sets that share nodes are compared, united and
// cut in O(differences), for equal nodes are not entered.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <utility>

#include <coppice/resident/hashed_collection.hpp>

namespace coppice {

template <class K, class Hash = default_hash<K>, class Equal = default_equal, class Nodes = shared_nodes>
class set
    : public resident::hashed_collection<set<K, Hash, Equal, Nodes>, resident::set_element<K>, Hash, Equal, Nodes> {
    using base = resident::hashed_collection<set, resident::set_element<K>, Hash, Equal, Nodes>;
    using typename base::tree;

public:
    using edit_type = set_edit<set>;

    /// Nothing.  Allocates nothing.
    set() noexcept = default;
    set(std::initializer_list<K> keys) : set(keys.begin(), keys.end()) {}
    template <std::input_iterator From, std::sentinel_for<From> End>
    set(From from, End end) : set() {  // so that what is thrown destroys what was made
        for (; from != end; ++from) { insert_here(K(*from)); }
    }

    /// The key that is in and equals this one, or null; valid while any set lives that holds it.
    template <class Key = K>
    [[nodiscard]] const K* find(const Key& key) const {
        return this->entry_of(key);
    }

    // ---- Changing: each makes a new set, and on an rvalue reuses what nobody else holds

    /// With `key`. The one that is in stays.
    [[nodiscard]] set insert(K key) const& { return set(*this).insert(std::move(key)); }
    [[nodiscard]] set insert(K key) && {
        insert_here(std::move(key));
        return std::move(*this);
    }

    // ---- Comparing and combining.  Cost: O(differences), or combining a look-up of each key of a far smaller one.

    [[nodiscard]] friend bool operator==(const set& a, const set& b) {
        return a.size_ == b.size_ && tree::diff(a.root_, b.root_, [](const K&, const K*, const K*) { return false; });
    }
    /// Calls `visit(key, added)` for each key that only one of two sets has, in no order: added, or removed.
    template <std::invocable<const K&, bool> Visit>
    friend void diff(const set& before, const set& after, Visit visit) {
        tree::diff(before.root_, after.root_, [&visit](const K& key, const K* /*was*/, const K* is) {
            visit(key, is != nullptr);
            return true;
        });
    }
    /// `a` with what was added and without what was removed from `base` to `b`.
    [[nodiscard]] friend set merge(const set& base, const set& a, const set& b) {
        set merged = a;
        diff(base, b, [&merged](const K& key, bool added) { merged.put(key, added); });
        return merged;
    }
    /// The keys of both.
    [[nodiscard]] friend set operator|(const set& a, const set& b) {
        if (resident::is_small_beside(a, b)) { return resident::with_keys(b, a); }
        if (resident::is_small_beside(b, a)) { return resident::with_keys(a, resident::keys_in(b, a, false)); }
        return with_differences(a, a, b, true, true);
    }
    /// The keys that both have.
    [[nodiscard]] friend set operator&(const set& a, const set& b) {
        if (resident::is_small_beside(a, b)) { return resident::keys_in(a, b, true); }
        return resident::is_small_beside(b, a) ? resident::found_keys(a, b) : with_differences(a, a, b, false, false);
    }
    /// The keys of `a` that `b` has not.
    [[nodiscard]] friend set operator-(const set& a, const set& b) {
        if (resident::is_small_beside(a, b)) { return resident::keys_in(a, b, false); }
        return resident::is_small_beside(b, a) ? resident::without_keys(a, b) : with_differences({}, a, b, false, true);
    }
    /// The keys that only one has.
    [[nodiscard]] friend set operator^(const set& a, const set& b) {
        if (resident::is_small_beside(a, b) || resident::is_small_beside(b, a)) { return (a - b) | (b - a); }
        set either;
        diff(a, b, [&either](const K& key, bool /*added*/) { either.insert_here(K(key)); });
        return either;
    }

private:
    friend edit_type;

    /// `from` with all keys that only `b` has, or only `a`, in it, or without them.
    [[nodiscard]] static set with_differences(set from, const set& a, const set& b, bool of_b, bool in) {
        diff(a, b, [&](const K& key, bool added) {
            if (added == of_b) { from.put(key, in); }
        });
        return from;
    }

    /// False if the key was there.
    bool insert_here(K&& key) { return !this->contains(key) && this->put_here(std::move(key)); }
    void put(const K& key, bool in) { in ? insert_here(K(key)) : this->erase_here(key); }
};

template <class From, class End>
set(From, End) -> set<std::iter_value_t<From>>;

}  // namespace coppice
