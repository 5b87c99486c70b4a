#include <cli/branch_choice.hpp>

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include <cli/documents/byte_source.hpp>

namespace coppice::cli {
namespace {

std::map<std::string, std::string, std::less<>> lines_of(const std::string& file) {
    std::map<std::string, std::string, std::less<>> found;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        const auto tab = line.rfind('\t');
        if (tab != std::string::npos) { found[line.substr(0, tab)] = line.substr(tab + 1); }
    }
    return found;
}

}  // namespace

branch_memory::branch_memory(const environment& variables) {
    if (auto folder = variables("XDG_CONFIG_HOME"); folder && !folder->empty()) {
        file_ = *folder + "/coppice/branches";
    } else if (auto home = variables("HOME"); home && !home->empty()) {
        file_ = *home + "/.config/coppice/branches";
    }
}

std::optional<std::string> branch_memory::find(std::string_view store) const {
    const auto lines = lines_of(file_);
    const auto found = lines.find(store);
    if (found == lines.end() || found->second.empty()) { return std::nullopt; }
    return found->second;
}

status branch_memory::remember(std::string_view store, std::optional<std::string> branch) const {
    if (file_.empty()) {
        return error{errc::not_found, "no configuration folder: set HOME or XDG_CONFIG_HOME, or give --branch"};
    }
    auto lines = lines_of(file_);
    if (branch) {
        lines[std::string(store)] = *branch;
    } else if (lines.erase(std::string(store)) == 0) {
        return {};
    }
    std::error_code failed;
    const auto folder = std::filesystem::path(file_).parent_path();
    std::filesystem::create_directories(folder, failed);
    if (failed) { return system_error("cannot make the folder", folder.string(), failed.value()); }
    const auto fresh = file_ + '.' + std::to_string(::getpid());
    {
        std::ofstream out(fresh, std::ios::trunc);
        for (const auto& [name, chosen] : lines) { out << name << '\t' << chosen << '\n'; }
        out.flush();
        if (!out) { return system_error("cannot write", fresh, errno); }
    }
    if (std::rename(fresh.c_str(), file_.c_str()) != 0) { return system_error("cannot replace", file_, errno); }
    return {};
}

}  // namespace coppice::cli
