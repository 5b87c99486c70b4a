// What commands ask of the server: the half of command_service that is about clients and settings.
#include <fmt/format.h>
#include <spdlog/logger.h>

#include "server/command_service.hpp"
#include "server/host.hpp"

namespace coppice::server {
namespace {

constexpr std::chrono::seconds refusal_interval{10};  // between two lines of the log about wrong passwords

}  // namespace

connection_figures command_service::connection_of(const command_session& session) const {
    const auto& who = client_of(session);
    const auto numbers = who.numbers();
    connection_figures figures;
    figures.addr = who.address();
    figures.laddr = who.local_address();
    figures.fd = who.descriptor();
    figures.age = numbers.age.count();
    figures.idle = numbers.idle.count();
    figures.qbuf = numbers.qbuf;
    figures.qbuf_free = numbers.qbuf_free;
    figures.argv_mem = numbers.argv_mem;
    figures.rbs = numbers.rbs;
    figures.obl = numbers.obl;
    figures.omem = numbers.omem;
    figures.tot_mem = numbers.tot_mem;
    figures.events = numbers.events;
    return figures;
}

void command_service::kill(command_session& session) {
    session.closing = true;
    client_of(session).kill("CLIENT KILL");
}

void command_service::set_protocol(command_session& session, int version) {
    session.protocol = version;
    client_of(session).set_protocol(version);
}

void command_service::mute(command_session& session, bool on) { client_of(session).mute(on); }

reply_sink* command_service::push(command_session& session, std::size_t size) { return &client_of(session).push(size); }

void command_service::authentication_changed(command_session& session) {
    client_of(session).set_authenticated(session.authenticated);
}

// Who tries many passwords does not fill the log.
void command_service::login_refused(command_session& session) {
    ++logins_refused_;
    const auto at = clock.elapsed();
    if (at - refusal_told_ < refusal_interval) { return; }
    log_.warn("client {} from {}: wrong user or password; {} since this was last said", session.id,
              client_of(session).address(), logins_refused_);
    logins_refused_ = 0;
    refusal_told_ = at;
}

std::vector<std::pair<std::string, std::string>> command_service::settings_matching(
    std::span<const std::string_view> patterns) const {
    std::vector<std::pair<std::string, std::string>> found;
    for (auto& [name, value] : settings_.matching(patterns)) { found.emplace_back(name, std::move(value)); }
    return found;
}

status command_service::change_settings(std::span<const name_and_value> wanted) { return settings_.change(wanted); }

std::string command_service::password() const { return settings_.text(setting::requirepass); }

void command_service::describe(std::string_view section, info_text& text) {
    if (server_ == nullptr) { return; }
    const auto& sums = server_->sums();
    if (section == "server") {
        text.line("tcp_port", server_->port());
        text.line("data_folder", settings_.text(setting::dir));
    } else if (section == "clients") {
        text.line("maxclients", static_cast<std::uint64_t>(settings_.number(setting::maxclients)));
    } else if (section == "memory") {
        text.line("maxmemory", static_cast<std::uint64_t>(settings_.number(setting::maxmemory)));
    } else if (section == "stats") {
        text.line("total_connections_received", sums.connections);
        text.line("rejected_connections", sums.rejected);
        text.line("total_net_input_bytes", sums.bytes_read);
        text.line("total_net_output_bytes", sums.bytes_written);
        text.line("client_output_buffer_limit_disconnections", sums.output_limit_disconnections);
        text.line("turns", sums.turns);
    }
}

void command_service::reset_stats() {
    command_host::reset_stats();
    operations_seen_ = 0;
}

status command_service::shut_down(bool final_checkpoint) {
    final_checkpoint_ = final_checkpoint;
    close_running();
    server_->stop();
    return {};
}

}  // namespace coppice::server
