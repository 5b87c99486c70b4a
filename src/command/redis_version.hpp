// command/redis_version.hpp: what programs written for Redis are told, and who we are.
#pragma once

#include <string_view>

namespace coppice {

/// The version of Redis whose commands, replies and error texts ours agree with.
inline constexpr std::string_view redis_version = "7.0.15";
[[nodiscard]] std::string_view coppice_version() noexcept;

}  // namespace coppice
