// tree/page_key.hpp: a key as pages have it: itself, or the page key of a long one (coppice/tree/record.hpp).
//
// The digest keeps two keys apart that agree in what is shown and in length. It is a cryptographic one, since keys
// come from peers: with any other, a peer could make keys that collide, and be given another key's value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <coppice/tree/tree.hpp>

namespace coppice {

inline constexpr std::size_t key_length_bytes = 8;
inline constexpr std::size_t key_digest_bytes = 32;
inline constexpr std::size_t hidden_key_bytes = key_length_bytes + key_digest_bytes;  ///< what follows the shown bytes
inline constexpr std::size_t page_key_bytes_max = short_key_bytes + 1;
static_assert(short_key_bytes >= hidden_key_bytes);

/// Bytes of a long key that its page shows.
[[nodiscard]] inline std::size_t shown_key_bytes(const node_sizes& sizes) noexcept {
    return sizes.key_bytes + 1 - hidden_key_bytes;
}

/// The page key of `key`, which is borrowed.  Cost: nothing for a short key, else a pass over it.
class page_key {
public:
    page_key(const node_sizes& sizes, std::string_view key) : view_(key) {
        if (key.size() > sizes.key_bytes) [[unlikely]] { shorten(shown_key_bytes(sizes)); }
    }
    page_key(const page_key&) = delete;
    page_key& operator=(const page_key&) = delete;
    operator std::string_view() const noexcept { return view_; }  // NOLINT: it is a key
    [[nodiscard]] bool is_long() const noexcept { return view_.data() == room_; }
    /// What the page does not show.  Requires: is_long().
    [[nodiscard]] std::string_view remainder() const noexcept { return remainder_; }

private:
    void shorten(std::size_t shown);

    std::string_view view_;
    std::string_view remainder_;
    char room_[page_key_bytes_max];  // not touched for a short key
};

/// What the page key of a long key says of the length of the whole.
[[nodiscard]] std::uint64_t long_key_bytes(std::string_view page_key) noexcept;
/// The remainder of a record's key.  Requires: of.has_long_key, of.context.  Errors: those of a load.
[[nodiscard]] tree remainder_of(const record_view& of);
/// Whether `remainder` is what `page_key` was made for.
[[nodiscard]] bool fits_remainder(std::string_view page_key, const tree& remainder);

}  // namespace coppice
