#include "tree/page_key.hpp"

#include <cstring>
#include <new>

#include <openssl/sha.h>

#include <coppice/tree/cursor.hpp>

#include "tree/page.hpp"

namespace coppice {
namespace {

static_assert(key_digest_bytes == SHA256_DIGEST_LENGTH);

void digest(std::string_view text, char* to) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    if (SHA256(bytes, text.size(), reinterpret_cast<unsigned char*>(to)) == nullptr) { throw std::bad_alloc(); }
}

}  // namespace

void page_key::shorten(std::size_t shown) {
    const std::string_view key = view_;
    remainder_ = key.substr(shown);
    std::memcpy(room_, key.data(), shown);
    put_number(room_ + shown, big_endian(key.size()));
    digest(remainder_, room_ + shown + key_length_bytes);
    view_ = {room_, shown + hidden_key_bytes};
}

std::uint64_t long_key_bytes(std::string_view page_key) noexcept {
    return big_endian(load<std::uint64_t>(page_key.data() + page_key.size() - hidden_key_bytes));
}

tree remainder_of(const record_view& of) {
    COPPICE_CHECK(of.has_long_key && of.context != nullptr);
    const expected_node expected{.shape = plain_bytes, .count = of.key_bytes() - of.shown_key_bytes()};
    node* root = of.context->pool->resident(slots_of(*of.leaf)[of.remainder_slot],
                                            seals_of(*of.leaf)[of.remainder_slot], of.context->may_wait, &expected);
    retain(*root);
    return {*of.context, plain_bytes, root, expected.count};
}

bool fits_remainder(std::string_view page_key, const tree& remainder) {
    const std::size_t shown = page_key.size() - hidden_key_bytes;
    if (remainder.size() != long_key_bytes(page_key) - shown) { return false; }
    std::string whole;
    for (cursor at(remainder); !at.at_end(); at.skip_leaf()) { whole.append(at.rest_of_leaf()); }
    char found[key_digest_bytes];
    digest(whole, found);
    return page_key.substr(shown + key_length_bytes) == std::string_view(found, sizeof found);
}

void record_view::append_page_key(std::string& out) const { key_of(*leaf, entry).append_to(out); }

void record_view::append_key(std::string& out) const {
    const std::size_t before = out.size();
    append_page_key(out);
    if (!has_long_key) { return; }
    out.resize(out.size() - hidden_key_bytes);
    try {
        for (cursor at(remainder_of(*this)); !at.at_end(); at.skip_leaf()) { out.append(at.rest_of_leaf()); }
    } catch (...) {
        out.resize(before);
        throw;
    }
}

std::string record_view::key() const {
    std::string text;
    append_key(text);
    return text;
}

std::size_t record_view::key_bytes() const noexcept {
    const key_pieces pieces = key_of(*leaf, entry);
    if (!has_long_key) { return pieces.size(); }
    char room[page_key_bytes_max];
    return long_key_bytes({room, static_cast<std::size_t>(pieces.copy_to(room) - room)});
}

std::size_t record_view::shown_key_bytes() const noexcept {
    return key_of(*leaf, entry).size() - (has_long_key ? hidden_key_bytes : 0);
}

}  // namespace coppice
