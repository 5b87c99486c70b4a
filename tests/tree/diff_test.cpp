// Differences of keyed trees against std::map: between any two versions the diff says what the models say.
// Nodes are tiny, so that every walk meets trees of unequal height, nodes that were split and merged, and
// child trees in and out of their records.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <coppice/tree/cursor.hpp>
#include <coppice/tree/diff.hpp>

#include "tree/diff_support.hpp"

namespace coppice {
namespace {

using testing::for_each_seed;

std::string some_key(random_source& random, std::uint64_t kinds) {
    static constexpr const char* prefixes[] = {"", "user:", "user:1", "a", "\xff\xff"};
    std::string key = prefixes[random.below(5)];
    key += std::to_string(random.below(kinds));
    if (random.one_in(8)) { key += std::string(random.below(30), 'x'); }
    if (random.one_in(10)) { key += '\0'; }
    if (random.one_in(5)) { key = testing::long_key(random, tiny); }
    return key;
}

std::string some_bytes(random_source& random) {
    return std::string(random.below(random.one_in(5) ? 90 : 12), static_cast<char>('a' + random.below(26)));
}

// ---- Keyed trees.

/// A record as a model keeps it: its bytes, and the fields of its child tree.
struct entry {
    std::string bytes;
    std::map<std::string, std::string> fields;
    friend bool operator==(const entry&, const entry&) = default;
};
using map_model = std::map<std::string, entry, testing::tree_order>;

/// A change in words, so that whole differences compare.
struct told {
    change_kind kind;
    std::string key;
    std::optional<entry> before, after;
    friend bool operator==(const told&, const told&) = default;
};

entry entry_of(const tree& in, const record_view& view) {
    entry made{std::string(view.bytes), {}};
    for (cursor at(in.child_of(view, keyed_records)); !at.at_end(); at.next()) {
        made.fields[at.get().key()] = at.get().bytes;
    }
    return made;
}

told told_of(const keyed_diff& diff, const keyed_change& change) {
    told made{change.kind, change.key, {}, {}};
    if (change.before) {
        made.before = entry_of(diff.before(), *change.before);
        EXPECT_EQ(change.before->key(), change.key);
    }
    if (change.after) {
        made.after = entry_of(diff.after(), *change.after);
        EXPECT_EQ(change.after->key(), change.key);
    }
    return made;
}

std::vector<told> rest_of(keyed_diff& diff) {
    std::vector<told> all;
    for (keyed_change change; diff.next(change);) { all.push_back(told_of(diff, change)); }
    keyed_change none;
    EXPECT_FALSE(diff.next(none));
    return all;
}

std::vector<told> model_diff(const map_model& before, const map_model& after) {
    std::vector<told> all;
    for (const auto& [key, value] : before) {
        const auto found = after.find(key);
        if (found == after.end()) {
            all.push_back({change_kind::removed, key, value, {}});
        } else if (!(found->second == value)) {
            all.push_back({change_kind::changed, key, value, found->second});
        }
    }
    for (const auto& [key, value] : after) {
        if (!before.contains(key)) { all.push_back({change_kind::added, key, {}, value}); }
    }
    std::sort(all.begin(), all.end(), [](const told& a, const told& b) { return testing::tree_order()(a.key, b.key); });
    return all;
}

/// One random change of a tree and of its model.
void change_some(tree& subject, map_model& model, random_source& random, std::uint64_t kinds) {
    const std::string key = some_key(random, kinds);
    if (random.one_in(4)) {
        subject.erase(key);
        model.erase(key);
    } else if (random.one_in(3)) {
        if (!model.contains(key)) {
            subject.put({key, "parent"});
            model[key] = {"parent", {}};
        }
        for (std::uint64_t i = random.below(6); i > 0; --i) {
            const std::string field = some_key(random, 20);
            const std::string bytes = some_bytes(random);
            const bool erase = random.one_in(3);
            subject.edit_child(key, keyed_records, [&](tree& child, std::string&) {
                if (erase) {
                    child.erase(field);
                } else {
                    child.put({field, bytes});
                }
            });
            if (erase) {
                model[key].fields.erase(field);
            } else {
                model[key].fields[field] = bytes;
            }
        }
    } else if (random.one_in(30) && !model.empty()) {
        const std::uint64_t from = random.below(model.size());
        const std::uint64_t count = random.below(model.size() - from + 1) / 2;
        subject.erase_range(from, count);
        const auto first = std::next(model.begin(), static_cast<long>(from));
        model.erase(first, std::next(first, static_cast<long>(count)));
    } else {
        const std::string bytes = some_bytes(random);
        subject.put({key, bytes});
        model[key] = {bytes, {}};
    }
}

/// The model as a tree that shares nothing.
tree built_apart(tree_context& context, const map_model& model) {
    tree made(context, keyed_records);
    for (const auto& [key, value] : model) {
        tree child(context, keyed_records);
        for (const auto& [field, bytes] : value.fields) { child.put({field, bytes}); }
        made.put({key, value.bytes, &child});
    }
    return made;
}

using history = std::vector<std::pair<tree, map_model>>;

history random_history(tree_context& context, random_source& random, int steps) {
    history versions;
    versions.emplace_back(tree(context, keyed_records), map_model{});
    const std::uint64_t kinds = 1 + random.below(200);
    for (int step = 0; step < steps; ++step) {
        if (random.one_in(8)) { versions.push_back(versions[random.below(versions.size())]); }
        change_some(versions.back().first, versions.back().second, random, kinds);
    }
    return versions;
}

TEST_F(Diff, KeyedSaysWhatTheModelSaysBetweenAnyTwoVersions) {
    for_each_seed(40, [&](random_source& random) {
        const history versions = random_history(context, random, 300);
        for (int i = 0; i < 30; ++i) {
            const auto& [before, before_model] = versions[random.below(versions.size())];
            const auto& [after, after_model] = versions[random.below(versions.size())];
            const auto expected = model_diff(before_model, after_model);
            keyed_diff diff(before, after);
            ASSERT_EQ(rest_of(diff), expected);
            ASSERT_EQ(equal(before, after), expected.empty());
        }
    });
}

TEST_F(Diff, KeyedSaysTheSameOfATreeThatSharesNothing) {
    for_each_seed(15, [&](random_source& random) {
        const history versions = random_history(context, random, 200);
        for (int i = 0; i < 4; ++i) {
            const auto& [before, before_model] = versions[random.below(versions.size())];
            const auto& [after, after_model] = versions[random.below(versions.size())];
            const tree apart = built_apart(context, after_model);
            keyed_diff diff(before, apart);
            ASSERT_EQ(rest_of(diff), model_diff(before_model, after_model));
            ASSERT_TRUE(equal(apart, after));
            keyed_diff same(apart, after);
            ASSERT_EQ(rest_of(same), std::vector<told>{});
        }
    });
}

TEST_F(Diff, KeyedResumesBehindAnyKeyAndStaysInItsRange) {
    for_each_seed(30, [&](random_source& random) {
        const history versions = random_history(context, random, 200);
        for (int i = 0; i < 20; ++i) {
            const auto& [before, before_model] = versions[random.below(versions.size())];
            const auto& [after, after_model] = versions[random.below(versions.size())];
            key_range range;
            if (random.one_in(2)) { range.low = some_key(random, 200); }
            if (random.one_in(2)) { range.high = some_key(random, 200); }
            if (random.one_in(4)) { range = key_range::with_prefix(random.one_in(2) ? "user:" : "\xff", tiny); }
            auto expected = model_diff(before_model, after_model);
            const testing::tree_order below;
            std::erase_if(expected, [&](const told& each) {
                return below(each.key, range.low) || (range.high && !below(each.key, *range.high));
            });
            keyed_diff diff(before, after, range);
            ASSERT_EQ(rest_of(diff), expected);

            // In pages, each by a diff of its own that knows only the last key.
            std::vector<told> paged;
            std::optional<std::string> last;
            for (bool more = true; more;) {
                keyed_diff page(before, after, range);
                if (last) { page.seek(*last); }
                keyed_change change;
                for (std::uint64_t n = 1 + random.below(4); n > 0 && more; --n) {
                    more = page.next(change);
                    if (more) {
                        paged.push_back(told_of(page, change));
                        last = change.key;
                    }
                }
            }
            ASSERT_EQ(paged, expected);

            // Behind any key, there or not, forwards and backwards.
            const std::string key = some_key(random, 200);
            diff.seek(key);
            std::erase_if(expected, [&](const told& each) { return !below(key, each.key); });
            ASSERT_EQ(rest_of(diff), expected);
        }
    });
}

TEST_F(Diff, ARangeOfAPrefixHoldsTheLongKeysThatBeginWithIt) {
    random_source random(1);
    tree after(context, keyed_records);
    std::vector<std::string> keys;
    for (int i = 0; i < 200; ++i) {
        const std::string key = some_key(random, 50);
        if (after.put({key, "bytes"})) { keys.push_back(key); }
    }
    for (const std::string& key : keys) {
        for (const std::size_t length : {std::size_t{1}, std::size_t{5}, std::size_t{9}, key.size() - key.size() / 4}) {
            const std::string prefix = key.substr(0, length);
            keyed_diff diff(tree(context, keyed_records), after, key_range::with_prefix(prefix, tiny));
            std::size_t found = 0;
            for (keyed_change change; diff.next(change);) { found += change.key.starts_with(prefix) ? 1 : 0; }
            ASSERT_EQ(found, static_cast<std::size_t>(std::count_if(keys.begin(), keys.end(), [&](const auto& each) {
                          return each.starts_with(prefix);
                      })));
        }
    }
}

TEST(DiffRange, OfAPrefixEndsBehindItsLastKey) {
    EXPECT_EQ(key_range::with_prefix("a").high, "b");
    EXPECT_EQ(key_range::with_prefix("a\xff\xff").high, "b");
    EXPECT_EQ(key_range::with_prefix("\xff").high, std::nullopt);
    EXPECT_EQ(key_range::with_prefix("").high, std::nullopt);
}

// ---- Stored trees: what is loaded, and what happens when it cannot be.

TEST_F(Diff, OneChangeInManyKeysLoadsTwoPaths) {
    constexpr int keys = 100'000;
    shelf stored;
    tree_context usual{&pool};
    tree before(usual, keyed_records);
    for (int i = 0; i < keys; ++i) { before.put({"key:" + std::to_string(i), "value"}); }
    stored.store(pool, *before.root());
    const int height = before.root()->height + 1;
    const auto figures = [&](const tree& after, std::size_t expected) {
        stored.store(pool, *after.root());
        node_pool fresh(&stored);
        tree_context reading{&fresh};
        keyed_diff diff(stored.reopen(reading, before), stored.reopen(reading, after));
        EXPECT_EQ(rest_of(diff).size(), expected);
        EXPECT_LE(diff.nodes_entered(), 2 * (static_cast<std::uint64_t>(height) + 1) * expected);
        return fresh.figures().loads;
    };
    const auto at_most = static_cast<std::uint64_t>(2 * height + 2);
    tree after = before;
    EXPECT_EQ(figures(after, 0), 1U);  // one root, opened once
    after.put({"key:54321", "other"});
    EXPECT_LE(figures(after, 1), at_most);
    after = before;
    after.erase("key:777");
    EXPECT_LE(figures(after, 1), at_most);
    after = before;
    after.put({"key:5432x", "new"});
    EXPECT_LE(figures(after, 1), at_most);
    for (const char* key : {"key:0", "key:99999", "kez"}) {
        after = before;
        after.put({key, "edge"});
        EXPECT_LE(figures(after, 1), at_most);
    }
    // Resuming descends to the difference, not to the key.
    node_pool fresh(&stored);
    tree_context reading{&fresh};
    after = before;
    after.put({"key:54321", "other"});
    stored.store(pool, *after.root());
    keyed_diff diff(stored.reopen(reading, before), stored.reopen(reading, after), {"key:1", "key:9"});
    diff.seek("key:2");
    EXPECT_EQ(rest_of(diff).size(), 1U);
    EXPECT_LE(fresh.figures().loads, at_most);
}

TEST_F(Diff, KeyedGoesOnAfterAnyLoadFailed) {
    for_each_seed(10, [&](random_source& random) {
        shelf stored;
        const history versions = random_history(context, random, 200);
        for (const auto& version : versions) {
            if (!version.first.empty()) { stored.store(pool, *version.first.root()); }
        }
        for (int i = 0; i < 6; ++i) {
            const auto& [before, before_model] = versions[random.below(versions.size())];
            const auto& [after, after_model] = versions[random.below(versions.size())];
            const auto expected = model_diff(before_model, after_model);
            node_pool fresh(&stored);
            tree_context reading{&fresh, tiny};
            keyed_diff diff(stored.reopen(reading, before), stored.reopen(reading, after));
            std::vector<std::pair<change_kind, std::string>> found;
            std::uint64_t failures = 0;
            for (bool more = true; more;) {
                stored.fail_in = 1 + random.below(3);
                try {
                    keyed_change change;
                    more = diff.next(change);
                    if (more) { found.emplace_back(change.kind, change.key); }
                } catch (const load_error& failed) {
                    EXPECT_EQ(failed.cause().code, errc::io);
                    ++failures;
                }
            }
            stored.fail_in = 0;
            ASSERT_EQ(found.size(), expected.size());
            for (std::size_t k = 0; k < found.size(); ++k) {
                EXPECT_EQ(found[k].first, expected[k].kind);
                EXPECT_EQ(found[k].second, expected[k].key);
            }
            EXPECT_TRUE(failures > 0 || fresh.figures().loads < 20);
        }
    });
}

TEST_F(Diff, KeyedThatMayNotWaitGoesOnOnceTheNodeIsThere) {
    for_each_seed(10, [&](random_source& random) {
        shelf stored;
        const history versions = random_history(context, random, 200);
        for (const auto& version : versions) {
            if (!version.first.empty()) { stored.store(pool, *version.first.root()); }
        }
        const auto& [before, before_model] = versions[random.below(versions.size())];
        const auto& [after, after_model] = versions[random.below(versions.size())];
        const auto expected = model_diff(before_model, after_model);
        node_pool fresh(&stored);
        tree_context reading{&fresh, tiny, false};
        std::vector<node_ptr> loaded;
        const tree a = stored.reopen(reading, before);
        const tree b = stored.reopen(reading, after);
        const auto until_resident = [&](auto&& attempt) {
            for (;;) {
                try {
                    return attempt();
                } catch (const not_resident& missing) {
                    loaded.emplace_back(fresh, fresh.open(missing.id, missing.seal, true));
                }
            }
        };
        keyed_diff diff(a, b);
        keyed_change change;
        std::size_t found = 0;
        while (until_resident([&] { return diff.next(change); })) {
            ASSERT_LT(found, expected.size());
            EXPECT_EQ(change.key, expected[found].key);
            EXPECT_EQ(change.kind, expected[found].kind);
            ++found;
        }
        EXPECT_EQ(found, expected.size());
        EXPECT_EQ(until_resident([&] { return equal(a, b); }), expected.empty());
    });
}

std::uint64_t allocations_left = 0;

TEST_F(Diff, KeyedGoesOnAfterAnyAllocationFailed) {
    for_each_seed(20, [&](random_source& random) {
        const history versions = random_history(context, random, 200);
        const auto& [before, before_model] = versions[random.below(versions.size())];
        const map_model& after_model = versions[random.below(versions.size())].second;
        const tree after = built_apart(context, after_model);  // children embedded on one side only are opened
        const auto expected = model_diff(before_model, after_model);
        keyed_diff diff(before, after);
        std::vector<std::string> found;
        for (bool more = true; more;) {
            allocations_left = random.below(3);
            pool.set_allocation_hook([] {
                if (allocations_left-- == 0) { throw std::bad_alloc(); }
            });
            try {
                keyed_change change;
                more = diff.next(change);
                if (more) { found.push_back(change.key); }
            } catch (const std::bad_alloc&) {}
            pool.set_allocation_hook(nullptr);
        }
        ASSERT_EQ(found.size(), expected.size());
        for (std::size_t i = 0; i < found.size(); ++i) { EXPECT_EQ(found[i], expected[i].key); }
    });
}

}  // namespace
}  // namespace coppice
