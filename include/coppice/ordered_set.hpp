// coppice/ordered_set.hpp: a persistent set in the order of its keys.
//
// ordered_set<K> is ordered_map.hpp's tree without values: shape, cost, threads and errors are described there. Use it
// where many versions of one set live at once, or where keys are found by rank or by range.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <span>
#include <utility>

#include <coppice/resident/ordered.hpp>

namespace coppice {

template <class K, class Compare = ascending, class Nodes = shared_nodes>
class ordered_set : public resident::ordered<ordered_set<K, Compare, Nodes>, K, void, Compare, Nodes> {
    using base = resident::ordered<ordered_set, K, void, Compare, Nodes>;
    using typename base::entries;
    using typename base::tree;
    using at_place = typename tree::at;

public:
    using edit_type = set_edit<ordered_set>;

    /// Nothing.  Allocates nothing.
    ordered_set() noexcept = default;
    ordered_set(std::initializer_list<K> keys) : ordered_set(keys.begin(), keys.end()) {}
    /// Cost: O(n) if the keys ascend.
    template <std::input_iterator From, std::sentinel_for<From> End>
    ordered_set(From from, End end) {
        this->put_all(std::move(from), std::move(end), [](const auto& key) { return K(key); });
    }

    /// The key as the set has it, or null.  It holds while any set lives that has it.
    template <class Key = K>
    [[nodiscard]] const K* find(const Key& key) const {
        const auto found = tree::find_key(this->root_, this->as_key(key));
        return found.in == nullptr ? nullptr : &entries::key(found.in->items() + found.at);
    }
    /// Calls `use` with the keys of each leaf, in order.  The quickest way through all.
    template <class Use>
    void for_each_span(Use use) const {
        static_assert(entries::all_inline, "only keys that are copied as bytes lie side by side");
        for (std::size_t index = 0; index < this->size_;) {
            const auto found = tree::find_leaf(this->root_, index);
            use(std::span<const K>(found.in->items(), found.in->size()));
            index += found.in->size();
        }
    }

    /// With a key; the same value if it is there.
    [[nodiscard]] ordered_set insert(K key) const& { return ordered_set(*this).insert(std::move(key)); }
    [[nodiscard]] ordered_set insert(K key) && {
        insert_here(std::move(key));
        return std::move(*this);
    }

    /// Calls `visit(key, added)` for each key that only one of two sets has, in order: added, or removed.
    template <std::invocable<const K&, bool> Visit>
    friend void diff(const ordered_set& before, const ordered_set& after, Visit visit) {
        base::each_difference(before, after, [&visit](const at_place* old, const at_place* now) {
            visit(entries::key(now == nullptr ? *old : *now), now != nullptr);
        });
    }
    /// `a` with what was added and removed from `base` to `b`: two sets never contradict each other.
    [[nodiscard]] friend ordered_set merge(const ordered_set& base, const ordered_set& a, const ordered_set& b) {
        if (a.is_same(base)) { return b; }
        ordered_set merged = a;
        diff(base, b,
             [&merged](const K& key, bool added) { added ? merged.insert_here(K(key)) : merged.erase_here(key); });
        return merged;
    }

    // ---- Of two sets.  Cost: as diff, and O(log n) for each key that one has alone and the result changes; where one
    // is far smaller than the other, O(log n) for each of its keys.

    /// The keys that either has.
    [[nodiscard]] friend ordered_set operator|(const ordered_set& a, const ordered_set& b) {
        if (resident::is_small_beside(a, b)) { return resident::with_keys(b, a); }
        if (resident::is_small_beside(b, a)) { return resident::with_keys(a, resident::keys_in(b, a, false)); }
        ordered_set all = a;
        diff(a, b, [&all](const K& key, bool added) {
            if (added) { all.insert_here(K(key)); }
        });
        return all;
    }
    /// The keys that both have.
    [[nodiscard]] friend ordered_set operator&(const ordered_set& a, const ordered_set& b) {
        if (resident::is_small_beside(a, b)) { return resident::keys_in(a, b, true); }
        if (resident::is_small_beside(b, a)) { return resident::found_keys(a, b); }
        ordered_set both = a;
        diff(a, b, [&both](const K& key, bool added) {
            if (!added) { both.erase_here(key); }
        });
        return both;
    }
    /// The keys of `a` that `b` has not.
    [[nodiscard]] friend ordered_set operator-(const ordered_set& a, const ordered_set& b) {
        if (resident::is_small_beside(a, b)) { return resident::keys_in(a, b, false); }
        if (resident::is_small_beside(b, a)) { return resident::without_keys(a, b); }
        return of_differences(a, b, false);
    }
    /// The keys that only one has.
    [[nodiscard]] friend ordered_set operator^(const ordered_set& a, const ordered_set& b) {
        if (resident::is_small_beside(a, b) || resident::is_small_beside(b, a)) { return (a - b) | (b - a); }
        return of_differences(a, b, true);
    }

private:
    friend base;
    friend edit_type;

    /// The keys that `a` alone has, and those that `b` alone has if they are wanted.
    [[nodiscard]] static ordered_set of_differences(const ordered_set& a, const ordered_set& b, bool with_added) {
        typename tree::builder made(0);
        diff(a, b, [&](const K& key, bool added) {
            if (!added || with_added) { made.push(K(key)); }
        });
        ordered_set alone;
        alone.size_ = made.size();
        alone.root_ = made.done();
        return alone;
    }
    /// False if the key was there.
    bool insert_here(K&& key) { return !this->contains(key) && this->put_here(std::move(key)); }
};

}  // namespace coppice
