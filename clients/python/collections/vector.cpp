// clients/python/collections/vector.cpp: the base type of coppice.Vector.
#include <algorithm>
#include <memory>

#include <coppice/vector_merge.hpp>

#include "vector_kinds.hpp"

namespace coppice::python {

PyTypeObject* vector_type = nullptr;

namespace {

PyTypeObject* vector_iterator_type = nullptr;
PyTypeObject* leaf_type = nullptr;

[[nodiscard]] std::size_t size_of(const any_vector& of) noexcept {
    return std::visit([](const auto& in) { return in.size(); }, of);
}
[[nodiscard]] nb::object like(PyObject* self, any_vector value) { return make(Py_TYPE(self), std::move(value)); }

// ---- Making

PyObject* vector_new(PyTypeObject* type, PyObject* args, PyObject* named) {
    return guarded([&] {
        PyObject* iterable = nullptr;
        PyObject* dtype = nullptr;
        const char* names[] = {"", "dtype", nullptr};
        expect(PyArg_ParseTupleAndKeywords(args, named, "|O$O:Vector", const_cast<char**>(names), &iterable, &dtype)
               != 0);
        any_vector made = empty_of(kind_of(dtype));
        if (iterable != nullptr) {
            if (Py_TYPE(iterable) == type && vector_in(iterable).index() == made.index()) {
                return nb::borrow(iterable);
            }
            extend(made, iterable);
        }
        return make(type, std::move(made));
    });
}

// ---- Looking

Py_ssize_t vector_length(PyObject* self) {
    const auto* objects = std::get_if<0>(&vector_in(self));
    return static_cast<Py_ssize_t>(objects != nullptr ? objects->size() : size_of(vector_in(self)));
}
/// As sq_item: `index` is not negative for what Python has counted from the end.
PyObject* vector_item(PyObject* self, Py_ssize_t index) {
    const auto* objects = std::get_if<0>(&vector_in(self));
    if (objects != nullptr && static_cast<std::size_t>(index) < objects->size()) {
        return to_python((*objects)[static_cast<std::size_t>(index)]);
    }
    return guarded([&] {
        const std::size_t at = index_in(index, size_of(vector_in(self)), "Vector");
        return own(std::visit([at](const auto& in) { return to_python(in[at]); }, vector_in(self)));
    });
}
template <class T>
[[nodiscard]] vector_of<T> sliced(const vector_of<T>& in, Py_ssize_t start, Py_ssize_t step, Py_ssize_t count) {
    if (step == 1) { return in.slice(static_cast<std::size_t>(start), static_cast<std::size_t>(start + count)); }
    auto edit = vector_of<T>().edit();
    for (; count > 0; --count, start += step) { edit.push_back(in[static_cast<std::size_t>(start)]); }
    return std::move(edit).done();
}
PyObject* vector_subscript(PyObject* self, PyObject* key) {
    if (PyLong_CheckExact(key)) {
        const Py_ssize_t index = PyLong_AsSsize_t(key);
        if (index >= 0) { return vector_item(self, index); }
        PyErr_Clear();
    }
    return guarded([&] {
        const any_vector& in = vector_in(self);
        if (!PySlice_Check(key)) {
            if (PyIndex_Check(key) == 0) {
                raise_format(PyExc_TypeError, "Vector indices are integers or slices, not %s", Py_TYPE(key)->tp_name);
            }
            const std::size_t at = index_in(integer(key), size_of(in), "Vector");
            return own(std::visit([at](const auto& of) { return to_python(of[at]); }, in));
        }
        Py_ssize_t start = 0;
        Py_ssize_t stop = 0;
        Py_ssize_t step = 0;
        expect(PySlice_Unpack(key, &start, &stop, &step) == 0);
        const Py_ssize_t count = PySlice_AdjustIndices(vector_length(self), &start, &stop, step);
        return std::visit([&](const auto& of) { return like(self, sliced(of, start, step, count)); }, in);
    });
}
/// Where the first element is that equals `value`, in [first, last); `last` if none does.
[[nodiscard]] std::size_t find(const any_vector& in, PyObject* value, std::size_t first, std::size_t last) {
    return std::visit(
        [&](const auto& of) {
            for (; first < last; ++first) {
                const nb::object each = own(to_python(of[first]));
                if (object_ref::are_equal(each.ptr(), value)) { break; }
            }
            return first;
        },
        in);
}
int vector_contains(PyObject* self, PyObject* value) {
    return guarded(-1, [&] {
        const std::size_t size = size_of(vector_in(self));
        return find(vector_in(self), value, 0, size) < size ? 1 : 0;
    });
}
PyObject* vector_index(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return guarded([&] {
        expect_count("index()", count, 1, 3);
        const std::size_t size = size_of(vector_in(self));
        const std::size_t first = count > 1 ? position_in(args[1], size) : 0;
        const std::size_t last = count > 2 ? position_in(args[2], size) : size;
        const std::size_t found = find(vector_in(self), args[0], first, last);
        if (found >= last) { raise_format(PyExc_ValueError, "%R is not in the Vector", args[0]); }
        return own(PyLong_FromSize_t(found));
    });
}
PyObject* vector_count(PyObject* self, PyObject* value) {
    return guarded([&] {
        const std::size_t size = size_of(vector_in(self));
        std::size_t count = 0;
        for (std::size_t at = 0; (at = find(vector_in(self), value, at, size)) < size; ++at) { ++count; }
        return own(PyLong_FromSize_t(count));
    });
}
PyObject* vector_tolist(PyObject* self, PyObject* /*none*/) {
    return guarded([&] {
        if (const auto* objects = std::get_if<0>(&vector_in(self))) { return content_of(*objects, 0, objects->size()); }
        nb::object made = own(PyList_New(vector_length(self)));
        std::visit(
            [&made, at = Py_ssize_t{0}](const auto& in) mutable {
                in.for_each_span([&](const auto& some) {
                    for (const auto& each : some) {
                        PyList_SET_ITEM(made.ptr(), at++, own(to_python(each)).release().ptr());
                    }
                });
            },
            vector_in(self));
        return made;
    });
}
PyObject* vector_runs(PyObject* self, PyObject* /*none*/) {
    return guarded([&] {
        constexpr std::size_t run_bytes = 4096;  // of objects a lowest inner node and what is below it
        nb::list made;
        std::visit(
            [&](const auto& in) {
                in.for_each_run(run_bytes / sizeof(element_of<decltype(in)>),
                                [&](const void* address, std::size_t first, std::size_t count) {
                                    made.append(shown_run(address, content_of(in, first, count)));
                                });
            },
            vector_in(self));
        return made;
    });
}

// ---- Iterating

/// Elements of one leaf after the other.
struct vector_iteration {
    object_ref of;
    std::size_t index = 0;
    const void* at = nullptr;  // the next element, in its leaf
    const void* end = nullptr;
};
PyObject* iterator_next(PyObject* self) {
    vector_iteration& in = held<vector_iteration>(self).value;
    return std::visit(
        [&in](const auto& of) -> PyObject* {
            using element = element_of<decltype(of)>;
            if (in.at == in.end) {
                if (in.index >= of.size()) { return nullptr; }
                const auto some = of.span_at(in.index);
                in.index += some.size();
                in.at = some.data();
                in.end = some.data() + some.size();
            }
            const auto* next = static_cast<const element*>(in.at);
            in.at = next + 1;
            return to_python(*next);
        },
        vector_in(in.of.get()));
}
PyObject* iterator_length(PyObject* self, PyObject* /*none*/) {
    vector_iteration& in = held<vector_iteration>(self).value;
    return std::visit(
        [&in](const auto& of) {
            using element = element_of<decltype(of)>;
            const auto left = static_cast<const element*>(in.end) - static_cast<const element*>(in.at);
            return PyLong_FromSize_t(of.size() - in.index + static_cast<std::size_t>(left));
        },
        vector_in(in.of.get()));
}
int iterator_traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(held<vector_iteration>(self).value.of.get());
    return 0;
}
PyObject* vector_iter(PyObject* self) {
    return guarded([&] { return make(vector_iterator_type, vector_iteration{.of = object_ref(self)}); });
}

// ---- Changing

PyObject* vector_append(PyObject* self, PyObject* value) {
    return guarded([&] {
        return std::visit(
            [&](const auto& in) { return like(self, in.push_back(from_python<element_of<decltype(in)>>(value))); },
            vector_in(self));
    });
}
PyObject* vector_extend(PyObject* self, PyObject* iterable) {
    return guarded([&] {
        any_vector made = vector_in(self);
        extend(made, iterable);
        return like(self, std::move(made));
    });
}
PyObject* vector_set(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return guarded([&] {
        expect_count("set()", count, 2, 2);
        return std::visit(
            [&](const auto& in) {
                const std::size_t at = index_in(integer(args[0]), in.size(), "Vector");
                return like(self, in.set(at, from_python<element_of<decltype(in)>>(args[1])));
            },
            vector_in(self));
    });
}
PyObject* vector_insert(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return guarded([&] {
        expect_count("insert()", count, 2, 2);
        return std::visit(
            [&](const auto& in) {
                const std::size_t at = position_in(args[0], in.size());
                return like(self, in.insert(at, from_python<element_of<decltype(in)>>(args[1])));
            },
            vector_in(self));
    });
}
/// delete(index) and delete(start, stop).
PyObject* vector_delete(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return guarded([&] {
        expect_count("delete()", count, 1, 2);
        return std::visit(
            [&](const auto& in) {
                if (count == 1) { return like(self, in.erase(index_in(integer(args[0]), in.size(), "Vector"))); }
                const std::size_t first = position_in(args[0], in.size());
                return like(self, in.erase(first, std::max(first, position_in(args[1], in.size()))));
            },
            vector_in(self));
    });
}
PyObject* vector_remove(PyObject* self, PyObject* value) {
    return guarded([&] {
        const std::size_t at = find(vector_in(self), value, 0, size_of(vector_in(self)));
        if (at >= size_of(vector_in(self))) { raise_format(PyExc_ValueError, "%R is not in the Vector", value); }
        return std::visit([&](const auto& in) { return like(self, in.erase(at)); }, vector_in(self));
    });
}
PyObject* vector_pop(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return guarded([&] {
        expect_count("pop()", count, 0, 1);
        return std::visit(
            [&](const auto& in) {
                if (in.empty()) { raise(PyExc_IndexError, "pop from an empty Vector"); }
                const std::size_t at = count == 0 ? in.size() - 1 : index_in(integer(args[0]), in.size(), "Vector");
                return like(self, at + 1 == in.size() ? in.pop_back() : in.erase(at));
            },
            vector_in(self));
    });
}
PyObject* vector_concat(PyObject* self, PyObject* other) {
    if (!is_vector(self) || !is_vector(other)) { Py_RETURN_NOTIMPLEMENTED; }
    return guarded([&] {
        return std::visit(
            [&](const auto& a) {
                const auto& b = same_kind<std::remove_cvref_t<decltype(a)>>(other, "Vector + Vector");
                expect_room(a.size(), b.size());
                return like(self, a + b);
            },
            vector_in(self));
    });
}
PyObject* vector_repeat(PyObject* self, Py_ssize_t times) {
    return guarded([&] {
        return std::visit(
            [&](auto doubled) {
                decltype(doubled) made;
                if (doubled.empty()) { times = 0; }
                if (times > 0 && doubled.size() > length_most / static_cast<std::size_t>(times)) { refuse_length(); }
                for (; times > 0; times >>= 1) {
                    if ((times & 1) != 0) { made += doubled; }
                    if (times > 1) { doubled += doubled; }
                }
                return like(self, std::move(made));
            },
            vector_in(self));
    });
}

// ---- Comparing

/// As resident::first_difference, of vectors of different kinds, whose numbers are compared as Python does.
[[nodiscard]] std::size_t first_difference(PyObject* a, PyObject* b) {
    const Py_ssize_t both = std::min(vector_length(a), vector_length(b));
    for (Py_ssize_t at = 0; at < both; ++at) {
        const nb::object in_a = own(vector_item(a, at));
        const nb::object in_b = own(vector_item(b, at));
        if (!object_ref::are_equal(in_a.ptr(), in_b.ptr())) { return static_cast<std::size_t>(at); }
    }
    return static_cast<std::size_t>(both);
}
PyObject* vector_compare(PyObject* self, PyObject* other, int how) {
    if (!is_vector(other)) { Py_RETURN_NOTIMPLEMENTED; }
    return guarded([&] {
        const Py_ssize_t in_a = vector_length(self);
        const Py_ssize_t in_b = vector_length(other);
        if (in_a != in_b && (how == Py_EQ || how == Py_NE)) { return nb::borrow(how == Py_NE ? Py_True : Py_False); }
        const std::size_t at = std::visit(
            [&](const auto& a) {
                const auto* b = std::get_if<std::remove_cvref_t<decltype(a)>>(&vector_in(other));
                return b != nullptr ? resident::first_difference(a, *b) : first_difference(self, other);
            },
            vector_in(self));
        const auto here = static_cast<Py_ssize_t>(at);
        if (here == in_a || here == in_b) {
            const nb::object a = own(PyLong_FromSsize_t(in_a));
            return own(PyObject_RichCompare(a.ptr(), own(PyLong_FromSsize_t(in_b)).ptr(), how));
        }
        if (how == Py_EQ || how == Py_NE) { return nb::borrow(how == Py_NE ? Py_True : Py_False); }
        const nb::object a = own(vector_item(self, here));
        return own(PyObject_RichCompare(a.ptr(), own(vector_item(other, here)).ptr(), how));
    });
}
/// Vectors that are equal have one hash, whatever their kinds.
Py_hash_t vector_hash(PyObject* self) {
    return guarded<Py_hash_t>(-1, [&] {
        Py_hash_t& known = held<any_vector>(self).hash;
        if (known != -1) { return known; }
        const nested_hash counted;
        std::uint64_t mixed = 0x27d4'eb2f'1656'67c5;
        for (Py_ssize_t at = 0; at < vector_length(self); ++at) {
            mixed += static_cast<std::uint64_t>(hash_of(own(vector_item(self, at)).ptr())) * 0xc2b2'ae3d'27d4'eb4f;
            mixed = (mixed << 31 | mixed >> 33) * 0x9e37'79b1'85eb'ca87;
        }
        known = static_cast<Py_hash_t>(mixed);
        if (known == -1) { known = -2; }
        return known;
    });
}
/// What differs, as a list of (at, removed, position, inserted).
PyObject* vector_diff(PyObject* self, PyObject* other) {
    return guarded([&] {
        return std::visit(
            [&](const auto& a) {
                nb::list made;
                for (const splice& each : diff(a, same_kind<std::remove_cvref_t<decltype(a)>>(other, "diff"))) {
                    made.append(nb::make_tuple(each.at, each.removed, each.position, each.inserted));
                }
                return made;
            },
            vector_in(self));
    });
}
/// _merge(ours, theirs, resolve): `resolve(at, base, ours, theirs)` returns a Vector.
PyObject* vector_merge(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return guarded([&] {
        expect_count("_merge()", count, 3, 3);
        return std::visit(
            [&](const auto& base) {
                using vector = std::remove_cvref_t<decltype(base)>;
                const auto resolve = [&](const merge_conflict<vector>& met) {
                    const nb::object said =
                        nb::borrow(args[2])(met.at, like(self, met.base), like(self, met.ours), like(self, met.theirs));
                    return same_kind<vector>(said.ptr(), "resolve");
                };
                return like(self, merge(base, same_kind<vector>(args[0], "merge"), same_kind<vector>(args[1], "merge"),
                                        resolve));
            },
            vector_in(self));
    });
}

// ---- Buffers

/// Numbers of one leaf, in memory that `of` holds.
struct leaf_view {
    object_ref of;
    const void* first;
    Py_ssize_t count;
    Py_ssize_t size;
};
int leaf_buffer(PyObject* self, Py_buffer* view, int flags) {
    leaf_view& in = held<leaf_view>(self).value;
    const any_vector& of = vector_in(in.of.get());
    if (PyBuffer_FillInfo(view, self, const_cast<void*>(in.first), in.count * in.size, 1, flags) != 0) { return -1; }
    view->itemsize = in.size;
    if ((flags & PyBUF_FORMAT) != 0) { view->format = const_cast<char*>(kinds[of.index()].format); }
    if ((flags & PyBUF_ND) != 0) { view->shape = &in.count; }
    if ((flags & PyBUF_STRIDES) == PyBUF_STRIDES) { view->strides = &in.size; }
    return 0;
}
int leaf_traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(held<leaf_view>(self).value.of.get());
    return 0;
}
template <class Span>
[[nodiscard]] nb::object leaf_of(PyObject* self, const Span& some) {
    return make(leaf_type, leaf_view{object_ref(self), some.data(), static_cast<Py_ssize_t>(some.size()),
                                     sizeof(typename Span::value_type)});
}
void expect_numbers(PyObject* self) {
    if (vector_in(self).index() == 0) {
        raise(PyExc_BufferError,
              "a Vector of objects has no buffer: give it a dtype, as in Vector(values, dtype='f8')");
    }
}
/// Read-only views of the numbers, leaf by leaf.
PyObject* vector_leaves(PyObject* self, PyObject* /*none*/) {
    return guarded([&] {
        expect_numbers(self);
        nb::list made;
        std::visit(
            [&](const auto& in) {
                in.for_each_span(
                    [&](const auto& some) { made.append(own(PyMemoryView_FromObject(leaf_of(self, some).ptr()))); });
            },
            vector_in(self));
        return made;
    });
}
/// Of all numbers, where they lie in one leaf.
int vector_buffer(PyObject* self, Py_buffer* view, int flags) {
    view->obj = nullptr;
    return guarded(-1, [&] {
        expect_numbers(self);
        return std::visit(
            [&](const auto& in) {
                const auto some = in.empty() ? std::span<const element_of<decltype(in)>>() : in.span_at(0);
                if (some.size() != in.size()) {
                    raise(PyExc_BufferError, "the Vector lies in several leaves: use leaves() or to_numpy()");
                }
                return leaf_buffer(leaf_of(self, some).ptr(), view, flags);
            },
            vector_in(self));
    });
}
PyObject* vector_dtype(PyObject* self, void* /*none*/) {
    const std::size_t kind = vector_in(self).index();
    if (kind == 0) { Py_RETURN_NONE; }
    return PyUnicode_FromString(kinds[kind].dtype);
}

