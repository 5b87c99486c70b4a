// cli/folder_runner.cpp: commands on a folder that nobody serves, run in this process.
#include <cli/reply_collector.hpp>
#include <cli/runner.hpp>
#include <command/dispatch.hpp>
#include <storage/storage.hpp>

namespace coppice::cli {
namespace {

constexpr std::uint64_t checkpoint_log_bytes = 64 * limits::mebibyte;
constexpr std::size_t garbage_per_turn = 1024;

class folder_runner final : public command_runner {
public:
    folder_runner(std::unique_ptr<engine> store, branch_handle branch)
        : store_(std::move(store)), host_(*store_), session_(host_, 1, std::move(branch)) {
        session_.protocol = 3;
    }
    ~folder_runner() override { static_cast<void>(store_->close()); }
    folder_runner(const folder_runner&) = delete;
    folder_runner& operator=(const folder_runner&) = delete;

    using command_runner::run;
    result<reply_value> run(std::span<const std::string_view> command) override {
        reply_value reply = run_one(command);
        if (const status ended = end_turn(); !ended) { return ended.error(); }
        return reply;
    }
    result<std::vector<reply_value>> run_many(const command_batch& commands) override {
        std::vector<reply_value> replies;
        replies.reserve(commands.size());
        for (std::size_t i = 0; i < commands.size(); ++i) { replies.push_back(run_one(commands.command(i))); }
        if (const status ended = end_turn(); !ended) { return ended.error(); }
        return replies;
    }

private:
    reply_value run_one(std::span<const std::string_view> command) {
        run_request(host_, session_, sink_, command);
        return sink_.take();
    }
    /// Writes what the commands changed, and does the upkeep that a server's background does.
    status end_turn() {
        host_.flush_writes();
        if (const auto ended = store_->end_turn(); !ended) { return ended.error(); }
        store_->tick();
        store_->pool().free_garbage(garbage_per_turn);
        if (store_->log_bytes() < checkpoint_log_bytes) { return {}; }
        return store_->checkpoint();
    }

    std::unique_ptr<engine> store_;
    command_host host_;
    command_session session_;
    reply_collector sink_;
};

/// Where the owner of a folder answers, from the error that its lock gives; empty: it has not said.
std::string_view listening_address(std::string_view text) {
    constexpr std::string_view before = "listening at ";
    const std::size_t at = text.find(before);
    if (at == std::string_view::npos) { return {}; }
    text.remove_prefix(at + before.size());
    return text.substr(0, text.find_first_of(" ,\n"));
}

}  // namespace

result<std::unique_ptr<command_runner>> open_folder_runner(const store_location& location) {
    auto opened = open_directory_storage(location.folder);
    if (!opened) {
        const std::string_view address = listening_address(opened.error().context);
        if (opened.error().code != errc::in_use || address.empty()) { return opened.error(); }
        auto served = parse_location("coppice://" + std::string(address));
        if (!served) { return opened.error(); }
        served->branch = location.branch;
        return connect_runner(*served);
    }
    engine_options options;
    options.one_writer = true;
    options.background = false;
    auto store = engine::open(std::move(*opened), options);
    if (!store) { return store.error(); }
    auto branch = (*store)->branch(location.branch.empty() ? "main" : location.branch);
    if (!branch) { return branch.error(); }
    return std::unique_ptr<command_runner>(std::make_unique<folder_runner>(std::move(*store), std::move(*branch)));
}

}  // namespace coppice::cli
