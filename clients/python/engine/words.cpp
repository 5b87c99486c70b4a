#include "words.hpp"

#include <algorithm>

namespace coppice::python {

command_words::~command_words() {
    for (auto& each : buffers_) { PyBuffer_Release(&each); }
}

void command_words::add_made(std::string text) {
    if (!made_) { made_ = std::make_unique<std::deque<std::string>>(); }
    words_.push_back(made_->emplace_back(std::move(text)));
}

void command_words::add_command(nb::handle given) {
    const auto words = own(PySequence_Fast(given.ptr(), "a command is a sequence of words"));
    const auto count = PySequence_Fast_GET_SIZE(words.ptr());
    auto* const* const items = PySequence_Fast_ITEMS(words.ptr());
    words_.reserve(words_.size() + static_cast<std::size_t>(count) + 1);
    for (Py_ssize_t i = 0; i < count; ++i) { add(items[i]); }
    if (count > 0 && words_.front().find(' ') != std::string_view::npos) { add_name(words_.front()); }
}

/// Replaces the first word by the words that it consists of.
void command_words::add_name(std::string_view name) {
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at < name.size();) {
        const auto end = std::min(name.find(' ', at), name.size());
        if (end > at) { parts.push_back(name.substr(at, end - at)); }
        at = end + 1;
    }
    words_.erase(words_.begin());
    words_.insert(words_.begin(), parts.begin(), parts.end());
}

void command_words::add(PyObject* word) {
    if (PyUnicode_Check(word)) {
        Py_ssize_t size = 0;
        const char* const text = PyUnicode_AsUTF8AndSize(word, &size);
        if (text == nullptr) { throw nb::python_error(); }
        words_.emplace_back(text, static_cast<std::size_t>(size));
    } else if (PyBytes_Check(word)) {
        words_.emplace_back(PyBytes_AS_STRING(word), static_cast<std::size_t>(PyBytes_GET_SIZE(word)));
    } else if (PyLong_CheckExact(word)) {
        int overflow = 0;
        const long long number = PyLong_AsLongLongAndOverflow(word, &overflow);
        if (overflow == 0) { return add_made(std::to_string(number)); }
        const auto text = own(PyObject_Repr(word));
        add_made(PyUnicode_AsUTF8(text.ptr()));
    } else if (PyByteArray_Check(word) || PyMemoryView_Check(word)) {
        Py_buffer held;
        if (PyObject_GetBuffer(word, &held, PyBUF_SIMPLE) != 0) { throw nb::python_error(); }
        buffers_.push_back(held);
        words_.emplace_back(static_cast<const char*>(held.buf), static_cast<std::size_t>(held.len));
    } else if (!PyBool_Check(word) && (PyLong_Check(word) || PyFloat_Check(word))) {
        const auto text = own(PyObject_Repr(word));
        add_made(PyUnicode_AsUTF8(text.ptr()));
    } else {
        raise("argument", std::string("Invalid input of type: '") + Py_TYPE(word)->tp_name
                              + "'. Convert to a bytes, string, int or float first.");
    }
}

}  // namespace coppice::python
