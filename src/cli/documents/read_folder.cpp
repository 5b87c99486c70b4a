#include <algorithm>
#include <filesystem>
#include <system_error>

#include <cli/documents/readers.hpp>

namespace coppice::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t skipped_named_max = 10;

class folder_walk {
public:
    folder_walk(read_summary& summary, document_sink sink) : summary_(summary), sink_(sink) {}

    status walk(const fs::path& folder, const std::string& below, std::size_t depth) {
        if (depth > limits::document_nesting) {
            return error{errc::limit,
                         folder.string() + " is nested more than " + std::to_string(limits::document_nesting)
                             + " folders deep, which is a fixed limit: import the folders in it one by one"};
        }
        auto entries = entries_of(folder);
        if (!entries) { return entries.error(); }
        for (const auto& entry : *entries) {
            const auto name = below + entry.path().filename().string();
            std::error_code failed;
            const auto kind = entry.symlink_status(failed).type();
            if (kind == fs::file_type::directory) {
                if (auto walked = walk(entry.path(), name + '/', depth + 1); !walked) { return walked; }
            } else if (kind == fs::file_type::regular) {
                if (auto taken = take(entry.path(), name); !taken) { return taken; }
            } else {
                summary_.skipped_count += 1;
                if (summary_.skipped.size() < skipped_named_max) { summary_.skipped.push_back(name); }
            }
        }
        return {};
    }

private:
    // Sorted as their paths are: a folder's name counts with its slash.
    static result<std::vector<fs::directory_entry>> entries_of(const fs::path& folder) {
        std::error_code failed;
        std::vector<fs::directory_entry> entries;
        for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
            entries.push_back(*at);
        }
        if (failed) { return system_error("cannot read the folder", folder.string(), failed.value()); }
        const auto key = [](const fs::directory_entry& entry) {
            std::error_code ignored;
            auto name = entry.path().filename().string();
            if (entry.symlink_status(ignored).type() == fs::file_type::directory) { name += '/'; }
            return name;
        };
        std::sort(entries.begin(), entries.end(),
                  [&](const auto& one, const auto& other) { return key(one) < key(other); });
        return entries;
    }
    status take(const fs::path& file, const std::string& name) {
        auto bytes = read_whole_file(file.string(), limits::document_bytes);
        if (!bytes) { return bytes.error(); }
        built_.is_named = true;
        built_.name = name;
        built_.kind = value_kind::string;
        built_.text = std::move(*bytes);
        summary_.documents += 1;
        return sink_(built_);
    }

    read_summary& summary_;
    document_sink sink_;
    document built_;
};

}  // namespace

result<read_summary> read_folder(const std::string& folder, document_sink sink) {
    read_summary summary;
    summary.shape = value_kind::object;
    folder_walk walking(summary, sink);
    if (auto walked = walking.walk(folder, {}, 0); !walked) { return walked.error(); }
    return summary;
}

}  // namespace coppice::cli
