// coppice/persist/kept.hpp: how each collection lies in a key of a store, and is read there without being loaded.
//
//     collection                 key                    reading
//     vector                     list                   at, slice, for_each
//     text                       string, its UTF-8      slice
//     map, set                   hash, set              find, contains, for_each in the order they came, or of bytes
//     ordered_map, ordered_set   list, in their order:  nth, rank_of, find, contains, for_each
//                                key, value, key, ...
//
// So other clients read them: LRANGE, HGET, SISMEMBER, GETRANGE. An empty collection is a key that is not there.
//
// Cost. at, nth, find of a hash, contains of a set: O(log n). find and rank_of where keys are ordered: O(log n)
// elements, each in O(log n). What is not in memory is read from the store, node by node.
// Errors. errc::wrong_type where the key holds something else, or elements that are not written as C's are.
// Threads. One may be read by any number at once.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <coppice/map.hpp>
#include <coppice/ordered_map.hpp>
#include <coppice/ordered_set.hpp>
#include <coppice/persist/key_writer.hpp>
#include <coppice/set.hpp>
#include <coppice/store.hpp>
#include <coppice/text.hpp>
#include <coppice/vector.hpp>

namespace coppice::persist {

/// Goes through what a visitor is shown until something is wrong.
struct reading {
    std::optional<error> failed{};
    /// Calls `use` with a value; whether to go on.
    template <class T, class Use>
    bool take(result<T>&& value, Use& use) {
        if (!value) {
            failed = value.error();
            return false;
        }
        use(*std::move(value));
        return true;
    }
    [[nodiscard]] status ended(const status& done) const { return failed ? status(*failed) : done; }
};

/// A key of a version.
class place {
public:
    place(snapshot version, std::string key) noexcept : version_(std::move(version)), key_(std::move(key)) {}
    /// Holds the version, as any snapshot.
    [[nodiscard]] const snapshot& version() const noexcept { return version_; }
    [[nodiscard]] const std::string& key() const noexcept { return key_; }

protected:
    static constexpr std::uint64_t stride = 1;  ///< elements of the store that are one of the collection
    /// Shows how the key says something else than in `then`, part by part. False where that is not told in parts: the
    /// key is there in one of them alone, or as something else.
    [[nodiscard]] result<bool> show_changes(const snapshot& then, visitor<const part_difference&> show) const {
        result<bool> told = true;
        const status done = store::diff(then, version_,
                                        [&](const key_difference& changed) {
                                            told = changed.before && changed.after && *changed.before == *changed.after;
                                            if (!*told) { return; }
                                            if (const status parts = changed.for_each_part(show); !parts) {
                                                told = parts.error();
                                            }
                                        },
                                        {.database = version_.database(), .key = key_});
        return done ? told : done.error();
    }
    /// An element, or why not.
    template <class T>
    [[nodiscard]] result<T> as(std::string_view bytes) const {
        static_assert(can_be_written<T>, "what is saved can be written: specialise coppice::written_as for it");
        auto value = written_as<T>::read(bytes);
        if (value) { return *std::move(value); }
        return refused("holds '" + std::string(bytes.substr(0, 40)) + "', which is no such element");
    }
    /// Element `position` of a list, which belongs to element `index` of the collection.
    template <class T>
    [[nodiscard]] result<T> element_at(std::uint64_t position, std::uint64_t index) const {
        const auto bytes = version_.element(key_, position);
        if (!bytes) { return bytes.error(); }
        if (!*bytes) { return beyond(index); }
        return as<T>(**bytes);
    }
    /// Calls use(T) with elements [first, last) of a list, as far as they are there.
    template <class T, class Use>
    status for_each_element(Use& use, std::uint64_t first, std::uint64_t last) const {
        if (last <= first) { return {}; }
        reading at;
        return at.ended(version_.for_each_element(key_, first, last - first,
                                                  [&](std::string_view bytes) { return at.take(as<T>(bytes), use); }));
    }
    /// The runs of a list that are not what `then` says; nothing where that is not told in parts.
    [[nodiscard]] result<std::optional<std::vector<list_change>>> changed_runs(const snapshot& then) const {
        using found = std::optional<std::vector<list_change>>;
        std::vector<list_change> runs;
        const auto told = show_changes(then, [&runs](const part_difference& part) {
            if (part.what == part_difference::place::run) { runs.push_back(part.run); }
        });
        if (!told) { return told.error(); }
        return *told ? found(std::move(runs)) : found();
    }
    [[nodiscard]] error refused(const std::string& why) const {
        return {errc::wrong_type, name_of_key(key_) + " " + why};
    }
    [[nodiscard]] error beyond(std::uint64_t index) const {
        return {errc::invalid, name_of_key(key_) + " has no element " + std::to_string(index)};
    }

private:
    snapshot version_;
    std::string key_;
};

/// Specialised for every collection: where it lies, how it is written, and `read`, which loads it whole, or makes it
/// from what another version says, which is known.
template <class C>
class kept;

template <class T, class Nodes>
class kept<vector<T, Nodes>> : public place {
    using C = vector<T, Nodes>;

public:
    static constexpr value_type type = value_type::list;
    using place::place;
    [[nodiscard]] result<std::uint64_t> size() const { return version().size(key()); }
    /// Errors: errc::invalid where there are not so many.
    [[nodiscard]] result<T> at(std::uint64_t index) const { return this->template element_at<T>(index, index); }
    /// Elements [first, last), as far as they are there.
    [[nodiscard]] result<C> slice(std::uint64_t first, std::uint64_t last) const {
        auto made = C().edit();
        const status done = for_each([&made](T value) { made.push_back(std::move(value)); }, first, last);
        if (!done) { return done.error(); }
        return std::move(made).done();
    }
    /// Calls use(T) with elements [first, last), as far as they are there.
    template <std::invocable<T> Use>
    status for_each(Use use, std::uint64_t first = 0, std::uint64_t last = view::all) const {
        return this->template for_each_element<T>(use, first, last);
    }

protected:
    [[nodiscard]] result<C> read() const { return slice(0, view::all); }
    [[nodiscard]] result<C> read(const C& known, const snapshot& then) const {
        const auto runs = this->changed_runs(then);
        if (!runs) { return runs.error(); }
        if (!*runs) { return read(); }
        auto made = known.edit();
        for (auto run = (*runs)->rbegin(); run != (*runs)->rend(); ++run) {
            std::uint64_t at = run->before_position;
            std::uint64_t left = run->before_count;
            const auto put = [&](T value) {
                left == 0 ? made.insert(at, std::move(value)) : made.set(at, std::move(value));
                left -= left == 0 ? 0 : 1;
                ++at;
            };
            const status done = for_each(put, run->after_position, run->after_position + run->after_count);
            if (!done) { return done.error(); }
            for (; left > 0; --left) { made.erase(at); }
        }
        return std::move(made).done();
    }
    static void write(editor& to, std::string_view key, const C& value) {
        put(to, key, value, {0, 0, 0, value.size()});
    }
    static void write_changes(editor& to, std::string_view key, const C& before, const C& after) {
        const std::vector<splice> changes = diff(before, after);
        // From the end on, so that positions before are what they were.
        for (auto change = changes.rbegin(); change != changes.rend(); ++change) { put(to, key, after, *change); }
    }

private:
    static void put(editor& to, std::string_view key, const C& from, const splice& change) {
        list_writer out(to, key, change.at, change.removed);
        for (std::size_t each = 0; each < change.inserted; ++each) { out.add(from[change.position + each]); }
        out.flush();
    }
};

template <class Nodes>
class kept<basic_text<Nodes>> : public place {
    using C = basic_text<Nodes>;

public:
    static constexpr value_type type = value_type::string;
    using place::place;
    /// Bytes.
    [[nodiscard]] result<std::uint64_t> size() const { return version().size(key()); }
    /// Bytes [first, last), as far as they are there.  Errors: errc::wrong_type unless they are whole code points.
    [[nodiscard]] result<C> slice(std::uint64_t first, std::uint64_t last) const {
        const auto bytes = version().get_range(key(), first, last - std::min(first, last));
        if (!bytes) { return bytes.error(); }
        return this->template as<C>(*bytes);
    }

protected:
    [[nodiscard]] result<C> read() const { return slice(0, view::all); }
    /// Bytes of the store differ inside of code points: all are read, and what is not new is shared.
    [[nodiscard]] result<C> read(const C& known, const snapshot& /*then*/) const {
        const auto all = read();
        if (!all) { return all.error(); }
        C made = known;
        const std::vector<splice> changes = diff(known, *all);
        for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
            const C come = all->slice(change->position, change->position + change->inserted);
            made = made.replace(change->at, change->at + change->removed, come);
        }
        return made;
    }
    static void write(editor& to, std::string_view key, const C& value) {
        put(to, key, value, {0, 0, 0, value.size()});
    }
    static void write_changes(editor& to, std::string_view key, const C& before, const C& after) {
        const std::vector<splice> changes = diff(before, after);
        for (auto change = changes.rbegin(); change != changes.rend(); ++change) { put(to, key, after, *change); }
        if (after.empty()) { to.erase(key); }
    }

private:
    static void put(editor& to, std::string_view key, const C& from, const splice& change) {
        constexpr std::size_t together = 1024 * 1024;
        std::size_t removed = change.removed;
        std::size_t done = 0;
        do {
            const std::size_t some = std::min(together, change.inserted - done);
            std::string bytes;
            bytes.reserve(some);
            while (bytes.size() < some) {
                const std::string_view run = from.span_at(change.position + done + bytes.size());
                bytes += run.substr(0, some - bytes.size());
            }
            to.splice_bytes(key, change.at + done, removed, bytes);
            done += some;
            removed = 0;
        } while (done < change.inserted);
    }
};

