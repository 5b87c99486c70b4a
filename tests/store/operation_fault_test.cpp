// Each operation of the disk fails once, in every kind of change, checkpoint, clean-up, reading and opening, on a
// broken disk and on a full one: the store says so or goes on, reads go on, nothing is half there, and opened again
// (after a clean end or a crash) it says what was acknowledged.
#include <stdexcept>

#include "store/fault_support.hpp"

namespace coppice {
namespace {

using testing::fault_kind;
using testing::fault_operations;
using testing::faulty_store;
using testing::in_steps;
using testing::told;

constexpr microseconds_utc step_time = 2'000'000;

std::unique_ptr<faulty_store> store_after(fault_kind kind, std::size_t count, std::string* state = nullptr) {
    auto made = std::make_unique<faulty_store>(kind);
    for (std::size_t i = 0; i < count; ++i) {
        made->clock.time += step_time;
        const status done = fault_operations()[i].run(*made);
        EXPECT_TRUE(done.has_value()) << fault_operations()[i].name << (done ? "" : done.error().message());
    }
    if (state != nullptr) { *state = told(**made); }
    return made;
}

class OperationFault : public ::testing::TestWithParam<fault_kind> {};

TEST_P(OperationFault, EachOperationOfTheDiskFailsOnce) {
    random_source random(1);
    std::uint64_t failures = 0;
    std::string before = told(**std::make_unique<faulty_store>(GetParam()));
    for (std::size_t i = 0; i < fault_operations().size(); ++i) {
        const auto& operation = fault_operations()[i];
        std::string after;
        store_after(GetParam(), i + 1, &after);
        for (const errc code : {errc::io, errc::no_space}) {
            for (std::uint64_t k = 0;; ++k) {
                SCOPED_TRACE(std::string(operation.name) + (code == errc::io ? ", io " : ", no space ")
                             + std::to_string(k));
                ASSERT_LT(k, 2000U);
                const auto store = store_after(GetParam(), i);
                store->clock.time += step_time;
                sim_storage& disk = store->disk();
                const std::uint64_t first = disk.operations();
                disk.fail_operation(k, code);
                const status done = operation.run(*store);
                const bool failed = disk.operations() > first + k;
                disk.fail_nothing();
                if (!failed) {
                    ASSERT_TRUE(done.has_value()) << done.error().message();
                    break;
                }
                ++failures;
                const bool partly = operation.steps == in_steps::yes || store->one_writer();
                if (!partly) { ASSERT_EQ(told(**store), done ? after : before); }  // and reads go on
                if (!done && !partly && code == errc::no_space && !(*store)->figures().read_only) {
                    const status again = operation.run(*store);  // when there is room
                    ASSERT_TRUE(again.has_value()) << again.error().message();
                    ASSERT_EQ(told(**store), after);
                    continue;
                }
                std::string found;
                if (k % 2 == 0) {
                    found = store->told_after_crash(random);
                } else {
                    store->end();
                    store->open();
                    ASSERT_TRUE((*store)->verify().empty());
                    found = told(**store);
                }
                if (partly) { continue; }
                if (done) {
                    ASSERT_EQ(found, after);
                } else {  // what failed may have reached the disk: then it is there, whole
                    ASSERT_TRUE(found == before || found == after);
                }
            }
        }
        before = after;
    }
    std::cout << "  " << failures << " operations failed\n";
}

TEST_P(OperationFault, EachOperationOfOpeningFailsOnce) {
    const std::size_t count = fault_operations().size();
    for (const std::size_t operations : {std::size_t{12}, count - 8, count}) {
        std::string state;
        const auto store = store_after(GetParam(), operations, &state);
        for (const errc code : {errc::io, errc::no_space}) {
            for (std::uint64_t k = 0;; ++k) {
                ASSERT_LT(k, 2000U);
                store->end();
                const std::uint64_t first = store->disk().operations();
                store->disk().fail_operation(k, code);
                bool refused = false;
                try {
                    store->open();
                } catch (const std::runtime_error&) { refused = true; }
                const bool failed = store->disk().operations() > first + k;
                store->disk().fail_nothing();
                if (refused) { store->open(); }
                ASSERT_EQ(told(**store), state) << "k " << k;
                ASSERT_TRUE((*store)->verify().empty()) << "k " << k;
                if (!failed) { break; }
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Kinds, OperationFault,
                         ::testing::Values(fault_kind::simulated, fault_kind::simulated_one_writer),
                         [](const auto& kind) { return std::string(testing::name_of(kind.param)); });

}  // namespace
}  // namespace coppice
