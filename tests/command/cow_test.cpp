// INFO cow and BRANCH INFO say true numbers: each is checked on a store that was made so that it is known.

#include <support/memory_client.hpp>

#include <gtest/gtest.h>

namespace coppice {
namespace {

using testing::memory_client;

class figures {
public:
    explicit figures(memory_client& client) : client_(client) {}
    /// A line of INFO cow.
    std::string operator[](std::string_view name) {
        const auto text = client_.ask({"INFO", "cow"}).text;
        const auto at = text.find("\n" + std::string(name) + ":");
        if (at == std::string::npos) { return "no line " + std::string(name); }
        const auto from = text.find(':', at) + 1;
        return text.substr(from, text.find('\r', from) - from);
    }
    std::int64_t number(std::string_view name) { return std::stoll((*this)[name]); }
    /// A field of BRANCH INFO.
    std::int64_t of_branch(const std::string& branch, std::string_view name) {
        const auto info = client_.ask({"BRANCH", "INFO", branch, "MEMORY"});
        for (std::size_t i = 0; i + 1 < info.items.size(); i += 2) {
            if (info.items[i].text == name) { return info.items[i + 1].number; }
        }
        ADD_FAILURE() << "no field " << name;
        return -1;
    }

private:
    memory_client& client_;
};

TEST(Cow, CountsChangesAndWhatTheyCopied) {
    memory_client client;
    figures cow(client);
    EXPECT_EQ(cow["changes"], "0");
    EXPECT_EQ(cow["copied_bytes_per_change"], "0.0");
    client("SET a 1");
    client("MSET b 2 c 3");
    client("GET a");
    EXPECT_EQ(cow["changes"], "3");
    EXPECT_EQ(cow["nodes_copied"], "0") << "nobody else has seen the page";
    client("BRANCH CREATE exp");
    client("SET a 4");
    EXPECT_EQ(cow["changes"], "4");
    EXPECT_EQ(cow["nodes_copied"], "1") << "the one page, which exp has too";
    client("SET a 5");
    EXPECT_EQ(cow["nodes_copied"], "1") << "now it is main's alone";
    EXPECT_EQ(cow["copied_bytes_per_change"],
              fmt::format("{:.1f}", static_cast<double>(cow.number("nodes_copied_bytes")) / 5));
}

TEST(Cow, CommandsOfOneExecCopyAPathOnce) {
    memory_client client;
    figures cow(client);
    for (const auto* const copied : {"0", "2"}) {
        client("MULTI");
        for (int i = 0; i < 500; ++i) { client("RPUSH list an_element_of_some_length"); }
        client("EXEC");
        EXPECT_EQ(cow["nodes_copied"], copied) << "once there is something to keep, its page and the key's";
    }
    EXPECT_EQ(client("LLEN list"), ":1000");
}

TEST(Cow, CountsVersionsAndWhoHoldsThem) {
    memory_client client;
    figures cow(client);
    client("SET a 1");
    EXPECT_EQ(cow["versions_alive"], "1");
    client("COMMIT");
    client("BRANCH CREATE exp");
    EXPECT_EQ(cow["versions_alive"], "3") << "two branches and a commit";
    {
        const auto held = client.store().resolve("exp");
        client.clock.time += 5'000'000;
        EXPECT_EQ(cow["versions_alive"], "4");
        EXPECT_EQ(cow["snapshots_held"], "1");
        EXPECT_EQ(cow["oldest_snapshot_ms"], "5000");
    }
    EXPECT_EQ(cow["snapshots_held"], "0");
    EXPECT_EQ(cow["oldest_snapshot_ms"], "0");
    EXPECT_EQ(cow["readers_active"], "0");
    client("SET a 2");
    client.clock.time += 5'000'000;
    client.store().tick();
    EXPECT_EQ(cow["restore_points"], "1");
    EXPECT_EQ(cow["versions_alive"], "4");
}

TEST(Cow, CountsTransactionsAndConflicts) {
    memory_client client;
    figures cow(client);
    command_session other(client.host, 2, *client.store().branch("main"));
    testing::collected_reply heard(3);
    const auto other_says = [&](std::string_view line) {
        const auto words = testing::words_of(line);
        const std::vector<std::string_view> given(words.begin(), words.end());
        run_request(client.host, other, heard, given);
        static_cast<void>(heard.take());
    };
    other_says("MULTI");
    EXPECT_EQ(cow["transactions_pending"], "1");
    other_says("SET a 1");
    other_says("EXEC");
    EXPECT_EQ(cow["transactions_pending"], "0");
    EXPECT_EQ(cow["transactions"], "1");
    EXPECT_EQ(cow["conflicts"], "0");
    other_says("WATCH a");
    client("SET a 2");
    other_says("MULTI");
    other_says("EXEC");
    EXPECT_EQ(cow["transactions"], "1");
    EXPECT_EQ(cow["conflicts"], "1");
    client("CONFIG RESETSTAT");
    EXPECT_EQ(cow["conflicts"], "0");
}

TEST(Cow, TellsABranchsOwnMemoryFromWhatItShares) {
    memory_client client;
    figures cow(client);
    for (int i = 0; i < 500; ++i) { client({"SET", "key:" + std::to_string(1000 + i), std::string(200, 'x')}); }
    const auto whole = cow.of_branch("main", "resident_bytes");
    EXPECT_EQ(cow.of_branch("main", "exclusive_bytes"), whole);
    EXPECT_EQ(cow.of_branch("main", "shared_bytes"), 0);
    client("BRANCH CREATE exp");
    for (const auto* name : {"main", "exp"}) {
        EXPECT_EQ(cow.of_branch(name, "resident_bytes"), whole) << name;
        EXPECT_EQ(cow.of_branch(name, "shared_bytes"), whole) << name;
        EXPECT_EQ(cow.of_branch(name, "exclusive_bytes"), 0) << name;
    }
    client("ON exp SET key:1234 other");
    const auto copied = cow.of_branch("exp", "copied_bytes");
    EXPECT_EQ(cow.of_branch("exp", "nodes_copied"), 2);
    EXPECT_EQ(cow.of_branch("exp", "exclusive_bytes"), copied);
    EXPECT_EQ(cow.of_branch("exp", "shared_bytes"), cow.of_branch("exp", "resident_bytes") - copied);
    EXPECT_EQ(cow.of_branch("main", "resident_bytes"), whole);
    client("SAVE");  // until then the catalog says of exp what it was made from
    EXPECT_GT(cow.of_branch("main", "exclusive_bytes"), 0) << "the path that exp has replaced";
    client("BRANCH DELETE exp");
    EXPECT_EQ(cow.of_branch("main", "exclusive_bytes"), whole);
    EXPECT_EQ(client("BRANCH INFO main NONSENSE"), "-ERR 'NONSENSE' is not expected here: BRANCH INFO name [MEMORY]");
}

}  // namespace
}  // namespace coppice
