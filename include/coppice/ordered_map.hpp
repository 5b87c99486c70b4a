// coppice/ordered_map.hpp: a persistent map in the order of its keys.
//
// ordered_map<K, V> is a map you can keep every version of: a copy is O(1), a change makes a new value, and the old one
// stays as it was. Use it where many versions of one map live at once, where entries are found by rank or by range, or
// where readers on other threads must not see a change half done. For one map that nobody copies a B-tree that is
// changed in place erases quicker, and sets quicker what is not copied as bytes.
//
// Shape. A B+ tree by position and key (resident/ordered_tree.hpp) and its size; 16 bytes, and copying counts one.
//
//      ordered_map ---> [ d | 5 9 ]                first keys of all children but the first, and sums of elements
//                        /     `---.
//             [a b c | 1 2 3] [d e | 4 5]          leaves of at most 64 keys and 64 values
//
//      What is copied as bytes lies in the leaf; anything else in a block of its own, which leaves share by counting
//      (resident/entries.hpp): keys and values are copied when they are put in, and never after.
//
// Cost                                time       allocates
//   copy, size, empty, ==itself       O(1)       nothing
//   find, nth, rank_of, lower_bound   O(log n)   nothing
//   insert, update, erase             O(log n)   one path; on an rvalue nothing where that path has one owner
//   slice, range, split, +            O(log n)   one path of each input; the rest is shared
//   diff, ==                          O(d log n) nothing; d differences if one was made of the other, else O(n)
//   merge                             O(d log n) the paths that change
//   iteration; from a sorted range    O(1) each
//
// Threads. Maps that share nodes are independent. On one map const calls may overlap, assignment not.
// (With local_nodes all maps that share nodes belong to one thread.)
// Errors. Allocation, copying a K or V and comparing keys throw, and then every map is as it was. A reference to a
// value holds while a map lives that has it.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <coppice/resident/ordered.hpp>

namespace coppice {

template <class K, class V, class Compare = ascending, class Nodes = shared_nodes>
class ordered_map : public resident::ordered<ordered_map<K, V, Compare, Nodes>, K, V, Compare, Nodes> {
    static_assert(std::is_same_v<V, std::remove_cvref_t<V>>, "values are neither const nor references");
    using base = resident::ordered<ordered_map, K, V, Compare, Nodes>;
    using typename base::entries;
    using typename base::tree;
    using at_place = typename tree::at;

public:
    using mapped_type = V;
    using edit_type = map_edit<ordered_map>;

    /// Nothing.  Allocates nothing.
    ordered_map() noexcept {
        // Here, where V is complete: a value may hold maps of its like, where keys lie in blocks of their own.
        static_assert(std::is_copy_constructible_v<V>,
                      "versions of a map share and copy values: hold what can only be moved by std::shared_ptr");
    }
    ordered_map(std::initializer_list<std::pair<K, V>> values) : ordered_map(values.begin(), values.end()) {}
    /// Of pairs or entries; of two with one key the later.  Cost: O(n) if their keys ascend.
    template <std::input_iterator From, std::sentinel_for<From> End>
    ordered_map(From from, End end) {
        this->put_all(std::move(from), std::move(end), [](const auto& pair) {
            const auto& [key, value] = pair;
            return typename base::given{K(key), V(value)};
        });
    }

    // ---- Looking

    /// The value of a key, or null.  It holds while any map lives that has it.
    template <class Key = K>
    [[nodiscard]] const V* find(const Key& key) const {
        const auto found = tree::find_key(this->root_, this->as_key(key));
        return found.in == nullptr ? nullptr : &entries::value(found.in->items() + found.at);
    }
    /// The same.  Errors: throws std::out_of_range.
    template <class Key = K>
    [[nodiscard]] const V& at(const Key& key) const {
        const V* found = find(key);
        if (found == nullptr) { throw std::out_of_range("coppice::ordered_map::at: no entry has this key"); }
        return *found;
    }
    /// Calls `use` with the keys and the values of each leaf, in order.  The quickest way through all.
    template <class Use>
    void for_each_span(Use use) const {
        static_assert(entries::all_inline, "only keys and values that are copied as bytes lie side by side");
        for (std::size_t index = 0; index < this->size_;) {
            const auto found = tree::find_leaf(this->root_, index);
            const at_place items = found.in->items();
            use(std::span<const K>(items.first, found.in->size()), std::span<const V>(items.second, found.in->size()));
            index += found.in->size();
        }
    }

    // ---- Changing: each makes a new map, and on an rvalue reuses what nobody else holds

    /// With `value` for `key`, whatever it had.
    [[nodiscard]] ordered_map insert(K key, V value) const& {
        return ordered_map(*this).insert(std::move(key), std::move(value));
    }
    [[nodiscard]] ordered_map insert(K key, V value) && {
        this->put_here({std::move(key), std::move(value)});
        return std::move(*this);
    }
    /// With `value` for `key` if it has none; else the same value.
    [[nodiscard]] ordered_map try_insert(K key, V value) const& {
        return ordered_map(*this).try_insert(std::move(key), std::move(value));
    }
    [[nodiscard]] ordered_map try_insert(K key, V value) && {
        if (!this->contains(key)) { this->put_here({std::move(key), std::move(value)}); }
        return std::move(*this);
    }
    /// With what `change` makes of the value of `key`, which is null if there is none.
    template <std::invocable<const V*> Change>
    [[nodiscard]] ordered_map update(K key, Change change) const& {
        return ordered_map(*this).update(std::move(key), std::move(change));
    }
    template <std::invocable<const V*> Change>
    [[nodiscard]] ordered_map update(K key, Change change) && {
        V value = change(find(key));
        this->put_here({std::move(key), std::move(value)});
        return std::move(*this);
    }

    /// Calls visit(key, before, after) for each key whose value differs, in order; before is null for a key that was
    /// added, after for one that was removed.
    template <std::invocable<const K&, const V*, const V*> Visit>
    friend void diff(const ordered_map& before, const ordered_map& after, Visit visit) {
        base::each_difference(before, after, [&visit](const at_place* old, const at_place* now) {
            visit(entries::key(now == nullptr ? *old : *now), old == nullptr ? nullptr : &entries::value(*old),
                  now == nullptr ? nullptr : &entries::value(*now));
        });
    }
    /// `a` with what was changed from `base` to `b`. Where both changed a key differently its value is what
    /// resolve(key, in_base, in_a, in_b) says, pointers to values or null: an optional value, none to remove the key.
    template <class Resolve>
    requires std::is_invocable_r_v<std::optional<V>, Resolve&, const K&, const V*, const V*,
                                   const V*> [[nodiscard]] friend ordered_map
    merge(const ordered_map& base, const ordered_map& a, const ordered_map& b, Resolve resolve) {
        return resident::merged_maps(base, a, b, resolve);
    }

private:
    friend base;
    friend edit_type;
};

}  // namespace coppice
