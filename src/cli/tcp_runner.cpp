#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <cli/runner.hpp>

namespace coppice::cli {
namespace {

constexpr int connect_wait_milliseconds = 5'000;

void append_command(std::string& out, std::span<const std::string_view> words) {
    out += '*' + std::to_string(words.size()) + "\r\n";
    for (const auto word : words) {
        out += '$' + std::to_string(word.size()) + "\r\n";
        out += word;
        out += "\r\n";
    }
}

// One connection. Commands are written while replies are read, so neither side ever waits for the other to read.
class tcp_runner final : public command_runner {
public:
    tcp_runner(int socket, std::string label) : socket_(socket), label_(std::move(label)) {}
    ~tcp_runner() override { ::close(socket_); }
    tcp_runner(const tcp_runner&) = delete;
    tcp_runner& operator=(const tcp_runner&) = delete;

    result<reply_value> run(std::span<const std::string_view> command) override {
        to_send_.clear();
        append_command(to_send_, command);
        auto replies = exchange(1);
        if (!replies) { return replies.error(); }
        return std::move(replies->front());
    }
    result<std::vector<reply_value>> run_many(const command_batch& commands) override {
        to_send_.clear();
        for (std::size_t index = 0; index < commands.size(); ++index) {
            append_command(to_send_, commands.command(index));
        }
        return exchange(commands.size());
    }

private:
    result<std::vector<reply_value>> exchange(std::size_t count) {
        std::vector<reply_value> replies;
        replies.reserve(count);
        std::string_view unsent = to_send_;
        while (replies.size() < count) {
            pollfd ready{socket_, static_cast<short>(unsent.empty() ? POLLIN : POLLIN | POLLOUT), 0};
            if (::poll(&ready, 1, -1) < 0) {
                if (errno == EINTR) { continue; }
                return lost(errno);
            }
            if ((ready.revents & POLLOUT) != 0) {
                const auto sent = ::send(socket_, unsent.data(), unsent.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
                if (sent < 0 && errno != EAGAIN && errno != EINTR) { return lost(errno); }
                if (sent > 0) { unsent.remove_prefix(static_cast<std::size_t>(sent)); }
            }
            if ((ready.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
                if (auto received = receive(replies); !received) { return received.error(); }
            }
        }
        if (replies.size() > count || !pending_.empty() || parser_.in_reply()) {
            return error{errc::corrupt, label_ + " answered more than it was asked"};
        }
        return replies;
    }
    status receive(std::vector<reply_value>& replies) {
        char buffer[64 * 1024];
        const auto got = ::recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT);
        if (got < 0) {
            if (errno == EAGAIN || errno == EINTR) { return {}; }
            return lost(errno);
        }
        if (got == 0) { return error{errc::closed, label_ + " closed the connection"}; }
        pending_ = std::string_view(buffer, static_cast<std::size_t>(got));
        while (!pending_.empty()) {
            switch (parser_.feed(pending_)) {
                case wire::reply_outcome::more: break;
                case wire::reply_outcome::failed:
                    return error{errc::corrupt, label_ + " does not speak the Redis protocol: " + parser_.error()};
                case wire::reply_outcome::reply: {
                    auto reply = parser_.take();
                    if (reply.kind != reply_kind::push) { replies.push_back(std::move(reply)); }
                }
            }
        }
        pending_ = {};
        return {};
    }
    error lost(int number) const {
        const bool ended = number == EPIPE || number == ECONNRESET;  // the peer closed while something was on its way
        return {ended ? errc::closed : errc::io, "the connection to " + label_
                              + " broke: " + std::error_code(number, std::generic_category()).message()};
    }

    int socket_;
    std::string label_;
    std::string to_send_;
    std::string_view pending_;
    wire::resp_reply_parser parser_;
};

// A connected socket, or why the last address refused. -1 and errno.
int connect_to(const addrinfo& address) {
    const int made = ::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0) { return -1; }
    int failed = 0;
    if (::connect(made, address.ai_addr, address.ai_addrlen) != 0) {
        failed = errno;
        if (failed == EINPROGRESS) {
            pollfd ready{made, POLLOUT, 0};
            socklen_t length = sizeof failed;
            if (::poll(&ready, 1, connect_wait_milliseconds) <= 0) {
                failed = ETIMEDOUT;
            } else if (::getsockopt(made, SOL_SOCKET, SO_ERROR, &failed, &length) != 0) {
                failed = errno;
            }
        }
    }
    if (failed != 0) {
        ::close(made);
        errno = failed;
        return -1;
    }
    const int yes = 1;
    static_cast<void>(::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes));
    return made;
}

// Logs in and asks for RESP3; a server that does not know HELLO is spoken to in RESP2.
status greet(command_runner& runner, const store_location& location) {
    std::vector<std::string_view> hello = {"HELLO", "3"};
    const std::string_view user = location.user.empty() ? std::string_view("default") : location.user;
    const bool logs_in = !location.password.empty() || !location.user.empty();
    if (logs_in) { hello.insert(hello.end(), {"AUTH", user, location.password}); }
    auto reply = runner.run(hello);
    if (!reply) { return reply.error(); }
    if (reply->is_error()) {
        const std::string_view text = reply->text;
        if (!text.starts_with("ERR unknown command") && !text.starts_with("NOPROTO")) {
            auto refusal = error_of_reply(text);
            if (text.starts_with("NOAUTH") || text.starts_with("WRONGPASS")) {
                refusal.code = errc::unauthorised;
                refusal.context += "; log in with coppice://user:password@" + location.label();
            }
            return refusal;
        }
        if (logs_in) {
            auto login = checked(runner.run({"AUTH", user, location.password}));
            if (!login) { return login.error(); }
        }
    }
    if (location.key_space.value_or(0) != 0) {
        auto selected = checked(runner.run({"SELECT", std::to_string(*location.key_space)}));
        if (!selected) { return selected.error(); }
    }
    return {};
}

}  // namespace

result<std::unique_ptr<command_runner>> connect_runner(const store_location& location) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const auto port = std::to_string(location.port);
    if (const int failed = ::getaddrinfo(location.host.c_str(), port.c_str(), &wanted, &found); failed != 0) {
        return error{errc::not_found, "no address for the host '" + location.host + "': " + ::gai_strerror(failed)};
    }
    int socket = -1;
    for (const auto* address = found; address != nullptr && socket < 0; address = address->ai_next) {
        socket = connect_to(*address);
    }
    const int why = errno;
    ::freeaddrinfo(found);
    if (socket < 0) {
        return error{errc::io, "nothing answers at " + location.label() + " ("
                                   + std::error_code(why, std::generic_category()).message() + "); is `coppice serve"
                                   + (location.port == 5000 ? "" : " --port " + port) + "` running there?"};
    }
    std::unique_ptr<command_runner> runner = std::make_unique<tcp_runner>(socket, location.label());
    if (auto greeted = greet(*runner, location); !greeted) { return greeted.error(); }
    return runner;
}

}  // namespace coppice::cli
