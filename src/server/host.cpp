#include "server/host.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string_view>
#include <utility>

#include <spdlog/logger.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <coppice/base/priority.hpp>

namespace coppice::server {
namespace {

constexpr std::chrono::milliseconds stop_patience{1000};
constexpr rlim_t descriptors_of_our_own = 1024;  // the store's files, listeners, the loop

constexpr std::string_view too_many = "-ERR max number of clients reached\r\n";
constexpr std::string_view denied =
    "-DENIED Coppice is running in protected mode because protected mode is enabled and no password is set for the "
    "default user. In this mode connections are only accepted from the loopback interface. If you want to connect from "
    "external computers to Coppice you may adopt one of the following solutions: 1) Set a password: 'requirepass' in "
    "the configuration file, or CONFIG SET requirepass from the loopback interface. 2) Disable protected mode sending "
    "the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Coppice from the same "
    "host "
    "the server is running, however MAKE SURE Coppice is not publicly accessible from internet if you do so. 3) Set "
    "the "
    "protected-mode option to 'no' in the configuration file or on the command line, and then restart the server. "
    "NOTE: You only need to do one of the above things in order for the server to start accepting connections from the "
    "outside.\r\n";

// The socket is new, so its buffer has room; if not, the peer sees an end without a reason.
void refuse(int descriptor, std::string_view why) noexcept {
    static_cast<void>(::send(descriptor, why.data(), why.size(), MSG_NOSIGNAL));
    ::close(descriptor);
}

// The usual limit of 1024 is far below maxclients; a process may raise it up to the system's hard limit.
void raise_descriptor_limit(rlim_t clients, spdlog::logger& log) {
    const rlim_t wanted = clients + descriptors_of_our_own;
    rlimit allowed{};
    if (::getrlimit(RLIMIT_NOFILE, &allowed) != 0 || allowed.rlim_cur >= wanted) { return; }
    allowed.rlim_cur = std::min(wanted, allowed.rlim_max);
    static_cast<void>(::setrlimit(RLIMIT_NOFILE, &allowed));
    if (allowed.rlim_cur < wanted) {
        log.warn("the system allows {} descriptors; maxclients {} would need {}", allowed.rlim_cur, clients, wanted);
    }
}

}  // namespace

host::host(loop& events, service& commands, settings& given, spdlog::logger& log, const clock_source& clock)
    : loop_(events),
      settings_(given),
      log_(log),
      workers_(std::make_unique<worker_pool>(static_cast<unsigned>(given.number(setting::worker_threads)))),
      turn_(std::make_unique<turn>(events, commands, given, clock, log, *workers_)),
      listener_(events, log, [this](accepted from, bool near) { accept(std::move(from), near); }),
      cron_(events.every(std::chrono::seconds(1), [this] { turn_->second_passed(); })) {
    loop_.on_turn_end([this] {
        turn_->end();
        if (stopping_ && !turn_->has_unsent()) { finish_stop(); }
    });
}

host::~host() {
    loop_.cancel(cron_);
    loop_.cancel(last_call_);
    loop_.on_turn_end([] {});
    turn_->end_all("the server stops");  // tells workers to stop before they are waited for
    workers_.reset();
}

status host::listen() {
    raise_descriptor_limit(static_cast<rlim_t>(settings_.number(setting::maxclients)), log_);
    return listener_.listen_at(settings_.text(setting::bind),
                               static_cast<std::uint16_t>(settings_.number(setting::port)),
                               static_cast<int>(settings_.number(setting::tcp_backlog)));
}

void host::handle_signals() {
    for (const int number : {SIGTERM, SIGINT}) {
        loop_.on_signal(number, [this, number] {
            log_.info("signal {}: stopping", number);
            stop();
        });
    }
    loop_.on_signal(SIGHUP, [] {});
    loop_.on_signal(SIGPIPE, [] {});
}

void host::run() {
    shorten_thread_turns();
    loop_.run();
}

void host::stop() {
    if (!stop_asked_.exchange(true)) {
        loop_.post([this] { begin_stop(); });
    }
}

void host::begin_stop() {
    listener_.close();
    stopping_ = true;
    turn_->stop_reading();
    last_call_ = loop_.after(stop_patience, [this] { finish_stop(); });
}

void host::finish_stop() {
    turn_->end_all("the server stops");
    loop_.stop();
}

void host::accept(accepted from, bool from_this_machine) {
    if (turn_->size() >= static_cast<std::size_t>(settings_.number(setting::maxclients))) {
        ++turn_->sums.rejected;
        return refuse(from.descriptor, too_many);
    }
    if (!from_this_machine && settings_.on(setting::protected_mode) && settings_.text(setting::requirepass).empty()) {
        ++turn_->sums.rejected;
        log_.warn("{} was refused: protected mode", from.address);
        return refuse(from.descriptor, denied);
    }
    set_keepalive(from.descriptor, settings_.number(setting::tcp_keepalive));
    turn_->add(std::move(from));
}

}  // namespace coppice::server
