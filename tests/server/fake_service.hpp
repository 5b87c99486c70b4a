// tests/server/fake_service.hpp: a service with just enough commands to see what the host does.
#pragma once

#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/service.hpp"

namespace coppice::server::testing {

inline std::uint64_t number_at(const request& words, std::size_t i) {
    return std::strtoull(std::string(words[i]).c_str(), nullptr, 10);
}

//  PING  ECHO text  BIG bytes    answers at once
//  WAIT name                     counted and parked; SIGNAL name answers +woken and resumes
//  RETRY name                    not counted and parked; SIGNAL name resumes, then it answers +retried
//  LONG count bytes              count strings of that many bytes, from a worker
//  THINK                         OK from a worker, once `thought` is set
//  WRITE                         the turn gets a ticket
//  PUSH id text                  a message to another client
//  PROTO n  MUTE 0|1  LOGIN 0|1  KILL id  QUIT  BREAK (a worker's answer breaks off)
class fake_service final : public service {
public:
    void connected(client& who) override {
        clients_[who.id()] = &who;
        ++connections;
        if (logins_needed) { who.set_authenticated(false); }
    }
    void disconnected(client& who) noexcept override {
        clients_.erase(who.id());
        for (auto& [name, waiting] : waiting_) { std::erase(waiting, &who); }
        ++disconnections;
    }

    std::size_t run(client& who, std::span<const request> requests) override {
        ++runs;
        std::size_t finished = 0;
        for (const auto& words : requests) {
            if (who.congested()) { break; }
            if (!run_one(who, words)) { return finished; }
            ++finished;
            ++commands;
            if (who.parked() || who.closing()) { break; }
        }
        return finished;
    }

    std::uint64_t end_turn() override {
        if (!std::exchange(wrote_, false)) { return always_ticket ? ticket_.load() : 0; }
        return ++ticket_;
    }
    std::uint64_t durable() const noexcept override { return durable_ticket; }
    [[nodiscard]] znsocket::hub& participants() noexcept override { return hub_; }

    std::atomic<std::uint64_t> durable_ticket = 0;
    std::atomic<bool> always_ticket = false;  // reads wait for what they may have seen
    std::atomic<bool> logins_needed = false;
    std::atomic<int> connections = 0;
    std::atomic<int> disconnections = 0;
    std::atomic<int> commands = 0;
    std::atomic<int> runs = 0;
    std::atomic<int> long_answers_stopped = 0;
    std::atomic<std::uint64_t> long_items_made = 0;
    std::atomic<bool> thought = false;

private:
    znsocket::hub hub_;

    bool run_one(client& who, const request& words) {
        const auto name = words[0];
        if (name == "PING") {
            who.reply().status("PONG");
        } else if (name == "ECHO") {
            who.reply().bulk(words[1]);
        } else if (name == "BIG") {
            who.reply().bulk(std::string(number_at(words, 1), 'x'));
        } else if (name == "COUNT") {
            who.reply().integer(static_cast<std::int64_t>(words.size()));
        } else if (name == "ID") {
            who.reply().integer(static_cast<std::int64_t>(who.id()));
        } else if (name == "WAIT") {
            waiting_[std::string(words[1])].push_back(&who);
            who.park(waiting_for::event);
        } else if (name == "RETRY") {
            if (retried_.erase(who.id()) == 0) {
                retried_.insert(who.id());
                retrying_[std::string(words[1])].push_back(who.id());
                who.park(waiting_for::work);
                return false;
            }
            who.reply().status("retried");
        } else if (name == "SIGNAL") {
            signal(std::string(words[1]));
            who.reply().status("OK");
        } else if (name == "LONG") {
            answer_long(who, number_at(words, 1), number_at(words, 2));
        } else if (name == "THINK") {
            who.answer_long([this](reply_sink& to) {
                thought.wait(false);
                to.status("OK");
            });
        } else if (name == "BREAK") {
            who.answer_long([](reply_sink& to) {
                to.array(2);
                throw std::bad_alloc();
            });
        } else if (name == "WRITE") {
            wrote_ = true;
            who.reply().status("written");
        } else {
            run_about_clients(who, words);
        }
        return true;
    }

    void run_about_clients(client& who, const request& words) {
        const auto name = words[0];
        if (name == "PUSH") {
            auto& to = clients_.at(number_at(words, 1))->push(2);
            to.bulk("message");
            to.bulk(words[2]);
            who.reply().status("OK");
        } else if (name == "PROTO") {
            who.set_protocol(static_cast<int>(number_at(words, 1)));
            who.reply().map(0);
        } else if (name == "MUTE") {
            who.mute(number_at(words, 1) != 0);
            who.reply().status("OK");
        } else if (name == "LOGIN") {
            who.set_authenticated(number_at(words, 1) != 0);
            who.reply().status("OK");
        } else if (name == "KILL") {
            clients_.at(number_at(words, 1))->kill("killed by a test");
            who.reply().status("OK");
        } else if (name == "QUIT") {
            who.reply().status("OK");
            who.close_after_reply();
        } else {
            who.reply().error("ERR unknown command");
        }
    }

    void signal(const std::string& name) {
        for (auto* const one : std::exchange(waiting_[name], {})) {
            one->reply().status("woken");
            one->resume();
        }
        for (const auto id : std::exchange(retrying_[name], {})) {
            if (clients_.contains(id)) { clients_.at(id)->resume(); }
        }
    }

    void answer_long(client& who, std::uint64_t count, std::uint64_t bytes) {
        who.answer_long([this, count, bytes](reply_sink& to) {
            const std::string item(bytes, 'y');
            try {
                to.array(count);
                for (std::uint64_t i = 0; i < count; ++i) {
                    to.bulk(item);
                    ++long_items_made;
                }
            } catch (...) {
                ++long_answers_stopped;
                throw;
            }
        });
    }

    std::map<std::uint64_t, client*> clients_;
    std::map<std::string, std::vector<client*>> waiting_;
    std::map<std::string, std::vector<std::uint64_t>> retrying_;
    std::set<std::uint64_t> retried_;
    std::atomic<std::uint64_t> ticket_ = 0;
    bool wrote_ = false;
};

}  // namespace coppice::server::testing
