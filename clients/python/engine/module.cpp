// clients/python/engine/module.cpp: coppice._engine, the compiled half of a client with a store of its own process.
//
//     store = open_folder("data") or open_memory()
//     session = store.session("main", 0, make_error)       one client: its branch, its key space, its MULTI
//     session.run(("SET", "k", "v"), True)                 the reply, made of Python objects
//
// The GIL is let go while the engine works: the words of a command are borrowed from Python objects that the caller
// holds, and replies become objects when it is back.  Errors: EngineError(name of the code, text).
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <deque>
#include <new>
#include <utility>

#include <coppice/tree/pool.hpp>

#include <embed/embedded_store.hpp>
#include <embed/flat_reply.hpp>
#include <storage/volatile_storage.hpp>
#include <wire/resp_writer.hpp>

#include "json_values.hpp"
#include "replies.hpp"
#include "words.hpp"

namespace coppice::python {
namespace {

constexpr std::align_val_t buffer_alignment{64};  // of gathered bytes: what any typed array wants

PyObject* engine_error = nullptr;

[[noreturn]] void raise(const error& failure) { python::raise(row_of(failure.code).name, failure.context); }

/// Replies of a call, whose memory the next call of this thread takes over.
class call_replies {
public:
    call_replies() : replies_(std::exchange(spare_, {})) {}
    ~call_replies() {
        replies_.clear();
        spare_ = std::move(replies_);
    }
    call_replies(const call_replies&) = delete;
    call_replies& operator=(const call_replies&) = delete;
    [[nodiscard]] flat_reply& get() noexcept { return replies_; }

private:
    static thread_local flat_reply spare_;
    flat_reply replies_;
};
thread_local flat_reply call_replies::spare_;

/// Bytes of a held value, or a copy of some, as a read-only buffer.
class byte_page {
public:
    byte_page(std::shared_ptr<held_bytes> from, std::string_view bytes) noexcept
        : held_(std::move(from)), bytes_(bytes) {}
    byte_page(char* gathered, std::size_t size) noexcept : gathered_(gathered), bytes_(gathered, size) {}
    ~byte_page() { ::operator delete(gathered_, buffer_alignment); }
    byte_page(const byte_page&) = delete;
    byte_page& operator=(const byte_page&) = delete;
    [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }
    [[nodiscard]] bool is_view() const noexcept { return gathered_ == nullptr; }

private:
    std::shared_ptr<held_bytes> held_;
    char* gathered_ = nullptr;
    std::string_view bytes_;
};

int fill_buffer(PyObject* self, Py_buffer* view, int flags) {
    const auto bytes = nb::inst_ptr<byte_page>(self)->bytes();
    return PyBuffer_FillInfo(view, self, const_cast<char*>(bytes.data()), static_cast<Py_ssize_t>(bytes.size()), 1,
                             flags);
}

PyType_Slot page_slots[] = {{Py_bf_getbuffer, reinterpret_cast<void*>(fill_buffer)}, {0, nullptr}};

class value_bytes {
public:
    explicit value_bytes(held_bytes held) : held_(std::make_shared<held_bytes>(std::move(held))) {}
    [[nodiscard]] std::uint64_t size() const noexcept { return held_->size(); }

