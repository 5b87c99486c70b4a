// coppice/resident/utf8.hpp: code points as bytes (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
//
//     U+0000 to U+007F      0xxxxxxx
//     U+0080 to U+07FF      110xxxxx 10xxxxxx
//     U+0800 to U+FFFF      1110xxxx 10xxxxxx 10xxxxxx
//     U+10000 to U+10FFFF   11110xxx 10xxxxxx 10xxxxxx 10xxxxxx
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace coppice::resident::utf8 {

/// The byte is not the first of a code point.
[[nodiscard]] constexpr bool continues(char byte) noexcept { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

/// Bytes of the code point that begins with `first`.  Requires: one does.
[[nodiscard]] constexpr std::size_t length(char first) noexcept {
    const auto byte = static_cast<unsigned char>(first);
    return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/// The code point that begins at `from`, any iterator over bytes.  Requires: one does.
template <class Bytes>
[[nodiscard]] constexpr char32_t decoded(Bytes from) {
    const std::size_t bytes = length(*from);
    auto point = static_cast<char32_t>(static_cast<unsigned char>(*from) & (bytes == 1 ? 0x7fU : 0xffU >> (bytes + 1)));
    for (std::size_t more = 1; more < bytes; ++more) {
        ++from;
        point = point << 6 | (static_cast<unsigned char>(*from) & 0x3fU);
    }
    return point;
}

/// How many of some bytes `is` says yes to.
template <class Is>
[[nodiscard]] std::size_t count(const char* bytes, std::size_t size, Is is) noexcept {
    std::size_t all = 0;
    while (size != 0) {
        const std::size_t block = std::min<std::size_t>(size, 255);
        std::uint8_t some = 0;  // so that compilers count many bytes at once
        for (std::size_t each = 0; each < block; ++each) { some = static_cast<std::uint8_t>(some + is(bytes[each])); }
        all += some;
        bytes += block;
        size -= block;
    }
    return all;
}

/// Bytes of the code point at the front, 0 if there is none.
[[nodiscard]] inline std::size_t front_length(std::string_view bytes) noexcept {
    const auto first = static_cast<unsigned char>(bytes.front());
    if (first < 0x80) { return 1; }
    if (first < 0xc2 || first > 0xf4 || bytes.size() < length(bytes.front())) { return 0; }
    // Where the second byte begins and ends: what is overlong, a surrogate, or too great shows in it.
    const auto second = static_cast<unsigned char>(bytes[1]);
    const unsigned least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const unsigned most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (second < least || second > most) { return 0; }
    const auto rest = bytes.substr(2, length(bytes.front()) - 2);
    return std::all_of(rest.begin(), rest.end(), continues) ? length(bytes.front()) : 0;
}

/// How many bytes come before the first one that begins no code point: all of them if there is none.
[[nodiscard]] inline std::size_t valid_bytes(std::string_view bytes) noexcept {
    std::size_t at = 0;
    while (at < bytes.size()) {
        std::uint64_t eight = 0;
        if (bytes.size() - at >= sizeof eight) {
            std::memcpy(&eight, bytes.data() + at, sizeof eight);
            if ((eight & 0x8080'8080'8080'8080) == 0) {
                at += sizeof eight;
                continue;
            }
        }
        const std::size_t length = front_length(bytes.substr(at));
        if (length == 0) { break; }
        at += length;
    }
    return at;
}

}  // namespace coppice::resident::utf8
