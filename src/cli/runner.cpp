#include <cli/runner.hpp>

#include <charconv>
#include <filesystem>

#include <coppice/base/limits.hpp>

namespace coppice::cli {
namespace {

constexpr std::string_view url_forms =
    "; accepted are coppice://[user[:password]@]host[:port][/branch], redis://...[/db], or a folder";

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            out += text[at];
            continue;
        }
        unsigned byte = 0;
        if (at + 2 >= text.size()) { return std::nullopt; }
        const auto* end = text.data() + at + 3;
        if (std::from_chars(text.data() + at + 1, end, byte, 16).ptr != end) { return std::nullopt; }
        out += static_cast<char>(byte);
        at += 2;
    }
    return out;
}

template <class Number>
std::optional<Number> number_in(std::string_view text, Number most) {
    Number number{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size() || number > most) { return std::nullopt; }
    return number;
}

}  // namespace

std::string store_location::label() const {
    if (is == kind::folder) {
        std::error_code failed;
        auto path = std::filesystem::weakly_canonical(folder, failed);
        return failed ? folder : path.string();
    }
    const bool is_v6 = host.find(':') != std::string::npos;
    return (is_v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

result<store_location> parse_location(std::string_view text) {
    store_location found;
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) {
        if (text.empty()) { return error{errc::invalid, "--store is empty" + std::string(url_forms)}; }
        found.folder = text;
        return found;
    }
    const auto scheme = text.substr(0, scheme_end);
    const auto refused = [&](std::string_view what) {
        return error{errc::invalid, std::string(what) + std::string(url_forms)};
    };
    if (scheme == "coppices" || scheme == "rediss") {
        return error{errc::unsupported, "TLS is not spoken by this program; use a local port or a tunnel"};
    }
    if (scheme != "coppice" && scheme != "redis") { return refused("'" + std::string(scheme) + "://' is not known"); }
    found.is = store_location::kind::server;
    found.is_redis = scheme == "redis";
    if (found.is_redis) { found.port = 6379; }

    auto rest = text.substr(scheme_end + 3);
    const auto path_at = rest.find('/');
    auto path = path_at == std::string_view::npos ? std::string_view() : rest.substr(path_at + 1);
    auto authority = rest.substr(0, path_at);
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        const auto login = authority.substr(0, at);
        authority.remove_prefix(at + 1);
        const auto colon = login.find(':');
        auto user = percent_decoded(login.substr(0, colon));
        auto password = percent_decoded(colon == std::string_view::npos ? std::string_view() : login.substr(colon + 1));
        if (!user || !password) { return refused("a % in the user or password is written %25"); }
        found.user = std::move(*user);
        found.password = std::move(*password);
    }
    std::string_view port;
    if (authority.starts_with('[')) {  // [::1]:5000
        const auto close = authority.find(']');
        if (close == std::string_view::npos) { return refused("a [ without ] in the host"); }
        found.host = authority.substr(1, close - 1);
        port = authority.substr(close + 1);
    } else {
        const auto colon = authority.find(':');
        if (colon != 0 && !authority.empty()) { found.host = authority.substr(0, colon); }
        port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
    }
    if (!port.empty()) {
        const auto number = port.front() == ':' ? number_in<std::uint16_t>(port.substr(1), 65535) : std::nullopt;
        if (!number || *number == 0) { return refused("'" + std::string(port) + "' is no port"); }
        found.port = *number;
    }
    if (path.empty()) { return found; }
    if (found.is_redis) {
        const auto key_space = number_in<unsigned>(path, limits::key_spaces - 1);
        if (!key_space) { return refused("'/" + std::string(path) + "' is no key space from 0 to 15"); }
        found.key_space = key_space;
    } else {
        auto branch = percent_decoded(path);
        if (!branch) { return refused("a % in the branch is written %25"); }
        found.branch = std::move(*branch);
    }
    return found;
}

result<std::unique_ptr<command_runner>> open_runner(const store_location& location) {
    return location.is == store_location::kind::server ? connect_runner(location) : open_folder_runner(location);
}

error error_of_reply(std::string_view text) {
    const auto space = text.find(' ');
    const auto prefix = text.substr(0, space);
    for (auto number = static_cast<unsigned>(errc::io); number <= static_cast<unsigned>(errc::closed); ++number) {
        const auto& row = row_of(static_cast<errc>(number));
        if (row.resp_prefix == prefix && prefix != "ERR") {
            return {row.code, std::string(space == std::string_view::npos ? text : text.substr(space + 1))};
        }
    }
    const bool is_plain = prefix == "ERR" && space != std::string_view::npos;
    return {errc::invalid, std::string(is_plain ? text.substr(space + 1) : text)};
}

result<reply_value> checked(result<reply_value> reply) {
    if (reply && reply->is_error()) { return error_of_reply(reply->text); }
    return reply;
}

}  // namespace coppice::cli
