// docs/transcripts/wire/packets.txt, replayed: what two clients say, and all that they are sent.
#include <deque>
#include <map>

#include <support/memory_client.hpp>
#include <support/transcript.hpp>

#include "znsocket/session.hpp"

namespace coppice::znsocket {
namespace {

struct visitor final : surroundings {
    visitor(testing::memory_client& at, hub& all, std::string name)
        : store(at), commands(at.host, 2, *at.host.store.branch("main")), talk(all, *this, std::move(name), {}) {
        commands.exec_ends_at_error = true;
    }
    void send(std::string_view packet) override { heard.emplace_back(packet); }
    std::size_t run(std::span<const wire::request> requests) override {
        for (const auto& each : requests) { run_request(store.host, commands, talk.answers(), each); }
        return requests.size();
    }
    [[nodiscard]] bool waits() const override { return false; }
    [[nodiscard]] bool authenticated() const override { return true; }
    [[nodiscard]] std::chrono::nanoseconds now() const override { return std::chrono::seconds(1); }

    void take(wire::socket_packet packet, std::vector<std::string> attachments) {
        const auto taken = talk.take(std::move(packet), std::move(attachments));
        EXPECT_TRUE(taken) << taken.error().context;
        talk.go_on();
    }

    testing::memory_client& store;
    command_session commands;
    std::deque<std::string> heard;
    wire::socket_packet half;
    session talk;
};

TEST(Packets, AreAnsweredAsTheTranscriptSays) {
    testing::memory_client store;
    hub all;
    std::map<char, visitor> clients;
    for (const char name : {'P', 'Q'}) { clients.try_emplace(name, store, all, std::string(1, name)); }
    int answers = 0;
    testing::for_each_line(COPPICE_PACKETS, [&](std::string_view line, int number) {
        SCOPED_TRACE(number);
        const auto text = line.substr(3);
        if (line[0] == '<') {
            auto& heard = clients.at(line[1]).heard;
            ASSERT_FALSE(heard.empty()) << "nothing was sent";
            EXPECT_EQ(heard.front(), text);
            heard.pop_front();
            ++answers;
            return;
        }
        for (const auto& [name, each] : clients) {
            if (line[1] == '>') { EXPECT_TRUE(each.heard.empty()) << name << " was sent " << each.heard.front(); }
        }
        auto& from = clients.at(line[0]);
        if (line[1] == '+') { return from.take(std::move(from.half), {testing::unescaped(text)}); }
        auto packet = wire::read_socket_packet(text);
        ASSERT_TRUE(packet) << text;
        packet->attachments == 0 ? from.take(std::move(*packet), {}) : void(from.half = std::move(*packet));
    });
    EXPECT_GT(answers, 20);
}

}  // namespace
}  // namespace coppice::znsocket
