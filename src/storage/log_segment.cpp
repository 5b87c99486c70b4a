#include <algorithm>
#include <charconv>
#include <cstdio>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <coppice/base/limits.hpp>

#include <storage/log_segment.hpp>

namespace coppice {
namespace {

constexpr std::string_view segment_kind = "coppilog";
constexpr std::uint16_t segment_version = 1;
constexpr std::size_t header_bytes = 96;
constexpr std::size_t header_copies_at[] = {0, 4096};
constexpr std::string_view segment_suffix = ".log";
constexpr std::size_t window_bytes = 1024 * 1024;

/// A frame holds one record of any length, or many up to log_frame_bytes.
constexpr std::uint64_t payload_bytes_max = limits::log_record_bytes + log_frame_bytes + 8;
static_assert(payload_bytes_max <= 0xffff'ffffU, "a frame's length has 32 bits");

std::string encode_copy(const log_segment_header& header) {
    std::string bytes(segment_kind);
    append_number(bytes, segment_version);
    append_number(bytes, std::uint16_t{0});
    append_number(bytes, header.group);
    append_number(bytes, header.epoch);
    append_number(bytes, header.owner);
    append_number(bytes, header.generation);
    append_number(bytes, header.nonce);
    append_number(bytes, header.number);
    append_number(bytes, header.first_sequence);
    append_number(bytes, header.follows);
    append_number(bytes, header.carried_bytes);
    append_number(bytes, header.synced_before);
    append_number(bytes, XXH3_64bits(bytes.data(), bytes.size()));
    return bytes;
}
static_assert(header_bytes == 8 + 2 + 2 + 4 + 10 * 8, "encode_copy writes that many");

result<std::optional<log_segment_header>> decode_copy(std::string_view bytes) {
    const std::optional<log_segment_header> nothing;
    if (bytes.size() < header_bytes) { return nothing; }
    bytes = bytes.substr(0, header_bytes);
    if (!bytes.starts_with(segment_kind)) { return nothing; }
    if (load<std::uint64_t>(bytes.data() + header_bytes - 8) != XXH3_64bits(bytes.data(), header_bytes - 8)) {
        return nothing;
    }
    byte_reader reader(bytes.substr(segment_kind.size()));
    const auto version = reader.number<std::uint16_t>();
    if (version != segment_version) {
        return error{errc::unsupported, "log segment of version " + std::to_string(version)};
    }
    (void)reader.number<std::uint16_t>();
    log_segment_header header;
    header.group = reader.number<std::uint32_t>();
    header.epoch = reader.number<std::uint64_t>();
    header.owner = reader.number<std::uint64_t>();
    header.generation = reader.number<std::uint64_t>();
    header.nonce = reader.number<std::uint64_t>();
    header.number = reader.number<std::uint64_t>();
    header.first_sequence = reader.number<std::uint64_t>();
    header.follows = reader.number<std::uint64_t>();
    header.carried_bytes = reader.number<std::uint64_t>();
    header.synced_before = reader.number<std::uint64_t>();
    return std::optional(header);
}

/// Number and first sequence out of a segment's name, or nothing if it is no such name.
std::optional<std::pair<std::uint64_t, log_sequence>> parse_name(std::string_view name) {
    std::uint64_t number = 0;
    log_sequence first = 0;
    const char* const end = name.data() + name.size();
    const auto [dash, bad] = std::from_chars(name.data(), end, number);
    if (bad != std::errc() || dash == end || *dash != '-') { return {}; }
    std::from_chars(dash + 1, end, first);
    if (name != segment_name(number, first)) { return {}; }
    return std::pair(number, first);
}

/// Where the last byte that is not zero ends.
std::size_t used_bytes(std::string_view bytes) noexcept {
    const auto last = bytes.find_last_not_of('\0');
    return last == std::string_view::npos ? 0 : last + 1;
}

class log_walker {
public:
    explicit log_walker(std::span<const log_segment> segments) : segments_(segments) {}

    result<log_walk> walk(std::size_t begin, const frame_visitor& visit) {
        at_.segment = begin;
        const auto& start = segments_[begin];
        walk_.next = walk_.contiguous = start.first_sequence;
        if (!start.header) { return judge("both copies of its header"); }
        take_mark(start.header->synced_before);
        skip_carried();
        for (;;) {
            if (at_end_of_segment()) {
                if (at_.segment + 1 == segments_.size()) { return finished(log_end::clean); }
                if (!enter_next()) { return judge("the segment behind it"); }
                continue;
            }
            const auto frame = frame_at(at_);
            if (!frame) { return frame.error(); }
            if (!*frame || (*frame)->header.first_sequence != walk_.next) { return judge("frame"); }
            if (auto taken = visit((*frame)->header, payload()); !taken) { return taken.error(); }
            take_mark((*frame)->header.synced_before);
            walk_.next = (*frame)->header.end_sequence();
            at_ = (*frame)->end;
        }
    }

private:
    struct found_frame {
        log_frame_header header;
        log_position end;
    };

    const log_segment& current() const { return segments_[at_.segment]; }
    std::string_view payload() const { return std::string_view(frame_).substr(log_frame_header_bytes); }
    void take_mark(log_sequence mark) { synced_before_ = std::max(synced_before_, mark); }
    bool at_end_of_segment() const { return at_.offset + log_frame_header_bytes > current().end; }
    static std::uint64_t room_in(const log_segment& segment, std::uint64_t offset) {
        return segment.end > offset ? (segment.end - offset) / 8 * 8 : 0;
    }

    /// The row may begin in the middle of a frame whose start was dropped.
    void skip_carried() {
        auto carried = current().header->carried_bytes;
        while (carried > room_in(current(), log_data_at) && at_.segment + 1 < segments_.size() &&
               segments_[at_.segment + 1].header) {
            ++at_.segment;
            carried = current().header->carried_bytes;
        }
        at_.offset = log_data_at + carried;
    }

    bool enter_next() {
        const auto& next = segments_[at_.segment + 1];
        if (next.number != current().number + 1 || !next.header || next.header->follows != walk_.next ||
            next.header->first_sequence < walk_.next || next.header->carried_bytes != 0) {
            return false;
        }
        if (next.header->first_sequence > walk_.next) { walk_.contiguous = next.header->first_sequence; }
        walk_.next = next.header->first_sequence;
        take_mark(next.header->synced_before);
        at_ = {at_.segment + 1, log_data_at};
        return true;
    }

    /// The whole frame that begins at `at`, its bytes in frame_, or nothing if there is none.
    result<std::optional<found_frame>> frame_at(log_position at) {
        const std::optional<found_frame> nothing;
        const auto& segment = segments_[at.segment];
        if (!segment.header || at.offset + log_frame_header_bytes > segment.end) { return nothing; }
        frame_.clear();
        if (auto read = gather(at.segment, at.offset, log_frame_header_bytes); !read) { return read.error(); }
        if (frame_.size() < log_frame_header_bytes) { return nothing; }
        const auto header = read_frame_header(frame_.data());
        if (header.mark != static_cast<std::uint32_t>(segment.header->nonce)) { return nothing; }
        if (header.payload_bytes > payload_bytes_max || !room_for(at, frame_bytes(header.payload_bytes))) {
            return nothing;
        }
        auto left = frame_bytes(header.payload_bytes);
        frame_.clear();
        for (;;) {
            const auto piece = std::min(left, room_in(segments_[at.segment], at.offset));
            if (auto read = gather(at.segment, at.offset, piece); !read) { return read.error(); }
            left -= piece;
            at.offset += piece;
            if (left == 0) { break; }
            at = {at.segment + 1, log_data_at};
        }
        if (frame_.size() != frame_bytes(header.payload_bytes)) { return nothing; }
        frame_.resize(log_frame_header_bytes + header.payload_bytes);
        if (frame_checksum(frame_, segment.header->nonce) != header.checksum) { return nothing; }
        return std::optional(found_frame{header, at});
    }

    /// Whether `bytes` from `at` on lie in this segment and in others that say they carry the rest.
    bool room_for(log_position at, std::uint64_t bytes) const {
        for (;;) {
            const auto room = room_in(segments_[at.segment], at.offset);
            if (bytes <= room) { return true; }
            bytes -= room;
            const auto next = at.segment + 1;
            if (next == segments_.size() || segments_[next].number != segments_[at.segment].number + 1 ||
                !segments_[next].header || segments_[next].header->carried_bytes != bytes) {
                return false;
            }
            at = {next, log_data_at};
        }
    }

    /// Appends bytes of one segment to frame_; fewer if the file ends.
    status gather(std::size_t segment, std::uint64_t offset, std::uint64_t bytes) {
        while (bytes > 0) {
            if (auto filled = fill_window(segment, offset); !filled) { return filled; }
            const auto window = std::string_view(window_).substr(static_cast<std::size_t>(offset - window_at_.offset));
            if (window.empty()) { return {}; }
            const auto piece =
                window.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(bytes, window.size())));
            frame_.append(piece);
            offset += piece.size();
            bytes -= piece.size();
        }
        return {};
    }
    status fill_window(std::size_t segment, std::uint64_t offset) {
        if (window_at_.segment == segment && offset >= window_at_.offset &&
            offset < window_at_.offset + window_.size()) {
            return {};
        }
        const auto left = segments_[segment].end - std::min(offset, segments_[segment].end);
        window_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(window_bytes, left)));
        window_at_ = {segment, offset};
        const auto got = segments_[segment].file->read_at(offset, window_.data(), window_.size());
        window_.resize(got ? *got : 0);
        if (!got) { return got.error(); }
        return {};
    }

    /// The frame at at_ is not as it should be: looks at everything behind it and says why.
    result<log_walk> judge(std::string_view what) {
        for (auto segment = at_.segment; segment < segments_.size(); ++segment) {
            const auto from = segment == at_.segment ? at_.offset : log_data_at;
            if (segment != at_.segment && segments_[segment].header) {
                take_mark(segments_[segment].header->synced_before);
                walk_.bytes += 1;  // even an empty segment says that the log went on
            }
            if (auto scanned = scan(segment, from); !scanned) { return scanned.error(); }
        }
        if (walk_.next < synced_before_) {
            walk_.why = std::string(what) + " is damaged: records below " + std::to_string(synced_before_) +
                        " were durable";
            return finished(log_end::damaged);
        }
        return finished(walk_.bytes > 0 ? log_end::torn : log_end::clean);
    }

    /// Takes the marks of all good frames in a segment from `offset` on and counts the bytes that are in use.
    status scan(std::size_t segment, std::uint64_t offset) {
        const auto mark = segments_[segment].header ? static_cast<std::uint32_t>(segments_[segment].header->nonce) : 0;
        const auto start = offset;
        std::uint64_t used_to = start;
        std::string block;
        while (offset < segments_[segment].end) {
            block.resize(
                static_cast<std::size_t>(std::min<std::uint64_t>(window_bytes, segments_[segment].end - offset)));
            const auto got = segments_[segment].file->read_at(offset, block.data(), block.size());
            if (!got) { return got.error(); }
            const auto used = used_bytes(std::string_view(block).substr(0, *got));
            if (used > 0) { used_to = std::max(used_to, offset + used); }
            block.resize(*got);
            if (block.size() < 8) { break; }
            // A frame's mark lies 8 bytes into it: the next block begins with this one's last 8.
            auto next = offset + block.size() - 8;
            for (std::size_t at = 0; mark != 0 && at < used && at + 16 <= block.size(); at += 8) {
                if (load<std::uint32_t>(block.data() + at + 8) != mark) { continue; }
                const auto frame = frame_at({segment, offset + at});
                if (!frame) { return frame.error(); }
                if (!*frame) { continue; }
                take_mark((*frame)->header.synced_before);
                if ((*frame)->end.segment != segment) { next = segments_[segment].end; break; }
                const auto end = (*frame)->end.offset;
                next = std::max(next, end);
                if (end >= offset + block.size()) { break; }
                at = static_cast<std::size_t>(end - offset) - 8;
            }
            if (block.size() < window_bytes) { break; }
            offset = next;
        }
        walk_.bytes += used_to - start;
        return {};
    }

    log_walk finished(log_end end) {
        walk_.end = end;
        walk_.at = at_;
        walk_.where = "log segment " + std::to_string(current().number) + " at " + std::to_string(at_.offset);
        return walk_;
    }

    const std::span<const log_segment> segments_;
    log_position at_;
    log_sequence synced_before_ = 0;
    log_walk walk_;
    std::string frame_;
    std::string window_;
    log_position window_at_;
};