    /// `count` bytes from `position` on: a view where they lie in one page, else copied together without the GIL.
    [[nodiscard]] byte_page* read(std::uint64_t position, std::uint64_t count) const {
        check(position, count);
        try {
            const nb::gil_scoped_release others_run;
            if (count == 0) { return new byte_page(held_, {}); }
            const auto page = held_->page_at(position);
            if (page.size() >= count) { return new byte_page(held_, page.substr(0, static_cast<std::size_t>(count))); }
            auto* const gathered =
                static_cast<char*>(::operator new(static_cast<std::size_t>(count), buffer_alignment));
            auto made = std::make_unique<byte_page>(gathered, static_cast<std::size_t>(count));
            held_->copy(position, count, gathered);
            return made.release();
        } catch (const load_error& failed) { raise(failed.cause()); }
    }
    /// Copies bytes into a writable buffer.
    void read_into(std::uint64_t position, nb::handle target) const {
        Py_buffer to;
        if (PyObject_GetBuffer(target.ptr(), &to, PyBUF_WRITABLE) != 0) { throw nb::python_error(); }
        try {
            check(position, static_cast<std::uint64_t>(to.len));
            const nb::gil_scoped_release others_run;
            held_->copy(position, static_cast<std::uint64_t>(to.len), static_cast<char*>(to.buf));
        } catch (const load_error& failed) {
            PyBuffer_Release(&to);
            raise(failed.cause());
        } catch (...) {
            PyBuffer_Release(&to);
            throw;
        }
        PyBuffer_Release(&to);
    }
    /// A view of the bytes from `position` to the end of their page.
    [[nodiscard]] byte_page* page(std::uint64_t position) const {
        check(position, 1);
        try {
            return new byte_page(held_, held_->page_at(position));
        } catch (const load_error& failed) { raise(failed.cause()); }
    }

private:
    void check(std::uint64_t position, std::uint64_t count) const {
        if (position > size() || count > size() - position) { throw nb::index_error("beyond the value's end"); }
    }
    std::shared_ptr<held_bytes> held_;
};

/// Several commands of Python's, each a sequence of words.  The caller holds them.
class command_list {
public:
    explicit command_list(nb::handle commands)
        : sequence_(own(PySequence_Fast(commands.ptr(), "expected a sequence of commands"))) {
        const auto count = PySequence_Fast_GET_SIZE(sequence_.ptr());
        for (Py_ssize_t i = 0; i < count; ++i) {
            all_.emplace_back(words_.emplace_back(PySequence_Fast_GET_ITEM(sequence_.ptr(), i)).view());
            check_words(words_.back());
        }
    }
    [[nodiscard]] std::span<const arguments> view() const noexcept { return all_; }

    static void check_words(const command_words& words) {
        if (words.view().empty()) { throw nb::value_error("a command needs a name"); }
    }

private:
    nb::object sequence_;
    std::deque<command_words> words_;
    std::vector<arguments> all_;
};

/// Commands as a client sends them to a server.
nb::object pack_all(nb::handle commands) {
    wire::byte_buffer out;
    const command_list given(commands);
    for (const auto words : given.view()) { wire::append_request(out, words); }
    return own(PyBytes_FromStringAndSize(out.data(), static_cast<Py_ssize_t>(out.size())));
}

class session {
public:
    session(std::unique_ptr<embedded_session> opened, nb::object make_error)
        : session_(std::move(opened)), make_error_(std::move(make_error)) {}
    ~session() { close(); }
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    /// The reply of one command; an error is raised.
    [[nodiscard]] nb::object run(nb::handle command, bool decode) {
        const command_words words(command);
        command_list::check_words(words);
        const arguments given = words.view();
        call_replies replies;
        perform({&given, 1}, replies.get());
        reply_reader reader(replies.get(), decode, make_error_);
        const bool failed = reader.at_error();
        auto reply = reader.next();
        if (!failed) { return reply; }
        PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(reply.ptr())), reply.ptr());
        throw nb::python_error();
    }
    /// The replies of commands that run one behind the other; an error is an exception among them.
    [[nodiscard]] nb::object run_many(nb::handle commands, bool decode) {
        const command_list given(commands);
        call_replies replies;
        perform(given.view(), replies.get());
        reply_reader reader(replies.get(), decode, make_error_);
        const auto count = static_cast<Py_ssize_t>(given.view().size());
        auto made = own(PyList_New(count));
        for (Py_ssize_t i = 0; i < count; ++i) { PyList_SET_ITEM(made.ptr(), i, reader.next().release().ptr()); }
        return made;
    }
    /// The same, but the replies come to wait(), in their order among messages.
    void post(nb::handle commands) {
        const command_list given(commands);
        auto& in = opened();
        const auto done = [&] {
            const nb::gil_scoped_release others_run;
            return in.post(given.view());
        }();
        if (!done) { raise(done.error()); }
    }
    /// The string value at a key, held as it is now or as a version has it; None where there is none.
    [[nodiscard]] nb::object hold(std::string_view key, std::string_view reference) {
        auto held = [&] {
            auto& in = opened();
            const nb::gil_scoped_release others_run;
            return in.hold(key, reference);
        }();
        if (!held) { raise(held.error()); }
        if (!*held) { return nb::none(); }
        return nb::cast(value_bytes(std::move(**held)));
    }
    /// Replies to what was posted, and messages that nobody here asked for, in order; none once the session is closed.
    /// Waits for them without the GIL.
    [[nodiscard]] nb::object wait() {
        const auto pushes = opened().pushes();
        const auto come = [&] {
            const nb::gil_scoped_release others_run;
            return pushes->wait();
        }();
        auto made = own(PyList_New(0));
        if (!come) { return made; }
        reply_reader reader(*come, true, make_error_);
        while (!reader.at_end()) {
            const auto next = reader.next();
            if (PyList_Append(made.ptr(), next.ptr()) != 0) { throw nb::python_error(); }
        }
        return made;
    }
    [[nodiscard]] std::size_t listeners() const { return opened().store()->listeners(); }
    /// Who waits is woken.
    void close() {
        if (!session_) { return; }
        session_->pushes()->wake();
        const nb::gil_scoped_release others_run;  // the last one writes a checkpoint
        session_.reset();
    }

private:
    [[nodiscard]] embedded_session& opened() const {
        if (!session_) { raise({errc::closed, "the session was closed"}); }
        return *session_;
    }
    void perform(std::span<const arguments> commands, flat_reply& replies) const {
        auto& in = opened();
        const auto done = [&] {
            const nb::gil_scoped_release others_run;
            return in.run(commands, replies);
        }();
        if (!done) { raise(done.error()); }
    }

