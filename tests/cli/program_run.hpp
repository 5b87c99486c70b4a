// tests/cli/program_run.hpp: the whole program on a store in memory, in an environment of the test's own.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include <cli/serve.hpp>
#include <cli/verb.hpp>

#include <gtest/gtest.h>

#include "cli/memory_runner.hpp"

namespace coppice::cli::testing {

/// A folder that goes away with the test.
class scratch_folder {
public:
    scratch_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "coppice-cli-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~scratch_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;

    [[nodiscard]] std::string file(std::string_view name) const { return path_ + '/' + std::string(name); }
    std::string write(std::string_view name, std::string_view bytes) const {
        const auto path = file(name);
        std::filesystem::create_directories(std::filesystem::path(path).parent_path());
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

inline std::string bytes_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in) << path;
    return {std::istreambuf_iterator<char>(in), {}};
}

struct said {
    int code;
    std::string out;
    std::string err;
};

struct program {
    memory_store store;
    scratch_folder folder;
    std::map<std::string, std::string> variables = {{"XDG_CONFIG_HOME", folder.file("config")},
                                                    {"COPPICE_STORE", "here"}};
    std::string input;
    bool terminal = false;
    serve_options served;
    std::vector<std::string> opened;

    said run(const std::vector<std::string>& arguments) {
        std::istringstream in(input);
        std::ostringstream out;
        std::ostringstream err;
        const surroundings around{in,
                                  out,
                                  err,
                                  terminal,
                                  terminal,
                                  [this](const char* name) -> std::optional<std::string> {
                                      const auto found = variables.find(name);
                                      return found == variables.end() ? std::nullopt : std::optional(found->second);
                                  },
                                  [this](const store_location& where) -> result<std::unique_ptr<command_runner>> {
                                      opened.push_back(where.label());
                                      return std::unique_ptr<command_runner>(std::make_unique<memory_runner>(store));
                                  },
                                  check_settings,
                                  [this](const serve_options& options) -> result<int> {
                                      served = options;
                                      return 0;
                                  },
                                  system_clock()};
        const int code = run_program(arguments, around);
        return {code, out.str(), err.str()};
    }
};

}  // namespace coppice::cli::testing