result<log_segment> open_segment(disk_folder& folder, std::uint64_t number, log_sequence first) {
    log_segment segment{number, first, nullptr, 0, {}, {}};
    const auto file = folder.open(segment.name());
    if (!file) { return file.error(); }
    segment.file = *file;
    const auto size = segment.file->size();
    if (!size) { return size.error(); }
    segment.end = *size;
    std::string head(log_data_at, '\0');
    const auto got = segment.file->read_at(0, head.data(), head.size());
    if (!got) { return got.error(); }
    head.resize(*got);
    auto header = decode_segment_header(head);
    if (!header) { return error{header.error().code, header.error().context + ": " + segment.name()}; }
    // A segment under another's name is none.
    if (*header && (*header)->number == number && (*header)->first_sequence == first) { segment.header = **header; }
    for (const auto at : header_copies_at) {
        const auto copy =
            head.size() > at ? decode_copy(std::string_view(head).substr(at)) : std::optional<log_segment_header>();
        if (segment.header && (!copy || !*copy || **copy != *segment.header)) {
            segment.broken_copy = "log segment " + std::to_string(number) + " at " + std::to_string(at);
        }
    }
    return segment;
}

}  // namespace

std::uint64_t frame_checksum(std::string_view frame, std::uint64_t nonce) noexcept {
    return XXH3_64bits_withSeed(frame.data() + 8, frame.size() - 8, nonce);
}

