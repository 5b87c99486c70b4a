// What a page meets at its edges: prefixes that are whole keys, heads that are all equal, zero bytes, siblings that
// others share, values and children that grow, and records as long as may be.
#include "tree/tree_support.hpp"

namespace coppice {
namespace {

using namespace testing;

constexpr std::size_t long_key_bytes = 1024;  // as long as keys in a page become

class TreePage : public ::testing::Test {
protected:
    node_pool pool;
    tree_context tiny{&pool, tiny_sizes};
    tree_context real{&pool};

    void TearDown() override {
        free_all_garbage(pool);
        EXPECT_EQ(pool.figures().nodes, 0U);
    }
    /// Enters the keys in the order given, then checks each, and erases them again.
    void expect_holds(tree_context& context, const std::vector<std::string>& keys) {
        tree subject(context, keyed_records);
        std::map<std::string, std::string> model;
        for (const std::string& key : keys) {
            const std::string bytes = "of " + std::to_string(key.size());
            ASSERT_EQ(subject.put({key, bytes}), model.insert_or_assign(key, bytes).second);
            ASSERT_EQ(find_broken_rule(subject, check_depth::deep), "");
        }
        cursor at(subject);
        for (const auto& [key, bytes] : model) {
            ASSERT_EQ(at.get().key(), key);
            ASSERT_EQ(at.get().key_bytes(), key.size());
            ASSERT_EQ(subject.find(key)->bytes, bytes);
            ASSERT_EQ(subject.rank(key).position, at.position());
            if (const std::string longer = key + '\0'; !model.contains(longer)) { ASSERT_FALSE(subject.find(longer)); }
            if (!key.empty() && !model.contains(key.substr(0, key.size() - 1))) {
                ASSERT_FALSE(subject.find(key.substr(0, key.size() - 1)));
            }
            at.next();
        }
        for (const auto& [key, bytes] : model) {
            ASSERT_TRUE(subject.erase(key));
            ASSERT_FALSE(subject.erase(key));
            ASSERT_EQ(find_broken_rule(subject, check_depth::deep), "");
        }
        ASSERT_TRUE(subject.empty());
    }
};

TEST_F(TreePage, AKeyMayBeThePrefixOfItsPage) {
    expect_holds(tiny, {"alone"});
    expect_holds(tiny, {"alone", "alone and more"});
    expect_holds(tiny, {"alone and more", "alone"});
    expect_holds(tiny, {"alone", "other"});  // the prefix of one key is that key: nothing else shares it
    expect_holds(tiny, {""});
    expect_holds(tiny, {"", "a", "ab", "abc", "abcd", "abcde", "abcdef"});
    expect_holds(tiny, {"abcdef", "abcde", "abcd", "abc", "ab", "a", ""});
    expect_holds(real, {"", "a"});
}

TEST_F(TreePage, KeysMayDifferInZeroBytesAlone) {
    std::vector<std::string> keys;
    for (std::size_t zeros = 0; zeros < 40; ++zeros) {
        keys.emplace_back(zeros, '\0');
        keys.push_back("k" + std::string(zeros, '\0'));
        keys.push_back("k" + std::string(zeros, '\0') + "x");
        keys.push_back("key:" + std::string(zeros % 9, '\0') + std::string(zeros / 9, '\xff'));
    }
    expect_holds(tiny, keys);
    expect_holds(real, keys);
}

TEST_F(TreePage, ARunOfEqualHeadsIsSearchedByItsSuffixes) {
    for (const char head : {'a', '\0', '\xff'}) {
        std::vector<std::string> keys{"b", ""};
        for (int i = 0; i < 150; ++i) {
            keys.push_back(std::string(4, head) + numbered("x", static_cast<std::uint64_t>((i * 37) % 150)));
        }
        keys.emplace_back(4, head);
        keys.emplace_back(3, head);
        keys.emplace_back(5, head);
        expect_holds(real, keys);
        expect_holds(tiny, keys);
    }
}

TEST_F(TreePage, RecordsMayBeAsLongAsTheyMayBe) {
    for_each_seed(10, [&](random_source& random) {
        tree subject(real, keyed_records);
        std::map<std::string, std::string> model;
        for (int step = 0; step < 300; ++step) {
            const std::uint64_t at = random.below(60);
            std::string key = numbered("k", at) + std::string(random.one_in(3) ? long_key_bytes - 7 : 0, 'k');
            if (random.one_in(4)) {
                ASSERT_EQ(subject.erase(key), model.erase(key) == 1);
            } else {
                const std::string bytes(random.one_in(2) ? record_bytes_inline : random.below(record_bytes_inline),
                                        'v');
                tree child(real, keyed_records);
                for (std::uint64_t i = random.one_in(3) ? random.below(20) : 0; i > 0; --i) {
                    child.put({numbered("f", i), "12345678"});
                }
                subject.put({key, bytes, &child});
                model[key] = bytes;
            }
            ASSERT_EQ(find_broken_rule(subject, check_depth::deep), "") << "step " << step;
        }
        cursor at(subject);
        for (const auto& [key, bytes] : model) {
            ASSERT_EQ(at.get().key(), key);
            ASSERT_EQ(at.get().bytes, bytes);
            at.next();
        }
    });
}

TEST_F(TreePage, AValueMayGrowAndShrinkWhereItLies) {
    tree subject(tiny, keyed_records);
    for (std::uint64_t i = 0; i < 40; ++i) { subject.put({numbered("key:", i), "x"}); }
    for (std::size_t size : {0U, 1U, 5U, 31U, 32U, 33U, 90U, 63U, 64U, 2U, 0U}) {
        for (std::uint64_t i = 0; i < 40; ++i) {
            ASSERT_FALSE(subject.put({numbered("key:", i), std::string(size, static_cast<char>('a' + size % 26))}));
            ASSERT_EQ(find_broken_rule(subject, check_depth::deep), "") << size << " at " << i;
        }
        for (cursor at(subject); !at.at_end(); at.next()) { ASSERT_EQ(at.get().bytes.size(), size); }
    }
    EXPECT_EQ(subject.size(), 40U);
}

TEST_F(TreePage, AMergedSiblingMayBeShared) {
    tree subject(tiny, keyed_records);
    tree child(tiny, keyed_records);
    for (std::uint64_t i = 0; i < 30; ++i) { child.put({numbered("f", i), "bytes"}); }
    for (std::uint64_t i = 0; i < 120; ++i) {
        subject.put({numbered("key:", i), "bytes", i % 3 == 0 ? &child : nullptr});
    }
    const std::string before = told(subject);
    std::vector<std::pair<tree, std::string>> versions;
    for (std::uint64_t i = 0; i < 120; ++i) {  // each erase meets nodes that the version before holds
        versions.emplace_back(subject, told(subject));
        ASSERT_TRUE(subject.erase(numbered("key:", (i * 77) % 120)));
        ASSERT_EQ(find_broken_rule(subject, check_depth::deep), "");
    }
    EXPECT_TRUE(subject.empty());
    for (const auto& [version, text] : versions) { ASSERT_EQ(told(version), text); }
    EXPECT_EQ(versions.front().second, before);
}

TEST_F(TreePage, ChildrenSurviveMergesAndSplitsOfTheirLeaves) {
    for_each_seed(30, [&](random_source& random) {
        tree subject(tiny, keyed_records);
        std::map<std::string, std::uint64_t> model;  // elements of each child
        for (int step = 0; step < 300; ++step) {
            const std::string key = numbered("key:", random.below(60));
            if (random.one_in(2)) {
                ASSERT_EQ(subject.erase(key), model.erase(key) == 1);
            } else {
                const std::uint64_t size = random.below(20);
                tree child(tiny, listed_records);
                for (std::uint64_t i = 0; i < size; ++i) { child.append(std::vector<record>{{{}, "element"}}); }
                subject.put({key, {}, &child});
                model[key] = size;
            }
            ASSERT_EQ(find_broken_rule(subject, check_depth::deep), "") << "step " << step;
        }
        for (const auto& [key, size] : model) {
            const auto found = subject.find(key);
            ASSERT_EQ(found->child_count, size);
            ASSERT_EQ(subject.child_of(*found, listed_records).size(), size);
        }
    });
}

// Whether an edit may change a node in place depends on owners alone; garbage that was not freed yet owns, too.
TEST_F(TreePage, EditsThatNobodySharesCopyNothing) {
    tree subject(tiny, keyed_records);
    random_source random(3);
    for (int i = 0; i < 3000; ++i) { subject.put({numbered("key:", random.below(2000)), "bytes"}); }
    for (int i = 0; i < 3000; ++i) { subject.erase(numbered("key:", random.below(2000))); }
    subject.put({"parent", "bytes"});
    for (std::uint64_t i = 0; i < 500; ++i) {
        subject.edit_child("parent", keyed_records, [&](tree& child, std::string&) {
            child.put({numbered("f", random.below(1000)), "bytes"});
        });
    }
    EXPECT_EQ(tiny.edits.copied, 0U);
    EXPECT_GT(tiny.edits.split, 100U);
    EXPECT_GT(tiny.edits.merged, 10U);
    EXPECT_EQ(pool.figures().garbage_nodes, 0U);
}

TEST_F(TreePage, AscendingKeysFillTheirLeaves) {
    tree subject(real, keyed_records);
    for (std::uint64_t i = 0; i < 20'000; ++i) { subject.put({numbered("key:", i), "0123456789abcdef"}); }
    EXPECT_LT(static_cast<double>(pool.figures().bytes) / 20'000, 26.0);
    tree list(real, listed_records);
    const std::uint64_t before = pool.figures().bytes;
    for (std::uint64_t i = 0; i < 20'000; ++i) { list.append(std::vector<record>{{{}, "0123456789abcdef"}}); }
    EXPECT_LT(static_cast<double>(pool.figures().bytes - before) / 20'000, 20.5);
    EXPECT_EQ(find_broken_rule(subject, check_depth::deep), "");
    EXPECT_EQ(find_broken_rule(list, check_depth::deep), "");
}

TEST_F(TreePage, NothingMayLieNowhere) {  // found by the fuzzer: an empty view has no address
    tree subject(tiny, keyed_records);
    subject.put({std::string_view(), std::string_view()});
    subject.put({"key", std::string_view()});
    EXPECT_TRUE(subject.find(std::string_view()));
    tree bytes = tree::build_bytes(tiny, "abc");
    bytes.splice_bytes(1, 1, std::string_view());
    EXPECT_EQ(told(bytes), "ac");
    EXPECT_FALSE(
        tree::build(tiny, keyed_records, std::vector<record>{{"key:1", {}}, {"key:2", {}}}).find(std::string_view()));
}

}  // namespace
}  // namespace coppice
