// What a branch is said to keep in memory is what deleting it frees, whatever branches share.
#include <coppice/store.hpp>
#include <support/seeds.hpp>

#include "store_support.hpp"

namespace coppice {
namespace {

using testing::for_each_seed;
using testing::hand_clock;

class memory_store {
public:
    memory_store() : engine_(std::move(*engine::open(open_memory_storage(), {.background = false}, clock_))) {}

    engine& operator*() noexcept { return *engine_; }
    engine* operator->() noexcept { return engine_.get(); }
    void set(std::string_view branch, std::uint64_t key, char value) {
        const auto handle = *engine_->branch(branch);
        const auto put = [&](branch_writer& writer) {
            writer.put_string(0, "key:" + std::to_string(10'000 + key), std::string(300, value), no_deadline);
            return status{};
        };
        ASSERT_TRUE(engine_->transact(*handle, put));
    }
    resident_figures count(std::string_view branch) { return engine_->residency_of(**engine_->branch(branch)).count(); }
    /// Nodes in memory, after what nobody holds is freed.
    std::uint64_t nodes() {
        while (engine_->pool().free_garbage(1000) != 0) {}
        return engine_->pool().figures().nodes;
    }
    void point_in_time() {
        clock_.time += 2'000'000;
        engine_->tick();
    }

private:
    hand_clock clock_;
    std::unique_ptr<engine> engine_;
};

TEST(Residency, ABranchSharesAllUntilItChanges) {
    memory_store store;
    for (std::uint64_t i = 0; i < 400; ++i) { store.set("main", i, 'a'); }
    const auto alone = store.count("main");
    EXPECT_GT(alone.nodes, 20U);
    EXPECT_EQ(alone.own_bytes, alone.bytes);
    EXPECT_EQ(alone.nodes + 1, store.nodes()) << "all but the catalog, which is one leaf";

    ASSERT_TRUE(store->create_branch("exp", "main"));
    for (const auto* name : {"main", "exp"}) {
        EXPECT_EQ(store.count(name).bytes, alone.bytes) << name;
        EXPECT_EQ(store.count(name).own_bytes, 0U) << name;
    }
    // One change copies one path: a root and a leaf.
    store.set("exp", 7, 'b');
    EXPECT_EQ(store.count("main").own_nodes, 0U) << "the catalog says of exp what it was made from";
    ASSERT_TRUE(store->checkpoint());
    for (const auto* name : {"main", "exp"}) {
        EXPECT_EQ(store.count(name).own_nodes, 2U) << name;
        EXPECT_EQ(store.count(name).nodes, alone.nodes) << name;
    }
    const auto edits = (*store->branch("exp"))->edits;
    EXPECT_EQ(edits.copied, 2U);
    EXPECT_EQ(store.count("exp").own_bytes, edits.copied_bytes);
}

TEST(Residency, CommitsSnapshotsAndRestorePointsHoldWhatTheyShow) {
    memory_store store;
    for (std::uint64_t i = 0; i < 400; ++i) { store.set("main", i, 'a'); }
    ASSERT_TRUE(store->create_branch("exp", "main"));
    for (std::uint64_t i = 0; i < 400; ++i) { store.set("exp", i, 'b'); }
    const auto all_own = store.count("exp");
    EXPECT_EQ(all_own.own_bytes, all_own.bytes);
    {
        const auto held = store->resolve("exp");
        EXPECT_EQ(store.count("exp").own_bytes, 0U) << "somebody holds this very version";
        EXPECT_EQ(store.count("exp").bytes, all_own.bytes);
    }
    EXPECT_EQ(store.count("exp").own_bytes, all_own.bytes);
    store.point_in_time();
    EXPECT_EQ(store.count("exp").own_bytes, all_own.bytes) << "its own restore points go with it";
    EXPECT_EQ(store.count("exp").history_bytes, 0U);
    store.set("exp", 7, 'c');
    EXPECT_EQ(store.count("exp").history_nodes, 2U) << "the path that the restore point alone still says";
    ASSERT_TRUE(store->commit(**store->branch("exp"), "kept", ""));
    EXPECT_EQ(store.count("exp").own_bytes, 0U) << "a commit stays when its branch goes";
    ASSERT_TRUE(store->checkpoint());
    EXPECT_EQ(store.count("main").own_bytes, store.count("main").bytes);
}

// Oracle: delete the branch and look at what is left in memory.
TEST(Residency, IsWhatDeletingTheBranchFrees) {
    for_each_seed(20, [](random_source& random) {
        memory_store store;
        std::vector<std::string> names{"main"};
        for (std::uint64_t i = 0; i < 300; ++i) { store.set("main", i, 'a'); }
        std::vector<snapshot_state> held;
        for (int step = 0; step < 40; ++step) {
            const std::string name = names[random.below(names.size())];
            switch (random.below(8)) {
                case 0:
                    if (names.size() < 4) {
                        names.push_back("b" + std::to_string(names.size()));
                        ASSERT_TRUE(store->create_branch(names.back(), name));
                    }
                    break;
                case 1: store.point_in_time(); break;
                case 2:
                    if (random.one_in(2)) { ASSERT_TRUE(store->commit(**store->branch(name), "", "")); }
                    break;
                case 3:
                    if (random.one_in(4)) { ASSERT_TRUE(store->checkpoint()); }
                    if (random.one_in(2)) { held.push_back(store->resolve(name)->state); }
                    break;
                default:
                    for (auto n = random.below(20); n > 0; --n) { store.set(name, random.below(400), 'b'); }
            }
        }
        for (; names.size() > 1; names.pop_back()) {
            const auto told = store.count(names.back());
            const auto before = store.nodes();
            ASSERT_TRUE(store->drop_branch(names.back()));
            EXPECT_EQ(before - store.nodes(), told.own_nodes + told.history_nodes) << names.back();
        }
    });
}

}  // namespace
}  // namespace coppice
