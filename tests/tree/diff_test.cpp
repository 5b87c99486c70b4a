// Differences against std::map, std::vector and std::string: what a diff says is what the models say, and
// applied to the version before it gives the version after. Nodes are tiny, so that every walk meets trees
// of unequal height, nodes that were split and merged, and child trees in and out of their records.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <coppice/tree/check.hpp>
#include <coppice/tree/codec.hpp>
#include <coppice/tree/cursor.hpp>
#include <coppice/tree/diff.hpp>

#include "support/seeds.hpp"

namespace coppice {
namespace {

using testing::for_each_seed;

constexpr node_sizes tiny{.leaf_bytes = 192, .inner_bytes = 256, .fanout = 5, .embed_bytes = 40, .unembed_bytes = 80};

std::string some_key(random_source& random, std::uint64_t kinds) {
    static constexpr const char* prefixes[] = {"", "user:", "user:1", "a", "\xff\xff"};
    std::string key = prefixes[random.below(5)];
    key += std::to_string(random.below(kinds));
    if (random.one_in(8)) { key += std::string(random.below(30), 'x'); }
    if (random.one_in(10)) { key += '\0'; }
    return key;
}

std::string some_bytes(random_source& random) {
    return std::string(random.below(random.one_in(5) ? 90 : 12), static_cast<char>('a' + random.below(26)));
}

class Diff : public ::testing::Test {
protected:
    node_pool pool;
    tree_context context{&pool, tiny};

    void TearDown() override {
        while (pool.free_garbage(1000) != 0) {}
        EXPECT_EQ(pool.figures().nodes, 0U);
    }

    tree list_of(const std::vector<std::string>& elements) {
        std::vector<record> records;
        for (const auto& each : elements) { records.push_back({{}, each}); }
        return tree::build(context, listed_records, records);
    }
};

// ---- Keyed trees.

/// A record as a model keeps it: its bytes, and the fields of its child tree.
struct entry {
    std::string bytes;
    std::map<std::string, std::string> fields;
    friend bool operator==(const entry&, const entry&) = default;
};
using map_model = std::map<std::string, entry>;

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
    std::sort(all.begin(), all.end(), [](const told& a, const told& b) { return a.key < b.key; });
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
            if (random.one_in(4)) { range = key_range::with_prefix(random.one_in(2) ? "user:" : "\xff"); }
            auto expected = model_diff(before_model, after_model);
            std::erase_if(expected, [&](const told& each) { return each.key < range.low || (range.high && each.key >= *range.high); });
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
                    if (more) { paged.push_back(told_of(page, change)); last = change.key; }
                }
            }
            ASSERT_EQ(paged, expected);

            // Behind any key, there or not, forwards and backwards.
            const std::string key = some_key(random, 200);
            diff.seek(key);
            std::erase_if(expected, [&](const told& each) { return each.key <= key; });
            ASSERT_EQ(rest_of(diff), expected);
        }
    });
}

TEST(DiffRange, OfAPrefixEndsBehindItsLastKey) {
    EXPECT_EQ(key_range::with_prefix("a").high, "b");
    EXPECT_EQ(key_range::with_prefix("a\xff\xff").high, "b");
    EXPECT_EQ(key_range::with_prefix("\xff").high, std::nullopt);
    EXPECT_EQ(key_range::with_prefix("").high, std::nullopt);
}

// ---- Stored trees: what is loaded, and what happens when it cannot be.

/// Keeps nodes as bytes; may refuse to give one.
class shelf final : public node_source {
public:
    result<std::string> fetch(node_id id, node_seal) override {
        ++fetched;
        if (fail_in != 0 && --fail_in == 0) { return error{errc::io, "refused"}; }
        return payloads.at(id);
    }
    /// Gives ids to what has none yet, children first.
    void store(node_pool& pool, node& n) {  // recursion as deep as the tree is high
        if (n.id.load() != 0) { return; }
        for (unsigned i = 0; i < n.slots; ++i) {
            const slot_word word = slots_of(n)[i].load();
            if (word != 0 && !is_stored(word)) { store(pool, *node_in(word)); }
        }
        const node_id id = make_node_id(1, ++last);
        std::string payload;
        encode_node(n, payload);
        payloads[id] = payload;
        n.seal = 0;
        n.id.store(static_cast<std::uint64_t>(id));
        pool.enlist(&n);
    }
    tree reopen(tree_context& into, const tree& stored) {
        if (stored.empty()) { return {into, stored.shape()}; }
        const auto id = static_cast<node_id>(stored.root()->id.load());
        return {into, stored.shape(), into.pool->open(id, 0, true), stored.size()};
    }

