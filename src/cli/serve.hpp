// cli/serve.hpp: the one place where the program starts the server.
#pragma once

#include <cli/serve_options.hpp>
#include <coppice/base/error.hpp>

namespace coppice::cli {

/// Whether the command line's settings can be meant.  Errors: errc::invalid, the setting and why.
[[nodiscard]] status check_settings(const serve_options& options);
/// Serves until it is told to stop.  The exit code.
[[nodiscard]] result<int> start_server(const serve_options& options);

}  // namespace coppice::cli
