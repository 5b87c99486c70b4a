// Arguments find their parameters by Python's rules, and what Python would raise is answered in its words.
#include "znsocket/commands.hpp"

#include <fmt/format.h>
#include <znsocket/event_client.hpp>

#include <gtest/gtest.h>

namespace coppice::znsocket {
namespace {

using testing::event_client;
using testing::json_in;

// "Type: text", or the words between spaces.
std::string outcome(std::string_view event, std::string_view args, std::string_view kwargs = "{}") {
    const auto made = prepare(event, json_in(args), json_in(kwargs));
    if (const auto* failed = std::get_if<failure>(&made)) { return failed->type + ": " + failed->text; }
    std::string text;
    for (const auto& one : std::get<prepared>(made).words) { text += (text.empty() ? "" : " ") + one; }
    return text;
}

std::string wrong(std::string_view event, std::string_view text) {
    return fmt::format("TypeError: Invalid arguments for {}: {}() {}", event, event, text);
}

TEST(Arguments, AreFoundByPlaceAndByName) {
    for (const auto& [args, kwargs] :
         std::initializer_list<std::pair<const char*, const char*>>{{R"(["k",1,"v"])", "{}"},
                                                                    {R"(["k",1])", R"({"value":"v"})"},
                                                                    {R"(["k"])", R"({"value":"v","index":1})"},
                                                                    {"[]", R"({"index":1,"name":"k","value":"v"})"}}) {
        EXPECT_EQ(outcome("lset", args, kwargs), "LSET k 1 v");
    }
}

TEST(Arguments, WrongOnesAreTypeErrors) {
    EXPECT_EQ(outcome("llen", "[]"), wrong("llen", "missing 1 required positional argument: 'name'"));
    EXPECT_EQ(outcome("lset", "[\"k\"]"),
              wrong("lset", "missing 2 required positional arguments: 'index' and 'value'"));
    EXPECT_EQ(outcome("lset", "[]"),
              wrong("lset", "missing 3 required positional arguments: 'name', 'index', and 'value'"));
    EXPECT_EQ(outcome("llen", R"(["k","l"])"), wrong("llen", "takes 1 positional argument but 2 were given"));
    EXPECT_EQ(outcome("dbsize", R"(["k"])"), wrong("dbsize", "takes 0 positional arguments but 1 was given"));
    EXPECT_EQ(outcome("lindex", R"([1,2,3])"), wrong("lindex", "takes 2 positional arguments but 3 were given"));
    EXPECT_EQ(outcome("get", R"([1,2,3])"), wrong("get", "takes from 1 to 2 positional arguments but 3 were given"));
    EXPECT_EQ(outcome("keys", R"([1,2])"), wrong("keys", "takes from 0 to 1 positional arguments but 2 were given"));
    EXPECT_EQ(outcome("llen", "[]", R"({"x":1})"), wrong("llen", "got an unexpected keyword argument 'x'"));
    EXPECT_EQ(outcome("rpush", R"(["k"])", R"({"values":["v"]})"),
              wrong("rpush", "got an unexpected keyword argument 'values'"));
    EXPECT_EQ(outcome("llen", R"(["k"])", R"({"name":"l"})"), wrong("llen", "got multiple values for argument 'name'"));
    EXPECT_EQ(outcome("copy", R"(["a","b"])", R"({"src":"c"})"),
              wrong("copy", "got multiple values for argument 'src'"));
    EXPECT_EQ(outcome("rpush", R"(["k","v"])", R"({"value":"w"})"),
              wrong("rpush", "got multiple values for argument 'value'"));
    EXPECT_EQ(outcome("lmpop", R"([1,"k"])"), wrong("lmpop", "missing 1 required keyword-only argument: 'direction'"));
    EXPECT_EQ(outcome("llen", "{}", "{}"),
              wrong("llen", "takes a list of arguments and an object of those with names"));
    EXPECT_EQ(outcome("llen", "[]", "[]"),
              wrong("llen", "takes a list of arguments and an object of those with names"));
}

TEST(Arguments, NumbersAreThoseOfPython) {
    EXPECT_EQ(outcome("rpush", R"(["k",1,-0,1.0,1e16,NaN,-Infinity,12345678901234567890123])"),
              "RPUSH k 1 0 1.0 1e+16 nan -inf 12345678901234567890123");
}

TEST(Arguments, OtherValuesAreDataErrors) {
    const auto refused = [](std::string_view type) {
        return fmt::format("DataError: Invalid input of type: '{}'. Convert to a bytes, string, int or float first.",
                           type);
    };
    EXPECT_EQ(outcome("rpush", R"(["k",true])"), refused("bool"));
    EXPECT_EQ(outcome("rpush", R"(["k",null])"), refused("NoneType"));
    EXPECT_EQ(outcome("rpush", R"(["k",["a"]])"), refused("list"));
    EXPECT_EQ(outcome("rpush", R"(["k",{"a":1}])"), refused("dict"));
    EXPECT_EQ(outcome("rpush", R"(["k",{"_placeholder":true,"num":0}])"), refused("dict"));
    EXPECT_EQ(outcome("hset", R"(["k","f",false])"), refused("bool"));
    EXPECT_EQ(outcome("hset", R"(["k"])", R"({"mapping":{"f":[1]}})"), refused("list"));
    EXPECT_EQ(outcome("hset", R"(["k"])", R"({"mapping":{"f":null}})"), refused("NoneType"));
    EXPECT_EQ(outcome("hget", R"(["k",null])"), refused("NoneType"));
    EXPECT_EQ(outcome("set", R"(["k",{}])"), refused("dict"));
    EXPECT_EQ(outcome("set", R"(["k",true])"), refused("bool"));
    EXPECT_EQ(outcome("get", R"([["k"]])"), refused("list"));
    EXPECT_EQ(outcome("incr", R"(["k",null])"), refused("NoneType"));
    EXPECT_EQ(outcome("hmget", R"([null,[]])"), refused("NoneType"));
    EXPECT_EQ(outcome("mset", R"([["k","v"]])"), "DataError: Invalid input of type: 'list'. Convert to a dict first.");
}

TEST(Arguments, NoneIsRefusedInTheWordsOfMemoryStorage) {
    const std::string text = "DataError: Invalid input of type None";
    for (const auto* const args : {R"([null,"v"])", R"(["k",null])"}) { EXPECT_EQ(outcome("set", args), text); }
    for (const auto* const args : {R"([null,1])", R"(["k",null])"}) { EXPECT_EQ(outcome("lindex", args), text); }
    for (const auto* const args : {R"([null,1,"v"])", R"(["k",null,"v"])", R"(["k",1,null])"}) {
        EXPECT_EQ(outcome("lrem", args), text);
    }
}

TEST(Arguments, HsetNeedsPairs) {
    const std::string none = "DataError: 'hset' with no key value pairs";
    EXPECT_EQ(outcome("hset", R"(["k"])"), none);
    EXPECT_EQ(outcome("hset", R"(["k"])", R"({"mapping":{}})"), none);
    EXPECT_EQ(outcome("hset", R"(["k"])", R"({"mapping":null,"items":[]})"), none);
    EXPECT_EQ(outcome("hset", R"(["k",null,"v"])"), none);
    EXPECT_EQ(outcome("hset", R"(["k","f"])"), "DataError: Invalid input of type <class 'NoneType'>");
    EXPECT_EQ(outcome("hset", R"(["k","f",null])"), "DataError: Invalid input of type <class 'NoneType'>");
    EXPECT_EQ(outcome("hset", R"(["k"])", R"({"items":["f"]})"),
              "ResponseError: wrong number of arguments for 'hset' command");
    EXPECT_EQ(outcome("hset", "[]", R"({"mapping":{"f":1}})"),
              wrong("hset", "missing 1 required positional argument: 'name'"));
    EXPECT_EQ(outcome("hmset", R"(["k",{}])"), "DataError: 'hmset' with 'mapping' of length 0");
}

TEST(Arguments, OptionsThatExcludeEachOtherAreDataErrors) {
    const std::string expiry = "DataError: ``ex``, ``px``, ``exat``, ``pxat``, and ";
    EXPECT_EQ(outcome("set", R"(["k","v"])", R"({"ex":1,"px":2})"), expiry + "``keepttl`` are mutually exclusive.");
    EXPECT_EQ(outcome("set", R"(["k","v",1])", R"({"keepttl":true})"), expiry + "``keepttl`` are mutually exclusive.");
    EXPECT_EQ(outcome("set", R"(["k","v"])", R"({"nx":true,"xx":true})"),
              "DataError: ``nx`` and ``xx`` are mutually exclusive.");
    EXPECT_EQ(outcome("set", R"(["k","v",true,true])"), "DataError: ``nx`` and ``xx`` are mutually exclusive.");
    EXPECT_EQ(outcome("set", R"(["k","v"])", R"({"ex":1,"px":null,"nx":true,"xx":false})"), "SET k v EX 1 NX");
    EXPECT_EQ(outcome("getex", R"(["k"])", R"({"ex":1,"persist":true})"),
              expiry + "``persist`` are mutually exclusive.");
    EXPECT_EQ(outcome("sort", R"(["k",1])"), "DataError: ``start`` and ``num`` must both be specified");
    EXPECT_EQ(outcome("sort", R"(["k"])", R"({"num":1})"), "DataError: ``start`` and ``num`` must both be specified");
}

// They would be refused before they are queued, and with them those before them.
TEST(Arguments, WhatMultiWouldRefuseIsRefusedBefore) {
    const auto few = [](std::string_view command) {
        return fmt::format("ResponseError: wrong number of arguments for '{}' command", command);
    };
    EXPECT_EQ(outcome("rpush", R"(["k"])"), few("rpush"));
    EXPECT_EQ(outcome("delete", "[]"), few("del"));
    EXPECT_EQ(outcome("exists", "[]"), few("exists"));
    EXPECT_EQ(outcome("mset", "[{}]"), few("mset"));
    EXPECT_EQ(outcome("sunion", "[[]]"), few("sunion"));
    EXPECT_EQ(outcome("lmpop", "[1]", R"({"direction":"LEFT"})"), few("lmpop"));
    EXPECT_EQ(outcome("sintercard", "[0,[]]"), few("sintercard"));
    EXPECT_EQ(outcome("object", R"(["help","k"])"), "ResponseError: unknown subcommand 'help'. Try OBJECT HELP.");
}

TEST(Arguments, ErrorsOfCommandsAreResponseErrors) {
    event_client client;
    const auto error = [](std::string_view text) {
        return fmt::format(R"({{"error":{{"msg":"{}","type":"ResponseError"}}}})", text);
    };
    const auto wrong_type = error("WRONGTYPE Operation against a key holding the wrong kind of value");
    client("set", R"(["s","text"])");
    client("rpush", R"(["l","a"])");
    EXPECT_EQ(client("lset", R"(["none",0,"v"])"), error("no such key"));
    EXPECT_EQ(client("lset", R"(["l",5,"v"])"), error("index out of range"));
    EXPECT_EQ(client("incr", R"(["s"])"), error("value is not an integer or out of range"));
    EXPECT_EQ(client("lindex", R"(["l","x"])"), error("value is not an integer or out of range"));
    for (const auto& [event, args] :
         std::initializer_list<std::pair<const char*, const char*>>{{"rpush", R"(["s","v"])"},
                                                                    {"smembers", R"(["l"])"},
                                                                    {"hgetall", R"(["l"])"},
                                                                    {"smove", R"(["l","x","m"])"},
                                                                    {"srandmember", R"(["l"])"},
                                                                    {"sismember", R"(["s","m"])"},
                                                                    {"get", R"(["l"])"}}) {
        EXPECT_EQ(client(event, args), wrong_type) << event;
    }
    EXPECT_EQ(client("linsert", R"(["l","NEAR","a","b"])"), error("syntax error"));
}

}  // namespace
}  // namespace coppice::znsocket
