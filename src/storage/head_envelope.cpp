#define XXH_INLINE_ALL
#include <xxhash.h>

#include <coppice/base/bytes.hpp>

#include <storage/head_envelope.hpp>
#include <storage/head_store.hpp>

namespace coppice {
namespace {

constexpr std::string_view head_kind = "coppihed";
constexpr std::string_view generations_kind = "coppigen";
constexpr std::uint16_t version = 1;
constexpr std::size_t checksum_at = 24;
constexpr std::size_t bytes_at = 32;

std::uint64_t checksum_of(std::string_view name, std::string_view envelope) {
    const auto seed = XXH3_64bits(name.data(), name.size());
    const auto front = XXH3_64bits_withSeed(envelope.data(), checksum_at, seed);
    return XXH3_64bits_withSeed(envelope.data() + bytes_at, envelope.size() - bytes_at, front);
}

}  // namespace

std::string pack_head(std::string_view name, std::string_view bytes, std::uint64_t generation) {
    std::string envelope(head_kind);
    append_number(envelope, version);
    append_number(envelope, std::uint16_t{0});
    append_number(envelope, static_cast<std::uint32_t>(bytes.size()));
    append_number(envelope, generation);
    append_number(envelope, std::uint64_t{0});
    envelope.append(bytes);
    put_number(envelope.data() + checksum_at, checksum_of(name, envelope));
    return envelope;
}

std::optional<head_state> unpack_head(std::string_view name, std::string_view envelope) {
    if (envelope.size() < bytes_at || !envelope.starts_with(head_kind) ||
        load<std::uint16_t>(envelope.data() + 8) != version ||
        load<std::uint32_t>(envelope.data() + 12) != envelope.size() - bytes_at ||
        load<std::uint64_t>(envelope.data() + checksum_at) != checksum_of(name, envelope)) {
        return {};
    }
    return head_state{std::string(envelope.substr(bytes_at)), load<std::uint64_t>(envelope.data() + 16)};
}

std::string pack_generations(const head_generations& generations) {
    std::string bytes(generations_kind);
    append_number(bytes, version);
    append_number(bytes, std::uint16_t{0});
    append_number(bytes, static_cast<std::uint32_t>(generations.size()));
    for (const auto& [name, generation] : generations) {
        append_text(bytes, name);
        append_number(bytes, generation);
    }
    append_number(bytes, XXH3_64bits(bytes.data(), bytes.size()));
    return bytes;
}

std::optional<head_generations> unpack_generations(std::string_view bytes) {
    if (bytes.size() < 24 || !bytes.starts_with(generations_kind)) { return {}; }
    const auto body = bytes.substr(0, bytes.size() - 8);
    if (load<std::uint64_t>(body.data() + body.size()) != XXH3_64bits(body.data(), body.size())) { return {}; }
    byte_reader reader(body.substr(generations_kind.size()));
    if (reader.number<std::uint16_t>() != version) { return {}; }
    (void)reader.number<std::uint16_t>();
    head_generations generations;
    for (auto left = reader.number<std::uint32_t>(); left > 0 && !reader.failed(); --left) {
        const auto name = reader.text();
        generations.emplace(name, reader.number<std::uint64_t>());
    }
    if (reader.failed() || !reader.at_end()) { return {}; }
    return generations;
}

}  // namespace coppice
