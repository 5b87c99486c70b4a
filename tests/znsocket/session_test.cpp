// Every event is acknowledged, in the order of the events; what waits keeps those behind it waiting.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <fmt/format.h>
#include <znsocket/gzip.hpp>
#include <znsocket/visitor.hpp>

namespace coppice::znsocket {
namespace {

struct SocketSession : ::testing::Test {
    testing::memory_client store;
    hub all;
    visitor one{store, all};

    void SetUp() override { EXPECT_EQ(one.answer("0/znsocket,{}"), R"(0/znsocket,{"sid":"sid"})"); }
};

std::string framed(std::string_view json) { return std::string(1, '\0') + std::string(json); }

TEST_F(SocketSession, ConnectsToOurNamespaceAndTheDefaultOneOnly) {
    visitor other(store, all);
    EXPECT_EQ(other.answer("0"), R"(0{"sid":"sid"})");
    EXPECT_EQ(other.answer("0/other,"), R"(4/other,{"message":"Invalid namespace"})");
    EXPECT_EQ(other.answer(R"(2/znsocket,1["llen",[["k"],{}]])"),
              R"(3/znsocket,1[{"error":{"msg":"Not connected to /znsocket","type":"UnknownEventError"}}])");
    EXPECT_TRUE(other.answer("2/znsocket,2[[[").starts_with("3/znsocket,2[")) << "what it says is not looked into";
}

TEST_F(SocketSession, EventsAreAcknowledgedInTheirOrder) {
    EXPECT_EQ(one.answer(R"(2/znsocket,0["rpush",[["k","1"],{}]])"), R"(3/znsocket,0[{"data":1}])");
    EXPECT_EQ(one.answer(R"(2/znsocket,["rpush",[["k","2"],{}]])"), "") << "nobody asked";
    EXPECT_EQ(one.answer(R"(2/znsocket,1["lrange",[[],{"name":"k","start":0,"end":-1}]])"),
              R"(3/znsocket,1[{"data":["1","2"]}])");
    EXPECT_EQ(one.answer(R"(2/znsocket,2["lset",[["nope",0,"x"],{}]])"),
              R"(3/znsocket,2[{"error":{"msg":"no such key","type":"ResponseError"}}])");
    EXPECT_EQ(one.answer(R"(2/znsocket,3["nonsense",[[],{}]])"),
              R"(3/znsocket,3[{"error":{"msg":"Unknown event: nonsense","type":"UnknownEventError"}}])");
    EXPECT_EQ(one.answer(R"(2/znsocket,4["server_config"])"),
              R"(3/znsocket,4[{"max_http_buffer_size":5242880,"async_mode":"coppice","namespace":"/znsocket"}])");
}

TEST_F(SocketSession, APipelineEndsAtItsFirstErrorAndWhatWasDoneStays) {
    EXPECT_EQ(one.answer(R"(2/znsocket,0["pipeline",[[],{"message":[]}]])"), R"(3/znsocket,0[{"data":[]}])");
    EXPECT_EQ(
        one.answer(R"(2/znsocket,1["pipeline",[[],{"message":[["rpush",[["k","1"],{}]],["smembers",[["s"],{}]]]}]])"),
        R"(3/znsocket,1[{"data":[{"data":1},{"data":[],"type":"set"}]}])");
    EXPECT_EQ(one.answer(R"(2/znsocket,2["pipeline",[[],{"message":[["rpush",[["k","2"],{}]],["hget",[["k","f"],{}]],)"
                         R"(["rpush",[["k","3"],{}]]]}]])"),
              R"(3/znsocket,2[{"error":{"msg":"WRONGTYPE Operation against a key holding the wrong kind of value",)"
              R"("type":"ResponseError"}}])");
    EXPECT_EQ(one.answer(R"(2/znsocket,3["pipeline",[[],{"message":[["rpush",[["k","3"],{}]],["nonsense",[[],{}]],)"
                         R"(["rpush",[["k","4"],{}]]]}]])"),
              R"(3/znsocket,3[{"error":{"msg":"Unknown event: nonsense","type":"UnknownEventError"}}])");
    EXPECT_EQ(one.answer(R"(2/znsocket,4["lrange",[["k",0,-1],{}]])"), R"(3/znsocket,4[{"data":["1","2","3"]}])");
}

TEST_F(SocketSession, WhatWaitsKeepsThoseBehindItWaiting) {
    one.heard.clear();
    one.allowed = 2;  // MULTI and the first command
    one.say(R"(2/znsocket,0["pipeline",[[],{"message":[["rpush",[["k","1"],{}]],["llen",[["k"],{}]]]}]])");
    one.say(R"(2/znsocket,1["llen",[["k"],{}]])");
    EXPECT_TRUE(one.heard.empty());
    one.allowed = 1'000;
    one.go_on();
    EXPECT_EQ(one.heard, (std::vector<std::string>{R"(3/znsocket,0[{"data":[{"data":1},{"data":1}]}])",
                                                   R"(3/znsocket,1[{"data":1}])"}));
}

TEST_F(SocketSession, ARefreshReachesTheOthers) {
    visitor other(store, all);
    other.say("0/znsocket,");
    other.heard.clear();
    EXPECT_EQ(one.answer(R"(2/znsocket,7["refresh",{"target":"znsocket.List:K","data":{"start":3,"stop":null}}])"),
              "3/znsocket,7[]");
    EXPECT_EQ(other.heard,
              std::vector<std::string>{
                  R"(2/znsocket,["refresh",{"target":"znsocket.List:K","data":{"start":3,"stop":null}}])"});
}

TEST_F(SocketSession, AnAdaptersOwnerMayBeTheAskerAndAskOnItsOwn) {
    EXPECT_EQ(one.answer(R"(2/znsocket,0["register_adapter",[[],{"key":"K"}]])"), "3/znsocket,0[true]");
    EXPECT_EQ(one.answer(R"(2/znsocket,1["check_adapter",[[],{"key":"K"}]])"), "3/znsocket,1[true]");
    EXPECT_EQ(one.answer(R"(2/znsocket,5["adapter:get",[[],{"key":"K","method":"__getitem__","index":0}]])"),
              R"(2/znsocket,1["adapter:get",[[],{"key":"K","method":"__getitem__","index":0}]])");
    EXPECT_EQ(one.answer(R"(2/znsocket,6["adapter_exists",[[],{"key":"other"}]])"), "3/znsocket,6[false]");
    EXPECT_EQ(one.answer(R"(3/znsocket,1["7"])"), R"(3/znsocket,5["7"])");
}

TEST_F(SocketSession, AnOwnerWhoIsGoneIsAnsweredForInTheFormThatClientsRead) {
    {
        visitor owner(store, all);
        owner.say("0/znsocket,");
        owner.say(R"(2/znsocket,0["register_adapter",[[],{"key":"K"}]])");
        one.heard.clear();
        one.say(R"(2/znsocket,1["adapter:get",[[],{"key":"K","method":"__getitem__","index":0}]])");
        one.say(R"(2/znsocket,2["adapter:get",[[],{"key":"K","method":"__len__"}]])");
        EXPECT_TRUE(one.heard.empty());
    }
    ASSERT_EQ(one.heard.size(), 2U);
    EXPECT_TRUE(one.heard[0].starts_with(R"(3/znsocket,1["{\"error\":{\"msg\":\"Key K has lost)")) << one.heard[0];
    EXPECT_TRUE(one.heard[1].starts_with(R"(3/znsocket,2[{"error":{"msg":"Key K has lost)")) << one.heard[1];
    EXPECT_EQ(one.answer(R"(2/znsocket,3["adapter:get",[[],{"key":"K","method":"__len__"}]])"),
              R"(3/znsocket,3[{"error":{"msg":"Key K does not exist in storage","type":"KeyError"}}])");
}

TEST_F(SocketSession, EnvelopesAreOpenedAndChunksPutTogether) {
    const auto compressed = [](int id) {
        return "51-/znsocket," + std::to_string(id)
               + R"(["compressed_message",{"event":"rpush","data":{"_placeholder":true,"num":0}}])";
    };
    EXPECT_EQ(one.answer(compressed(0), {framed(R"([["k","1"],{}])")}), R"(3/znsocket,0[{"data":1}])");
    EXPECT_TRUE(one.answer(compressed(1), {framed("nonsense")})
                    .starts_with(R"(3/znsocket,1[{"error":{"msg":"Failed to deserialize message: )"));

    const auto bytes = framed(R"([["k","2"],{}])");
    const auto chunk = [&](int index, std::size_t size) {
        return R"(51-/znsocket,2["chunked_message",{"chunk_id":"c","chunk_index":)" + std::to_string(index)
               + R"(,"total_chunks":2,"event":"rpush","data":{"_placeholder":true,"num":0},"size":)"
               + std::to_string(size) + "}]";
    };
    EXPECT_EQ(one.answer(chunk(1, 8), {bytes.substr(8)}),
              R"(3/znsocket,2[{"error":{"msg":"Chunk 1 size mismatch","type":"ChunkSizeError"}}])");
    for (const auto* const index : {"-1", "1.5", "\"0\"", "null", "99999999999999999999"}) {
        const auto text = fmt::format(R"(51-/znsocket,2["chunked_message",{{"chunk_id":"c","chunk_index":{},)"
                                      R"("total_chunks":2,"event":"rpush","data":{{"_placeholder":true,"num":0}}}}])",
                                      index);
        EXPECT_TRUE(one.answer(text, {bytes.substr(0, 8)})
                        .starts_with(R"(3/znsocket,2[{"error":{"msg":"chunk_index and total_chunks are whole)"))
            << index;
    }
    EXPECT_EQ(one.answer(chunk(0, 8), {bytes.substr(0, 8)}),
              R"(3/znsocket,2[{"status":"waiting","received":1,"total":2}])");
    EXPECT_EQ(one.answer(chunk(1, 0), {bytes.substr(8)}), R"(3/znsocket,2[{"status":"complete"}])");
    EXPECT_EQ(one.answer(chunk(1, 0), {bytes.substr(8)}), R"(3/znsocket,2[{"status":"complete"}])");
    EXPECT_EQ(one.answer(R"(2/znsocket,3["get_chunked_result",{"chunk_id":"c"}])"), R"(3/znsocket,3[{"data":2}])");
    EXPECT_EQ(one.answer(R"(2/znsocket,4["llen",[["k"],{}]])"), R"(3/znsocket,4[{"data":2}])") << "it ran once";
}

TEST_F(SocketSession, ALargeEventIsReadByAWorkerAndKeepsThoseBehindItWaiting) {
    const std::string large(limits::event_bytes_at_once, 'x');
    const auto push = [](int id) { return fmt::format(R"(2/znsocket,{}["rpush",[["k","small"],{{}}]])", id); };
    const std::vector<std::string> in_order{R"(3/znsocket,0[{"data":1}])", R"(3/znsocket,1[{"data":2}])"};
    const auto expect_in_order = [&](const std::string& event, std::vector<std::string> attachments) {
        store("DEL k");
        one.heard.clear();
        one.say(event, std::move(attachments));
        one.say(push(1));
        EXPECT_TRUE(one.heard.empty());
        one.finish_work();
        EXPECT_EQ(one.heard, in_order);
    };
    one.slow_workers = true;
    expect_in_order(R"(2/znsocket,0["rpush",[["k",")" + large + R"("],{}]])", {});
    const std::string compressed =
        R"(51-/znsocket,0["compressed_message",{"event":"rpush","data":{"_placeholder":true,"num":0}}])";
    const std::string arguments = R"([["k",")" + large + R"("],{}])";
    expect_in_order(compressed, {framed(arguments)});
    expect_in_order(compressed, {testing::enveloped(arguments)});
    EXPECT_EQ(one.answer(push(2)), R"(3/znsocket,2[{"data":3}])") << "a small one waits for nobody";
}

TEST_F(SocketSession, WhoLeavesWhileAWorkerReadsIsNotAnswered) {
    one.slow_workers = true;
    one.say(R"(2/znsocket,0["rpush",[["k",")" + std::string(limits::event_bytes_at_once, 'x') + R"("],{}]])");
    one.say("1/znsocket,");
    one.heard.clear();
    one.finish_work();
    EXPECT_EQ(one.heard.size(), 1U) << "what was sent before is done";
}

TEST_F(SocketSession, WhatGoesToOthersIsNotLargerThanAnEvent) {
    visitor other(store, all);
    other.say("0/znsocket,");
    other.heard.clear();
    const auto envelope = framed(R"([[],{"target":"t","data":")" + std::string(limits::event_bytes, 'x') + R"("}])");
    EXPECT_TRUE(
        one.answer(R"(51-/znsocket,1["compressed_message",{"event":"refresh","data":{"_placeholder":true,"num":0}}])",
                   {envelope})
            .starts_with(R"(3/znsocket,1[{"error":{"msg":"Invalid arguments for refresh: at most 5242880 bytes)"));
    EXPECT_TRUE(other.heard.empty());
}

TEST_F(SocketSession, AQuestionInChunksIsCompleteOnceTheOwnerHasAnswered) {
    visitor owner(store, all);
    owner.say("0/znsocket,");
    owner.say(R"(2/znsocket,0["register_adapter",[[],{"key":"K"}]])");
    EXPECT_EQ(one.answer(R"(51-/znsocket,1["chunked_message",{"chunk_id":"c","chunk_index":0,"total_chunks":1,)"
                         R"("event":"adapter:get","data":{"_placeholder":true,"num":0}}])",
                         {framed(R"([[],{"key":"K","method":"__len__"}])")}),
              "");
    owner.say("3/znsocket,1[7]");
    EXPECT_EQ(one.heard, std::vector<std::string>{R"(3/znsocket,1[{"status":"complete"}])"});
    EXPECT_EQ(one.answer(R"(2/znsocket,2["get_chunked_result",{"chunk_id":"c"}])"), "3/znsocket,2[7]");
}

TEST_F(SocketSession, ABranchIsChosenWhenConnecting) {
    store("SET k main");
    store("BRANCH CREATE exp");
    store("ON exp SET k exp");
    visitor two(store, all);
    EXPECT_EQ(two.answer(R"(0/znsocket,{"branch":"exp"})"), R"(0/znsocket,{"sid":"sid"})");
    EXPECT_EQ(two.answer(R"(2/znsocket,1["get",[["k"],{}]])"), R"(3/znsocket,1[{"data":"exp"}])");
    EXPECT_EQ(one.answer(R"(2/znsocket,1["get",[["k"],{}]])"), R"(3/znsocket,1[{"data":"main"}])");
    visitor three(store, all);
    EXPECT_EQ(three.answer(R"(0/znsocket,{"branch":"none"})"), R"(4/znsocket,{"message":"no branch 'none'"})");
}

TEST_F(SocketSession, WhatIsNoEventIsAnErrorOfTheConnection) {
    const std::string large(limits::event_bytes_at_once, ' ');
    const std::vector<std::string> none_of_them{"2/znsocket,0{}", "2/znsocket,0[",    "2/znsocket,0[5]",
                                                "3/znsocket,0[",  "61-/znsocket,0[]", "2/znsocket,0[" + large};
    for (const auto& text : none_of_them) {
        visitor other(store, all);
        other.say("0/znsocket,");
        auto packet = wire::read_socket_packet(text);
        ASSERT_TRUE(packet) << text;
        EXPECT_FALSE(other.talk.take(std::move(*packet), {}) && other.talk.go_on()) << text;
    }
    EXPECT_TRUE(one.answer(R"(2/znsocket,1["llen",{"a":1}])")
                    .starts_with(R"(3/znsocket,1[{"error":{"msg":"Invalid arguments for llen: )"));
}

}  // namespace
}  // namespace coppice::znsocket
