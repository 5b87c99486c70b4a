// coppice/map.hpp: a persistent map by hash.
//
// map<K, V> is a dictionary you can keep every version of: a copy is O(1), a change makes a new value, and the old one
// stays as it was. Use it where many versions of one dictionary live at once, where versions are compared and merged,
// or where readers on other threads must not see a change half done. For one dictionary that nobody copies a hash table
// is quicker; where the order of the keys matters, an ordered map is right.
//
// Shape. A trie by the hash of keys (resident/hashed.hpp): inner nodes of 16 slots, leaves of up to 32 entries beside
// each other. Entries of trivially copyable keys and values lie in their leaf; others in blocks that leaves share.
//
//      map ---> [ . . . . ]         4 bits of the hash a level
//                 |     `---.
//             [ k:v k:v ] [ k:v ]   entries in no order
//
// Cost                              time       allocates
//   copy, size, empty, ==itself     O(1)       nothing
//   find, at, contains              O(log n)   nothing; a load a level, two cache lines in the leaf
//   insert, erase, update           O(log n)   one path; on an rvalue nothing where that path has one owner
//   iteration                       O(1) each  nothing
//   diff, ==, merge                 O(differences), for equal nodes are not entered
//
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

#include <coppice/resident/hashed.hpp>
#include <coppice/resident/hashed_iterator.hpp>

namespace coppice {

template <class K, class V, class Hash, class Equal, class Nodes>
class map_edit;

template <class K, class V, class Hash = default_hash<K>, class Equal = default_equal, class Nodes = shared_nodes>
class map {
    static_assert(std::is_copy_constructible_v<K>,
                  "versions of a map share their keys: hold what can only be moved by std::shared_ptr");
    static_assert(std::is_copy_constructible_v<V>,
                  "versions of a map share their values: hold what can only be moved by std::shared_ptr");
    static_assert(std::is_same_v<K, std::remove_cvref_t<K>> && std::is_same_v<V, std::remove_cvref_t<V>>,
                  "keys and values are values, neither const nor references");
    using tree = resident::hashed<resident::map_element<K, V>, Hash, Equal, Nodes>;
    using header = typename tree::header;

public:
    using key_type = K;
    using mapped_type = V;
    using value_type = std::pair<K, V>;
    using size_type = std::size_t;
    using difference_type = std::ptrdiff_t;
    using reference = const value_type&;
    using const_reference = const value_type&;
    using const_iterator = resident::hashed_iterator<tree>;
    using iterator = const_iterator;
    using edit_type = map_edit<K, V, Hash, Equal, Nodes>;

    /// Nothing.  Allocates nothing.
    map() noexcept = default;
    /// Of entries with equal keys the last one is in.
    map(std::initializer_list<value_type> entries) : map(entries.begin(), entries.end()) {}
    template <std::input_iterator From, std::sentinel_for<From> End>
    map(From from, End end) : map() {  // so that what is thrown destroys what was made
        for (; from != end; ++from) { insert_here(value_type(*from)); }
    }

    map(const map& from) noexcept : root_(from.root_), size_(from.size_) {
        if (root_ != nullptr) { tree::retain(root_); }
    }
    map(map&& from) noexcept : root_(std::exchange(from.root_, nullptr)), size_(std::exchange(from.size_, 0)) {}
    map& operator=(map from) noexcept {
        swap(*this, from);
        return *this;
    }
    ~map() { tree::release(root_); }
    friend void swap(map& a, map& b) noexcept {
        std::swap(a.root_, b.root_);
        std::swap(a.size_, b.size_);
    }

