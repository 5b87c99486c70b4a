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
#include <type_traits>
#include <utility>

#include <coppice/resident/hashed.hpp>
#include <coppice/resident/hashed_iterator.hpp>

namespace coppice {

template <class K, class Hash, class Equal, class Nodes>
class set_edit;

template <class K, class Hash = default_hash<K>, class Equal = default_equal, class Nodes = shared_nodes>
class set {
    static_assert(std::is_copy_constructible_v<K>,
                  "versions of a set share their keys: hold what can only be moved by std::shared_ptr");
    static_assert(std::is_same_v<K, std::remove_cvref_t<K>>, "keys are values, neither const nor references");
    using tree = resident::hashed<resident::set_element<K>, Hash, Equal, Nodes>;
    using header = typename tree::header;

public:
    using key_type = K;
    using value_type = K;
    using size_type = std::size_t;
    using difference_type = std::ptrdiff_t;
    using reference = const K&;
    using const_reference = const K&;
    using const_iterator = resident::hashed_iterator<tree>;
    using iterator = const_iterator;
    using edit_type = set_edit<K, Hash, Equal, Nodes>;

    /// Nothing.  Allocates nothing.
    set() noexcept = default;
    set(std::initializer_list<K> keys) : set(keys.begin(), keys.end()) {}
    template <std::input_iterator From, std::sentinel_for<From> End>
    set(From from, End end) : set() {  // so that what is thrown destroys what was made
        for (; from != end; ++from) { insert_here(K(*from)); }
    }

    set(const set& from) noexcept : root_(from.root_), size_(from.size_) {
        if (root_ != nullptr) { tree::retain(root_); }
    }
    set(set&& from) noexcept : root_(std::exchange(from.root_, nullptr)), size_(std::exchange(from.size_, 0)) {}
    set& operator=(set from) noexcept {
        swap(*this, from);
        return *this;
    }
    ~set() { tree::release(root_); }
    friend void swap(set& a, set& b) noexcept {
        std::swap(a.root_, b.root_);
        std::swap(a.size_, b.size_);
    }

