#define XXH_INLINE_ALL
#include <xxhash.h>

#include <storage/node_store.hpp>

namespace coppice {

node_seal seal_of(node_id id, std::string_view payload) noexcept {
    return XXH3_64bits_withSeed(payload.data(), payload.size(), static_cast<std::uint64_t>(id)) & ~seal_references_bit;
}

bool seal_matches(node_id id, std::string_view payload, node_seal seal) noexcept {
    return seal_of(id, payload) == (seal & ~seal_references_bit);
}

std::string to_string(node_id id) {
    return "node " + std::to_string(arena_of(id)) + ":" + std::to_string(number_of(id));
}

std::vector<result<std::string>> node_store::get_many(std::span<const node_reference> wanted) const {
    std::vector<result<std::string>> payloads;
    payloads.reserve(wanted.size());
    for (const auto& [id, seal] : wanted) { payloads.push_back(get(id, seal)); }
    return payloads;
}

void node_store::prefetch(std::span<const node_id> /*soon*/) const {}

}  // namespace coppice
