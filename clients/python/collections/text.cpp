// clients/python/collections/text.cpp: the base type of coppice.Text, whose positions count code points.
#include <algorithm>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include <coppice/text.hpp>

#include "edits.hpp"

namespace coppice::python {
namespace {

using text = basic_text<python_nodes>;
using edit = edit_of<text>;

PyTypeObject* text_type = nullptr;
PyTypeObject* text_edit_type = nullptr;

[[nodiscard]] text& text_in(PyObject* self) noexcept { return held<text>(self).value; }
[[nodiscard]] bool is_text(PyObject* of) noexcept { return PyObject_TypeCheck(of, text_type) != 0; }
[[nodiscard]] bool is_any_text(PyObject* of) noexcept { return is_text(of) || PyUnicode_Check(of) != 0; }
[[nodiscard]] nb::object like(PyObject* self, text value) { return make(Py_TYPE(self), std::move(value)); }

[[nodiscard]] std::string_view utf8_of(PyObject* of) {
    if (PyUnicode_Check(of) == 0) {
        raise_format(PyExc_TypeError, "Text takes str or Text, not %s", Py_TYPE(of)->tp_name);
    }
    Py_ssize_t size = 0;
    const char* bytes = PyUnicode_AsUTF8AndSize(of, &size);
    expect(bytes != nullptr);
    return {bytes, static_cast<std::size_t>(size)};
}
/// The same, or nothing for a str that has no UTF-8, since a surrogate stands alone in it: it is in no text.
[[nodiscard]] std::optional<std::string_view> utf8_if_any(PyObject* of) {
    try {
        return utf8_of(of);
    } catch (const nb::python_error& raised) {
        if (!raised.matches(PyExc_UnicodeEncodeError)) { throw; }
        return std::nullopt;
    }
}
[[nodiscard]] text text_of(PyObject* of) { return is_text(of) ? text_in(of) : text(utf8_of(of)); }
[[nodiscard]] nb::object str_of(const text& of) {
    const std::string all = of.to_string();
    return own(PyUnicode_FromStringAndSize(all.data(), static_cast<Py_ssize_t>(all.size())));
}
/// Bytes [first, last), given as slices of Python are, by code points.
struct stretch {
    std::size_t first;
    std::size_t last;
};
[[nodiscard]] stretch stretch_in(const text& in, PyObject* start, PyObject* stop) {
    const std::size_t length = in.length();
    const std::size_t first = position_in(start, length);
    const std::size_t last = std::max(first, position_in(stop, length));
    return {in.position_of_code_point(first), in.position_of_code_point(last)};
}
[[nodiscard]] text replaced(text in, const stretch& of, PyObject* by) {
    return is_text(by) ? in.replace(of.first, of.last, text_in(by))
                       : std::move(in).replace(of.first, of.last, utf8_of(by));
}

PyObject* text_new(PyTypeObject* type, PyObject* args, PyObject* named) {
    return guarded([&] {
        PyObject* from = nullptr;
        if (named != nullptr && PyDict_Size(named) != 0) { raise(PyExc_TypeError, "Text takes no keyword arguments"); }
        expect(PyArg_ParseTuple(args, "|O:Text", &from) != 0);
        if (from != nullptr && Py_TYPE(from) == type) { return nb::borrow(from); }
        return make(type, from == nullptr ? text() : text_of(from));
    });
}

// ---- Looking

Py_ssize_t text_length(PyObject* self) { return static_cast<Py_ssize_t>(text_in(self).length()); }
PyObject* text_str(PyObject* self) {
    return guarded([&] { return str_of(text_in(self)); });
}
/// A code point as a str, or a slice as a text of `type`.
[[nodiscard]] nb::object subscripted(const text& in, PyTypeObject* type, PyObject* key) {
    const std::size_t length = in.length();
    if (PySlice_Check(key) == 0) {
        if (PyIndex_Check(key) == 0) {
            raise_format(PyExc_TypeError, "Text indices are integers or slices, not %s", Py_TYPE(key)->tp_name);
        }
        const std::size_t at = index_in(integer(key), length, "Text");
        const auto point = static_cast<Py_UCS4>(in.code_point_at(in.position_of_code_point(at)));
        return own(PyUnicode_FromKindAndData(PyUnicode_4BYTE_KIND, &point, 1));
    }
    Py_ssize_t start = 0;
    Py_ssize_t stop = 0;
    Py_ssize_t step = 0;
    expect(PySlice_Unpack(key, &start, &stop, &step) == 0);
    const Py_ssize_t count = PySlice_AdjustIndices(static_cast<Py_ssize_t>(length), &start, &stop, step);
    if (step != 1) { return make(type, text(utf8_of(own(PyObject_GetItem(str_of(in).ptr(), key)).ptr()))); }
    return make(type, in.slice(in.position_of_code_point(static_cast<std::size_t>(start)),
                               in.position_of_code_point(static_cast<std::size_t>(start + count))));
}
PyObject* text_subscript(PyObject* self, PyObject* key) {
    return guarded([&] { return subscripted(text_in(self), Py_TYPE(self), key); });
}
PyObject* text_line(PyObject* self, PyObject* line) {
    return guarded([&] {
        const std::size_t at = index_in(integer(line), text_in(self).line_count(), "line");
        return like(self, text_in(self).line(at));
    });
}
PyObject* text_line_of(PyObject* self, PyObject* index) {
    return guarded([&] {
        const text& in = text_in(self);
        return own(PyLong_FromSize_t(in.line_of(in.position_of_code_point(position_in(index, in.length())))));
    });
}
/// Where a line begins; the end for the one behind the last.
PyObject* text_line_start(PyObject* self, PyObject* line) {
    return guarded([&] {
        const text& in = text_in(self);
        const Py_ssize_t given = integer(line);
        if (given == static_cast<Py_ssize_t>(in.line_count())) { return own(PyLong_FromSize_t(in.length())); }
        const std::size_t at = index_in(given, in.line_count(), "line");
        return own(PyLong_FromSize_t(in.code_points_before(in.position_of_line(at))));
    });
}
PyObject* text_line_count(PyObject* self, void* /*none*/) { return PyLong_FromSize_t(text_in(self).line_count()); }

// ---- Searching, with the arguments of str's methods

/// Bytes that are looked for.
class wanted {
public:
    explicit wanted(PyObject* said) : held_(is_text(said) ? str_of(text_in(said)) : nb::borrow(said)) {
        if (const auto utf8 = utf8_if_any(held_.ptr())) { bytes_ = *utf8; }
        possible_ = !bytes_.empty() || PyUnicode_GET_LENGTH(held_.ptr()) == 0;
    }
    /// False for what is in no text.
    [[nodiscard]] bool is_possible() const noexcept { return possible_; }
    [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }

private:
    nb::object held_;
    std::string_view bytes_;
    bool possible_ = false;
};
/// What is searched: the part that args[1] and args[2] say, which may be missing or None.
struct searched {
    text part;
    std::size_t first;  ///< where it begins, in bytes
};
[[nodiscard]] std::optional<searched> part_of(const text& in, PyObject* const* args, Py_ssize_t count) {
    const auto length = static_cast<Py_ssize_t>(in.length());
    const auto position = [&](Py_ssize_t argument, Py_ssize_t otherwise) {
        if (count <= argument || args[argument] == Py_None) { return otherwise; }
        const Py_ssize_t given = PyNumber_AsSsize_t(args[argument], nullptr);
        expect(given != -1 || PyErr_Occurred() == nullptr);
        return given < 0 ? std::max<Py_ssize_t>(0, given + length) : given;
    };
    const Py_ssize_t first = position(1, 0);
    const Py_ssize_t last = std::min(position(2, length), length);
    if (first > last) { return std::nullopt; }  // in which not even an empty text is
    const std::size_t begin = in.position_of_code_point(static_cast<std::size_t>(first));
    return searched{in.slice(begin, in.position_of_code_point(static_cast<std::size_t>(last))), begin};
}
int text_contains(PyObject* self, PyObject* said) {
    return guarded(-1, [&] {
        const wanted what(said);
        return what.is_possible() && text_in(self).contains(what.bytes()) ? 1 : 0;
    });
}
/// The code point at which it is; -1 where it is not.
[[nodiscard]] Py_ssize_t found_at(const text& in, PyObject* const* args, Py_ssize_t count) {
    const wanted what(args[0]);
    const auto where = part_of(in, args, count);
    const auto found = where && what.is_possible() ? where->part.find(what.bytes()) : std::nullopt;
    return found ? static_cast<Py_ssize_t>(in.code_points_before(where->first + *found)) : -1;
}
PyObject* text_find(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return guarded([&] {
        expect_count("find()", count, 1, 3);
        return own(PyLong_FromSsize_t(found_at(text_in(self), args, count)));
    });
}
PyObject* text_index(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return guarded([&] {
        expect_count("index()", count, 1, 3);
        const Py_ssize_t at = found_at(text_in(self), args, count);
        if (at < 0) { raise(PyExc_ValueError, "what index() looks for is not in the Text"); }
        return own(PyLong_FromSsize_t(at));
    });
}
/// How often it is there, none of them inside another.
PyObject* text_count(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return guarded([&] {
        expect_count("count()", count, 1, 3);
        const wanted what(args[0]);
        const auto where = part_of(text_in(self), args, count);
        if (!where || !what.is_possible()) { return own(PyLong_FromLong(0)); }
        if (what.bytes().empty()) { return own(PyLong_FromSize_t(where->part.length() + 1)); }
        std::size_t met = 0;
        for (std::size_t from = 0; const auto found = where->part.find(what.bytes(), from); ++met) {
            from = *found + what.bytes().size();
        }
        return own(PyLong_FromSize_t(met));
    });
}
/// `is_at(part, bytes)` for the str or Text that args[0] is, or for one of a tuple.
template <class IsAt>
PyObject* text_is_at(const char* name, PyObject* self, PyObject* const* args, Py_ssize_t count, IsAt is_at) {
    return guarded([&] {
        expect_count(name, count, 1, 3);
        const auto where = part_of(text_in(self), args, count);
        const auto is_met = [&](PyObject* said) {
            const wanted what(said);
            return where && what.is_possible() && is_at(where->part, what.bytes());
        };
        bool met = false;
        if (PyTuple_Check(args[0]) == 0) {
            met = is_met(args[0]);
        } else {
            for (Py_ssize_t at = 0; !met && at < PyTuple_GET_SIZE(args[0]); ++at) {
                met = is_met(PyTuple_GET_ITEM(args[0], at));
            }
        }
        return nb::borrow(met ? Py_True : Py_False);
    });
}
PyObject* text_startswith(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return text_is_at("startswith()", self, args, count,
                      [](const text& in, std::string_view bytes) { return in.starts_with(bytes); });
}
PyObject* text_endswith(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return text_is_at("endswith()", self, args, count,
                      [](const text& in, std::string_view bytes) { return in.ends_with(bytes); });
}

// ---- Comparing

/// By code points. A str in which a surrogate stands alone has bytes as well, in the same order.
[[nodiscard]] std::strong_ordering order_of(const text& a, PyObject* b) {
    if (is_text(b)) { return a <=> text_in(b); }
    if (const auto utf8 = utf8_if_any(b)) { return a <=> *utf8; }
    const nb::object bytes = own(PyUnicode_AsEncodedString(b, "utf-8", "surrogatepass"));
    const auto size = static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.ptr()));
    return a <=> std::string_view(PyBytes_AS_STRING(bytes.ptr()), size);
}
PyObject* text_compare(PyObject* self, PyObject* other, int how) {
    if (!is_any_text(other)) { Py_RETURN_NOTIMPLEMENTED; }
    return guarded([&] {
        if (!is_text(other) && (how == Py_EQ || how == Py_NE)) {
            const auto utf8 = utf8_if_any(other);
            const bool same = utf8 && text_in(self) == *utf8;
            return nb::borrow(same == (how == Py_EQ) ? Py_True : Py_False);
        }
        const std::strong_ordering order = order_of(text_in(self), other);
        const nb::object said = own(PyLong_FromLong(order < 0 ? -1 : order > 0 ? 1 : 0));
        return own(PyObject_RichCompare(said.ptr(), own(PyLong_FromLong(0)).ptr(), how));
    });
}
/// That of the str, which it equals.
Py_hash_t text_hash(PyObject* self) {
    return guarded<Py_hash_t>(-1, [&] {
        Py_hash_t& known = held<text>(self).hash;
        if (known == -1) { known = hash_of(str_of(text_in(self)).ptr()); }
        return known;
    });
}

