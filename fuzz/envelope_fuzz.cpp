// Envelopes and chunks of any bytes: no crash, nothing larger than allowed, and chunks in any order and number make
// up the message they were cut from, once.
//
// The first byte says how long the chunks are, the second where the order of their arrival begins; the rest is the
// envelope.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include <coppice/base/assert.hpp>

#include "znsocket/chunk_sets.hpp"
#include "znsocket/envelope.hpp"
#include "znsocket/value.hpp"

namespace {

using namespace coppice::znsocket;

constexpr std::size_t inflated_max = 64 * 1024;

void check_envelope(std::string_view bytes) {
    const auto opened = open_envelope(bytes, inflated_max);
    if (const auto* json = std::get_if<std::string>(&opened)) {
        COPPICE_CHECK(json->size() <= std::max(bytes.size(), inflated_max));
        static_cast<void>(read_json(*json, {.nesting = 16, .values = 1000}));
    } else {
        COPPICE_CHECK(std::get<failure>(opened).type == "DeserializationError");
    }
}

chunk piece_of(std::string_view bytes, std::size_t length, std::size_t index, std::size_t total) {
    const std::string data(bytes.substr(index * length, length));
    return {.id = "id", .index = index, .total = total, .size = data.size(), .event = "set", .data = data};
}

void check_chunks(std::string_view bytes, std::size_t length, std::size_t first) {
    const auto total = (bytes.size() + length - 1) / length;
    chunk_room room;
    chunk_sets sets(room);
    std::string assembled;
    for (std::size_t step = 0; step < 2 * total; ++step) {  // each twice
        const auto index = (first + step * 7) % total;
        auto outcome = sets.add(piece_of(bytes, length, index, total), std::chrono::nanoseconds(step));
        COPPICE_CHECK(!std::holds_alternative<failure>(outcome));
        if (auto* const whole = std::get_if<chunks_assembled>(&outcome)) {
            COPPICE_CHECK(assembled.empty());
            assembled = std::move(whole->bytes);
            sets.keep_answer("id", "1");
        }
    }
    // Steps of 7 miss some places when 7 divides the number of them.
    COPPICE_CHECK(total % 7 == 0 || assembled == bytes);
    COPPICE_CHECK(std::holds_alternative<failure>(sets.take_answer("id")) == assembled.empty());
    sets.expire(std::chrono::hours(1));
    COPPICE_CHECK(sets.bytes() == 0 && sets.set_count() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) { return 0; }
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    check_envelope(bytes);
    check_chunks(bytes, std::size_t{1} + data[0], data[1]);
    return 0;
}
