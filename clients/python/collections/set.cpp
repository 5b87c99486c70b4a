// clients/python/collections/set.cpp: the base type of coppice.Set.
#include "edits.hpp"
#include "keyed.hpp"

namespace coppice::python {
namespace {

using slots_of_set = keyed_slots<object_set>;
using edit = edit_of<object_set>;

PyTypeObject* set_type = nullptr;
PyTypeObject* set_edit_type = nullptr;

[[nodiscard]] object_set& set_in(PyObject* self) noexcept { return held<object_set>(self).value; }
[[nodiscard]] bool is_set(PyObject* of) noexcept { return PyObject_TypeCheck(of, set_type) != 0; }
[[nodiscard]] nb::object like(PyObject* self, object_set value) { return make(Py_TYPE(self), std::move(value)); }
[[noreturn]] void raise_missing(PyObject* key) {
    PyErr_SetObject(PyExc_KeyError, key);
    throw nb::python_error();
}

PyObject* show(const key_ref& key) { return object_in(key).release().ptr(); }
void put_into(nb::list& list, const key_ref& key) { list.append(object_in(key)); }
using iteration = keyed_iteration<object_set, show>;

/// Adds the elements of any iterable.
void add_all(object_set& made, PyObject* iterable) {
    if (is_set(iterable)) {
        made = made | set_in(iterable);
    } else {
        for_each_of(iterable, [&](PyObject* each) { made = std::move(made).insert(key_ref(each)); });
    }
}
[[nodiscard]] object_set set_of(PyObject* iterable) {
    if (is_set(iterable)) { return set_in(iterable); }
    object_set made;
    add_all(made, iterable);
    return made;
}

PyObject* set_new(PyTypeObject* type, PyObject* args, PyObject* named) {
    return guarded([&] {
        PyObject* from = nullptr;
        if (named != nullptr && PyDict_Size(named) != 0) { raise(PyExc_TypeError, "Set takes no keyword arguments"); }
        expect(PyArg_ParseTuple(args, "|O:Set", &from) != 0);
        if (from != nullptr && Py_TYPE(from) == type) { return nb::borrow(from); }
        return make(type, from == nullptr ? object_set() : set_of(from));
    });
}
Py_hash_t set_hash(PyObject* self) {
    Py_hash_t& known = held<object_set>(self).hash;
    if (known == -1) {
        unordered_hash all;
        for (const key_ref& each : set_in(self)) { all.add(each.hash); }
        known = all.get();
    }
    return known;
}

// ---- Comparing and combining, with Sets and with Python's own sets

[[nodiscard]] bool is_any_set(PyObject* of) { return is_set(of) || PyAnySet_Check(of) != 0; }
/// All of `a` is in `b`.  Cost: O(differences).
[[nodiscard]] bool is_subset(const object_set& a, const object_set& b) {
    return a.size() <= b.size() && (a - b).empty();
}
PyObject* set_compare(PyObject* self, PyObject* other, int how) {
    if (!is_any_set(other)) { Py_RETURN_NOTIMPLEMENTED; }
    return guarded([&] {
        const object_set a = set_in(self);
        const object_set b = set_of(other);
        const auto answer = [&] {
            switch (how) {
                case Py_EQ: return a == b;
                case Py_NE: return !(a == b);
                case Py_LE: return is_subset(a, b);
                case Py_LT: return a.size() < b.size() && is_subset(a, b);
                case Py_GE: return is_subset(b, a);
                default: return b.size() < a.size() && is_subset(b, a);
            }
        };
        return nb::borrow(answer() ? Py_True : Py_False);
    });
}
template <class Combine>
PyObject* combined(PyObject* a, PyObject* b, Combine combine) {
    if (!is_any_set(a) || !is_any_set(b)) { Py_RETURN_NOTIMPLEMENTED; }
    return guarded([&] { return like(is_set(a) ? a : b, combine(set_of(a), set_of(b))); });
}
PyObject* set_or(PyObject* a, PyObject* b) {
    return combined(a, b, [](const object_set& left, const object_set& right) { return left | right; });
}
PyObject* set_and(PyObject* a, PyObject* b) {
    return combined(a, b, [](const object_set& left, const object_set& right) { return left & right; });
}
PyObject* set_subtract(PyObject* a, PyObject* b) {
    return combined(a, b, [](const object_set& left, const object_set& right) { return left - right; });
}
PyObject* set_xor(PyObject* a, PyObject* b) {
    return combined(a, b, [](const object_set& left, const object_set& right) { return left ^ right; });
}
/// What differs, as a list of (element, whether the other one has it).
PyObject* set_diff(PyObject* self, PyObject* other) {
    return guarded([&] {
        if (!is_set(other)) { raise_format(PyExc_TypeError, "diff takes a Set, not %s", Py_TYPE(other)->tp_name); }
        nb::list made;
        diff(set_in(self), set_in(other),
             [&](const key_ref& key, bool added) { made.append(nb::make_tuple(object_in(key), added)); });
        return made;
    });
}
PyObject* set_merge(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return guarded([&] {
        expect_count("_merge()", count, 2, 2);
        for (Py_ssize_t at = 0; at < 2; ++at) {
            if (!is_set(args[at])) {
                raise_format(PyExc_TypeError, "merge takes three Sets, not %s", Py_TYPE(args[at])->tp_name);
            }
        }
        return like(self, merge(set_in(self), set_in(args[0]), set_in(args[1])));
    });
}

// ---- Changing

PyObject* set_add(PyObject* self, PyObject* key) {
    return guarded([&] { return like(self, set_in(self).insert(key_ref(key))); });
}
PyObject* set_discard(PyObject* self, PyObject* key) {
    return guarded([&] { return like(self, set_in(self).erase(key_probe(key))); });
}
PyObject* set_remove(PyObject* self, PyObject* key) {
    return guarded([&] {
        object_set without = set_in(self).erase(key_probe(key));
        if (without.size() == set_in(self).size()) { raise_missing(key); }
        return like(self, std::move(without));
    });
}
PyObject* set_update(PyObject* self, PyObject* iterable) {
    return guarded([&] {
        object_set made = set_in(self);
        add_all(made, iterable);
        return like(self, std::move(made));
    });
}
PyObject* set_begin_edit(PyObject* self, PyObject* /*none*/) {
    return guarded([&] { return nb::borrow(reinterpret_cast<PyObject*>(set_edit_type))(nb::borrow(self)); });
}

// ---- Many changes

PyObject* edit_add(PyObject* self, PyObject* key) {
    return edit::change(self, [&](object_set& made) { made = std::move(made).insert(key_ref(key)); });
}
PyObject* edit_discard(PyObject* self, PyObject* key) {
    return edit::change(self, [&](object_set& made) { made = std::move(made).erase(key_probe(key)); });
}
PyObject* edit_update(PyObject* self, PyObject* iterable) {
    return edit::change(self, [&](object_set& made) { add_all(made, iterable); });
}
PyObject* edit_clear(PyObject* self, PyObject* /*none*/) {
    return edit::change(self, [](object_set& made) { made = {}; });
}
int edit_contains(PyObject* self, PyObject* key) {
    return guarded(-1, [&] {
        const object_set now = edit::shown(self);  // which looking at keys may change
        return now.contains(key_probe(key)) ? 1 : 0;
    });
}
Py_ssize_t edit_length(PyObject* self) {
    return guarded<Py_ssize_t>(-1, [&] { return static_cast<Py_ssize_t>(edit::shown(self).size()); });
}
int edit_traverse(PyObject* self, visitproc visit, void* arg) {
    edit::visit_types(self, visit, arg);
    return visit_own(edit::looked_at(self), visit, arg);
}

// ---- The types

PyMethodDef set_methods[] = {
    class_getitem,
    {"add", set_add, METH_O, nullptr},
    {"discard", set_discard, METH_O, nullptr},
    {"edit", set_begin_edit, METH_NOARGS, nullptr},
    {"remove", set_remove, METH_O, nullptr},
    {"update", set_update, METH_O, nullptr},
    {"_diff", set_diff, METH_O, nullptr},
    {"_merge", method(set_merge), METH_FASTCALL, nullptr},
    {"_runs", slots_of_set::runs<nb::list, put_into>, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyObject* set_iter(PyObject* self) { return iteration::begin(self); }
PyType_Slot set_slots[] = {
    {Py_tp_new, slot(set_new)},
    {Py_tp_dealloc, slot(end<object_set>)},
    {Py_tp_traverse, slot(slots_of_set::traverse)},
    {Py_tp_clear, slot(slots_of_set::clear)},
    {Py_tp_iter, slot(set_iter)},
    {Py_tp_richcompare, slot(set_compare)},
    {Py_tp_hash, slot(set_hash)},
    {Py_tp_methods, set_methods},
    {Py_sq_length, slot(slots_of_set::length)},
    {Py_sq_contains, slot(slots_of_set::contains)},
    {Py_nb_or, slot(set_or)},
    {Py_nb_and, slot(set_and)},
    {Py_nb_subtract, slot(set_subtract)},
    {Py_nb_xor, slot(set_xor)},
    {0, nullptr},
};
PyType_Spec set_spec{"coppice._collections.Set", sizeof(holder<object_set>), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, set_slots};

PyMethodDef edit_methods[] = {
    class_getitem,
    {"add", edit_add, METH_O, nullptr},
    {"clear", edit_clear, METH_NOARGS, nullptr},
    {"discard", edit_discard, METH_O, nullptr},
    {"done", edit::done, METH_NOARGS, nullptr},
    {"update", edit_update, METH_O, nullptr},
    {"__enter__", edit::enter, METH_NOARGS, nullptr},
    {"__exit__", edit::leave, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

void add_set(nb::module_& module) {
    set_type = make_type(module, set_spec, "Set");
    set_edit_type = edit::add_type(module, set_type, "coppice._collections.SetEdit",
                                   {{Py_tp_traverse, slot(edit_traverse)},
                                    {Py_tp_methods, edit_methods},
                                    {Py_sq_length, slot(edit_length)},
                                    {Py_sq_contains, slot(edit_contains)}});
    iteration::add_type(module, "coppice._collections.SetIterator");
}

}  // namespace coppice::python
