// Epochs: nothing is freed while a reader may look at it, everything is freed in the end, and a reader never
// waits. First a model of the algorithm, in which every interleaving is walked; then the real thing by hand, step
// by step. epoch_threads_test.cpp is the same with threads.
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include <coppice/tree/epoch.hpp>

#include <gtest/gtest.h>

namespace coppice {
namespace {

// ---- the model

/// What a wrong version of the algorithm does differently: a model that finds nothing there would show nothing.
enum class mistake {
    none,
    no_slots_looked_at,
    epoch_counted_before_the_exchange,
    list_taken_behind_the_look,
    freed_at_its_own_epoch,
    crowd_not_looked_at,
};

/// Two readers, a writer who replaces the root twice, and somebody else who reclaims; two slots, or one and a crowd.
struct world {
    static constexpr int objects = 3;
    struct reader {
        std::uint8_t step, rounds, epoch, slot, pointer;
    };
    struct cleaner {                       // the part of the writer, and of the other one, that reclaims
        std::uint8_t step, oldest, taken;  // taken: a bit per object
    };
    std::uint8_t epoch = 1, root = 0, crowd = 0, retired = 0, freed = 0, slots_used = 2;
    std::array<std::uint8_t, 2> slot{};
    std::array<std::uint8_t, objects> retired_at{};
    std::array<reader, 2> readers{};
    std::uint8_t writer_step = 0, writes = 0, old = 0;
    std::array<cleaner, 2> cleaners{};
    bool used_after_free = false;

