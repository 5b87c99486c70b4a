// tests/support/memory_client.hpp: a client of an engine in memory: words in, one reply out.
//
//     memory_client client;
//     EXPECT_EQ(client("RPUSH l a b"), ":2");
//
// Every reply is checked against the reply type of its command's row.
#pragma once

#include <initializer_list>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <command/dispatch.hpp>
#include <storage/storage.hpp>
#include <support/collected_reply.hpp>

#include <gtest/gtest.h>

namespace coppice::testing {

/// A clock that a test moves.
class hand_clock final : public clock_source {
public:
    [[nodiscard]] microseconds_utc now() const noexcept override { return time; }
    [[nodiscard]] std::chrono::nanoseconds elapsed() const noexcept override { return std::chrono::microseconds(time); }
    microseconds_utc time = 1'700'000'000'000'000;
};

/// Words between spaces.
inline std::vector<std::string> words_of(std::string_view line) {
    std::istringstream from{std::string(line)};
    std::vector<std::string> words;
    for (std::string word; from >> word;) { words.push_back(word); }
    return words;
}

class memory_client {
public:
    explicit memory_client(storage where = open_memory_storage(), int protocol = 3, engine_options options = by_hand())
        : store_(opened(std::move(where), options, clock)),
          host(*store_),
          session(host, 1, *store_->branch("main")),
          sink_(protocol) {
        session.protocol = protocol;
    }
    ~memory_client() { static_cast<void>(store_->end_turn()); }

    static engine_options by_hand() { return {.one_writer = true, .background = false}; }

    reply_value ask(const std::vector<std::string>& words) {
        const std::vector<std::string_view> given(words.begin(), words.end());
        run_request(host, session, sink_, given);
        auto reply = sink_.take();
        const auto* row = find_command(given[0]);
        if (row != nullptr && row->subcommands.empty() && reply.text != "QUEUED") {
            EXPECT_TRUE(fits(row->returns, reply)) << given[0] << " answered " << to_text(reply);
        }
        return reply;
    }
    std::string operator()(const std::vector<std::string>& words) { return to_text(ask(words)); }
    std::string operator()(std::string_view line) { return to_text(ask(words_of(line))); }

    /// Each line is a command on a key of another type.
    void expect_wrong_type(std::initializer_list<const char*> lines) {
        for (const auto* line : lines) {
            EXPECT_EQ((*this)(line), "-WRONGTYPE Operation against a key holding the wrong kind of value") << line;
        }
    }

    [[nodiscard]] engine& store() noexcept { return *store_; }
    void set_protocol(int protocol) {
        session.protocol = protocol;
        sink_.set_protocol(protocol);
    }

    hand_clock clock;

private:
    static std::unique_ptr<engine> opened(storage where, const engine_options& options, const clock_source& clock) {
        auto made = engine::open(std::move(where), options, clock);
        EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message());
        return std::move(*made);
    }

    std::unique_ptr<engine> store_;

public:
    command_host host;
    command_session session;

private:
    collected_reply sink_;
};

}  // namespace coppice::testing
