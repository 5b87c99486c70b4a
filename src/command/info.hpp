// command/info.hpp: the text of INFO.
#pragma once

#include <string>

#include <command/session.hpp>

namespace coppice {

/// The sections named; none: the usual ones.
[[nodiscard]] std::string describe_all(const command_context& context, arguments sections);

}  // namespace coppice
