#include "server/logging.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace coppice::server {
namespace {

spdlog::level::level_enum level_in(const settings& from) {
    // The order of the choices: debug, verbose, notice, warning, nothing.
    constexpr spdlog::level::level_enum levels[] = {spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
                                                    spdlog::level::warn, spdlog::level::off};
    return levels[from.number(setting::loglevel)];
}

}  // namespace

result<std::shared_ptr<spdlog::logger>> make_logger(settings& from) {
    std::shared_ptr<spdlog::logger> logger;
    try {
        const auto& file = from.text(setting::logfile);
        const auto sink =
            file.empty() ? std::shared_ptr<spdlog::sinks::sink>(std::make_shared<spdlog::sinks::stderr_color_sink_mt>())
                         : std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
        logger = std::make_shared<spdlog::logger>("coppice", sink);
    } catch (const spdlog::spdlog_ex& failure) { return error{errc::io, failure.what()}; }
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
    logger->set_level(level_in(from));
    logger->flush_on(spdlog::level::info);
    from.on_change(setting::loglevel, [logger](const settings& changed) {
        logger->set_level(level_in(changed));
        return status{};
    });
    return logger;
}

std::shared_ptr<spdlog::logger> make_silent_logger() {
    return std::make_shared<spdlog::logger>("coppice", std::make_shared<spdlog::sinks::null_sink_mt>());
}

}  // namespace coppice::server
