// clients/python/collections/keyed.hpp: what Map and Set have in common.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include <coppice/map.hpp>
#include <coppice/set.hpp>

#include "element.hpp"
#include "objects.hpp"

namespace coppice::python {

using object_map = coppice::map<key_ref, object_ref, key_hash, key_equal, python_nodes>;
using object_set = coppice::set<key_ref, key_hash, key_equal, python_nodes>;

[[nodiscard]] inline nb::object object_in(const key_ref& key) { return nb::borrow(key.object.get()); }
[[nodiscard]] inline nb::object object_in(const object_ref& value) { return nb::borrow(value.get()); }

/// What Python's frozenset makes of the hashes of its elements, in no order.
class unordered_hash {
public:
    void add(Py_hash_t hash) noexcept {
        const auto bits = static_cast<std::uint64_t>(hash);
        mixed_ ^= (bits ^ 89869747U ^ bits << 16) * 3644798167U;
        ++count_;
    }
    [[nodiscard]] Py_hash_t get() const noexcept {
        std::uint64_t mixed = mixed_ ^ (count_ + 1) * 1927868237U;
        mixed ^= mixed >> 11 ^ mixed >> 25;
        mixed = mixed * 69069U + 907133923U;
        return mixed == ~std::uint64_t{0} ? 590923713 : static_cast<Py_hash_t>(mixed);
    }

private:
    std::uint64_t mixed_ = 0;
    std::uint64_t count_ = 0;
};

/// A way through a collection; `Show` makes an object of an element.
template <class Collection, auto Show>
struct keyed_iteration {
    object_ref of;
    typename Collection::const_iterator at;
    std::size_t left = 0;

    static PyObject* next(PyObject* self) {
        auto& in = held<keyed_iteration>(self).value;
        if (in.left == 0) { return nullptr; }
        PyObject* shown = Show(*in.at);
        ++in.at;
        --in.left;
        return shown;
    }
    static PyObject* length(PyObject* self, PyObject* /*none*/) {
        return PyLong_FromSize_t(held<keyed_iteration>(self).value.left);
    }
    static int traverse(PyObject* self, visitproc visit, void* arg) {
        Py_VISIT(Py_TYPE(self));
        Py_VISIT(held<keyed_iteration>(self).value.of.get());
        return 0;
    }
    static inline PyTypeObject* type = nullptr;
    static PyObject* begin(PyObject* self, PyObject* /*none*/ = nullptr) {
        return guarded([&] {
            const auto& in = held<Collection>(self).value;
            return make(type, keyed_iteration{object_ref(self), in.begin(), in.size()});
        });
    }
    static void add_type(nb::module_& module, const char* name) {
        static PyMethodDef methods[] = {{"__length_hint__", length, METH_NOARGS, nullptr}, {}};
        static PyType_Slot slots[] = {
            {Py_tp_dealloc, slot(end<keyed_iteration>)},
            {Py_tp_traverse, slot(traverse)},
            {Py_tp_iter, slot(PyObject_SelfIter)},
            {Py_tp_iternext, slot(next)},
            {Py_tp_methods, methods},
            {0, nullptr},
        };
        static PyType_Spec spec{name, sizeof(holder<keyed_iteration>), 0, made_here_flags, slots};
        type = make_type(module, spec, name + sizeof "coppice._collections");
    }
};

/// Calls Python's collector with what an element refers to; `stopped` is what the collector has said.
struct element_visit {
    visitproc visit;
    void* arg;
    int& stopped;
    void operator()(PyObject* of) const {
        if (stopped == 0) { stopped = visit(of, arg); }
    }
    void operator()(const key_ref& key) const { (*this)(key.object.get()); }
    void operator()(const std::pair<key_ref, object_ref>& entry) const {
        (*this)(entry.first);
        (*this)(entry.second.get());
    }
};
template <class Collection>
[[nodiscard]] int visit_own(const Collection& of, visitproc visit, void* arg) {
    int stopped = 0;
    of.for_each_unshared(element_visit{visit, arg, stopped});
    return stopped;
}

/// Slots that do not depend on what an element is.
template <class Collection>
struct keyed_slots {
    [[nodiscard]] static Collection& in(PyObject* self) noexcept { return held<Collection>(self).value; }
    static Py_ssize_t length(PyObject* self) { return static_cast<Py_ssize_t>(in(self).size()); }
    static int contains(PyObject* self, PyObject* key) {
        return guarded(-1, [&] { return in(self).contains(key_probe(key)) ? 1 : 0; });
    }
    static int traverse(PyObject* self, visitproc visit, void* arg) {
        Py_VISIT(Py_TYPE(self));
        return visit_own(in(self), visit, arg);
    }
    /// `Content` is a list or a dict, into which `put(made, element)` puts.
    template <class Content, auto Put>
    static PyObject* runs(PyObject* self, PyObject* /*none*/) {
        return guarded([&] {
            nb::list made;
            in(self).for_each_run([&made](const void* address, typename Collection::const_iterator each) {
                Content content;
                for (; each != typename Collection::const_iterator(); ++each) { Put(content, *each); }
                made.append(shown_run(address, content));
            });
            return made;
        });
    }
    static int clear(PyObject* self) {
        const Collection cleared = std::exchange(in(self), Collection());
        return 0;
    }
};

}  // namespace coppice::python