    // ---- Looking.  A Key is a K, or whatever Hash and Equal understand if both are transparent.

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    /// The value of a key, or null; valid while any map lives that holds it.
    [[nodiscard]] const V* find(const K& key) const { return value_of(entry_of(key)); }
    template <resident::other_key<K, Hash, Equal> Key>
    [[nodiscard]] const V* find(const Key& key) const {
        return value_of(entry_of(key));
    }
    /// The value of a key.  Errors: throws std::out_of_range.
    [[nodiscard]] const V& at(const K& key) const { return present(find(key)); }
    template <resident::other_key<K, Hash, Equal> Key>
    [[nodiscard]] const V& at(const Key& key) const {
        return present(find(key));
    }
    [[nodiscard]] bool contains(const K& key) const { return find(key) != nullptr; }
    template <resident::other_key<K, Hash, Equal> Key>
    [[nodiscard]] bool contains(const Key& key) const {
        return find(key) != nullptr;
    }
    /// 1 or 0.
    [[nodiscard]] std::size_t count(const K& key) const { return contains(key) ? 1 : 0; }
    template <resident::other_key<K, Hash, Equal> Key>
    [[nodiscard]] std::size_t count(const Key& key) const {
        return contains(key) ? 1 : 0;
    }

    [[nodiscard]] const_iterator begin() const noexcept { return const_iterator(root_); }
    [[nodiscard]] const_iterator end() const noexcept { return {}; }
    [[nodiscard]] const_iterator cbegin() const noexcept { return begin(); }
    [[nodiscard]] const_iterator cend() const noexcept { return end(); }

    /// Both are one value, known without looking at an entry.  Cost: O(1).
    [[nodiscard]] bool is_same(const map& other) const noexcept { return root_ == other.root_; }

    // ---- Changing: each makes a new map, and on an rvalue reuses what nobody else holds

    /// With `value` at `key`, whether there was one or not.
    [[nodiscard]] map insert(K key, V value) const& { return map(*this).insert(std::move(key), std::move(value)); }
    [[nodiscard]] map insert(K key, V value) && {
        insert_here({std::move(key), std::move(value)});
        return std::move(*this);
    }
    /// With `value` at `key` if the key is not there.
    [[nodiscard]] map try_insert(K key, V value) const& {
        return map(*this).try_insert(std::move(key), std::move(value));
    }
    [[nodiscard]] map try_insert(K key, V value) && {
        if (!contains(key)) { insert_here({std::move(key), std::move(value)}); }
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
        insert_here({std::move(key), std::move(value)});
        return std::move(*this);
    }
    /// Without `key`, which may be absent.
    [[nodiscard]] map erase(const K& key) const& { return map(*this).erase(key); }
    [[nodiscard]] map erase(const K& key) && {
        erase_here(key);
        return std::move(*this);
    }
    template <resident::other_key<K, Hash, Equal> Key>
    [[nodiscard]] map erase(const Key& key) const& {
        return map(*this).erase(key);
    }
    template <resident::other_key<K, Hash, Equal> Key>
    [[nodiscard]] map erase(const Key& key) && {
        erase_here(key);
        return std::move(*this);
    }

    /// For many changes at once.
    [[nodiscard]] edit_type edit() const& { return edit_type(*this); }
    [[nodiscard]] edit_type edit() && { return edit_type(std::move(*this)); }

    // ---- Comparing.  Cost: O(differences).

    [[nodiscard]] friend bool operator==(const map& a, const map& b) requires std::equality_comparable<V> {
        return a.size_ == b.size_
               && tree::diff(a.root_, b.root_, [](const K&, const value_type*, const value_type*) { return false; });
    }
    /// Calls `visit(key, before, after)` for each key that `before` and `after` have different values of, in no order;
    /// `before` is a null pointer if the key was added, `after` if it was removed.
    template <std::invocable<const K&, const V*, const V*> Visit>
    friend void diff(const map& before, const map& after, Visit visit) requires std::equality_comparable<V> {
        tree::diff(before.root_, after.root_, [&visit](const K& key, const value_type* was, const value_type* is) {
            visit(key, value_of(was), value_of(is));
            return true;
        });
    }
    /// `a` with what was changed from `base` to `b`. For a key that both changed, to different values,
    /// `resolve(key, base, a, b)` says the value, or nothing; it gets pointers to the three values, null where absent.
    template <class Resolve>
        [[nodiscard]] friend map merge(const map&base, const map&a, const map&b, Resolve resolve) requires
        std::equality_comparable<V> && std::is_invocable_r_v < std::optional<V>,
        Resolve,
    const K&, const V*, const V*, const V* > {
        map merged = a;
        diff(base, b, [&](const K& key, const V* was, const V* is) {
            const V* other = a.find(key);
            if (same(other, is)) { return; }
            merged.put_here(key, same(other, was) ? as_optional(is) : std::optional<V>(resolve(key, was, other, is)));
        });
        return merged;
    }