void write_frame_header(char* frame, std::size_t frame_end, log_frame_header header, std::uint64_t nonce) noexcept {
    put_number(frame + 8, static_cast<std::uint32_t>(nonce));
    put_number(frame + 12, header.payload_bytes);
    put_number(frame + 16, header.first_sequence);
    put_number(frame + 24, header.synced_before);
    put_number(frame + 32, header.records);
    put_number(frame + 36, std::uint32_t{0});
    put_number(frame, frame_checksum({frame, frame_end}, nonce));
}

std::string encode_segment_header(const log_segment_header& header) {
    std::string head(log_data_at, '\0');
    const auto copy = encode_copy(header);
    for (const auto at : header_copies_at) { head.replace(at, copy.size(), copy); }
    return head;
}

result<std::optional<log_segment_header>> decode_segment_header(std::string_view head) {
    result<std::optional<log_segment_header>> header = std::optional<log_segment_header>();
    for (const auto at : header_copies_at) {
        if (head.size() <= at) { break; }
        header = decode_copy(head.substr(at));
        if (!header || *header) { break; }
    }
    return header;
}

std::string segment_name(std::uint64_t number, log_sequence first_sequence) {
    char name[48];
    const int length = std::snprintf(name, sizeof name, "%010llu-%020llu", static_cast<unsigned long long>(number),
                                     static_cast<unsigned long long>(first_sequence));
    return std::string(name, static_cast<std::size_t>(length)) + std::string(segment_suffix);
}

result<std::vector<log_segment>> find_segments(disk_folder& folder) {
    const auto names = folder.names();
    if (!names) { return names.error(); }
    std::vector<log_segment> segments;
    for (const auto& name : *names) {
        const auto parsed = parse_name(name);
        if (!parsed) { continue; }
        auto segment = open_segment(folder, parsed->first, parsed->second);
        if (!segment) { return segment.error(); }
        segments.push_back(std::move(*segment));
    }
    std::sort(segments.begin(), segments.end(), [](const log_segment& a, const log_segment& b) {
        return std::pair(a.number, a.first_sequence) < std::pair(b.number, b.first_sequence);
    });
    return segments;
}

result<log_walk> walk_log(std::span<const log_segment> segments, std::size_t begin, const frame_visitor& visit) {
    COPPICE_CHECK(begin < segments.size());
    return log_walker(segments).walk(begin, visit);
}

}  // namespace coppice
