// cli/serve.hpp: the one place where the program starts the server.
#pragma once

#include <cli/serve_options.hpp>
#include <coppice/base/error.hpp>

namespace coppice::cli {

/// Serves until it is told to stop.  The exit code.
[[nodiscard]] result<int> start_server(const serve_options& options);

}  // namespace coppice::cli
