// coppice/persist/kept_in_order.hpp: how ordered maps and sets lie in a key of a store: as a list in their order.
//
//     ordered_set    [ key key key ]
//     ordered_map    [ key value key value ]
//
// A list has positions, so a rank is found by bisection and an entry by its rank, and what changed is spliced in where
// it belongs; a hash of the store would forget the order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <coppice/persist/kept.hpp>

namespace coppice::persist {

/// Keys of a C, each with Stride - 1 values behind it.
template <class C, class K, std::uint64_t Stride>
class kept_in_order : public place {
    using less = typename C::key_compare;

public:
    static constexpr value_type type = value_type::list;
    using place::place;
    [[nodiscard]] result<std::uint64_t> size() const {
        const auto elements = version().size(key());
        if (!elements) { return elements.error(); }
        if (*elements % Stride != 0) { return no_value(); }
        return *elements / Stride;
    }
    /// How many keys are less: the position of `wanted`, or the one it would have.
    [[nodiscard]] result<std::uint64_t> rank_of(const K& wanted) const {
        const auto count = size();
        if (!count) { return count.error(); }
        std::uint64_t first = 0;
        for (std::uint64_t left = *count; left > 0;) {
            const std::uint64_t half = left / 2;
            const auto middle = key_at(first + half);
            if (!middle) { return middle.error(); }
            const bool is_less = less()(*middle, wanted);
            first += is_less ? half + 1 : 0;
            left = is_less ? left - half - 1 : half;
        }
        return first;
    }
    [[nodiscard]] result<bool> contains(const K& wanted) const {
        const auto at = place_of(wanted);
        if (!at) { return at.error(); }
        return at->has_value();
    }

protected:
    static constexpr std::uint64_t stride = Stride;
    [[nodiscard]] result<K> key_at(std::uint64_t index) const {
        if (index > view::all / Stride) { return this->beyond(index); }
        return this->template element_at<K>(Stride * index, index);
    }
    [[nodiscard]] error no_value() const { return this->refused("has a key without a value at its end"); }
    /// Where a key is, if it is there.
    [[nodiscard]] result<std::optional<std::uint64_t>> place_of(const K& wanted) const {
        using found = std::optional<std::uint64_t>;
        const auto rank = rank_of(wanted);
        if (!rank) { return rank.error(); }
        const auto count = size();
        if (!count) { return count.error(); }
        if (*rank == *count) { return found(); }
        const auto there = key_at(*rank);
        if (!there) { return there.error(); }
        return less()(wanted, *there) ? found() : found(*rank);
    }
    /// `known`, which `then` says, with what has changed since; nothing where that is not told in parts.
    /// enter(made, told, first, last) puts entries [first, last) into an edit, and calls told(key) for each.
    template <class Enter>
    [[nodiscard]] result<std::optional<C>> changed(const C& known, const snapshot& then, Enter enter) const {
        const auto count = size();
        if (!count) { return count.error(); }
        const auto runs = this->changed_runs(then);
        if (!runs) { return runs.error(); }
        if (!*runs) { return std::optional<C>(); }
        const std::vector<list_change> whole = whole_entries(**runs);
        auto made = known.edit();
        for (const list_change& run : whole) {
            for (std::uint64_t each = run.before_position; each < run.before_position + run.before_count; ++each) {
                made.erase(key_of(known.nth(each)));
            }
        }
        std::vector<std::pair<std::uint64_t, K>> come;
        for (const list_change& run : whole) {
            const auto told = [&come, at = run.after_position](const K& name) mutable {
                come.emplace_back(at++, name);
            };
            const status done = enter(made, told, run.after_position, run.after_position + run.after_count);
            if (!done) { return done.error(); }
        }
        C all = std::move(made).done();
        // Keys that came stand where the list has them, for whoever is not this header may have put them there.
        bool ascends = all.size() == *count;
        for (const auto& [position, name] : come) { ascends = ascends && all.rank_of(name) == position; }
        if (!ascends) { return not_ascending(); }
        return std::optional<C>(std::move(all));
    }
    /// Runs of a list as runs of entries. One that cuts an entry is one of whole entries; where what follows has moved
    /// by part of an entry, what were keys may be values now, and the next run goes along with this one.
    [[nodiscard]] static std::vector<list_change> whole_entries(const std::vector<list_change>& runs) {
        std::vector<list_change> whole;
        for (const list_change& run : runs) {
            if (whole.empty() || is_even(whole.back())) {
                whole.push_back(run);
            } else {
                list_change& both = whole.back();
                both.before_count = run.before_position + run.before_count - both.before_position;
                both.after_count = run.after_position + run.after_count - both.after_position;
            }
        }
        const auto widen = [](std::uint64_t& position, std::uint64_t& count) {
            const std::uint64_t end = (position + count + Stride - 1) / Stride;
            position /= Stride;
            count = end - position;
        };
        for (list_change& run : whole) {
            widen(run.before_position, run.before_count);
            widen(run.after_position, run.after_count);
        }
        return whole;
    }
    /// Whether what stands behind it is at the same part of an entry in both versions.
    [[nodiscard]] static bool is_even(const list_change& run) noexcept {
        return (run.before_position + run.before_count) % Stride == (run.after_position + run.after_count) % Stride;
    }
    /// Keys must ascend, for whoever is not this header may have written them.
    [[nodiscard]] status in_order(const K* before, const K& next) const {
        if (before == nullptr || less()(*before, next)) { return {}; }
        return not_ascending();
    }
    [[nodiscard]] error not_ascending() const { return this->refused("is no list of ascending keys"); }

private:
    [[nodiscard]] static const K& key_of(typename C::reference entry) noexcept {
        if constexpr (Stride == 1) {
            return entry;
        } else {
            return entry.first;
        }
    }
};

template <class K, class V, class Compare, class Nodes>
class kept<ordered_map<K, V, Compare, Nodes>> : public kept_in_order<ordered_map<K, V, Compare, Nodes>, K, 2> {
    using C = ordered_map<K, V, Compare, Nodes>;
    using base = kept_in_order<C, K, 2>;

public:
    using base::base;
    using base::key, base::version;
    /// The entry at a position in the order of keys.  Errors: errc::invalid where there are not so many.
    [[nodiscard]] result<std::pair<K, V>> nth(std::uint64_t index) const {
        auto name = this->key_at(index);
        if (!name) { return name.error(); }
        auto value = value_at(index);
        if (!value) { return value.error(); }
        return std::pair<K, V>(*std::move(name), *std::move(value));
    }
    [[nodiscard]] result<std::optional<V>> find(const K& wanted) const {
        const auto at = this->place_of(wanted);
        if (!at) { return at.error(); }
        if (!*at) { return std::optional<V>(); }
        auto value = value_at(**at);
        if (!value) { return value.error(); }
        return std::optional<V>(*std::move(value));
    }
    /// Calls use(K, V) with entries [first, last) in the order of keys, as far as they are there.
    template <std::invocable<K, V> Use>
    status for_each(Use use, std::uint64_t first = 0, std::uint64_t last = view::all) const {
        last = std::min(last, view::all / 2);  // twice as much can be counted
        if (last <= first) { return {}; }
        reading at;
        std::optional<K> name;
        const status done =
            at.ended(version().for_each_element(key(), 2 * first, 2 * (last - first), [&](std::string_view bytes) {
                if (!name) {
                    const auto remember = [&name](K given) { name.emplace(std::move(given)); };
                    return at.take(this->template as<K>(bytes), remember);
                }
                const auto with_name = [&](V value) { use(*std::exchange(name, std::nullopt), std::move(value)); };
                return at.take(this->template as<V>(bytes), with_name);
            }));
        return done && name ? this->no_value() : done;
    }

protected:
    [[nodiscard]] result<C> read() const {
        if (const auto even = this->size(); !even) { return even.error(); }
        std::vector<std::pair<K, V>> all;
        status ascending;
        const status done = for_each([&](K name, V value) {
            if (ascending) { ascending = this->in_order(all.empty() ? nullptr : &all.back().first, name); }
            all.emplace_back(std::move(name), std::move(value));
        });
        if (!done || !ascending) { return (done ? ascending : done).error(); }
        return C(all.begin(), all.end());
    }
    [[nodiscard]] result<C> read(const C& known, const snapshot& then) const {
        auto found = this->changed(known, then, [this](auto& made, auto told, std::uint64_t first, std::uint64_t last) {
            const auto put = [&](K name, V value) {
                told(name);
                made.insert(std::move(name), std::move(value));
            };
            return this->for_each(put, first, last);
        });
        if (!found) { return found.error(); }
        return *found ? **std::move(found) : read();
    }
    static void write(editor& to, std::string_view key, const C& value) {
        list_writer out(to, key, 0);
        for (const auto& [name, of] : value) {
            out.add(name);
            out.add(of);
        }
        out.flush();
    }
    static void write_changes(editor& to, std::string_view key, const C& before, const C& after) {
        struct change {
            const K* name;
            const V* was;
            const V* is;
        };
        std::vector<change> changes;
        diff(before, after, [&changes](const K& name, const V* was, const V* is) {
            changes.push_back({&name, was, is});
        });
        // From the end on, so that ranks are those of `before`.
        for (auto each = changes.rbegin(); each != changes.rend(); ++each) {
            const std::uint64_t at = 2 * before.rank_of(*each->name);
            const bool stays = each->was != nullptr && each->is != nullptr;
            list_writer out(to, key, stays ? at + 1 : at, stays ? 1 : each->was != nullptr ? 2 : 0);
            if (each->was == nullptr) { out.add(*each->name); }
            if (each->is != nullptr) { out.add(*each->is); }
            out.flush();
        }
    }

private:
    [[nodiscard]] result<V> value_at(std::uint64_t index) const {
        return this->template element_at<V>(2 * index + 1, index);
    }
};

template <class K, class Compare, class Nodes>
class kept<ordered_set<K, Compare, Nodes>> : public kept_in_order<ordered_set<K, Compare, Nodes>, K, 1> {
    using C = ordered_set<K, Compare, Nodes>;
    using base = kept_in_order<C, K, 1>;

public:
    using base::base;
    using base::key, base::version;
    /// The key at a position in their order.  Errors: errc::invalid where there are not so many.
    [[nodiscard]] result<K> nth(std::uint64_t index) const { return this->key_at(index); }
    /// Calls use(K) with keys [first, last) in their order, as far as they are there.
    template <std::invocable<K> Use>
    status for_each(Use use, std::uint64_t first = 0, std::uint64_t last = view::all) const {
        return this->template for_each_element<K>(use, first, last);
    }

protected:
    [[nodiscard]] result<C> read() const {
        std::vector<K> all;
        std::optional<K> last;
        status ascending;
        const status done = for_each([&](K name) {
            if (ascending) { ascending = this->in_order(last ? &*last : nullptr, name); }
            last = name;
            all.push_back(std::move(name));
        });
        if (!done || !ascending) { return (done ? ascending : done).error(); }
        return C(all.begin(), all.end());
    }
    [[nodiscard]] result<C> read(const C& known, const snapshot& then) const {
        auto found = this->changed(known, then, [this](auto& made, auto told, std::uint64_t first, std::uint64_t last) {
            const auto put = [&](K name) {
                told(name);
                made.insert(std::move(name));
            };
            return this->for_each(put, first, last);
        });
        if (!found) { return found.error(); }
        return *found ? **std::move(found) : read();
    }
    static void write(editor& to, std::string_view key, const C& value) {
        list_writer out(to, key, 0);
        for (const K& name : value) { out.add(name); }
        out.flush();
    }
    static void write_changes(editor& to, std::string_view key, const C& before, const C& after) {
        std::vector<std::pair<const K*, bool>> changes;
        diff(before, after, [&changes](const K& name, bool added) { changes.emplace_back(&name, added); });
        for (auto each = changes.rbegin(); each != changes.rend(); ++each) {
            list_writer out(to, key, before.rank_of(*each->first), each->second ? 0 : 1);
            if (each->second) { out.add(*each->first); }
            out.flush();
        }
    }
};

}  // namespace coppice::persist
