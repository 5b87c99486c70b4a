#include <cli/runner.hpp>
#include <cli/serve.hpp>

#include <iostream>

#include <server/serve.hpp>
#include <server/settings.hpp>

namespace coppice::cli {
namespace {

status set_given(server::settings& to, const serve_options& options) {
    for (const auto& [name, value] : options.settings) {
        if (name == "dir") { continue; }
        if (const auto set = to.set(name, value); !set) { return set.error(); }
    }
    return {};
}

}  // namespace

status check_settings(const serve_options& options) {
    server::settings given;
    return set_given(given, options);
}

result<int> start_server(const serve_options& options) {
    server::settings given;
    if (!options.config_file.empty()) {
        if (const auto read = given.read_file(options.config_file); !read) { return read.error(); }
    }
    // The folder of the command line wins, but its default does not win over the file.
    const bool by_default = options.folder == serve_options().folder && !options.config_file.empty();
    if (!by_default) {
        if (const auto set = given.set("dir", options.folder); !set) { return set.error(); }
    }
    if (const auto set = set_given(given, options); !set) { return set.error(); }
    auto served = server::serve(given, std::cout);
    if (!served && served.error().code == errc::in_use) {
        return error{errc::in_use, served.error().context + "; stop that one, or serve another folder than "
                                       + std::string(given.text(server::setting::dir))};
    }
    if (!served) { return explained_damage(served.error(), std::string(given.text(server::setting::dir))); }
    return served;
}

}  // namespace coppice::cli
