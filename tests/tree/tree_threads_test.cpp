// Several threads: readers walk versions while a writer edits the next one, everybody lets go at any time, and
// garbage is freed by whoever gets to it. Values say their key and generation, so a torn or stale read shows.
#include <atomic>
#include <thread>

#include "tree/tree_support.hpp"

namespace coppice {
namespace {

using namespace testing;

/// The published tree: the lock stands for a store's epoch.
class published {
public:
    explicit published(tree first) : tree_(std::move(first)) {}
    tree view() const {
        const std::lock_guard lock(mutex_);
        return tree_;
    }
    void publish(tree next) {
        const std::lock_guard lock(mutex_);
        swap(tree_, next);
    }

private:
    mutable std::mutex mutex_;
    tree tree_;
};

constexpr std::uint64_t keys = 200;

std::string value_of(std::uint64_t key, std::uint64_t generation) {
    return std::to_string(key) + "@" + std::to_string(generation) + std::string(generation % 7, '.');
}

/// Every version holds all keys, each of the generation of the version's record "generation" or of the one before.
void expect_one_version(const tree& version) {
    const auto head = version.find("generation");
    ASSERT_TRUE(head);
    const std::uint64_t generation = std::stoull(std::string(head->bytes));
    std::uint64_t seen = 0;
    for (cursor at(version); !at.at_end(); at.next()) {
        const std::string key = at.get().key();
        if (key == "generation") { continue; }
        const std::uint64_t number = std::stoull(key.substr(4));
        const std::uint64_t written =
            number < generation % (keys + 1) ? generation / (keys + 1) + 1 : generation / (keys + 1);
        ASSERT_EQ(at.get().bytes, value_of(number, written));
        const tree child = version.child_of(at.get(), keyed_records);
        if (!child.empty()) { ASSERT_EQ(child.find("written")->bytes, std::to_string(written)); }
        ++seen;
    }
    ASSERT_EQ(seen, keys);
}

TEST(TreeThreads, ReadersSeeOneVersionWhileAWriterEditsTheNext) {
    node_pool pool;
    tree_context writing{&pool, tiny_sizes};
    {
        tree working(writing, keyed_records);
        for (std::uint64_t i = 0; i < keys; ++i) { working.put({numbered("key:", i), value_of(i, 0)}); }
        working.put({"generation", "0"});
        published current(working);
        std::atomic<bool> done = false;
        std::vector<std::thread> readers;
        for (std::uint64_t id = 0; id < 3; ++id) {
            readers.emplace_back([&, id] {
                random_source random(id);
                std::vector<tree> held;
                while (!done) {
                    held.push_back(current.view());
                    expect_one_version(held.back());
                    while (held.size() > random.below(6)) {
                        held.erase(held.begin() + static_cast<long>(random.below(held.size())));
                    }
                    if (random.one_in(2)) { pool.free_garbage(1 + random.below(50)); }
                }
            });
        }
        for (std::uint64_t generation = 1; generation <= 3000; ++generation) {
            // One key is written, and the version says how far the round has come.
            const std::uint64_t number = (generation - 1) % (keys + 1);
            if (number < keys) {
                const std::uint64_t written = (generation - 1) / (keys + 1) + 1;
                tree child(writing, keyed_records);
                for (std::uint64_t i = 0; i < number % 12; ++i) { child.put({numbered("f", i), "bytes"}); }
                child.put({"written", std::to_string(written)});
                working.put({numbered("key:", number), value_of(number, written), &child});
            }
            working.put({"generation", std::to_string(generation)});
            if (generation % 3 == 0) {
                current.publish(working);
                std::this_thread::yield();
            }
        }
        done = true;
        for (std::thread& reader : readers) { reader.join(); }
        EXPECT_EQ(find_broken_rule(working, check_depth::deep), "");
    }
    free_all_garbage(pool);
    EXPECT_EQ(pool.figures().nodes, 0U);
}

TEST(TreeThreads, NodesAreLoadedOnceHoweverManyTouchThem) {
    memory_source storage;
    node_pool pool(&storage);
    tree_context context{&pool, tiny_sizes};
    random_source random(5);
    tree made = some_tree(context, random, 400);
    const std::string before = told(made);
    const auto root = storage.store_tree(made);
    const std::uint64_t stored = storage.payloads.size();
    for (int round = 0; round < 10; ++round) {
        made.clear();
        free_all_garbage(pool);
        ASSERT_EQ(pool.figures().nodes, 0U);
        made = memory_source::open(context, root);
        std::vector<std::thread> readers;
        for (int id = 0; id < 3; ++id) {
            readers.emplace_back([&] {
                const tree mine = memory_source::open(context, root);
                EXPECT_EQ(told(mine), before);
            });
        }
        for (std::thread& reader : readers) { reader.join(); }
        ASSERT_LE(pool.figures().nodes, stored + pool.figures().garbage_nodes);
    }
    made.clear();
    free_all_garbage(pool);
    EXPECT_EQ(pool.figures().nodes, 0U);
}

// Two branches are edited by a thread each; what they share is stored, loaded, copied and let go by both.
TEST(TreeThreads, BranchesThatShareNodesAreIndependent) {
    memory_source storage;
    node_pool pool(&storage);
    tree_context context{&pool, tiny_sizes};
    {
        random_source random(6);
        tree trunk = some_tree(context, random, 300, false);
        const auto root = storage.store_tree(trunk);
        trunk.clear();
        free_all_garbage(pool);
        std::vector<std::thread> writers;
        for (std::uint64_t id = 0; id < 3; ++id) {
            writers.emplace_back([&, id] {
                random_source own(id);
                tree_context by{&pool, tiny_sizes};
                tree branch = memory_source::open(by, root);
                std::map<std::string, std::string> model;
                for (cursor at(branch); !at.at_end(); at.next()) { model[at.get().key()] = at.get().bytes; }
                for (int step = 0; step < 500; ++step) {
                    const std::string key = numbered("key:", own.below(600));
                    if (own.one_in(3)) {
                        ASSERT_EQ(branch.erase(key), model.erase(key) == 1);
                    } else {
                        branch.put({key, std::to_string(id)});
                        model[key] = std::to_string(id);
                    }
                    if (own.one_in(50)) { branch = tree(branch); }
                    if (own.one_in(10)) { pool.free_garbage(10); }
                }
                std::map<std::string, std::string> found;
                for (cursor at(branch); !at.at_end(); at.next()) { found[at.get().key()] = at.get().bytes; }
                ASSERT_EQ(found, model);
                ASSERT_EQ(find_broken_rule(branch, check_depth::deep), "");
            });
        }
        for (std::thread& writer : writers) { writer.join(); }
    }
    free_all_garbage(pool);
    EXPECT_EQ(pool.figures().nodes, 0U);
}

/// A list of versions, each the only child of the next: as deep as there are versions.
tree chain(tree_context& context, std::uint64_t length) {
    tree top(context, keyed_records);
    top.put({"end", std::string(100, 'e')});  // too large to be embedded
    for (std::uint64_t i = 0; i < length; ++i) {
        tree next(context, keyed_records);
        next.put({"previous", {}, &top});
        top = std::move(next);
    }
    return top;
}

TEST(TreeThreads, AChainOfVersionsIsFreedInBoundedSlices) {
    const bool heavy = std::getenv("COPPICE_SEEDS") != nullptr;
    const std::uint64_t length = heavy ? 10'000'000 : 200'000;
    node_pool pool;
    tree_context context{&pool, tiny_sizes};
    chain(context, length);
    ASSERT_EQ(pool.figures().nodes, length + 1) << "letting go of it frees nothing at once";
    std::uint64_t freed = 0;
    for (std::size_t slice = 0; (slice = pool.free_garbage(100)) != 0; freed += slice) {
        ASSERT_LE(slice, 100U + tiny_sizes.fanout);
    }
    EXPECT_EQ(freed, length + 1);
    EXPECT_EQ(pool.figures().nodes, 0U);
    EXPECT_FALSE(pool.has_garbage());
}

TEST(TreeThreads, GarbageOfManyThreadsIsFreedByAll) {
    node_pool pool;
    std::vector<std::thread> threads;
    for (std::uint64_t id = 0; id < 3; ++id) {
        threads.emplace_back([&, id] {
            tree_context by{&pool, tiny_sizes};
            random_source random(id);
            for (int round = 0; round < 20; ++round) {
                std::vector<tree> versions(1, some_tree(by, random, 60));
                for (int i = 0; i < 30; ++i) {
                    versions.push_back(versions.back());
                    versions.back().put({numbered("key:", random.below(100)), "bytes"});
                }
                versions.clear();
                pool.free_garbage(200);
            }
        });
    }
    for (std::thread& thread : threads) { thread.join(); }
    free_all_garbage(pool);
    EXPECT_EQ(pool.figures().nodes, 0U);
    EXPECT_EQ(pool.figures().bytes, 0U);
}

}  // namespace
}  // namespace coppice
