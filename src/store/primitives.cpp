#include "store/primitives.hpp"

#include <cstring>

namespace coppice {

std::string to_hex(const commit_id& id) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string hex;
    hex.reserve(2 * id.size());
    for (const unsigned char byte : id) {
        hex.push_back(digits[byte >> 4]);
        hex.push_back(digits[byte & 15]);
    }
    return hex;
}

std::vector<tree> pin_list::all() {
    const std::lock_guard lock(mutex_);
    return {roots_.begin(), roots_.end()};
}

pinned_root::pinned_root(std::shared_ptr<pin_list> list, const tree& held) : list_(std::move(list)) {
    const std::lock_guard lock(list_->mutex_);
    at_ = list_->roots_.insert(list_->roots_.end(), held);
}

pinned_root::~pinned_root() {
    const std::lock_guard lock(list_->mutex_);
    list_->roots_.erase(at_);
}

void append_version(std::string& out, const version_name& name) {
    out.push_back(static_cast<char>(name.index() + 1));
    if (const auto* current = std::get_if<current_of>(&name)) {
        append_varint(out, current->branch);
    } else if (const auto* point = std::get_if<point_of>(&name)) {
        append_varint(out, point->branch);
        append_number(out, point->time);
    } else {
        const commit_id& id = std::get<commit_named>(name).id;
        out.append(reinterpret_cast<const char*>(id.data()), id.size());
    }
}

version_name take_version(byte_reader& from) {
    switch (from.number<std::uint8_t>()) {
        case 1: return current_of{from.varint()};
        case 2: {
            const branch_id branch = from.varint();
            return point_of{branch, from.number<microseconds_utc>()};
        }
        case 3: {
            commit_named named{};
            const std::string_view id = from.take(named.id.size());
            if (!from.failed()) { std::memcpy(named.id.data(), id.data(), id.size()); }
            return named;
        }
        default: from.fail(); return current_of{0};
    }
}

}  // namespace coppice
