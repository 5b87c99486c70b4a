// clients/python/engine/python.hpp: what the files of this extension share of Python's C interface.
#pragma once

#include <string_view>

#include <nanobind/nanobind.h>

namespace coppice::python {

namespace nb = nanobind;

/// A new reference, or the exception that Python has set.
[[nodiscard]] inline nb::object own(PyObject* made) {
    if (made == nullptr) { throw nb::python_error(); }
    return nb::steal(made);
}

/// Raises EngineError(name, text).  Requires: the GIL.
[[noreturn]] void raise(std::string_view name, std::string_view text);

}  // namespace coppice::python
