// coppice/resident/hashed_collection.hpp: what map and set have in common: everything that does not name a value.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <coppice/resident/hashed.hpp>
#include <coppice/resident/hashed_iterator.hpp>
#include <coppice/resident/keyed.hpp>
#include <coppice/resident/rooted.hpp>

namespace coppice::resident {

/// The base of `Collection`. Kind is a map_element or a set_element.
template <class Collection, class Kind, class Hash, class Equal, class Nodes>
class hashed_collection : public rooted<hashed<Kind, Hash, Equal, Nodes>, hashed_header<Nodes>>,
                          public keyed<Collection, typename Kind::key> {
    using base = rooted<hashed<Kind, Hash, Equal, Nodes>, hashed_header<Nodes>>;
    using K = typename Kind::key;
    static_assert(std::is_copy_constructible_v<K>,
                  "versions of a collection share their keys: hold what can only be moved by std::shared_ptr");
    static_assert(std::is_same_v<K, std::remove_cvref_t<K>>, "keys are values, neither const nor references");
    static_assert(std::is_default_constructible_v<Hash> && std::is_invocable_r_v<std::size_t, const Hash&, const K&>,
                  "keys are found by their hash: specialise std::hash for them, or give the collection a Hash");
    static_assert(
        std::is_default_constructible_v<Equal> && std::is_invocable_r_v<bool, const Equal&, const K&, const K&>,
        "keys are told apart by ==: give them one, or give the collection an Equal");

protected:
    using typename base::tree;
    using element = typename Kind::type;
    using base::root_, base::size_;

public:
    using value_type = element;
    using size_type = std::size_t;
    using difference_type = std::ptrdiff_t;
    using reference = const value_type&;
    using const_reference = const value_type&;
    using const_iterator = hashed_iterator<tree>;
    using iterator = const_iterator;

    // ---- Looking.  Keys are found by a K, by what becomes one, and by what transparent Hash and Equal understand.

    template <class Key = K>
    [[nodiscard]] bool contains(const Key& key) const {
        return entry_of(key) != nullptr;
    }
    [[nodiscard]] const_iterator begin() const noexcept { return const_iterator(root_); }
    [[nodiscard]] const_iterator end() const noexcept { return {}; }
    [[nodiscard]] const_iterator cbegin() const noexcept { return begin(); }
    [[nodiscard]] const_iterator cend() const noexcept { return end(); }

    /// Calls `use` with each element that this collection alone holds, as a collector of cycles has to know them.
    /// Cost: O(nodes that it alone holds).
    template <class Use>
    void for_each_unshared(Use use) const {
        tree::for_each_unshared(root_, use);
    }

    /// Calls `use(address, first)` for runs of some hundred elements; an iterator from `first` to end() shows those of
    /// one. As long as it lives, what lies at one address is one run, in however many collections.  Cost: O(runs).
    template <class Use>
    void for_each_run(Use use) const {
        const auto look = [&use](const typename tree::header& node) {
            use(static_cast<const void*>(&node), const_iterator(&node));
        };
        tree::for_each_run(root_, look);
    }

    /// Dies naming the broken invariant.  Cost: O(n).
    void check_invariants() const { tree::check(root_, size_); }

protected:
    friend keyed<Collection, K>;
    friend keyed_edit<Collection>;

    /// What the tree looks for: `key` itself if Hash and Equal understand it, else a K.
    template <class Key>
    [[nodiscard]] static decltype(auto) as_key(const Key& key) {
        if constexpr (std::is_same_v<Key, K> || other_key<Key, K, Hash, Equal>) {
            return static_cast<const Key&>(key);
        } else {
            static_assert(std::is_convertible_v<const Key&, K>, "a key is found by what becomes one");
            return static_cast<K>(key);
        }
    }
    /// The element of a key, or null.
    template <class Key>
    [[nodiscard]] const element* entry_of(const Key& given) const {
        const auto& key = as_key(given);
        return tree::find(root_, tree::hashed_of(key), key);
    }
    /// False if the key was there.
    bool put_here(element&& value) {
        const auto of = tree::hashed_of(Kind::key_of(value));
        const bool added = tree::insert(root_, of, std::move(value));
        size_ += added ? 1 : 0;
        return added;
    }
    /// False if the key was not there.
    template <class Key>
    bool erase_here(const Key& given) {
        const auto& key = as_key(given);
        const auto of = tree::hashed_of(key);
        if (tree::find(root_, of, key) == nullptr) { return false; }
        tree::erase(root_, of, key);
        --size_;
        return true;
    }
};

}  // namespace coppice::resident
