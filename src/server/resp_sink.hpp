// src/server/resp_sink.hpp: a reply_sink that speaks RESP into a buffer.
//
// Base is reply_sink or something that extends it; After is called after each value, for sinks that pass full
// buffers on or bound an answer.
#pragma once

#include <utility>

#include "wire/reply.hpp"
#include "wire/resp_writer.hpp"

namespace coppice::server {

struct nothing_after {
    void operator()() const noexcept {}
};

template <class Base = reply_sink, class After = nothing_after>
class resp_sink : public Base {
public:
    explicit resp_sink(wire::byte_buffer& out, wire::resp_version version = wire::resp_version::two, After after = {})
        : writer_(out, version), after_(std::move(after)) {}

    void status(std::string_view text) final { writer_.status(text), after_(); }
    void error(std::string_view text) final { writer_.error(text), after_(); }
    void integer(std::int64_t number) final { writer_.integer(number), after_(); }
    void real(double number) final { writer_.real(number), after_(); }
    void boolean(bool truth) final { writer_.boolean(truth), after_(); }
    void bulk(std::string_view bytes) override { writer_.bulk(bytes), after_(); }
    void verbatim(std::string_view text) final { writer_.verbatim(text), after_(); }
    void null() final { writer_.null(), after_(); }
    void null_array() final { writer_.null_array(), after_(); }
    void array(std::size_t size) final { writer_.array(size), after_(); }
    void map(std::size_t pairs) final { writer_.map(pairs), after_(); }
    void set(std::size_t size) final { writer_.set(size), after_(); }
    void begin_bulk(std::uint64_t length) final { writer_.begin_bulk(length), after_(); }
    void part(std::string_view bytes) override { writer_.part(bytes), after_(); }
    void end_bulk() final { writer_.end_bulk(), after_(); }
    void make_room(std::size_t bytes) final { static_cast<void>(writer_.out().room(bytes)); }
    [[nodiscard]] std::size_t mark() const noexcept final { return writer_.out().size(); }
    void back_to(std::size_t to) final { writer_.out().truncate(to); }
    [[nodiscard]] int protocol() const noexcept final { return static_cast<int>(writer_.version()); }

    [[nodiscard]] wire::resp_writer& writer() noexcept { return writer_; }

private:
    wire::resp_writer writer_;
    [[no_unique_address]] After after_;
};

class bounded_sink;
struct check_bound {
    const bounded_sink* sink;
    void operator()() const;
};

/// For answers that are held whole until they are sent.
class bounded_sink final : public resp_sink<reply_sink, check_bound> {
public:
    explicit bounded_sink(wire::byte_buffer& out) : resp_sink(out, wire::resp_version::two, {this}) {}

    void bound(std::size_t bytes) noexcept override { most_ = bytes == unbounded ? unbounded : mark() + bytes; }
    void check() const {
        if (mark() > most_) [[unlikely]] { throw answer_too_long(); }
    }

private:
    std::size_t most_ = unbounded;
};

inline void check_bound::operator()() const { sink->check(); }

}  // namespace coppice::server
