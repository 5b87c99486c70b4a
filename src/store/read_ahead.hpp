// store/read_ahead.hpp: loads what a stretch of the log will touch, before it is done again.
//
// Replay works on one thread, in order, and after a crash under random writes nearly every record touches a leaf
// that is not in memory. So a stretch of records is looked through first, and several threads find their keys, in
// the order of the keys, which is that of the disk. What they load stays in the tree they looked in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <coppice/base/function_ref.hpp>
#include <coppice/tree/tree.hpp>

namespace coppice {

/// Calls `seen` with the database and the key of each primitive in `text`, up to the first of a kind that is rare.
void for_each_touched_key(std::string_view text, function_ref<void(unsigned database, std::string_view key)> seen);

/// Finds keys of one tree on several threads.  What cannot be loaded is left to whoever needs it.
void load_ahead(const tree& in, std::vector<std::string> keys);

}  // namespace coppice
