// clients/python/engine/json_values.hpp: plain values as JSON texts and back, byte for byte as Python's json module.
//
// Numbers, strings, truths and None are done here; what is anything else (containers, subclasses, references to
// collections, NaN) is given to a function of the caller, one by one.
#pragma once

#include "python.hpp"

namespace coppice::python {

/// A list of texts, str each: of what is not plain what `encode(value)` returns.
/// Throws python_error: what `encode` raises.
[[nodiscard]] nb::object encode_all(nb::handle values, nb::handle encode);
/// A list of values: of a text that is not plain what `decode(text)` returns; None stays None.
[[nodiscard]] nb::object decode_all(nb::handle texts, nb::handle decode);

}  // namespace coppice::python
