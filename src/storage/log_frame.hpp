// storage/log_frame.hpp: the bytes of a log frame's header, written and read in one place.
//
//   0        8       12      16               24              32        36   40
//   | check  | mark  | bytes | first sequence | synced before | records | 0  | payload ... | 0 to 7 zeros
//
// The checksum is XXH3-64 of everything behind it up to the end of the payload, seeded with the nonce of the
// segment in which the frame begins: bytes left over from another segment, another opening or a value that
// looks like a frame never pass. `mark`, the nonce's low half, makes frames quick to find when scanning on
// behind a bad one.
#pragma once

#include <cstdint>
#include <string_view>

#include <coppice/base/bytes.hpp>

#include <storage/log_batch.hpp>

namespace coppice {

struct log_frame_header {
    std::uint64_t checksum = 0;
    std::uint32_t mark = 0;
    std::uint32_t payload_bytes = 0;
    std::uint64_t first_sequence = 0;
    std::uint64_t synced_before = 0;  ///< records below this were known durable when the frame was written
    std::uint32_t records = 0;

    [[nodiscard]] std::uint64_t end_sequence() const noexcept { return first_sequence + records; }
};

[[nodiscard]] inline log_frame_header read_frame_header(const char* at) noexcept {
    return {load<std::uint64_t>(at),      load<std::uint32_t>(at + 8),  load<std::uint32_t>(at + 12),
            load<std::uint64_t>(at + 16), load<std::uint64_t>(at + 24), load<std::uint32_t>(at + 32)};
}

/// What a frame occupies in the log: header, payload and the zeros behind it.
[[nodiscard]] inline std::uint64_t frame_bytes(std::uint64_t payload_bytes) noexcept {
    return (log_frame_header_bytes + payload_bytes + 7) / 8 * 8;
}

/// The checksum of a whole frame without the zeros behind it.
[[nodiscard]] std::uint64_t frame_checksum(std::string_view frame, std::uint64_t nonce) noexcept;

/// Fills in the header of `frame`, whose payload stands already.
void write_frame_header(char* frame, std::size_t frame_end, log_frame_header header, std::uint64_t nonce) noexcept;

/// Gives each record of a payload to `visit(record)` until it returns false. False: the lengths do not add up.
template <class Visit>
[[nodiscard]] bool for_each_record(std::string_view payload, std::uint32_t records, Visit&& visit) {
    byte_reader reader(payload);
    for (std::uint32_t i = 0; i < records; ++i) {
        const auto record = reader.take(reader.number<std::uint32_t>());
        if (reader.failed()) { return false; }
        if (!visit(record)) { return true; }
    }
    return reader.at_end();
}

}  // namespace coppice