template <class K, class V, class Hash, class Equal, class Nodes>
class kept<map<K, V, Hash, Equal, Nodes>> : public place {
    using C = map<K, V, Hash, Equal, Nodes>;

public:
    static constexpr value_type type = value_type::hash;
    using place::place;
    [[nodiscard]] result<std::uint64_t> size() const { return version().size(key()); }
    [[nodiscard]] result<std::optional<V>> find(const K& name) const {
        std::string field;
        written_as<K>::write(name, field);
        const auto bytes = version().field(key(), field);
        if (!bytes) { return bytes.error(); }
        if (!*bytes) { return std::optional<V>(); }
        auto value = this->template as<V>(**bytes);
        if (!value) { return value.error(); }
        return std::optional<V>(*std::move(value));
    }
    [[nodiscard]] result<bool> contains(const K& name) const {
        const auto value = find(name);
        if (!value) { return value.error(); }
        return value->has_value();
    }
    /// Calls use(K, V) for each entry, in the order in which the store got their keys.
    template <std::invocable<K, V> Use>
    status for_each(Use use) const {
        reading at;
        return at.ended(version().for_each_field(key(), [&](std::string_view name, std::string_view bytes) {
            const auto both = [&](K known) {
                const auto with_value = [&](V value) { use(std::move(known), std::move(value)); };
                at.take(this->template as<V>(bytes), with_value);
            };
            return at.take(this->template as<K>(name), both) && !at.failed;
        }));
    }

protected:
    [[nodiscard]] result<C> read() const {
        auto made = C().edit();
        const status done = for_each([&made](K name, V value) { made.insert(std::move(name), std::move(value)); });
        if (!done) { return done.error(); }
        return std::move(made).done();
    }
    [[nodiscard]] result<C> read(const C& known, const snapshot& then) const {
        auto made = known.edit();
        reading at;
        std::vector<std::pair<K, V>> come;  // put in last: one may be equal to one that goes, and written otherwise
        const auto put = [&](const part_difference& part) {
            if (part.what != part_difference::place::field) { return true; }
            const auto change = [&](K name) {
                if (part.kind == change_kind::removed) { return static_cast<void>(made.erase(name)); }
                const auto with_value = [&](V value) { come.emplace_back(std::move(name), std::move(value)); };
                at.take(this->template as<V>(part.after), with_value);
            };
            return at.take(this->template as<K>(part.name), change) && !at.failed;
        };
        const auto told = this->show_changes(then, put);
        if (!told || at.failed) { return at.failed ? *at.failed : told.error(); }
        if (!*told) { return read(); }
        for (auto& [name, of] : come) { made.insert(std::move(name), std::move(of)); }
        return std::move(made).done();
    }
    static void write(editor& to, std::string_view key, const C& value) {
        keyed_writer out(to, key, type);
        for (const auto& [name, of] : value) { out.put(name, of); }
        out.flush();
    }
    static void write_changes(editor& to, std::string_view key, const C& before, const C& after) {
        keyed_writer out(to, key, type);
        diff(before, after,
             [&out](const K& name, const V*, const V* is) { is == nullptr ? out.erase(name) : out.put(name, *is); });
        out.flush();
    }
};

