#include <memory>

#include <lz4.h>
#include <zstd.h>

#include <coppice/base/bytes.hpp>

#include <storage/node_envelope.hpp>

namespace coppice {
namespace {

static_assert(node_bytes_max <= LZ4_MAX_INPUT_SIZE);

// zstd's contexts are some 100 KiB and slow to make: one a thread.
struct zstd_contexts {
    std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> pack{ZSTD_createCCtx(), ZSTD_freeCCtx};
    std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> unpack{ZSTD_createDCtx(), ZSTD_freeDCtx};
};
zstd_contexts& own_contexts() {
    thread_local zstd_contexts contexts;
    return contexts;
}

/// Packs into `room` bytes at `to`; 0 if that is not enough.
std::size_t pack_into(char* to, std::size_t room, std::string_view payload, node_codec codec, int level) {
    if (codec == node_codec::lz4) {
        const int packed = LZ4_compress_fast(payload.data(), to, static_cast<int>(payload.size()),
                                             static_cast<int>(room), level);
        return packed > 0 ? static_cast<std::size_t>(packed) : 0;
    }
    const auto packed = ZSTD_compressCCtx(own_contexts().pack.get(), to, room, payload.data(), payload.size(), level);
    return ZSTD_isError(packed) != 0 ? 0 : packed;
}

}  // namespace

void pack_node(std::string& out, std::string_view payload, node_codec codec, int level) {
    COPPICE_CHECK(payload.size() <= node_bytes_max);
    const auto codec_at = out.size();
    out.push_back(static_cast<char>(codec));
    append_varint(out, payload.size());
    const auto packed_at = out.size();
    const auto room = payload.size() - payload.size() / 8;
    if (codec != node_codec::none && room > 0) {
        out.resize(packed_at + room);
        const auto packed = pack_into(out.data() + packed_at, room, payload, codec, level);
        out.resize(packed_at + packed);
        if (packed > 0) { return; }
    }
    out[codec_at] = static_cast<char>(node_codec::none);
    out.append(payload);
}

std::optional<std::string> unpack_node(std::string_view envelope) {
    byte_reader reader(envelope);
    const auto codec = static_cast<node_codec>(reader.number<std::uint8_t>());
    const auto length = reader.varint();
    if (reader.failed() || length > node_bytes_max) { return {}; }
    const auto packed = reader.rest();
    if (codec == node_codec::none) {
        if (packed.size() != length) { return {}; }
        return std::string(packed);
    }
    if (packed.size() >= length) { return {}; }  // only what shrinks is packed
    std::string payload(static_cast<std::size_t>(length), '\0');
    if (codec == node_codec::lz4) {
        const int got = LZ4_decompress_safe(packed.data(), payload.data(), static_cast<int>(packed.size()),
                                            static_cast<int>(payload.size()));
        if (got < 0 || static_cast<std::size_t>(got) != payload.size()) { return {}; }
        return payload;
    }
    if (codec == node_codec::zstd) {
        const auto got = ZSTD_decompressDCtx(own_contexts().unpack.get(), payload.data(), payload.size(),
                                             packed.data(), packed.size());
        if (ZSTD_isError(got) != 0 || got != payload.size()) { return {}; }
        return payload;
    }
    return {};
}

}  // namespace coppice
