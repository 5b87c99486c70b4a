// tests/tree/long_keys.hpp: keys of which a page shows only the beginning, and the order of trees that have them.
#pragma once

#include <string>
#include <string_view>

#include <coppice/base/random.hpp>
#include <tree/page_key.hpp>

namespace coppice::testing {

/// In trees of tiny nodes keys are long above this: 45 bytes stand in a page, 5 of them the key's own.
inline constexpr std::uint32_t tiny_key_bytes = 44;

/// A long key, one of a few hundred: some differ in what a page shows, some in length, some only in what it hides.
inline std::string long_key(random_source& random, const node_sizes& sizes) {
    std::string key = random.one_in(3) ? "key:" + std::to_string(random.below(10)) : "k";
    key.append(sizes.key_bytes + 1 - key.size() + 20 * random.below(2), 'y');
    if (random.one_in(20)) { key.append(1000, 'z'); }
    key.replace(key.size() - 2, 2, std::to_string(10 + random.below(30)));
    return key;
}

/// The order of keys in a tree whose sizes have tiny_key_bytes.
struct tree_order {
    bool operator()(std::string_view a, std::string_view b) const {
        const node_sizes sizes{.key_bytes = tiny_key_bytes};
        return std::string_view(page_key(sizes, a)) < std::string_view(page_key(sizes, b));
    }
};

}  // namespace coppice::testing
