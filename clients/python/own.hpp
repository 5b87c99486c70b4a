// clients/python/own.hpp: what both extensions of the package share of Python's C interface.
#pragma once

#include <nanobind/nanobind.h>

namespace coppice::python {

namespace nb = nanobind;

/// A new reference, or the exception that Python has set.
[[nodiscard]] inline nb::object own(PyObject* made) {
    if (made == nullptr) { throw nb::python_error(); }
    return nb::steal(made);
}

}  // namespace coppice::python
