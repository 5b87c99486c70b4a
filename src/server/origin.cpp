#include "server/origin.hpp"

#include <algorithm>

#include "command/parse.hpp"

namespace coppice::server {
namespace {

constexpr std::string_view any = "*";
constexpr std::string_view scheme_end = "://";

// "localhost:3000", "127.0.0.1", "[::1]:8080"; not "127.0.0.1.example".
bool is_this_machine(std::string_view host) {
    const bool in_brackets = host.starts_with('[');
    const auto end = in_brackets ? host.find(']') + 1 : host.find(':');
    const auto name = host.substr(0, end);
    const auto is_numeric = [](std::string_view text) {
        return text.find_first_not_of("0123456789.") == std::string_view::npos;
    };
    return name == "localhost" || name == "[::1]" || name.starts_with("[::ffff:127.")
           || (name.starts_with("127.") && is_numeric(name));
}

// Calls `look` with each word until it returns true, and says whether it did.
template <class Look>
bool any_word(std::string_view words, Look&& look) {
    while (true) {
        words.remove_prefix(std::min(words.find_first_not_of(' '), words.size()));
        if (words.empty()) { return false; }
        const auto word = words.substr(0, words.find(' '));
        if (look(word)) { return true; }
        words.remove_prefix(word.size());
    }
}

}  // namespace

bool is_allowed_origin(std::string_view origin, std::string_view host, std::string_view address,
                       std::string_view allowed) {
    if (origin.empty()) { return true; }
    const auto wanted = lower_case(origin);
    if (any_word(allowed, [&wanted](auto word) { return word == any || lower_case(word) == wanted; })) { return true; }
    const auto scheme = wanted.find(scheme_end);
    if (scheme == std::string::npos) { return false; }  // "null": a file, a sandbox
    const auto of_page = std::string_view(wanted).substr(scheme + scheme_end.size());
    if (is_this_machine(address)) { return is_this_machine(of_page); }
    return of_page == lower_case(host);
}

std::string_view origins_refuses(std::string_view text) {
    const bool wrong = any_word(text, [](std::string_view word) {
        if (word == any || word == "null") { return false; }
        const auto scheme = word.find(scheme_end);
        return scheme == 0 || scheme == std::string_view::npos || word.size() == scheme + scheme_end.size()
               || word.find('/', scheme + scheme_end.size()) != std::string_view::npos;
    });
    return wrong
               ? "expected origins as browsers send them, with spaces between them (https://viewer.example:8443), or *"
               : std::string_view{};
}

}  // namespace coppice::server
