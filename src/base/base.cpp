#include <chrono>
#include <random>

#include <coppice/base/assert.hpp>
#include <coppice/base/clock.hpp>
#include <coppice/base/error.hpp>
#include <coppice/base/random.hpp>

namespace coppice {
namespace {

constexpr error_row error_table[] = {
    {errc::io, "io", "IOERR", "StorageError"},
    {errc::no_space, "no_space", "NOSPACE", "NoSpaceError"},
    {errc::corrupt, "corrupt", "CORRUPT", "CorruptError"},
    {errc::not_found, "not_found", "ERR", "NotFoundError"},
    {errc::exists, "exists", "ERR", "ExistsError"},
    {errc::ambiguous, "ambiguous", "ERR", "AmbiguousError"},
    {errc::invalid, "invalid", "ERR", "InvalidError"},
    {errc::limit, "limit", "ERR", "LimitError"},
    {errc::wrong_type, "wrong_type", "WRONGTYPE", "WrongTypeError"},
    {errc::conflict, "conflict", "CONFLICT", "ConflictError"},
    {errc::read_only, "read_only", "READONLY", "ReadOnlyError"},
    {errc::in_use, "in_use", "ERR", "InUseError"},
    {errc::unsupported, "unsupported", "ERR", "UnsupportedError"},
    {errc::unauthorised, "unauthorised", "NOAUTH", "AuthError"},
    {errc::closed, "closed", "ERR", "ClosedError"},
};

class machine_clock final : public clock_source {
public:
    microseconds_utc now() const noexcept override {
        return std::chrono::duration_cast<std::chrono::microseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
            .count();
    }
    std::chrono::nanoseconds elapsed() const noexcept override {
        return std::chrono::steady_clock::now().time_since_epoch();
    }
};

}  // namespace

const error_row& row_of(errc code) noexcept {
    const auto row = static_cast<std::size_t>(code) - 1;
    COPPICE_CHECK(row < std::size(error_table) && error_table[row].code == code);
    return error_table[row];
}

std::string error::message() const { return std::string(row_of(code).name) + ": " + context; }

const clock_source& system_clock() noexcept {
    static const machine_clock clock;
    return clock;
}

std::uint64_t random_seed() {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
}

}  // namespace coppice
