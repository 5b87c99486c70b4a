// clients/python/collections/element.hpp: Python objects as elements of a collection, and as keys.
//
// Whoever touches a collection of these has the GIL; so nodes are counted without atomics, and come from Python's own
// allocator for small blocks.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>

#include <coppice/resident/layout.hpp>
#include <coppice/resident/policy.hpp>

namespace coppice::python {

namespace nb = nanobind;

struct python_nodes : local_nodes {
    static constexpr unsigned hashed_leaf = 12;  ///< a copy of a leaf counts each object in it

    [[nodiscard]] static void* allocate(std::size_t bytes, std::align_val_t /*at most 16*/) {
        void* made = PyObject_Malloc(bytes);
        if (made == nullptr) { throw std::bad_alloc(); }
        return made;
    }
    static void deallocate(void* memory, std::size_t /*bytes*/, std::align_val_t /*alignment*/) noexcept {
        PyObject_Free(memory);
    }
};

/// While one lives, an object whose last reference an element was stays alive: what runs at its end, which may be any
/// code, finds no collection half changed.
class late_ends {
public:
    late_ends() noexcept { ++open_; }
    ~late_ends() {
        if (--open_ == 0 && !due_.empty()) [[unlikely]] { drop_due(); }
    }
    late_ends(const late_ends&) = delete;
    late_ends& operator=(const late_ends&) = delete;

    static void drop(PyObject* of) noexcept {
        if (Py_REFCNT(of) != 1) [[likely]] {
            Py_DECREF(of);
        } else {
            drop_last(of);
        }
    }

private:
    [[gnu::noinline]] static void drop_due() noexcept {
        for (PyObject* each : std::exchange(due_, {})) { Py_DECREF(each); }
    }
    [[gnu::noinline]] static void drop_last(PyObject* of) noexcept {
        if (open_ == 0) {
            Py_DECREF(of);
        } else {
            due_.push_back(of);  // running out of memory here ends the program
        }
    }

    static inline int open_ = 0;
    static inline std::vector<PyObject*> due_;
};

/// One reference to an object. They are equal as `==` of Python says, or if they are one object.
class object_ref {
public:
    object_ref() noexcept = default;
    explicit object_ref(PyObject* borrowed) noexcept : object_(borrowed) { Py_INCREF(borrowed); }
    object_ref(const object_ref& from) noexcept : object_(from.object_) { Py_XINCREF(object_); }
    object_ref(object_ref&& from) noexcept : object_(std::exchange(from.object_, nullptr)) {}
    object_ref& operator=(object_ref from) noexcept {
        std::swap(object_, from.object_);
        return *this;
    }
    ~object_ref() {
        if (object_ != nullptr) { late_ends::drop(object_); }
    }
    [[nodiscard]] PyObject* get() const noexcept { return object_; }
    /// Errors: throws python_error, as all that runs Python's comparisons.
    [[nodiscard]] friend bool operator==(const object_ref& a, const object_ref& b) {
        return are_equal(a.object_, b.object_);
    }
    [[nodiscard]] static bool are_equal(PyObject* a, PyObject* b) {
        if (a == b) { return true; }
        if (PyUnicode_CheckExact(a) && PyUnicode_CheckExact(b)) { return are_equal_texts(a, b); }
        return are_equal_objects(a, b);
    }

private:
    /// Equal strings have the same kind, the narrowest that holds them.
    [[nodiscard]] static bool are_equal_texts(PyObject* a, PyObject* b) noexcept {
        const Py_ssize_t length = PyUnicode_GET_LENGTH(a);
        if (length != PyUnicode_GET_LENGTH(b) || PyUnicode_KIND(a) != PyUnicode_KIND(b)) { return false; }
        const auto bytes = static_cast<std::size_t>(length) * static_cast<std::size_t>(PyUnicode_KIND(a));
        return std::memcmp(PyUnicode_DATA(a), PyUnicode_DATA(b), bytes) == 0;
    }
    [[nodiscard, gnu::noinline]] static bool are_equal_objects(PyObject* a, PyObject* b) {
        const nb::object held_a = nb::borrow(a);  // the comparison may drop what holds them
        const nb::object held_b = nb::borrow(b);
        const int equal = PyObject_RichCompareBool(a, b, Py_EQ);
        if (equal < 0) { throw nb::python_error(); }
        return equal != 0;
    }

    PyObject* object_ = nullptr;  // null when moved from
};

/// What hashes a collection has one while it asks for the hashes of elements, which may be collections: Python counts
/// how deep that goes.  Errors: RecursionError.
class nested_hash {
public:
    nested_hash() {
        if (Py_EnterRecursiveCall(" while a collection is hashed") != 0) { throw nb::python_error(); }
    }
    ~nested_hash() { Py_LeaveRecursiveCall(); }
    nested_hash(const nested_hash&) = delete;
    nested_hash& operator=(const nested_hash&) = delete;
};
[[nodiscard, gnu::noinline]] inline Py_hash_t hash_of_any(PyObject* of) {
    const Py_hash_t hash = PyObject_Hash(of);
    if (hash == -1) { throw nb::python_error(); }
    return hash;
}
[[nodiscard]] inline Py_hash_t hash_of(PyObject* of) {
    if (PyUnicode_CheckExact(of)) {  // most keys are strings, which keep their hash once it was asked for
        const Py_hash_t known = reinterpret_cast<PyASCIIObject*>(of)->hash;
        if (known != -1) [[likely]] { return known; }
    }
    return hash_of_any(of);
}

/// A key that is looked for.
struct key_probe {
    Py_hash_t hash;
    PyObject* object;
    explicit key_probe(PyObject* key) : hash(hash_of(key)), object(key) {}
};
/// A key that is in, with its hash, so that Python is asked for it once.
struct key_ref {
    Py_hash_t hash;
    object_ref object;
    explicit key_ref(PyObject* key) : hash(hash_of(key)), object(key) {}
};
[[nodiscard]] inline PyObject* object_of(const key_ref& key) noexcept { return key.object.get(); }
[[nodiscard]] inline PyObject* object_of(const key_probe& key) noexcept { return key.object; }

struct key_hash {
    using is_transparent = void;
    [[nodiscard]] std::size_t operator()(const key_ref& key) const noexcept {
        return static_cast<std::size_t>(key.hash);
    }
    [[nodiscard]] std::size_t operator()(const key_probe& key) const noexcept {
        return static_cast<std::size_t>(key.hash);
    }
};
struct key_equal {
    using is_transparent = void;
    template <class Key>
    [[nodiscard]] bool operator()(const key_ref& a, const Key& b) const {
        return a.hash == b.hash && object_ref::are_equal(object_of(a), object_of(b));
    }
};

}  // namespace coppice::python

template <>
inline constexpr bool coppice::resident::relocatable<coppice::python::object_ref> = true;
template <>
inline constexpr bool coppice::resident::relocatable<coppice::python::key_ref> = true;
