// Sets answer as Redis does, hold what a std::set holds, and are united, intersected and subtracted as those are.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include <command/ranges.hpp>
#include <support/memory_client.hpp>
#include <support/seeds.hpp>

#include <gtest/gtest.h>

namespace coppice {
namespace {

using testing::for_each_seed;
using testing::memory_client;
using testing::reply_kind;

using strings = std::vector<std::string>;
using members = std::set<std::string>;

std::string set_text(const members& all) { return testing::aggregate_text(reply_kind::set, all); }

TEST(Sets, AnswerAsRedisDoes) {
    memory_client client;
    EXPECT_EQ(client("SADD s c a b a"), ":3");
    EXPECT_EQ(client("SADD s a d"), ":1");
    EXPECT_EQ(client("SMEMBERS s"), R"(~("a", "b", "c", "d"))");
    EXPECT_EQ(client("SCARD s"), ":4");
    EXPECT_EQ(client("SISMEMBER s a"), ":1");
    EXPECT_EQ(client("SISMEMBER s x"), ":0");
    EXPECT_EQ(client("SMISMEMBER s a x d"), "[:1, :0, :1]");
    EXPECT_EQ(client("SMISMEMBER none a x"), "[:0, :0]");
    EXPECT_EQ(client("SREM s a x a"), ":1");
    EXPECT_EQ(client("SMOVE s t b"), ":1");
    EXPECT_EQ(client("SMOVE s t b"), ":0");
    EXPECT_EQ(client("SMOVE s s c"), ":1");
    EXPECT_EQ(client("SMOVE none t c"), ":0");
    EXPECT_EQ(client("SMEMBERS t"), R"(~("b"))");
    EXPECT_EQ(client("SREM s c d"), ":2");
    EXPECT_EQ(client("EXISTS s"), ":0");
    EXPECT_EQ(client("SMEMBERS s"), "~()");
    EXPECT_EQ(client("SCARD s"), ":0");
    EXPECT_EQ(client("SREM s c"), ":0");
    EXPECT_EQ(client("SPOP t"), R"("b")");
    EXPECT_EQ(client("SPOP t"), "nil");
    EXPECT_EQ(client("SPOP t 2"), "~()");
    EXPECT_EQ(client("SRANDMEMBER t"), "nil");
    EXPECT_EQ(client("SRANDMEMBER t -2"), "[]");
    EXPECT_EQ(client("SSCAN t 0"), R"(["0", []])");
}

TEST(Sets, SayWhatIsWrongAsRedisDoes) {
    memory_client client;
    client("SET s x");
    client("SADD a 1 2");
    client.expect_wrong_type(
        {"SADD s m",         "SREM s m",         "SCARD s",     "SISMEMBER s m",     "SMISMEMBER s m",
         "SMEMBERS s",       "SPOP s",           "SPOP s 0",    "SRANDMEMBER s",     "SRANDMEMBER s 1",
         "SMOVE s a 1",      "SMOVE a s 1",      "SMOVE a s 9", "SINTER a s",        "SINTER none s",
         "SINTERSTORE d s",  "SINTERCARD 2 a s", "SUNION a s",  "SUNIONSTORE d a s", "SDIFF none s",
         "SDIFFSTORE d a s", "SSCAN s 0"});
    EXPECT_EQ(client("SMOVE none s 1"), ":0");
    EXPECT_EQ(client("SPOP a -1"), "-ERR value is out of range, must be positive");
    EXPECT_EQ(client("SPOP a 1 2"), "-ERR syntax error");
    EXPECT_EQ(client("SRANDMEMBER a x"), "-ERR value is not an integer or out of range");
    EXPECT_EQ(client("SRANDMEMBER a -9223372036854775808"),
              "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");
    EXPECT_EQ(client("SINTERCARD 0 a"), "-ERR numkeys should be greater than 0");
    EXPECT_EQ(client("SINTERCARD 3 a b"), "-ERR Number of keys can't be greater than number of args");
    EXPECT_EQ(client("SINTERCARD 1 a LIMIT -1"), "-ERR LIMIT can't be negative");
    EXPECT_EQ(client("SINTERCARD 1 a LIMIT"), "-ERR syntax error");
    EXPECT_EQ(client("SMEMBERS a"), R"(~("1", "2"))");
}

TEST(Sets, WhatIsStoredReplacesWhatWasThere) {
    memory_client client;
    client("SADD a 1 2 3");
    client("SADD b 2 3 4");
    client("SET d x");
    EXPECT_EQ(client("SINTERSTORE d a b"), ":2");
    EXPECT_EQ(client("SMEMBERS d"), R"(~("2", "3"))");
    client("PEXPIRE d 1000");
    EXPECT_EQ(client("SUNIONSTORE d a"), ":3");
    EXPECT_EQ(client("PTTL d"), ":-1") << "a deadline does not outlive what it was for";
    EXPECT_EQ(client("SDIFFSTORE a a b"), ":1");
    EXPECT_EQ(client("SMEMBERS a"), R"(~("1"))");
    EXPECT_EQ(client("SMEMBERS d"), R"(~("1", "2", "3"))") << "a copy is one of its own";
    EXPECT_EQ(client("SDIFFSTORE d a a"), ":0");
    EXPECT_EQ(client("EXISTS d"), ":0");
    EXPECT_EQ(client("SUNIONSTORE b b"), ":3");
    EXPECT_EQ(client("SINTERSTORE none x y"), ":0");
    client("PEXPIRE b 10");
    client.clock.time += 10'000;
    EXPECT_EQ(client("SUNIONSTORE d a b"), ":1");
    EXPECT_EQ(client("SMOVE a b 1"), ":1");
    EXPECT_EQ(client("SMEMBERS b"), R"(~("1"))");
    EXPECT_EQ(client("PTTL b"), ":-1");
}

// Model: the algorithms of std on sets, over sets of very different sizes and copies that share nodes.
TEST(Sets, AreCombinedAsSortedRangesAre) {
    for_each_seed(6, [](random_source& random) {
        memory_client client;
        std::map<std::string, members> model;
        const auto key = [&] { return "s" + std::to_string(random.below(6)); };
        const auto combined = [&](const std::string& name, const strings& keys) {
            members found = model[keys[0]];
            for (std::size_t i = 1; i < keys.size(); ++i) {
                const auto& other = model[keys[i]];
                members next;
                const auto into = std::inserter(next, next.end());
                if (name[1] == 'I') {
                    std::set_intersection(found.begin(), found.end(), other.begin(), other.end(), into);
                } else if (name[1] == 'U') {
                    std::set_union(found.begin(), found.end(), other.begin(), other.end(), into);
                } else {
                    std::set_difference(found.begin(), found.end(), other.begin(), other.end(), into);
                }
                found = std::move(next);
            }
            return found;
        };
        for (int i = 0; i < 500 && !::testing::Test::HasFailure(); ++i) {
            const auto target = key();
            strings keys(1 + random.below(4));
            std::generate(keys.begin(), keys.end(), key);
            strings words;
            switch (random.below(6)) {
                case 0: {
                    words = {"SADD", target};
                    const auto range = random.one_in(3) ? 3000 : 60;
                    for (auto n = 1 + random.below(random.one_in(4) ? 500 : 10); n > 0; --n) {
                        words.push_back("member:" + std::to_string(random.below(static_cast<std::uint64_t>(range))));
                        model[target].insert(words.back());
                    }
                    client(words);
                    break;
                }
                case 1: {
                    words = {"SREM", target};
                    std::size_t gone = 0;
                    for (auto n = 1 + random.below(5); n > 0; --n) {
                        words.push_back("member:" + std::to_string(random.below(60)));
                        gone += model[target].erase(words.back());
                    }
                    EXPECT_EQ(client(words), ":" + std::to_string(gone));
                    break;
                }
                case 2:
                    if (model[keys[0]].empty()) { break; }
                    client({"COPY", keys[0], target, "REPLACE"});
                    model[target] = members(model[keys[0]]);
                    break;
                case 3: {
                    const std::string name = random.one_in(3)   ? "SINTERSTORE"
                                             : random.one_in(2) ? "SUNIONSTORE"
                                                                : "SDIFFSTORE";
                    const auto found = combined(name, keys);
                    words = {name, target};
                    words.insert(words.end(), keys.begin(), keys.end());
                    EXPECT_EQ(client(words), ":" + std::to_string(found.size()));
                    model[target] = found;
                    EXPECT_EQ(client({"SMEMBERS", target}), set_text(found));
                    break;
                }
                default: {
                    const std::string name = random.one_in(3) ? "SINTER" : random.one_in(2) ? "SUNION" : "SDIFF";
                    const auto found = combined(name, keys);
                    words = {name};
                    words.insert(words.end(), keys.begin(), keys.end());
                    EXPECT_EQ(client(words), set_text(found));
                    if (name != "SINTER") { break; }
                    const auto limit = random.below(20);
                    words.insert(words.begin() + 1, std::to_string(keys.size()));
                    words[0] = "SINTERCARD";
                    words.insert(words.end(), {"LIMIT", std::to_string(limit)});
                    EXPECT_EQ(
                        client(words),
                        ":" + std::to_string(limit == 0 ? found.size() : std::min<std::size_t>(limit, found.size())));
                }
            }
        }
        for (const auto& [name, all] : model) { EXPECT_EQ(client({"SMEMBERS", name}), set_text(all)); }
    });
}

TEST(Sets, RandomMembersAreThereAndPoppedOnesAreNot) {
    for_each_seed(3, [](random_source& random) {
        memory_client client;
        members model;
        for (int i = 0; i < 3000; ++i) {
            model.insert("m" + std::to_string(i));
            client({"SADD", "s", "m" + std::to_string(i)});
        }
        while (!model.empty()) {
            const auto count = random.below(random.one_in(5) ? 1500 : 40);
            const auto some = client.ask({"SRANDMEMBER", "s", std::to_string(count)}).texts();
            EXPECT_EQ(some.size(), std::min<std::size_t>(count, model.size()));
            EXPECT_EQ(members(some.begin(), some.end()).size(), some.size());
            for (const auto& member : some) { EXPECT_TRUE(model.contains(member)); }
            const auto again = client.ask({"SRANDMEMBER", "s", std::to_string(-static_cast<int>(count))}).texts();
            EXPECT_EQ(again.size(), count);
            for (const auto& member : again) { EXPECT_TRUE(model.contains(member)); }
            EXPECT_TRUE(model.contains(client.ask({"SRANDMEMBER", "s"}).text));
            EXPECT_EQ(model.erase(client.ask({"SPOP", "s"}).text), 1U);
            for (const auto& member : client.ask({"SPOP", "s", std::to_string(count)}).texts()) {
                EXPECT_EQ(model.erase(member), 1U);
            }
            EXPECT_EQ(client("SCARD s"), ":" + std::to_string(model.size()));
        }
        EXPECT_EQ(client("EXISTS s"), ":0");
    });
}

TEST(Sets, AScanSeesEachMemberOfOneVersionOnce) {
    memory_client client;
    members model;
    for (int i = 0; i < 700; ++i) {
        model.insert("m" + std::to_string(i));
        client({"SADD", "s", "m" + std::to_string(i)});
    }
    members seen;
    std::string cursor = "0";
    do {
        const auto page = client.ask({"SSCAN", "s", cursor});
        ASSERT_EQ(page.items.size(), 2U);
        cursor = page.items[0].text;
        for (const auto& member : page.items[1].texts()) { EXPECT_TRUE(seen.insert(member).second) << member; }
        client("SPOP s");
    } while (cursor != "0");
    EXPECT_EQ(seen, model);
}

TEST(Sets, AStoredCopySharesItsMembers) {
    memory_client client;
    strings words{"SADD", "s"};
    for (int i = 0; i < 20'000; ++i) { words.push_back("member:" + std::to_string(i)); }
    client(words);
    const auto before = client.store().figures().pool.bytes;
    EXPECT_EQ(client("SUNIONSTORE t s none"), ":20000");
    EXPECT_EQ(client("SINTERSTORE u s t"), ":20000");
    EXPECT_EQ(client("SDIFFSTORE v t none"), ":20000");
    EXPECT_LT(client.store().figures().pool.bytes, before + 64 * 1024) << "one path for each";
    EXPECT_EQ(client("SDIFF s t"), "~()");
}

TEST(Sets, WhoTakesMostOfASetLeavesTheRestAndItsDeadline) {
    memory_client client;
    std::string all = "SADD s";
    for (int i = 0; i < 1000; ++i) { all += " m" + std::to_string(i); }
    EXPECT_EQ(client(all), ":1000");
    client("EXPIREAT s 1800000000");
    EXPECT_EQ(client("SCARD s"), ":1000");
    for (const auto& [count, left] : {std::pair{"100", ":900"}, {"800", ":100"}, {"64", ":36"}}) {
        client("COPY s before REPLACE");
        members taken;
        const auto popped = client.ask(testing::words_of(std::string("SPOP s ") + count));
        for (const auto& each : popped.texts()) { taken.insert(each); }
        EXPECT_EQ(taken.size(), std::stoul(count));
        EXPECT_EQ(client("SCARD s"), left);
        EXPECT_EQ(client("SINTERCARD 2 s before"), left);
        for (const auto& each : taken) { EXPECT_EQ(client("SISMEMBER s " + each), ":0"); }
        EXPECT_EQ(client("EXPIRETIME s"), ":1800000000");
    }
}

// Few of many are drawn and sorted, many are marked, and of more than half the others are.
TEST(Sets, DifferentNumbersAscendAndAreChosenEvenly) {
    random_source random(7);
    for (const auto& [size, count] :
         {std::pair{1000U, 10U}, {1000U, 100U}, {1000U, 500U}, {1000U, 900U}, {1000U, 1000U}}) {
        std::vector<unsigned> times(size);
        constexpr unsigned rounds = 2000;
        for (unsigned round = 0; round < rounds; ++round) {
            const auto chosen = different_below(random, size, count);
            ASSERT_EQ(chosen.size(), count);
            ASSERT_TRUE(std::adjacent_find(chosen.begin(), chosen.end(), std::greater_equal<>()) == chosen.end());
            ASSERT_LT(chosen.back(), size);
            for (const auto number : chosen) { ++times[number]; }
        }
        const double share = static_cast<double>(count) / size;
        const double far = 6 * std::sqrt(rounds * share * (1 - share)) + 1;
        for (const auto each : times) { EXPECT_NEAR(each, rounds * share, far) << count; }
    }
}

}  // namespace
}  // namespace coppice
