// coppice/persist.hpp: collections of a program, kept in a store.
//
// save() puts a collection into a key; stored<C> is one that lies there. It reads what it is asked for and nothing
// more, loads the whole where that is wanted, and knows what the store has, so that the next save writes what differs.
//
//     auto prices = coppice::save(main, "prices", all);                    // a coppice::vector<double>: every element
//     auto third = prices->at(3);                                          // one path of nodes, from the disk
//     auto next = coppice::save(main, "prices", all.set(3, 1.5), *prices); // one element, one path
//     auto variant = coppice::save(main, "prices/b", other, *prices);      // another key, sharing what is the same
//
//     // another day
//     auto found = coppice::find_stored<coppice::vector<double>>(main.read(), "prices");   // reads nothing yet
//     auto loaded = found->load();                                         // a coppice::vector<double>
//
// Where several change one key: save() with what it was made from refuses (errc::conflict) if the key says something
// else by now. Then load what is there, merge(base, mine, theirs, resolve), and save that.
//
// Elements are written as written_as<T> says, so that every client of the store can read them (persist/kept.hpp).
// What is equal (==, or what a map or a set compares its keys by) is no difference, though it were written otherwise:
// after save() with what it was made from, the store may still have the 0.0 that became -0.0.
//
// Cost (n elements, k differences)      time                      writes
//   save                                O(n log n)                all elements
//   save, with what it was made from    O(k log n)                k elements and their paths
//   find_stored                         O(log n)                  -
//   load                                O(n), maps O(n log n)     -
//   load, with another version          O(k log n), of a text O(n)
//
// A transaction is in memory until it ends, and its record of the log is at most 2 GiB long.
// Threads. Those of a store's handles: each stored one thread at a time, copies are independent.
// Errors. As the store's, in a result; errc::conflict and errc::wrong_type as above. What elements throw is thrown. A
// save that throws or returns an error has written nothing, in a transaction that goes on as well.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <coppice/persist/kept.hpp>
#include <coppice/persist/kept_in_order.hpp>
#include <coppice/store.hpp>

namespace coppice {

/// A collection in a version of a store. A handle: it holds that version, whatever becomes of its branch. What it can
/// be asked, by the kind of C, is in persist/kept.hpp.
template <class C>
class stored : public persist::kept<C> {
public:
    /// All of it. Kept, so that asking again, and saving what was made of it, need not read it again.
    [[nodiscard]] result<C> load() {
        if (!loaded_) {
            auto all = this->read();
            if (!all) { return all.error(); }
            loaded_ = *std::move(all);
        }
        return *loaded_;
    }
    /// The same, made from what `like` has loaded, which is another version of this key: elements that differ are read,
    /// and both share the others in memory.
    [[nodiscard]] result<C> load(stored& like) {
        if (loaded_ || like.key() != this->key() || like.version().database() != this->version().database()) {
            return load();
        }
        const auto known = like.load();
        if (!known) { return known.error(); }
        auto all = this->read(*known, like.version());
        if (!all) { return all.error(); }
        loaded_ = *std::move(all);
        return *loaded_;
    }

private:
    template <class Kept>
    friend result<stored<Kept>> find_stored(const snapshot& in, std::string_view key);
    template <class Kept>
    friend result<stored<Kept>> save(branch& where, std::string_view key, const Kept& value);
    template <class Kept>
    friend result<stored<Kept>> save(branch& where, std::string_view key, const Kept& value, stored<Kept>& from);
    template <class Kept>
    friend void save(editor& to, std::string_view key, const Kept& value);
    template <class Kept>
    friend status save(editor& to, std::string_view key, const Kept& value, stored<Kept>& from);

