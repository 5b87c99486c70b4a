#include <algorithm>
#include <charconv>
#include <cstdio>
#include <new>

#include <storage/log_reach.hpp>

namespace coppice {
namespace {

constexpr std::string_view reach_prefix = "reached-";

}  // namespace

std::string reach_name(log_reach reached) {
    char name[48];
    const int length =
        std::snprintf(name, sizeof name, "%010llu-%020llu", static_cast<unsigned long long>(reached.number),
                      static_cast<unsigned long long>(reached.durable));
    return std::string(reach_prefix) + std::string(name, static_cast<std::size_t>(length));
}

std::optional<log_reach> parse_reach(std::string_view name) {
    if (!name.starts_with(reach_prefix)) { return {}; }
    log_reach reached;
    const char* const end = name.data() + name.size();
    const auto [dash, bad] = std::from_chars(name.data() + reach_prefix.size(), end, reached.number);
    if (bad != std::errc() || dash == end || *dash != '-') { return {}; }
    std::from_chars(dash + 1, end, reached.durable);
    if (name != reach_name(reached)) { return {}; }
    return reached;
}

result<log_reach> read_reach(disk_folder& folder) {
    const auto names = folder.names();
    if (!names) { return names.error(); }
    log_reach newest;
    for (const auto& name : *names) { newest = std::max(newest, parse_reach(name).value_or(log_reach())); }
    return newest;
}

log_reach move_reach(disk_folder& folder, log_reach now, log_reach next) {
    if (now == next) { return now; }
    try {
        if (next == log_reach()) { return folder.remove(reach_name(now)) ? next : now; }
        if (now == log_reach()) { return folder.create(reach_name(next), 0) ? next : now; }
        return folder.rename(reach_name(now), reach_name(next)) ? next : now;
    } catch (const std::bad_alloc&) { return now; }  // what it says stays true: the log reaches that far
}

}  // namespace coppice
