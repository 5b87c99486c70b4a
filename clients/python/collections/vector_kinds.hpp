// clients/python/collections/vector_kinds.hpp: which kind of vector a dtype means, and many elements at once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "vector.hpp"

namespace coppice::python {

/// What a dtype calls itself: a string, or what is none.
[[nodiscard]] inline nb::object name_of_dtype(PyObject* dtype) {
    if (dtype == reinterpret_cast<PyObject*>(&PyFloat_Type)) { return nb::str("f8"); }
    if (dtype == reinterpret_cast<PyObject*>(&PyLong_Type)) { return nb::str("i8"); }
    const nb::object named = nb::borrow(dtype);
    const bool is_numpys = PyType_Check(dtype) != 0 && nb::str("numpy").equal(nb::getattr(named, "__module__"));
    const char* const says = is_numpys ? "__name__" : "str";
    return PyUnicode_Check(dtype) == 0 && nb::hasattr(named, says) ? nb::getattr(named, says) : named;
}
/// Which kind a dtype names: numpy's, its name, one of ours, or Python's float and int.
[[nodiscard]] inline std::size_t kind_of(PyObject* dtype) {
    if (dtype == nullptr || dtype == Py_None) { return 0; }
    const nb::object name = name_of_dtype(dtype);
    if (PyUnicode_Check(name.ptr())) {
        const char* const utf8 = PyUnicode_AsUTF8(name.ptr());
        if (utf8 == nullptr) { PyErr_Clear(); }
        std::string_view said = utf8 == nullptr ? "" : utf8;
        if (!said.empty() && (said.front() == '<' || said.front() == '|')) { said.remove_prefix(1); }
        for (std::size_t kind = 1; kind < kinds.size(); ++kind) {
            if (said == kinds[kind].dtype || said == kinds[kind].long_name) { return kind; }
        }
    }
    raise_format(PyExc_ValueError, "dtype is one of 'f8', 'f4', 'i8', 'i4', 'u1', not %R", dtype);
}
/// As errors say it.
[[nodiscard]] inline std::string described(std::size_t kind) {
    return kind == 0 ? "of objects" : "of dtype '" + std::string(kinds[kind].dtype) + "'";
}
/// The vector of another object.  Errors: TypeError for what is none, or has another dtype.
template <class Vector>
[[nodiscard]] const Vector& same_kind(PyObject* other, const char* what) {
    if (!is_vector(other)) {
        raise_format(PyExc_TypeError, "%s takes a Vector, not %s", what, Py_TYPE(other)->tp_name);
    }
    const auto* found = std::get_if<Vector>(&vector_in(other));
    if (found == nullptr) {
        raise_format(PyExc_TypeError, "%s takes a Vector %s, not one %s", what,
                     described(any_vector(Vector()).index()).c_str(), described(vector_in(other).index()).c_str());
    }
    return *found;
}
template <std::size_t... Kind>
[[nodiscard]] any_vector empty_of(std::size_t kind, std::index_sequence<Kind...> /*all*/) {
    any_vector made;
    (void)((kind == Kind && (made.emplace<Kind>(), true)) || ...);
    return made;
}
[[nodiscard]] inline any_vector empty_of(std::size_t kind) {
    return empty_of(kind, std::make_index_sequence<std::variant_size_v<any_vector>>());
}

/// Python counts no more.
inline constexpr std::size_t length_most = std::numeric_limits<Py_ssize_t>::max();
[[noreturn]] inline void refuse_length() { raise(PyExc_OverflowError, "a Vector has at most sys.maxsize elements"); }
inline void expect_room(std::size_t size, std::size_t added) {
    if (added > length_most - size) { refuse_length(); }
}

/// A buffer's elements, if they are Ts beside each other.  Errors: ValueError unless a buffer has one dimension.
template <class T>
[[nodiscard]] std::optional<vector_of<T>> from_buffer(PyObject* of) {
    if (PyObject_CheckBuffer(of) == 0) { return std::nullopt; }
    Py_buffer view;
    if (PyObject_GetBuffer(of, &view, PyBUF_FULL_RO) != 0) {
        PyErr_Clear();
        return std::nullopt;
    }
    const std::unique_ptr<Py_buffer, void (*)(Py_buffer*)> released(&view, PyBuffer_Release);
    if (view.ndim != 1) {
        raise_format(PyExc_ValueError, "a Vector takes arrays of one dimension, this one has %d", view.ndim);
    }
    std::string_view format = view.format == nullptr ? "B" : view.format;
    if (format.front() == '<' || format.front() == '@' || format.front() == '=') { format.remove_prefix(1); }
    if (format == "l" && sizeof(long) == 8) { format = "q"; }
    const bool fits = format == kinds[any_vector(vector_of<T>()).index()].format && view.itemsize == sizeof(T);
    if (!fits || PyBuffer_IsContiguous(&view, 'C') == 0) { return std::nullopt; }
    const T* first = static_cast<const T*>(view.buf);
    return vector_of<T>(first, first + view.len / view.itemsize);
}

/// `count` elements from `first` on: a list of objects, or the bytes of numbers.
template <class T>
[[nodiscard]] nb::object content_of(const vector_of<T>& in, std::size_t first, std::size_t count) {
    constexpr bool objects = std::is_same_v<T, object_ref>;
    const auto size = static_cast<Py_ssize_t>(count);
    nb::object made = objects ? own(PyList_New(size))
                              : own(PyBytes_FromStringAndSize(nullptr, size * static_cast<Py_ssize_t>(sizeof(T))));
    for (std::size_t done = 0; done < count;) {
        const auto some = in.span_at(first + done);
        const std::size_t here = std::min(some.size(), count - done);
        if constexpr (objects) {
            for (std::size_t each = 0; each < here; ++each) {
                PyList_SET_ITEM(made.ptr(), static_cast<Py_ssize_t>(done + each), to_python(some[each]));
            }
        } else {
            std::memcpy(PyBytes_AS_STRING(made.ptr()) + done * sizeof(T), some.data(), here * sizeof(T));
        }
        done += here;
    }
    return made;
}

}  // namespace coppice::python
