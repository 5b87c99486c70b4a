// Saves that do not come to their end, and saves that others get in the way of.
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <coppice/persist.hpp>

#include "support/must.hpp"

#include <gtest/gtest.h>

namespace coppice {
namespace {

using testing::must;

/// A number that cannot be written when it is negative, and lets others write while it is written.
struct brittle {
    int value = 0;
    friend bool operator==(const brittle&, const brittle&) = default;
    static inline std::function<void()> meanwhile = [] {};
};

}  // namespace

template <>
struct written_as<brittle> {
    static void write(const brittle& of, std::string& out) {
        brittle::meanwhile();
        if (of.value < 0) { throw std::domain_error("below zero"); }
        out += std::to_string(of.value);
    }
    [[nodiscard]] static std::optional<brittle> read(std::string_view bytes) {
        return brittle{std::stoi(std::string(bytes))};
    }
};

namespace {

class Save : public ::testing::Test {
protected:
    store data = must(store::open_memory({.background = false}));
    branch main = must(data.branch("main"));
};

TEST_F(Save, OneThatThrowsHasWrittenNothing) {
    using kind = vector<brittle>;
    kind was;
    kind next;
    for (int each = 0; each < 1000; ++each) {  // of which some are written before the last is reached
        was = std::move(was).push_back({each});
        next = std::move(next).push_back({each + 7});
    }
    next = std::move(next).push_back({-1});
    auto from = must(save(main, "v", was));
    must(main.transact([&](editor& edit) {
        edit.put("before", "1");
        EXPECT_THROW(save(edit, "v", next), std::domain_error);
        EXPECT_THROW(save(edit, "new", next), std::domain_error);
        EXPECT_THROW(static_cast<void>(save(edit, "v", next, from)), std::domain_error);
        EXPECT_THROW(static_cast<void>(save(edit, "copy", next, from)), std::domain_error);
        EXPECT_EQ(must(edit.size("v")), was.size());
        save(edit, "behind", was.take(500));
    }));
    EXPECT_EQ(must(find_stored<kind>(main.read(), "v")->load()), was);
    EXPECT_EQ(must(find_stored<kind>(main.read(), "behind")->load()), was.take(500));
    EXPECT_EQ(must(main.read().key_count()), 3U);
    EXPECT_TRUE(must(data.verify()).empty());
    // By itself, too.
    EXPECT_THROW(static_cast<void>(save(main, "v", next, from)), std::domain_error);
    EXPECT_EQ(must(must(save(main, "v", was.take(3), from)).load()), was.take(3));
}

/// Saves on one branch what was read from another, which is written to all the time, elsewhere.
TEST_F(Save, WhoWritesOtherKeysIsNotInTheWay) {
    using kind = vector<brittle>;
    auto from = must(save(main, "v", kind{{1}, {2}, {3}}));
    branch other = must(data.create_branch("other", "main"));
    must(other.transact([](editor& edit) { edit.erase("v"); }));  // else that is copied from
    int writes = 0;
    brittle::meanwhile = [&] {
        must(main.transact([&](editor& edit) { edit.put("elsewhere", std::to_string(++writes)); }));
    };
    const kind mine{{1}, {5}, {3}};
    const auto saved = save(other, "w", mine, from);
    const auto refused = save(other, "v", mine, from);
    brittle::meanwhile = [] {};
    EXPECT_EQ(must(find_stored<kind>(must(saved).version(), "w")->load()), mine);
    EXPECT_EQ(writes, 2);
    EXPECT_EQ(refused.error().code, errc::conflict) << "that key is not there any more";
}

TEST_F(Save, ThreadsThatSaveOtherKeysAreNotInTheWay) {
    branch other = must(data.create_branch("other", "main"));
    const auto saves = [](branch where, const branch& beside, const std::string& key) {
        vector<int> value{0};
        auto kept = must(save(where, key, value));
        for (int each = 1; each < 300; ++each) {
            value = value.push_back(each).set(0, each);
            kept = must(save(where, key, value, kept));
            auto theirs = must(find_stored<vector<int>>(beside.read(), "first"));
            must(save(where, "of another/" + key, must(theirs.load()).push_back(each), theirs));
        }
        EXPECT_EQ(must(find_stored<vector<int>>(where.read(), key)->load()), value);
    };
    std::thread first(saves, main, other, "first");
    std::thread second(saves, main, other, "second");
    std::thread third(saves, other, main, "first");
    for (auto* each : {&first, &second, &third}) { each->join(); }
    EXPECT_TRUE(must(data.verify()).empty());
}

}  // namespace
}  // namespace coppice
