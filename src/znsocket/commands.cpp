#include "znsocket/commands.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include <fmt/format.h>

#include "znsocket/row.hpp"

namespace coppice::znsocket {
namespace {

using rows_by_event = std::unordered_map<std::string_view, const row*>;

rows_by_event all_rows() {
    rows_by_event found;
    for (const auto rows : {string_rows(), key_rows(), list_rows(), hash_rows(), set_rows()}) {
        for (const auto& one : rows) { found.emplace(one.event, &one); }
    }
    return found;
}

const rows_by_event& table() {
    static const auto rows = all_rows();
    return rows;
}

const row* find_row(std::string_view event) {
    const auto found = table().find(event);
    return found == table().end() ? nullptr : found->second;
}

// Where the two disagree about the third argument, memory storage's is a boolean and redis-py's is not.
const row& order_for(const row& one, const value& args) {
    const bool in_memory_order = args.items.size() > 2 && args.items[2].is(value_kind::boolean);
    return one.memory_order != nullptr && in_memory_order ? *one.memory_order : one;
}

}  // namespace

bool is_command(std::string_view event) { return find_row(event) != nullptr; }

std::variant<prepared, failure> prepare(std::string_view event, const value& args, const value& kwargs) {
    const auto* const found = find_row(event);
    if (found == nullptr) { return failure{"UnknownEventError", fmt::format("Unknown event: {}", event)}; }
    const auto& one = order_for(*found, args);
    auto bound = bind(event, one.parameters, args, kwargs);
    if (auto* const failed = std::get_if<failure>(&bound)) { return std::move(*failed); }
    prepared made;
    made.form = one.form;
    if (auto failed = one.make(one, std::get<bound_arguments>(bound), made)) { return *std::move(failed); }
    return made;
}

std::vector<command_signature> all_commands() {
    std::vector<command_signature> all;
    for (const auto& [event, one] : table()) { all.push_back({event, signature_of(one->parameters)}); }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.event < b.event; });
    return all;
}

}  // namespace coppice::znsocket
