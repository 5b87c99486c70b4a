// Long keys: pages show their beginning, the remainder is a tree of bytes that is shared, freed and loaded with its
// record, and read only by who asks for the whole key.
#include <coppice/tree/diff.hpp>

#include "tree/tree_support.hpp"

namespace coppice {
namespace {

using namespace testing;

class TreeLongKey : public ::testing::Test {
protected:
    memory_source storage;
    node_pool pool{&storage};
    tree_context context{&pool};
    tree_context hasty{&pool, {}, false};

    void TearDown() override {
        free_all_garbage(pool);
        EXPECT_EQ(pool.figures().nodes, 0U);
    }
    tree with(const std::vector<std::string>& keys) {
        tree made(context, keyed_records);
        for (const std::string& key : keys) { made.put({key, "bytes"}); }
        return made;
    }
};

std::string key_of(std::size_t bytes, char last = 'z') {
    std::string key(bytes - 1, 'k');
    return key + last;
}

TEST_F(TreeLongKey, AnyLengthIsFoundAndToldWhole) {
    const std::vector<std::size_t> lengths{1,   39,  40,  41,  472, 473,  474,  511,       512,
                                           513, 514, 552, 553, 554, 1024, 9000, 1U << 20U, (1U << 20U) + 1};
    tree subject(context, keyed_records);
    for (const std::size_t bytes : lengths) {
        for (const char last : {'a', 'b'}) {
            EXPECT_FALSE(subject.find(key_of(bytes, last)));
            EXPECT_TRUE(subject.put({key_of(bytes, last), std::to_string(bytes)}));
            EXPECT_FALSE(subject.put({key_of(bytes, last), std::to_string(bytes) + last}));
        }
    }
    EXPECT_EQ(find_broken_rule(subject, check_depth::deep), "");
    for (const std::size_t bytes : lengths) {
        for (const char last : {'a', 'b'}) {
            const auto found = subject.find(key_of(bytes, last));
            ASSERT_TRUE(found);
            EXPECT_EQ(found->bytes, std::to_string(bytes) + last);
            EXPECT_EQ(found->has_long_key, bytes > short_key_bytes);
            EXPECT_EQ(found->key_bytes(), bytes);
            EXPECT_TRUE(found->key() == key_of(bytes, last));
        }
    }
    for (const std::size_t bytes : lengths) { EXPECT_TRUE(subject.erase(key_of(bytes, 'a'))); }
    EXPECT_EQ(subject.size(), lengths.size());
    EXPECT_EQ(find_broken_rule(subject, check_depth::deep), "");
}

// A peer knows how page keys are made. The bytes of one, as a key, are long themselves; less of them is another key.
TEST_F(TreeLongKey, AKeyThatSaysAPageKeyIsAKeyOfItsOwn) {
    tree subject = with({key_of(3000)});
    std::string page;
    subject.at(0).append_page_key(page);
    ASSERT_EQ(page.size(), short_key_bytes + 1);
    EXPECT_FALSE(subject.find(page));
    EXPECT_FALSE(subject.find(page.substr(0, short_key_bytes)));
    EXPECT_TRUE(subject.put({page, "its own"}));
    EXPECT_TRUE(subject.put({page.substr(0, short_key_bytes), "a third"}));
    EXPECT_EQ(subject.find(key_of(3000))->bytes, "bytes");
    EXPECT_EQ(subject.find(page)->key(), page);
    EXPECT_EQ(find_broken_rule(subject, check_depth::deep), "");
}

TEST_F(TreeLongKey, ARemainderIsSharedByVersionsAndByChangesOfItsRecord) {
    tree subject = with({key_of(100'000)});
    const auto remainder = [](const tree& of) {
        const record_view view = of.at(0);
        return slots_of(*view.leaf)[view.remainder_slot].load();
    };
    const slot_word before = remainder(subject);
    const std::uint64_t nodes = pool.figures().nodes;
    const tree twin = subject;
    subject.put({key_of(100'000), "other bytes, and more of them"});
    subject.edit_child(key_of(100'000), keyed_records, [](tree& child, std::string&) { child.put({"f", "v"}); });
    subject.edit_child(key_of(100'000), keyed_records, [&](tree& child, std::string&) {
        child.put({key_of(9000), "v"});  // a child with a long key has a place of its own
    });
    EXPECT_EQ(subject.at(0).child, child_form::slot);
    EXPECT_EQ(remainder(subject), before);
    EXPECT_EQ(remainder(twin), before);
    EXPECT_LT(pool.figures().nodes, nodes + 8);
    EXPECT_EQ(find_broken_rule(subject, check_depth::deep), "");
    subject.erase(key_of(100'000));
    EXPECT_TRUE(twin.at(0).key() == key_of(100'000));
}

TEST_F(TreeLongKey, NobodyLoadsARemainderWhoDoesNotAskForTheKey) {
    std::vector<std::string> keys;
    for (char last = 'a'; last <= 'z'; ++last) { keys.push_back(key_of(20'000, last)); }
    tree made = with(keys);
    const auto root = storage.store_tree(made);
    made.clear();
    free_all_garbage(pool);
    tree subject = memory_source::open(context, root);
    std::size_t found = 0;
    for (const std::string& key : keys) { found += subject.find(key) ? 1U : 0U; }
    for (cursor at(subject); !at.at_end(); at.next()) { found += at.get().bytes.size() == 5 ? 1U : 0U; }
    EXPECT_EQ(found, 2 * keys.size());
    const tree before = subject;
    EXPECT_FALSE(subject.put({keys[3], "another value"}));
    EXPECT_TRUE(subject.erase(keys[4]));
    subject.edit_child(keys[5], keyed_records, [](tree& child, std::string&) { child.put({"f", "v"}); });
    EXPECT_EQ(subject.rank(keys[7]).found, true);
    subject.erase_range(10, 3);
    static_cast<void>(tree::concat(subject.slice(0, 9), subject.slice(10, 20)));
    EXPECT_TRUE(equal(before, before));
    const std::uint64_t leaves = pool.figures().loads;
    EXPECT_LT(leaves, 20U);
    EXPECT_TRUE(subject.find(keys[3])->key() == keys[3]);
    EXPECT_GT(pool.figures().loads, leaves + 3);
}

TEST_F(TreeLongKey, AMissWhileAKeyIsReadChangesNothing) {
    tree made = with({key_of(20'000)});
    const auto root = storage.store_tree(made);
    made.clear();
    free_all_garbage(pool);
    const tree subject = memory_source::open(context, root);
    std::vector<node_ptr> pinned;
    std::string out = "before ";
    for (std::uint64_t misses = 0;; ++misses) {
        ASSERT_LT(misses, 100U);
        try {
            subject.through(hasty).at(0).append_key(out);
            EXPECT_GT(misses, 4U);
            break;
        } catch (const not_resident& missing) {
            ASSERT_EQ(out, "before ");
            pinned.emplace_back(pool, pool.open(missing.id, missing.seal, true));
        }
    }
    EXPECT_TRUE(out == "before " + key_of(20'000));
}

TEST_F(TreeLongKey, AKeyedDifferenceTellsTheWholeKeyAndOnlyWhatChanged) {
    std::vector<std::string> keys;
    for (char last = 'a'; last <= 'z'; ++last) { keys.push_back(key_of(5000, last)); }
    const tree before = with(keys);
    tree after = before;
    after.put({keys[3], "changed"});
    after.put({keys[4], "bytes"});  // as it was
    after.erase(keys[5]);
    after.put({key_of(6000), "bytes"});
    std::map<std::string, change_kind> told;
    keyed_diff diff(before, after);
    for (keyed_change change; diff.next(change);) { told[change.key] = change.kind; }
    const std::map<std::string, change_kind> expected{
        {keys[3], change_kind::changed}, {keys[5], change_kind::removed}, {key_of(6000), change_kind::added}};
    EXPECT_TRUE(told == expected);
    EXPECT_TRUE(equal(before, with(keys)));
    EXPECT_FALSE(equal(before, after));
}

TEST_F(TreeLongKey, ABulkBuildTakesLongKeysInTheirOrder) {
    random_source random(1);
    std::map<std::string, std::string> by_page;
    for (int i = 0; i < 500; ++i) {
        const std::string key =
            random.one_in(3) ? long_key(random, context.sizes) : numbered("key:", random.below(999));
        by_page[std::string(page_key(context.sizes, key))] = key;
    }
    std::vector<record> records;
    for (const auto& [page, key] : by_page) { records.push_back({key, "bytes"}); }
    const tree built = tree::build(context, keyed_records, records);
    EXPECT_EQ(find_broken_rule(built, check_depth::deep), "");
    cursor at(built);
    for (const auto& [page, key] : by_page) {
        ASSERT_EQ(at.get().key(), key);
        at.next();
    }
}

TEST_F(TreeLongKey, TreesOfLongKeysKeepTheRules) {
    for_each_seed(6, [&](random_source& random) {
        tree subject(context, keyed_records);
        const std::uint64_t kinds = random.one_in(2) ? 20'000 : 300;  // ties by the thousand, or many of the same key
        for (int step = 0; step < 3000; ++step) {
            std::string key = random.one_in(3) ? numbered("key:", random.below(kinds)) : "k";
            if (key.size() == 1 || random.one_in(2)) {
                key.append(short_key_bytes + random.below(3), 'y');
                key += std::to_string(random.below(kinds));
            }
            if (random.one_in(step < 2000 ? 4 : 1)) {
                subject.erase(key);
            } else {
                subject.put({key, std::string(random.below(30), 'v')});
            }
            if (step > 2000 && !subject.empty()) { subject.erase_range(random.below(subject.size()), 1); }
            if (step % 20 == 0) { ASSERT_EQ(find_broken_rule(subject, check_depth::deep), "") << "step " << step; }
        }
    });
}

// ---- What a stored node may not say.

/// A leaf that has one record with a long key, and the places in its payload.
struct stored_leaf {
    std::string payload;
    std::size_t tail;  // bytes before the record: the prefix of a lone key is the whole of it
    static constexpr std::size_t prefix = 16;
};

class TreeLongKeyDecode : public TreeLongKey {
protected:
    stored_leaf leaf() {
        tree made = with({key_of(1000)});
        storage.store_tree(made);
        stored_leaf stored;
        encode_node(*made.root(), stored.payload);
        stored.tail = stored.payload.size() - (1 + 3 + 1 + 5);  // no suffix, mark, length, bytes
        return stored;
    }
    std::string refusal(const std::string& payload) {
        const auto decoded = decode_node(pool, payload);
        return decoded ? "" : decoded.error().context;
    }
};

TEST_F(TreeLongKeyDecode, AMarkThatDoesNotFitItsKeyIsRefused) {
    const stored_leaf whole = leaf();
    ASSERT_EQ(refusal(whole.payload), "");
    ASSERT_EQ(whole.payload[whole.tail + 1], 3);
    std::string other = whole.payload;
    other[whole.tail + 1] = 7;  // a mark has no length
    EXPECT_NE(refusal(other), "");
    other = whole.payload;
    other[whole.tail + 2] = 1;  // no such slot
    EXPECT_NE(refusal(other), "");
    other = whole.payload;
    other[whole.tail + 4] = 3;  // a mark behind the mark
    EXPECT_NE(refusal(other), "");
    const std::size_t length = stored_leaf::prefix + short_key_bytes + 1 - hidden_key_bytes;
    ASSERT_EQ(big_endian(load<std::uint64_t>(whole.payload.data() + length)), 1000U);
    other = whole.payload;
    put_number(other.data() + length, big_endian(short_key_bytes));  // a short key has no remainder
    EXPECT_EQ(refusal(other), "length of a key");
    put_number(other.data() + length, big_endian(short_key_bytes + 1));
    EXPECT_EQ(refusal(other), "");
}

TEST_F(TreeLongKeyDecode, ALongKeyWithoutAMarkIsRefused) {
    tree made(context, keyed_records);
    made.put({std::string(short_key_bytes, 'k'), "1234"});
    std::string payload;
    encode_node(*made.root(), payload);
    EXPECT_EQ(refusal(payload), "");
    payload.insert(stored_leaf::prefix, 1, 'k');
    put_number(payload.data() + 8, static_cast<std::uint16_t>(short_key_bytes + 1));
    EXPECT_EQ(refusal(payload), "length of a key");
}

TEST_F(TreeLongKeyDecode, ARemainderOfAnotherLengthIsFoundWhenItIsLoaded) {
    stored_leaf stored = leaf();
    const std::size_t length = stored_leaf::prefix + short_key_bytes + 1 - hidden_key_bytes;
    put_number(stored.payload.data() + length, big_endian(1001));
    auto decoded = decode_node(pool, stored.payload);
    ASSERT_TRUE(decoded);
    const tree subject(context, keyed_records, decoded->detach(), 1);
    EXPECT_THROW(static_cast<void>(subject.at(0).key()), load_error);
}

TEST_F(TreeLongKeyDecode, ALongKeyInAnEmbeddedTreeIsRefused) {
    tree made(context, keyed_records);
    made.put({std::string(short_key_bytes, 'k'), "v"});
    std::string embedded;
    encode_embedded(*made.root(), embedded);
    EXPECT_EQ(check_embedded(embedded), nullptr);
    std::string longer{17, 1};
    append_text(longer, std::string(short_key_bytes + 1, 'k'));
    longer.append({4, 'v'});
    EXPECT_STREQ(check_embedded(longer), "embedded key");
    EXPECT_FALSE(fits_embedded(*with({key_of(600)}).root(), 4096));
}

}  // namespace
}  // namespace coppice
