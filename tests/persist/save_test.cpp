// Saves that do not come to their end, and saves that others get in the way of.
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <coppice/persist.hpp>

#include <gtest/gtest.h>

namespace coppice {
namespace {

/// A number that cannot be written when it is negative.
struct brittle {
    int value = 0;
    friend bool operator==(const brittle&, const brittle&) = default;
};

}  // namespace

template <>
struct written_as<brittle> {
    static void write(const brittle& of, std::string& out) {
        if (of.value < 0) { throw std::domain_error("below zero"); }
        out += std::to_string(of.value);
    }
    [[nodiscard]] static std::optional<brittle> read(std::string_view bytes) {
        return brittle{std::stoi(std::string(bytes))};
    }
};

namespace {

template <class T>
T must(result<T> given) {
    if (!given) { throw std::runtime_error(given.error().message()); }
    return *std::move(given);
}

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

}  // namespace
}  // namespace coppice
