#include <algorithm>

#include <coppice/base/limits.hpp>

#include <storage/segment_log.hpp>

namespace coppice {
namespace {

constexpr std::string_view spare_prefix = "spare-";

/// Short enough to be said without memory.
constexpr const char* out_of_memory = "out of memory";

/// What a segment's end may waste: a frame's header is never split.
constexpr std::uint64_t segment_waste_bytes = log_frame_header_bytes;

status no_frames(const log_frame_header& /*header*/, std::string_view /*payload*/) { return {}; }

error damage_error(const log_walk& walk) { return {errc::corrupt, walk.where + ": " + walk.why}; }

std::string gone_text(std::uint64_t number) { return "log segment " + std::to_string(number) + ", whose file is gone"; }

/// What the name of an empty file promises is missing: the log ends below it.
void judge_end(log_walk& walk, log_reach reached, std::uint64_t newest) {
    if (walk.end == log_end::damaged || walk.next >= reached.durable) { return; }
    const bool gone = newest < reached.number;
    if (gone || walk.where.empty()) { walk.where = "log segment " + std::to_string(reached.number); }
    walk.end = log_end::damaged;
    walk.why = std::string(gone ? "its file is gone" : "is damaged") + ": records below "
               + std::to_string(reached.durable) + " were durable, those from " + std::to_string(walk.next)
               + " on are not there";
}

/// What opening a log cuts that ends so.
log_cut cut_of(const log_walk& walk, log_reach reached, std::uint64_t newest) {
    if (walk.end == log_end::torn && !walk.where.empty()) { return {walk.bytes, walk.where}; }
    if (walk.end != log_end::damaged && reached.number > newest) { return {0, gone_text(reached.number)}; }
    return {};
}

}  // namespace

// Opening.

result<std::unique_ptr<segment_log>> segment_log::open(std::shared_ptr<disk_folder> folder, std::uint64_t segment_bytes,
                                                       std::uint64_t random_seed) {
    COPPICE_CHECK(segment_bytes % 4096 == 0 && segment_bytes >= 2 * log_data_at);
    std::unique_ptr<segment_log> log(new segment_log(std::move(folder), segment_bytes, random_seed));
    if (auto found = log->find_end(); !found) {
        log->failure_ = found.error();  // the destructor must not touch a log it does not understand
        return found.error();
    }
    return log;
}

status segment_log::find_end() {
    const auto names = folder_->names();
    if (!names) { return names.error(); }
    auto reached = read_reach(*folder_);
    if (!reached) { return reached.error(); }
    reached_ = *reached;
    for (const auto& name : *names) {
        if (!name.starts_with(spare_prefix) && parse_reach(name).value_or(reached_) == reached_) { continue; }
        if (auto removed = folder_->remove(name); !removed) { return removed; }
    }
    auto segments = find_segments(*folder_);
    if (!segments) { return segments.error(); }
    segments_ = std::move(*segments);
    log_walk walk;
    if (!segments_.empty()) {
        auto walked = walk_log(segments_, 0, no_frames);
        if (!walked) { return walked.error(); }
        walk = std::move(*walked);
    }
    judge_end(walk, reached_, segments_.empty() ? 0 : segments_.back().number);
    next_ = synced_ = walk.next;
    if (walk.end == log_end::damaged) {
        damage_ = std::move(walk);
        return {};
    }
    return cut_tail(walk);
}

status segment_log::cut_tail(const log_walk& walk) {
    cut_ = cut_of(walk, reached_, segments_.empty() ? 0 : segments_.back().number);
    while (segments_.size() > walk.at.segment + 1) {
        if (auto removed = folder_->remove(segments_.back().name()); !removed) { return removed; }
        segments_.pop_back();
    }
    if (!segments_.empty() && !segments_.back().header) {
        // Nothing of it is good, and it holds no sequence that its name does not say.
        if (auto removed = folder_->remove(segments_.back().name()); !removed) { return removed; }
        segments_.pop_back();
    } else if (!segments_.empty()) {
        auto& last = segments_.back();
        const auto size = last.file->size();
        if (!size) { return size.error(); }
        last.end = std::min(walk.at.offset, *size);
        if (*size > last.end) {
            if (auto resized = last.file->resize(last.end); !resized) { return resized; }
        }
    }
    for (auto& segment : segments_) {
        if (!segment.broken_copy.empty() && segment.header) {  // mended from the other copy
            const auto head = encode_segment_header(*segment.header);
            if (auto written = segment.file->write_at(0, head); !written) { return written; }
            segment.broken_copy.clear();
        }
        // Also what a killed process had written but not synced: it counts as durable from here on.
        if (auto synced = segment.file->sync(); !synced) { return synced; }
    }
    reached_ = move_reach(*folder_, reached_,
                          segments_.empty() ? log_reach() : log_reach{segments_.back().number, reached_.durable});
    return folder_->sync();  // D1
}

segment_log::~segment_log() {
    try {
        end_well();
    } catch (const std::bad_alloc&) {}  // as after a kill
}

void segment_log::end_well() {
    if (!failure_ && !damage_ && active_ && sync()) {
        // An empty frame that says that everything is durable: from now on any damage is seen as such.
        log_batch nothing;
        std::string frame(log_frame_header_bytes, '\0');
        write_frame_header(frame.data(), frame.size(), {0, 0, 0, next_, next_, 0}, nonce_);
        auto& last = segments_.back();
        if (last.end + frame.size() <= segment_bytes_ && last.file->write_at(last.end, frame)) {
            last.end += frame.size();
        }
        if (last.file->resize(last.end)) { (void)last.file->sync().has_value(); }
        reached_ = move_reach(*folder_, reached_, {last.number, next_});
    }
    for (const auto& unused : spares_) { (void)folder_->remove(unused.name).has_value(); }
}

// Room.

std::uint64_t segment_log::room_unlocked() const noexcept {
    if (failure_ || damage_) { return 0; }
    std::uint64_t room = active_ ? segment_bytes_ - segments_.back().end : 0;
    room += spares_.size() * (segment_bytes_ - log_data_at - segment_waste_bytes);
    return room > segment_waste_bytes ? room - segment_waste_bytes : 0;
}

void segment_log::publish_room_unlocked() noexcept { room_.store(room_unlocked(), std::memory_order_relaxed); }

status segment_log::refuse_unlocked() const {
    if (damage_) { return damage_error(*damage_); }
    if (failure_) { return error{errc::read_only, "log: " + failure_->context}; }
    return {};
}

void segment_log::fail_unlocked(const error& cause) {
    if (!failure_) { failure_ = cause; }
    publish_room_unlocked();
}

status segment_log::reserve(std::uint64_t bytes) {
    if (bytes <= room_.load(std::memory_order_relaxed)) { return {}; }
    return make_room(bytes);
}

status segment_log::make_room(std::uint64_t bytes) {
    const std::scoped_lock one_allocation(spare_mutex_);
    for (;;) {
        {
            const std::scoped_lock lock(mutex_);
            if (auto refused = refuse_unlocked(); !refused) { return refused; }
            if (bytes <= room_unlocked()) { return {}; }
        }
        if (auto added = add_spare(); !added) { return added; }
    }
}

status segment_log::make_spare() {
    const std::scoped_lock one_allocation(spare_mutex_);
    {
        const std::scoped_lock lock(mutex_);
        if (auto refused = refuse_unlocked(); !refused) { return refused; }
        if (!spares_.empty()) { return {}; }
    }
    return add_spare();
}

status segment_log::add_spare() {
    const auto name = std::string(spare_prefix) + std::to_string(++spares_made_);
    auto made = folder_->create(name, segment_bytes_);
    if (!made) {
        return error{made.error().code,
                     "log: no room for its next segment; make some on the disk, or delete keys "
                     "and wait for a checkpoint ("
                         + made.error().context + ")"};
    }
    const std::scoped_lock lock(mutex_);
    spares_.push_back({name, std::move(*made)});
    publish_room_unlocked();
    return {};
}

// Writing.

result<log_sequence> segment_log::write(log_batch& batch) {
    COPPICE_CHECK(!batch.empty());
    (void)batch.seal_frames();
    if (auto room = reserve(batch.size_bytes()); !room) { return room.error(); }
    const std::scoped_lock lock(mutex_);
    if (auto refused = refuse_unlocked(); !refused) { return refused.error(); }
    const log_sequence first = next_;
    const auto end_before = active_ ? segments_.back().end : log_data_at;
    const auto segments_before = segments_.size();
    std::vector<run> written;
    const auto undo = [&]() -> bool {
        // Room was taken beforehand, so this is rare (a disk that copies on write). The bytes that are there
        // must not meet a later record: they go back to zero, or nothing is written any more.
        if (segments_.size() != segments_before) { return false; }
        for (const auto& part : written) {
            if (!part.file->write_at(part.offset, std::string(part.bytes, '\0'))) { return false; }
        }
        if (active_) { segments_.back().end = end_before; }
        next_ = first;
        return true;
    };
    try {
        if (auto done = write_unlocked(batch, written); !done) {
            if (done.error().code != errc::no_space || !undo()) { fail_unlocked(done.error()); }
            return done.error();
        }
    } catch (const std::bad_alloc&) {
        if (!undo()) { fail_unlocked({errc::limit, out_of_memory}); }
        throw;
    }
    publish_room_unlocked();
    return first;
}

status segment_log::write_unlocked(log_batch& batch, std::vector<run>& written) {
    // Memory for all of it is taken first: then only the beginning of a segment, before it has begun, can fail for
    // want of any.
    std::vector<run> runs;
    const auto places = spares_.size() + 1;
    runs.reserve(places);
    written.reserve(places);
    segments_.reserve(segments_.size() + spares_.size());
    unsynced_files_.reserve(unsynced_files_.size() + 2 * places);
    for (const auto& frame : batch.seal_frames()) {
        COPPICE_CHECK(frame.end - frame.at <= limits::log_record_bytes + log_frame_bytes);
        if (!active_ || segments_.back().end + log_frame_header_bytes > segment_bytes_) {
            if (auto flushed = flush_runs_unlocked(runs, written); !flushed) { return flushed; }
            if (auto begun = begin_segment_unlocked(next_, next_, 0); !begun) { return begun; }
        }
        const auto payload = static_cast<std::uint32_t>(frame.end - frame.at - log_frame_header_bytes);
        char* const at = batch.data() + frame.at;
        write_frame_header(at, frame.end - frame.at, {0, 0, payload, next_, synced_, frame.records}, nonce_);
        if (auto placed = place_unlocked(at, frame_bytes(payload), next_ + frame.records, runs); !placed) {
            (void)flush_runs_unlocked(runs, written).has_value();
            return placed;
        }
        next_ += frame.records;
    }
    return flush_runs_unlocked(runs, written);
}

/// Adds the places of one frame's bytes, in this segment and those behind it, to `runs`.
status segment_log::place_unlocked(const char* from, std::uint64_t bytes, log_sequence after, std::vector<run>& runs) {
    for (;;) {
        auto& segment = segments_.back();
        const auto piece = std::min(bytes, segment_bytes_ - segment.end);
        if (!runs.empty() && runs.back().file == segment.file && runs.back().from + runs.back().bytes == from) {
            runs.back().bytes += static_cast<std::size_t>(piece);
        } else {
            runs.push_back({segment.file, segment.end, from, static_cast<std::size_t>(piece)});
        }
        segment.end += piece;
        from += piece;
        bytes -= piece;
        if (bytes == 0) { return {}; }
        if (auto begun = begin_segment_unlocked(after, after, bytes); !begun) { return begun; }
        segments_.back().end = log_data_at;
    }
}

status segment_log::flush_runs_unlocked(std::vector<run>& runs, std::vector<run>& written) {
    for (const auto& part : runs) {
        written.push_back(part);
        if (unsynced_files_.empty() || unsynced_files_.back() != part.file) { unsynced_files_.push_back(part.file); }
        if (auto done = part.file->write_at(part.offset, {part.from, part.bytes}); !done) { return done; }
    }
    runs.clear();
    return {};
}

status segment_log::begin_segment_unlocked(log_sequence first_sequence, log_sequence follows, std::uint64_t carried) {
    COPPICE_CHECK(!spares_.empty());
    if (names_synced_ < names_made_) {  // D2
        if (auto synced = folder_->sync(); !synced) { return synced; }
        names_synced_ = names_made_;
    }
    log_segment_header header;
    do { header.nonce = random_(); } while (static_cast<std::uint32_t>(header.nonce) == 0);
    header.number = segments_.empty() ? 1 : segments_.back().number + 1;
    header.first_sequence = first_sequence;
    header.follows = follows;
    header.carried_bytes = carried;
    header.synced_before = synced_;
    log_segment segment{header.number, first_sequence, spares_.front().file, log_data_at, header, {}};
    reached_ = move_reach(*folder_, reached_, {header.number, reached_.durable});  // D5
    if (auto written = segment.file->write_at(0, encode_segment_header(header)); !written) { return written; }
    if (auto named = folder_->rename(spares_.front().name, segment.name()); !named) { return named; }
    spares_.pop_front();
    ++names_made_;
    unsynced_files_.push_back(segment.file);
    nonce_ = header.nonce;
    segments_.push_back(std::move(segment));
    active_ = true;
    return {};
}

// Durability.

status segment_log::sync() {
    const std::scoped_lock one_sync(sync_mutex_);
    std::vector<std::shared_ptr<disk_file>> files;
    std::uint64_t names = 0;
    bool names_behind = false;
    log_sequence target = 0;
    {
        const std::scoped_lock lock(mutex_);
        if (auto refused = refuse_unlocked(); !refused) { return refused; }
        target = next_;
        files.swap(unsynced_files_);
        names = names_made_;
        names_behind = names_synced_ < names_made_;
    }
    status done;
    try {
        for (const auto& file : files) {
            if (done) { done = file->sync(); }
        }
        if (done && names_behind) { done = folder_->sync(); }  // D3: bytes, then names
    } catch (const std::bad_alloc&) { done = error{errc::io, out_of_memory}; }
    bool running_low = false;
    {
        const std::scoped_lock lock(mutex_);
        if (!done) {
            // Which bytes the disk has is not known any more, and asking again would not tell: final.
            fail_unlocked(done.error());
            return done;
        }
        synced_ = std::max<log_sequence>(synced_, target);
        names_synced_ = std::max(names_synced_, names);
        if (names_behind) { reached_ = move_reach(*folder_, reached_, {reached_.number, target}); }  // D5
        running_low = active_ && room_unlocked() < segment_bytes_ / 2;
    }
    // The next segment is made here, where nobody waits, rather than in the turn that needs it.
    if (running_low) {
        try {
            (void)make_room(segment_bytes_ / 2).has_value();
        } catch (const std::bad_alloc&) {}  // whoever needs it asks again
    }
    return {};
}

log_sequence segment_log::first() const noexcept {
    const std::scoped_lock lock(mutex_);
    return segments_.empty() ? next_.load() : std::min(segments_.front().first_sequence, next_.load());
}

status segment_log::drop_before(log_sequence sequence) {
    const std::scoped_lock one_drop(drop_mutex_);
    for (;;) {
        log_segment dropped;
        {
            const std::scoped_lock lock(mutex_);
            if (segments_.size() < 2 || segments_[1].first_sequence > sequence) { return {}; }
            dropped = segments_.front();
        }
        if (auto removed = folder_->remove(dropped.name()); !removed) { return removed; }
        {
            const std::scoped_lock lock(mutex_);
            segments_.erase(segments_.begin());
        }
        if (auto synced = folder_->sync(); !synced) { return synced; }  // D2
    }
}

status segment_log::rotate() {
    if (auto synced = sync(); !synced) { return synced; }
    {
        const std::scoped_lock lock(mutex_);
        if (segments_.empty() || (active_ && segments_.back().end == log_data_at)) { return {}; }
    }
    if (auto room = make_spare(); !room) { return room; }
    if (auto ended = end_segment(); !ended) { return ended; }
    {
        const std::scoped_lock lock(mutex_);
        if (auto begun = begin_segment_unlocked(next_, next_, 0); !begun) {
            fail_unlocked(begun.error());
            return begun;
        }
        publish_room_unlocked();
    }
    return sync();
}

/// Gives the unused room of the active segment back, so that a reader sees where it ends.
status segment_log::end_segment() {
    const std::scoped_lock lock(mutex_);
    if (!active_) { return {}; }
    auto& last = segments_.back();
    auto done = last.file->resize(last.end);
    if (done) { done = last.file->sync(); }
    if (!done) {
        fail_unlocked(done.error());
        return done;
    }
    active_ = false;
    publish_room_unlocked();
    return {};
}

status segment_log::skip_to(log_sequence sequence) {
    if (auto room = make_spare(); !room) { return room; }
    if (auto ended = end_segment(); !ended) { return ended; }
    {
        const std::scoped_lock lock(mutex_);
        const log_sequence follows = segments_.empty() ? sequence : next_.load();
        next_ = synced_ = sequence;
        if (auto begun = begin_segment_unlocked(sequence, follows, 0); !begun) {
            fail_unlocked(begun.error());
            return begun;
        }
        publish_room_unlocked();
    }
    if (auto synced = sync(); !synced) { return synced; }  // D4
    return drop_before(sequence);
}

// Reading.

std::vector<log_segment> segment_log::segments_now() const {
    const std::scoped_lock lock(mutex_);
    return segments_;
}

result<replay_report> segment_log::replay(log_sequence from, const visitor& visit) {
    const auto segments = segments_now();
    if (from > next() && !damage_) {
        if (cut_.where.empty()) { cut_ = cut_below_checkpoint(next(), from); }
        if (auto skipped = skip_to(from); !skipped) { return skipped.error(); }
    }
    replay_report report;
    report.cut = cut_;
    const auto wanted_gone = [&](log_sequence oldest) {
        return error{errc::corrupt,
                     "log: begins at record " + std::to_string(oldest) + ", wanted " + std::to_string(from)};
    };
    if (from < first()) { return wanted_gone(first()); }
    if (from >= next()) {
        if (damage_) { return damage_error(*damage_); }
        report.next = next();
        return report;
    }
    std::size_t begin = 0;
    while (begin + 1 < segments.size() && segments[begin + 1].header && segments[begin + 1].first_sequence <= from) {
        ++begin;
    }
    auto expected = from;
    const auto walk =
        walk_log(segments, begin, [&](const log_frame_header& header, std::string_view payload) -> status {
            if (header.end_sequence() <= from) { return {}; }
            if (header.first_sequence > expected) { return wanted_gone(header.first_sequence); }
            auto sequence = header.first_sequence;
            status taken;
            const bool whole = for_each_record(payload, header.records, [&](std::string_view record) {
                const auto number = sequence++;
                if (number < from) { return true; }
                ++report.records;
                report.bytes += record.size();
                taken = visit(number, record);
                return taken.has_value();
            });
            if (!whole) {
                return error{errc::corrupt, "log: the records of frame " + std::to_string(header.first_sequence)};
            }
            expected = header.end_sequence();
            return taken;
        });
    if (!walk) { return walk.error(); }
    // find_end has seen all of it: what does not read now was damaged then, or since.
    if (walk->end == log_end::damaged) { return damage_error(*walk); }
    if (damage_) { return damage_error(*damage_); }
    if (walk->next < next()) { return error{errc::corrupt, walk->where + ": damaged since it was opened"}; }
    report.next = walk->next;
    return report;
}

std::uint64_t segment_log::disk_bytes() const {
    const std::scoped_lock lock(mutex_);
    std::uint64_t bytes = spares_.size() * segment_bytes_;
    for (const auto& segment : segments_) { bytes += segment.end; }
    return active_ ? bytes - segments_.back().end + segment_bytes_ : bytes;
}

namespace {

/// Reads every record of `segments`, of which those below `until` must be there.
log_range verify_segments(std::span<const log_segment> segments, log_sequence until, log_reach reached,
                          findings& found) {
    log_walk end;
    if (!segments.empty()) {
        for (const auto& segment : segments.first(segments.size() - 1)) {  // a crash may tear the last one's
            if (segment.broken_copy.empty()) { continue; }
            found.push_back({segment.broken_copy, "one of two copies of the header is damaged"});
        }
        const auto walk = walk_log(segments, 0, [](const log_frame_header& header, std::string_view payload) -> status {
            if (for_each_record(payload, header.records, [](std::string_view) { return true; })) { return {}; }
            return error{errc::corrupt, "the records of frame " + std::to_string(header.first_sequence)};
        });
        if (!walk) {
            found.push_back({"log", walk.error().message()});
            return {};
        }
        end = *walk;
    }
    const auto newest = segments.empty() ? 0 : segments.back().number;
    judge_end(end, reached, newest);
    if (end.end == log_end::damaged) {
        found.push_back({end.where, end.why});
    } else if (!segments.empty() && end.next < until) {
        found.push_back({end.where, "damaged since it was opened"});
    }
    return {end.contiguous, end.next, cut_of(end, reached, newest)};
}

}  // namespace

void segment_log::verify(findings& found) const {
    std::unique_lock lock(mutex_);
    const auto segments = segments_;
    const auto reached = reached_;
    const auto until = next();
    lock.unlock();
    verify_segments(segments, until, reached, found);
}

log_range verify_log_folder(disk_folder& folder, findings& found) {
    const auto segments = find_segments(folder);
    const auto reached = read_reach(folder);
    if (!segments || !reached) {
        found.push_back({"log", segments ? reached.error().message() : segments.error().message()});
        return {};
    }
    return verify_segments(*segments, 0, *reached, found);
}

status segment_log::copy_to(disk_folder& target, const std::function<status()>& before) {
    const std::scoped_lock nothing_is_dropped(drop_mutex_);
    if (auto done = before(); !done) { return done; }
    std::string piece;
    std::vector<log_segment> segments;
    log_reach reached;
    {
        const std::scoped_lock lock(mutex_);
        segments = segments_;
        if (!segments.empty()) { reached = {segments.back().number, next_}; }
    }
    for (const auto& segment : segments) {  // the ends are those of whole frames
        const auto copy = target.create(segment.name(), 0);
        if (!copy) { return copy.error(); }
        for (std::uint64_t at = 0; at < segment.end; at += piece.size()) {
            piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(segment.end - at, 1024 * 1024)));
            const auto got = segment.file->read_at(at, piece.data(), piece.size());
            if (!got) { return got.error(); }
            if (*got < piece.size()) {
                return error{errc::corrupt, "log segment " + std::to_string(segment.number) + ": short"};
            }
            if (auto written = (*copy)->write_at(at, piece); !written) { return written; }
        }
        if (auto synced = (*copy)->sync(); !synced) { return synced; }
    }
    (void)move_reach(target, {}, reached);
    return target.sync();
}

}  // namespace coppice
