// Trees that were stored and are read back node by node: they say what they said, stored nodes never change,
// and a load that fails or must not wait changes nothing.
#include "tree/tree_support.hpp"

namespace coppice {
namespace {

using namespace testing;

class TreeLoad : public ::testing::Test {
protected:
    memory_source storage;
    node_pool pool{&storage};
    tree_context context{&pool, tiny_sizes};
    tree_context hasty{&pool, tiny_sizes, false};

    void TearDown() override {
        free_all_garbage(pool);
        EXPECT_EQ(pool.figures().nodes, 0U) << "a node is left";
        EXPECT_EQ(pool.figures().garbage_nodes, 0U);
    }
    /// Stores `t`, lets go of it, and opens it again with nothing in memory.
    tree reopened(tree t) {
        const auto root = storage.store_tree(t);
        tree_context& by = t.context();
        t.clear();
        free_all_garbage(pool);
        return memory_source::open(by, root);
    }
    /// Every stored node that is in memory still is what was stored.
    void expect_frozen() {
        for (const auto& [id, stored] : storage.payloads) {
            node* n = nullptr;
            try {
                n = pool.open(static_cast<node_id>(id), stored.second, false);
            } catch (const not_resident&) { continue; }
            const node_ptr held(pool, n);
            std::string now;
            encode_node(*n, now);
            ASSERT_EQ(now, stored.first) << "stored node " << id << " was changed";
        }
    }
};

TEST_F(TreeLoad, AReopenedTreeIsTheTreeItWas) {
    for_each_seed(20, [&](random_source& random) {
        const tree made = some_tree(context, random, random.below(300));
        const std::string before = told(made);
        const tree again = reopened(made);
        ASSERT_EQ(told(again), before);
        ASSERT_EQ(find_broken_rule(again, check_depth::deep), "");
    });
}

TEST_F(TreeLoad, EditsOfAReopenedTreeNeverChangeAStoredNode) {
    for_each_seed(20, [&](random_source& random) {
        tree subject = reopened(some_tree(context, random, 200));
        std::map<std::string, std::string, tree_order> model;
        for (cursor at(subject); !at.at_end(); at.next()) { model[at.get().key()] = at.get().bytes; }
        const auto root = storage.store_tree(subject);
        const std::string before = told(subject);
        for (int step = 0; step < 150; ++step) {
            const std::string key = numbered("key:", random.below(400));
            switch (random.below(5)) {
                case 0: ASSERT_EQ(subject.erase(key), model.erase(key) == 1); break;
                case 1:
                    subject.edit_child(key, keyed_records, [&](tree& child, std::string&) {
                        child.put({numbered("f", random.below(30)), "new"});
                    });
                    break;
                case 2:
                    if (random.one_in(10)) {
                        storage.store_tree(subject);  // a checkpoint: from here on these nodes are frozen, too
                    } else if (random.one_in(5)) {
                        const std::uint64_t from = random.below(subject.size());
                        subject.erase_range(from, 1);
                        model.erase(std::next(model.begin(), static_cast<long>(from)));
                    }
                    break;
                default: subject.put({key, "bytes"}); model[key] = "bytes";
            }
            if (step % 10 == 0) {
                ASSERT_EQ(find_broken_rule(subject, check_depth::deep), "") << "step " << step;
                expect_frozen();
            }
        }
        std::map<std::string, std::string, tree_order> found;
        for (cursor at(subject); !at.at_end(); at.next()) { found[at.get().key()] = at.get().bytes; }
        ASSERT_EQ(found, model);
        ASSERT_EQ(told(memory_source::open(context, root)), before) << "the stored version changed";
    });
}

TEST_F(TreeLoad, ANodeThatTwoTreesShareIsInMemoryOnce) {
    random_source random(4);
    tree made = some_tree(context, random, 300, false);
    const auto root = storage.store_tree(made);
    tree branch = made;
    branch.put({"key:000001", "elsewhere"});
    const auto branch_root = storage.store_tree(branch);
    made.clear();
    branch.clear();
    free_all_garbage(pool);
    ASSERT_EQ(pool.figures().nodes, 0U);
    const tree one = memory_source::open(context, root);
    told(one);
    const std::uint64_t alone = pool.figures().nodes;
    const tree same = memory_source::open(context, root);
    EXPECT_EQ(same.root(), one.root());
    told(same);
    EXPECT_EQ(pool.figures().nodes, alone);
    const tree other = memory_source::open(context, branch_root);
    told(other);
    EXPECT_LE(pool.figures().nodes, alone + other.root()->height + 1U) << "only its own path is its own";
}

using operation = void (*)(tree&);
const std::pair<const char*, operation> operations[] = {
    {"put",
     [](tree& t) {
         t.put({"key:000041", "new bytes"});
     }},
    {"erase", [](tree& t) { t.erase("key:000044"); }},
    {"edit_child",
     [](tree& t) {
         t.edit_child("key:000040", keyed_records, [](tree& child, std::string&) { child.put({"f", "v"}); });
     }},
    {"edit_child",
     [](tree& t) {
         t.edit_child("key:000010", keyed_records, [](tree& child, std::string&) { child.put({"f000020", "v"}); });
     }},
    {"splice", [](tree& t) { t.erase_range(30, 25); }},
    {"slice", [](tree& t) { t = t.slice(13, 56); }},
    {"concat", [](tree& t) { t = tree::concat(t.slice(0, 20), t.slice(40, 60)); }},
    {"rank", [](tree& t) { static_cast<void>(t.rank("key:000077")); }},
    {"find", [](tree& t) { static_cast<void>(t.find("key:000077")); }},
    {"at", [](tree& t) { static_cast<void>(t.at(50)); }},
};

tree tree_to_edit(tree_context& context) {
    tree made(context, keyed_records);
    for (std::uint64_t i = 0; i < 120; i += 2) { made.put({numbered("key:", i), "bytes"}); }
    tree child(context, keyed_records);
    for (std::uint64_t i = 0; i < 60; ++i) { child.put({numbered("f", i), "bytes"}); }
    made.put({"key:000010", "with a child", &child});
    return made;
}

TEST_F(TreeLoad, AMissChangesNothing) {
    for (const auto& [name, run] : operations) {
        SCOPED_TRACE(name);
        // Nothing but the stored nodes' bytes is left when the test of each operation begins.
        tree stored = tree_to_edit(context);
        const auto root = storage.store_tree(stored);
        const std::string before = told(stored);
        tree expected = stored;
        run(expected);
        const std::string after = told(expected);
        stored.clear();
        expected.clear();
        free_all_garbage(pool);
        tree subject = memory_source::open(context, root).through(hasty);
        std::vector<node_ptr> pinned;
        for (int misses = 0;; ++misses) {
            ASSERT_LT(misses, 1000);
            try {
                run(subject);
                break;
            } catch (const not_resident& missing) {
                pinned.emplace_back(pool, pool.open(missing.id, missing.seal, true));
            }
            node_pool elsewhere(&storage);  // so that looking at it loads nothing here
            tree_context other{&elsewhere, tiny_sizes};
            ASSERT_EQ(subject.size(), root.count);
            ASSERT_EQ(told(memory_source::open(other, root)), before);
        }
        ASSERT_FALSE(pinned.empty());
        ASSERT_EQ(told(subject.through(context)), after);
        ASSERT_EQ(find_broken_rule(subject.through(context), check_depth::deep), "");
    }
}

TEST_F(TreeLoad, AFailedLoadChangesNothing) {
    for (const auto& [name, run] : operations) {
        SCOPED_TRACE(name);
        tree stored = tree_to_edit(context);
        const auto root = storage.store_tree(stored);
        const std::string before = told(stored);
        stored.clear();
        for (std::int64_t loads = 0;; ++loads) {
            free_all_garbage(pool);
            tree subject = memory_source::open(context, root);
            storage.fail_after = loads;
            bool failed = false;
            try {
                run(subject);
            } catch (const load_error& wrong) {
                EXPECT_EQ(wrong.cause().code, errc::io);
                failed = true;
            }
            storage.fail_after = -1;
            if (!failed) {
                EXPECT_GT(loads, 0);
                break;
            }
            ASSERT_EQ(told(subject), before);
            ASSERT_EQ(find_broken_rule(subject, check_depth::deep), "");
        }
    }
}

TEST_F(TreeLoad, AMissInAChangedTreeChangesNothing) {  // some nodes are its own, some are not in memory
    for (const auto& [name, run] : operations) {
        SCOPED_TRACE(name);
        tree stored = tree_to_edit(context);
        const auto root = storage.store_tree(stored);
        stored.clear();
        for (std::int64_t loads = 0;; ++loads) {
            free_all_garbage(pool);
            tree subject = memory_source::open(context, root);
            subject.put({"key:000050", "its own"});
            const tree twin = subject;
            storage.fail_after = loads;
            bool failed = false;
            try {
                run(subject);
            } catch (const load_error&) { failed = true; }
            storage.fail_after = -1;
            if (!failed) { break; }
            ASSERT_EQ(told(subject), told(twin));
            ASSERT_EQ(find_broken_rule(subject, check_depth::deep), "");
        }
    }
}

TEST_F(TreeLoad, ANodeThatIsNotWhatItsParentSaysIsRefused) {
    random_source random(9);
    tree made = some_tree(context, random, 200, false);
    const auto root = storage.store_tree(made);
    const node_id first = static_cast<node_id>(node_in(slots_of(*made.root())[0].load())->id.load());
    const node_id second = static_cast<node_id>(node_in(slots_of(*made.root())[1].load())->id.load());
    const std::uint64_t below_first = counts_of(*made.root())[0];
    made.clear();
    free_all_garbage(pool);
    // A sound leaf in the place of an inner node, its seal kept: searching it for children would go astray.
    std::string leaf;
    encode_node(*tree::build(context, listed_records, std::vector<record>{{{}, "leaf"}}).root(), leaf);
    storage.payloads[static_cast<std::uint64_t>(first)].first = leaf;
    storage.payloads[static_cast<std::uint64_t>(second)].first = "rubbish";
    const tree again = memory_source::open(context, root);
    for (const bool last : {false, true}) {
        try {
            told(last ? again.slice(below_first, again.size()) : again);
            ADD_FAILURE() << "was read";
        } catch (const load_error& wrong) {
            EXPECT_EQ(wrong.cause().code, errc::corrupt);
            EXPECT_NE(wrong.cause().context.find("node 1:"), std::string::npos) << wrong.what();
        }
    }
}

}  // namespace
}  // namespace coppice
