// Asks a server for random keys at a fixed rate, whatever it answers: an open loop.
//
// A closed loop waits for each answer before it asks again, so a server that stands still for a second is asked
// once in that second, and the pause counts once. Here request n is due at start + n / rate; its latency counts from
// then on, sent late or not.
//
// Usage: open_loop --port N [--rate 5000] [--seconds 5] [--keys 1000000] [--clients 10] [--small]
// GETs `key:<12 digits>`; each answer must be `value:<the same 10 last digits>`. A line of JSON says latencies in
// microseconds. Without a port (so ctest calls it) it answers itself, on a thread.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <coppice/base/priority.hpp>

namespace {

using steady = std::chrono::steady_clock;
using std::chrono::nanoseconds;

struct wishes {
    unsigned port = 0;
    double rate = 5000;
    double seconds = 5;
    std::uint64_t keys = 1'000'000;
    unsigned clients = 10;
};

[[noreturn]] void die(const char* what) {
    std::fprintf(stderr, "open_loop: %s\n", what);
    std::exit(1);
}

struct asked {
    nanoseconds due;  // since the start
    std::uint64_t key;
};

struct client {
    int descriptor = -1;
    std::deque<asked> open;
    std::string unread;
};

std::uint64_t next_random(std::uint64_t& state) noexcept {  // splitmix64
    std::uint64_t z = state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

int connected_to(unsigned port) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) { die("cannot connect"); }
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return descriptor;
}

class load {
public:
    explicit load(const wishes& given) : given_(given), clients_(given.clients), polled_(given.clients) {
        for (std::size_t i = 0; i < clients_.size(); ++i) {
            clients_[i].descriptor = connected_to(given.port);
            polled_[i] = {clients_[i].descriptor, POLLIN, 0};
        }
        latencies_.reserve(static_cast<std::size_t>(given.rate * given.seconds) + 1);
    }
    load(const load&) = delete;
    load& operator=(const load&) = delete;
    ~load() {
        for (const client& each : clients_) { ::close(each.descriptor); }
    }

