#include "embed/held_bytes.hpp"

#include <algorithm>
#include <cstring>

namespace coppice {

std::string_view held_bytes::page_at(std::uint64_t position) const {
    if (!rope_) { return std::string_view(short_).substr(static_cast<std::size_t>(position)); }
    return cursor(*rope_, position).rest_of_leaf();
}

void held_bytes::copy(std::uint64_t position, std::uint64_t count, char* to) const {
    if (!rope_) {
        std::memcpy(to, short_.data() + position, static_cast<std::size_t>(count));
        return;
    }
    if (count == 0) { return; }
    for (cursor at(*rope_, position);; at.skip_leaf()) {
        const auto page = at.rest_of_leaf();
        const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(page.size(), count));
        std::memcpy(to, page.data(), taken);
        to += taken;
        count -= taken;
        if (count == 0) { return; }
    }
}

}  // namespace coppice
