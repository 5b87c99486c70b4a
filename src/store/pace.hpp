// store/pace.hpp: how fast writers may fill the log while a checkpoint is behind.
//
// What the log holds beyond the newest checkpoint is what the next start after a crash does again. Writers that
// are faster than checkpoints would make that grow without end; so from `easy` bytes on they are slowed, and the
// nearer to `most` the more, down to a trickle. Readers are not: who paces makes only those wait who wrote.
//
//     bytes/s   full |-----------\ .
//                    |             \ .
//                    |_______________\_______  behind, bytes
//                               easy  most
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <coppice/base/limits.hpp>

namespace coppice {

class log_pace {
public:
    static constexpr std::uint64_t easy = 96 * limits::mebibyte;
    static constexpr std::uint64_t most = 192 * limits::mebibyte;
    static constexpr std::uint64_t full_speed = 256 * limits::mebibyte;  ///< bytes a second, where slowing begins
    static constexpr std::uint64_t trickle = 1 * limits::mebibyte;
    static constexpr std::chrono::seconds longest{2};

    /// How long whoever wrote `bytes` at `now` should wait before he writes again, with `behind` bytes to do again.
    /// All writers together are held to the speed: what one turn wrote counts for the next one's writers.
    [[nodiscard]] std::chrono::milliseconds after(std::uint64_t bytes, std::uint64_t behind,
                                                  std::chrono::nanoseconds now) noexcept {
        if (behind <= easy) { return {}; }
        const std::uint64_t room = behind < most ? most - behind : 0;
        const std::uint64_t speed = std::max(trickle, full_speed * room / (most - easy));
        constexpr std::uint64_t bytes_counted = 1024 * limits::mebibyte;  // more takes the longest wait anyway
        const std::chrono::microseconds takes(std::min(bytes, bytes_counted) * 1'000'000 / speed);
        free_at_ = std::min<std::chrono::nanoseconds>(std::max(free_at_, now) + takes, now + longest);
        return std::chrono::duration_cast<std::chrono::milliseconds>(free_at_ - now);
    }

private:
    std::chrono::nanoseconds free_at_{0};  // when all that was written has had its time
};

}  // namespace coppice
