// Every event of the table does what its command does, and answers in the form that clients of ZnSocket know.
#include "znsocket/commands.hpp"

#include <algorithm>
#include <set>

#include <znsocket/event_client.hpp>

#include <gtest/gtest.h>

namespace coppice::znsocket {
namespace {

using testing::event_client;

// One call and what it answers, without {"data": }.
struct call {
    std::string_view event;
    std::string_view args;
    std::string_view data;
    std::string_view kwargs = "{}";
};

constexpr call strings[] = {
    {"set", R"(["s","abc"])", "true"},
    {"append", R"(["s","de"])", "5"},
    {"strlen", R"(["s"])", "5"},
    {"getrange", R"(["s",1,-2])", R"("bcd")"},
    {"substr", R"(["s",1])", R"("bcde")"},
    {"setrange", R"(["s",1,"XY"])", "5"},
    {"get", R"(["s"])", R"("aXYde")"},
    {"get", R"(["none"])", "null"},
    {"get", R"(["none","d"])", R"("d")"},
    {"get", R"(["none"])", R"([1,{"a":null}])", R"({"default":[1,{"a":NaN}]})"},
    {"getset", R"(["s","t"])", R"("aXYde")"},
    {"getdel", R"(["s"])", R"("t")"},
    {"set", R"(["s","1"])", "null", R"({"xx":true})"},
    {"set", R"(["s","1",true])", "true"},        // memory storage's order: nx
    {"set", R"(["s","2",false,true])", "true"},  // xx
    {"set", R"(["s","2",true])", "null"},
    {"set", R"(["s","3",100])", "true"},  // redis-py's: ex
    {"ttl", R"(["s"])", "100"},
    {"set", R"(["s",4])", R"("3")", R"({"get":true,"keepttl":1})"},
    {"ttl", R"(["s"])", "100"},
    {"getex", R"(["s"])", R"("4")", R"({"persist":true})"},
    {"ttl", R"(["s"])", "-1"},
    {"getex", R"(["s",7])", R"("4")"},
    {"ttl", R"(["s"])", "7"},
    {"incr", R"(["n"])", "1"},
    {"incr", R"(["n",5])", "6"},
    {"incrby", R"(["n"])", "10", R"({"amount":4})"},
    {"decr", R"(["n",3])", "7"},
    {"decrby", R"(["n"])", "6"},
    {"incrbyfloat", R"(["n",0.5])", "6.5"},
    {"incrbyfloat", R"(["f"])", "1"},
    {"mset", R"([{"a":"1","b":2.5}])", "true"},
    {"msetnx", R"([{"a":"1","c":2}])", "false"},
    {"msetnx", R"([])", "true", R"({"mapping":{"c":2}})"},
    {"mget", R"(["a","b","none"])", R"(["1","2.5",null])"},
    {"mget", R"([["a","b"],"c"])", R"(["1","2.5","2"])"},
    {"mget", R"([])", R"(["1"])", R"({"keys":["a"]})"},
    {"mget", "[]", "[]"},
    {"mget", "[[]]", "[]"},
    {"setex", R"(["e",10,"v"])", "true"},
    {"psetex", R"(["e",10000,"v"])", "true"},
    {"pttl", R"(["e"])", "10000"},
    {"setnx", R"(["e","w"])", "false"},
    {"setnx", R"(["e2","w"])", "true"},
    {"lcs", R"(["x1","x2"])", R"("")"},
    {"mset", R"([{"x1":"ohmytext","x2":"mynewtext"}])", "true"},
    {"lcs", R"(["x1","x2"])", "6", R"({"len":true})"},
    {"lcs", R"(["x1","x2"])", R"({"matches":[[[4,7],[5,8],4]],"len":6})",
     R"({"idx":true,"minmatchlen":4,"withmatchlen":true})"},
};

constexpr call keys[] = {
    {"mset", R"([{"k1":"1","k2":"2"}])", "true"},
    {"exists", R"(["k1"])", "1"},
    {"exists", R"(["k1","k2","none"])", "2"},
    {"exists", R"([])", "0", R"({"name":"none"})"},
    {"type", R"(["k1"])", R"("string")"},
    {"type", R"(["none"])", R"("none")"},
    {"copy", R"(["k1","k3"])", "true"},
    {"copy", R"(["k2"])", "false", R"({"dst":"k3"})"},
    {"copy", R"([])", "true", R"({"source":"k2","destination":"k3","replace":true})"},
    {"copy", R"(["none","k4"])", "false"},
    {"copy", R"(["k1","k1"])", "false"},
    {"copy", R"(["k1","k1"])", "true", R"({"destination_db":5})"},
    {"get", R"(["k3"])", R"("2")"},
    {"rename", R"(["k3","k4"])", "true"},
    {"renamenx", R"(["k4","k1"])", "false"},
    {"renamenx", R"(["k4","k5"])", "true"},
    {"touch", R"(["k1","k5"])", "2"},
    {"unlink", R"(["k5"])", "1"},
    {"keys", R"([])", R"(["k1","k2"])"},
    {"keys", R"(["*2"])", R"(["k2"])"},
    {"scan", R"([])", R"([0,["k1","k2"]])"},
    {"scan", R"([0,"*2",10])", R"([0,["k2"]])", R"({"_type":"string"})"},
    {"dbsize", "[]", "2"},
    {"move", R"(["k2",3])", "true"},
    {"move", R"(["k2",3])", "false"},
    {"randomkey", "[]", R"("k1")"},
    {"ttl", R"(["none"])", "-2"},
    {"expire", R"(["k1",100])", "1"},
    {"expire", R"(["none",100])", "0"},
    {"expire", R"(["k1",10])", "0", R"({"gt":true})"},
    {"ttl", R"(["k1"])", "100"},
    {"pexpire", R"(["k1",200000])", "true"},
    {"expireat", R"(["k1",1700000050])", "true"},
    {"expiretime", R"(["k1"])", "1700000050"},
    {"pexpireat", R"(["k1",1700000060000])", "true", R"({"xx":true})"},
    {"pexpiretime", R"(["k1"])", "1700000060000"},
    {"persist", R"(["k1"])", "true"},
    {"persist", R"(["k1"])", "false"},
    {"object", R"(["refcount","k1"])", "1"},
    {"echo", R"(["hello \"you\""])", R"("hello \"you\"")"},
    {"ping", "[]", "true"},
    {"time", "[]", "[1700000000,0]"},
    {"rpush", R"(["l",3,1,2])", "3"},
    {"sort", R"(["l"])", R"(["1","2","3"])"},
    {"sort", R"(["l",1,2])", R"(["2","1"])", R"({"desc":true})"},
    {"sort", R"(["l"])", R"(["1",null,"2",null,"3",null])", R"({"get":["#","w_*"]})"},
    {"sort", R"(["l"])", R"(["3","1","2"])", R"({"get":"#","alpha":true,"by":"w_*"})"},
    {"sort", R"(["l"])", "3", R"({"store":"sorted"})"},
    {"sort_ro", R"(["l"])", R"(["3","2","1"])", R"({"desc":true})"},
    {"delete", R"(["l","none","sorted"])", "2"},
    {"delete", R"([])", "1", R"({"name":"k1"})"},
    {"flushdb", "[]", "true"},
    {"flushall", R"([true])", "true"},
    {"dbsize", "[]", "0"},
};

constexpr call lists[] = {
    {"llen", R"(["l"])", "0"},
    {"rpush", R"(["l","a"])", "1"},
    {"rpush", R"([])", "2", R"({"name":"l","value":"b"})"},
    {"rpush", R"(["l","c",4,5.0])", "5"},
    {"lpush", R"(["l","z"])", "6"},
    {"lpushx", R"(["l","y"])", "7"},
    {"rpushx", R"(["none","y"])", "0"},
    {"lrange", R"(["l",0,-1])", R"(["y","z","a","b","c","4","5.0"])"},
    {"lrange", R"(["l"])", R"(["z"])", R"({"end":1,"start":1})"},
    {"lindex", R"(["l",-1])", R"("5.0")"},
    {"lindex", R"(["l",100])", "null"},
    {"lset", R"(["l",0,"\u00e9"])", "true"},
    {"lindex", R"(["l",0])", "\"\xC3\xA9\""},
    {"lrem", R"(["l",0,"z"])", "1"},
    {"linsert", R"(["l","BEFORE","a","new"])", "7"},
    {"linsert", R"(["l","after"])", "8", R"({"pivot":"new","value":"newer"})"},
    {"linsert", R"(["l","after"])", "-1", R"({"refvalue":"none","value":"v"})"},
    {"linsertat", R"(["l",1,"at"])", "9"},
    {"lslice", R"(["l",null,3,2])", "[\"\xC3\xA9\",\"new\"]"},
    {"lslice", R"(["l",-2,null])", R"(["4","5.0"])"},
    {"lsplice", R"(["l",0,2,"p","q"])", "[\"\xC3\xA9\",\"at\"]"},
    {"lsplice", R"(["l",0,1])", R"(["p"])"},
    {"ltrim", R"(["l",0,3])", "true"},
    {"lrange", R"(["l",0,-1])", R"(["q","new","newer","a"])"},
    {"lpos", R"(["l","new"])", "1"},
    {"lpos", R"(["l","new"])", "[1]", R"({"count":0,"rank":1,"maxlen":100})"},
    {"lmove", R"(["l","m"])", R"("q")"},
    {"lmove", R"(["l","m","RIGHT","LEFT"])", R"("a")"},
    {"rpoplpush", R"(["l","m"])", R"("newer")"},
    {"lmpop", R"([2,"none","m"])", R"(["m",["newer","a"]])", R"({"direction":"LEFT","count":2})"},
    {"lpop", R"(["m"])", R"("q")"},
    {"lpop", R"(["m"])", "null"},
    {"rpush", R"(["m","1","2","3"])", "3"},
    {"lpop", R"(["m",2])", R"(["1","2"])"},
    {"rpop", R"(["m"])", R"("3")", R"({"count":null})"},
};

constexpr call hashes[] = {
    {"hset", R"(["h","b","1"])", "1"},
    {"hset", R"([])", "2", R"({"name":"h","mapping":{"b":2,"a":1.0}})"},
    {"hset", R"(["h"])", "3", R"({"items":["c","3","d","4"],"key":"e","value":"5"})"},
    {"hkeys", R"(["h"])", R"(["b","a","c","d","e"])"},
    {"hvals", R"(["h"])", R"(["2","1.0","3","4","5"])"},
    {"hgetall", R"(["h"])", R"({"b":"2","a":"1.0","c":"3","d":"4","e":"5"})"},
    {"hgetall", R"(["none"])", "{}"},
    {"hkeys", R"(["none"])", "[]"},
    {"hlen", R"(["h"])", "5"},
    {"hget", R"(["h","b"])", R"("2")"},
    {"hget", R"(["h","none"])", "null"},
    {"hexists", R"(["h","b"])", "1"},
    {"hexists", R"(["h","none"])", "0"},
    {"hmget", R"(["h",["b","none"]])", R"(["2",null])"},
    {"hmget", R"(["h","b","a"])", R"(["2","1.0"])"},
    {"hmget", R"(["h",[]])", "[]"},
    {"hdel", R"(["h","c"])", "1"},
    {"hdel", R"(["h"])", "0", R"({"key":"none"})"},
    {"hdel", R"(["h","d","e","none"])", "2"},
    {"hincrby", R"(["h","b"])", "3"},
    {"hincrbyfloat", R"(["h","b",0.25])", "3.25"},
    {"hmset", R"(["h",{"b":"1"}])", "true"},
    {"hsetnx", R"(["h","b","2"])", "0"},
    {"hstrlen", R"(["h","a"])", "3"},
    {"hscan", R"(["h"])", R"([0,{"a":"1.0","b":"1"}])"},
    {"hscan", R"(["none"])", "[0,{}]"},
    {"hscan", R"(["h",0,"a*",10])", R"([0,{"a":"1.0"}])"},
    {"hdel", R"(["h","b"])", "1"},
    {"hrandfield", R"(["h"])", R"("a")"},
    {"hrandfield", R"(["h",2,true])", R"([["a","1.0"]])"},
};

constexpr call sets[] = {
    {"sadd", R"(["s","a"])", "1"},
    {"sadd", R"(["s","b","c","a"])", "2"},
    {"sadd", R"(["t"])", "1", R"({"value":"c"})"},
    {"scard", R"(["s"])", "3"},
    {"smembers", R"(["s"])", R"(["a","b","c"],"type":"set")"},
    {"smembers", R"(["none"])", R"([],"type":"set")"},
    {"sismember", R"(["s","a"])", "1"},
    {"sismember", R"(["s"])", "0", R"({"member":"z"})"},
    {"sismember", R"(["s"])", "1", R"({"value":"b"})"},
    {"smismember", R"(["s",["a","z"]])", "[1,0]"},
    {"sdiff", R"(["s","t"])", R"(["a","b"],"type":"set")"},
    {"sinter", R"([["s","t"]])", R"(["c"],"type":"set")"},
    {"sintercard", R"([2,["s","t"]])", "1"},
    {"sintercard", R"([2,["s","t"],1])", "1"},
    {"sunion", R"(["s"])", R"(["a","b","c"],"type":"set")"},
    {"sdiffstore", R"(["d",["s","t"]])", "2"},
    {"sinterstore", R"(["d","s","t"])", "1"},
    {"sunionstore", R"(["d","s","t"])", "3"},
    {"smove", R"(["s","t","a"])", "1"},
    {"smove", R"([])", "0", R"({"source":"s","destination":"t","member":"a"})"},
    {"srem", R"(["d","a","b"])", "2"},
    {"srem", R"(["d"])", "0", R"({"value":"z"})"},
    {"srandmember", R"(["d"])", R"("c")"},
    {"srandmember", R"(["d",2])", R"(["c"])"},
    {"srandmember", R"(["d"])", R"(["c"])", R"({"number":1})"},
    {"sscan", R"(["d"])", R"([0,["c"]])"},
    {"spop", R"(["d",5])", R"(["c"])"},
    {"spop", R"(["d"])", "null"},
};

using calls = std::span<const call>;
constexpr calls all_calls[] = {strings, keys, lists, hashes, sets};

TEST(Commands, AnswerAsTheirClientsExpect) {
    for (const auto& group : all_calls) {
        event_client client;
        for (const auto& one : group) {
            EXPECT_EQ(client(one.event, one.args, one.kwargs), "{\"data\":" + std::string(one.data) + "}")
                << one.event << ' ' << one.args << ' ' << one.kwargs;
        }
    }
}

// The same by pipelines, each call one of its commands.
TEST(Commands, AnswerTheSameInPipelines) {
    for (const auto& group : all_calls) {
        event_client client;
        std::string message = "[";
        std::string answers = R"({"data":[)";
        for (const auto& one : group) {
            const auto* const comma = message.size() > 1 ? "," : "";
            message += fmt::format(R"({}["{}",[{},{}]])", comma, one.event, one.args, one.kwargs);
            answers += fmt::format(R"({}{{"data":{}}})", comma, one.data);
        }
        EXPECT_EQ(client.pipeline(message + "]"), answers + "]}");
    }
}

TEST(Commands, EachRowIsCalledByATest) {
    std::set<std::string_view> called{"memory_usage"};
    for (const auto& group : all_calls) {
        for (const auto& one : group) { called.insert(one.event); }
    }
    for (const auto& one : all_commands()) { EXPECT_TRUE(called.contains(one.event)) << one.event; }
    event_client client;
    client("set", R"(["k","v"])");
    EXPECT_NE(client("memory_usage", R"(["k"])", R"({"samples":0})"), R"({"data":null})");
}

TEST(Commands, AreListedWithTheirSignatures) {
    const auto all = all_commands();
    EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](auto& a, auto& b) { return a.event < b.event; }));
    const auto signature = [&](std::string_view event) {
        for (const auto& one : all) {
            if (one.event == event) { return one.signature; }
        }
        return std::string("none");
    };
    EXPECT_EQ(signature("lindex"), "name, index");
    EXPECT_EQ(signature("copy"), "source|src, destination|dst, destination_db=None, replace=False");
    EXPECT_EQ(signature("rpush"), "name, *values|value");
    EXPECT_EQ(signature("hmget"), "name, keys, *args");
    EXPECT_EQ(signature("incr"), "name, amount=1");
    EXPECT_EQ(signature("dbsize"), "");
}

