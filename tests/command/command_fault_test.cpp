// Each allocation of each command fails once, on a store on the simulated disk: the command answers OOM and nothing has
// changed, or it answers what it should. Whatever came, the next command is answered, and a crash loses nothing.
#include <new>

#include <command/dispatch.hpp>
#include <server/resp_sink.hpp>
#include <wire/resp_reply.hpp>

#include "command/examples.hpp"
#include "store/fault_support.hpp"
#include "support/failing_allocation.hpp"

namespace coppice {
namespace {

using testing::examples;
using testing::failing_allocation;
using testing::faulty_store;
using testing::found_wrong;
using testing::told;
using wire::reply_kind;

constexpr microseconds_utc step_time = 1000;
constexpr std::string_view no_answer = "OOM for an answer";  // the connection ends

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
        const auto end = std::min(line.find(' '), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return words;
}

// A client of a store, answered as the server answers: into a buffer, in the protocol.
class faulty_client {
public:
    faulty_client() { begin(); }

    /// Sends a command, of which the k-th allocation fails.  Returns its one reply.
    wire::reply_value ask(std::string_view line, std::optional<std::uint64_t> k = {}) {
        const auto words = words_of(line);
        out_.release();
        bool threw = false;
        {
            std::optional<failing_allocation> fails;
            if (k) { fails.emplace(*k); }
            try {
                run_request(*host_, *session_, sink_, words);
            } catch (const std::bad_alloc&) { threw = true; }
            failed_ = fails && fails->stop();
        }
        if (threw) {  // no memory for any answer: the connection would end
            EXPECT_TRUE(out_.empty());
            wire::reply_value none;
            none.kind = reply_kind::error;
            none.text = no_answer;
            return none;
        }
        wire::resp_reply_parser parser;
        auto bytes = out_.view();
        const auto outcome = parser.feed(bytes);
        EXPECT_EQ(outcome, wire::reply_outcome::reply) << line << " answered " << out_.view();
        EXPECT_TRUE(bytes.empty()) << line << " answered " << out_.view();
        return outcome == wire::reply_outcome::reply ? parser.take() : wire::reply_value{};
    }
    [[nodiscard]] bool failed() const noexcept { return failed_; }

    /// What the store says, and what of the session belongs to the data.
    [[nodiscard]] std::string state() {
        std::string text = told(*store_) + "\nsession " + session_->branch->row.name;
        text += " db " + std::to_string(session_->database) + (session_->in_multi ? " in MULTI" : "");
        text += session_->in_exec || !session_->exec_branches.empty() ? " left in EXEC" : "";
        return text + " watches " + std::to_string(session_->watched.size());
    }
    [[nodiscard]] std::string wrong() {
        EXPECT_TRUE(store_->end_turn().has_value());
        return found_wrong(*store_);
    }
    [[nodiscard]] std::string told_after_crash(random_source& random) {
        EXPECT_TRUE(store_->end_turn().has_value());
        EXPECT_TRUE(store_->sync_now().has_value());
        return store_.told_after_crash(random);
    }
    [[nodiscard]] std::string told_now() { return told(*store_); }
    command_session& session() noexcept { return *session_; }
    faulty_store& store() noexcept { return store_; }

private:
    void begin() {
        host_ = std::make_unique<command_host>(*store_);
        session_ = std::make_unique<command_session>(*host_, 1, *store_->branch("main"));
        session_->protocol = 3;
    }