// ---- Changing

PyObject* text_add(PyObject* a, PyObject* b) {
    if (!is_any_text(a) || !is_any_text(b)) { Py_RETURN_NOTIMPLEMENTED; }
    return guarded([&] { return like(is_text(a) ? a : b, text_of(a) + text_of(b)); });
}
PyObject* text_insert(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return guarded([&] {
        expect_count("insert()", count, 2, 2);
        return like(self, replaced(text_in(self), stretch_in(text_in(self), args[0], args[0]), args[1]));
    });
}
PyObject* text_replace(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return guarded([&] {
        expect_count("replace()", count, 3, 3);
        return like(self, replaced(text_in(self), stretch_in(text_in(self), args[0], args[1]), args[2]));
    });
}
PyObject* text_delete(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return guarded([&] {
        expect_count("delete()", count, 2, 2);
        const stretch of = stretch_in(text_in(self), args[0], args[1]);
        return like(self, text_in(self).erase(of.first, of.last));
    });
}
PyObject* text_begin_edit(PyObject* self, PyObject* /*none*/) {
    return guarded([&] { return nb::borrow(reinterpret_cast<PyObject*>(text_edit_type))(nb::borrow(self)); });
}
/// What differs, as a list of (at, removed, position, inserted), in code points.
PyObject* text_diff(PyObject* self, PyObject* other) {
    return guarded([&] {
        if (!is_text(other)) { raise_format(PyExc_TypeError, "diff takes a Text, not %s", Py_TYPE(other)->tp_name); }
        const text& a = text_in(self);
        const text& b = text_in(other);
        nb::list made;
        for (const splice& each : diff(a, b)) {
            const std::size_t at = a.code_points_before(each.at);
            const std::size_t position = b.code_points_before(each.position);
            made.append(nb::make_tuple(at, a.code_points_before(each.at + each.removed) - at, position,
                                       b.code_points_before(each.position + each.inserted) - position));
        }
        return made;
    });
}
/// _merge(ours, theirs, resolve): `resolve(at, base, ours, theirs)` returns a Text or str.
PyObject* text_merge(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return guarded([&] {
        expect_count("_merge()", count, 3, 3);
        const text& base = text_in(self);
        return like(self, merge(base, text_of(args[0]), text_of(args[1]), [&](const merge_conflict<text>& met) {
                        return text_of(nb::borrow(args[2])(base.code_points_before(met.at), like(self, met.base),
                                                           like(self, met.ours), like(self, met.theirs))
                                           .ptr());
                    }));
    });
}

