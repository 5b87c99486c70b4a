// storage/log_batch.hpp: the records of one turn, built where they will be written from.
//
// An event-loop turn appends many small records. They are encoded straight into the bytes that one write(2)
// takes; the log fills in the frame's header and copies nothing.
//
//   begin_record()  append ... append  end_record()      any number of times, then log.write(batch)
//
//   [ header 40 | length 4 | record | length 4 | record | ... | 0 to 7 zeros ]     one frame
//
// A long text is not copied: the batch takes its memory, and gives its own for the next (add_text).
//
// A frame is written, checked, and lost in a crash as a whole, so the records of a turn live and die together
// unless they are longer than `log_frame_bytes`, and always those added between hold_frame and release_frame.
// docs/format.md draws every byte.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/assert.hpp>
#include <coppice/base/bytes.hpp>

namespace coppice {

inline constexpr std::size_t log_frame_header_bytes = 40;

/// Where a frame that is held is closed all the same: its length is a 32-bit number.
inline constexpr std::size_t held_frame_bytes_max = std::size_t{1} << 30;

/// A frame is closed behind the record that takes it past this size: large enough for a turn of thousands of
/// small records, small enough to be in the second-level cache when its checksum is taken.
inline constexpr std::size_t log_frame_bytes = 256 * 1024;

/// Bytes in front of a text that add_text takes, for what stands before it in a frame.
inline constexpr std::size_t log_text_room = 64;

/// Memory that a batch, and whoever makes its texts, keeps from one turn for the next.
inline constexpr std::size_t log_memory_kept = 4 * 1024 * 1024;

/// Gives memory back that a long text left.
inline void give_back_log_memory(std::string& bytes) noexcept {
    if (bytes.capacity() > log_memory_kept) { bytes.shrink_to_fit(); }
}

class log_batch {
public:
    /// Where a frame lies in bytes().
    struct frame {
        std::size_t at;
        std::size_t end;  ///< without the zeros that fill it up to a multiple of 8
        std::uint32_t records;
    };

    void begin_record() {
        COPPICE_ASSERT(!in_record_);
        if (!frame_open_) {
            frames_.push_back({bytes_.size(), 0, 0});
            bytes_.append(log_frame_header_bytes, '\0');
            frame_open_ = true;
        }
        record_at_ = bytes_.size();
        bytes_.append(sizeof(std::uint32_t), '\0');
        in_record_ = true;
    }
    /// The buffer a record is appended to. Requires: between begin_record and end_record, append only.
    [[nodiscard]] std::string& buffer() noexcept { return bytes_; }
    void append(std::string_view piece) { bytes_.append(piece); }

    void end_record() {
        COPPICE_ASSERT(in_record_);
        const auto length = bytes_.size() - record_at_ - sizeof(std::uint32_t);
        put_number(bytes_.data() + record_at_, static_cast<std::uint32_t>(length));
        in_record_ = false;
        ++frames_.back().records;
        ++records_;
        close_full_frame();
    }
    /// What is added from here on stands in one frame, up to held_frame_bytes_max. Holding twice is holding.
    void hold_frame() noexcept { held_ = true; }
    void release_frame() {
        held_ = false;
        if (frame_open_) { close_full_frame(); }
    }
    /// Takes back what was appended since begin_record.
    void drop_record() {
        COPPICE_ASSERT(in_record_);
        bytes_.resize(record_at_);
        in_record_ = false;
        if (frames_.back().records == 0) {
            bytes_.resize(frames_.back().at);
            frames_.pop_back();
            frame_open_ = false;
        }
    }
    /// How far the batch is, so that what is added from here on can be taken back.
    struct mark {
        std::size_t bytes;
        std::size_t frames;
        std::uint32_t records_of_frame;  ///< of the last one
        std::uint64_t records;
        bool frame_open;
    };
    [[nodiscard]] mark here() const noexcept {
        COPPICE_ASSERT(!in_record_);
        return {bytes_.size(), frames_.size(), frames_.empty() ? 0 : frames_.back().records, records_, frame_open_};
    }
    /// Takes back what was added since, a record that was not ended too.
    void back_to(const mark& to) noexcept {
        bytes_.resize(to.bytes);
        frames_.erase(frames_.begin() + static_cast<std::ptrdiff_t>(to.frames), frames_.end());
        if (!frames_.empty()) { frames_.back().records = to.records_of_frame; }
        records_ = to.records;
        frame_open_ = to.frame_open;
        in_record_ = false;
    }
    void add(std::string_view record) {
        begin_record();
        append(record);
        end_record();
    }

    /// Adds a record: `begin`, then `text` without its first log_text_room bytes.  What `text` holds afterwards is not
    /// said, nor changed where this throws.  Requires: begin is at most 20 bytes.
    void add_text(std::string_view begin, std::string& text) {
        COPPICE_ASSERT(!in_record_ && text.size() >= log_text_room);
        if (!bytes_.empty() || text.size() < log_frame_bytes) {
            begin_record();
            append(begin);
            append(std::string_view(text).substr(log_text_room));
            return end_record();
        }
        bytes_.reserve(log_text_room);  // whoever gets it can begin a text without asking for memory
        text.reserve(text.size() + frame_align);
        record_at_ = log_text_room - begin.size() - sizeof(std::uint32_t);
        frames_.push_back({record_at_ - log_frame_header_bytes, 0, 0});
        bytes_.swap(text);
        bytes_.replace(log_text_room - begin.size(), begin.size(), begin);
        frame_open_ = in_record_ = true;
        end_record();
    }

    [[nodiscard]] bool empty() const noexcept { return records_ == 0; }
    [[nodiscard]] std::uint64_t records() const noexcept { return records_; }
    /// What the log will be asked to hold, headers included: the measure of write_log::reserve.
    [[nodiscard]] std::size_t size_bytes() const noexcept {
        return frames_.empty() ? 0 : bytes_.size() - frames_.front().at;
    }
    /// Forgets the records, keeps up to log_memory_kept of the memory.
    void clear() noexcept {
        bytes_.clear();
        give_back_log_memory(bytes_);
        frames_.clear();
        records_ = 0;
        frame_open_ = in_record_ = held_ = false;
    }

    // For the kinds of write_log.

    /// Closes the last frame and returns all of them.
    [[nodiscard]] const std::vector<frame>& seal_frames() {
        COPPICE_ASSERT(!in_record_);
        if (frame_open_) { close_frame(); }
        return frames_;
    }
    [[nodiscard]] char* data() noexcept { return bytes_.data(); }

private:
    static constexpr std::size_t frame_align = 8;

    void close_full_frame() {
        const std::size_t enough = held_ ? held_frame_bytes_max : log_frame_bytes;
        if (bytes_.size() - frames_.back().at >= enough) { close_frame(); }
    }
    void close_frame() {
        auto& last = frames_.back();
        last.end = bytes_.size();
        bytes_.append((frame_align - (last.end - last.at) % frame_align) % frame_align, '\0');
        frame_open_ = false;
    }

    std::string bytes_;
    std::vector<frame> frames_;
    std::uint64_t records_ = 0;
    std::size_t record_at_ = 0;
    bool frame_open_ = false;
    bool in_record_ = false;
    bool held_ = false;
};

}  // namespace coppice
