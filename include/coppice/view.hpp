// coppice/view.hpp: what a version of a branch says, read by key.
//
// A view is borrowed: of a snapshot, of what branch::peek lends, or of what an editor has done so far. It reads
// without copying what it does not return: ranges of a long string, elements in the middle of a long list.
//
//     database 0 .. 15      key spaces, chosen by database(n); 0 unless said otherwise
//       key                 a string, list, hash or set; a key whose deadline has come is not there
//
// Cost (n: keys and elements)            time
//   get, contains, type, size, field, element, has_member     O(log n), and the bytes that come back
//   for_each_key, for_each_element, for_each_member            O(log n), then O(1) each
//   for_each_field                                             O(n log n): in the order of insertion
//   for_each_part                                              O(log n), then 4 KiB a call without copying
//
// Threads. As what it was borrowed from: a snapshot's may be read by any number at once.
// Errors. errc::wrong_type where the key holds something else; errc::io, errc::corrupt, ... where a node had to be
// read from storage. A key, field or element that is not there is no error. Only std::bad_alloc is thrown, and what
// a visitor throws.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <coppice/base/error.hpp>
#include <coppice/store_types.hpp>

namespace coppice {

class tree;
struct found_key;

/// A borrowed callable that is shown one thing after the other. It returns nothing, or whether to go on.
template <class... Shown>
class visitor {
public:
    template <class Callable>
    requires(!std::same_as<std::remove_cvref_t<Callable>, visitor> && std::invocable<Callable&, Shown...>)
        visitor(Callable&& callable)
    noexcept  // NOLINT: a callable converts silently, as to a parameter
        : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
          call_([](void* object, Shown... shown) -> bool {
              auto& called = *static_cast<std::add_pointer_t<Callable>>(object);
              if constexpr (std::is_void_v<std::invoke_result_t<Callable&, Shown...>>) {
                  called(std::forward<Shown>(shown)...);
                  return true;
              } else {
                  return called(std::forward<Shown>(shown)...);
              }
          }) {}

    /// Whether to go on.
    bool operator()(Shown... shown) const { return call_(object_, std::forward<Shown>(shown)...); }

private:
    void* object_;
    bool (*call_)(void*, Shown...);
};

class view {
public:
    static constexpr std::uint64_t all = ~std::uint64_t{0};

    /// The same version, another key space.  Requires: number < 16.
    [[nodiscard]] view database(unsigned number) const noexcept;
    /// The number of this key space.
    [[nodiscard]] unsigned database() const noexcept { return database_; }

    // Keys.

    [[nodiscard]] result<bool> contains(std::string_view key) const;
    /// What kind of value the key holds, if it is there.
    [[nodiscard]] result<std::optional<value_type>> type(std::string_view key) const;
    /// Bytes of a string; elements, fields or members; 0 where the key is not there.
    [[nodiscard]] result<std::uint64_t> size(std::string_view key) const;
    /// When the key will be gone; no_deadline: never, or it is not there.
    [[nodiscard]] result<milliseconds_utc> deadline(std::string_view key) const;
    /// Whether `other` says the same of a key, and of when it will be gone.  Requires: the same database number.
    /// Errors: errc::invalid where it is of another store.
    /// Cost: O(log n) where one was made of the other; else as far as the first difference.
    [[nodiscard]] result<bool> is_same(std::string_view key, const view& other) const;
    /// Keys of this database.  Cost: O(log n).
    [[nodiscard]] result<std::uint64_t> key_count() const;
    /// Shows the keys that begin with `prefix`, in order: that of their bytes. Only keys of more than 511 bytes that
    /// agree in the first 472 stand by length, and then as it happens.
    status for_each_key(std::string_view prefix, visitor<std::string_view, value_type> show) const;
    /// Shows the keys from `low` on and below `high`, in that order; without `high`, all from `low` on.
    status for_each_key_between(std::string_view low, std::optional<std::string_view> high,
                                visitor<std::string_view, value_type> show) const;

    // Strings.

    [[nodiscard]] result<std::optional<std::string>> get(std::string_view key) const;
    /// At most `count` bytes from `position` on; fewer where the string ends.
    [[nodiscard]] result<std::string> get_range(std::string_view key, std::uint64_t position,
                                                std::uint64_t count) const;
    /// Shows the same bytes in parts, as they lie in memory.
    status for_each_part(std::string_view key, std::uint64_t position, std::uint64_t count,
                         visitor<std::string_view> show) const;

    // Lists.

    [[nodiscard]] result<std::optional<std::string>> element(std::string_view key, std::uint64_t position) const;
    /// At most `count` elements from `position` on; fewer where the list ends.
    [[nodiscard]] result<std::vector<std::string>> elements(std::string_view key, std::uint64_t position = 0,
                                                            std::uint64_t count = all) const;
    status for_each_element(std::string_view key, std::uint64_t position, std::uint64_t count,
                            visitor<std::string_view> show) const;

    // Hashes and sets.

    [[nodiscard]] result<std::optional<std::string>> field(std::string_view key, std::string_view name) const;
    /// Shows fields and values in the order in which the fields came.
    status for_each_field(std::string_view key, visitor<std::string_view, std::string_view> show) const;
    [[nodiscard]] result<bool> has_member(std::string_view key, std::string_view member) const;
    /// Shows the members in the order of their bytes.
    status for_each_member(std::string_view key, visitor<std::string_view> show) const;

protected:
    /// Of a tree that outlives the view, through a map of key spaces, as of a time.
    view(const tree& keys, std::uint64_t spaces, milliseconds_utc now, unsigned database = 0) noexcept
        : keys_(&keys), spaces_(spaces), now_(now), database_(database) {}

    const tree* keys_;
    std::uint64_t spaces_;
    milliseconds_utc now_;
    unsigned database_;

private:
    friend struct view_inside;
    [[nodiscard]] result<std::optional<found_key>> find(std::string_view key, value_type expected) const;
};

}  // namespace coppice
