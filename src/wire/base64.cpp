#include "wire/base64.hpp"

#include <openssl/evp.h>

namespace coppice::wire {
namespace {

constexpr std::size_t quad = 4;    // letters that stand for
constexpr std::size_t triple = 3;  // bytes
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const unsigned char* bytes_of(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string to_base64(std::string_view bytes) {
    std::string text((bytes.size() + triple - 1) / triple * quad + 1, '\0');  // OpenSSL ends it with a zero byte
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(bytes), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    while (!text.empty() && text.back() == '=') { text.remove_suffix(1); }
    if (text.size() % quad == 1 || text.find_first_not_of(letters) != std::string_view::npos) { return std::nullopt; }
    std::string padded(text);
    padded.resize((text.size() + quad - 1) / quad * quad, '=');
    std::string bytes(padded.size() / quad * triple, '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), bytes_of(padded),
                                     static_cast<int>(padded.size()));
    if (size < 0) { return std::nullopt; }
    bytes.resize(text.size() * triple / quad);  // without what stands for the padding
    return bytes;
}

}  // namespace coppice::wire