TEST(Commands, NothingElseIsOne) {
    EXPECT_TRUE(is_command("hset"));
    for (const auto* const event :
         {"zadd", "zcard", "content", "__init__", "HSET", "", "multi", "exec", "watch", "shutdown", "config_set",
          "auth", "select", "pipeline", "server_config", "_encode_value", "flushall "}) {
        EXPECT_FALSE(is_command(event)) << event;
        event_client client;
        EXPECT_EQ(client(event, "[]"),
                  fmt::format(R"({{"error":{{"msg":"Unknown event: {}","type":"UnknownEventError"}}}})", event));
    }
}

TEST(Commands, KeepsTextsAsTheyAre) {
    event_client client;
    EXPECT_EQ(client("rpush", R"(["l","{\"a\": 1}","\u0000","12345678901234567890"])"), R"({"data":3})");
    EXPECT_EQ(client("rpush", R"(["l",12345678901234567890])"), R"({"data":4})");
    EXPECT_EQ(client("lrange", R"(["l",0,-1])"),
              R"({"data":["{\"a\": 1}","\u0000","12345678901234567890","12345678901234567890"]})");
}

TEST(Commands, StoredBytesThatAreNoTextAreReplaced) {
    event_client client;
    client.client.ask({"SET", "k", std::string("a\xFF\xC3", 3)});
    EXPECT_EQ(client("get", R"(["k"])"), "{\"data\":\"a\xEF\xBF\xBD\xEF\xBF\xBD\"}");
}

}  // namespace
}  // namespace coppice::znsocket