/// As bytes, for runs may end inside a code point.
PyObject* text_runs(PyObject* self, PyObject* /*none*/) {
    return guarded([&] {
        const text& in = text_in(self);
        nb::list made;
        in.for_each_run(1, [&](const void* address, std::size_t first, std::size_t /*count*/) {
            const std::string_view some = in.span_at(first);  // all of a leaf
            made.append(shown_run(address, nb::bytes(some.data(), some.size())));
        });
        return made;
    });
}

// ---- Many changes

PyObject* edit_append(PyObject* self, PyObject* given) {
    return edit::change(self, [&](text& made) { is_text(given) ? made += text_in(given) : made += utf8_of(given); });
}
PyObject* edit_replace(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return edit::change(self, [&](text& made) {
        expect_count("replace()", count, 3, 3);
        const stretch of = stretch_in(made, args[0], args[1]);
        made = is_text(args[2]) ? made.replace(of.first, of.last, text_in(args[2]))
                                : std::move(made).replace(of.first, of.last, utf8_of(args[2]));
    });
}
PyObject* edit_insert(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    if (count != 2) {
        return guarded([&]() -> nb::object { raise(PyExc_TypeError, "insert() takes 2 arguments"); });
    }
    PyObject* const all[] = {args[0], args[0], args[1]};
    return edit_replace(self, all, 3);
}
PyObject* edit_delete(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return edit::change(self, [&](text& made) {
        expect_count("delete()", count, 2, 2);
        const stretch of = stretch_in(made, args[0], args[1]);
        made = std::move(made).erase(of.first, of.last);
    });
}
PyObject* edit_clear(PyObject* self, PyObject* /*none*/) {
    return edit::change(self, [](text& made) { made = {}; });
}
Py_ssize_t edit_length(PyObject* self) {
    return guarded<Py_ssize_t>(-1, [&] { return static_cast<Py_ssize_t>(edit::shown(self).length()); });
}
PyObject* edit_subscript(PyObject* self, PyObject* key) {
    return guarded([&] {
        const text now = edit::shown(self);  // which asking the key for its number may change
        return subscripted(now, edit::kind_of(self), key);
    });
}
PyObject* edit_str(PyObject* self) {
    return guarded([&] { return str_of(edit::shown(self)); });
}
int edit_traverse(PyObject* self, visitproc visit, void* arg) {
    edit::visit_types(self, visit, arg);
    return 0;
}

