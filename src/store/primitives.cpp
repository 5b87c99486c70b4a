#include "store/primitives.hpp"

#include <algorithm>
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

void pin_list::add(const snapshot_pin& pin) {
    const std::lock_guard lock(mutex_);
    if (pins_.size() >= sweep_at_) {
        std::erase_if(pins_, [](const auto& each) { return each.expired(); });
        sweep_at_ = std::max<std::size_t>(sweep_at_, 2 * pins_.size());
    }
    pins_.push_back(pin);
}

std::vector<snapshot_pin> pin_list::all() {
    const std::lock_guard lock(mutex_);
    std::vector<snapshot_pin> held;
    held.reserve(pins_.size());
    for (const auto& each : pins_) {
        if (snapshot_pin pin = each.lock()) { held.push_back(std::move(pin)); }
    }
    return held;
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
