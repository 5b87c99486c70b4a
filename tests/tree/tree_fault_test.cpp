// Every operation of a tree, with its first, second, third ... allocation failing: it throws std::bad_alloc, the
// tree says what it said, and nothing is left behind. Nodes and what std's containers take count alike.
#include <algorithm>
#include <cstdlib>
#include <new>

#include "tree/tree_support.hpp"

namespace {

bool counting = false;
std::int64_t allocations_left = -1;  // below 0: none fails

void count_allocation() {
    if (!counting || allocations_left < 0) { return; }
    if (allocations_left-- == 0) { throw std::bad_alloc(); }
}

}  // namespace

// Not inlined: else GCC sees malloc's memory given to delete and warns.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
    count_allocation();
    if (void* memory = std::malloc(bytes)) { return memory; }
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace coppice {
namespace {

using namespace testing;

class TreeFault : public ::testing::Test {
protected:
    memory_source storage;
    node_pool pool{&storage};
    tree_context context{&pool, tiny_sizes};

    void SetUp() override { pool.set_allocation_hook(count_allocation); }
    void TearDown() override {
        free_all_garbage(pool);
        EXPECT_EQ(pool.figures().nodes, 0U);
        EXPECT_EQ(pool.figures().bytes, 0U);
    }

    /// Runs `operation` on a tree that `make` makes, until no allocation fails; each failure must change nothing.
    template <class Make, class Operation>
    void expect_all_or_nothing(Make make, Operation operation) {
        for (const bool shared : {false, true}) {
            SCOPED_TRACE(shared ? "shared" : "sole");
            for (std::int64_t fails = 0;; ++fails) {
                ASSERT_LT(fails, 5000);
                tree subject = make();
                tree twin(context, subject.shape());
                if (shared) { twin = subject; }
                const std::string before = told(subject);
                allocations_left = fails;
                counting = true;
                bool failed = false;
                try {
                    operation(subject);
                } catch (const std::bad_alloc&) { failed = true; }
                counting = false;
                if (shared) { ASSERT_EQ(told(twin), before) << "after " << fails; }
                ASSERT_EQ(find_broken_rule(subject, check_depth::deep), "") << "after " << fails;
                if (!failed) {
                    tree expected = make();
                    operation(expected);
                    ASSERT_EQ(told(subject), told(expected));
                    break;
                }
                ASSERT_EQ(told(subject), before) << "after " << fails;
                subject.clear();
                twin.clear();
                free_all_garbage(pool);
                ASSERT_EQ(pool.figures().nodes, 0U) << "leaked after " << fails;
            }
        }
    }

    tree keyed(std::uint64_t size, std::string_view bytes = "bytes") {
        tree made(context, keyed_records);
        for (std::uint64_t i = 0; i < size; ++i) { made.put({numbered("key:", 2 * i), bytes}); }
        return made;
    }
    tree listed(std::uint64_t size) {
        tree made(context, listed_records);
        for (std::uint64_t i = 0; i < size; ++i) { made.append(std::vector<record>{{{}, numbered("element", i)}}); }
        return made;
    }
    tree nested(std::uint64_t fields) {
        tree made = keyed(30);
        const tree child = keyed(fields);
        made.put({"key:000020", "head", &child});
        return made;
    }
};

TEST_F(TreeFault, Put) {
    for (const std::uint64_t size : {0U, 1U, 6U, 7U, 60U, 200U}) {
        for (const std::uint64_t at : {std::uint64_t{0}, size, 2 * size}) {
            for (const std::string& key :
                 {numbered("key:", at + 1), numbered("key:", at), std::string("other"), std::string()}) {
                for (const std::size_t bytes : {0U, 5U, 100U}) {
                    expect_all_or_nothing(
                        [&] { return keyed(size); },
                        [&](tree& t) {
                            t.put({key, std::string_view("0123456789012345678901234567890123456789012345678901234567890"
                                                         "123456789012345678901234567890123456789")
                                            .substr(0, bytes)});
                        });
                    if (HasFailure()) { FAIL() << size << ' ' << key << ' ' << bytes; }
                }
            }
        }
    }
}

TEST_F(TreeFault, Erase) {
    for (const std::uint64_t size : {1U, 2U, 30U, 90U}) {
        for (std::uint64_t at = 0; at < size; at += 7) {
            expect_all_or_nothing([&] { return keyed(size, "bytes that make leaves small"); },
                                  [&](tree& t) { t.erase(numbered("key:", 2 * at)); });
        }
    }
}

TEST_F(TreeFault, LongKeys) {
    const auto key_of = [](std::uint64_t i) { return numbered("key:", i) + std::string(60, 'k') + numbered("", i); };
    const std::string longest = std::string(900, 'k');  // its remainder has inner nodes
    const auto make = [&] {
        tree made(context, keyed_records);
        const tree child = keyed(30);
        for (std::uint64_t i = 0; i < 40; i += 2) { made.put({key_of(i), "bytes", i == 20 ? &child : nullptr}); }
        made.put({longest, "bytes"});
        return made;
    };
    for (const std::string& key : {key_of(1), key_of(20), key_of(39), longest, longest + "k"}) {
        expect_all_or_nothing(make, [&](tree& t) { t.put({key, "bytes, and more of them than before"}); });
        expect_all_or_nothing(make, [&](tree& t) { t.erase(key); });
        expect_all_or_nothing(make, [&](tree& t) {
            t.edit_child(key, keyed_records, [&](tree& child, std::string&) { child.put({longest, "field"}); });
        });
        expect_all_or_nothing(make, [&](tree& t) { t.put({t.find(key) ? t.find(key)->key() : key, "bytes"}); });
    }
    expect_all_or_nothing([&] { return tree(context, keyed_records); }, [&](tree& t) { t.put({longest, "alone"}); });
    expect_all_or_nothing(make, [&](tree& t) { t = tree::concat(t.slice(0, 7), t.slice(11, 21)); });
    std::vector<std::string> keys;
    for (std::uint64_t i = 0; i < 40; ++i) { keys.push_back(key_of(i)); }
    std::sort(keys.begin(), keys.end(), tree_order());
    std::vector<record> records;
    for (const std::string& key : keys) { records.push_back({key, "bytes"}); }
    expect_all_or_nothing(make, [&](tree& t) { t = tree::build(context, keyed_records, records); });
}

TEST_F(TreeFault, EraseDownToNothing) {
    expect_all_or_nothing([&] { return keyed(1); }, [&](tree& t) { t.erase("key:000000"); });
    tree subject = keyed(100);
    for (std::uint64_t i = 99; i > 0; --i) {  // merges on every level
        bool done = false;
        for (std::int64_t fails = 0; !done; ++fails) {
            allocations_left = fails;
            counting = true;
            try {
                done = subject.erase(numbered("key:", 2 * i));
            } catch (const std::bad_alloc&) {}
            counting = false;
            ASSERT_EQ(subject.size(), done ? i : i + 1);
            ASSERT_EQ(find_broken_rule(subject, check_depth::deep), "");
        }
    }
    EXPECT_EQ(told(subject), "key:000000=bytes\n");
}

TEST_F(TreeFault, Splice) {
    const std::vector<record> given(9, record{{}, "given"});
    const std::vector<record> many(200, record{{}, "given"});
    for (const std::uint64_t position : {0U, 17U, 80U}) {
        for (const std::uint64_t erased : {0U, 1U, 15U, 20U}) {
            if (position + erased > 80) { continue; }
            expect_all_or_nothing([&] { return listed(80); }, [&](tree& t) { t.splice(position, erased, given); });
            expect_all_or_nothing([&] { return listed(80); }, [&](tree& t) { t.erase_range(position, erased); });
        }
        expect_all_or_nothing([&] { return listed(80); }, [&](tree& t) { t.splice(position, 0, many); });
    }
    expect_all_or_nothing([&] { return listed(80); }, [&](tree& t) { t.splice_tree(40, 3, t.slice(3, 50)); });
}

TEST_F(TreeFault, SliceAndConcat) {
    expect_all_or_nothing([&] { return keyed(90); }, [&](tree& t) { t = t.slice(11, 77); });
    expect_all_or_nothing([&] { return keyed(90); },
                          [&](tree& t) { t = tree::concat(t.slice(0, 33), t.slice(34, 90)); });
    expect_all_or_nothing([&] { return listed(90); }, [&](tree& t) { t = tree::concat(t, t.slice(5, 9)); });
}

TEST_F(TreeFault, Bytes) {
    const auto make = [&] { return tree::build_bytes(context, std::string(900, 'a')); };
    const std::string given(300, 'b');
    for (const std::uint64_t position : {0U, 450U, 900U}) {
        for (const std::size_t size : {1U, 50U, 300U}) {
            expect_all_or_nothing(
                make, [&](tree& t) { t.splice_bytes(position, 0, std::string_view(given).substr(0, size)); });
        }
        expect_all_or_nothing(make, [&](tree& t) { t.splice_bytes(position / 2, 150, {}); });
        expect_all_or_nothing(make, [&](tree& t) { t.splice_bytes(position / 2, 300, "c"); });
    }
}

TEST_F(TreeFault, Build) {
    std::vector<std::string> keys;
    for (std::uint64_t i = 0; i < 100; ++i) { keys.push_back(numbered("key:", i)); }
    std::vector<record> records;
    for (const std::string& key : keys) { records.push_back({key, "bytes"}); }
    expect_all_or_nothing([&] { return keyed(3); }, [&](tree& t) { t = tree::build(context, keyed_records, records); });
}

// The child is inside its record, moves out, lies outside, moves in, and goes.
TEST_F(TreeFault, EditOfAChild) {
    for (const std::uint64_t fields : {1U, 3U, 4U, 6U, 40U}) {
        SCOPED_TRACE(fields);
        const auto make = [&] { return nested(fields); };
        expect_all_or_nothing(make, [](tree& t) {
            t.edit_child("key:000020", keyed_records, [](tree& child, std::string&) {
                child.put({"key:000003", "a field more"});
            });
        });
        expect_all_or_nothing(make, [](tree& t) {
            t.edit_child("key:000020", keyed_records, [](tree& child, std::string& bytes) {
                bytes = "HEAD";
                child.erase("key:000000");
            });
        });
        expect_all_or_nothing(make, [](tree& t) {
            t.edit_child("key:000020", keyed_records,
                         [](tree&, std::string& bytes) { bytes = "a head that has grown"; });
        });
        expect_all_or_nothing(make, [](tree& t) {
            t.edit_child("key:000020", keyed_records, [](tree& child, std::string&) { child.clear(); });
        });
        expect_all_or_nothing(make, [](tree& t) { t.erase("key:000020"); });
        expect_all_or_nothing(make, [](tree& t) {
            const tree child = t.child_of(*t.find("key:000020"), keyed_records);
            t.put({"key:000021", "a copy", &child});
        });
    }
}

TEST_F(TreeFault, Loading) {
    const auto root = storage.store_tree(nested(40));
    free_all_garbage(pool);
    expect_all_or_nothing([&] { return memory_source::open(context, root); },
                          [](tree& t) {
                              t.put({"key:000033", "bytes"});
                              static_cast<void>(t.child_of(*t.find("key:000020"), keyed_records));
                          });
}

}  // namespace
}  // namespace coppice
