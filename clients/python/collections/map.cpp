// clients/python/collections/map.cpp: the base type of coppice.Map.
#include <cstdint>

#include "edits.hpp"
#include "keyed.hpp"

namespace coppice::python {
namespace {

using slots_of_map = keyed_slots<object_map>;
using edit = edit_of<object_map>;

PyTypeObject* map_type = nullptr;
PyTypeObject* map_edit_type = nullptr;

[[nodiscard]] object_map& map_in(PyObject* self) noexcept { return held<object_map>(self).value; }
[[nodiscard]] bool is_map(PyObject* of) noexcept { return PyObject_TypeCheck(of, map_type) != 0; }
[[nodiscard]] nb::object like(PyObject* self, object_map value) { return make(Py_TYPE(self), std::move(value)); }
[[noreturn]] void raise_missing(PyObject* key) {
    PyErr_SetObject(PyExc_KeyError, key);
    throw nb::python_error();
}

PyObject* show_key(const std::pair<key_ref, object_ref>& entry) { return object_in(entry.first).release().ptr(); }
PyObject* show_value(const std::pair<key_ref, object_ref>& entry) { return object_in(entry.second).release().ptr(); }
PyObject* show_item(const std::pair<key_ref, object_ref>& entry) {
    return PyTuple_Pack(2, entry.first.object.get(), entry.second.get());
}
void put_into(nb::dict& dict, const std::pair<key_ref, object_ref>& entry) {
    expect(PyDict_SetItem(dict.ptr(), entry.first.object.get(), entry.second.get()) == 0);
}
using key_iteration = keyed_iteration<object_map, show_key>;
using value_iteration = keyed_iteration<object_map, show_value>;
using item_iteration = keyed_iteration<object_map, show_item>;

// ---- Making

/// Puts in what dict.update takes: a mapping or pairs, and keyword arguments, either of which may be null.
void put_all(map_edit<object_map>& made, PyObject* from, PyObject* named) {
    const auto put = [&](PyObject* key, PyObject* value) { made.insert(key_ref(key), object_ref(value)); };
    const auto put_dict = [&](PyObject* dict) {
        const nb::object items = own(PyDict_Items(dict));  // a copy: comparing keys may run any code
        for (nb::handle each : nb::borrow<nb::list>(items)) {
            put(PyTuple_GET_ITEM(each.ptr(), 0), PyTuple_GET_ITEM(each.ptr(), 1));
        }
    };
    if (from != nullptr) {
        if (is_map(from)) {
            const object_map other = map_in(from);
            if (made.empty()) {
                made = other.edit();
            } else {
                for (const auto& [key, value] : other) { made.insert(key, value); }
            }
        } else if (PyDict_CheckExact(from)) {
            put_dict(from);
        } else if (PyObject_HasAttrString(from, "keys")) {
            const nb::object keys = nb::getattr(nb::handle(from), "keys")();
            for_each_of(keys.ptr(), [&](PyObject* key) { put(key, own(PyObject_GetItem(from, key)).ptr()); });
        } else {
            for_each_of(from, [&](PyObject* each) {
                const nb::object pair = own(PySequence_Fast(each, "Map takes a mapping, or pairs of key and value"));
                if (PySequence_Fast_GET_SIZE(pair.ptr()) != 2) {
                    raise_format(PyExc_ValueError, "Map takes pairs of key and value, not %R", each);
                }
                put(PySequence_Fast_GET_ITEM(pair.ptr(), 0), PySequence_Fast_GET_ITEM(pair.ptr(), 1));
            });
        }
    }
    if (named != nullptr) { put_dict(named); }
}
PyObject* map_new(PyTypeObject* type, PyObject* args, PyObject* named) {
    return guarded([&] {
        PyObject* from = nullptr;
        expect(PyArg_ParseTuple(args, "|O:Map", &from) != 0);
        if (from != nullptr && named == nullptr && Py_TYPE(from) == type) { return nb::borrow(from); }
        auto made = object_map().edit();
        put_all(made, from, named);
        return make(type, std::move(made).done());
    });
}

// ---- Looking

PyObject* map_subscript(PyObject* self, PyObject* key) {
    return guarded([&] {
        const object_ref* found = map_in(self).find(key_probe(key));
        if (found == nullptr) { raise_missing(key); }
        return object_in(*found);
    });
}
PyObject* map_get(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return guarded([&] {
        expect_count("get()", count, 1, 2);
        const object_ref* found = map_in(self).find(key_probe(args[0]));
        if (found != nullptr) { return object_in(*found); }
        return count == 2 ? nb::borrow(args[1]) : nb::none();
    });
}
[[nodiscard]] bool equals_dict(const object_map& map, PyObject* dict) {
    const object_map held = map;
    if (PyDict_Size(dict) != static_cast<Py_ssize_t>(held.size())) { return false; }
    for (const auto& [key, value] : held) {
        const nb::object other = nb::borrow(PyDict_GetItemWithError(dict, key.object.get()));
        if (!other.is_valid()) {
            expect(PyErr_Occurred() == nullptr);
            return false;
        }
        if (!object_ref::are_equal(value.get(), other.ptr())) { return false; }
    }
    return true;
}
PyObject* map_compare(PyObject* self, PyObject* other, int how) {
    if ((how != Py_EQ && how != Py_NE) || (!is_map(other) && PyDict_Check(other) == 0)) { Py_RETURN_NOTIMPLEMENTED; }
    return guarded([&] {
        const bool equal = is_map(other) ? map_in(self) == map_in(other) : equals_dict(map_in(self), other);
        return nb::borrow(equal == (how == Py_EQ) ? Py_True : Py_False);
    });
}
Py_hash_t map_hash(PyObject* self) {
    return guarded<Py_hash_t>(-1, [&] {
        Py_hash_t& known = held<object_map>(self).hash;
        if (known != -1) { return known; }
        const nested_hash counted;
        unordered_hash all;
        for (const auto& [key, value] : map_in(self)) {
            const auto of_key = static_cast<std::uint64_t>(key.hash) * 0x9e37'79b9'7f4a'7c15;
            all.add(static_cast<Py_hash_t>(of_key ^ static_cast<std::uint64_t>(hash_of(value.get()))));
        }
        known = all.get();
        return known;
    });
}
/// What differs, as a list of (key, which sides have it, before, after): 1 the first, 2 the second.
PyObject* map_diff(PyObject* self, PyObject* other) {
    return guarded([&] {
        if (!is_map(other)) { raise_format(PyExc_TypeError, "diff takes a Map, not %s", Py_TYPE(other)->tp_name); }
        nb::list made;
        diff(map_in(self), map_in(other), [&](const key_ref& key, const object_ref* was, const object_ref* is) {
            made.append(nb::make_tuple(object_in(key), (was != nullptr ? 1 : 0) | (is != nullptr ? 2 : 0),
                                       was != nullptr ? object_in(*was) : nb::none(),
                                       is != nullptr ? object_in(*is) : nb::none()));
        });
        return made;
    });
}

// ---- Changing

PyObject* map_set(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return guarded([&] {
        expect_count("set()", count, 2, 2);
        return like(self, map_in(self).insert(key_ref(args[0]), object_ref(args[1])));
    });
}
PyObject* map_discard(PyObject* self, PyObject* key) {
    return guarded([&] {
        object_map without = map_in(self).erase(key_probe(key));
        return without.size() == map_in(self).size() ? nb::borrow(self) : like(self, std::move(without));
    });
}
PyObject* map_remove(PyObject* self, PyObject* key) {
    return guarded([&] {
        object_map without = map_in(self).erase(key_probe(key));
        if (without.size() == map_in(self).size()) { raise_missing(key); }
        return like(self, std::move(without));
    });
}
PyObject* map_update(PyObject* self, PyObject* args, PyObject* named) {
    return guarded([&] {
        PyObject* from = nullptr;
        expect(PyArg_ParseTuple(args, "|O:update", &from) != 0);
        auto made = map_in(self).edit();
        put_all(made, from, named);
        return like(self, std::move(made).done());
    });
}
PyObject* map_or(PyObject* self, PyObject* other) {
    const auto is_either = [](PyObject* of) { return is_map(of) || PyDict_Check(of) != 0; };
    if (!is_either(self) || !is_either(other)) { Py_RETURN_NOTIMPLEMENTED; }
    return guarded([&] {
        auto made = object_map().edit();
        put_all(made, self, nullptr);
        put_all(made, other, nullptr);
        return like(is_map(self) ? self : other, std::move(made).done());
    });
}
PyObject* map_begin_edit(PyObject* self, PyObject* /*none*/) {
    return guarded([&] { return nb::borrow(reinterpret_cast<PyObject*>(map_edit_type))(nb::borrow(self)); });
}

// ---- Many changes

int edit_assign(PyObject* self, PyObject* key, PyObject* value) {
    return edit::changed(self, [&](object_map& made) {
        if (value != nullptr) {
            made = std::move(made).insert(key_ref(key), object_ref(value));
            return;
        }
        const std::size_t before = made.size();
        made = std::move(made).erase(key_probe(key));
        if (made.size() == before) { raise_missing(key); }
    });
}
PyObject* edit_discard(PyObject* self, PyObject* key) {
    return edit::change(self, [&](object_map& made) { made = std::move(made).erase(key_probe(key)); });
}
PyObject* edit_update(PyObject* self, PyObject* args, PyObject* named) {
    return edit::change(self, [&](object_map& made) {
        PyObject* from = nullptr;
        expect(PyArg_ParseTuple(args, "|O:update", &from) != 0);
        auto changed = std::move(made).edit();
        try {
            put_all(changed, from, named);
        } catch (...) {
            made = std::move(changed).done();
            throw;
        }
        made = std::move(changed).done();
    });
}
PyObject* edit_clear(PyObject* self, PyObject* /*none*/) {
    return edit::change(self, [](object_map& made) { made = {}; });
}
/// The value as it is, so that what looking at keys runs may change the edit.
[[nodiscard]] object_map shown(PyObject* self) { return edit::shown(self); }
PyObject* edit_subscript(PyObject* self, PyObject* key) {
    return guarded([&] {
        const object_map now = shown(self);
        const object_ref* found = now.find(key_probe(key));
        if (found == nullptr) { raise_missing(key); }
        return object_in(*found);
    });
}
PyObject* edit_get(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return guarded([&] {
        expect_count("get()", count, 1, 2);
        const object_map now = shown(self);
        const object_ref* found = now.find(key_probe(args[0]));
        if (found != nullptr) { return object_in(*found); }
        return count == 2 ? nb::borrow(args[1]) : nb::none();
    });
}
int edit_contains(PyObject* self, PyObject* key) {
    return guarded(-1, [&] { return shown(self).contains(key_probe(key)) ? 1 : 0; });
}
Py_ssize_t edit_length(PyObject* self) {
    return guarded<Py_ssize_t>(-1, [&] { return static_cast<Py_ssize_t>(edit::shown(self).size()); });
}
int edit_traverse(PyObject* self, visitproc visit, void* arg) {
    edit::visit_types(self, visit, arg);
    return visit_own(edit::looked_at(self), visit, arg);
}

// ---- The types

PyMethodDef map_methods[] = {
    class_getitem,
    {"discard", map_discard, METH_O, nullptr},
    {"edit", map_begin_edit, METH_NOARGS, nullptr},
    {"get", method(map_get), METH_FASTCALL, nullptr},
    {"remove", map_remove, METH_O, nullptr},
    {"set", method(map_set), METH_FASTCALL, nullptr},
    {"update", method(map_update), METH_VARARGS | METH_KEYWORDS, nullptr},
    {"_diff", map_diff, METH_O, nullptr},
    {"_items", item_iteration::begin, METH_NOARGS, nullptr},
    {"_runs", slots_of_map::runs<nb::dict, put_into>, METH_NOARGS, nullptr},
    {"_values", value_iteration::begin, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyObject* map_iter(PyObject* self) { return key_iteration::begin(self); }
PyType_Slot map_slots[] = {
    {Py_tp_new, slot(map_new)},
    {Py_tp_dealloc, slot(end<object_map>)},
    {Py_tp_traverse, slot(slots_of_map::traverse)},
    {Py_tp_clear, slot(slots_of_map::clear)},
    {Py_tp_iter, slot(map_iter)},
    {Py_tp_richcompare, slot(map_compare)},
    {Py_tp_hash, slot(map_hash)},
    {Py_tp_methods, map_methods},
    {Py_sq_contains, slot(slots_of_map::contains)},
    {Py_nb_or, slot(map_or)},
    {Py_mp_length, slot(slots_of_map::length)},
    {Py_mp_subscript, slot(map_subscript)},
    {0, nullptr},
};
PyType_Spec map_spec{"coppice._collections.Map", sizeof(holder<object_map>), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, map_slots};

PyMethodDef edit_methods[] = {
    class_getitem,
    {"clear", edit_clear, METH_NOARGS, nullptr},
    {"discard", edit_discard, METH_O, nullptr},
    {"done", edit::done, METH_NOARGS, nullptr},
    {"get", method(edit_get), METH_FASTCALL, nullptr},
    {"update", method(edit_update), METH_VARARGS | METH_KEYWORDS, nullptr},
    {"__enter__", edit::enter, METH_NOARGS, nullptr},
    {"__exit__", edit::leave, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

void add_map(nb::module_& module) {
    map_type = make_type(module, map_spec, "Map");
    map_edit_type = edit::add_type(module, map_type, "coppice._collections.MapEdit",
                                   {{Py_tp_traverse, slot(edit_traverse)},
                                    {Py_tp_methods, edit_methods},
                                    {Py_sq_contains, slot(edit_contains)},
                                    {Py_mp_length, slot(edit_length)},
                                    {Py_mp_subscript, slot(edit_subscript)},
                                    {Py_mp_ass_subscript, slot(edit_assign)}});
    key_iteration::add_type(module, "coppice._collections.MapKeyIterator");
    value_iteration::add_type(module, "coppice._collections.MapValueIterator");
    item_iteration::add_type(module, "coppice._collections.MapItemIterator");
}

}  // namespace coppice::python