// ---- The types

int text_traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    return 0;
}
PyMethodDef text_methods[] = {
    {"count", method(text_count), METH_FASTCALL, nullptr},
    {"delete", method(text_delete), METH_FASTCALL, nullptr},
    {"edit", text_begin_edit, METH_NOARGS, nullptr},
    {"endswith", method(text_endswith), METH_FASTCALL, nullptr},
    {"find", method(text_find), METH_FASTCALL, nullptr},
    {"index", method(text_index), METH_FASTCALL, nullptr},
    {"insert", method(text_insert), METH_FASTCALL, nullptr},
    {"line", text_line, METH_O, nullptr},
    {"line_of", text_line_of, METH_O, nullptr},
    {"line_start", text_line_start, METH_O, nullptr},
    {"replace", method(text_replace), METH_FASTCALL, nullptr},
    {"startswith", method(text_startswith), METH_FASTCALL, nullptr},
    {"_diff", text_diff, METH_O, nullptr},
    {"_merge", method(text_merge), METH_FASTCALL, nullptr},
    {"_runs", text_runs, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef text_properties[] = {{"line_count", text_line_count, nullptr, nullptr, nullptr}, {}};
PyType_Slot text_slots[] = {
    {Py_tp_new, slot(text_new)},
    {Py_tp_dealloc, slot(end<text>)},
    {Py_tp_traverse, slot(text_traverse)},
    {Py_tp_richcompare, slot(text_compare)},
    {Py_tp_hash, slot(text_hash)},
    {Py_tp_str, slot(text_str)},
    {Py_tp_methods, text_methods},
    {Py_tp_getset, text_properties},
    {Py_sq_contains, slot(text_contains)},
    {Py_nb_add, slot(text_add)},
    {Py_mp_length, slot(text_length)},
    {Py_mp_subscript, slot(text_subscript)},
    {0, nullptr},
};
/// Immutable as str is: registering it as a Sequence does not make it one for the patterns of `match`.
PyType_Spec text_spec{"coppice._collections.Text", sizeof(holder<text>), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
                      text_slots};

PyMethodDef edit_methods[] = {
    class_getitem,
    {"append", edit_append, METH_O, nullptr},
    {"clear", edit_clear, METH_NOARGS, nullptr},
    {"delete", method(edit_delete), METH_FASTCALL, nullptr},
    {"done", edit::done, METH_NOARGS, nullptr},
    {"insert", method(edit_insert), METH_FASTCALL, nullptr},
    {"replace", method(edit_replace), METH_FASTCALL, nullptr},
    {"__enter__", edit::enter, METH_NOARGS, nullptr},
    {"__exit__", edit::leave, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

void add_text(nb::module_& module) {
    text_type = make_type(module, text_spec, "Text");
    text_edit_type = edit::add_type(module, text_type, "coppice._collections.TextEdit",
                                    {{Py_tp_traverse, slot(edit_traverse)},
                                     {Py_tp_str, slot(edit_str)},
                                     {Py_tp_methods, edit_methods},
                                     {Py_mp_length, slot(edit_length)},
                                     {Py_mp_subscript, slot(edit_subscript)}});
}

}  // namespace coppice::python
