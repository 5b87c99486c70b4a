// coppice/base/priority.hpp: threads whose work may wait say so.
#pragma once

namespace coppice {

/// Lets the calling thread run behind others where processors are short: for checkpoints, clean-up and long reads.
/// Where threads have no priority of their own, nothing happens.
void lower_thread_priority() noexcept;

}  // namespace coppice
