// Lists answer as Redis does, hold what a std::deque holds whatever happens to them, and have the slices of
// Python and the splice of JavaScript.
#include <deque>
#include <map>

#include <command/ranges.hpp>
#include <support/memory_client.hpp>
#include <support/seeds.hpp>

#include <gtest/gtest.h>

namespace coppice {
namespace {

using testing::for_each_seed;
using testing::memory_client;
using testing::reply_kind;
using testing::to_text;

using strings = std::vector<std::string>;

std::string array_text(const strings& values) { return testing::aggregate_text(reply_kind::array, values); }

TEST(Lists, PushesAndPopsAtBothEnds) {
    memory_client client;
    EXPECT_EQ(client("LPUSHX l a"), ":0");
    EXPECT_EQ(client("RPUSHX l a"), ":0");
    EXPECT_EQ(client("LPUSH l a b c"), ":3");
    EXPECT_EQ(client("RPUSH l d"), ":4");
    EXPECT_EQ(client("LPUSHX l x y"), ":6");
    EXPECT_EQ(client("RPUSHX l z"), ":7");
    EXPECT_EQ(client("LRANGE l 0 -1"), R"(["y", "x", "c", "b", "a", "d", "z"])");
    EXPECT_EQ(client("LPOP l"), R"("y")");
    EXPECT_EQ(client("RPOP l 2"), R"(["z", "d"])");
    EXPECT_EQ(client("LPOP l 0"), "[]");
    EXPECT_EQ(client("LPOP l 9"), R"(["x", "c", "b", "a"])");
    EXPECT_EQ(client("EXISTS l"), ":0");
    EXPECT_EQ(client("LPOP l"), "nil");
    EXPECT_EQ(client("LPOP l 0"), "nil*");
    EXPECT_EQ(client("LPOP l 1 2"), "-ERR wrong number of arguments for 'lpop' command");
    EXPECT_EQ(client("RPOP l -1"), "-ERR value is out of range, must be positive");
    EXPECT_EQ(client("LLEN l"), ":0");
}

TEST(Lists, SayWhatIsWrongAsRedisDoes) {
    memory_client client;
    client("SET s x");
    client("RPUSH l a b c");
    client.expect_wrong_type({"LPUSH s a", "RPUSHX s a", "LPOP s", "LLEN s", "LINDEX s x", "LRANGE s 0 1", "LSET s 0 a",
                              "LINSERT s BEFORE a b", "LREM s 0 a", "LTRIM s 0 1", "LPOS s a", "LMOVE s l LEFT LEFT",
                              "LMOVE l s LEFT LEFT", "RPOPLPUSH s l", "LMPOP 2 none s LEFT", "LSLICE s 0 1 1",
                              "LSPLICE s 0 1", "LINSERTAT s 0 a"});
    EXPECT_EQ(client("LRANGE l 0 -1"), R"(["a", "b", "c"])") << "a failed command changed something";
    EXPECT_EQ(client("LMOVE none s LEFT LEFT"), "nil") << "the target does not matter where nothing is moved";
    EXPECT_EQ(client("LSET none x y"), "-ERR no such key");
    EXPECT_EQ(client("LSET l 3 y"), "-ERR index out of range");
    EXPECT_EQ(client("LINSERT l beside a b"), "-ERR syntax error");
    EXPECT_EQ(client("LRANGE s x y"), "-ERR value is not an integer or out of range");
    EXPECT_EQ(client("LPOS l a RANK 0"),
              "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the "
              "second ... or use negative to start from the end of the list");
    EXPECT_EQ(client("LPOS l a COUNT -1"), "-ERR COUNT can't be negative");
    EXPECT_EQ(client("LPOS l a MAXLEN x"), "-ERR MAXLEN can't be negative");
    EXPECT_EQ(client("LPOS l a RANK"), "-ERR syntax error");
    EXPECT_EQ(client("LMPOP 0 l LEFT"), "-ERR numkeys should be greater than 0");
    EXPECT_EQ(client("LMPOP 2 l LEFT"), "-ERR syntax error");
    EXPECT_EQ(client("LMPOP 1 l LEFT COUNT 0"), "-ERR count should be greater than 0");
    EXPECT_EQ(client("LMPOP 1 l UP"), "-ERR syntax error");
    EXPECT_EQ(client("LSLICE l 0 1 0"), "-ERR slice step cannot be zero");
}

TEST(Lists, FindElementsFromBothEnds) {
    memory_client client;
    client("RPUSH l a b a c a b");
    EXPECT_EQ(client("LPOS l a"), ":0");
    EXPECT_EQ(client("LPOS l a RANK 2"), ":2");
    EXPECT_EQ(client("LPOS l a RANK -1"), ":4");
    EXPECT_EQ(client("LPOS l a COUNT 0"), "[:0, :2, :4]");
    EXPECT_EQ(client("LPOS l a COUNT 2 RANK -2"), "[:2, :0]");
    EXPECT_EQ(client("LPOS l a COUNT 0 MAXLEN 3"), "[:0, :2]");
    EXPECT_EQ(client("LPOS l b RANK -1 MAXLEN 1"), ":5");
    EXPECT_EQ(client("LPOS l a RANK -9223372036854775808"), ":4");  // as Redis 7.0.15 takes the least of all
    EXPECT_EQ(client("LPOS l a RANK -9223372036854775808 COUNT 2"), "[:4, :2, :0]");
    EXPECT_EQ(client("LPOS l a RANK -9223372036854775808 COUNT 2 RANK -1"), "[:4, :2]");
    EXPECT_EQ(client("LPOS none a RANK -9223372036854775808"), "nil");
    EXPECT_EQ(client("LPOS l a RANK -9223372036854775808 MAXLEN -1"), "-ERR MAXLEN can't be negative");
    EXPECT_EQ(client("LPOS l x"), "nil");
    EXPECT_EQ(client("LPOS l x COUNT 1"), "[]");
    EXPECT_EQ(client("LINSERT l AFTER c x"), ":7");
    EXPECT_EQ(client("LINSERT l BEFORE none x"), ":-1");
    EXPECT_EQ(client("LINSERT none BEFORE a x"), ":0");
    EXPECT_EQ(client("LREM l -2 a"), ":2");
    EXPECT_EQ(client("LRANGE l 0 -1"), R"(["a", "b", "c", "x", "b"])");
    EXPECT_EQ(client("LREM l 1 b"), ":1");
    EXPECT_EQ(client("LREM l 0 none"), ":0");
    EXPECT_EQ(client("LRANGE l 0 -1"), R"(["a", "c", "x", "b"])");
}

// Numbers, and texts that are not stored, end at a zero byte, as C strings do.
TEST(Lists, AreSortedAsRedisReadsElements) {
    memory_client client;
    const std::string zero("\0\xff", 2);
    client.ask({"RPUSH", "l", "3", zero, "-1"});
    EXPECT_EQ(client.ask({"SORT", "l"}).items[1].text, zero);
    EXPECT_EQ(client("SORT l STORE d"), ":3");
    EXPECT_EQ(client.ask({"LINDEX", "d", "1"}).text, zero);
    for (const auto* wrong : {"1e-400", "1e400", "4e-320", "2x", "nan"}) {
        client.ask({"DEL", "l"});
        client.ask({"RPUSH", "l", "3", wrong});
        EXPECT_EQ(client("SORT l"), "-ERR One or more scores can't be converted into double") << wrong;
    }
    client("DEL l");
    const std::string b("a\0b", 3);
    const std::string a("a\0a", 3);
    client.ask({"RPUSH", "l", b, a, "a"});
    EXPECT_EQ(client.ask({"SORT", "l", "ALPHA"}).items[0].text, b);
    EXPECT_EQ(client.ask({"SORT", "l", "ALPHA", "BY", "*"}).items[0].text, b);
    EXPECT_EQ(client("SORT l ALPHA STORE d"), ":3");
    EXPECT_EQ(client("LINDEX d 0"), R"("a")");
    EXPECT_EQ(client.ask({"LINDEX", "d", "2"}).text, b);
}

TEST(Lists, MoveElementsAndKeepDeadlines) {
    memory_client client;
    client("RPUSH a 1 2 3");
    client("PEXPIRE a 5000");
    EXPECT_EQ(client("LMOVE a a LEFT RIGHT"), R"("1")");
    EXPECT_EQ(client("RPOPLPUSH a a"), R"("1")");
    EXPECT_EQ(client("LRANGE a 0 -1"), R"(["1", "2", "3"])");
    EXPECT_EQ(client("LMOVE a b RIGHT RIGHT"), R"("3")");
    EXPECT_EQ(client("LMOVE a b LEFT LEFT"), R"("1")");
    EXPECT_EQ(client("LRANGE b 0 -1"), R"(["1", "3"])");
    EXPECT_EQ(client("LMOVE a a LEFT LEFT"), R"("2")");
    EXPECT_EQ(client("PTTL a"), ":5000") << "a list of one element that is moved to itself stays";
    EXPECT_EQ(client("LMOVE a b LEFT LEFT"), R"("2")");
    EXPECT_EQ(client("EXISTS a"), ":0");
    EXPECT_EQ(client("LMPOP 3 a b c RIGHT COUNT 2"), R"(["b", ["3", "1"]])");
    EXPECT_EQ(client("LMPOP 3 a b c LEFT"), R"(["b", ["2"]])");
    EXPECT_EQ(client("LMPOP 3 a b c LEFT"), "nil*");
}

TEST(Lists, ThoseWhoseDeadlineHasComeAreNotThere) {
    memory_client client;
    const auto come = [&] {
        client("DEL l m");
        client("RPUSH l a b");
        client("PEXPIRE l 10");
        client.clock.time += 10'000;
    };
    come();
    EXPECT_EQ(client("RPUSH l x"), ":1");
    EXPECT_EQ(client("PTTL l"), ":-1");
    come();
    client("RPUSH m 1");
    EXPECT_EQ(client("LMOVE m l LEFT LEFT"), R"("1")");
    EXPECT_EQ(client("LRANGE l 0 -1"), R"(["1"])");
    come();
    EXPECT_EQ(client("RPOPLPUSH l m"), "nil");
    EXPECT_EQ(client("LINSERTAT l 5 x"), ":1");
    come();
    EXPECT_EQ(client("LRANGE l 0 -1"), "[]");
    EXPECT_EQ(client("LSPLICE l 0 9 x"), "[]");
    EXPECT_EQ(client("LRANGE l 0 -1"), R"(["x"])");
}

TEST(Lists, LongValuesStandOutOfLine) {
    memory_client client;
    const std::string long_one(100'000, 'x');
    const std::string edge(1024, 'e');
    const std::string over(1025, 'o');
    EXPECT_EQ(client({"RPUSH", "l", long_one, edge, over, "short"}), ":4");
    EXPECT_EQ(client("LRANGE l 0 -1"), array_text({long_one, edge, over, "short"}));
    EXPECT_EQ(client({"LPOS", "l", over}), ":2");
    EXPECT_EQ(client({"LPOS", "l", std::string(1025, 'x')}), "nil");
    EXPECT_EQ(client({"LINSERT", "l", "AFTER", long_one, "in"}), ":5");
    EXPECT_EQ(client("LMOVE l m LEFT LEFT"), array_text({long_one}).substr(1, array_text({long_one}).size() - 2));
    EXPECT_EQ(client("LRANGE m 0 -1"), array_text({long_one}));
    EXPECT_EQ(client({"LREM", "l", "0", over}), ":1");
    EXPECT_EQ(client("LRANGE l 0 -1"), array_text({"in", edge, "short"}));
}

// Model: what Python and JavaScript say, in the most literal form.
strings python_slice(const std::deque<std::string>& list, std::optional<std::int64_t> start,
                     std::optional<std::int64_t> stop, std::int64_t step) {
    const auto size = static_cast<std::int64_t>(list.size());
    const auto place = [&](std::int64_t at) {
        if (at < 0) { at += size; }
        return step > 0 ? std::clamp<std::int64_t>(at, 0, size) : std::clamp<std::int64_t>(at, -1, size - 1);
    };
    strings found;
    auto at = start ? place(*start) : (step > 0 ? 0 : size - 1);
    const auto end = stop ? place(*stop) : (step > 0 ? size : -1);
    for (; step > 0 ? at < end : at > end; at += step) { found.push_back(list[static_cast<std::size_t>(at)]); }
    return found;
}

TEST(Lists, SlicesAreThoseOfPython) {
    memory_client client;
    std::deque<std::string> model;
    for (int size = 0; size < 7; ++size) {
        const auto bounds = std::vector<std::optional<std::int64_t>>{std::nullopt, -9, -6, -3, -1, 0, 1, 2, 5, 6, 9};
        for (const auto& start : bounds) {
            for (const auto& stop : bounds) {
                for (const std::int64_t step : {-7, -2, -1, 1, 2, 3, 100}) {
                    const auto word = [](const auto& bound) { return bound ? std::to_string(*bound) : std::string(); };
                    EXPECT_EQ(client({"LSLICE", "l", word(start), word(stop), std::to_string(step)}),
                              array_text(python_slice(model, start, stop, step)))
                        << "[" << word(start) << ":" << word(stop) << ":" << step << "] of " << size;
                }
            }
        }
        model.push_back(std::to_string(size));
        client({"RPUSH", "l", model.back()});
    }
    const auto last = std::to_string(INT64_MAX);
    const auto first = std::to_string(INT64_MIN);
    EXPECT_EQ(client({"LSLICE", "l", last, first, first}), R"(["6"])");
    EXPECT_EQ(client({"LSLICE", "l", first, last, last}), R"(["0"])");
}

TEST(Lists, SplicesAreThoseOfJavaScript) {
    memory_client client;
    client("RPUSH l a b c d");
    EXPECT_EQ(client("LSPLICE l 1 2 x y z"), R"(["b", "c"])");
    EXPECT_EQ(client("LRANGE l 0 -1"), R"(["a", "x", "y", "z", "d"])");
    EXPECT_EQ(client("LSPLICE l -2 1"), R"(["z"])");
    EXPECT_EQ(client("LSPLICE l 9 5 e"), "[]");
    EXPECT_EQ(client("LSPLICE l -99 -1 start"), "[]");
    EXPECT_EQ(client("LRANGE l 0 -1"), R"(["start", "a", "x", "y", "d", "e"])");
    EXPECT_EQ(client("LSPLICE l 0 99"), R"(["start", "a", "x", "y", "d", "e"])");
    EXPECT_EQ(client("EXISTS l"), ":0");
    EXPECT_EQ(client("LSPLICE l 0 0"), "[]");
    EXPECT_EQ(client("EXISTS l"), ":0");
    EXPECT_EQ(client("LINSERTAT l 7 c"), ":1");
    EXPECT_EQ(client("LINSERTAT l -9 a"), ":2");
    EXPECT_EQ(client("LINSERTAT l -1 b"), ":3");
    EXPECT_EQ(client("LINSERTAT l 3 d"), ":4");
    EXPECT_EQ(client("LRANGE l 0 -1"), R"(["a", "b", "c", "d"])");
}

// Model: std::deque, for three lists that are long enough to have several levels.
class list_model {
public:
    explicit list_model(random_source& random) : random_(random) {}

    void step(memory_client& client) {
        const std::string key = "l" + std::to_string(random_.below(3));
        auto& list = lists_[key];
        switch (random_.below(12)) {
            case 0: return push(client, key, list);
            case 1: return pop(client, key, list);
            case 2: return range(client, key, list);
            case 3: return splice(client, key, list);
            case 4: return splice(client, key, list);
            case 5: return remove(client, key, list);
            case 6: return trim(client, key, list);
            case 7: return move(client, key, "l" + std::to_string(random_.below(3)));
            case 8: return slice(client, key, list);
            case 9: return insert(client, key, list);
            case 10: return find(client, key, list);
            default: return replace(client, key, list);
        }
    }
    void check(memory_client& client) {
        for (const auto& [key, list] : lists_) {
            EXPECT_EQ(client("LRANGE " + key + " 0 -1"), array_text({list.begin(), list.end()}));
            EXPECT_EQ(client("LLEN " + key), ":" + std::to_string(list.size()));
        }
    }

private:
    using elements = std::deque<std::string>;

    std::string value() {
        if (random_.one_in(40)) { return std::string(1000 + random_.below(60), 'v'); }
        if (random_.one_in(200)) { return std::string(5000, 'w'); }
        return std::string(random_.below(3) * 20, 'p') + std::to_string(random_.below(6));
    }
    strings values(std::uint64_t most) {
        strings made(1 + random_.below(random_.one_in(10) ? 40 * most : most));
        std::generate(made.begin(), made.end(), [&] { return value(); });
        return made;
    }
    std::int64_t position(const elements& list) {
        return static_cast<std::int64_t>(random_.below(2 * list.size() + 5)) - static_cast<std::int64_t>(list.size())
               - 2;
    }
    static elements::iterator at(elements& list, std::int64_t place) { return list.begin() + place; }

    void push(memory_client& client, const std::string& key, elements& list) {
        const bool left = random_.one_in(2);
        strings words{left ? "LPUSH" : "RPUSH", key};
        for (const auto& each : values(8)) {
            words.push_back(each);
            left ? list.push_front(each) : list.push_back(each);
        }
        EXPECT_EQ(client(words), ":" + std::to_string(list.size()));
    }
    void pop(memory_client& client, const std::string& key, elements& list) {
        const bool left = random_.one_in(2);
        const auto count = random_.below(6);
        strings gone;
        const bool none = list.empty();
        for (auto left_over = std::min<std::uint64_t>(count, list.size()); left_over > 0; --left_over) {
            gone.push_back(left ? list.front() : list.back());
            left ? list.pop_front() : list.pop_back();
        }
        EXPECT_EQ(client({left ? "LPOP" : "RPOP", key, std::to_string(count)}), none ? "nil*" : array_text(gone));
    }
    void range(memory_client& client, const std::string& key, const elements& list) {
        const auto first = position(list);
        const auto last = position(list);
        const auto found = range_between(first, last, list.size());
        const auto begin = list.begin() + static_cast<std::ptrdiff_t>(found.first);
        EXPECT_EQ(client({"LRANGE", key, std::to_string(first), std::to_string(last)}),
                  array_text({begin, begin + static_cast<std::ptrdiff_t>(found.count)}));
    }
    void splice(memory_client& client, const std::string& key, elements& list) {
        const auto start = position(list);
        const auto count = static_cast<std::int64_t>(random_.below(8)) - 1;
        const auto size = static_cast<std::int64_t>(list.size());
        const auto first = std::clamp<std::int64_t>(start < 0 ? start + size : start, 0, size);
        const auto erased = std::clamp<std::int64_t>(count, 0, size - first);
        const auto given = random_.one_in(3) ? strings() : values(5);
        const strings gone(at(list, first), at(list, first + erased));
        list.erase(at(list, first), at(list, first + erased));
        // libstdc++ 12 moves elements onto themselves where nothing is inserted.
        if (!given.empty()) { list.insert(at(list, first), given.begin(), given.end()); }
        strings words{"LSPLICE", key, std::to_string(start), std::to_string(count)};
        words.insert(words.end(), given.begin(), given.end());
        EXPECT_EQ(client(words), array_text(gone));
    }
    void remove(memory_client& client, const std::string& key, elements& list) {
        const auto count = static_cast<std::int64_t>(random_.below(7)) - 3;
        const auto gone_value = value();
        auto left = count == 0 ? INT64_MAX : std::abs(count);
        const auto before = list.size();
        if (count < 0) { std::reverse(list.begin(), list.end()); }
        std::erase_if(list, [&](const auto& each) { return each == gone_value && left > 0 && left-- > 0; });
        if (count < 0) { std::reverse(list.begin(), list.end()); }
        EXPECT_EQ(client({"LREM", key, std::to_string(count), gone_value}), ":" + std::to_string(before - list.size()));
    }
    void trim(memory_client& client, const std::string& key, elements& list) {
        if (!random_.one_in(3)) { return; }
        const auto first = static_cast<std::int64_t>(random_.below(4));
        const auto last = -1 - static_cast<std::int64_t>(random_.below(4));
        const auto kept = range_between(first, last, list.size());
        const auto begin = list.begin() + static_cast<std::ptrdiff_t>(kept.first);
        list = elements(begin, begin + static_cast<std::ptrdiff_t>(kept.count));
        EXPECT_EQ(client({"LTRIM", key, std::to_string(first), std::to_string(last)}), "+OK");
    }
    void move(memory_client& client, const std::string& source, const std::string& target) {
        const bool from_left = random_.one_in(2);
        const bool to_left = random_.one_in(2);
        auto& from = lists_[source];
        std::string expected = "nil";
        if (!from.empty()) {
            const auto moved = from_left ? from.front() : from.back();
            from_left ? from.pop_front() : from.pop_back();
            auto& to = lists_[target];
            to_left ? to.push_front(moved) : to.push_back(moved);
            expected = to_text({reply_kind::bulk, moved});
        }
        EXPECT_EQ(client({"LMOVE", source, target, from_left ? "LEFT" : "RIGHT", to_left ? "LEFT" : "RIGHT"}),
                  expected);
    }
    void slice(memory_client& client, const std::string& key, const elements& list) {
        const auto start = position(list);
        const auto stop = position(list);
        const auto magnitude =
            static_cast<std::int64_t>(random_.one_in(4) ? 20 + random_.below(30) : 1 + random_.below(4));
        const auto step = random_.one_in(2) ? magnitude : -magnitude;
        EXPECT_EQ(client({"LSLICE", key, std::to_string(start), std::to_string(stop), std::to_string(step)}),
                  array_text(python_slice(list, start, stop, step)));
    }
    void insert(memory_client& client, const std::string& key, elements& list) {
        const auto place = position(list);
        const auto size = static_cast<std::int64_t>(list.size());
        const auto given = value();
        list.insert(at(list, std::clamp<std::int64_t>(place < 0 ? place + size : place, 0, size)), given);
        EXPECT_EQ(client({"LINSERTAT", key, std::to_string(place), given}), ":" + std::to_string(list.size()));
    }
    void find(memory_client& client, const std::string& key, const elements& list) {
        const auto wanted = value();
        std::string expected = "[";
        for (std::size_t i = 0; i < list.size(); ++i) {
            if (list[i] == wanted) { expected += (expected.size() > 1 ? ", :" : ":") + std::to_string(i); }
        }
        EXPECT_EQ(client({"LPOS", key, wanted, "COUNT", "0"}), expected + "]");
    }
    void replace(memory_client& client, const std::string& key, elements& list) {
        const auto place = position(list);
        const auto size = static_cast<std::int64_t>(list.size());
        const auto given = value();
        const auto from_head = place < 0 ? place + size : place;
        std::string expected = list.empty() ? "-ERR no such key" : "-ERR index out of range";
        if (from_head >= 0 && from_head < size) {
            list[static_cast<std::size_t>(from_head)] = given;
            expected = "+OK";
        }
        EXPECT_EQ(client({"LSET", key, std::to_string(place), given}), expected);
    }

    random_source& random_;
    std::map<std::string, elements> lists_;
};

TEST(Lists, HoldWhatDequesHold) {
    for_each_seed(6, [](random_source& random) {
        memory_client client;
        list_model model(random);
        for (int i = 0; i < 1500 && !::testing::Test::HasFailure(); ++i) {
            model.step(client);
            if (i % 100 == 0) { model.check(client); }
        }
        model.check(client);
    });
}

TEST(Lists, RemovingManyOrFewLeavesTheRest) {
    for (const int every : {1, 2, 5, 30, 1000}) {  // close together and far apart
        memory_client client;
        strings all{"RPUSH", "l"};
        strings rest;
        for (int i = 0; i < 5000; ++i) {
            all.push_back(i % every == 0 ? "gone" : std::to_string(i));
            if (i % every != 0) { rest.push_back(all.back()); }
        }
        client(all);
        EXPECT_EQ(client("LREM l 0 gone"), ":" + std::to_string(5000 - rest.size()));
        EXPECT_EQ(client("LRANGE l 0 -1"), array_text(rest));
    }
}

TEST(Lists, ManyChangesInOneTransactionAreOneChange) {
    memory_client client;
    client("RPUSH l a b c d e f");
    client("SET s x");
    client("MULTI");
    client("LMOVE l m LEFT LEFT");
    client("LTRIM l 1 -2");
    client("LPUSH s x");
    client("LREM l 0 c");
    EXPECT_EQ(client("EXEC"), R"(["a", +OK, -WRONGTYPE Operation against a key holding the wrong kind of value, :1])");
    EXPECT_EQ(client("LRANGE l 0 -1"), R"(["d", "e"])");
    EXPECT_EQ(client("LRANGE m 0 -1"), R"(["a"])");
}

TEST(Lists, LongReadsSayHowLongTheyAre) {
    memory_client client;
    strings all{"RPUSH", "l"};
    for (int i = 0; i < 3000; ++i) { all.push_back(std::to_string(i)); }
    client(all);
    testing::collected_reply unused;
    command_context context(client.store(), *client.session.branch, 0, client.clock.now() / 1000, unused,
                            &client.session, &client.host);
    const auto touched = [&](const strings& words) {
        const std::vector<std::string_view> given(words.begin(), words.end());
        return find_command(given[0])->elements(context, given);
    };
    EXPECT_EQ(touched({"LRANGE", "l", "0", "-1"}), 3000U);
    EXPECT_EQ(touched({"LRANGE", "l", "10", "19"}), 10U);
    EXPECT_EQ(touched({"LSLICE", "l", "", "", "-2"}), 1500U);
    EXPECT_EQ(touched({"LPOS", "l", "x", "MAXLEN", "100"}), 100U);
    EXPECT_EQ(touched({"LRANGE", "none", "0", "-1"}), 0U);
}

}  // namespace
}  // namespace coppice
