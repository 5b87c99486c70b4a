// src/server/serve.hpp: a whole server: storage, engine, commands and sockets, from settings to a clean stop.
#pragma once

#include <ostream>

#include <coppice/base/error.hpp>

#include "server/settings.hpp"

namespace coppice::server {

/// Serves until SIGTERM, SIGINT or SHUTDOWN, then writes a last checkpoint. Says on `out` where it listens, where
/// the data are and what to type next.  Returns the exit code.
/// Errors: what keeps it from starting: errc::in_use, errc::corrupt, errc::io, errc::invalid.
[[nodiscard]] result<int> serve(settings& given, std::ostream& out);

}  // namespace coppice::server
