// clients/python/engine/replies.hpp: Python objects of replies, as redis-py has them: sets are lists, maps dicts.
#pragma once

#include <embed/flat_reply.hpp>

#include "python.hpp"

namespace coppice::python {

/// Reads the replies of a flat_reply one behind the other.  Requires: the GIL.
class reply_reader {
public:
    /// `decode`: texts are str, else bytes. `make_error`: gives the exception for an error's text.
    reply_reader(const flat_reply& replies, bool decode, nb::handle make_error) noexcept
        : replies_(replies), decode_(decode), make_error_(make_error) {}

    /// The next reply; an error is an exception object.  Throws python_error, as for bytes that are no UTF-8.
    [[nodiscard]] nb::object next();
    [[nodiscard]] bool at_end() const noexcept { return at_ == replies_.items().size(); }
    [[nodiscard]] bool at_error() const noexcept { return here().is == flat_reply::kind::failure; }

private:
    [[nodiscard]] const flat_reply::item& here() const noexcept { return replies_.items()[at_]; }
    [[nodiscard]] nb::object text(const flat_reply::item& item) const;
    [[nodiscard]] nb::object list(std::int64_t size);
    [[nodiscard]] nb::object map(std::int64_t values);

    const flat_reply& replies_;
    const bool decode_;
    const nb::handle make_error_;
    std::size_t at_ = 0;
};

}  // namespace coppice::python
