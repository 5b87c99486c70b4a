// Differences of lists and bytes against std::vector and std::string: applied to the version before, a
// difference gives the version after, with as few edits as a table of all prefixes finds, and the same ones
// for a tree that was built apart and shares nothing.
#include <algorithm>
#include <string>
#include <vector>

#include <coppice/tree/diff.hpp>

#include "tree/diff_support.hpp"

namespace coppice {
namespace {

using testing::for_each_seed;

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
        made.insert(made.end(), before.begin() + static_cast<long>(taken),
                    before.begin() + static_cast<long>(each.before_position));
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
        const std::uint64_t erased =
            random.one_in(2)
                ? random.below(std::min<std::uint64_t>(model.size() - position, random.one_in(15) ? 60 : 4) + 1)
                : 0;
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
        for (std::uint64_t i = random.below(400); i > 0; --i) {
            first.push_back("e" + std::to_string(random.below(kinds)));
        }
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
                model.insert(model.begin() + static_cast<long>(position),
                             other.second.begin() + static_cast<long>(from),
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

TEST_F(Diff, ScatteredEditsAmongRepeatingElementsAreFoundTheSameWhateverTheShapes) {
    for (const std::uint64_t kinds : {2U, 5U, 26U, 1000U}) {
        for (std::uint64_t seed = 1; seed <= 8; ++seed) {
            random_source random(seed);
            list_model model;
            for (int i = 0; i < 4000; ++i) { model.push_back("e" + std::to_string(random.below(kinds))); }
            const list_model before_model = model;
            const tree before = list_of(model);
            tree after = before;
            for (int i = 0; i < 60; ++i) {
                const std::uint64_t position = random.below(model.size());
                const std::string text = "e" + std::to_string(random.below(kinds));
                const record given{{}, text};
                const std::uint64_t erased = random.below(2);
                after.splice(position, erased, {&given, 1});
                const auto at = model.begin() + static_cast<long>(position);
                model.insert(model.erase(at, at + static_cast<long>(erased)), text);
            }
            const auto changes = list_diff(before, after);
            expect_valid(changes, before_model, model);
            EXPECT_GT(edits_in(changes), list_diff_edits_exact);
            EXPECT_EQ(changes, list_diff(before, list_of(model))) << kinds << " kinds, seed " << seed;
        }
    }
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

TEST_F(Diff, ABlockThatMovedIsTheSmallerSideOfTheMove) {
    list_model model;
    for (int i = 0; i < 5'000; ++i) { model.push_back("element " + std::to_string(i)); }
    const tree before = list_of(model);
    const tree after = tree::concat(before.slice(1'000, 5'000), before.slice(0, 1'000));
    EXPECT_EQ(list_diff(before, after), (std::vector<list_change>{{0, 1'000, 0, 0}, {5'000, 0, 4'000, 1'000}}));
    EXPECT_EQ(list_diff(after, before), (std::vector<list_change>{{0, 0, 0, 1'000}, {4'000, 1'000, 5'000, 0}}));
    const tree swapped =
        tree::concat(tree::concat(before.slice(0, 100), before.slice(2'000, 5'000)), before.slice(100, 2'000));
    EXPECT_EQ(edits_in(list_diff(before, swapped)), 2U * 1'900U);
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
    const auto bytes =
        list_diff(tree::build_bytes(context, "(" + forth + ")"), tree::build_bytes(context, "(" + back + ")"));
    EXPECT_EQ(bytes.size(), 1U);
    expect_valid(bytes, "(" + forth + ")", "(" + back + ")");
}

// Every leaf was written, so that no node is shared where the edits are, and there are more than a run may have.
TEST_F(Diff, ManyElementsReplacedWhereTheyStandAreFoundOneByOne) {
    for (const bool and_spliced : {false, true}) {
        list_model model;
        for (int i = 0; i < 60'000; ++i) { model.push_back("element " + std::to_string(i)); }
        const list_model before_model = model;
        const tree before = list_of(model);
        tree after = before;
        const record given{{}, "replaced"};
        const std::uint64_t moved = and_spliced ? 1 : 0;
        if (and_spliced) {
            after.splice(29'990, 0, {&given, 1});
            model.insert(model.begin() + 29'990, "replaced");
        }
        for (std::uint64_t i = 0; i < model.size(); i += 9) {
            after.splice(i, 1, {&given, 1});
            model[i] = "replaced";
        }
        const auto changes = list_diff(before, after);
        expect_valid(changes, before_model, model);
        EXPECT_GE(changes.size(), 6'600U);
        EXPECT_LE(edits_in(changes), 2 * 6'667 + 8 * moved);
    }
    std::string text(400'000, '.');
    random_source random(3);
    for (char& c : text) { c = static_cast<char>('a' + random.below(26)); }
    const std::string before_text = text;
    const tree before = tree::build_bytes(context, text);
    tree after = before;
    for (std::size_t i = 0; i < text.size(); i += 31) {
        after.splice_bytes(i, 1, "#");
        text[i] = '#';
    }
    const auto changes = list_diff(before, after);
    expect_valid(changes, before_text, text);
    EXPECT_EQ(changes.size(), (text.size() + 30) / 31);
}

TEST_F(Diff, ElementsWithChildrenAreComparedWithThem) {
    for_each_seed(10, [&](random_source& random) {
        std::vector<std::pair<tree, std::vector<list_model>>> versions;
        versions.emplace_back(tree(context, listed_records), std::vector<list_model>{});
        for (int step = 0; step < 60; ++step) {
            if (random.one_in(4)) { versions.push_back(versions[random.below(versions.size())]); }
            auto& [subject, model] = versions.back();
            list_model inside;
            for (std::uint64_t i = random.below(12); i > 0; --i) {
                inside.push_back("inner" + std::to_string(random.below(3)));
            }
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
            if (edits_in(changes) <= list_diff_edits_exact) {
                ASSERT_EQ(edits_in(changes), fewest_edits(before_model, after_model));
            }
        }
    });
}

// list_diff holds nothing between calls: whoever may not wait loads what is missing and asks again.
TEST_F(Diff, ListDiffThatMayNotWaitSucceedsOnceItsNodesAreThere) {
    for_each_seed(10, [&](random_source& random) {
        shelf stored;
        list_model model;
        for (std::uint64_t i = 1 + random.below(300); i > 0; --i) {
            model.push_back("e" + std::to_string(random.below(50)));
        }
        const list_model before_model = model;
        const tree before = list_of(model);
        tree after = before;
        splice_some(after, model, random, 50, 1 + random.below(20));
        stored.store(pool, *before.root());
        if (!after.empty()) { stored.store(pool, *after.root()); }
        node_pool fresh(&stored);
        tree_context reading{&fresh, tiny, false};
        const tree a = stored.reopen(reading, before);
        const tree b = stored.reopen(reading, after);
        std::vector<node_ptr> loaded;
        std::optional<std::vector<list_change>> found;
        while (!found) {
            try {
                found = list_diff(a, b);
            } catch (const not_resident& missing) {
                loaded.emplace_back(fresh, fresh.open(missing.id, missing.seal, true));
            }
        }
        expect_valid(*found, before_model, model);
        ASSERT_EQ(*found, list_diff(before, after)) << "stored nodes are the same nodes";
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
            const std::uint64_t erased =
                random.one_in(2)
                    ? random.below(std::min<std::uint64_t>(model.size() - position, random.one_in(8) ? 500 : 5) + 1)
                    : 0;
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

}  // namespace
}  // namespace coppice
