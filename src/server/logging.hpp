// src/server/logging.hpp: the log for people, made from the settings.
#pragma once

#include <memory>

#include <spdlog/fwd.h>

#include <coppice/base/error.hpp>

#include "server/settings.hpp"

namespace coppice::server {

/// A logger that writes to `logfile`, or to the standard error, at `loglevel`, and follows CONFIG SET loglevel.
/// `from` must outlive it.  Errors: errc::io when the file cannot be opened.
[[nodiscard]] result<std::shared_ptr<spdlog::logger>> make_logger(settings& from);

/// A logger that says nothing, for tests and embedded use.
[[nodiscard]] std::shared_ptr<spdlog::logger> make_silent_logger();

}  // namespace coppice::server