    /// Makes a key that says `known`, or is not there, say `value` until `deadline`.
    static status make(editor& to, std::string_view key, const C& known, const C& value, milliseconds_utc deadline) {
        const auto before = to.size(key);
        if (!before) { return before.error(); }
        // It may not be there though a copy was made of it, where its deadline has come meanwhile.
        const bool is_there = *before == stored::stride * known.size();
        if (is_there) { stored::write_changes(to, key, known, value); }
        // Nor are keys found that were equal to others, and written otherwise.
        const auto after = to.size(key);
        if (!after) { return after.error(); }
        if (!is_there || *after != stored::stride * value.size()) {
            to.erase(key);
            stored::write(to, key, value);
        }
        // Where all went before something came, the key was gone in between.
        const auto until = to.deadline(key);
        if (!until) { return until.error(); }
        if (*until != deadline) { to.expire(key, deadline); }
        return {};
    }
    stored(snapshot version, std::string key, std::optional<C> known) noexcept
        : persist::kept<C>(std::move(version), std::move(key)), loaded_(std::move(known)) {}

    std::optional<C> loaded_;
};

/// What `key` holds in a version; an empty collection where nothing is there.  Errors: errc::wrong_type.
template <class C>
[[nodiscard]] result<stored<C>> find_stored(const snapshot& in, std::string_view key) {
    const auto type = in.type(key);
    if (!type) { return type.error(); }
    if (*type && **type != stored<C>::type) { return wrong_type(key, **type, stored<C>::type); }
    return stored<C>(in, std::string(key), std::nullopt);
}

/// Makes `key` hold `value`, whatever it held, as a part of a transaction. What goes wrong fails that.
template <class C>
void save(editor& to, std::string_view key, const C& value) {
    static_cast<void>(to.attempt([&]() -> status {
        to.erase(key);
        stored<C>::write(to, key, value);
        return {};
    }));
}

/// The same, where `value` was made of what is stored as `from`. Return what it says from the transaction.
/// A deadline of this key stays; that of another one, which `from` may lie at, is not taken over.
/// Errors: errc::conflict where `from` lies at this key and the key says something else by now, or will be gone at
/// another time; errc::invalid where it is of another store; those of a load, and of editor::copy.
template <class C>
[[nodiscard]] status save(editor& to, std::string_view key, const C& value, stored<C>& from) {
    const auto known = from.load();
    if (!known) { return known.error(); }
    const auto same = to.database(from.version().database()).is_same(from.key(), from.version());
    if (!same) { return same.error(); }
    const bool one_database = to.database() == from.version().database();
    if (one_database && key == from.key()) {
        if (!*same) {
            return error{errc::conflict,
                         name_of_key(key) + " has changed since it was read: load it, merge, and save again"};
        }
        const auto deadline = to.deadline(key);
        if (!deadline) { return deadline.error(); }
        return to.attempt([&] { return stored<C>::make(to, key, *known, value, *deadline); });
    }
    return to.attempt([&] {
        to.erase(key);
        const bool is_here = one_database && *same;
        is_here ? to.copy(from.key(), key) : to.copy(from.version(), from.key(), key);
        return stored<C>::make(to, key, *known, value, no_deadline);
    });
}

/// Makes `key` hold `value`, whatever it held, in a transaction of its own.
template <class C>
[[nodiscard]] result<stored<C>> save(branch& where, std::string_view key, const C& value) {
    std::string name(key);  // so that nothing can fail when it is written
    auto made = where.transact_and_read([&](editor& edit) { save(edit, key, value); });
    if (!made) { return made.error(); }
    return stored<C>(*std::move(made), std::move(name), value);
}

/// The same, where `value` was made of what is stored as `from`, on this branch or another. Who writes other keys is
/// not in the way.
template <class C>
[[nodiscard]] result<stored<C>> save(branch& where, std::string_view key, const C& value, stored<C>& from) {
    constexpr int tries_max = 4;  // the second one works, unless the other branch is rewound to what it was
    std::string name(key);
    for (int tries = 1;; ++tries) {
        status said;
        auto made = where.transact_and_read([&](editor& edit) { return said = save(edit, key, value, from); });
        if (made) { return stored<C>(*std::move(made), std::move(name), value); }
        // Copied from the newest version of another branch, which was written to before this was logged.
        const bool again = said && made.error().code == errc::conflict && tries < tries_max;
        if (!again) { return made.error(); }
    }
}

}  // namespace coppice