// ---- The type

int vector_traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    return visit_own(vector_in(self), visit, arg);
}
int vector_clear(PyObject* self) {
    const any_vector cleared = std::exchange(vector_in(self), any_vector());
    return 0;
}
PyObject* vector_edit(PyObject* self, PyObject* /*none*/) {
    return guarded([&] { return nb::borrow(reinterpret_cast<PyObject*>(vector_edit_type))(nb::borrow(self)); });
}

PyMethodDef vector_methods[] = {
    class_getitem,
    {"append", vector_append, METH_O, nullptr},
    {"count", vector_count, METH_O, nullptr},
    {"delete", method(vector_delete), METH_FASTCALL, nullptr},
    {"edit", vector_edit, METH_NOARGS, nullptr},
    {"extend", vector_extend, METH_O, nullptr},
    {"index", method(vector_index), METH_FASTCALL, nullptr},
    {"insert", method(vector_insert), METH_FASTCALL, nullptr},
    {"leaves", vector_leaves, METH_NOARGS, nullptr},
    {"pop", method(vector_pop), METH_FASTCALL, nullptr},
    {"remove", vector_remove, METH_O, nullptr},
    {"set", method(vector_set), METH_FASTCALL, nullptr},
    {"tolist", vector_tolist, METH_NOARGS, nullptr},
    {"_diff", vector_diff, METH_O, nullptr},
    {"_merge", method(vector_merge), METH_FASTCALL, nullptr},
    {"_runs", vector_runs, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef vector_properties[] = {{"dtype", vector_dtype, nullptr, nullptr, nullptr}, {}};
PyType_Slot vector_slots[] = {
    {Py_tp_new, slot(vector_new)},           {Py_tp_dealloc, slot(end<any_vector>)},
    {Py_tp_traverse, slot(vector_traverse)}, {Py_tp_clear, slot(vector_clear)},
    {Py_tp_iter, slot(vector_iter)},         {Py_tp_richcompare, slot(vector_compare)},
    {Py_tp_hash, slot(vector_hash)},         {Py_tp_methods, vector_methods},
    {Py_tp_getset, vector_properties},       {Py_sq_length, slot(vector_length)},
    {Py_sq_item, slot(vector_item)},         {Py_sq_contains, slot(vector_contains)},
    {Py_sq_repeat, slot(vector_repeat)},     {Py_nb_add, slot(vector_concat)},
    {Py_mp_length, slot(vector_length)},     {Py_mp_subscript, slot(vector_subscript)},
    {Py_bf_getbuffer, slot(vector_buffer)},  {0, nullptr},
};
PyType_Spec vector_spec{"coppice._collections.Vector", sizeof(holder<any_vector>), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, vector_slots};

PyMethodDef iterator_methods[] = {{"__length_hint__", iterator_length, METH_NOARGS, nullptr}, {}};
PyType_Slot iterator_slots[] = {
    {Py_tp_dealloc, slot(end<vector_iteration>)},
    {Py_tp_traverse, slot(iterator_traverse)},
    {Py_tp_iter, slot(PyObject_SelfIter)},
    {Py_tp_iternext, slot(iterator_next)},
    {Py_tp_methods, iterator_methods},
    {0, nullptr},
};
PyType_Spec iterator_spec{"coppice._collections.VectorIterator", sizeof(holder<vector_iteration>), 0, made_here_flags,
                          iterator_slots};

PyType_Slot leaf_slots[] = {
    {Py_tp_dealloc, slot(end<leaf_view>)},
    {Py_tp_traverse, slot(leaf_traverse)},
    {Py_bf_getbuffer, slot(leaf_buffer)},
    {0, nullptr},
};
PyType_Spec leaf_spec{"coppice._collections.Leaf", sizeof(holder<leaf_view>), 0, made_here_flags, leaf_slots};

}  // namespace

void extend(any_vector& made, PyObject* iterable) {
    std::visit(
        [&](auto& in) {
            using element = element_of<decltype(in)>;
            if (is_vector(iterable) && vector_in(iterable).index() == made.index()) {
                expect_room(in.size(), size_of(vector_in(iterable)));
                in += std::get<vector_of<element>>(vector_in(iterable));
                return;
            }
            if constexpr (!std::is_same_v<element, object_ref>) {
                if (auto numbers = from_buffer<element>(iterable)) {
                    in += *numbers;
                    return;
                }
            }
            auto edit = in.edit();
            if (std::is_same_v<element, object_ref> && (PyList_CheckExact(iterable) || PyTuple_CheckExact(iterable))) {
                PyObject** const items = PySequence_Fast_ITEMS(iterable);  // nothing here runs what could change it
                const Py_ssize_t count = PySequence_Fast_GET_SIZE(iterable);
                for (Py_ssize_t at = 0; at < count; ++at) {
                    __builtin_prefetch(items[std::min(at + 40, count - 1)], 1);  // its count is about to change
                    edit.push_back(from_python<element>(items[at]));
                }
            } else {
                for_each_of(iterable, [&](PyObject* each) { edit.push_back(from_python<element>(each)); });
            }
            in = std::move(edit).done();
        },
        made);
}
int visit_own(const any_vector& of, visitproc visit, void* arg) {
    const auto* objects = std::get_if<0>(&of);
    int stopped = 0;
    if (objects != nullptr) {
        objects->for_each_unshared([&](const object_ref& each) {
            if (stopped == 0) { stopped = visit(each.get(), arg); }
        });
    }
    return stopped;
}
void add_vector(nb::module_& module) {
    vector_type = make_type(module, vector_spec, "Vector");
    vector_iterator_type = make_type(module, iterator_spec, "VectorIterator");
    leaf_type = make_type(module, leaf_spec, "Leaf");
    add_vector_edit(module);
}

}  // namespace coppice::python
