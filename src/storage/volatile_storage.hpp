// storage/volatile_storage.hpp: a storage for a store that goes with its process and is never opened again.
//
// As open_memory_storage(), but its log keeps nothing: what is written takes no memory beside the tree itself.
#pragma once

#include <storage/storage.hpp>

namespace coppice {

[[nodiscard]] storage open_volatile_storage();

}  // namespace coppice
