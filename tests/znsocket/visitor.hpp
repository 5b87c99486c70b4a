// tests/znsocket/visitor.hpp: a client of Socket.IO without a server: packets in, packets out, on an engine in memory.
//
//     testing::memory_client store;
//     hub all;
//     visitor one(store, all);
//     EXPECT_EQ(one.answer("0/znsocket,{}"), R"(0/znsocket,{"sid":"sid"})");
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <support/memory_client.hpp>

#include "znsocket/session.hpp"

#include <gtest/gtest.h>

namespace coppice::znsocket {

/// When its requests are counted, those beyond wait.
struct visitor final : surroundings {
    visitor(testing::memory_client& at, hub& all, std::string name = "sid")
        : store(at), commands(at.host, 2, *at.host.store.branch("main")), talk(all, *this, std::move(name), {}) {
        commands.exec_ends_at_error = true;
    }
    void send(std::string_view packet) override { heard.emplace_back(packet); }
    std::size_t run(std::span<const wire::request> requests) override {
        std::size_t ran = 0;
        for (; ran < requests.size() && allowed > 0; --allowed) {
            run_request(store.host, commands, talk.answers(), requests[ran++]);
        }
        return ran;
    }
    [[nodiscard]] bool waits() const override { return allowed == 0 || !done.empty(); }
    [[nodiscard]] bool authenticated() const override { return commands.authenticated; }
    [[nodiscard]] std::chrono::nanoseconds now() const override { return std::chrono::seconds(1); }

    void work(std::function<void()> job, std::function<void()> then) override {
        job();
        if (!slow_workers) { return then(); }
        done.push_back(std::move(then));
    }

    void go_on() {
        do {
            const auto went = talk.go_on();
            ASSERT_TRUE(went) << went.error().context;
        } while (talk.has_work() && !waits());
    }
    /// The workers are done, one after the other.
    void finish_work() {
        for (; !done.empty(); go_on()) {
            const auto then = std::move(done.front());
            done.erase(done.begin());
            then();
        }
    }
    void take(wire::socket_packet packet, std::vector<std::string> attachments) {
        const auto taken = talk.take(std::move(packet), std::move(attachments));
        ASSERT_TRUE(taken) << taken.error().context;
        go_on();
    }
    void say(std::string_view text, std::vector<std::string> attachments = {}) {
        auto packet = wire::read_socket_packet(text);
        ASSERT_TRUE(packet) << text;
        take(std::move(*packet), std::move(attachments));
    }
    std::string answer(std::string_view text, std::vector<std::string> attachments = {}) {
        heard.clear();
        say(text, std::move(attachments));
        return heard.empty() ? "" : heard.back();
    }

    testing::memory_client& store;
    command_session commands;
    std::vector<std::string> heard;
    unsigned allowed = 1'000'000;
    bool slow_workers = false;  ///< jobs are done when finish_work() says so
    std::vector<std::function<void()>> done;
    session talk;
};

}  // namespace coppice::znsocket
