#include "store/read_ahead.hpp"

#include <algorithm>
#include <span>
#include <system_error>
#include <thread>

#include <coppice/base/bytes.hpp>

#include "store/primitives.hpp"

namespace coppice {
namespace {

constexpr std::size_t threads = 4;          // they wait for the disk more than they compute
constexpr std::size_t keys_each_min = 256;  // fewer are not worth a thread

/// Passes over what stands behind the key.  False: a kind that this does not know.
bool skip_rest(primitive which, byte_reader& from) {
    switch (which) {
        case primitive::put_string:
            static_cast<void>(from.varint());
            static_cast<void>(from.text());
            return true;
        case primitive::erase_key: return true;
        case primitive::set_deadline: static_cast<void>(from.varint()); return true;
        case primitive::splice_string:
            static_cast<void>(from.varint());
            static_cast<void>(from.varint());
            static_cast<void>(from.text());
            return true;
        case primitive::splice_list:
            static_cast<void>(from.varint());
            static_cast<void>(from.varint());
            break;
        case primitive::put_fields:
        case primitive::erase_fields:
        case primitive::add_members:
        case primitive::erase_members: break;
        default: return false;
    }
    const std::uint64_t values = from.varint() * (which == primitive::put_fields ? 2 : 1);
    for (std::uint64_t i = 0; i < values && !from.failed(); ++i) { static_cast<void>(from.text()); }
    return true;
}

void find_all(const tree& in, std::span<const std::string> keys) noexcept {
    for (const std::string& key : keys) {
        try {
            static_cast<void>(in.find(key));
        } catch (const std::exception&) {  // the replay meets it again, and says it
        }
    }
}

}  // namespace

void for_each_touched_key(std::string_view text, function_ref<void(unsigned, std::string_view)> seen) {
    byte_reader from(text);
    while (!from.at_end() && !from.failed()) {
        const auto which = static_cast<primitive>(from.number<std::uint8_t>());
        const auto database = from.number<std::uint8_t>();
        const std::string_view key = from.text();
        if (from.failed() || database >= limits::key_spaces || !skip_rest(which, from)) { return; }
        seen(database, key);
    }
}

void load_ahead(const tree& in, std::vector<std::string> keys) {
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    const std::size_t parts = std::clamp(keys.size() / keys_each_min, std::size_t{1}, threads);
    const std::span<const std::string> all(keys);
    const auto part = [&](std::size_t i) {
        const std::size_t begin = all.size() * i / parts;
        return all.subspan(begin, all.size() * (i + 1) / parts - begin);
    };
    std::vector<std::thread> helpers;
    helpers.reserve(parts);
    for (std::size_t i = 1; i < parts; ++i) {
        try {
            helpers.emplace_back([&in, own = part(i)] { find_all(in, own); });
        } catch (const std::system_error&) {
            find_all(in, part(i));  // no more threads: here, then
        }
    }
    find_all(in, part(0));
    for (std::thread& helper : helpers) { helper.join(); }
}

}  // namespace coppice
