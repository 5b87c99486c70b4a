#include "server/settings.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "command/command.hpp"
#include "command/parse.hpp"
#include "wire/resp_request.hpp"

namespace coppice::server {
namespace {

std::optional<std::int64_t> number_in(std::string_view text) {
    std::int64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size()) { return std::nullopt; }
    return number;
}

error invalid(std::string context) { return {errc::invalid, std::move(context)}; }

}  // namespace

result<std::int64_t> memory_size(std::string_view text) {
    const auto unit_at = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto unit = lower_case(text.substr(unit_at));
    constexpr std::int64_t kilo = 1000;
    constexpr std::int64_t kibi = 1024;
    std::int64_t factor = 0;
    if (unit.empty() || unit == "b") { factor = 1; }
    if (unit == "k") { factor = kilo; }
    if (unit == "kb") { factor = kibi; }
    if (unit == "m") { factor = kilo * kilo; }
    if (unit == "mb") { factor = kibi * kibi; }
    if (unit == "g") { factor = kilo * kilo * kilo; }
    if (unit == "gb") { factor = kibi * kibi * kibi; }
    const auto number = number_in(text.substr(0, unit_at));
    if (factor == 0 || !number || *number > std::numeric_limits<std::int64_t>::max() / factor) {
        return invalid("argument must be a memory value");
    }
    return *number * factor;
}

settings::settings() {
    for (const auto& row : setting_table()) {
        values_[static_cast<std::size_t>(row.which)] = std::move(parse(row, row.preset).value());
    }
}

result<settings::held> settings::parse(const setting_row& row, std::string_view given) {
    held read{std::string(given), 0};
    const auto within = [&row](std::int64_t number) { return row.least <= number && number <= row.most; };
    const auto between = [&row] {
        return invalid(fmt::format("argument must be between {} and {} inclusive", row.least, row.most));
    };
    switch (row.kind) {
        case setting_kind::text:
            if (row.refuses != nullptr) {
                if (const auto wrong = row.refuses(given); !wrong.empty()) { return invalid(std::string(wrong)); }
            }
            return read;
        case setting_kind::number: {
            const auto number = number_in(given);
            if (!number) { return invalid("argument couldn't be parsed into an integer"); }
            if (!within(*number)) { return between(); }
            read.number = *number;
            break;
        }
        case setting_kind::bytes: {
            const auto size = memory_size(given);
            if (!size) { return size.error(); }
            if (!within(*size)) { return between(); }
            read.number = *size;
            break;
        }
        case setting_kind::yes_no: {
            read.text = lower_case(given);
            if (read.text != "yes" && read.text != "no") { return invalid("argument must be 'yes' or 'no'"); }
            read.number = read.text == "yes";
            return read;
        }
        case setting_kind::choice: {
            read.text = lower_case(given);
            std::int64_t number = 0;
            for (auto rest = row.choices; !rest.empty(); ++number) {
                const auto end = std::min(rest.find(", "), rest.size());
                if (rest.substr(0, end) == read.text) {
                    read.number = number;
                    return read;
                }
                rest.remove_prefix(std::min(end + 2, rest.size()));
            }
            return invalid(fmt::format("argument(s) must be one of the following: {}", row.choices));
        }
    }
    read.text = std::to_string(read.number);
    return read;
}

status settings::set(std::string_view name, std::string_view value) {
    const auto* const row = find_setting(name);
    if (row == nullptr) { return invalid(fmt::format("there is no setting '{}'", name)); }
    auto read = parse(*row, value);
    if (!read) { return invalid(fmt::format("{}: {}", row->name, read.error().context)); }
    values_[static_cast<std::size_t>(row->which)] = std::move(*read);
    return {};
}

status settings::read_file(const std::string& path) {
    std::ifstream file(path);
    if (!file) { return error{errc::io, fmt::format("{}: cannot be read", path)}; }
    std::size_t number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        const auto first = line.find_first_not_of(" \t\r");
        if (first == std::string::npos || line[first] == '#') { continue; }
        // An inline command has just these quoting rules.
        line.erase(0, first);
        line += '\n';
        wire::resp_request_parser parser;
        wire::request_batch batch;
        if (line.front() == '*' || parser.next(line, {}, batch) != wire::parse_outcome::whole) {
            return invalid(fmt::format("{}:{}: quotes are not closed", path, number));
        }
        const auto words = batch.requests().front();
        // "bind a b" and "save 900 1" have several values.
        std::string value;
        for (const auto word : words.subspan(1)) {
            value += value.empty() ? std::string(word) : " " + std::string(word);
        }
        if (words.size() == 1) { return invalid(fmt::format("{}:{}: {} has no value", path, number, words[0])); }
        if (const auto done = set(words[0], value); !done) {
            return invalid(fmt::format("{}:{}: {}", path, number, done.error().context));
        }
    }
    return {};
}

status settings::change(std::span<const name_and_value> wanted) {
    const auto failed = [](std::string_view name, std::string_view why) {
        return invalid(fmt::format("CONFIG SET failed (possibly related to argument '{}') - {}", name, why));
    };
    std::vector<std::pair<setting, held>> changes;
    for (const auto& [name, given] : wanted) {
        if (find_setting(name) == nullptr) {
            return invalid(fmt::format("Unknown option or number of arguments for CONFIG SET - '{}'", name));
        }
    }
    for (const auto& [name, given] : wanted) {
        const auto& row = *find_setting(name);
        if (!row.while_running) { return failed(name, "can't set immutable config"); }
        const auto same = [&row](const auto& change) { return change.first == row.which; };
        if (std::any_of(changes.begin(), changes.end(), same)) { return failed(name, "duplicate parameter"); }
        auto read = parse(row, given);
        if (!read) { return failed(name, read.error().context); }
        changes.emplace_back(row.which, std::move(*read));
    }
    const auto exchange_all = [&] {
        for (auto& [which, other] : changes) { std::swap(values_[static_cast<std::size_t>(which)], other); }
    };
    exchange_all();
    for (const auto& [which, before] : changes) {
        for (const auto& [watched, observe] : observers_) {
            if (watched != which) { continue; }
            if (const auto done = observe(*this); !done) {
                exchange_all();
                return failed(row_of(which).name, done.error().context);
            }
        }
    }
    return {};
}

std::vector<std::pair<std::string_view, std::string>> settings::matching(
    std::span<const std::string_view> patterns) const {
    std::vector<std::pair<std::string_view, std::string>> found;
    for (const auto& row : setting_table()) {
        const auto fits = [&row](std::string_view pattern) { return matches_glob(lower_case(pattern), row.name); };
        if (std::any_of(patterns.begin(), patterns.end(), fits)) { found.emplace_back(row.name, text(row.which)); }
    }
    return found;
}

void settings::on_change(setting which, std::function<status(const settings&)> f) {
    observers_.emplace_back(which, std::move(f));
}

}  // namespace coppice::server
