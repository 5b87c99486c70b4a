// clients/python/collections/vector.hpp: what is behind a Vector: objects, or numbers that lie beside each other.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <coppice/vector.hpp>

#include "element.hpp"
#include "objects.hpp"

namespace coppice::python {

/// A copy of a leaf counts each object in it, so leaves are small: 16 objects. The nodes above are wide, so that there
/// are few: those of 100,000 objects stay near the processor.
struct object_nodes : python_nodes {
    static constexpr std::size_t leaf_bytes = 152;
    static constexpr unsigned fanout = 32;
    static constexpr unsigned narrow_height = 4;
};
template <class T>
using vector_of = coppice::vector<T, std::conditional_t<std::is_same_v<T, object_ref>, object_nodes, python_nodes>>;
using any_vector = std::variant<vector_of<object_ref>, vector_of<double>, vector_of<float>, vector_of<std::int64_t>,
                                vector_of<std::int32_t>, vector_of<std::uint8_t>>;

/// How a kind is called, by its place in any_vector: by programs, by numpy at length, and in the buffer protocol.
struct kind_name {
    const char* dtype;
    const char* long_name;
    const char* format;
};
inline constexpr std::array<kind_name, std::variant_size_v<any_vector>> kinds{{{"", "object", "O"},
                                                                               {"f8", "float64", "d"},
                                                                               {"f4", "float32", "f"},
                                                                               {"i8", "int64", "q"},
                                                                               {"i4", "int32", "i"},
                                                                               {"u1", "uint8", "B"}}};

template <class Vector>
using element_of = typename std::remove_cvref_t<Vector>::value_type;

// ---- Elements from and to Python

template <class T>
[[nodiscard]] T from_python(PyObject* given) {
    if constexpr (std::is_same_v<T, object_ref>) {
        return object_ref(given);
    } else if constexpr (std::is_floating_point_v<T>) {
        const double value = PyFloat_AsDouble(given);
        if (value == -1.0 && PyErr_Occurred() != nullptr) { throw nb::python_error(); }
        return static_cast<T>(value);
    } else {
        const nb::object whole = own(PyNumber_Index(given));
        int overflow = 0;
        const long long value = PyLong_AsLongLongAndOverflow(whole.ptr(), &overflow);
        if (value == -1 && PyErr_Occurred() != nullptr) { throw nb::python_error(); }
        if (overflow != 0 || value < static_cast<long long>(std::numeric_limits<T>::min())
            || value > static_cast<long long>(std::numeric_limits<T>::max())) {
            raise_format(PyExc_OverflowError, "%R does not fit into %s", whole.ptr(),
                         kinds[any_vector(vector_of<T>()).index()].dtype);
        }
        return static_cast<T>(value);
    }
}
/// A new reference.
[[nodiscard]] inline PyObject* to_python(const object_ref& element) noexcept {
    Py_INCREF(element.get());
    return element.get();
}
template <class T>
[[nodiscard]] PyObject* to_python(T element) noexcept {
    if constexpr (std::is_floating_point_v<T>) {
        return PyFloat_FromDouble(static_cast<double>(element));
    } else {
        return PyLong_FromLongLong(element);
    }
}

extern PyTypeObject* vector_type;
extern PyTypeObject* vector_edit_type;
void add_vector_edit(nb::module_& module);

[[nodiscard]] inline bool is_vector(PyObject* of) noexcept { return PyObject_TypeCheck(of, vector_type) != 0; }
[[nodiscard]] inline any_vector& vector_in(PyObject* self) noexcept { return held<any_vector>(self).value; }

/// The elements of an iterable, behind those of `made`, as objects or as numbers.
/// Errors: TypeError and OverflowError for what is no such number.
void extend(any_vector& made, PyObject* iterable);

/// Calls `use` with the elements that one collection alone holds, for Python's collector.
int visit_own(const any_vector& of, visitproc visit, void* arg);

}  // namespace coppice::python
