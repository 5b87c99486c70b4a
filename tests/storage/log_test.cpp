// The segmented log on a simulated disk: where it may be cut, where it must complain, and what it does without room.

#include "storage_kinds.hpp"

#include <storage/log_segment.hpp>
#include <storage/segment_log.hpp>
#include <storage/sim_disk.hpp>

namespace coppice::testing {
namespace {

constexpr std::uint64_t segment_bytes = 16 * 1024;

/// A log over files that a test may read and change.
struct bench : std::enable_shared_from_this<bench> {
    sim_disk disk;
    sim_faults faults;
    std::mutex mutex;
    std::uint64_t seed = test_seed();

    std::unique_ptr<segment_log> open() {
        auto log =
            segment_log::open(open_sim_folder(weak_from_this().lock(), disk, faults, mutex), segment_bytes, ++seed);
        EXPECT_TRUE(log) << log.error().message();
        return std::move(*log);
    }
    /// What a kill leaves: everything written, nothing ended well.
    std::shared_ptr<bench> killed() const {
        auto copy = std::make_shared<bench>();  // lives as long as a log on it
        for (const auto& [name, inode] : disk.names) {
            auto made = std::make_shared<sim_inode>();
            made->now = made->durable = inode->now;
            copy->disk.names.emplace(name, made);
        }
        copy->disk.durable_names = copy->disk.names;
        copy->faults.used = copy->disk.bytes();
        return copy;
    }
    std::string& last_segment() {
        std::string* last = nullptr;
        for (auto& [name, inode] : disk.names) {
            if (name.ends_with(".log")) { last = &inode->now; }
        }
        return *last;
    }
};

std::string record_of(log_sequence sequence) {
    return std::to_string(sequence) + std::string(sequence * 37 % 500, 'r');
}

result<replay_report> replay_all(segment_log& log, log_sequence from = 1) {
    return log.replay(from, [](log_sequence sequence, std::string_view record) -> status {
        EXPECT_EQ(record, record_of(sequence));
        return {};
    });
}

void append(segment_log& log, int count) {
    for (; count > 0; --count) { ASSERT_TRUE(log.append(record_of(log.next()))); }
}

TEST(SegmentHeader, RefusesEveryFlippedBitButReadsTheOtherCopy) {
    const log_segment_header header{.group = 1,
                                    .epoch = 2,
                                    .owner = 3,
                                    .generation = 4,
                                    .nonce = 5,
                                    .number = 6,
                                    .first_sequence = 7,
                                    .follows = 8,
                                    .carried_bytes = 9,
                                    .synced_before = 10};
    auto head = encode_segment_header(header);
    EXPECT_EQ(head.size(), log_data_at);
    EXPECT_EQ(**decode_segment_header(head), header);
    for (std::size_t bit = 0; bit < 96 * 8; ++bit) {
        auto flipped = head;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_EQ(**decode_segment_header(flipped), header) << "the second copy stands";
        flipped[4096 + bit / 8] = static_cast<char>(flipped[4096 + bit / 8] ^ (1 << (bit % 8)));
        EXPECT_EQ(*decode_segment_header(flipped), std::nullopt);
    }
    EXPECT_EQ(*decode_segment_header(head.substr(0, 50)), std::nullopt);
}

// Behind the last sync a bad byte is a torn tail: everything before it is there, the cut is told, and the log
// goes on. Below it is damage: replay and write say so and name the place.
TEST(SegmentLog, TellsATornTailFromDamageAtEveryByte) {
    bench original;
    auto log = original.open();
    append(*log, 40);
    ASSERT_TRUE(log->sync());
    append(*log, 4);  // these say that 41 and below are durable
    const auto copy = original.killed();
    random_source random(test_seed());
    std::size_t torn = 0;
    std::size_t damaged = 0;
    std::size_t unharmed = 0;
    for (const auto& [name, inode] : copy->disk.names) {
        if (!name.ends_with(".log")) { continue; }
        for (std::size_t at = 0; at < inode->now.size(); at += 1 + random.below(60)) {
            auto broken = copy->killed();
            auto& byte = broken->disk.names.find(name)->second->now[at];
            byte = static_cast<char>(byte ^ (1 << random.below(8)));
            auto reopened = broken->open();
            const auto report = replay_all(*reopened);
            if (!report) {
                EXPECT_EQ(report.error().code, errc::corrupt);
                EXPECT_NE(report.error().context.find("log segment"), std::string::npos) << report.error().context;
                EXPECT_EQ(reopened->append("no").error(), report.error());
                ++damaged;
            } else {
                EXPECT_GE(report->next, 41U) << name << " at " << at;
                (report->cut.bytes > 0 && report->next < 45 ? torn : unharmed) += 1;
                EXPECT_EQ(*reopened->append(record_of(report->next)), report->next);
                EXPECT_TRUE(reopened->sync());
                reopened.reset();
                auto again = broken->open();
                EXPECT_EQ(replay_all(*again)->next, report->next + 1);
                EXPECT_EQ(replay_all(*again)->cut.bytes, 0U) << "cut once";
            }
        }
    }
    EXPECT_GT(torn, 2U);
    EXPECT_GT(damaged, 50U);
    EXPECT_GT(unharmed, 50U) << "padding, header copies, and room that is not used yet";
}

// After a clean stop every record is known durable: a flipped bit anywhere in one is damage, never a cut.
TEST(SegmentLog, SeesDamageInTheLastRecordAfterACleanStop) {
    bench original;
    append(*original.open(), 10);
    const auto size = original.last_segment().size();
    std::size_t damaged = 0;
    std::size_t tried = 0;
    random_source random(test_seed());
    for (std::size_t at = log_data_at; at < size; at += 1 + random.below(5)) {
        ++tried;
        auto broken = original.killed();
        broken->last_segment()[at] = static_cast<char>(broken->last_segment()[at] ^ 4);
        auto log = broken->open();
        const auto report = replay_all(*log);
        if (!report) {
            ++damaged;
        } else {
            EXPECT_EQ(report->next, 11U);
        }
    }
    EXPECT_GT(damaged, tried / 2);
}

// What a cut left behind is never taken for a record again, even where new records end on its boundary.
TEST(SegmentLog, NeverReplaysWhatWasCut) {
    bench original;
    auto log = original.open();
    ASSERT_TRUE(log->append(record_of(1)));
    ASSERT_TRUE(log->append(record_of(2)));
    ASSERT_TRUE(log->append(record_of(3)));
    auto broken = original.killed();
    auto& bytes = broken->last_segment();
    bytes[log_data_at + frame_bytes(4 + record_of(1).size()) + 20] ^= 1;  // the second frame's header
    auto reopened = broken->open();
    EXPECT_EQ(replay_all(*reopened)->next, 2U);
    ASSERT_TRUE(reopened->append(record_of(2)));  // as long as the one that was cut: record 3 would follow it
    auto again = broken->killed()->open();
    EXPECT_EQ(replay_all(*again)->next, 3U);
}

// A record that spans many segments is whole or not there.
TEST(SegmentLog, CutsASpanningRecordAsAWhole) {
    bench original;
    auto log = original.open();
    ASSERT_TRUE(log->append("small"));
    ASSERT_TRUE(log->sync());
    ASSERT_TRUE(log->append(std::string(100'000, 'L')));
    EXPECT_GT(original.disk.names.size(), 10U);
    const auto records_in = [](segment_log& opened) {
        std::uint64_t bytes = 0;
        EXPECT_TRUE(opened.replay(1, [&](log_sequence, std::string_view record) -> status {
            bytes += record.size();
            return {};
        }));
        return bytes;
    };
    EXPECT_EQ(records_in(*original.killed()->open()), 100'005U);
    for (const auto& [name, inode] : original.disk.names) {
        if (!name.ends_with(".log") || inode->now.find("small") != std::string::npos) { continue; }
        auto broken = original.killed();
        broken->disk.names.erase(name);
        EXPECT_EQ(records_in(*broken->open()), 5U) << "without " << name;
        broken = original.killed();
        broken->disk.names.find(name)->second->now.resize(log_data_at + 8);
        EXPECT_EQ(records_in(*broken->open()), 5U) << "with half of " << name;
    }
}

// A segment that was durable and is missing is damage.
TEST(SegmentLog, MissesASegment) {
    bench original;
    auto log = original.open();
    for (int i = 0; i < 8; ++i) {
        append(*log, 20);
        ASSERT_TRUE(log->sync());
    }
    std::vector<std::string> names;
    for (const auto& [name, inode] : original.disk.names) {
        if (name.ends_with(".log")) { names.push_back(name); }
    }
    ASSERT_GE(names.size(), 3U);
    for (const auto& name : names) {
        auto broken = original.killed();
        broken->disk.names.erase(name);
        EXPECT_EQ(replay_all(*broken->open()).error().code, errc::corrupt) << name;
    }
    auto emptied = original.killed();
    for (const auto& name : names) { emptied->disk.names.erase(name); }
    EXPECT_EQ(replay_all(*emptied->open()).error().code, errc::corrupt) << "its only segments";
}

// One that was never synced is a tail that was torn, told once.
TEST(SegmentLog, CutsALostSegmentThatWasNeverSynced) {
    bench original;
    auto log = original.open();
    append(*log, 3);
    auto broken = original.killed();
    std::erase_if(broken->disk.names, [](const auto& named) { return named.first.ends_with(".log"); });
    auto reopened = broken->open();
    const auto report = replay_all(*reopened);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->next, 1U);
    EXPECT_EQ(report->cut.where, "log segment 1, whose file is gone");
    append(*reopened, 1);
    reopened.reset();
    auto again = broken->open();
    EXPECT_EQ(replay_all(*again)->cut.where, "");
    EXPECT_EQ(again->next(), 2U);
}

// Without room reserve says so before anything is written, and succeeds when there is room again.
TEST(SegmentLog, MeetsAFullDiskInReserve) {
    bench full;
    auto log = full.open();
    append(*log, 10);
    full.faults.capacity = full.faults.used;
    std::uint64_t refused_at = 0;
    for (int i = 0; i < 1000 && refused_at == 0; ++i) {
        if (const auto room = log->reserve(1000); !room) {
            EXPECT_EQ(room.error().code, errc::no_space);
            refused_at = log->next();
        } else {
            ASSERT_TRUE(log->append(record_of(log->next()))) << "what was reserved is there";
        }
    }
    ASSERT_GT(refused_at, 10U);
    EXPECT_EQ(log->append(std::string(50'000, 'x')).error().code, errc::no_space);
    EXPECT_TRUE(log->sync());
    EXPECT_EQ(replay_all(*log)->next, refused_at);
    full.faults.capacity = full.faults.used + 10 * segment_bytes;
    ASSERT_TRUE(log->reserve(20'000));
    append(*log, 30);
    EXPECT_EQ(replay_all(*full.killed()->open())->next, refused_at + 30);
}

// A write that failed for want of room, though room was reserved, leaves nothing; any other failure is final.
TEST(SegmentLog, TakesBackAWriteWithoutRoomAndStopsAfterAnyOther) {
    for (const auto code : {errc::no_space, errc::io}) {
        bench failing;
        auto log = failing.open();
        append(*log, 3);
        failing.faults.fail_at = failing.faults.operations;
        failing.faults.fail_with = code;
        EXPECT_EQ(log->append(record_of(4)).error().code, code);
        if (code == errc::no_space) {
            append(*log, 2);
            EXPECT_EQ(replay_all(*failing.killed()->open())->next, 6U);
        } else {
            EXPECT_EQ(log->append(record_of(4)).error().code, errc::read_only);
            EXPECT_EQ(log->sync().error().code, errc::read_only);
            EXPECT_EQ(replay_all(*failing.killed()->open())->next, 4U);
        }
    }
}

TEST(SegmentLog, IsReadOnlyAfterAFailedSync) {
    bench failing;
    auto log = failing.open();
    append(*log, 3);
    failing.faults.fail_at = failing.faults.operations;
    EXPECT_EQ(log->sync().error().code, errc::io);
    EXPECT_EQ(log->synced(), 1U);
    EXPECT_EQ(log->append("x").error().code, errc::read_only);
    EXPECT_EQ(log->reserve(1).error().code, errc::read_only);
}

// A turn of many small records is one write.
TEST(SegmentLog, WritesATurnAtOnce) {
    bench counted;
    auto log = counted.open();
    append(*log, 1);
    log_batch batch;
    for (int i = 0; i < 100; ++i) { batch.add("small"); }
    const auto before = counted.faults.operations;
    ASSERT_TRUE(log->write(batch));
    EXPECT_EQ(counted.faults.operations, before + 1);
}

// A long text goes into the batch as it lies, and all is as if it had been copied.
TEST(SegmentLog, TakesOverALongText) {
    const std::string room(log_text_room, '#');
    for (const bool held : {false, true}) {
        for (std::size_t more = 0; more < 9; ++more) {
            const std::string content(log_frame_bytes + more, static_cast<char>('a' + more));
            auto text = room + content;
            text.reserve(text.size() + 8);
            const auto* const memory = text.data() + log_text_room;
            log_batch batch;
            if (held) { batch.hold_frame(); }
            batch.add_text("long ", text);
            EXPECT_EQ(batch.data() + log_text_room, memory) << "copied";
            auto short_text = room + "text";
            batch.add_text("short ", short_text);
            auto second = room + content;
            batch.add_text("second ", second);
            batch.release_frame();

            bench of;
            auto log = of.open();
            ASSERT_TRUE(log->append("before"));
            ASSERT_TRUE(log->write(batch));
            ASSERT_TRUE(log->append("behind"));
            std::vector<std::string> found;
            ASSERT_TRUE(of.killed()->open()->replay(1, [&](log_sequence, std::string_view record) -> status {
                found.emplace_back(record);
                return {};
            }));
            EXPECT_EQ(found, (std::vector<std::string>{"before", "long " + content, "short text", "second " + content,
                                                       "behind"}));
        }
    }
}

// What a long text leaves is given back, and a batch that is taken back has nothing of it.
TEST(LogBatch, KeepsNoMemoryOfALongText) {
    log_batch batch;
    std::string text(log_text_room + 2 * log_memory_kept, 'x');
    const auto before = batch.here();
    batch.add_text("a", text);
    EXPECT_GE(text.capacity(), log_text_room);
    EXPECT_LE(text.capacity(), log_memory_kept);
    EXPECT_EQ(batch.size_bytes(), log_frame_header_bytes + 4 + 1 + 2 * log_memory_kept + 3);
    batch.back_to(before);
    EXPECT_TRUE(batch.empty());
    EXPECT_EQ(batch.size_bytes(), 0U);
    batch.clear();
    batch.add("b");
    EXPECT_EQ(batch.size_bytes(), log_frame_header_bytes + 4 + 1);
}

}  // namespace
}  // namespace coppice::testing
