// Each allocation below the embedded API fails once: std::bad_alloc and nothing else comes out of it, and the store
// says what it said before or what the call makes of it.
#include <coppice/persist.hpp>
#include <coppice/store.hpp>

#include "support/failing_allocation.hpp"

#include <gtest/gtest.h>

namespace coppice {
namespace {

using testing::failing_allocation;

class hand_clock final : public clock_source {
public:
    microseconds_utc now() const noexcept override { return time; }
    std::chrono::nanoseconds elapsed() const noexcept override { return std::chrono::microseconds(time); }
    microseconds_utc time = 1'700'000'000'000'000;
};

store_options by_hand(const clock_source& clock) {
    store_options options;
    options.background = false;
    options.clock = &clock;
    return options;
}

void tell(const view& said, std::string& out) {
    static_cast<void>(said.for_each_key("", [&](std::string_view key, value_type type) {
        out += "\n  " + std::string(key) + " ";
        switch (type) {
            case value_type::string: out += **said.get(key); break;
            case value_type::list:
                static_cast<void>(said.for_each_element(
                    key, 0, UINT64_MAX, [&](std::string_view element) { out += std::string(element) + ","; }));
                break;
            case value_type::hash:
                static_cast<void>(said.for_each_field(key, [&](std::string_view field, std::string_view value) {
                    out += std::string(field) + "=" + std::string(value) + ",";
                }));
                break;
            default:
                static_cast<void>(
                    said.for_each_member(key, [&](std::string_view member) { out += std::string(member) + ","; }));
        }
        if (*said.deadline(key) != no_deadline) { out += " until " + std::to_string(*said.deadline(key)); }
    }));
}

std::string told(store& data) {
    std::string out;
    const auto branches = data.branches();
    for (const auto& row : *branches) {
        out += "\nbranch " + row.name + (row.head ? " committed" : "") + (row.uncommitted ? " *" : "");
        tell(data.branch(row.name)->read(), out);
        const auto history = data.history(row.name);
        for (const auto& version : *history) {
            if (version.commit) { out += "\n  " + version.commit->message; }
        }
        const auto reflog = data.reflog(row.name);
        for (const auto& moved : *reflog) { out += "\n  " + moved.action; }
    }
    const auto tags = data.tags();
    for (const auto& tag : *tags) { out += "\ntag " + tag.name; }
    return out;
}

// A result as a status.
template <class T>
status plain(const result<T>& given) {
    return given ? status{} : status{given.error()};
}

struct call {
    std::string_view name;
    status (*run)(store&);
};

status transacted(store& data, function_ref<void(editor&)> change) {
    auto main = data.branch("main");
    return main ? plain(main->transact(change)) : status{main.error()};
}

// In an order in which each finds what it needs.
constexpr call calls[] = {
    {"strings",
     [](store& data) {
         return transacted(data, [](editor& edit) {
             edit.put("text", "short");
             edit.put("timed", "text", 1'900'000'000'000);
             edit.append("text", std::string(1500, 't'));
             edit.splice_bytes("text", 7, 100, "in the middle");
         });
     }},
    {"lists",
     [](store& data) {
         return transacted(data, [](editor& edit) {
             edit.push_back("list", {"one", "two", "three"});
             edit.splice("list", 1, 1, {"2", std::string(1200, 'l')});
         });
     }},
    {"hashes and sets",
     [](store& data) {
         return transacted(data, [](editor& edit) {
             edit.put_fields("hash", {{"f", "1"}, {"g", "2"}, {"h", std::string(1300, 'h')}});
             edit.erase_field("hash", "f");
             edit.add_members("set", {"x", "y"});
             edit.erase_member("set", "x");
         });
     }},
    {"commit", [](store& data) { return plain(data.branch("main")->commit("the first of all commits", "ada")); }},
    {"tag", [](store& data) { return data.create_tag("v1", "main"); }},
    {"branch", [](store& data) { return plain(data.create_branch("a-branch-with-a-long-name", "main")); }},
    {"keys",
     [](store& data) {
         return transacted(data, [](editor& edit) {
             edit.copy("hash", "copy");
             edit.rename("timed", "renamed");
             edit.expire("list", 1'900'000'000'001);
             edit.erase("set");
             edit.database(3).put("elsewhere", "1");
         });
     }},
    {"copy from a version",
     [](store& data) {
         const auto then = data.at("v1");
         if (!then) { return status{then.error()}; }
         auto main = data.branch("main");
         return plain(main->transact([&](editor& edit) { edit.copy(*then, "set", "set of v1"); }));
     }},
    {"collections",
     [](store& data) {
         auto main = *data.branch("main");
         return plain(save(main, "kept", ordered_map<int, std::string>{{1, "a"}, {2, "b"}}));
     }},
    {"collections made from others",
     [](store& data) {
         auto main = *data.branch("main");
         auto found = find_stored<ordered_map<int, std::string>>(main.read(), "kept");
         if (!found) { return status{found.error()}; }
         const auto all = found->load();
         return all ? plain(save(main, "another-long-key-for-it", all->insert(0, "z"), *found)) : status{all.error()};
     }},
    {"refused",
     [](store& data) {
         auto main = data.branch("main");
         const auto refused = main->transact([](editor& edit) {
             edit.put("list", "no longer a list");
             edit.push_back("hash", "of another type");
         });
         const bool right = !refused && refused.error().code == errc::wrong_type;
         return right ? status{} : status{error{errc::invalid, "not refused"}};
     }},
    {"differences",
     [](store& data) {
         return data.diff("v1", "main", [](const key_difference& key) {
             static_cast<void>(key.for_each_part([](const part_difference&) {}));
         });
     }},
    {"read",
     [](store& data) {
         std::string text;
         const auto then = data.at("v1");
         if (!then) { return status{then.error()}; }
         text = **then->get("text");
         const auto part = then->get_range("text", 3, 900);
         return data.branch("main")->peek([&](const view& now) { return plain(now.element("list", 1)); });
     }},
    {"metrics", [](store& data) { return plain(data.metrics()); }},
    {"verify", [](store& data) { return plain(data.verify()); }},
    {"checkpoint", [](store& data) { return data.checkpoint(); }},
    {"rewind", [](store& data) { return data.branch("main")->rewind("v1"); }},
    {"rename a branch", [](store& data) { return data.rename_branch("a-branch-with-a-long-name", "b"); }},
    {"drop a branch", [](store& data) { return data.drop_branch("b"); }},
    {"drop a tag", [](store& data) { return data.drop_tag("v1"); }},
    {"clean-up", [](store& data) { return plain(data.clean_up()); }},
};

TEST(StoreApiFault, OnlyBadAllocComesOut) {
    hand_clock clock;
    std::vector<std::string> states;
    store right = *store::open_memory(by_hand(clock));
    std::string before = told(right);
    for (const auto& each : calls) {
        clock.time += 2'000'000;
        const status done = each.run(right);
        ASSERT_TRUE(done.has_value()) << each.name << ": " << done.error().message();
        states.push_back(told(right));
    }
    store data = *store::open_memory(by_hand(clock));
    for (std::size_t i = 0; i < std::size(calls); ++i) {
        SCOPED_TRACE(calls[i].name);
        clock.time += 2'000'000;
        bool was_done = false;
        testing::with_each_allocation_failing(
            [&] {
                if (was_done) { return; }  // it went on without memory that it could do without
                const status done = calls[i].run(data);
                if (!done && done.error().context.ends_with("out of memory")) { throw std::bad_alloc(); }
                ASSERT_TRUE(done.has_value()) << done.error().message();
                was_done = true;
            },
            [&](bool) { ASSERT_EQ(told(data), was_done ? states[i] : before); });
        ASSERT_TRUE(was_done);
        before = states[i];
    }
    std::cout << "  " << failing_allocation::failed_in_all() << " allocations failed\n";
}

// A part that runs out of memory, or whose undoing does, and a transaction that goes on.
TEST(StoreApiFault, PartsAreDoneWhollyOrNotAtAll) {
    hand_clock clock;
    int refused = 0;
    for (const bool stays : {true, false}) {
        store data = *store::open_memory(by_hand(clock));
        ASSERT_TRUE(calls[0].run(data) && calls[1].run(data) && calls[2].run(data));
        const branch before = *data.branch("main");
        std::string was;
        tell(before.read(), was);
        testing::with_each_allocation_failing(
            [&] {
                std::string said;
                result<version_id> done = error{errc::limit, ""};
                bool part = false;
                try {
                    auto main = *data.create_branch("trial", "main");
                    done = main.transact([&](editor& edit) {
                        try {
                            const auto edits = [&]() -> status {
                                edit.splice("list", 0, 1, {"first", std::string(900, 'f')});
                                edit.put_field("hash", "g", std::string(2000, 'g'));
                                edit.copy("hash", "a copy");
                                edit.erase("set");
                                edit.erase("text");
                                return stays ? status{} : status{error{errc::not_found, "no"}};
                            };
                            part = edit.attempt(edits).has_value();
                        } catch (const std::bad_alloc&) {}
                        edit.put("behind", "1");
                    });
                } catch (const std::bad_alloc&) { part = false; }
                const testing::unfailing_section safe;
                const auto trial = data.branch("trial");
                if (!trial) { throw std::bad_alloc(); }
                tell(trial->read(), said);
                refused += done ? 0 : 1;
                if (!done) {
                    EXPECT_EQ(said, was);
                } else if (!part) {
                    EXPECT_EQ(said, "\n  behind 1" + was);
                } else {
                    EXPECT_TRUE(said.starts_with("\n  a copy ") && said.find("first") != said.npos);
                    EXPECT_TRUE(stays);
                }
                EXPECT_TRUE(data.drop_branch("trial"));
                if (!done || part != stays) { throw std::bad_alloc(); }
            },
            [](bool) {});
    }
    std::cout << "  " << refused << " transactions failed\n";
}

// From another store there is no sharing: a copy is many edits, and a transaction may go on behind one that failed.
TEST(StoreApiFault, ACopyByValueIsThereWhollyOrNotAtAll) {
    hand_clock clock;
    store data = *store::open_memory(by_hand(clock));
    store other = *store::open_memory(by_hand(clock));
    branch there = *other.branch("main");
    const std::vector<std::string_view> elements(3000, "an element of some length");
    ASSERT_TRUE(there.transact([&](editor& edit) { edit.splice("list", 0, 0, elements); }));
    const snapshot source = there.read();
    int without = 0;
    testing::with_each_allocation_failing(
        [&] {
            bool copied = false;
            result<version_id> done = error{errc::limit, ""};
            branch main = *data.branch("main");
            done = main.transact([&](editor& edit) {
                try {
                    copied = edit.copy(source, "list", "a copy");
                } catch (const std::bad_alloc&) {}
                edit.put("behind", "1");
            });
            const testing::unfailing_section safe;
            const snapshot now = main.read();
            EXPECT_EQ(now.size("a copy").value(), done && copied ? elements.size() : 0U);
            EXPECT_EQ(now.contains("behind").value(), done.has_value());
            without += done && !copied ? 1 : 0;
            ASSERT_TRUE(main.transact([](editor& edit) { edit.clear(); }));
            if (!done || !copied) { throw std::bad_alloc(); }
        },
        [](bool) {});
    EXPECT_GT(without, 0);
}

TEST(StoreApiFault, OpeningAndClosingThrowOrWork) {
    hand_clock clock;
    testing::with_each_allocation_failing(
        [&] {
            auto opened = store::open_memory(by_hand(clock));
            ASSERT_TRUE(opened.has_value() || opened.error().context.ends_with("out of memory"));
            if (!opened) { throw std::bad_alloc(); }
            const auto main = opened->branch("main");
            const snapshot held = main->read();
            static_cast<void>(opened->close());
        },
        [](bool) {});
}

}  // namespace
}  // namespace coppice
