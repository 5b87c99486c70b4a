// cli/folder_runner.cpp: commands on a folder that nobody serves, run in this process.
#include <chrono>
#include <thread>

#include <cli/reply_collector.hpp>
#include <cli/reply_view.hpp>
#include <cli/runner.hpp>
#include <embed/embedded_store.hpp>
#include <storage/storage.hpp>

namespace coppice::cli {
namespace {

class folder_runner final : public command_runner {
public:
    explicit folder_runner(std::unique_ptr<embedded_session> session) : session_(std::move(session)) {}

    using command_runner::run;
    result<reply_value> run(std::span<const std::string_view> command) override {
        if (const status done = session_->run(command, sink_); !done) { return done.error(); }
        return sink_.take();
    }
    result<std::vector<reply_value>> run_many(const command_batch& commands) override {
        std::vector<std::vector<std::string_view>> words;
        words.reserve(commands.size());
        for (std::size_t i = 0; i < commands.size(); ++i) { words.push_back(commands.command(i)); }
        const std::vector<arguments> all(words.begin(), words.end());
        if (const status done = session_->run(all, sink_); !done) { return done.error(); }
        return sink_.take_all();
    }

private:
    std::unique_ptr<embedded_session> session_;
    reply_collector sink_;
};

/// Reads a folder as it lies: opening it would cut the log's tail, and a damaged one does not open.
class folder_verifier final : public command_runner {
public:
    explicit folder_verifier(std::string folder) : folder_(std::move(folder)) {}

    using command_runner::run;
    result<reply_value> run(std::span<const std::string_view> command) override {
        if (command.size() != 2 || command[0] != "STORE" || command[1] != "VERIFY") {
            return error{errc::unsupported, "this folder was opened to be verified"};
        }
        log_cut torn;
        const auto found = verify_store_folder(folder_, torn);
        std::vector<reply_value> shown;
        for (const auto& each : found) { shown.push_back(make_text(each.where + ": " + each.what)); }
        std::vector<reply_value> notes;
        if (!torn.where.empty()) {
            notes.push_back(make_text(torn.where
                                      + ": the log's tail is torn, as by a crash before a sync; the next start "
                                        "drops "
                                      + std::to_string(torn.bytes) + " bytes there and says so"));
        }
        return make_map({{"sound", make_truth(found.empty())},
                         {"findings", make_list(std::move(shown))},
                         {"notes", make_list(std::move(notes))}});
    }
    result<std::vector<reply_value>> run_many(const command_batch& commands) override {
        std::vector<reply_value> replies;
        for (std::size_t i = 0; i < commands.size(); ++i) {
            auto reply = run(commands.command(i));
            if (!reply) { return reply.error(); }
            replies.push_back(std::move(*reply));
        }
        return replies;
    }

private:
    const std::string folder_;
};

/// Where the owner of a folder answers, from the error that its lock gives; empty: it has not said.
std::string_view listening_address(std::string_view text) {
    constexpr std::string_view before = "listening at ";
    const std::size_t at = text.find(before);
    if (at == std::string_view::npos) { return {}; }
    text.remove_prefix(at + before.size());
    return text.substr(0, text.find_first_of(" ,\n"));
}

constexpr std::chrono::seconds lock_wait_max{5};
constexpr std::chrono::milliseconds lock_look_again{20};

/// What `attempt` makes of a folder. A verb is done with one soon, so while another has it, it is waited for; a server,
/// which says where it answers, is not.
template <class Attempt>
auto when_let_go(Attempt attempt) -> decltype(attempt()) {
    const auto give_up = std::chrono::steady_clock::now() + lock_wait_max;
    for (;;) {
        auto done = attempt();
        if (done || done.error().code != errc::in_use || !listening_address(done.error().context).empty()) {
            return done;
        }
        if (std::chrono::steady_clock::now() > give_up) {
            return error{errc::in_use, done.error().context + ", which has not let go of it for "
                                           + std::to_string(lock_wait_max.count()) + " seconds"};
        }
        std::this_thread::sleep_for(lock_look_again);
    }
}

/// The server that has the folder open, if it has said where it answers; else the error as it is.
result<std::unique_ptr<command_runner>> connect_to_owner(const store_location& location, const error& in_use) {
    const std::string_view address = listening_address(in_use.context);
    if (in_use.code != errc::in_use || address.empty()) { return in_use; }
    auto served = parse_location("coppice://" + std::string(address));
    if (!served) { return in_use; }
    served->branch = location.branch;
    return connect_runner(*served);
}

}  // namespace

error explained_damage(error failure, const std::string& folder) {
    if (failure.code != errc::corrupt) { return failure; }
    failure.context = folder + " is damaged: " + failure.context + "; `coppice verify --store " + folder
                      + "` lists all that is, and a copy made by `coppice backup` replaces the folder";
    return failure;
}

result<std::unique_ptr<command_runner>> open_folder_runner(const store_location& location) {
    const auto there = is_data_folder(location.folder);
    if (!there) { return there.error(); }
    if (location.opens != folder_use::makes && !*there) {
        return error{errc::not_found, "there is no store in " + location.label()
                                          + "; --store names another, `coppice serve` and `coppice import` make one"};
    }
    if (location.opens == folder_use::verifies) {
        const auto unused = when_let_go([&] { return check_directory_unused(location.folder); });
        if (!unused) { return connect_to_owner(location, unused.error()); }
        return std::unique_ptr<command_runner>(std::make_unique<folder_verifier>(location.folder));
    }
    auto opened = when_let_go([&] { return open_directory_storage(location.folder); });
    if (!opened && opened.error().code == errc::in_use) { return connect_to_owner(location, opened.error()); }
    if (!opened) { return explained_damage(opened.error(), location.folder); }
    const auto store = embedded_store::open(std::move(*opened), upkeep::in_turns);
    if (!store) { return explained_damage(store.error(), location.folder); }
    auto session = embedded_session::open(*store, location.branch.empty() ? "main" : location.branch);
    if (!session) { return explained_damage(session.error(), location.folder); }
    return std::unique_ptr<command_runner>(std::make_unique<folder_runner>(std::move(*session)));
}

}  // namespace coppice::cli
