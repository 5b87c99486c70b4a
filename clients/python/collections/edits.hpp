// clients/python/collections/edits.hpp: what the edits of all collections have in common.
//
//     with v.edit() as e:      e.value is the value as it is now; after the block, or done(), the edit is over
//         e.append(1)
#pragma once

#include <initializer_list>
#include <utility>
#include <vector>

#include "element.hpp"
#include "objects.hpp"

namespace coppice::python {

/// True while it lives.
class busy {
public:
    explicit busy(bool& says) noexcept : says_(says) { says_ = true; }
    ~busy() { says_ = false; }
    busy(const busy&) = delete;
    busy& operator=(const busy&) = delete;

private:
    bool& says_;
};

template <class Value>
struct edit_of {
    Value made;
    object_ref kind;  ///< the class of what it makes
    bool over = false;
    bool changing = false;

    static inline PyTypeObject* of = nullptr;  ///< the base type of the collection

    /// A type's tp_new: an edit of a collection.
    static PyObject* begin(PyTypeObject* type, PyObject* args, PyObject* /*named*/) {
        return guarded([&] {
            PyObject* from = nullptr;
            expect(PyArg_ParseTuple(args, "O!", of, &from) != 0);
            return make(type, edit_of{held<Value>(from).value, object_ref(reinterpret_cast<PyObject*>(Py_TYPE(from)))});
        });
    }
    /// What the edit holds.  Errors: RuntimeError while it is changed, by an element's `==` or another thread.
    [[nodiscard]] static const Value& shown(PyObject* self) {
        const auto& in = held<edit_of>(self).value;
        if (in.changing) { raise(PyExc_RuntimeError, "the edit is being changed"); }
        return in.made;
    }
    /// What Python's collector sees of it: nothing, while it is changed.
    [[nodiscard]] static const Value& looked_at(PyObject* self) noexcept {
        static const Value nothing;
        const auto& in = held<edit_of>(self).value;
        return in.changing ? nothing : in.made;
    }
    /// Calls `work` with the value, which nobody sees meanwhile; 0, or -1 with what it raised.
    /// Errors: RuntimeError for a change inside a change (of an element's `==`), ValueError behind the end.
    template <class Work>
    [[nodiscard]] static int changed(PyObject* self, Work work) noexcept {
        return guarded(-1, [&] {
            auto& in = held<edit_of>(self).value;
            if (in.changing) { raise(PyExc_RuntimeError, "the edit is already being changed"); }
            if (in.over) { raise(PyExc_ValueError, "the edit is over: begin another one with edit()"); }
            const late_ends ends;
            const busy until_done(in.changing);
            work(in.made);
            return 0;
        });
    }
    /// The same, for methods: None, or null.
    template <class Work>
    [[nodiscard]] static PyObject* change(PyObject* self, Work work) noexcept {
        return changed(self, work) == 0 ? nb::none().release().ptr() : nullptr;
    }
    /// The class of what it makes.
    [[nodiscard]] static PyTypeObject* kind_of(PyObject* self) noexcept {
        return reinterpret_cast<PyTypeObject*>(held<edit_of>(self).value.kind.get());
    }
    [[nodiscard]] static nb::object now(PyObject* self) { return make(kind_of(self), Value(shown(self))); }

    static PyObject* value(PyObject* self, void* /*none*/) {
        return guarded([&] { return now(self); });
    }
    static PyObject* done(PyObject* self, PyObject* /*none*/) {
        return guarded([&] {
            nb::object made = now(self);
            held<edit_of>(self).value.over = true;
            return made;
        });
    }
    static PyObject* enter(PyObject* self, PyObject* /*none*/) {
        Py_INCREF(self);
        return self;
    }
    static PyObject* leave(PyObject* self, PyObject* /*exception*/) {
        held<edit_of>(self).value.over = true;
        Py_RETURN_NONE;
    }
    static void visit_types(PyObject* self, visitproc visit, void* arg) {
        (void)visit(reinterpret_cast<PyObject*>(Py_TYPE(self)), arg);
        if (held<edit_of>(self).value.kind.get() != nullptr) { (void)visit(held<edit_of>(self).value.kind.get(), arg); }
    }
    /// A type of edits of `collection`; `its_own` are the slots that other edits have otherwise.
    static PyTypeObject* add_type(nb::module_& module, PyTypeObject* collection, const char* name,
                                  std::initializer_list<PyType_Slot> its_own) {
        static PyGetSetDef properties[] = {{"value", value, nullptr, nullptr, nullptr}, {}};
        std::vector<PyType_Slot> slots{{Py_tp_new, slot(begin)},
                                       {Py_tp_dealloc, slot(end<edit_of>)},
                                       {Py_tp_clear, slot(drop)},
                                       {Py_tp_getset, properties}};
        slots.insert(slots.end(), its_own);
        slots.push_back({0, nullptr});
        PyType_Spec spec{name, sizeof(holder<edit_of>), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots.data()};
        of = collection;
        return make_type(module, spec, name + sizeof "coppice._collections");
    }

private:
    static int drop(PyObject* self) {
        const Value dropped = std::exchange(held<edit_of>(self).value.made, Value());
        return 0;
    }
};

}  // namespace coppice::python
