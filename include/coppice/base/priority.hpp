// coppice/base/priority.hpp: threads whose work may wait, or must not, say so.
#pragma once

namespace coppice {

/// Lets the calling thread run behind others where processors are short: for checkpoints, clean-up and long reads.
/// Where threads have no priority of their own, nothing happens.
void lower_thread_priority() noexcept;

/// Lets the calling thread run at once when it wakes, instead of after whoever runs: for event loops, which work for
/// microseconds at a time. It asks for turns of 0.1 ms, which Linux 6.12 and later heed (the scheduler's custom
/// slices); elsewhere nothing happens.
void shorten_thread_turns() noexcept;

}  // namespace coppice