    // ---- Looking.  A Key is a K, or whatever Hash and Equal understand if both are transparent.

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    /// The key that is in and equals this one, or null; valid while any set lives that holds it.
    [[nodiscard]] const K* find(const K& key) const { return tree::find(root_, tree::hashed_of(key), key); }
    template <resident::other_key<K, Hash, Equal> Key>
    [[nodiscard]] const K* find(const Key& key) const {
        return tree::find(root_, tree::hashed_of(key), key);
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

    /// Both are one value, known without looking at a key.  Cost: O(1).
    [[nodiscard]] bool is_same(const set& other) const noexcept { return root_ == other.root_; }

    // ---- Changing: each makes a new set, and on an rvalue reuses what nobody else holds

    /// With `key`. The one that is in stays.
    [[nodiscard]] set insert(K key) const& { return set(*this).insert(std::move(key)); }
    [[nodiscard]] set insert(K key) && {
        insert_here(std::move(key));
        return std::move(*this);
    }
    /// Without `key`, which may be absent.
    [[nodiscard]] set erase(const K& key) const& { return set(*this).erase(key); }
    [[nodiscard]] set erase(const K& key) && {
        erase_here(key);
        return std::move(*this);
    }
    template <resident::other_key<K, Hash, Equal> Key>
    [[nodiscard]] set erase(const Key& key) const& {
        return set(*this).erase(key);
    }
    template <resident::other_key<K, Hash, Equal> Key>
    [[nodiscard]] set erase(const Key& key) && {
        erase_here(key);
        return std::move(*this);
    }

    /// For many changes at once.
    [[nodiscard]] edit_type edit() const& { return edit_type(*this); }
    [[nodiscard]] edit_type edit() && { return edit_type(std::move(*this)); }

    // ---- Comparing and combining.  Cost: O(differences).

    [[nodiscard]] friend bool operator==(const set& a, const set& b) {
        return a.size_ == b.size_ && tree::diff(a.root_, b.root_, [](const K&, const K*, const K*) { return false; });
    }
    /// Calls `visit(key, before, after)` for each key that only one of two sets has, in no order: `before` and `after`
    /// say whether that one has it.
    template <std::invocable<const K&, bool, bool> Visit>
    friend void diff(const set& before, const set& after, Visit visit) {
        tree::diff(before.root_, after.root_, [&visit](const K& key, const K* was, const K* is) {
            visit(key, was != nullptr, is != nullptr);
            return true;
        });
    }
    /// `a` with what was added and without what was removed from `base` to `b`.
    [[nodiscard]] friend set merge(const set& base, const set& a, const set& b) {
        set merged = a;
        diff(base, b, [&merged](const K& key, bool /*before*/, bool after) { merged.put_here(key, after); });
        return merged;
    }
    /// The keys of both.
    [[nodiscard]] friend set operator|(const set& a, const set& b) { return with_differences(a, a, b, false, true); }
    /// The keys that both have.
    [[nodiscard]] friend set operator&(const set& a, const set& b) { return with_differences(a, a, b, true, false); }
    /// The keys of `a` that `b` has not.
    [[nodiscard]] friend set operator-(const set& a, const set& b) { return with_differences({}, a, b, true, true); }
    /// The keys that only one has.
    [[nodiscard]] friend set operator^(const set& a, const set& b) { return (a - b) | (b - a); }

    /// Dies naming the broken invariant.  Cost: O(n).
    void check_invariants() const { tree::check(root_, size_); }

private:
    friend edit_type;

    /// `from` with all keys that only one of two sets has, `of_a` or not, in it, or without them.
    [[nodiscard]] static set with_differences(set from, const set& a, const set& b, bool of_a, bool in) {
        diff(a, b, [&](const K& key, bool before, bool /*after*/) {
            if (before == of_a) { from.put_here(key, in); }
        });
        return from;
    }

    void insert_here(K&& key) {
        const auto of = tree::hashed_of(key);
        if (tree::find(root_, of, key) != nullptr) { return; }
        tree::insert(root_, of, std::move(key));
        ++size_;
    }
    template <class Key>
    void erase_here(const Key& key) {
        const auto of = tree::hashed_of(key);
        if (tree::find(root_, of, key) == nullptr) { return; }
        tree::erase(root_, of, key);
        --size_;
    }
    void put_here(const K& key, bool in) { in ? insert_here(K(key)) : erase_here(key); }

    header* root_ = nullptr;  // null when empty
    std::size_t size_ = 0;
};

template <class From, class End>
set(From, End) -> set<std::iter_value_t<From>>;

/// Many changes of a set, which end in one value: `auto e = s.edit(); e.insert(k); s = std::move(e).done();`
/// What the edit has made and nobody else holds is changed in place.
/// Threads: one.  Errors: as those of the set; the edit is then as it was.
template <class K, class Hash, class Equal, class Nodes>
class set_edit {
    using set_type = set<K, Hash, Equal, Nodes>;

public:
    explicit set_edit(set_type from) noexcept : made_(std::move(from)) {}

    [[nodiscard]] std::size_t size() const noexcept { return made_.size(); }
    [[nodiscard]] bool empty() const noexcept { return made_.empty(); }
    template <class Key>
    [[nodiscard]] bool contains(const Key& key) const {
        return made_.contains(key);
    }

    void insert(K key) { made_.insert_here(std::move(key)); }
    template <class Key>
    void erase(const Key& key) {
        made_ = std::move(made_).erase(key);
    }
    void clear() noexcept { made_ = {}; }

    /// The value as it is now; the edit may go on.
    [[nodiscard]] set_type done() const& noexcept { return made_; }
    [[nodiscard]] set_type done() && noexcept { return std::move(made_); }

private:
    set_type made_;
};

}  // namespace coppice
