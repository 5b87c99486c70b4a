// Parts of transactions: what fails is undone alone, and all else stays, in memory and in the log.
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <unistd.h>

#include <coppice/store.hpp>

#include "support/must.hpp"
#include "support/seeds.hpp"

#include <gtest/gtest.h>

namespace coppice {
namespace {

using testing::for_each_seed;
using testing::must;


std::string told(const view& said) {
    std::string out;
    const auto add = [&out](std::string_view part) { (out += part) += ' '; };
    static_cast<void>(said.for_each_key("", [&](std::string_view key, value_type type) {
        add(std::string(key) + " until " + std::to_string(must(said.deadline(key))) + ":");
        switch (type) {
            case value_type::string: add(*must(said.get(key))); break;
            case value_type::list: static_cast<void>(said.for_each_element(key, 0, view::all, add)); break;
            case value_type::hash:
                static_cast<void>(said.for_each_field(key, [&](std::string_view name, std::string_view value) {
                    add(name);
                    add(value);
                }));
                break;
            default: static_cast<void>(said.for_each_member(key, add));
        }
        out += '\n';
    }));
    return out;
}

/// One random edit, which can be done whatever is there.
std::function<void(editor&)> random_edit(random_source& random, const snapshot& then) {
    const std::string name = std::to_string(random.below(5));
    const std::string other = std::to_string(random.below(5));
    const std::string value(random.below(30) == 0 ? 3000 : random.below(9), static_cast<char>('a' + random.below(26)));
    switch (random.below(11)) {
        case 0: return [=](editor& to) { to.put("s" + name, value); };
        case 1: return [=](editor& to) { to.put("s" + name, value, 4'000'000'000'000); };
        case 2: return [=](editor& to) { to.append("s" + name, value); };
        case 3: return [=](editor& to) { to.push_back("l" + name, {value, name}); };
        case 4: return [=](editor& to) { to.splice("l" + name, 0, must(to.size("l" + name)) / 2, {value}); };
        case 5: return [=](editor& to) { to.put_fields("h" + name, {{other, value}, {value, "1"}}); };
        case 6: return [=](editor& to) { to.add_members("m" + name, {other, value}); };
        case 7: return [=](editor& to) { to.expire("l" + name, 4'000'000'000'000); };
        case 8: return [=](editor& to) { to.copy("h" + name, "h" + other); };
        case 9: return [=](editor& to) { to.copy(then, "l" + name, "l" + other); };
        default:
            if (random.below(10) == 0) {
                return [](editor& to) { to.clear(); };
            }
            return [key = "slhm"[random.below(4)] + name](editor& to) { to.erase(key); };
    }
}

/// Random edits and parts. Those that stay are done by `model` as well, which has no parts.
void random_part(random_source& random, const snapshot& then, editor& subject, editor* model, int depth) {
    for (std::uint64_t left = random.below(8); left > 0; --left) {
        if (depth < 4 && random.below(3) == 0) {
            const auto how = random.below(3);
            const auto part = [&]() -> status {
                random_part(random, then, subject, how == 0 ? model : nullptr, depth + 1);
                if (how == 1) { return error{errc::not_found, "I changed my mind"}; }
                if (how == 2) { throw std::out_of_range("mine"); }
                return {};
            };
            if (how == 2) {
                EXPECT_THROW(static_cast<void>(subject.attempt(part)), std::out_of_range);
            } else {
                EXPECT_EQ(subject.attempt(part).has_value(), how == 0);
            }
        } else {
            const auto edit = random_edit(random, then);
            edit(subject);
            if (model != nullptr) { edit(*model); }
        }
    }
    EXPECT_TRUE(subject.state().has_value());
}

TEST(StoreAttempt, AsIfWhatFailedHadNeverBeenThere) {
    const auto path = std::filesystem::temp_directory_path() / ("coppice-attempt-" + std::to_string(::getpid()));
    for_each_seed(30, [&path](random_source& random) {
        std::filesystem::remove_all(path);
        std::string expected;
        {
            store data = must(store::open(path, {.background = false}));
            branch main = must(data.branch("main"));
            branch other = must(data.create_branch("model"));
            for (int each = 0; each < 8; ++each) {
                const snapshot then = main.read();
                if (each == 4) { must(main.commit("half")); }
                must(main.transact([&](editor& subject) {
                    must(other.transact([&](editor& model) { random_part(random, then, subject, &model, 0); }));
                }));
                ASSERT_EQ(told(main.read()), told(other.read()));
            }
            expected = told(main.read());
            ASSERT_TRUE(must(data.verify()).empty());
        }
        store again = must(store::open(path, {.background = false}));
        ASSERT_EQ(told(must(again.branch("main")).read()), expected);
        ASSERT_TRUE(must(again.verify()).empty());
    });
    std::filesystem::remove_all(path);
}

TEST(StoreAttempt, AnEditThatCannotBeDoneFailsTheTransaction) {
    store data = must(store::open_memory({.background = false}));
    branch main = must(data.branch("main"));
    const auto refused = main.transact([](editor& edit) {
        edit.put("before", "1");
        static_cast<void>(edit.attempt([&]() -> status {
            edit.put("text", "no list");
            edit.push_back("text", "1");
            return edit.state();
        }));
        edit.put("behind", "1");
    });
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, errc::wrong_type);
    EXPECT_EQ(told(main.read()), "");
}

/// What was copied inside of it is forgotten as well: it can no longer be in the way.
TEST(StoreAttempt, AVersionThatWasCopiedFromMayChange) {
    store data = must(store::open_memory({.background = false}));
    branch main = must(data.branch("main"));
    branch other = must(data.create_branch("other"));
    must(other.transact([](editor& edit) { edit.push_back("list", "1"); }));
    const snapshot then = other.read();
    must(main.transact([&](editor& edit) {
        const status mine = edit.attempt([&]() -> status {
            edit.copy(then, "list", "copy");
            return error{errc::not_found, "I changed my mind"};
        });
        EXPECT_EQ(mine.error().context, "I changed my mind");
        must(other.transact([](editor& change) { change.push_back("list", "2"); }));
        edit.put("text", "1");
    }));
    EXPECT_EQ(told(main.read()), "text until 0: 1 \n");
}

}  // namespace
}  // namespace coppice
