// Every row of the table is called, and its reply is what the row says; the table and the page made of it are whole.
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <command/command_info.hpp>
#include <command/parse.hpp>
#include <support/memory_client.hpp>

#include <gtest/gtest.h>

namespace coppice {
namespace {

using testing::memory_client;
using testing::to_text;

struct example {
    std::string_view line;
    std::string_view reply;  // empty: anything but an error
};

// Lines that make what the others work on; then one call at least of each row, in an order that suits them.
constexpr example examples[] = {
    {"SET s 10", "+OK"},
    {"RPUSH l c a b", ":3"},
    {"HSET h f 1 g 2", ":2"},
    {"SADD t x y z", ":3"},
    {"SADD u y q", ":2"},
    // strings
    {"APPEND text ab", ":2"},
    {"DECR s", ":9"},
    {"DECRBY s 4", ":5"},
    {"GET s", "\"5\""},
    {"GETEX s EX 100", "\"5\""},
    {"GETRANGE text 0 0", "\"a\""},
    {"GETSET s 7", "\"5\""},
    {"INCR s", ":8"},
    {"INCRBY s 2", ":10"},
    {"INCRBYFLOAT s 0.5", "\"10.5\""},
    {"MGET s nosuch", "[\"10.5\", nil]"},
    {"MSET a 1 b 2", "+OK"},
    {"MSETNX a 1 c 2", ":0"},
    {"PSETEX p 100000 v", "+OK"},
    {"SETEX p 100 v", "+OK"},
    {"SETNX p w", ":0"},
    {"SETRANGE text 1 xy", ":3"},
    {"STRLEN text", ":3"},
    {"SUBSTR text 0 1", "\"ax\""},
    {"GETDEL p", "\"v\""},
    // keys
    {"COPY s s2", ":1"},
    {"EXISTS s s2 nosuch", ":2"},
    {"EXPIRE s2 100", ":1"},
    {"EXPIREAT s2 9999999999", ":1"},
    {"EXPIRETIME s2", ":9999999999"},
    {"PEXPIRE s2 100000", ":1"},
    {"PEXPIREAT s2 9999999999000", ":1"},
    {"PEXPIRETIME s2", ":9999999999000"},
    {"TTL s2", ""},
    {"PTTL s2", ""},
    {"PERSIST s2", ":1"},
    {"KEYS s*", "[\"s\", \"s2\"]"},
    {"MOVE s2 1", ":1"},
    {"OBJECT ENCODING s", "\"inline\""},
    {"OBJECT REFCOUNT s", ":1"},
    {"OBJECT IDLETIME s", ":0"},
    {"OBJECT FREQ nosuch", "nil"},
    {"OBJECT HELP", ""},
    {"RANDOMKEY", ""},
    {"RENAME a a2", "+OK"},
    {"RENAMENX a2 a", ":1"},
    {"SCAN 0 MATCH no*", "[\"0\", []]"},
    {"SORT l ALPHA", "[\"a\", \"b\", \"c\"]"},
    {"SORT_RO l ALPHA LIMIT 0 1", "[\"a\"]"},
    {"TOUCH s", ":1"},
    {"TYPE h", "+hash"},
    {"UNLINK b", ":1"},
    {"DEL nosuch", ":0"},
    {"DBSIZE", ""},
    // lists
    {"LINDEX l 0", "\"c\""},
    {"LINSERT l BEFORE a z", ":4"},
    {"LINSERTAT l 0 first", ""},
    {"LLEN l", ":5"},
    {"LMOVE l l2 LEFT RIGHT", "\"first\""},
    {"LMPOP 1 l2 LEFT", ""},
    {"LPUSH l2 1 2 3", ":3"},
    {"LPUSHX l2 4", ":4"},
    {"LPOP l2", "\"4\""},
    {"RPOP l2", "\"1\""},
    {"LPOS l a", ":2"},
    {"LRANGE l2 0 -1", "[\"3\", \"2\"]"},
    {"LREM l2 0 3", ":1"},
    {"LSET l 0 n", "+OK"},
    {"LSLICE l 0 2 1", ""},
    {"LSPLICE l 0 1 x y", ""},
    {"LTRIM l 0 2", "+OK"},
    {"RPOPLPUSH l l2", ""},
    {"RPUSHX l2 e", ":3"},
    // hashes
    {"HDEL h g", ":1"},
    {"HEXISTS h f", ":1"},
    {"HGET h f", "\"1\""},
    {"HGETALL h", "{\"f\": \"1\"}"},
    {"HINCRBY h f 2", ":3"},
    {"HINCRBYFLOAT h f 0.5", "\"3.5\""},
    {"HKEYS h", "[\"f\"]"},
    {"HLEN h", ":1"},
    {"HMGET h f g", "[\"3.5\", nil]"},
    {"HMSET h g 2", "+OK"},
    {"HRANDFIELD h", ""},
    {"HSCAN h 0", ""},
    {"HSETNX h f 1", ":0"},
    {"HSTRLEN h f", ":3"},
    {"HVALS h", "[\"3.5\", \"2\"]"},
    // sets
    {"SCARD t", ":3"},
    {"SDIFF t u", "~(\"x\", \"z\")"},
    {"SDIFFSTORE d t u", ":2"},
    {"SINTER t u", "~(\"y\")"},
    {"SINTERCARD 2 t u", ":1"},
    {"SINTERSTORE d t u", ":1"},
    {"SISMEMBER t x", ":1"},
    {"SMEMBERS u", ""},
    {"SMISMEMBER t x q", "[:1, :0]"},
    {"SMOVE t u x", ":1"},
    {"SRANDMEMBER t", ""},
    {"SPOP d", "\"y\""},
    {"SREM t z", ":1"},
    {"SSCAN t 0", "[\"0\", [\"y\"]]"},
    {"SUNION t u", ""},
    {"SUNIONSTORE d t u", ""},
    // transactions
    {"WATCH s", "+OK"},
    {"UNWATCH", "+OK"},
    {"MULTI", "+OK"},
    {"DISCARD", "+OK"},
    {"MULTI", "+OK"},
    {"EXEC", "[]"},
    // connection
    {"PING", "+PONG"},
    {"ECHO hi", "\"hi\""},
    {"SELECT 1", "+OK"},
    {"SELECT 0", "+OK"},
    {"HELLO 3", ""},
    {"AUTH default x", "+OK"},
    {"CLIENT ID", ":1"},
    {"CLIENT SETNAME me", "+OK"},
    {"CLIENT GETNAME", "\"me\""},
    {"CLIENT INFO", ""},
    {"CLIENT LIST", ""},
    {"CLIENT KILL ID 99", ":0"},
    {"CLIENT NO-EVICT ON", "+OK"},
    {"CLIENT NO-TOUCH ON", "+OK"},
    {"CLIENT SETINFO LIB-NAME test", "+OK"},
    {"CLIENT REPLY ON", "+OK"},
    {"CLIENT GETREDIR", ":-1"},
    {"CLIENT HELP", ""},
    {"COMMAND", ""},
    {"COMMAND COUNT", ""},
    {"COMMAND DOCS GET", ""},
    {"COMMAND INFO GET", ""},
    {"COMMAND LIST", ""},
    {"COMMAND GETKEYS MSET a 1 b 2", "[\"a\", \"b\"]"},
    {"COMMAND HELP", ""},
    // server
    {"CONFIG GET databases", "{\"databases\": \"16\"}"},
    {"CONFIG SET nosuch 1", "-"},
    {"CONFIG RESETSTAT", "+OK"},
    {"CONFIG REWRITE", "-"},
    {"CONFIG HELP", ""},
    {"INFO", ""},
    {"INFO cow", ""},
    {"TIME", ""},
    {"SWAPDB 2 3", "+OK"},
    {"BGSAVE", "-"},
    {"SAVE", "+OK"},
    {"LASTSAVE", ""},
    {"MEMORY USAGE l", ""},
    {"MEMORY HELP", ""},
    {"SLOWLOG GET", "[]"},
    {"SLOWLOG LEN", ":0"},
    {"SLOWLOG RESET", "+OK"},
    {"SLOWLOG HELP", ""},
    {"DEBUG SLEEP 0", "+OK"},
    {"DEBUG SET-ACTIVE-EXPIRE 1", "+OK"},
    {"DEBUG CHANGE-REPL-ID", "+OK"},
    {"DEBUG HELP", ""},
    {"SHUTDOWN", "-"},
    // branches and versions
    {"BRANCH CREATE exp", ""},
    {"BRANCH LIST", ""},
    {"BRANCH CURRENT", ""},
    {"BRANCH INFO exp", ""},
    {"BRANCH RENAME exp exp2", ""},
    {"BRANCH USE exp2", ""},
    {"BRANCH USE main", ""},
    {"BRANCH HELP", ""},
    {"ON exp2 GET s", "\"10.5\""},
    {"AT main GET s", "\"10.5\""},
    {"COMMIT MESSAGE first", ""},
    {"TAG CREATE v1", ""},
    {"TAG LIST", ""},
    {"TAG HELP", ""},
    {"LOG", ""},
    {"DIFF main exp2", ""},
    {"REWIND main v1", ""},
    {"REFLOG main", ""},
    {"TAG DELETE v1", ""},
    {"BRANCH DELETE exp2", ""},
    {"STORE VERIFY", ""},
    {"STORE GC", ""},
    {"STORE BACKUP /nonexistent/x", "-"},
    {"STORE HELP", ""},
    // the end
    {"FLUSHDB", "+OK"},
    {"FLUSHALL", "+OK"},
    {"RESET", "+RESET"},
    {"QUIT", "+OK"},
};

std::string name_of(const command& row, std::string_view parent) {
    return parent.empty() ? std::string(row.name) : std::string(parent) + " " + std::string(row.name);
}

void call_all(int protocol) {
    memory_client client(open_memory_storage(), protocol);
    std::set<std::string, std::less<>> called;
    for (const auto& each : examples) {
        const auto words = testing::words_of(each.line);
        const auto* row = find_command(words[0]);
        ASSERT_NE(row, nullptr) << each.line;
        called.insert(std::string(row->name));
        if (words.size() > 1) { called.insert(std::string(row->name) + " " + words[1]); }
        for (const auto& sub : row->subcommands) {
            if (words.size() > 1 && says(words[1], sub.name)) { row = &sub; }
        }
        const auto reply = client.ask(words);
        const auto text = to_text(reply);
        if (each.reply == "-") {
            EXPECT_EQ(text.substr(0, 1), "-") << each.line;
        } else {
            EXPECT_NE(text.substr(0, 1), "-") << each.line << ": " << text;
            EXPECT_TRUE(testing::fits(row->returns, reply)) << each.line << " answered " << text;
        }
        if (protocol == 3 && each.reply.size() > 1) { EXPECT_EQ(text, each.reply) << each.line; }
    }
    for (const auto& row : all_commands()) {
        EXPECT_TRUE(called.contains(row.name)) << row.name << " is called by no example";
        for (const auto& sub : row.subcommands) {
            EXPECT_TRUE(called.contains(name_of(sub, row.name)))
                << row.name << ' ' << sub.name << " is called by no example";
        }
    }
}

TEST(Rows, AreAllCalledAndAnswerWhatTheySay) { call_all(3); }
TEST(Rows, AnswerInTheOlderProtocolToo) { call_all(2); }

TEST(Rows, AreWhole) {
    std::string_view before;
    for (const auto& row : all_commands()) {
        EXPECT_LT(before, row.name) << "sorted, each once";
        before = row.name;
        EXPECT_EQ(find_command(row.name), &row);
        EXPECT_EQ(find_command(lower_case(row.name)), &row);
        EXPECT_TRUE(row.run != nullptr || !row.subcommands.empty()) << row.name;
        EXPECT_FALSE(row.summary.empty() || row.group.empty() || row.since.empty()) << row.name;
        EXPECT_NE(row.arity, 0) << row.name;
    }
    EXPECT_EQ(find_command("GE"), nullptr);
    EXPECT_EQ(find_command("GETT"), nullptr);
    EXPECT_EQ(find_command(""), nullptr);
    EXPECT_EQ(find_command(std::string_view("GET\0", 4)), nullptr);
    EXPECT_EQ(find_command(std::string(100, 'G')), nullptr);
}

// The page is written again with COPPICE_WRITE_DOCS=1.
TEST(Rows, AreWhatTheDocumentationSays) {
    const std::string path = COPPICE_COMMANDS_PAGE;
    if (std::getenv("COPPICE_WRITE_DOCS") != nullptr) { std::ofstream(path) << commands_as_markdown(); }
    std::ifstream from(path);
    std::stringstream page;
    page << from.rdbuf();
    EXPECT_EQ(page.str(), commands_as_markdown()) << "COPPICE_WRITE_DOCS=1 rows_test writes " << path << " again";
}

}  // namespace
}  // namespace coppice
