// Finding many at once is finding each; a cursor walks both ways from wherever it was put.
#include <algorithm>

#include "tree/tree_support.hpp"

namespace coppice {
namespace {

using namespace testing;

class TreeCursor : public ::testing::Test {
protected:
    node_pool pool;
    tree_context context{&pool, tiny_sizes};
};

TEST_F(TreeCursor, FindManyEqualsFind) {
    for_each_seed(40, [&](random_source& random) {
        const tree subject = some_tree(context, random, random.below(300));
        std::vector<std::string> keys;
        for (std::uint64_t i = random.below(70); i > 0; --i) {
            keys.push_back(random.one_in(8) ? long_key(random, tiny_sizes)
                                            : numbered(random.one_in(5) ? "user:" : "key:", random.below(700))
                                                  + std::string(random.below(3), 'x'));
        }
        const std::vector<std::string_view> wanted(keys.begin(), keys.end());
        std::vector<record_view> found(wanted.size());
        subject.find_many(wanted, found);
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            const auto one = subject.find(wanted[i]);
            ASSERT_EQ(found[i].leaf != nullptr, one.has_value());
            if (!one) { continue; }
            ASSERT_EQ(found[i].leaf, one->leaf);
            ASSERT_EQ(found[i].entry, one->entry);
            ASSERT_EQ(found[i].bytes, one->bytes);
        }
    });
}

TEST_F(TreeCursor, FindManyInAnEmptyTreeFindsNothing) {
    const tree subject(context, keyed_records);
    const std::vector<std::string_view> wanted{"a", "", "b"};
    std::vector<record_view> found(3);
    subject.find_many(wanted, found);
    for (const record_view& each : found) { EXPECT_EQ(each.leaf, nullptr); }
}

TEST_F(TreeCursor, WalksBothWaysFromAnywhere) {
    for_each_seed(40, [&](random_source& random) {
        const tree subject = some_tree(context, random, 1 + random.below(300));
        std::vector<std::string> keys;
        for (cursor at(subject); !at.at_end(); at.next()) { keys.push_back(at.get().key()); }
        cursor walk(subject);
        std::uint64_t position = 0;
        for (int step = 0; step < 400; ++step) {
            switch (random.below(5)) {
                case 0:
                    position = random.below(keys.size() + 1);
                    walk.seek(position);
                    break;
                case 1: {
                    const std::string key =
                        random.one_in(3) ? long_key(random, tiny_sizes) : numbered("key:", random.below(700));
                    walk.seek(key);
                    const auto behind = std::lower_bound(keys.begin(), keys.end(), key, tree_order());
                    position = static_cast<std::uint64_t>(behind - keys.begin());
                    break;
                }
                case 2:
                    if (position == keys.size()) { break; }
                    walk.skip_leaf();
                    position = walk.position();
                    break;
                case 3:
                    if (position == 0) { break; }
                    walk.previous();
                    --position;
                    break;
                default:
                    if (position == keys.size()) { break; }
                    walk.next();
                    ++position;
            }
            ASSERT_EQ(walk.position(), position);
            ASSERT_EQ(walk.at_end(), position == keys.size());
            if (!walk.at_end()) { ASSERT_EQ(walk.get().key(), keys[position]); }
        }
    });
}

TEST_F(TreeCursor, AWalkSeesOneVersionWhateverHappensToTheTree) {
    random_source random(2);
    tree subject = some_tree(context, random, 200);
    const std::string before = told(subject);
    cursor walk(subject);
    std::string seen;
    for (; !walk.at_end(); walk.next()) {
        seen += walk.get().key() + "\n";
        if (!subject.empty()) { subject.erase_range(random.below(subject.size()), 1); }
    }
    std::string keys;
    for (cursor at(walk.walked()); !at.at_end(); at.next()) { keys += at.get().key() + "\n"; }
    EXPECT_EQ(seen, keys);
    EXPECT_TRUE(subject.empty());
    EXPECT_EQ(told(walk.walked()), before);
}

}  // namespace
}  // namespace coppice