    /// Dies naming the broken invariant.  Cost: O(n).
    void check_invariants() const { tree::check(root_, size_); }

private:
    friend edit_type;

    template <class Key>
    [[nodiscard]] const value_type* entry_of(const Key& key) const {
        return root_ == nullptr ? nullptr : tree::find(root_, tree::hashed_of(key), key);
    }
    [[nodiscard]] static const V* value_of(const value_type* entry) noexcept {
        return entry == nullptr ? nullptr : &entry->second;
    }
    [[nodiscard]] static const V& present(const V* value) {
        if (value == nullptr) { throw std::out_of_range("coppice::map::at: no entry has this key"); }
        return *value;
    }
    [[nodiscard]] static bool same(const V* a, const V* b) {
        return a == b || (a != nullptr && b != nullptr && *a == *b);
    }
    [[nodiscard]] static std::optional<V> as_optional(const V* value) {
        return value == nullptr ? std::nullopt : std::optional<V>(*value);
    }

    void insert_here(value_type&& entry) {
        const auto of = tree::hashed_of(entry.first);
        if (tree::insert(root_, of, std::move(entry))) { ++size_; }
    }
    template <class Key>
    void erase_here(const Key& key) {
        const auto of = tree::hashed_of(key);
        if (tree::find(root_, of, key) == nullptr) { return; }
        tree::erase(root_, of, key);
        --size_;
    }
    void put_here(const K& key, std::optional<V>&& value) {
        value ? insert_here({key, *std::move(value)}) : erase_here(key);
    }

    header* root_ = nullptr;  // null when empty
    std::size_t size_ = 0;
};

template <class From, class End>
map(From, End) -> map<typename std::iter_value_t<From>::first_type, typename std::iter_value_t<From>::second_type>;

/// Many changes of a map, which end in one value: `auto e = m.edit(); e.insert(k, v); m = std::move(e).done();`
/// What the edit has made and nobody else holds is changed in place.
/// Threads: one.  Errors: as those of the map; the edit is then as it was.
template <class K, class V, class Hash, class Equal, class Nodes>
class map_edit {
    using map_type = map<K, V, Hash, Equal, Nodes>;

public:
    explicit map_edit(map_type from) noexcept : made_(std::move(from)) {}

    [[nodiscard]] std::size_t size() const noexcept { return made_.size(); }
    [[nodiscard]] bool empty() const noexcept { return made_.empty(); }
    template <class Key>
    [[nodiscard]] const V* find(const Key& key) const {
        return made_.find(key);
    }
    template <class Key>
    [[nodiscard]] bool contains(const Key& key) const {
        return made_.contains(key);
    }

    void insert(K key, V value) { made_.insert_here({std::move(key), std::move(value)}); }
    void try_insert(K key, V value) {
        if (!made_.contains(key)) { insert(std::move(key), std::move(value)); }
    }
    template <std::invocable<const V*> Change>
    void update(K key, Change change) {
        V made = change(made_.find(key));
        insert(std::move(key), std::move(made));
    }
    template <class Key>
    void erase(const Key& key) {
        made_ = std::move(made_).erase(key);
    }
    void clear() noexcept { made_ = {}; }

    /// The value as it is now; the edit may go on.
    [[nodiscard]] map_type done() const& noexcept { return made_; }
    [[nodiscard]] map_type done() && noexcept { return std::move(made_); }

private:
    map_type made_;
};

}  // namespace coppice
