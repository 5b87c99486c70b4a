#include "command/session.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <command/parse.hpp>

namespace coppice {

void command_queue::add(const command& row, arguments given) {
    const auto bytes = bytes_.size();
    const auto words = ends_of_words_.size();
    try {
        for (const auto word : given) {
            bytes_ += word;
            ends_of_words_.push_back(bytes_.size());
        }
        ends_of_commands_.push_back(ends_of_words_.size());
        rows_.push_back(&row);
    } catch (...) {
        bytes_.resize(bytes);
        ends_of_words_.resize(words);
        ends_of_commands_.resize(rows_.size());
        throw;
    }
}

std::size_t command_queue::bytes_of(arguments given) noexcept {
    std::size_t bytes = bytes_per_command;
    for (const auto word : given) { bytes += word.size() + sizeof(std::size_t); }
    return bytes;
}

void command_queue::clear() noexcept {
    constexpr std::size_t kept_bytes = 64 * 1024;  // for the next MULTI; more is given back
    if (bytes() > kept_bytes) {
        *this = command_queue();
        return;
    }
    rows_.clear();
    ends_of_words_.clear();
    ends_of_commands_.clear();
    bytes_.clear();
}

void command_queue::words_of(std::size_t index, std::vector<std::string_view>& words) const {
    words.clear();
    const std::size_t first = index == 0 ? 0 : ends_of_commands_[index - 1];
    for (std::size_t at = first; at < ends_of_commands_[index]; ++at) {
        const std::size_t from = at == 0 ? 0 : ends_of_words_[at - 1];
        words.push_back(std::string_view(bytes_).substr(from, ends_of_words_[at] - from));
    }
}

command_session::command_session(command_host& of, std::uint64_t number, branch_handle on)
    : host(of), id(number), created(of.clock.elapsed()), branch(std::move(on)) {
    host.sessions_.push_back(this);
}

command_session::~command_session() {
    host.watches.unwatch(*this);
    std::erase(host.sessions_, this);
}

void command_session::end_multi() noexcept {
    in_multi = false;
    multi_failed = false;
    multi_adds = false;
    touched = false;
    queue.clear();
    host.watches.unwatch(*this);
}

void command_session::reset(branch_handle main) {
    end_multi();
    participant.reset();
    name.clear();
    user = "default";
    branch = std::move(main);
    database = 0;
    no_evict = false;
    no_touch = false;
    reply_mode = replies::on;
    host.set_protocol(*this, 2);
    authenticated = host.password().empty();
    host.authentication_changed(*this);
}

void info_text::section(std::string_view title) {
    text_ += fmt::format("{}# {}\r\n", text_.empty() ? "" : "\r\n", title);
}
void info_text::line(std::string_view name, std::string_view value) { text_ += fmt::format("{}:{}\r\n", name, value); }
void info_text::line(std::string_view name, std::uint64_t value) { text_ += fmt::format("{}:{}\r\n", name, value); }

command_host::command_host(engine& of)
    : store(of),
      clock(of.clock()),
      scans(of.clock()),
      random(random_seed()),
      started(of.clock().now() / 1000),
      last_save(of.clock().now()) {
    stats.rows.resize(all_commands().size());
}

void command_host::each_session(function_ref<void(command_session&)> seen) {
    const auto sessions = sessions_;  // `seen` may end some
    for (auto* session : sessions) { seen(*session); }
}

connection_figures command_host::connection_of(const command_session& session) const {
    connection_figures figures;
    figures.age = std::chrono::duration_cast<std::chrono::seconds>(clock.elapsed() - session.created).count();
    return figures;
}

std::vector<std::pair<std::string, std::string>> command_host::settings_matching(
    std::span<const std::string_view> patterns) const {
    std::vector<std::pair<std::string, std::string>> found;
    for (const auto pattern : patterns) {
        if (matches_glob(lower_case(pattern), "databases")) { found.emplace_back("databases", "16"); }
    }
    return found;
}

status command_host::change_settings(std::span<const name_and_value> wanted) {
    return error{errc::invalid, fmt::format("Unknown option or number of arguments for CONFIG SET - '{}'",
                                            wanted.empty() ? std::string_view() : wanted.front().first)};
}

void command_host::describe(std::string_view, info_text&) {}

void command_host::reset_stats() {
    command_stats none;
    none.rows.resize(stats.rows.size());
    stats = std::move(none);
    commit_times.clear();
}

status command_host::save(command_context& context) {
    if (const auto saved = store.checkpoint(); !saved) { return saved; }
    context.reply.status("OK");
    return {};
}

status command_host::shut_down(bool) { return error{errc::unsupported, "there is no server to shut down"}; }

}  // namespace coppice