    void run() {
        const auto wanted = static_cast<std::uint64_t>(given_.rate * given_.seconds);
        const double gap = 1e9 / given_.rate;
        start_ = steady::now();
        std::uint64_t sent = 0;
        while (latencies_.size() < wanted) {
            while (sent < wanted) {
                const nanoseconds due(static_cast<std::int64_t>(static_cast<double>(sent) * gap));
                if (steady::now() - start_ < due) { break; }
                ask(clients_[sent % clients_.size()], due);
                ++sent;
            }
            const nanoseconds next(static_cast<std::int64_t>(static_cast<double>(sent) * gap));
            const nanoseconds rest = sent < wanted ? next - (steady::now() - start_) : nanoseconds(1'000'000'000);
            const auto nanos = std::max<std::int64_t>(rest.count(), 0);
            const timespec wait{nanos / 1'000'000'000, nanos % 1'000'000'000};
            if (::ppoll(polled_.data(), polled_.size(), &wait, nullptr) > 0) { hear(); }
        }
    }

    void print() {
        std::sort(latencies_.begin(), latencies_.end());
        const auto at = [&](double share) {
            const auto place = static_cast<std::size_t>(share * static_cast<double>(latencies_.size()));
            return static_cast<double>(latencies_[std::min(place, latencies_.size() - 1)].count()) / 1000;
        };
        std::printf("{\"count\": %zu, \"wrong\": %zu, \"p50\": %.1f, \"p99\": %.1f, \"p999\": %.1f, \"max\": %.1f}\n",
                    latencies_.size(), wrong_, at(0.5), at(0.99), at(0.999), at(1));
    }

private:
    void ask(client& by, nanoseconds due) {
        const std::uint64_t key = next_random(random_) % given_.keys;
        char text[64];
        const int bytes = std::snprintf(text, sizeof text, "*2\r\n$3\r\nGET\r\n$16\r\nkey:%012llu\r\n",
                                        static_cast<unsigned long long>(key));
        by.open.push_back({due, key});
        if (::send(by.descriptor, text, static_cast<std::size_t>(bytes), MSG_NOSIGNAL) != bytes) { die("send failed"); }
    }

    void hear() {
        for (std::size_t i = 0; i < clients_.size(); ++i) {
            if (polled_[i].revents == 0) { continue; }
            char text[16384];
            const ssize_t bytes = ::recv(clients_[i].descriptor, text, sizeof text, MSG_DONTWAIT);
            if (bytes <= 0) { die("the server closed the connection"); }
            clients_[i].unread.append(text, static_cast<std::size_t>(bytes));
            take_answers(clients_[i]);
        }
    }

    void take_answers(client& of) {
        const auto now = std::chrono::duration_cast<nanoseconds>(steady::now() - start_);
        constexpr std::size_t answer_bytes = 5 + 16 + 2;  // $16\r\nvalue:0123456789\r\n
        std::size_t at = 0;
        while (!of.open.empty()) {
            const std::string_view rest = std::string_view(of.unread).substr(at);
            const bool right_length = rest.starts_with("$16\r\n");
            const auto line = rest.find("\r\n");
            if (line == rest.npos || (right_length && rest.size() < answer_bytes)) { break; }
            char wanted[32];
            std::snprintf(wanted, sizeof wanted, "value:%010llu", static_cast<unsigned long long>(of.open.front().key));
            wrong_ += right_length && rest.substr(5, 16) == wanted ? 0 : 1;
            at += right_length ? answer_bytes : line + 2;
            latencies_.push_back(now - of.open.front().due);
            of.open.pop_front();
        }
        of.unread.erase(0, at);
    }

    const wishes given_;
    std::vector<client> clients_;
    std::vector<pollfd> polled_;
    std::vector<nanoseconds> latencies_;
    std::size_t wrong_ = 0;
    std::uint64_t random_ = 42;
    steady::time_point start_;
};

/// A server for the generator's own test: answers every request of one connection at once.
class echo_server {
public:
    echo_server() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t bytes = sizeof at;
        if (::bind(listener_, reinterpret_cast<const sockaddr*>(&at), bytes) != 0 || ::listen(listener_, 1) != 0
            || ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &bytes) != 0) {
            die("cannot listen");
        }
        port_ = ntohs(at.sin_port);
        thread_ = std::thread([this] { answer(); });
    }
    echo_server(const echo_server&) = delete;
    echo_server& operator=(const echo_server&) = delete;
    ~echo_server() {
        thread_.join();
        ::close(listener_);
    }
    [[nodiscard]] unsigned port() const noexcept { return port_; }

private:
    void answer() const {
        constexpr std::size_t request_bytes = 36;
        const int descriptor = ::accept(listener_, nullptr, nullptr);
        std::string unread;
        char text[4096];
        for (ssize_t bytes = 0; (bytes = ::recv(descriptor, text, sizeof text, 0)) > 0;) {
            unread.append(text, static_cast<std::size_t>(bytes));
            std::string said;
            for (; unread.size() >= request_bytes; unread.erase(0, request_bytes)) {
                said += "$16\r\nvalue:" + unread.substr(request_bytes - 12, 10) + "\r\n";
            }
            static_cast<void>(::send(descriptor, said.data(), said.size(), MSG_NOSIGNAL));
        }
        ::close(descriptor);
    }

    int listener_;
    unsigned port_ = 0;
    std::thread thread_;
};

}  // namespace

int main(int count, char** words) {
    wishes given;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (word == "--small") { continue; }
        if (i + 1 == count) { die("an option without its value"); }
        const double number = std::atof(words[++i]);
        if (word == "--port") {
            given.port = static_cast<unsigned>(number);
        } else if (word == "--rate") {
            given.rate = number;
        } else if (word == "--seconds") {
            given.seconds = number;
        } else if (word == "--keys") {
            given.keys = static_cast<std::uint64_t>(number);
        } else if (word == "--clients") {
            given.clients = static_cast<unsigned>(number);
        } else {
            die("usage: open_loop --port N [--rate R] [--seconds S] [--keys K] [--clients C]");
        }
    }
    ::prctl(PR_SET_TIMERSLACK, 1);    // nanosecond: sleep as long as asked
    coppice::shorten_thread_turns();  // what is measured is the server's delay, not the clock's
    if (given.port != 0) {
        load one(given);
        one.run();
        one.print();
        return 0;
    }
    given.clients = 1;
    given.seconds = 0.2;
    const echo_server own;
    given.port = own.port();
    load one(given);
    one.run();
    one.print();
    return 0;
}
