// tests/znsocket/event_client.hpp: a client of events on an engine in memory: an event in, its answer's JSON out.
//
//     event_client client;
//     EXPECT_EQ(client("rpush", R"(["l","a"])"), R"({"data":1})");
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <support/memory_client.hpp>

#include "znsocket/answer_writer.hpp"
#include "znsocket/commands.hpp"

namespace coppice::testing {

inline znsocket::value json_in(std::string_view text) {
    auto got = znsocket::read_json(text);
    EXPECT_TRUE(got) << text << ": " << (got ? "" : got.error().message());
    return got ? std::move(*got) : znsocket::value{};
}

class event_client {
public:
    std::string operator()(std::string_view event, std::string_view args, std::string_view kwargs = "{}") {
        auto made = znsocket::prepare(event, json_in(args), json_in(kwargs));
        std::string out;
        if (const auto* failed = std::get_if<znsocket::failure>(&made)) {
            znsocket::append_error(out, *failed);
            return out;
        }
        const auto& command = std::get<znsocket::prepared>(made);
        expect_fit(command);
        znsocket::answer_writer answer(out);
        answer.begin(command);
        run(answer, command.words);
        answer.end();
        return out;
    }
    /// `message` is the array of [event, [args, kwargs]] that the event carries.
    std::string pipeline(std::string_view message) {
        std::vector<znsocket::prepared> commands;
        std::optional<znsocket::failure> failed;
        for (const auto& each : json_in(message).items) {
            auto made = znsocket::prepare(each.items[0].text, each.items[1].items[0], each.items[1].items[1]);
            if (auto* const failure = std::get_if<znsocket::failure>(&made)) {
                failed = std::move(*failure);
                break;
            }
            commands.push_back(std::move(std::get<znsocket::prepared>(made)));
        }
        std::string out;
        znsocket::answer_writer answer(out);
        answer.begin_pipeline(commands);
        run(answer, {"MULTI"});
        for (const auto& each : commands) { run(answer, each.words); }
        run(answer, {"EXEC"});
        if (failed) { answer.fail(*failed); }
        answer.end();
        return out;
    }

    void run(reply_sink& answer, const std::vector<std::string>& words) {
        const std::vector<std::string_view> given(words.begin(), words.end());
        run_request(client.host, client.session, answer, given);
    }

    memory_client client;

private:
    // What is prepared is never refused before it is queued.
    void expect_fit(const znsocket::prepared& command) {
        const std::vector<std::string_view> given(command.words.begin(), command.words.end());
        collected_reply refusal;
        EXPECT_NE(row_for(refusal, given), nullptr) << command.words[0] << ": " << to_text(refusal.take());
    }
};

}  // namespace coppice::testing
