// coppice/base/error.hpp: what can go wrong, in one table, and result<T>, which carries it.
//
// Everything that a disk, a peer or stored bytes can cause is an `error`: a code from the table and a
// context that names the thing ("node 812: checksum"). Bugs of the caller are assertions, absence is an
// optional, and memory that runs out is std::bad_alloc.
//
// The numbers reach disks and peers: one is never reused and never changes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <coppice/base/assert.hpp>

namespace coppice {

enum class errc : std::uint16_t {
    io = 1,             ///< the operating system refused; final until the store is reopened
    no_space = 2,       ///< the disk is full; passes when there is room
    corrupt = 3,        ///< stored bytes are not what was written
    not_found = 4,      ///< a named thing is not there
    exists = 5,         ///< a name is taken
    ambiguous = 6,      ///< an id prefix names several versions
    invalid = 7,        ///< an argument is malformed; the context says what is accepted
    limit = 8,          ///< a named limit is exceeded
    wrong_type = 9,     ///< the key holds another kind of value
    conflict = 10,      ///< somebody else changed it meanwhile
    read_only = 11,     ///< the store takes no writes until it is reopened
    in_use = 12,        ///< another process has the store open
    unsupported = 13,   ///< written by a newer coppice, or not built in
    unauthorised = 14,  ///< not logged in, or not allowed
    closed = 15,        ///< the store or the connection was closed
};

/// One row of the table: how a code is said to each kind of client.
struct error_row {
    errc code;
    std::string_view name;          ///< "not_found", as documents and --json say it
    std::string_view resp_prefix;   ///< first word of the RESP error
    std::string_view python_class;  ///< exception of the Python package
};

/// The row of `code`.  Cost: O(1).
[[nodiscard]] const error_row& row_of(errc code) noexcept;

struct error {
    errc code;
    std::string context;  ///< names the thing, and what is accepted instead

    [[nodiscard]] std::string message() const;  ///< "not_found: branch 'exp'"
    friend bool operator==(const error&, const error&) = default;
};

/// A value or an error.  Reading the one that is not there dies.
template <class T>
class [[nodiscard]] result {
public:
    using value_type = T;
    result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: a value is a result
    result(coppice::error failure) : state_(std::in_place_index<1>, std::move(failure)) {}  // NOLINT

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    [[nodiscard]] T& operator*() & noexcept { return value(); }
    [[nodiscard]] const T& operator*() const& noexcept { return value(); }
    [[nodiscard]] T&& operator*() && noexcept { return std::move(value()); }
    [[nodiscard]] T* operator->() noexcept { return &value(); }
    [[nodiscard]] const T* operator->() const noexcept { return &value(); }

    [[nodiscard]] T& value() noexcept {
        COPPICE_CHECK(has_value());
        return *std::get_if<0>(&state_);
    }
    [[nodiscard]] const T& value() const noexcept {
        COPPICE_CHECK(has_value());
        return *std::get_if<0>(&state_);
    }
    [[nodiscard]] const coppice::error& error() const noexcept {
        COPPICE_CHECK(!has_value());
        return *std::get_if<1>(&state_);
    }

private:
    std::variant<T, coppice::error> state_;
};

/// Success, or an error.
template <>
class [[nodiscard]] result<void> {
public:
    using value_type = void;
    result() noexcept = default;
    result(coppice::error failure) : failure_(std::move(failure)), failed_(true) {}  // NOLINT

    [[nodiscard]] bool has_value() const noexcept { return !failed_; }
    explicit operator bool() const noexcept { return has_value(); }
    [[nodiscard]] const coppice::error& error() const noexcept {
        COPPICE_CHECK(failed_);
        return failure_;
    }

private:
    coppice::error failure_{};
    bool failed_ = false;
};

using status = result<void>;

}  // namespace coppice
