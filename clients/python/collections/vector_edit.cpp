// clients/python/collections/vector_edit.cpp: many changes of a Vector, which end in one.
#include "edits.hpp"
#include "vector.hpp"

namespace coppice::python {

PyTypeObject* vector_edit_type = nullptr;

namespace {

using edit = edit_of<any_vector>;

PyObject* edit_append(PyObject* self, PyObject* value) {
    return edit::change(self, [&](any_vector& made) {
        std::visit([&](auto& in) { in = std::move(in).push_back(from_python<element_of<decltype(in)>>(value)); }, made);
    });
}
PyObject* edit_extend(PyObject* self, PyObject* iterable) {
    return edit::change(self, [&](any_vector& made) { extend(made, iterable); });
}
PyObject* edit_insert(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return edit::change(self, [&](any_vector& made) {
        expect_count("insert()", count, 2, 2);
        std::visit(
            [&](auto& in) {
                auto value = from_python<element_of<decltype(in)>>(args[1]);
                in = std::move(in).insert(position_in(args[0], in.size()), std::move(value));
            },
            made);
    });
}
PyObject* edit_clear(PyObject* self, PyObject* /*none*/) {
    return edit::change(self, [](any_vector& made) { std::visit([](auto& in) { in = {}; }, made); });
}
/// The element, which is then out.
PyObject* edit_pop(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    nb::object popped;
    const int done = edit::changed(self, [&](any_vector& made) {
        expect_count("pop()", count, 0, 1);
        std::visit(
            [&](auto& in) {
                if (in.empty()) { raise(PyExc_IndexError, "pop from an empty VectorEdit"); }
                const std::size_t at = count == 0 ? in.size() - 1 : index_in(integer(args[0]), in.size(), "VectorEdit");
                popped = own(to_python(in[at]));
                in = at + 1 == in.size() ? std::move(in).pop_back() : std::move(in).erase(at);
            },
            made);
    });
    return done == 0 ? popped.release().ptr() : nullptr;
}
/// edit[index] = value, and del edit[index] if `value` is null.
int edit_assign(PyObject* self, PyObject* index, PyObject* value) {
    return edit::changed(self, [&](any_vector& made) {
        std::visit(
            [&](auto& in) {
                const std::size_t at = index_in(integer(index), in.size(), "VectorEdit");
                if (value == nullptr) {
                    in = std::move(in).erase(at);
                } else {
                    in = std::move(in).set(at, from_python<element_of<decltype(in)>>(value));
                }
            },
            made);
    });
}
Py_ssize_t edit_length(PyObject* self) {
    return guarded<Py_ssize_t>(-1, [&] {
        return std::visit([](const auto& in) { return static_cast<Py_ssize_t>(in.size()); }, edit::shown(self));
    });
}
PyObject* edit_subscript(PyObject* self, PyObject* index) {
    return guarded([&] {
        return std::visit(
            [&](const auto& in) { return own(to_python(in[index_in(integer(index), in.size(), "VectorEdit")])); },
            edit::shown(self));
    });
}
int edit_traverse(PyObject* self, visitproc visit, void* arg) {
    edit::visit_types(self, visit, arg);
    return visit_own(edit::looked_at(self), visit, arg);
}

PyMethodDef edit_methods[] = {
    class_getitem,
    {"append", edit_append, METH_O, nullptr},
    {"clear", edit_clear, METH_NOARGS, nullptr},
    {"done", edit::done, METH_NOARGS, nullptr},
    {"extend", edit_extend, METH_O, nullptr},
    {"insert", method(edit_insert), METH_FASTCALL, nullptr},
    {"pop", method(edit_pop), METH_FASTCALL, nullptr},
    {"__enter__", edit::enter, METH_NOARGS, nullptr},
    {"__exit__", edit::leave, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

void add_vector_edit(nb::module_& module) {
    vector_edit_type = edit::add_type(module, vector_type, "coppice._collections.VectorEdit",
                                      {{Py_tp_traverse, slot(edit_traverse)},
                                       {Py_tp_methods, edit_methods},
                                       {Py_mp_length, slot(edit_length)},
                                       {Py_mp_subscript, slot(edit_subscript)},
                                       {Py_mp_ass_subscript, slot(edit_assign)}});
}

}  // namespace coppice::python
