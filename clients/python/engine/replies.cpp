#include "replies.hpp"

namespace coppice::python {

nb::object reply_reader::text(const flat_reply::item& item) const {
    const auto bytes = replies_.text_of(item);
    const auto size = static_cast<Py_ssize_t>(bytes.size());
    return own(decode_ ? PyUnicode_DecodeUTF8(bytes.data(), size, "strict")
                       : PyBytes_FromStringAndSize(bytes.data(), size));
}

nb::object reply_reader::list(std::int64_t size) {
    auto made = own(PyList_New(static_cast<Py_ssize_t>(size)));
    for (std::int64_t i = 0; i < size; ++i) {
        PyList_SET_ITEM(made.ptr(), static_cast<Py_ssize_t>(i), next().release().ptr());
    }
    return made;
}

nb::object reply_reader::map(std::int64_t values) {
    auto made = own(PyDict_New());
    for (std::int64_t i = 0; i < values; i += 2) {
        const auto key = next();
        const auto value = next();
        if (PyDict_SetItem(made.ptr(), key.ptr(), value.ptr()) != 0) { throw nb::python_error(); }
    }
    return made;
}

nb::object reply_reader::next() {
    using kind = flat_reply::kind;
    const auto item = here();
    ++at_;
    switch (item.is) {
        case kind::null: return nb::none();
        case kind::integer: return own(PyLong_FromLongLong(item.number));
        case kind::real: return own(PyFloat_FromDouble(item.real));
        case kind::boolean: return nb::bool_(item.number != 0);
        case kind::array:
        case kind::set: return list(item.number);
        case kind::map: return map(item.number);
        case kind::failure: {
            const auto said = replies_.text_of(item);
            const auto words = own(PyUnicode_DecodeUTF8(said.data(), static_cast<Py_ssize_t>(said.size()), "replace"));
            return own(PyObject_CallOneArg(make_error_.ptr(), words.ptr()));
        }
        default: return text(item);
    }
}

}  // namespace coppice::python
