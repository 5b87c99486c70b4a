// Hashes answer as Redis does, hold what a std::map holds, and remember the order of insertion.
#include <algorithm>
#include <map>
#include <set>

#include <support/memory_client.hpp>
#include <support/seeds.hpp>

#include <gtest/gtest.h>

namespace coppice {
namespace {

using testing::aggregate_text;
using testing::for_each_seed;
using testing::memory_client;
using testing::reply_kind;
using testing::reply_value;
using testing::to_text;

using strings = std::vector<std::string>;

TEST(Hashes, AnswerAsRedisDoes) {
    memory_client client;
    EXPECT_EQ(client("HSET h z 1 a 2"), ":2");
    EXPECT_EQ(client("HSET h a 3 m 4"), ":1");
    EXPECT_EQ(client("HMSET h q 5"), "+OK");
    EXPECT_EQ(client("HSETNX h q 6"), ":0");
    EXPECT_EQ(client("HSETNX h b 6"), ":1");
    EXPECT_EQ(client("HGETALL h"), R"({"z": "1", "a": "3", "m": "4", "q": "5", "b": "6"})");
    EXPECT_EQ(client("HKEYS h"), R"(["z", "a", "m", "q", "b"])");
    EXPECT_EQ(client("HVALS h"), R"(["1", "3", "4", "5", "6"])");
    EXPECT_EQ(client("HGET h a"), R"("3")");
    EXPECT_EQ(client("HGET h none"), "nil");
    EXPECT_EQ(client("HMGET h b none z"), R"(["6", nil, "1"])");
    EXPECT_EQ(client("HMGET none b z"), "[nil, nil]");
    EXPECT_EQ(client("HEXISTS h a"), ":1");
    EXPECT_EQ(client("HEXISTS h none"), ":0");
    EXPECT_EQ(client("HSTRLEN h a"), ":1");
    EXPECT_EQ(client("HSTRLEN h none"), ":0");
    EXPECT_EQ(client("HLEN h"), ":5");
    EXPECT_EQ(client("HDEL h a none a b"), ":2");
    EXPECT_EQ(client("HSET h a 7"), ":1");
    EXPECT_EQ(client("HKEYS h"), R"(["z", "m", "q", "a"])") << "what comes again comes last";
    EXPECT_EQ(client("HDEL h z m q a"), ":4");
    EXPECT_EQ(client("EXISTS h"), ":0");
    EXPECT_EQ(client("HGETALL h"), "{}");
    EXPECT_EQ(client("HKEYS h"), "[]");
    EXPECT_EQ(client("HLEN h"), ":0");
    EXPECT_EQ(client("HDEL h a"), ":0");
}

TEST(Hashes, SayWhatIsWrongAsRedisDoes) {
    memory_client client;
    client("SET s x");
    client("HSET h n 1 t text");
    client.expect_wrong_type({"HSET s f v", "HMSET s f v", "HSETNX s f v", "HGET s f", "HMGET s f", "HDEL s f",
                              "HLEN s", "HSTRLEN s f", "HEXISTS s f", "HGETALL s", "HKEYS s", "HVALS s",
                              "HINCRBY s f 1", "HINCRBYFLOAT s f 1", "HRANDFIELD s", "HRANDFIELD s 2", "HSCAN s 0"});
    EXPECT_EQ(client("HSET h f"), "-ERR wrong number of arguments for 'hset' command");
    EXPECT_EQ(client("HSET h f 1 g"), "-ERR wrong number of arguments for 'hset' command");
    EXPECT_EQ(client("HMSET h f 1 g"), "-ERR wrong number of arguments for 'hmset' command");
    EXPECT_EQ(client("HINCRBY h n x"), "-ERR value is not an integer or out of range");
    EXPECT_EQ(client("HINCRBY h t 1"), "-ERR hash value is not an integer");
    EXPECT_EQ(client("HINCRBY h n 9223372036854775807"), "-ERR increment or decrement would overflow");
    EXPECT_EQ(client("HINCRBYFLOAT h n x"), "-ERR value is not a valid float");
    EXPECT_EQ(client("HINCRBYFLOAT h n inf"), "-ERR value is NaN or Infinity");
    EXPECT_EQ(client("HINCRBYFLOAT h t 1"), "-ERR hash value is not a float");
    EXPECT_EQ(client("HRANDFIELD h x"), "-ERR value is not an integer or out of range");
    EXPECT_EQ(client("HRANDFIELD h 1 VALUES"), "-ERR syntax error");
    EXPECT_EQ(client("HRANDFIELD h 9223372036854775807 WITHVALUES"), "-ERR value is out of range");
    EXPECT_EQ(client("HSCAN h x"), "-ERR invalid cursor");
    EXPECT_EQ(client("HGETALL h"), R"({"n": "1", "t": "text"})");
}

TEST(Hashes, Count) {
    memory_client client;
    EXPECT_EQ(client("HINCRBY h n 5"), ":5");
    EXPECT_EQ(client("HINCRBY h n -7"), ":-2");
    EXPECT_EQ(client("HINCRBYFLOAT h n 2.5"), R"("0.5")");
    EXPECT_EQ(client("HINCRBYFLOAT h f 1.05e1"), R"("10.5")");
    EXPECT_EQ(client("HINCRBYFLOAT h f 0.1"), R"("10.6")");
    EXPECT_EQ(client({"HSET", "h", "long", std::string(3000, '1')}), ":1");
    EXPECT_EQ(client("HINCRBY h long 1"), "-ERR hash value is not an integer");
}

TEST(Hashes, LongValuesStandOutOfLine) {
    memory_client client;
    const std::string long_one(70'000, 'x');
    EXPECT_EQ(client({"HSET", "h", "f", long_one, "g", "1"}), ":2");
    EXPECT_EQ(client("HSTRLEN h f"), ":70000");
    EXPECT_EQ(client("HGET h f"), to_text({reply_kind::bulk, long_one}));
    EXPECT_EQ(client("HVALS h"), aggregate_text(reply_kind::array, strings{long_one, "1"}));
    EXPECT_EQ(client("HSET h f 2"), ":0");
    EXPECT_EQ(client("HGETALL h"), R"({"f": "2", "g": "1"})");
}

TEST(Hashes, RandomFieldsHaveTheShapeOfTheProtocol) {
    memory_client client;
    client("HSET h a 1 b 2 c 3");
    EXPECT_EQ(client("HRANDFIELD h 9"), R"(["a", "b", "c"])");
    EXPECT_EQ(client("HRANDFIELD h 3 WITHVALUES"), R"([["a", "1"], ["b", "2"], ["c", "3"]])");
    client.set_protocol(2);
    EXPECT_EQ(client("HRANDFIELD h 3 withvalues"), R"(["a", "1", "b", "2", "c", "3"])");
    EXPECT_EQ(client("HRANDFIELD h 0"), "[]");
    EXPECT_EQ(client("HRANDFIELD none 2"), "[]");
    EXPECT_EQ(client("HRANDFIELD none"), "nil");
    EXPECT_EQ(client.ask(testing::words_of("HRANDFIELD h -50")).items.size(), 50U);
    EXPECT_EQ(client.ask(testing::words_of("HRANDFIELD h -50 WITHVALUES")).items.size(), 100U);
}

TEST(Hashes, RandomFieldsComeAboutEvenly) {
    memory_client client;
    for (int i = 0; i < 20; ++i) { client({"HSET", "h", "f" + std::to_string(i), "v"}); }
    for (const auto* count : {"-4", "2", "4", "10", "19"}) {
        std::map<std::string, int> seen;
        const int each = std::abs(std::stoi(count));
        for (int i = 0; i < 4000 / each; ++i) {
            const auto fields = client.ask({"HRANDFIELD", "h", count}).texts();
            const std::set<std::string> different(fields.begin(), fields.end());
            EXPECT_EQ(fields.size(), static_cast<std::size_t>(each));
            EXPECT_TRUE(*count == '-' || different.size() == fields.size());
            for (const auto& field : fields) { ++seen[field]; }
        }
        EXPECT_EQ(seen.size(), 20U);
        for (const auto& [field, times] : seen) { EXPECT_NEAR(times, 200, 80) << field << " for count " << count; }
    }
}

TEST(Hashes, AScanSeesEachFieldOfOneVersionOnce) {
    memory_client client;
    std::map<std::string, std::string> model;
    for (int i = 0; i < 1000; ++i) {
        model["f" + std::to_string(i)] = std::to_string(i);
        client({"HSET", "h", "f" + std::to_string(i), std::to_string(i)});
    }
    std::map<std::string, std::string> seen;
    std::string cursor = "0";
    int pages = 0;
    do {
        const auto page = client.ask({"HSCAN", "h", cursor, "COUNT", "37"});
        ASSERT_EQ(page.items.size(), 2U);
        cursor = page.items[0].text;
        const auto words = page.items[1].texts();
        for (std::size_t i = 0; i < words.size(); i += 2) {
            EXPECT_TRUE(seen.emplace(words[i], words[i + 1]).second) << words[i] << " came twice";
        }
        client({"HDEL", "h", "f" + std::to_string(pages)});
        client({"HSET", "h", "new" + std::to_string(pages), "1"});
        ++pages;
    } while (cursor != "0");
    EXPECT_EQ(seen, model);
    EXPECT_GT(pages, 20);
    client("HSET small a 1 b 2");
    EXPECT_EQ(client("HSCAN small 0 MATCH a*"), R"(["0", ["a", "1"]])");
    EXPECT_EQ(client("HSCAN none 0"), R"(["0", []])");
}

TEST(Hashes, ThoseWhoseDeadlineHasComeAreNotThere) {
    memory_client client;
    const auto come = [&] {
        client("DEL h");
        client("HSET h a 5");
        client("PEXPIRE h 10");
        client.clock.time += 10'000;
    };
    come();
    EXPECT_EQ(client("HGETALL h"), "{}");
    EXPECT_EQ(client("HINCRBY h a 1"), ":1");
    EXPECT_EQ(client("PTTL h"), ":-1");
    come();
    EXPECT_EQ(client("HSETNX h a 2"), ":1");
    come();
    EXPECT_EQ(client("HDEL h a"), ":0");
    EXPECT_EQ(client("HSET h b 1"), ":1");
    EXPECT_EQ(client("PEXPIRE h 1000"), ":1");
    EXPECT_EQ(client("HSET h c 1"), ":1");
    EXPECT_EQ(client("PTTL h"), ":1000") << "a change keeps the deadline";
}

// Model: a map of values and a list of names in their order.
TEST(Hashes, HoldWhatMapsHoldInTheOrderOfInsertion) {
    for_each_seed(5, [](random_source& random) {
        memory_client client;
        std::map<std::string, std::string> values;
        strings order;
        const auto field = [&] { return std::string(random.below(2) * 12, 'f') + std::to_string(random.below(400)); };
        const auto value = [&] {
            return random.one_in(60) ? std::string(1500, 'v') : std::to_string(random.below(1000));
        };
        for (int i = 0; i < 1200 && !::testing::Test::HasFailure(); ++i) {
            if (random.below(5) < 3) {
                strings words{"HSET", "h"};
                std::size_t added = 0;
                for (auto pairs = 1 + random.below(random.one_in(10) ? 60 : 3); pairs > 0; --pairs) {
                    const auto& name = words.emplace_back(field());
                    if (!values.contains(name)) {
                        order.push_back(name);
                        ++added;
                    }
                    values[name] = value();
                    words.push_back(values[name]);
                }
                EXPECT_EQ(client(words), ":" + std::to_string(added));
            } else if (random.one_in(2)) {
                strings words{"HDEL", "h"};
                std::size_t gone = 0;
                for (auto names = 1 + random.below(4); names > 0; --names) {
                    gone += values.erase(words.emplace_back(field()));
                    std::erase_if(order, [&](const auto& name) { return !values.contains(name); });
                }
                EXPECT_EQ(client(words), ":" + std::to_string(gone));
            } else {
                strings words{"HMGET", "h"};
                reply_value expected{reply_kind::array, {}};
                for (auto names = 1 + random.below(50); names > 0; --names) {
                    const auto found = values.find(words.emplace_back(field()));
                    expected.items.push_back(found == values.end() ? reply_value{}
                                                                   : reply_value{reply_kind::bulk, found->second});
                }
                EXPECT_EQ(client(words), to_text(expected));
            }
            if (i % 60 != 0) { continue; }
            strings pairs;
            for (const auto& name : order) { pairs.insert(pairs.end(), {name, values[name]}); }
            EXPECT_EQ(client("HGETALL h"), aggregate_text(reply_kind::map, pairs));
            EXPECT_EQ(client("HKEYS h"), aggregate_text(reply_kind::array, order));
        }
    });
}

}  // namespace
}  // namespace coppice
