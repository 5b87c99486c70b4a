// tests/znsocket/gzip.hpp: envelopes as a Python client makes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <zlib.h>

#include <coppice/base/assert.hpp>

namespace coppice::testing {

inline std::string gzipped(std::string_view text) {
    z_stream stream{};
    constexpr int gzip = 16 + MAX_WBITS;
    COPPICE_CHECK(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string packed(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    COPPICE_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

/// Four bytes, big-endian.
inline std::string length_word(std::uint32_t length) {
    std::string word;
    for (int shift = 24; shift >= 0; shift -= 8) { word += static_cast<char>(length >> shift & 0xFF); }
    return word;
}

inline std::string enveloped(std::string_view json) {
    return "\x01" + length_word(static_cast<std::uint32_t>(json.size())) + gzipped(json);
}

}  // namespace coppice::testing
