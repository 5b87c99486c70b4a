// cli/reply_collector.hpp: the sink of a command that runs in this process: its replies as trees.
#pragma once

#include <utility>
#include <vector>

#include <wire/reply.hpp>
#include <wire/resp_reply.hpp>

namespace coppice::cli {

class reply_collector final : public reply_sink {
public:
    /// The reply.  Requires: one was said.
    [[nodiscard]] wire::reply_value take() { return std::move(take_all().front()); }
    /// All replies that were said, in order.
    [[nodiscard]] std::vector<wire::reply_value> take_all() { return std::exchange(said_, {}); }

    void status(std::string_view text) override { say(wire::reply_kind::status, text); }
    void error(std::string_view text) override { say(wire::reply_kind::error, text); }
    void bulk(std::string_view bytes) override { say(wire::reply_kind::bulk, bytes); }
    void verbatim(std::string_view text) override { say(wire::reply_kind::verbatim, text); }
    void null() override { add({}); }
    void null_array() override { add({}); }
    void integer(std::int64_t number) override {
        wire::reply_value value;
        value.kind = wire::reply_kind::integer;
        value.number = number;
        add(std::move(value));
    }
    void boolean(bool truth) override {
        wire::reply_value value;
        value.kind = wire::reply_kind::boolean;
        value.number = truth ? 1 : 0;
        add(std::move(value));
    }
    void real(double number) override {
        wire::reply_value value;
        value.kind = wire::reply_kind::real;
        value.real = number;
        add(std::move(value));
    }
    void array(std::size_t size) override { open(wire::reply_kind::array, size); }
    void map(std::size_t pairs) override { open(wire::reply_kind::map, 2 * pairs); }
    void set(std::size_t size) override { open(wire::reply_kind::set, size); }
    void begin_bulk(std::uint64_t length) override {
        parts_.clear();
        parts_.reserve(length);
    }
    void part(std::string_view bytes) override { parts_.append(bytes); }
    void end_bulk() override {
        say(wire::reply_kind::bulk, parts_);
        parts_.clear();
    }
    [[nodiscard]] int protocol() const noexcept override { return 3; }

private:
    struct frame {
        wire::reply_value value;
        std::size_t left;
    };

    void say(wire::reply_kind kind, std::string_view text) {
        wire::reply_value value;
        value.kind = kind;
        value.text = text;
        add(std::move(value));
    }
    void open(wire::reply_kind kind, std::size_t size) {
        wire::reply_value value;
        value.kind = kind;
        if (size == 0) {
            add(std::move(value));
        } else {
            open_.push_back({std::move(value), size});
        }
    }
    /// A whole value: the reply, or the next one of the innermost open aggregate, which it may make whole.
    void add(wire::reply_value value) {
        while (!open_.empty()) {
            frame& above = open_.back();
            above.value.items.push_back(std::move(value));
            if (--above.left > 0) { return; }
            value = std::move(above.value);
            open_.pop_back();
        }
        said_.push_back(std::move(value));
    }

    std::vector<wire::reply_value> said_;
    std::vector<frame> open_;
    std::string parts_;
};

}  // namespace coppice::cli
