// Model tests: the tree against std::map, std::vector and std::string. Every version stays alive and is
// compared at the end: old ones never change. Nodes are tiny, so a hundred steps reach every split and merge.
#include <map>
#include <string>
#include <vector>

#include "tree/tree_support.hpp"

namespace coppice {
namespace {

using namespace testing;

/// With each of the two sizes.
class TreeModel : public ::testing::TestWithParam<node_sizes> {
protected:
    node_pool pool;
    tree_context context{&pool, GetParam()};

    void expect_nothing_left() {
        while (pool.free_garbage(1000) != 0) {}
        EXPECT_EQ(pool.figures().nodes, 0U);
        EXPECT_EQ(pool.figures().bytes, 0U);
    }
};

std::string some_key(random_source& random, std::uint64_t kinds) {
    static constexpr const char* prefixes[] = {"", "user:", "user:1", "a", "zzzzzzzzzzzz"};
    std::string key = prefixes[random.below(5)];
    key += std::to_string(random.below(kinds));
    if (random.one_in(8)) { key += std::string(random.below(30), 'x'); }
    if (random.one_in(10)) { key += '\0'; }
    if (random.one_in(5)) { key = long_key(random, tiny_sizes); }
    return key;
}

std::string some_bytes(random_source& random) {
    return std::string(random.below(random.one_in(5) ? 90 : 12), static_cast<char>('a' + random.below(26)));
}

using map_model = std::map<std::string, std::string, tree_order>;

void expect_equal(const tree& subject, const map_model& model) {
    ASSERT_EQ(subject.size(), model.size());
    cursor at(subject);
    for (const auto& [key, bytes] : model) {
        ASSERT_EQ(at.get().key(), key);
        ASSERT_EQ(at.get().key_bytes(), key.size());
        ASSERT_EQ(at.get().bytes, bytes);
        at.next();
    }
    EXPECT_TRUE(at.at_end());
}

TEST_P(TreeModel, KeyedTreeMatchesStdMapInEveryVersionForEver) {
    for_each_seed(60, [&](random_source& random) {
        std::vector<std::pair<tree, map_model>> versions;
        versions.emplace_back(tree(context, keyed_records), map_model{});
        const std::uint64_t kinds = 1 + random.below(300);
        const std::uint64_t erase_share = random.below(10);
        const bool share = !random.one_in(3);
        for (int step = 0; step < 400; ++step) {
            if (share && random.one_in(4)) { versions.push_back(versions[random.below(versions.size())]); }
            auto& [subject, model] = versions.back();
            const std::string key = some_key(random, kinds);
            if (random.below(10) < erase_share) {
                ASSERT_EQ(subject.erase(key), model.erase(key) == 1);
            } else if (random.one_in(40) && !model.empty()) {
                const std::uint64_t from = random.below(model.size());
                const std::uint64_t count = random.below(model.size() - from + 1);
                subject.erase_range(from, count);
                model.erase(std::next(model.begin(), static_cast<long>(from)),
                            std::next(model.begin(), static_cast<long>(from + count)));
            } else if (random.one_in(40) && !model.empty()) {
                const std::uint64_t from = random.below(model.size());
                const std::uint64_t to = from + random.below(model.size() - from + 1);
                subject = subject.slice(from, to);
                model = map_model(std::next(model.begin(), static_cast<long>(from)),
                                  std::next(model.begin(), static_cast<long>(to)));
            } else {
                const std::string bytes = some_bytes(random);
                ASSERT_EQ(subject.put({key, bytes}), !model.contains(key));
                model[key] = bytes;
            }
            const auto found = subject.find(key);
            ASSERT_EQ(found.has_value(), model.contains(key));
            if (found) { ASSERT_EQ(found->bytes, model[key]); }
            if (found) { ASSERT_EQ(found->key(), key); }
            ASSERT_EQ(subject.rank(key).position,
                      static_cast<std::uint64_t>(std::distance(model.begin(), model.lower_bound(key))));
            ASSERT_EQ(find_broken_rule(subject, check_depth::deep), "") << "step " << step;
        }
        for (const auto& [subject, model] : versions) { expect_equal(subject, model); }
    });
    expect_nothing_left();
}

TEST_P(TreeModel, ListMatchesStdVectorInEveryVersionForEver) {
    for_each_seed(60, [&](random_source& random) {
        std::vector<std::pair<tree, std::vector<std::string>>> versions;
        versions.emplace_back(tree(context, listed_records), std::vector<std::string>{});
        const bool share = !random.one_in(3);
        for (int step = 0; step < 300; ++step) {
            if (share && random.one_in(4)) { versions.push_back(versions[random.below(versions.size())]); }
            auto& [subject, model] = versions.back();
            const std::uint64_t position = random.one_in(3) ? model.size() : random.below(model.size() + 1);
            const std::uint64_t erased =
                random.one_in(3)
                    ? random.below(std::min<std::uint64_t>(model.size() - position, random.one_in(10) ? 1000 : 8) + 1)
                    : 0;
            std::vector<std::string> given;
            for (std::uint64_t i = random.one_in(20) ? random.below(60) : random.below(4); i > 0; --i) {
                given.push_back(some_bytes(random));
            }
            if (random.one_in(15)) {
                const auto& [other, other_model] = versions[random.below(versions.size())];
                const tree copy = other;
                const auto copied = other_model;
                subject.splice_tree(position, erased, copy);
                given = copied;
            } else {
                std::vector<record> records;
                for (const auto& each : given) { records.push_back({{}, each}); }
                subject.splice(position, erased, records);
            }
            const auto at = model.begin() + static_cast<long>(position);
            model.insert(model.erase(at, at + static_cast<long>(erased)), given.begin(), given.end());
            if (model.size() > 2000) {
                subject = subject.slice(100, 600);
                model = {model.begin() + 100, model.begin() + 600};
            }
            ASSERT_EQ(find_broken_rule(subject, check_depth::deep), "") << "step " << step;
            if (!model.empty()) {
                const std::uint64_t i = random.below(model.size());
                ASSERT_EQ(subject.at(i).bytes, model[i]);
            }
        }
        for (const auto& [subject, model] : versions) {
            ASSERT_EQ(subject.size(), model.size());
            cursor at(subject);
            for (std::size_t i = 0; i < model.size(); ++i, at.next()) { ASSERT_EQ(at.get().bytes, model[i]); }
            for (std::size_t i = model.size(); i > 0; --i) {
                at.previous();
                ASSERT_EQ(at.get().bytes, model[i - 1]);
            }
        }
    });
    expect_nothing_left();
}

TEST_P(TreeModel, BytesMatchStdStringInEveryVersionForEver) {
    for_each_seed(60, [&](random_source& random) {
        std::vector<std::pair<tree, std::string>> versions;
        versions.emplace_back(tree(context, plain_bytes), std::string{});
        for (int step = 0; step < 200; ++step) {
            if (random.one_in(4)) { versions.push_back(versions[random.below(versions.size())]); }
            auto& [subject, model] = versions.back();
            const std::uint64_t position = random.one_in(3) ? model.size() : random.below(model.size() + 1);
            const std::uint64_t erased =
                random.one_in(2)
                    ? random.below(std::min<std::uint64_t>(model.size() - position, random.one_in(10) ? 3000 : 100) + 1)
                    : 0;
            std::string given(random.below(random.one_in(10) ? 1500 : 60), '.');
            for (char& c : given) { c = static_cast<char>('a' + random.below(26)); }
            subject.splice_bytes(position, erased, given);
            model.replace(position, erased, given);
            ASSERT_EQ(find_broken_rule(subject, check_depth::deep), "") << "step " << step;
        }
        for (const auto& [subject, model] : versions) {
            std::string read;
            for (cursor at(subject); !at.at_end(); at.skip_leaf()) { read += at.rest_of_leaf(); }
            ASSERT_EQ(read, model);
        }
    });
    expect_nothing_left();
}

// A keyed tree of keyed trees: child trees move in and out of their records, and are shared with their parents' copies.
TEST_P(TreeModel, NestedTreesMatchMapsOfMapsInEveryVersionForEver) {
    using model_type = std::map<std::string, map_model, tree_order>;
    for_each_seed(40, [&](random_source& random) {
        std::vector<std::pair<tree, model_type>> versions;
        versions.emplace_back(tree(context, keyed_records), model_type{});
        for (int step = 0; step < 300; ++step) {
            if (random.one_in(5)) { versions.push_back(versions[random.below(versions.size())]); }
            auto& [subject, model] = versions.back();
            const std::uint64_t number = random.below(12);
            const std::string key = "k" + std::string(number % 4 == 0 ? 60 : 0, 'p') + std::to_string(number);
            const std::string field = some_key(random, 20);
            const std::string bytes = some_bytes(random);
            if (random.one_in(10)) {  // a copy of a whole child, O(1)
                const std::string to = "k" + std::to_string(random.below(12));
                if (const auto found = subject.find(key)) {
                    const tree child = subject.child_of(*found, keyed_records);
                    subject.put({to, "header", &child});
                    model[to] = map_model(model[key]);
                }
            } else if (random.one_in(12)) {
                ASSERT_EQ(subject.erase(key), model.erase(key) == 1);
            } else {
                if (!model.contains(key)) {
                    subject.put({key, "header"});
                    model[key] = {};
                }
                const bool erase = random.one_in(3);
                subject.edit_child(key, keyed_records, [&](tree& child, std::string&) {
                    if (erase) {
                        child.erase(field);
                    } else {
                        child.put({field, bytes});
                    }
                });
                if (erase) {
                    model[key].erase(field);
                } else {
                    model[key][field] = bytes;
                }
            }
            ASSERT_EQ(find_broken_rule(subject, check_depth::deep), "") << "step " << step;
        }
        for (const auto& [subject, model] : versions) {
            ASSERT_EQ(subject.size(), model.size());
            cursor at(subject);
            for (const auto& [key, fields] : model) {
                ASSERT_EQ(at.get().key(), key);
                ASSERT_EQ(at.get().child_count, fields.size());
                expect_equal(subject.child_of(at.get(), keyed_records), fields);
                at.next();
            }
        }
    });
    expect_nothing_left();
}

INSTANTIATE_TEST_SUITE_P(Sizes, TreeModel, ::testing::Values(tiny_sizes, deep_sizes),
                         [](const auto& sizes) { return std::string(sizes.index == 0 ? "tiny" : "deep"); });

}  // namespace
}  // namespace coppice
