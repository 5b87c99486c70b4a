// The parser of references and times on any bytes: no crash and no overflow; what it accepts is within its bounds,
// a time says itself again when it is written and read, and every name that may be given is a reference to itself.
//
// The first byte moves the clock, from which relative times count.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <coppice/base/assert.hpp>
#include <store/reference.hpp>

namespace {

using namespace coppice;

constexpr microseconds_utc second = 1'000'000;
constexpr microseconds_utc year_1 = -62'135'596'800 * second;  // the first that four digits show
constexpr microseconds_utc year_10000 = 253'402'300'800 * second;

void check_time(microseconds_utc time, microseconds_utc now) {
    COPPICE_CHECK(time <= year_10000);
    if (time < year_1 || time >= year_10000) { return; }
    const auto again = parse_time(format_time(time), now);
    COPPICE_CHECK(again && *again == time);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) { return 0; }
    const microseconds_utc now = std::int64_t{data[0]} * (year_10000 / 256) + data[0];
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);

    if (const auto time = parse_time(text, now)) {
        check_time(*time, now);
        COPPICE_CHECK(!text.starts_with('-') || *time <= now);
    }
    const auto parsed = parse_reference(text, now);
    if (parsed) {
        COPPICE_CHECK(!parsed->base.empty() && text.starts_with(parsed->base));
        COPPICE_CHECK(!(parsed->time && parsed->back));
        if (parsed->time) { check_time(*parsed->time, now); }
        if (!parsed->time && !parsed->back) { COPPICE_CHECK(parsed->base == text); }
    } else {
        COPPICE_CHECK(parsed.error().code == errc::invalid && !parsed.error().context.empty());
    }
    if (check_name(text)) {
        COPPICE_CHECK(parsed && parsed->base == text);
        COPPICE_CHECK(text.size() < 40 || !is_commit_prefix(text));
    }
    return 0;
}
