#include "znsocket/signature.hpp"

#include <vector>

#include <fmt/format.h>

#include "znsocket/python_text.hpp"

namespace coppice::znsocket {
namespace {

using enum parameter_kind;

bool must_be_given(const parameter& one) noexcept {
    return one.kind == word || one.kind == blank || one.kind == texts || one.kind == list || one.kind == pairs;
}

// What takes all that follows by position.
bool is_variadic(const parameter& one) noexcept { return one.kind == rest || one.kind == extra || one.kind == texts; }

// How many parameters have a place of their own among the positional ones.
std::size_t positional_count(const parameter_list& parameters) noexcept {
    std::size_t count = 0;
    for (; count < parameters.size() && parameters[count].kind != none; ++count) {
        if (parameters[count].kind == texts) { return count + 1; }
        if (is_variadic(parameters[count])) { return count; }
    }
    return count;
}

bool takes_rest(const parameter_list& parameters) noexcept {
    for (const auto& one : parameters) {
        if (is_variadic(one)) { return true; }
    }
    return false;
}

std::string plural(std::size_t count, std::string_view noun) {
    return fmt::format("{}{}", noun, count == 1 ? "" : "s");
}

std::string_view were(std::size_t count) noexcept { return count == 1 ? "was" : "were"; }

// 'a', 'b', and 'c'
std::string listed(const std::vector<std::string_view>& names) {
    std::string text;
    for (std::size_t at = 0; at < names.size(); ++at) {
        if (at > 0 && names.size() > 2) { text += ','; }
        if (at > 0) { text += at + 1 == names.size() ? " and " : " "; }
        text += fmt::format("'{}'", names[at]);
    }
    return text;
}

failure wrong(std::string_view event, std::string_view text) {
    return {"TypeError", fmt::format("Invalid arguments for {}: {}() {}", event, event, text)};
}

failure too_many(std::string_view event, const parameter_list& parameters, std::size_t given) {
    const auto most = positional_count(parameters);
    std::size_t least = 0;
    while (least < most && must_be_given(parameters[least])) { ++least; }
    const auto accepted = least == most ? fmt::format("{}", most) : fmt::format("from {} to {}", least, most);
    const auto noun = plural(least == most ? most : 2, "positional argument");
    return wrong(event, fmt::format("takes {} {} but {} {} given", accepted, noun, given, were(given)));
}

const parameter* find_parameter(const parameter_list& parameters, std::string_view name) noexcept {
    for (const auto& one : parameters) {
        const bool by_name = one.kind != rest && one.kind != extra && one.name == name;
        if (one.kind != none && (by_name || (!one.other.empty() && one.other == name))) { return &one; }
    }
    return nullptr;
}

std::optional<failure> bind_names(std::string_view event, const parameter_list& parameters, const value& kwargs,
                                  bound_arguments& bound) {
    for (std::size_t at = 0; at < kwargs.items.size(); at += 2) {
        const auto& name = kwargs.items[at].text;
        const auto* const one = find_parameter(parameters, name);
        if (one == nullptr) { return wrong(event, fmt::format("got an unexpected keyword argument '{}'", name)); }
        const auto place = static_cast<std::size_t>(one - parameters.data());
        const bool taken = bound.given[place] != nullptr || (one->kind == rest && !bound.rest.empty());
        if (taken) { return wrong(event, fmt::format("got multiple values for argument '{}'", name)); }
        bound.given[place] = &kwargs.items[at + 1];
    }
    return std::nullopt;
}

std::optional<failure> check_complete(std::string_view event, const parameter_list& parameters,
                                      const bound_arguments& bound) {
    const auto by_place = positional_count(parameters);
    std::vector<std::string_view> positional;
    std::vector<std::string_view> named;
    for (std::size_t at = 0; at < parameters.size(); ++at) {
        if (!must_be_given(parameters[at]) || bound.given[at] != nullptr) { continue; }
        (at < by_place ? positional : named).push_back(parameters[at].name);
    }
    if (positional.empty() && named.empty()) { return std::nullopt; }
    const auto& missing = positional.empty() ? named : positional;
    const auto noun = plural(missing.size(), positional.empty() ? "keyword-only argument" : "positional argument");
    return wrong(event, fmt::format("missing {} required {}: {}", missing.size(), noun, listed(missing)));
}

std::string described(const parameter& one) {
    auto names = one.other.empty() ? std::string(one.name) : fmt::format("{}|{}", one.name, one.other);
    switch (one.kind) {
        case preset: return fmt::format("{}={}", names, one.said);
        case maybe:
        case option:
        case if_null:
        case free: return names + "=None";
        case flag: return names + "=False";
        case rest:
        case extra: return "*" + names;
        case texts: return names + ", *args";
        default: return names;
    }
}

}  // namespace

bool bound_arguments::is_true(std::size_t place) const noexcept {
    return given[place] != nullptr && is_truthy(*given[place]);
}

std::variant<bound_arguments, failure> bind(std::string_view event, const parameter_list& parameters, const value& args,
                                            const value& kwargs) {
    if (!args.is(value_kind::array) || !kwargs.is(value_kind::object)) {
        return wrong(event, "takes a list of arguments and an object of those with names");
    }
    bound_arguments bound;
    const auto by_place = positional_count(parameters);
    const std::span<const value> given(args.items);
    if (given.size() > by_place) {
        if (!takes_rest(parameters)) { return too_many(event, parameters, given.size()); }
        bound.rest = given.subspan(by_place);
    }
    for (std::size_t at = 0; at < std::min(by_place, given.size()); ++at) { bound.given[at] = &given[at]; }
    if (auto failed = bind_names(event, parameters, kwargs, bound)) { return *std::move(failed); }
    if (auto failed = check_complete(event, parameters, bound)) { return *std::move(failed); }
    return bound;
}

std::string signature_of(const parameter_list& parameters) {
    std::string text;
    for (const auto& one : parameters) {
        if (one.kind == none) { break; }
        if (!text.empty()) { text += ", "; }
        text += described(one);
    }
    return text;
}

}  // namespace coppice::znsocket
