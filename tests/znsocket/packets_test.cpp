// docs/transcripts/wire/packets.txt, replayed: what two clients say, and all that they are sent.
#include <map>

#include <support/transcript.hpp>

#include <znsocket/visitor.hpp>

namespace coppice::znsocket {
namespace {

TEST(Packets, AreAnsweredAsTheTranscriptSays) {
    testing::memory_client store;
    hub all;
    std::map<char, visitor> clients;
    std::map<char, wire::socket_packet> halves;  // whose attachments come next
    for (const char name : {'P', 'Q'}) { clients.try_emplace(name, store, all, std::string(1, name)); }
    int answers = 0;
    testing::for_each_line(COPPICE_PACKETS, [&](std::string_view line, int number) {
        SCOPED_TRACE(number);
        const auto text = line.substr(3);
        if (line[0] == '<') {
            auto& heard = clients.at(line[1]).heard;
            ASSERT_FALSE(heard.empty()) << "nothing was sent";
            EXPECT_EQ(heard.front(), text);
            heard.erase(heard.begin());
            ++answers;
            return;
        }
        for (const auto& [name, each] : clients) {
            if (line[1] == '>') { EXPECT_TRUE(each.heard.empty()) << name << " was sent " << each.heard.front(); }
        }
        auto& from = clients.at(line[0]);
        if (line[1] == '+') { return from.take(std::move(halves[line[0]]), {testing::unescaped(text)}); }
        auto packet = wire::read_socket_packet(text);
        ASSERT_TRUE(packet) << text;
        packet->attachments == 0 ? from.take(std::move(*packet), {}) : void(halves[line[0]] = std::move(*packet));
    });
    EXPECT_GT(answers, 20);
}

}  // namespace
}  // namespace coppice::znsocket