    std::unique_ptr<embedded_session> session_;
    nb::object make_error_;
};

class store {
public:
    explicit store(std::shared_ptr<embedded_store> opened) : store_(std::move(opened)) {}
    [[nodiscard]] session* open_session(std::string_view branch, unsigned database, nb::object make_error) const {
        auto opened = embedded_session::open(store_, branch, database);
        if (!opened) { raise(opened.error()); }
        return new session(std::move(*opened), std::move(make_error));
    }

private:
    std::shared_ptr<embedded_store> store_;
};

store opened(result<std::shared_ptr<embedded_store>> made) {
    if (!made) { raise(made.error()); }
    return store(std::move(*made));
}

}  // namespace

void raise(std::string_view name, std::string_view text) {
    const auto given = nb::make_tuple(name, text);
    PyErr_SetObject(engine_error, given.ptr());
    throw nb::python_error();
}

}  // namespace coppice::python

NB_MODULE(_engine, m) {
    using namespace coppice;
    using namespace coppice::python;
    nb::set_leak_warnings(false);  // of a process that ends with clients open, as a fork's child does
    engine_error = PyErr_NewException("coppice._engine.EngineError", nullptr, nullptr);
    m.attr("EngineError") = nb::borrow(engine_error);
    m.def("open_folder", [](const std::string& folder) {
        auto made = [&] {
            const nb::gil_scoped_release others_run;
            return open_embedded_folder(folder);
        }();
        return opened(std::move(made));
    });
    m.def("open_memory", [] { return opened(embedded_store::open(open_volatile_storage(), upkeep::in_background)); });
    m.def("pack_all", &pack_all);
    m.def("encode_all", &encode_all);
    m.def("decode_all", &decode_all);
    m.def("close_all", [] {
        const nb::gil_scoped_release others_run;
        close_embedded_stores();
    });
    nb::class_<store>(m, "Store").def("session", &store::open_session, nb::rv_policy::take_ownership);
    nb::class_<session>(m, "Session")
        .def("run", &session::run)
        .def("run_many", &session::run_many)
        .def("hold", &session::hold)
        .def("wait", &session::wait)
        .def("listeners", &session::listeners)
        .def("post", &session::post)
        .def("close", &session::close);
    nb::class_<value_bytes>(m, "Bytes")
        .def_prop_ro("size", &value_bytes::size)
        .def("read", &value_bytes::read, nb::rv_policy::take_ownership)
        .def("read_into", &value_bytes::read_into)
        .def("page", &value_bytes::page, nb::rv_policy::take_ownership);
    nb::class_<byte_page>(m, "Page", nb::type_slots(page_slots)).def_prop_ro("is_view", &byte_page::is_view);
}
