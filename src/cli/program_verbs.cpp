// serve, completion.
#include <cli/verb.hpp>

namespace coppice::cli {
namespace {

// "--appendfsync always --save=": names and values.
result<std::vector<std::pair<std::string, std::string>>> settings_in(verb_call& call) {
    std::vector<std::pair<std::string, std::string>> settings;
    const auto& words = call.given.rest;
    for (std::size_t at = 0; at < words.size(); ++at) {
        const auto& word = words[at];
        if (!word.starts_with("--") || word.size() == 2) {
            return call.wrong_usage("'" + word + "' is no setting; settings are given as --name value");
        }
        if (const auto equals = word.find('='); equals != std::string::npos) {
            settings.emplace_back(word.substr(2, equals - 2), word.substr(equals + 1));
        } else if (at + 1 < words.size()) {
            settings.emplace_back(word.substr(2), words[at + 1]);
            at += 1;
        } else {
            return call.wrong_usage("the setting " + word + " has no value");
        }
    }
    return settings;
}

constexpr std::string_view named_settings[] = {"--port",        "--bind",     "--dir",     "--appendfsync",
                                               "--requirepass", "--loglevel", "--logfile", "--protected-mode"};

status run_serve(verb_call& call) {
    serve_options options;
    auto settings = settings_in(call);
    if (!settings) { return settings.error(); }
    options.settings = std::move(*settings);
    if (call.given.has("--port")) {
        const auto port = call.number("--port", 0);
        if (!port) { return port.error(); }
        if (*port > 65535) { return call.wrong_usage("--port takes 0 to 65535; 0 takes any free one"); }
    }
    for (const auto name : named_settings) {
        if (const auto text = call.given.find(name)) { options.settings.emplace_back(name.substr(2), *text); }
    }
    options.config_file = call.given.text("--config");
    options.folder = call.given.text("DIR", call.given.text("--dir", call.given.text("--store", options.folder)));
    if (options.folder.find("://") != std::string::npos) {
        return call.wrong_usage("a server's data are in a folder, not at " + options.folder);
    }
    if (const auto checked = call.around.check_settings(options); !checked) {
        return call.wrong_usage(checked.error().context);
    }
    auto served = call.around.serve(options);
    if (!served) { return served.error(); }
    call.exit_code = *served;
    return *served == 0 ? status() : status(error{errc::closed, "the server ended with " + std::to_string(*served)});
}

status run_completion(verb_call& call) {
    const auto shell = call.given.text("SHELL");
    if (shell != "bash") { return call.wrong_usage("there is completion for bash, not for '" + shell + "'"); }
    call.shown.out() << bash_completion();
    return {};
}

}  // namespace

std::vector<verb> program_verbs() {
    return {
        {"Server",
         "serve",
         "Serve a folder by the Redis protocol",
         "Any setting of the server is given as --name value and goes before the settings file.",
         {{"DIR", "The folder of the data, made if it is not there (./coppice-data)", false, false, completes::folder}},
         {{"--port", "N", "The port (5000)"},
          {"--bind", "ADDRESS", "Where to listen (127.0.0.1)"},
          {"--config", "FILE", "Settings, a name and a value on each line", completes::file},
          {"--dir", "DIR", "The same as the word DIR", completes::folder},
          {"--appendfsync", "WHEN", "always, everysec or no: when a write is on the disk (everysec)"},
          {"--requirepass", "TEXT", "The password of the user `default`"},
          {"--protected-mode", "YES|NO", "Without a password answer only this machine (yes)"},
          {"--loglevel", "LEVEL", "debug, verbose, notice, warning or nothing (notice)"},
          {"--logfile", "FILE", "A file instead of standard error", completes::file}},
         {{"serve", "./coppice-data on port 5000"},
          {"serve /var/lib/coppice --port 6379 --appendfsync always", ""},
          {"serve --config /etc/coppice/coppice.conf", ""}},
         rest_words::settings,
         run_serve},
        {"Server",
         "completion",
         "Print the completion script for a shell",
         "",
         {{"SHELL", "bash"}},
         {},
         {{"completion bash > /etc/bash_completion.d/coppice", ""}},
         rest_words::refused,
         run_completion},
    };
}

}  // namespace coppice::cli