    std::map<node_id, std::string> payloads;
    std::uint32_t last = 0;
    std::uint64_t fetched = 0;
    std::uint64_t fail_in = 0;
};

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

TEST_F(Diff, OneChangeInALongListLoadsWhatLiesAroundIt) {
    constexpr std::uint64_t elements = 100'000;
    shelf stored;
    tree_context usual{&pool};
    std::vector<std::string> texts;
    for (std::uint64_t i = 0; i < elements; ++i) { texts.push_back("element " + std::to_string(i)); }
    std::vector<record> records;
    for (const auto& each : texts) { records.push_back({{}, each}); }
    const tree before = tree::build(usual, listed_records, records);
    stored.store(pool, *before.root());
    const auto height = static_cast<std::uint64_t>(before.root()->height) + 1;
    const auto loads = [&](const tree& after, const std::vector<list_change>& expected, std::uint64_t most) {
        stored.store(pool, *after.root());
        node_pool fresh(&stored);
        tree_context reading{&fresh};
        EXPECT_EQ(list_diff(stored.reopen(reading, before), stored.reopen(reading, after)), expected);
        EXPECT_LE(fresh.figures().loads, most);
    };
    loads(before, {}, 1);
    const record one{{}, "new"};
    tree after = before;
    after.splice(50'000, 1, {&one, 1});
    loads(after, {{50'000, 1, 50'000, 1}}, 2 * height + 2);
    after = before;
    after.splice(70'000, 0, {&one, 1});
    loads(after, {{70'000, 0, 70'000, 1}}, 4 * height + 4);
    after.erase_range(20'000, 1);
    loads(after, {{20'000, 1, 20'000, 0}, {70'000, 0, 69'999, 1}}, 8 * height + 8);
    // Far more edits than are looked for without cuts: a path or two for each.
    after = before;
    std::vector<list_change> expected;
    for (std::uint64_t i = 0; i < 50; ++i) {
        after.splice(i * 2'000 + i, 0, {&one, 1});
        expected.push_back({i * 2'000, 0, i * 2'000 + i, 1});
    }
    loads(after, expected, 50 * (2 * height + 6));
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

// ---- Lists and bytes.

template <class Sequence>
void expect_valid(const std::vector<list_change>& changes, const Sequence& before, const Sequence& after) {
    Sequence made;
    std::uint64_t taken = 0;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const list_change& each = changes[i];
        ASSERT_TRUE(each.before_count != 0 || each.after_count != 0);
        ASSERT_TRUE(each.before_position > taken || i == 0) << "runs that touch, or are out of order";
        ASSERT_LE(each.before_position + each.before_count, before.size());
        ASSERT_LE(each.after_position + each.after_count, after.size());
        made.insert(made.end(), before.begin() + static_cast<long>(taken), before.begin() + static_cast<long>(each.before_position));
        ASSERT_EQ(made.size(), each.after_position);
        const auto from = after.begin() + static_cast<long>(each.after_position);
        made.insert(made.end(), from, from + static_cast<long>(each.after_count));
        taken = each.before_position + each.before_count;
    }
    made.insert(made.end(), before.begin() + static_cast<long>(taken), before.end());
    ASSERT_EQ(made, after);
}

std::uint64_t edits_in(const std::vector<list_change>& changes) {
    std::uint64_t edits = 0;
    for (const list_change& each : changes) { edits += each.before_count + each.after_count; }
    return edits;
}

/// The fewest edits, by the table of all prefixes.
template <class Sequence>
std::uint64_t fewest_edits(const Sequence& a, const Sequence& b) {
    std::vector<std::uint64_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) { row[j] = j; }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::uint64_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::uint64_t above = row[j];
            row[j] = a[i - 1] == b[j - 1] ? diagonal : std::min(above, row[j - 1]) + 1;
            diagonal = above;
        }
    }
    return row[b.size()];
}

using list_model = std::vector<std::string>;

/// A few random splices; elements come from a small or a large alphabet.
void splice_some(tree& subject, list_model& model, random_source& random, std::uint64_t kinds, std::uint64_t splices) {
    for (; splices > 0; --splices) {
        const std::uint64_t position = random.below(model.size() + 1);
        const std::uint64_t erased = random.one_in(2) ? random.below(std::min<std::uint64_t>(model.size() - position, random.one_in(15) ? 60 : 4) + 1) : 0;
        list_model given;
        for (std::uint64_t i = random.one_in(15) ? random.below(60) : random.below(4); i > 0; --i) {
            given.push_back("e" + std::to_string(random.below(kinds)));
        }
        std::vector<record> records;
        for (const auto& each : given) { records.push_back({{}, each}); }
        subject.splice(position, erased, records);
        const auto at = model.begin() + static_cast<long>(position);
        model.insert(model.erase(at, at + static_cast<long>(erased)), given.begin(), given.end());
    }
}

TEST_F(Diff, ListDiffLeadsFromBeforeToAfterWhateverTheShapes) {
    for_each_seed(60, [&](random_source& random) {
        constexpr std::uint64_t alphabets[] = {1, 2, 5, 1'000'000};
        const std::uint64_t kinds = alphabets[random.below(4)];
        std::vector<std::pair<tree, list_model>> versions;
        list_model first;
        for (std::uint64_t i = random.below(400); i > 0; --i) { first.push_back("e" + std::to_string(random.below(kinds))); }
        versions.emplace_back(list_of(first), first);
        for (int i = 0; i < 12; ++i) {
            versions.push_back(versions[random.below(versions.size())]);
            auto& [subject, model] = versions.back();
            splice_some(subject, model, random, kinds, 1 + random.below(6));
            if (random.one_in(4) && !model.empty()) {  // a part of another version, shared
                const auto other = versions[random.below(versions.size())];
                const std::uint64_t from = random.below(other.second.size() + 1);
                const std::uint64_t to = from + random.below(other.second.size() - from + 1);
                const std::uint64_t position = random.below(model.size() + 1);
                subject.splice_tree(position, 0, other.first.slice(from, to));
                model.insert(model.begin() + static_cast<long>(position), other.second.begin() + static_cast<long>(from),
                             other.second.begin() + static_cast<long>(to));
            }
        }
        for (int i = 0; i < 20; ++i) {
            const auto& [before, before_model] = versions[random.below(versions.size())];
            const auto& [after, after_model] = versions[random.below(versions.size())];
            const auto changes = list_diff(before, after);
            expect_valid(changes, before_model, after_model);
            const tree apart = list_of(after_model);
            const auto changes_apart = list_diff(before, apart);
            expect_valid(changes_apart, before_model, after_model);
            ASSERT_EQ(equal(before, after), before_model == after_model);
            ASSERT_TRUE(equal(apart, after));
            if (before_model.size() > 600 || after_model.size() > 600) { continue; }
            const std::uint64_t fewest = fewest_edits(before_model, after_model);
            if (fewest <= list_diff_edits_exact) {
                ASSERT_EQ(edits_in(changes), fewest);
                ASSERT_EQ(changes, changes_apart);
            }
            ASSERT_EQ(edits_in(list_diff(list_of(before_model), apart)), fewest);  // nothing shared: one run
        }
    });
}

TEST_F(Diff, ManyEditsAmongDifferentElementsAreFoundTheSameWhateverTheShapes) {
    for_each_seed(5, [&](random_source& random) {
        list_model model;
        for (int i = 0; i < 3000; ++i) { model.push_back("element " + std::to_string(i)); }
        const list_model before_model = model;
        const tree before = list_of(model);
        tree after = before;
        splice_some(after, model, random, 1'000'000'000, 80);
        const auto changes = list_diff(before, after);
        expect_valid(changes, before_model, model);
        ASSERT_GT(edits_in(changes), list_diff_edits_exact);
        EXPECT_EQ(changes, list_diff(before, list_of(model)));
        EXPECT_EQ(edits_in(changes), fewest_edits(before_model, model));
    });
}

TEST_F(Diff, ARunAmongEqualElementsStandsAtTheirFront) {
    const tree before = list_of({"x", "a", "a", "a", "y"});
    const tree after = list_of({"x", "a", "a", "a", "a", "y"});
    EXPECT_EQ(list_diff(before, after), (std::vector<list_change>{{1, 0, 1, 1}}));
    EXPECT_EQ(list_diff(after, before), (std::vector<list_change>{{1, 1, 1, 0}}));
    const tree twice = list_of({"x", "a", "b", "a", "b", "y"});
    const tree thrice = list_of({"x", "a", "b", "a", "b", "a", "b", "y"});
    EXPECT_EQ(list_diff(twice, thrice), (std::vector<list_change>{{1, 0, 1, 2}}));
    const tree none(context, listed_records);
    EXPECT_EQ(list_diff(none, before), (std::vector<list_change>{{0, 0, 0, 5}}));
    EXPECT_EQ(list_diff(before, none), (std::vector<list_change>{{0, 5, 0, 0}}));
    EXPECT_EQ(list_diff(none, none), std::vector<list_change>{});
}

TEST_F(Diff, ARunOfTooManyEditsIsReplacedAsOneRange) {
    list_model a{"first"};
    list_model b{"first"};
    for (int i = 0; i < 11'000; ++i) {
        a.push_back(i % 2 == 0 ? "x" : "y" + std::to_string(i));
        b.push_back(i % 2 == 0 ? "x" : "z" + std::to_string(i));
    }
    a.push_back("last");
    b.push_back("last");
    const auto changes = list_diff(list_of(a), list_of(b));
    EXPECT_EQ(changes, (std::vector<list_change>{{2, 10'999, 2, 10'999}}));
    // The same search stops by its own count where the numbers of equal elements say nothing.
    std::string forth(60'000, '.');
    random_source random(7);
    for (char& c : forth) { c = static_cast<char>('a' + random.below(20)); }
    std::string back(forth.rbegin(), forth.rend());
    const auto bytes = list_diff(tree::build_bytes(context, "(" + forth + ")"), tree::build_bytes(context, "(" + back + ")"));
    EXPECT_EQ(bytes.size(), 1U);
    expect_valid(bytes, "(" + forth + ")", "(" + back + ")");
}

TEST_F(Diff, ElementsWithChildrenAreComparedWithThem) {
    for_each_seed(10, [&](random_source& random) {
        std::vector<std::pair<tree, std::vector<list_model>>> versions;
        versions.emplace_back(tree(context, listed_records), std::vector<list_model>{});
        for (int step = 0; step < 60; ++step) {
            if (random.one_in(4)) { versions.push_back(versions[random.below(versions.size())]); }
            auto& [subject, model] = versions.back();
            list_model inside;
            for (std::uint64_t i = random.below(12); i > 0; --i) { inside.push_back("inner" + std::to_string(random.below(3))); }
            const tree child = list_of(inside);
            const record given{{}, "outer", &child};
            const std::uint64_t position = random.below(model.size() + 1);
            subject.splice(position, 0, {&given, 1});
            model.insert(model.begin() + static_cast<long>(position), inside);
        }
        for (int i = 0; i < 10; ++i) {
            const auto& [before, before_model] = versions[random.below(versions.size())];
            const auto& [after, after_model] = versions[random.below(versions.size())];
            const auto changes = list_diff(before, after);
            expect_valid(changes, before_model, after_model);
            if (edits_in(changes) <= list_diff_edits_exact) { ASSERT_EQ(edits_in(changes), fewest_edits(before_model, after_model)); }
        }
    });
}

TEST_F(Diff, BytesDiffLeadsFromBeforeToAfterWhateverTheShapes) {
    for_each_seed(50, [&](random_source& random) {
        const std::uint64_t kinds = random.one_in(2) ? 2 : 26;
        const auto text = [&](std::uint64_t size) {
            std::string made(size, '.');
            for (char& c : made) { c = static_cast<char>('a' + random.below(kinds)); }
            return made;
        };
        const std::string before_model = text(random.below(2000));
        const tree before = tree::build_bytes(context, before_model);
        std::string model = before_model;
        tree after = before;
        for (std::uint64_t i = 1 + random.below(12); i > 0; --i) {
            const std::uint64_t position = random.below(model.size() + 1);
            const std::uint64_t erased = random.one_in(2) ? random.below(std::min<std::uint64_t>(model.size() - position, random.one_in(8) ? 500 : 5) + 1) : 0;
            const std::string given = text(random.below(random.one_in(8) ? 300 : 5));
            after.splice_bytes(position, erased, given);
            model.replace(position, erased, given);
        }
        const auto changes = list_diff(before, after);
        expect_valid(changes, before_model, model);
        const tree apart = tree::build_bytes(context, model);
        const auto changes_apart = list_diff(before, apart);
        expect_valid(changes_apart, before_model, model);
        ASSERT_TRUE(equal(after, apart));
        const std::uint64_t fewest = fewest_edits(before_model, model);
        if (fewest <= list_diff_edits_exact) { ASSERT_EQ(changes, changes_apart); }
        ASSERT_EQ(edits_in(list_diff(tree::build_bytes(context, before_model), apart)), fewest);
    });
}

}  // namespace
}  // namespace coppice
