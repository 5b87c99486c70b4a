// cli/serve_options.hpp: what `coppice serve` was asked for.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace coppice::cli {

struct serve_options {
    std::string folder = "./coppice-data";
    std::string config_file;  ///< empty: none
    /// `--name value` in the order given: settings that override the file's. A later one wins.
    std::vector<std::pair<std::string, std::string>> settings;
};

}  // namespace coppice::cli
