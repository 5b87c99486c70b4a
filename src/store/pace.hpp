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
//
// The speed is that of all writers together. Each has an equal share of it and waits for his own bytes: who writes
// much waits long, and who writes little beside him does not notice.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <coppice/base/limits.hpp>

namespace coppice {

/// How fast all writers together may fill the log.
class log_pace {
public:
    static constexpr std::uint64_t easy = 96 * limits::mebibyte;
    static constexpr std::uint64_t most = 192 * limits::mebibyte;
    static constexpr std::uint64_t full_speed = 256 * limits::mebibyte;  ///< bytes a second, where slowing begins
    static constexpr std::uint64_t trickle = 1 * limits::mebibyte;
    static constexpr std::chrono::seconds longest{2};

    log_pace() noexcept = default;
    /// With so many bytes to do again.
    explicit log_pace(std::uint64_t behind) noexcept
        : speed_(behind <= easy ? 0 : std::max(trickle, full_speed * (most - std::min(behind, most)) / (most - easy))) {
    }

    [[nodiscard]] bool slows() const noexcept { return speed_ != 0; }
    /// How long one of so many writers waits after writing `bytes`, before he writes again.
    [[nodiscard]] std::chrono::microseconds wait(std::uint64_t bytes, std::size_t writers) const noexcept {
        if (!slows()) { return {}; }
        constexpr std::uint64_t bytes_counted = 1024 * limits::mebibyte;  // more takes the longest wait anyway
        const std::uint64_t share = std::max<std::uint64_t>(1, speed_ / std::max<std::size_t>(1, writers));
        const std::chrono::microseconds takes(std::min(bytes, bytes_counted) * 1'000'000 / share);
        return std::min<std::chrono::microseconds>(takes, longest);
    }

private:
    std::uint64_t speed_ = 0;  // bytes a second; 0: as fast as they can
};

}  // namespace coppice
