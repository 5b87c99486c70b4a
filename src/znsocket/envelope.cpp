#include "znsocket/envelope.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <new>

#include <fmt/format.h>
#include <zlib.h>

#include <coppice/base/assert.hpp>

namespace coppice::znsocket {
namespace {

constexpr char flag_plain = '\x00';
constexpr char flag_gzip = '\x01';
constexpr std::size_t length_bytes = 4;
constexpr std::size_t first_room = 64 * 1024;

// Unpacks gzip: one member after another, and zero bytes behind a member, as Python's gzip module does.
class inflater {
public:
    explicit inflater(std::string_view packed) : rest_(packed) {
        constexpr int gzip_only = 16 + MAX_WBITS;
        if (inflateInit2(&stream_, gzip_only) != Z_OK) { throw std::bad_alloc(); }
    }
    ~inflater() { inflateEnd(&stream_); }
    inflater(const inflater&) = delete;
    inflater& operator=(const inflater&) = delete;

    /// Fills the front of `room` and returns how many bytes that were; fewer than there is room for at the end, or
    /// where the bytes are bad: then failed() says so.
    std::size_t fill(char* room, std::size_t size) {
        stream_.next_out = reinterpret_cast<Bytef*>(room);
        stream_.avail_out = part_of(size);
        const auto wanted = stream_.avail_out;
        while (stream_.avail_out > 0 && !failed_ && !at_end()) { step(); }
        return wanted - stream_.avail_out;
    }
    [[nodiscard]] bool failed() const noexcept { return failed_; }
    [[nodiscard]] bool at_end() const noexcept { return between_members_ && rest_.empty(); }

private:
    // zlib counts in 32 bits.
    static uInt part_of(std::size_t size) noexcept {
        return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
    }
    void step() {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));  // NOLINT: zlib only reads it
        stream_.avail_in = part_of(rest_.size());
        const auto given = stream_.avail_in;
        const auto room = stream_.avail_out;
        const int outcome = inflate(&stream_, Z_NO_FLUSH);
        if (outcome == Z_MEM_ERROR) { throw std::bad_alloc(); }
        rest_.remove_prefix(given - stream_.avail_in);
        between_members_ = outcome == Z_STREAM_END;
        if (between_members_) {
            rest_.remove_prefix(std::min(rest_.find_first_not_of('\0'), rest_.size()));
            failed_ = inflateReset(&stream_) != Z_OK;
            return;
        }
        const bool moved = given != stream_.avail_in || room != stream_.avail_out;
        failed_ = outcome != Z_OK || !moved;
    }

    z_stream stream_{};
    std::string_view rest_;
    bool between_members_ = false;
    bool failed_ = false;
};

std::size_t big_endian_length(std::string_view bytes) noexcept {
    std::size_t length = 0;
    for (const char byte : bytes) { length = length << 8 | static_cast<unsigned char>(byte); }
    return length;
}

std::variant<std::string, failure> unpacked(std::string_view packed, std::size_t announced) {
    std::string json;
    inflater from(packed);
    // One byte more than announced tells a stream that is longer.
    while (!from.failed() && !from.at_end() && json.size() <= announced) {
        const auto before = json.size();
        const auto room = std::min(std::max(first_room, before), announced + 1 - before);
        json.resize(before + room);
        json.resize(before + from.fill(json.data() + before, room));
    }
    if (from.failed()) { return deserialization_failure("not a gzip stream, or a damaged one"); }
    if (json.size() != announced) { return deserialization_failure("Decompressed size mismatch"); }
    return json;
}

}  // namespace

std::variant<std::string, failure> open_envelope(std::string_view bytes, std::size_t inflated_max) {
    if (bytes.empty()) { return deserialization_failure("Empty assembled message"); }
    if (bytes.front() == flag_plain) { return std::string(bytes.substr(1)); }
    if (bytes.front() != flag_gzip) { return std::string(bytes); }
    bytes.remove_prefix(1);
    if (bytes.size() < length_bytes) { return deserialization_failure("Invalid compressed message format"); }
    const auto announced = big_endian_length(bytes.substr(0, length_bytes));
    if (announced > inflated_max) {
        return deserialization_failure(fmt::format("more than {} bytes when decompressed", inflated_max));
    }
    return unpacked(bytes.substr(length_bytes), announced);
}

std::size_t enveloped_bytes(std::string_view bytes) noexcept {
    const bool packed = bytes.size() > length_bytes && bytes.front() == flag_gzip;
    return packed ? big_endian_length(bytes.substr(1, length_bytes)) : bytes.size();
}

failure deserialization_failure(std::string_view why) {
    return {"DeserializationError", fmt::format("Failed to deserialize message: {}", why)};
}

}  // namespace coppice::znsocket
