// znsocket/envelope.hpp: the bytes in which a Python client wraps a large event's arguments.
//
//     00 <json>                                 plain
//     01 <bytes of the JSON, u32 big-endian> <gzip of the JSON>
//     <json>                                    older clients; begins with [
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include <coppice/base/limits.hpp>

#include "znsocket/failure.hpp"

namespace coppice::znsocket {

/// The JSON in an envelope, [args, kwargs]; whether it is JSON is for read_json to say.
/// At most `inflated_max` bytes, and never more than the envelope announces; memory is taken as bytes come out.
/// Errors: DeserializationError.
[[nodiscard]] std::variant<std::string, failure> open_envelope(std::string_view bytes,
                                                               std::size_t inflated_max = limits::inflated_bytes);

/// How many bytes of JSON an envelope holds, as far as it says.  Cost: O(1).
[[nodiscard]] std::size_t enveloped_bytes(std::string_view bytes) noexcept;

/// "Failed to deserialize message: why", also for an envelope whose JSON is none.
[[nodiscard]] failure deserialization_failure(std::string_view why);

}  // namespace coppice::znsocket