    faulty_store store_{testing::fault_kind::simulated_one_writer};
    std::unique_ptr<command_host> host_;
    std::unique_ptr<command_session> session_;
    wire::byte_buffer out_;
    server::resp_sink<> sink_{out_, wire::resp_version::three};
    bool failed_ = false;
};

bool is_oom(const wire::reply_value& reply) {
    return reply.is_error() && (reply.text.starts_with("OOM ") || reply.text.ends_with("out of memory"));
}
bool ends_the_session(std::string_view line) { return line == "QUIT"; }

// Runs the first examples on a new store.
std::unique_ptr<faulty_client> client_after(std::size_t count) {
    auto client = std::make_unique<faulty_client>();
    for (std::size_t i = 0; i < count; ++i) {
        client->store().clock.time += step_time;
        client->ask(examples[i].line);
    }
    return client;
}

TEST(CommandFault, EachAllocationOfEachCommandFailsOnce) {
    random_source random(1);
    std::vector<wire::reply_value> replies;
    std::vector<std::string> states;
    {
        faulty_client client;
        for (const auto& each : examples) {
            client.store().clock.time += step_time;
            replies.push_back(client.ask(each.line));
            states.push_back(client.state());
        }
    }
    const auto failed_before = failing_allocation::failed_in_all();
    auto client = std::make_unique<faulty_client>();
    std::string before = client->state();
    for (std::size_t i = 0; i < std::size(examples); ++i) {
        const auto& [line, text] = examples[i];
        SCOPED_TRACE(line);
        client->store().clock.time += step_time;
        for (std::uint64_t k = 0;; ++k) {
            ASSERT_LT(k, 10'000U);
            const auto reply = client->ask(line, k);
            const bool failed = client->failed();
            const bool done = !is_oom(reply);
            if (!done && line == "EXEC") { client->ask("MULTI"); }  // what was queued is gone
            ASSERT_EQ(client->state(), done ? states[i] : before) << "k " << k;
            if (done) {
                ASSERT_EQ(reply.kind, replies[i].kind) << "k " << k << ": " << reply.text;
                if (text.size() > 1) { ASSERT_EQ(reply, replies[i]) << "k " << k; }
            }
            ASSERT_EQ(client->session().in_exec, false);
            if (k % 16 == 0) { ASSERT_EQ(client->wrong(), ""); }
            if (!failed) {
                ASSERT_TRUE(done) << reply.text;
                break;
            }
            if (done && !ends_the_session(line)) {
                const auto time = client->store().clock.time;
                client = client_after(i);
                client->store().clock.time = time;
            }
        }
        before = states[i];
        ASSERT_EQ(client->told_after_crash(random), client->told_now());
    }
    std::cout << "  " << failing_allocation::failed_in_all() - failed_before << " allocations failed\n";
}

bool may_be_queued(std::string_view line) {
    const auto words = words_of(line);
    const auto* row = find_command(words[0]);
    return row->mode != access::admin && row->group != "transactions" && row->group != "connection";
}

// Queued, with another behind it: EXEC does both or none, and leaves no MULTI behind.
TEST(CommandFault, EachAllocationOfExecFailsOnce) {
    const auto failed_before = failing_allocation::failed_in_all();
    faulty_client right;
    faulty_client client;
    for (const auto& each : examples) {
        SCOPED_TRACE(each.line);
        for (auto* one : {&right, &client}) { one->store().clock.time += step_time; }
        if (!may_be_queued(each.line)) {
            for (auto* one : {&right, &client}) {
                if (!ends_the_session(each.line)) { one->ask(each.line); }
            }
            continue;
        }
        const std::string before = right.state();
        for (const auto* line : {"MULTI", each.line.data(), "RPUSH queued an-element-that-takes-memory-of-its-own"}) {
            right.ask(line);
        }
        const auto replies = right.ask("EXEC");
        const std::string after = right.state();
        bool done = false;
        for (std::uint64_t k = 0; !done; ++k) {  // while it is queued
            ASSERT_LT(k, 100U);
            client.ask("MULTI");
            const auto queued = client.ask(each.line, k);
            done = !is_oom(queued);
            const bool ends = queued.text == no_answer;
            const auto reply = client.ask(done || ends ? "DISCARD" : "EXEC");
            if (!done && !ends) { ASSERT_EQ(reply.text.substr(0, 9), "EXECABORT") << "k " << k; }
            ASSERT_EQ(client.state(), before) << "k " << k;
        }
        for (std::uint64_t k = 0;; ++k) {
            ASSERT_LT(k, 10'000U);
            for (const auto* line :
                 {"MULTI", each.line.data(), "RPUSH queued an-element-that-takes-memory-of-its-own"}) {
                ASSERT_FALSE(client.ask(line).is_error());
            }
            const auto reply = client.ask("EXEC", k);
            if (!is_oom(reply)) {
                ASSERT_EQ(client.state(), after) << "k " << k;
                ASSERT_EQ(reply.items.size(), replies.items.size());
                if (each.reply.size() > 1) { ASSERT_EQ(reply, replies); }
                break;
            }
            if (reply.text == no_answer) { client.ask("DISCARD"); }
            ASSERT_EQ(client.state(), before) << "k " << k;
            if (k % 16 == 0) { ASSERT_EQ(client.wrong(), ""); }
        }
    }
    std::cout << "  " << failing_allocation::failed_in_all() - failed_before << " allocations failed\n";
}

}  // namespace
}  // namespace coppice
