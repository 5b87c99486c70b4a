#include "server/serve.hpp"

#include <atomic>
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <spdlog/logger.h>

#include "command/redis_version.hpp"
#include "server/command_service.hpp"
#include "server/host.hpp"
#include "server/logging.hpp"
#include "storage/storage.hpp"

namespace coppice::server {
namespace {

engine_options options_from(const settings& given) {
    engine_options options;
    options.one_writer = true;
    options.wait_for_loads = false;
    options.history_budget = static_cast<std::uint64_t>(given.number(setting::history_budget));
    options.checkpoint_log_bytes = static_cast<std::uint64_t>(given.number(setting::checkpoint_log_bytes));
    return options;
}

void greet(const host& server, const settings& given, std::ostream& out) {
    const auto port = server.port();
    const auto password = given.text(setting::requirepass).empty() ? "" : " --askpass";
    out << fmt::format("coppice {} (speaks Redis {})\n", coppice_version(), redis_version);
    for (const auto& address : server.addresses()) { out << fmt::format("  listens at  {}\n", address); }
    out << fmt::format("  data in     {}\n", given.text(setting::dir));
    out << fmt::format("  try         redis-cli -p {}{} set greeting hello\n", port, password);
    out << fmt::format("              redis-cli -p {}{} --user default@main get greeting\n", port, password);
    out << "  a tour      make tour\n";
    out.flush();
}

// The last checkpoint runs on a thread of its own, since it needs turns of the one writer, which this thread is.
status close_store(engine& store) {
    static_cast<void>(store.end_turn());  // what the last turn did is in the log before the checkpoint has it
    std::atomic<bool> done = false;
    status closed;
    std::thread closer([&] {
        closed = store.close();
        done = true;
    });
    while (!done) {
        static_cast<void>(store.end_turn());
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    closer.join();
    return closed;
}

}  // namespace

result<int> serve(settings& given, std::ostream& out) {
    const auto log = make_logger(given);
    if (!log) { return log.error(); }
    auto& logger = **log;
    auto opened = open_directory_storage(given.text(setting::dir));
    if (!opened) { return opened.error(); }
    auto store = engine::open(std::move(*opened), options_from(given));
    if (!store) { return store.error(); }
    auto& data = **store;
    // Every connection begins on it: what is damaged on the way there is met here, by whoever can do something.
    if (const auto main = data.branch("main"); !main) { return main.error(); }
    if (const auto& cut = data.cut_tail(); !cut.where.empty()) {
        logger.warn("the log's tail was torn: {} bytes were dropped at {}", cut.bytes, cut.where);
    }
    bool save = true;
    {
        loop events;
        command_service commands(events, data, given, logger);
        host server(events, commands, given, logger);
        commands.serve_for(server);
        if (const auto listening = server.listen(); !listening) { return listening.error(); }
        if (data.folder() != nullptr && !server.addresses().empty()) {
            static_cast<void>(data.folder()->set_listening(server.addresses().front()));
        }
        server.handle_signals();
        greet(server, given, out);
        logger.info("ready on port {}", server.port());
        server.run();
        save = commands.ends_with_checkpoint();
    }
    if (save) {
        logger.info("writing a last checkpoint of {} bytes of log", data.log_bytes());
        if (const auto closed = close_store(data); !closed) {
            logger.error("the last checkpoint failed, the log has everything: {}", closed.error().message());
            return 1;
        }
    }
    logger.info("stopped");
    return 0;
}

}  // namespace coppice::server
