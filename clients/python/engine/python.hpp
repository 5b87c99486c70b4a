// clients/python/engine/python.hpp: what the files of this extension share of Python's C interface.
#pragma once

#include <string_view>

#include <nanobind/nanobind.h>

#include "../own.hpp"

namespace coppice::python {

/// Raises EngineError(name, text).  Requires: the GIL.
[[noreturn]] void raise(std::string_view name, std::string_view text);

}  // namespace coppice::python
