// src/wire/base64.hpp: bytes as base64 (RFC 4648, section 4) and back, by OpenSSL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace coppice::wire {

[[nodiscard]] std::string to_base64(std::string_view bytes);
/// Nothing when `text` is not base64; padding may be missing.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace coppice::wire
