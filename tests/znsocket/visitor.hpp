// tests/znsocket/visitor.hpp: a client of Socket.IO without a server: packets in, packets out, on an engine in memory.
//
//     testing::memory_client store;
//     hub all;
//     visitor one(store, all);
//     EXPECT_EQ(one.answer("0/znsocket,{}"), R"(0/znsocket,{"sid":"sid"})");
#pragma once

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
    [[nodiscard]] bool waits() const override { return allowed == 0; }
    [[nodiscard]] bool authenticated() const override { return commands.authenticated; }
    [[nodiscard]] std::chrono::nanoseconds now() const override { return std::chrono::seconds(1); }

    void take(wire::socket_packet packet, std::vector<std::string> attachments) {
        const auto taken = talk.take(std::move(packet), std::move(attachments));
        ASSERT_TRUE(taken) << taken.error().context;
        talk.go_on();
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
    session talk;
};

}  // namespace coppice::znsocket
