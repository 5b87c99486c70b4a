// coppice/resident/ordered.hpp: what ordered_map and ordered_set have in common: everything that does not name a value.
#pragma once

#include <algorithm>
#include <compare>
#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <coppice/resident/iterator.hpp>
#include <coppice/resident/keyed.hpp>
#include <coppice/resident/ordered_diff.hpp>
#include <coppice/resident/ordered_tree.hpp>
#include <coppice/resident/rooted.hpp>

namespace coppice::resident {

template <class Compare>
concept transparent = requires {
    typename Compare::is_transparent;
};

/// The base of `Collection`, which is a value: a root and a size.
template <class Collection, class K, class V, class Compare, class Nodes>
class ordered : public rooted<ordered_tree<keyed_entries<K, V, Nodes>, Compare, Nodes>>,
                public iterable<Collection>,
                public keyed<Collection, K> {
    using base = rooted<ordered_tree<keyed_entries<K, V, Nodes>, Compare, Nodes>>;
    static_assert(std::is_copy_constructible_v<K>,
                  "versions of a collection share and copy keys: hold what can only be moved by std::shared_ptr");
    static_assert(std::is_same_v<K, std::remove_cvref_t<K>>, "keys are values, neither const nor references");
    static_assert(std::is_empty_v<Compare> && std::is_default_constructible_v<Compare>,
                  "the order of keys has no state: it is a type");
    static_assert(std::is_invocable_r_v<bool, const Compare&, const K&, const K&>,
                  "keys have an order: give them a <, or give the collection a Compare");

protected:
    using entries = resident::keyed_entries<K, V, Nodes>;
    using given = typename entries::given;
    using typename base::tree;
    using base::root_, base::size_;
    using keyed<Collection, K>::self;

public:
    using key_compare = Compare;
    using value_type = typename entries::value_type;
    using reference = typename entries::reference;
    using const_reference = reference;
    using const_pointer = std::conditional_t<std::is_reference_v<reference>, const value_type*,
                                             arrow<std::remove_reference_t<reference>>>;
    using typename iterable<Collection>::const_iterator;
    /// Of the one allocation of a small collection that is built at once.
    static constexpr std::size_t node_bytes_beyond_elements = tree::leaf::first_byte();

    // ---- Looking.  Keys are found by a K, by what becomes one, and by whatever a transparent Compare compares.

    template <class Key = K>
    [[nodiscard]] bool contains(const Key& key) const {
        return tree::find_key(root_, as_key(key)).in != nullptr;
    }
    /// The entry at a position in the order of keys.  Requires: index < size().
    [[nodiscard]] reference nth(std::size_t index) const noexcept {
        COPPICE_ASSERT(index < size_);
        const auto found = tree::find_leaf(root_, index);
        return entries::show(found.in->items() + found.at);
    }
    /// How many keys are less: the position of `key`, or the one it would have.
    template <class Key = K>
    [[nodiscard]] std::size_t rank_of(const Key& key) const {
        return tree::template rank<false>(root_, as_key(key));
    }
    /// The first entry whose key is not less.
    template <class Key = K>
    [[nodiscard]] const_iterator lower_bound(const Key& key) const {
        return {self(), rank_of(key)};
    }
    /// The first entry whose key is greater.
    template <class Key = K>
    [[nodiscard]] const_iterator upper_bound(const Key& key) const {
        return {self(), tree::template rank<true>(root_, as_key(key))};
    }
    /// Requires: !empty().
    [[nodiscard]] reference front() const noexcept { return nth(0); }
    [[nodiscard]] reference back() const noexcept { return nth(size_ - 1); }

    // ---- Changing: each makes a new value, and on an rvalue reuses what nobody else holds

    /// Entries [first, last) in the order of keys.  Requires: first <= last <= size().
    [[nodiscard]] Collection slice(std::size_t first, std::size_t last) const {
        COPPICE_ASSERT(first <= last && last <= size_);
        Collection part;
        if (first == last) { return part; }
        part.root_ = tree::slice(root_, first, last).take();
        part.size_ = last - first;
        return part;
    }
    [[nodiscard]] Collection take(std::size_t count) const { return slice(0, count); }
    [[nodiscard]] Collection drop(std::size_t count) const { return slice(count, size_); }
    /// The entries whose keys are not less than `low` and less than `high`.
    template <class Low = K, class High = K>
    [[nodiscard]] Collection range(const Low& low, const High& high) const {
        const std::size_t first = rank_of(low);
        return slice(first, std::max(first, rank_of(high)));
    }
    /// The entries whose keys are less than `key`, and the others.
    template <class Key = K>
    [[nodiscard]] std::pair<Collection, Collection> split(const Key& key) const {
        const std::size_t at = rank_of(key);
        return {take(at), drop(at)};
    }

    /// The entries of both.  Cost: O(log n).
    /// Errors: throws std::invalid_argument unless all keys of the left are less.
    [[nodiscard]] friend Collection operator+(const Collection& left, const Collection& right) {
        if (!left.empty() && !right.empty()
            && !Compare()(entries::key(tree::last(left.root_)), entries::key(tree::first(right.root_)))) {
            throw std::invalid_argument(
                "coppice: + joins collections where all keys of the left are less than those of the right");
        }
        Collection both;
        both.root_ = tree::concat(left.root_, right.root_).take();
        both.size_ = left.size_ + right.size_;
        return both;
    }
    Collection& operator+=(const Collection& right) { return self() = self() + right; }

    /// Cost: O(what differs until the first difference), where one was made of the other.
    [[nodiscard]] friend bool operator==(const Collection& a, const Collection& b) {
        return a.size_ == b.size_
               && ordered_diff<tree, entries, Compare>::walk(a.root_, b.root_, [](auto, auto) { return false; });
    }
    template <class Key = K, class Value = V>  // as vector's
    requires std::three_way_comparable<Key> &&(std::is_void_v<Value> || std::three_way_comparable<Value>)
        [[nodiscard]] friend auto
        operator<=>(const Collection& a, const Collection& b) {
        return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
    }

    /// Dies naming the broken invariant.  Cost: O(n).  Requires: as vector's.
    void check_invariants() const {
        COPPICE_CHECK(size_ == (root_ == nullptr ? 0 : tree::size_of(*root_)));
        tree::check(root_);
    }

protected:
    friend const_iterator;
    friend keyed<Collection, K>;
    friend keyed_edit<Collection>;
    using cursor = entry_cursor<entries>;
    using place = leaf_place<cursor>;

    /// Where the entry at `index` lies, and the entries of its leaf.  Requires: index < size().
    [[nodiscard]] place leaf_of(std::size_t index) const noexcept {
        COPPICE_ASSERT(index < size_);
        const auto found = tree::find_leaf(root_, index);
        const auto items = found.in->items();
        return {{items}, {items + found.at}, {items + found.in->size()}};
    }
    /// What the tree looks for: `key` itself if it can be compared as it is, else a K.
    template <class Key>
    [[nodiscard]] static decltype(auto) as_key(const Key& key) {
        if constexpr (std::is_same_v<Key, K> || (transparent<Compare> && !std::is_arithmetic_v<K>)) {
            return static_cast<const Key&>(key);
        } else {
            static_assert(std::is_convertible_v<const Key&, K>, "a key is found by what becomes one");
            return static_cast<K>(key);
        }
    }
    /// False if the key was there.
    bool put_here(given&& value) {
        const bool added = tree::put(root_, std::move(value));
        size_ += added ? 1 : 0;
        return added;
    }
    /// False if the key was not there.
    template <class Key>
    bool erase_here(const Key& key) {
        const bool gone = tree::erase_key(root_, as_key(key));
        size_ -= gone ? 1 : 0;
        return gone;
    }
    /// Takes all that `make` makes of a range; in O(n) as far as it comes in order.
    template <class From, class End, class Make>
    void put_all(From from, End end, Make make) {
        std::size_t expected = 0;
        if constexpr (std::sized_sentinel_for<End, From>) { expected = static_cast<std::size_t>(end - from); }
        typename tree::builder made(expected);
        for (; from != end; ++from) {
            given next = make(*from);
            if (!made.takes(next)) { break; }
            made.push(std::move(next));
        }
        size_ = made.size();
        root_ = made.done();
        for (; from != end; ++from) { put_here(make(*from)); }
    }
    /// Calls visit(before, after) as ordered_diff does, for all differences.
    template <class Visit>
    static void each_difference(const Collection& before, const Collection& after, Visit visit) {
        ordered_diff<tree, entries, Compare>::walk(before.root_, after.root_, [&visit](auto old, auto now) {
            visit(old, now);
            return true;
        });
    }
};

}  // namespace coppice::resident
