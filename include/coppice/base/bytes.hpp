// coppice/base/bytes.hpp: bytes in memory and numbers in bytes.
//
// A run of bytes is a std::string_view when borrowed and a std::string when owned. Payloads are
// little-endian; only keys of the engine are big-endian, since their order is that of memcmp.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace coppice {

static_assert(std::endian::native == std::endian::little, "big-endian machines need byte swaps in load and put_number");

/// The number stored at `from`, little-endian, at any alignment.
template <class Number>
[[nodiscard]] inline Number load(const char* from) noexcept {
    Number number;
    std::memcpy(&number, from, sizeof number);
    return number;
}

/// Stores `number` at `to`, little-endian, at any alignment.
template <class Number>
inline void put_number(char* to, Number number) noexcept {
    std::memcpy(to, &number, sizeof number);
}

/// Appends `number` to `out`, little-endian.
template <class Number>
inline void append_number(std::string& out, Number number) {
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

/// The number whose eight big-endian bytes have the order of unsigned numbers under memcmp.
[[nodiscard]] inline std::uint64_t big_endian(std::uint64_t number) noexcept { return __builtin_bswap64(number); }

/// A varint is little-endian base 128 (LEB128): seven bits a byte, the top bit says that more follow.
inline constexpr std::size_t varint_bytes_max = 10;

[[nodiscard]] inline std::size_t varint_bytes(std::uint64_t number) noexcept {
    return (static_cast<std::size_t>(std::bit_width(number | 1)) + 6) / 7;
}

/// Writes a varint and returns where it ends.
inline char* put_varint(char* to, std::uint64_t number) noexcept {
    while (number >= 0x80) {
        *to++ = static_cast<char>(number | 0x80);
        number >>= 7;
    }
    *to++ = static_cast<char>(number);
    return to;
}

inline void append_varint(std::string& out, std::uint64_t number) {
    char room[varint_bytes_max];
    out.append(room, static_cast<std::size_t>(put_varint(room, number) - room));
}

/// Reads a varint that is known to be whole, and moves `from` behind it.
[[nodiscard]] inline std::uint64_t take_varint(const char*& from) noexcept {
    std::uint64_t number = 0;
    for (unsigned shift = 0;; shift += 7) {
        const auto byte = static_cast<unsigned char>(*from++);
        number |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) { return number; }
    }
}

/// Reads numbers and runs of bytes from untrusted bytes.  Once a read does not fit, `failed()` stays true
/// and every later read gives zero or nothing.
class byte_reader {
public:
    explicit byte_reader(std::string_view bytes) noexcept : rest_(bytes) {}

    [[nodiscard]] bool failed() const noexcept { return failed_; }
    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
    [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

    template <class Number>
    [[nodiscard]] Number number() noexcept {
        const auto bytes = take(sizeof(Number));
        return bytes.size() == sizeof(Number) ? load<Number>(bytes.data()) : Number{};
    }
    [[nodiscard]] std::uint64_t varint() noexcept {
        std::uint64_t number = 0;
        for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            if (shift == 63 && byte > 1) { break; }
            number |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) { return number; }
        }
        fail();
        return 0;
    }
    /// The next `length` bytes, borrowed from the input.
    [[nodiscard]] std::string_view take(std::uint64_t length) noexcept {
        if (failed_ || length > rest_.size()) {
            fail();
            return {};
        }
        const auto taken = rest_.substr(0, static_cast<std::size_t>(length));
        rest_.remove_prefix(taken.size());
        return taken;
    }
    /// A varint length and that many bytes.
    [[nodiscard]] std::string_view text() noexcept { return take(varint()); }

    void fail() noexcept {
        failed_ = true;
        rest_ = {};
    }

private:
    std::string_view rest_;
    bool failed_ = false;
};

/// Appends a varint length and the bytes: what byte_reader::text reads.
inline void append_text(std::string& out, std::string_view text) {
    append_varint(out, text.size());
    out.append(text);
}

}  // namespace coppice
