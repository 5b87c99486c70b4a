// clients/python/collections/objects.hpp: how a C++ value becomes a Python object of a type of ours.
//
// Each collection is a base type here, and a class of coppice/collections.py derived from it, which is what programs
// see: changes return the class of what they change. Hot operations are type slots and vectorcalls of this module.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>

#include <nanobind/nanobind.h>

#include "../own.hpp"

namespace coppice::python {

inline void expect(bool done) {
    if (!done) { throw nb::python_error(); }
}
[[noreturn]] inline void raise(PyObject* type, const char* text) {
    PyErr_SetString(type, text);
    throw nb::python_error();
}
template <class... Values>
[[noreturn]] void raise_format(PyObject* type, const char* format, Values... values) {
    PyErr_Format(type, format, values...);
    throw nb::python_error();
}

/// What `work` returns, or `failed` with the Python exception that it threw.
template <class Result, class Work>
[[nodiscard]] Result guarded(Result failed, Work work) noexcept {
    try {
        return work();
    } catch (nb::python_error& raised) { raised.restore(); } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::out_of_range& said) {
        PyErr_SetString(PyExc_IndexError, said.what());
    } catch (const std::exception& said) { PyErr_SetString(PyExc_ValueError, said.what()); }
    return failed;
}
template <class Work>
[[nodiscard]] PyObject* guarded(Work work) noexcept {
    return guarded<PyObject*>(nullptr, [&] { return nb::object(work()).release().ptr(); });
}

/// The memory of an object that holds a value.
template <class Value>
struct holder {
    PyObject head;
    Py_hash_t hash;  // -1 until it was asked for
    Value value;
};
template <class Value>
[[nodiscard]] holder<Value>& held(PyObject* self) noexcept {
    return *reinterpret_cast<holder<Value>*>(self);
}
template <class Value>
[[nodiscard]] nb::object make(PyTypeObject* type, Value value) {
    nb::object self = own(type->tp_alloc(type, 0));
    auto& in = held<Value>(self.ptr());
    in.hash = -1;
    std::construct_at(&in.value, std::move(value));
    return self;
}
/// A type's tp_dealloc. Objects that hold each other in a long chain end one after the other, not one inside the other.
template <class Value>
void end(PyObject* self) noexcept {
    PyTypeObject* type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, end<Value>);
    std::destroy_at(&held<Value>(self).value);
    type->tp_free(self);
    Py_DECREF(type);
    Py_TRASHCAN_END;
}

/// The type of a specification, which lives as long as the program.
[[nodiscard]] inline PyTypeObject* make_type(nb::module_& module, PyType_Spec& spec, const char* name) {
    nb::object type = own(PyType_FromModuleAndSpec(module.ptr(), &spec, nullptr));
    module.attr(name) = type;
    return reinterpret_cast<PyTypeObject*>(type.release().ptr());
}

/// Of a type whose objects no program can make by calling it.
inline constexpr unsigned made_here_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION;

template <class Function>
[[nodiscard]] void* slot(Function* function) noexcept {
    return reinterpret_cast<void*>(function);
}
template <class Function>
[[nodiscard]] PyCFunction method(Function* function) noexcept {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(function));
}

inline void expect_count(const char* name, Py_ssize_t given, Py_ssize_t least, Py_ssize_t most) {
    if (given < least || given > most) {
        raise_format(PyExc_TypeError, "%s takes %zd to %zd arguments, %zd were given", name, least, most, given);
    }
}
/// Positions count from the end if they are negative.  Errors: IndexError unless it is in [0, size).
[[nodiscard]] inline std::size_t index_in(Py_ssize_t given, std::size_t size, const char* of) {
    const Py_ssize_t index = given < 0 ? given + static_cast<Py_ssize_t>(size) : given;
    if (index < 0 || static_cast<std::size_t>(index) >= size) {
        raise_format(PyExc_IndexError, "%s index %zd is out of range: there are %zu", of, given, size);
    }
    return static_cast<std::size_t>(index);
}
[[nodiscard]] inline Py_ssize_t integer(PyObject* given) {
    if (PyLong_CheckExact(given)) [[likely]] {
        const Py_ssize_t index = PyLong_AsSsize_t(given);
        if (index != -1) { return index; }
        PyErr_Clear();
    }
    const Py_ssize_t index = PyNumber_AsSsize_t(given, PyExc_IndexError);
    if (index == -1 && PyErr_Occurred() != nullptr) { throw nb::python_error(); }
    return index;
}
/// As list.insert: what is beyond an end is that end.
[[nodiscard]] inline std::size_t position_in(PyObject* given, std::size_t size) {
    const Py_ssize_t index = PyNumber_AsSsize_t(given, nullptr);
    if (index == -1 && PyErr_Occurred() != nullptr) { throw nb::python_error(); }
    const auto most = static_cast<Py_ssize_t>(size);
    if (index < 0) { return static_cast<std::size_t>(index + most < 0 ? 0 : index + most); }
    return static_cast<std::size_t>(index < most ? index : most);
}
/// Calls `use` with each object of an iterable.
template <class Use>
void for_each_of(PyObject* iterable, Use use) {
    if (PyList_CheckExact(iterable) || PyTuple_CheckExact(iterable)) {
        for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(iterable); ++i) {  // which `use` may change
            use(nb::borrow(PySequence_Fast_GET_ITEM(iterable, i)).ptr());
        }
        return;
    }
    const nb::object iterator = own(PyObject_GetIter(iterable));
    while (PyObject* next = PyIter_Next(iterator.ptr())) { use(nb::steal(next).ptr()); }
    expect(PyErr_Occurred() == nullptr);
}

/// A run of elements as Python sees it: (where it lies, what is in it).
[[nodiscard]] inline nb::object shown_run(const void* address, const nb::object& content) {
    return nb::make_tuple(reinterpret_cast<std::uintptr_t>(address), content);
}

/// A generic class, as far as Python can see: Vector[int] is a type for checkers.
inline constexpr PyMethodDef class_getitem{"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, nullptr};

}  // namespace coppice::python
