// coppice/map.hpp: a persistent map by hash.
//
// map<K, V> is a dictionary you can keep every version of: a copy is O(1), a change makes a new value, and the old one
// stays as it was. Use it where many versions of one dictionary live at once, where versions are compared and merged,
// or where readers on other threads must not see a change half done. For one dictionary that nobody copies a hash table
// is quicker; where the order of the keys matters, an ordered map is right.
//
// Shape. A trie by the hash of keys (resident/hashed.hpp): inner nodes of 16 slots, leaves of up to 32 entries beside
// each other. Entries of trivially copyable keys and values lie in their leaf, and so do references that only count;
// others lie in blocks that leaves share.
//
//      map ---> [ . . . . ]         4 bits of the hash a level
//                 |     `---.
//             [ k:v k:v ] [ k:v ]   entries in no order
//
// Cost                              time       allocates
//   copy, size, empty, ==itself     O(1)       nothing
//   find, at, contains              O(log n)   nothing; a load a level, two cache lines in the leaf; O(k) where k
//                                              hashes are equal, here and below
//   insert, erase, update           O(log n)   one path; on an rvalue nothing where that path has one owner
//   iteration                       O(1) each  nothing
//   diff, ==, merge                 O(differences), for equal nodes are not entered
//
// Recursion. V may be incomplete where map<K, V> is a member of it: a document of documents.
// Order. That of iteration is not said: equal maps may differ in it, and so may two runs of a program.
// Threads. Maps that share nodes are independent. On one map const calls may overlap, assignment not.
// (With local_nodes all maps that share nodes belong to one thread.)
// Errors. Allocation, and K's and V's own moves, Hash and Equal may throw, and then every map is as it was. No key or
// value that is in a map is copied unless that is trivial; a reference to one holds while a map lives that holds it.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <coppice/resident/hashed_collection.hpp>

namespace coppice {

template <class K, class V, class Hash = default_hash<K>, class Equal = default_equal, class Nodes = shared_nodes>
class map : public resident::hashed_collection<map<K, V, Hash, Equal, Nodes>, resident::map_element<K, V>, Hash, Equal,
                                               Nodes> {
    static_assert(std::is_same_v<V, std::remove_cvref_t<V>>, "values are neither const nor references");
    using base = resident::hashed_collection<map, resident::map_element<K, V>, Hash, Equal, Nodes>;
    using typename base::tree;

public:
    using mapped_type = V;
    using typename base::value_type;
    using edit_type = map_edit<map>;

    /// Nothing.  Allocates nothing.
    map() noexcept {
        // Here, where V is complete: a value may hold maps of its like.
        static_assert(std::is_copy_constructible_v<V>,
                      "versions of a map share their values: hold what can only be moved by std::shared_ptr");
    }
    /// Of entries with equal keys the last one is in.
    map(std::initializer_list<value_type> entries) : map(entries.begin(), entries.end()) {}
    template <std::input_iterator From, std::sentinel_for<From> End>
    map(From from, End end) : map() {  // so that what is thrown destroys what was made
        for (; from != end; ++from) { this->put_here(value_type(*from)); }
    }

    /// The value of a key, or null; valid while any map lives that holds it.
    template <class Key = K>
    [[nodiscard]] const V* find(const Key& key) const {
        return value_of(this->entry_of(key));
    }
    /// The value of a key.  Errors: throws std::out_of_range.
    template <class Key = K>
    [[nodiscard]] const V& at(const Key& key) const {
        const V* found = find(key);
        if (found == nullptr) { throw std::out_of_range("coppice::map::at: no entry has this key"); }
        return *found;
    }

    // ---- Changing: each makes a new map, and on an rvalue reuses what nobody else holds

    /// With `value` at `key`, whether there was one or not.
    [[nodiscard]] map insert(K key, V value) const& { return map(*this).insert(std::move(key), std::move(value)); }
    [[nodiscard]] map insert(K key, V value) && {
        this->put_here({std::move(key), std::move(value)});
        return std::move(*this);
    }
    /// With `value` at `key` if the key is not there.
    [[nodiscard]] map try_insert(K key, V value) const& {
        return map(*this).try_insert(std::move(key), std::move(value));
    }
    [[nodiscard]] map try_insert(K key, V value) && {
        if (!this->contains(key)) { this->put_here({std::move(key), std::move(value)}); }
        return std::move(*this);
    }
    /// With what `change` makes of the value at `key`, or of null.
    template <std::invocable<const V*> Change>
    [[nodiscard]] map update(K key, Change change) const& {
        return map(*this).update(std::move(key), std::move(change));
    }
    template <std::invocable<const V*> Change>
    [[nodiscard]] map update(K key, Change change) && {
        V value = change(find(key));
        this->put_here({std::move(key), std::move(value)});
        return std::move(*this);
    }

    // ---- Comparing.  Cost: O(differences).

    [[nodiscard]] friend bool operator==(const map& a, const map& b) {
        static_assert(std::equality_comparable<V>, "maps are equal if their values are: give those an ==");
        return a.size_ == b.size_
               && tree::diff(a.root_, b.root_, [](const K&, const value_type*, const value_type*) { return false; });
    }
    /// Calls `visit(key, before, after)` for each key that `before` and `after` have different values of, in no order;
    /// `before` is a null pointer if the key was added, `after` if it was removed.
    template <std::invocable<const K&, const V*, const V*> Visit, std::equality_comparable U = V>
    friend void diff(const map& before, const map& after, Visit visit) {
        tree::diff(before.root_, after.root_, [&visit](const K& key, const value_type* was, const value_type* is) {
            visit(key, value_of(was), value_of(is));
            return true;
        });
    }
    /// `a` with what was changed from `base` to `b`. For a key that both changed, to different values,
    /// `resolve(key, base, a, b)` says the value, or nothing; it gets pointers to the three values, null where absent.
    template <class Resolve, std::equality_comparable U = V>
    requires std::is_invocable_r_v<std::optional<V>, Resolve&, const K&, const V*, const V*,
                                   const V*> [[nodiscard]] friend map
    merge(const map& base, const map& a, const map& b, Resolve resolve) {
        return resident::merged_maps(base, a, b, resolve);
    }

private:
    friend edit_type;

    [[nodiscard]] static const V* value_of(const value_type* entry) noexcept {
        return entry == nullptr ? nullptr : &entry->second;
    }
};

template <class From, class End>
map(From, End) -> map<typename std::iter_value_t<From>::first_type, typename std::iter_value_t<From>::second_type>;

}  // namespace coppice