template <class K, class Hash, class Equal, class Nodes>
class kept<set<K, Hash, Equal, Nodes>> : public place {
    using C = set<K, Hash, Equal, Nodes>;

public:
    static constexpr value_type type = value_type::set;
    using place::place;
    [[nodiscard]] result<std::uint64_t> size() const { return version().size(key()); }
    [[nodiscard]] result<bool> contains(const K& member) const {
        std::string bytes;
        written_as<K>::write(member, bytes);
        return version().has_member(key(), bytes);
    }
    /// Calls use(K) for each key, in the order of what they are written as.
    template <std::invocable<K> Use>
    status for_each(Use use) const {
        reading at;
        return at.ended(version().for_each_member(
            key(), [&](std::string_view bytes) { return at.take(this->template as<K>(bytes), use); }));
    }

protected:
    [[nodiscard]] result<C> read() const {
        auto made = C().edit();
        const status done = for_each([&made](K member) { made.insert(std::move(member)); });
        if (!done) { return done.error(); }
        return std::move(made).done();
    }
    [[nodiscard]] result<C> read(const C& known, const snapshot& then) const {
        auto made = known.edit();
        reading at;
        std::vector<K> come;  // as above
        const auto put = [&](const part_difference& part) {
            if (part.what != part_difference::place::member) { return true; }
            const auto change = [&](K member) {
                if (part.kind == change_kind::removed) { return static_cast<void>(made.erase(member)); }
                come.push_back(std::move(member));
            };
            return at.take(this->template as<K>(part.name), change);
        };
        const auto told = this->show_changes(then, put);
        if (!told || at.failed) { return at.failed ? *at.failed : told.error(); }
        if (!*told) { return read(); }
        for (auto&& member : come) { made.insert(K(std::move(member))); }
        return std::move(made).done();
    }
    static void write(editor& to, std::string_view key, const C& value) {
        keyed_writer out(to, key, type);
        for (const K& member : value) { out.put(member); }
        out.flush();
    }
    static void write_changes(editor& to, std::string_view key, const C& before, const C& after) {
        keyed_writer out(to, key, type);
        diff(before, after, [&out](const K& member, bool added) { added ? out.put(member) : out.erase(member); });
        out.flush();
    }
};

}  // namespace coppice::persist
