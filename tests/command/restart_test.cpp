// Collections on a disk answer as those in memory do, after restarts with and without a checkpoint, and while every
// page that is touched has to be loaded first.
#include <filesystem>

#include <unistd.h>

#include <support/memory_client.hpp>
#include <support/seeds.hpp>

#include <gtest/gtest.h>

namespace coppice {
namespace {

using testing::for_each_seed;
using testing::memory_client;

using strings = std::vector<std::string>;

class folder {
public:
    folder() : path_(std::filesystem::temp_directory_path() / ("coppice-collections-" + std::to_string(::getpid()))) {
        std::filesystem::remove_all(path_);
    }
    ~folder() { std::filesystem::remove_all(path_); }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;

    /// A client whose commands meet not_resident wherever a page is not in memory.
    [[nodiscard]] std::unique_ptr<memory_client> open() const {
        auto where = open_directory_storage(path_);
        EXPECT_TRUE(where.has_value());
        auto options = memory_client::by_hand();
        options.wait_for_loads = false;
        return std::make_unique<memory_client>(std::move(*where), 3, options);
    }

private:
    std::filesystem::path path_;
};

// Any command on collections whose answer does not depend on chance.
class command_source {
public:
    explicit command_source(random_source& random) : random_(random) {}

    strings next() {
        switch (random_.below(16)) {
            case 0: return with(pick({"LPUSH", "RPUSH"}), {list()}, 40);
            case 1: return {pick({"LPOP", "RPOP"}), list(), number(30)};
            case 2: return {"LMOVE", list(), list(), pick({"LEFT", "RIGHT"}), pick({"LEFT", "RIGHT"})};
            case 3: return {"LTRIM", list(), number(4), "-" + std::to_string(1 + random_.below(4))};
            case 4: return {"LREM", list(), number(5), word()};
            case 5: return with("LSPLICE", {list(), number(300), number(9)}, 9);
            case 6: return {"LSLICE", list(), number(300), "", "7"};
            case 7: return {"LINSERT", list(), "AFTER", word(), word()};
            case 8: return with("HSET", {hash()}, 0, 30);
            case 9: return with("HDEL", {hash()}, 12);
            case 10: return with("HMGET", {hash()}, 40);
            case 11: return {"HINCRBY", hash(), "n" + number(9), number(100)};
            case 12: return with("SADD", {set()}, 40);
            case 13: return with("SREM", {set()}, 12);
            case 14: return {"SMOVE", set(), set(), word()};
            default: return {pick({"SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"}), set(), set(), set()};
        }
    }
    static strings all_keys() { return {"l0", "l1", "l2", "h0", "h1", "h2", "s0", "s1", "s2"}; }

private:
    std::string pick(std::initializer_list<const char*> words) { return words.begin()[random_.below(words.size())]; }
    std::string number(std::uint64_t below) { return std::to_string(random_.below(below)); }
    std::string list() { return "l" + number(3); }
    std::string hash() { return "h" + number(3); }
    std::string set() { return "s" + number(3); }
    std::string word() {
        if (random_.one_in(20)) { return std::string(random_.one_in(3) ? 20'000 : 600, 'w') + number(30); }
        return random_.one_in(50) ? std::string(2000, 'w') : std::string(random_.below(2) * 30, 'p') + number(500);
    }
    strings with(const std::string& name, const strings& first, std::uint64_t most, std::uint64_t pairs = 0) {
        strings words{name};
        words.insert(words.end(), first.begin(), first.end());
        const auto count = pairs > 0 ? 2 * (1 + random_.below(pairs)) : 1 + random_.below(most);
        for (std::uint64_t i = 0; i < count; ++i) { words.push_back(word()); }
        return words;
    }

    random_source& random_;
};

std::string content(memory_client& client) {
    std::string all;
    for (const auto& key : command_source::all_keys()) {
        const auto* read = key[0] == 'l' ? "LRANGE" : key[0] == 'h' ? "HGETALL" : "SMEMBERS";
        all += key[0] == 'l' ? client({read, key, "0", "-1"}) : client({read, key});
        all += '\n';
    }
    return all;
}

TEST(Collections, OnADiskAnswerAsThoseInMemoryDo) {
    for_each_seed(2, [](random_source& random) {
        const folder where;
        memory_client twin;
        auto stored = where.open();
        command_source commands(random);
        std::uint64_t loads = 0;
        for (int i = 0; i < 1500 && !::testing::Test::HasFailure(); ++i) {
            const auto words = commands.next();
            ASSERT_EQ(stored->operator()(words), twin(words)) << "step " << i << ": " << words[0];
            if (i % 150 != 149) { continue; }
            ASSERT_EQ(content(*stored), content(twin));
            ASSERT_TRUE(stored->store().end_turn().has_value());
            if (random.below(3) > 0) { ASSERT_TRUE(stored->store().close().has_value()); }
            loads += stored->store().figures().pool.loads;
            stored.reset();
            stored = where.open();
            if (random.one_in(2)) { ASSERT_EQ(content(*stored), content(twin)) << "after a restart"; }
        }
        EXPECT_GT(loads, 100U) << "hardly a page was loaded, so nothing was tried";
    });
}

}  // namespace
}  // namespace coppice
