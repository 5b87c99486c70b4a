#include <cli/documents/document.hpp>

#include <array>

namespace coppice::cli {

std::string_view name_of(value_kind kind) noexcept {
    constexpr std::array<std::string_view, 6> names = {"null",     "true or false", "a number",
                                                       "a string", "an array",      "an object"};
    return names[static_cast<std::size_t>(kind)];
}

const value* document::find(std::string_view member_name) const noexcept {
    for (auto member = members.rbegin(); member != members.rend(); ++member) {
        if (member->name == member_name) { return &member->content; }
    }
    return nullptr;
}

error error_at(std::string_view file, text_position where, std::string_view what, errc code) {
    std::string context(file);
    context += ':' + std::to_string(where.line) + ':' + std::to_string(where.column) + ": ";
    context += what;
    return {code, std::move(context)};
}

namespace {

// The length of the UTF-8 character at the front (RFC 3629: no overlong forms, no surrogates), or 0.
std::size_t utf8_length(std::string_view text) noexcept {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const auto continues = [&](std::size_t at, unsigned low = 0x80, unsigned high = 0xbf) {
        return at < text.size() && byte(at) >= low && byte(at) <= high;
    };
    const unsigned lead = byte(0);
    if (lead < 0x80) { return 1; }
    if (lead >= 0xc2 && lead <= 0xdf) { return continues(1) ? 2 : 0; }
    if (lead >= 0xe0 && lead <= 0xef) {
        const unsigned low = lead == 0xe0 ? 0xa0 : 0x80;
        const unsigned high = lead == 0xed ? 0x9f : 0xbf;
        return continues(1, low, high) && continues(2) ? 3 : 0;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        const unsigned low = lead == 0xf0 ? 0x90 : 0x80;
        const unsigned high = lead == 0xf4 ? 0x8f : 0xbf;
        return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
    }
    return 0;
}

}  // namespace

std::size_t find_bad_utf8(std::string_view text) noexcept {
    for (std::size_t at = 0; at < text.size();) {
        const auto length = utf8_length(text.substr(at));
        if (length == 0) { return at; }
        at += length;
    }
    return std::string_view::npos;
}

std::string printable(std::string_view text, std::size_t length_max) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string shown;
    for (std::size_t at = 0; at < text.size();) {
        if (shown.size() >= length_max) {
            shown += "...";
            break;
        }
        const auto length = utf8_length(text.substr(at));
        const auto byte = static_cast<unsigned char>(text[at]);
        if (length == 0 || byte < 0x20 || byte == 0x7f) {
            shown += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
            at += 1;
        } else {
            shown += text.substr(at, length);
            at += length;
        }
    }
    return shown;
}

}  // namespace coppice::cli