    /// States are told apart by their hashes: that two of a million share one has a chance of 1 in 10^7.
    [[nodiscard]] std::size_t key() const {
        return std::hash<std::string_view>()({reinterpret_cast<const char*>(this), sizeof *this});
    }
};
static_assert(std::is_trivially_copyable_v<world> && std::has_unique_object_representations_v<world>);

constexpr std::uint8_t nobody = 255;
constexpr std::uint8_t in_crowd = 9;

/// One atomic step of a reader, or false when it has finished.
bool step_reader(world& w, world::reader& r) {
    switch (r.step) {
        case 0:
            if (r.rounds == 2) { return false; }
            r.epoch = w.epoch;
            r.slot = 0;
            break;
        case 1:  // probes one slot
            if (r.slot == w.slots_used) {
                ++w.crowd;
                r.slot = in_crowd;
            } else if (w.slot[r.slot] == 0) {
                w.slot[r.slot] = r.epoch;
            } else {
                ++r.slot;
                return true;
            }
            break;
        case 2: r.pointer = w.root; break;
        case 3: w.used_after_free |= (w.freed >> r.pointer & 1) != 0; break;
        default:
            if (r.slot == in_crowd) {
                --w.crowd;
            } else {
                w.slot[r.slot] = 0;
            }
            r = {0, static_cast<std::uint8_t>(r.rounds + 1), 0, 0, 0};
            return true;
    }
    ++r.step;
    return true;
}

/// One step of reclaim(), or false when it has returned.
bool step_cleaner(world& w, world::cleaner& c, mistake wrong) {
    const bool late = wrong == mistake::list_taken_behind_the_look;
    const auto take = [&] { c.taken = std::exchange(w.retired, std::uint8_t{0}); };
    switch (c.step) {
        case 0:
            c.oldest = nobody;
            if (!late) { take(); }
            break;
        case 1:
            if (w.crowd != 0 && wrong != mistake::crowd_not_looked_at) { c.oldest = 0; }
            break;
        case 2:
        case 3: {
            const std::uint8_t since = w.slot[c.step - 2U];
            if (since != 0 && since < c.oldest && wrong != mistake::no_slots_looked_at) { c.oldest = since; }
            break;
        }
        case 4:
            if (late) { take(); }
            for (unsigned i = 0; i < world::objects; ++i) {
                if ((c.taken >> i & 1) == 0) { continue; }
                const bool own = wrong == mistake::freed_at_its_own_epoch && w.retired_at[i] == c.oldest;
                auto& to = w.retired_at[i] < c.oldest || own ? w.freed : w.retired;
                to = static_cast<std::uint8_t>(to | 1U << i);
            }
            c.taken = 0;
            break;
        default: return false;
    }
    ++c.step;
    return true;
}

bool step_writer(world& w, mistake wrong) {
    const bool early = wrong == mistake::epoch_counted_before_the_exchange;
    const auto exchange = [&] { w.old = std::exchange(w.root, static_cast<std::uint8_t>(w.root + 1)); };
    const auto count = [&] { w.retired_at[w.writes] = w.epoch++; };
    switch (w.writer_step) {
        case 0:
            if (w.writes == world::objects - 1) { return false; }
            early ? count() : exchange();
            break;
        case 1: early ? exchange() : count(); break;
        case 2:
            w.retired = static_cast<std::uint8_t>(w.retired | 1U << w.old);
            w.old = 0;
            w.cleaners[0] = {};
            break;
        default:
            if (step_cleaner(w, w.cleaners[0], wrong)) { return true; }
            ++w.writes;
            w.writer_step = 0;
            return true;
    }
    ++w.writer_step;
    return true;
}

struct walk_result {
    bool used_after_free = false;
    std::size_t states = 0;
};

walk_result walk_every_interleaving(mistake wrong, std::uint8_t slots) {
    walk_result found;
    std::unordered_set<std::size_t> seen;
    world first;
    first.readers[1].rounds = 1;  // one round is enough for the second
    first.slots_used = slots;
    std::vector<world> open{first};
    while (!open.empty() && !found.used_after_free) {
        const world from = open.back();
        open.pop_back();
        for (int who = 0; who < 4; ++who) {
            world next = from;
            bool moved = false;
            switch (who) {
                case 0:
                case 1: moved = step_reader(next, next.readers[static_cast<std::size_t>(who)]); break;
                case 2: moved = step_writer(next, wrong); break;
                default: moved = step_cleaner(next, next.cleaners[1], wrong); break;
            }
            if (!moved || !seen.insert(next.key()).second) { continue; }
            found.used_after_free |= next.used_after_free;
            open.push_back(next);
        }
    }
    found.states = seen.size();
    return found;
}

TEST(EpochModel, NoInterleavingFreesWhatAReaderLooksAt) {
    for (const std::uint8_t slots : {std::uint8_t{2}, std::uint8_t{1}}) {
        const walk_result found = walk_every_interleaving(mistake::none, slots);
        EXPECT_FALSE(found.used_after_free) << static_cast<int>(slots);
        EXPECT_GT(found.states, 20'000U);
    }
}

TEST(EpochModel, EachPartOfTheAlgorithmIsNeeded) {
    using enum mistake;
    for (const mistake wrong :
         {no_slots_looked_at, epoch_counted_before_the_exchange, list_taken_behind_the_look, freed_at_its_own_epoch}) {
        EXPECT_TRUE(walk_every_interleaving(wrong, 2).used_after_free) << static_cast<int>(wrong);
    }
    EXPECT_TRUE(walk_every_interleaving(crowd_not_looked_at, 1).used_after_free);
}

// ---- the real thing, by hand

struct value final : counted {
    explicit value(int given, int* gone_given = nullptr) : number(given), gone(gone_given) {}
    ~value() {
        if (gone != nullptr) { ++*gone; }
    }
    int number;
    int* gone;
};

counted_ptr<value> make(int number, int* gone = nullptr) { return counted_ptr<value>::adopt(new value(number, gone)); }

TEST(Epoch, ASectionKeepsWhatItMayHaveSeenAndNothingElse) {
    epoch_domain domain;
    int gone = 0;
    published<value> box(domain, make(1, &gone));
    box.exchange(make(2, &gone));
    EXPECT_EQ(gone, 1) << "nobody was inside";
    {
        const epoch_section early(domain);
        EXPECT_EQ(domain.readers(), 1U);
        box.exchange(make(3, &gone));
        EXPECT_EQ(gone, 1);
        {
            const epoch_section late(domain);
            box.exchange(make(4, &gone));
            EXPECT_EQ(domain.reclaim(), 0U);
        }
        EXPECT_EQ(domain.reclaim(), 0U) << "the early one may look at both";
    }
    EXPECT_EQ(domain.reclaim(), 2U);
    EXPECT_EQ(gone, 3);
    const epoch_section last(domain);
    EXPECT_EQ(box.load()->number, 4);
}

TEST(Epoch, AnOwnerKeepsItsValueBeyondTheSection) {
    epoch_domain domain;
    int gone = 0;
    counted_ptr<const value> held;
    {
        published<value> box(domain, make(1, &gone));
        held = box.load();
        counted_ptr<const value> again = held;
        box.exchange(make(2, &gone));
        EXPECT_EQ(gone, 0);
        again = box.load();
        EXPECT_EQ(again->number, 2);
        EXPECT_EQ(box.with([](const value& lent) { return lent.number; }), 2);
    }
    EXPECT_EQ(held->number, 1);
    EXPECT_EQ(gone, 1) << "the box has let go of its own";
    held = {};
    EXPECT_EQ(gone, 2);
}

TEST(Epoch, MoreReadersThanSlotsShareACounter) {
    epoch_domain domain;
    int gone = 0;
    published<value> box(domain, make(1, &gone));
    std::vector<std::unique_ptr<epoch_section>> inside;
    for (std::size_t i = 0; i < epoch_domain::slots + 3; ++i) {
        inside.push_back(std::make_unique<epoch_section>(domain));
    }
    EXPECT_EQ(domain.readers(), epoch_domain::slots + 3);
    box.exchange(make(2, &gone));
    while (inside.size() > 1) { inside.erase(inside.begin()); }
    EXPECT_EQ(domain.reclaim(), 0U) << "one of the crowd is still inside";
    inside.clear();
    EXPECT_EQ(domain.reclaim(), 1U);
    EXPECT_EQ(gone, 1);
}

TEST(Epoch, WhatAFreedObjectRetiresIsFreedLater) {
    struct chained final : retirable {
        epoch_domain* domain = nullptr;
        chained* next = nullptr;
        static void free(retirable& object) noexcept {
            const std::unique_ptr<chained> mine(static_cast<chained*>(&object));
            if (mine->next != nullptr) { mine->domain->retire(*mine->next, free); }
        }
    };
    epoch_domain domain;  // its end frees what is left: the leak checker sees whether it did
    chained* top = nullptr;
    for (int i = 0; i < 5; ++i) {
        auto made = std::make_unique<chained>();
        made->domain = &domain;
        made->next = top;
        top = made.release();
    }
    const epoch_section inside(domain);
    domain.retire(*top, chained::free);
}

}  // namespace
}  // namespace coppice
