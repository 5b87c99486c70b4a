#include <cli/documents/writers.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <unordered_set>

#include <cli/documents/byte_source.hpp>
#include <cli/documents/json_text.hpp>

namespace coppice::cli {
namespace {

status state_of(const std::ostream& out) {
    if (out) { return {}; }
    return error{errc::io, "cannot write the output; is the disk full?"};
}

class json_writer final : public document_writer {
public:
    json_writer(std::ostream& out, value_kind shape, std::vector<std::string> path)
        : out_(out), is_object_(shape == value_kind::object), path_(std::move(path)) {}

    status write(const document& given) override {
        begin();
        std::string line = any_ ? ",\n" : "\n";
        any_ = true;
        if (is_object_) {
            append_json_string(line, given.name);
            line += ':';
        }
        line += json_of(given);
        out_ << line;
        return state_of(out_);
    }
    status finish() override {
        begin();
        if (any_) { out_ << '\n'; }
        out_ << (is_object_ ? '}' : ']') << std::string(path_.size(), '}') << '\n';
        out_.flush();
        return state_of(out_);
    }

private:
    void begin() {
        if (begun_) { return; }
        begun_ = true;
        for (const auto& step : path_) { out_ << '{' << json_string(step) << ':'; }
        out_ << (is_object_ ? '{' : '[');
    }
    std::ostream& out_;
    bool is_object_;
    std::vector<std::string> path_;
    bool begun_ = false;
    bool any_ = false;
};

class ndjson_writer final : public document_writer {
public:
    explicit ndjson_writer(std::ostream& out) : out_(out) {}
    status write(const document& given) override {
        out_ << json_of(given) << '\n';
        return state_of(out_);
    }
    status finish() override {
        out_.flush();
        return state_of(out_);
    }

private:
    std::ostream& out_;
};

class csv_writer final : public document_writer {
public:
    csv_writer(std::ostream& out, csv_output form) : out_(out), form_(std::move(form)) {
        if (!form_.columns.empty()) { begin(); }
    }

    status write(const document& given) override {
        if (given.kind != value_kind::object) {
            return error{errc::wrong_type, "'" + printable(given.name) + "' is " + std::string(name_of(given.kind))
                                               + ", and a CSV row is an object; use --format json or ndjson"};
        }
        if (form_.columns.empty()) {
            for (const auto& member : given.members) { form_.columns.push_back(member.name); }
            begin();
        }
        std::vector<std::string_view> row(form_.columns.size());
        for (std::size_t index = 0; index < given.members.size(); ++index) {
            const auto& member = given.members[index];
            const auto column = column_of(member.name, index);
            if (column == form_.columns.size()) {
                if (form_.only_columns) { continue; }
                return error{errc::invalid, "'" + printable(given.name) + "' has the field '" + printable(member.name)
                                                + "', which is no column; name the columns to write with --columns"};
            }
            if (member.content.kind != value_kind::null) { row[column] = member.content.text; }
        }
        return write_row(row);
    }
    status finish() override {
        out_.flush();
        return state_of(out_);
    }

private:
    // Members mostly come in the order of the columns.
    std::size_t column_of(std::string_view name, std::size_t guess) const {
        if (guess < form_.columns.size() && form_.columns[guess] == name) { return guess; }
        return static_cast<std::size_t>(std::find(form_.columns.begin(), form_.columns.end(), name)
                                        - form_.columns.begin());
    }
    void begin() {
        if (!form_.heading) { return; }
        static_cast<void>(write_row({form_.columns.begin(), form_.columns.end()}));
    }
    status write_row(const std::vector<std::string_view>& row) {
        std::string line;
        for (std::size_t index = 0; index < row.size(); ++index) {
            if (index != 0) { line += form_.delimiter; }
            append_field(line, row[index]);
        }
        if (line.empty()) { line = "\"\""; }  // a blank line would be skipped
        line += form_.crlf ? "\r\n" : "\n";
        out_ << line;
        return state_of(out_);
    }
    void append_field(std::string& line, std::string_view text) const {
        const char special[] = {'"', '\n', '\r', form_.delimiter};
        if (text.find_first_of(std::string_view(special, sizeof special)) == std::string_view::npos
            && !(line.empty() && text.starts_with("\xef\xbb\xbf"))) {
            line += text;
            return;
        }
        line += '"';
        for (const char character : text) {
            if (character == '"') { line += '"'; }
            line += character;
        }
        line += '"';
    }

    std::ostream& out_;
    csv_output form_;
};

class folder_writer final : public document_writer {
public:
    explicit folder_writer(std::string folder) : folder_(std::move(folder)) {}

    status write(const document& given) override {
        if (given.kind != value_kind::string) {
            return error{errc::wrong_type, "'" + printable(given.name) + "' is " + std::string(name_of(given.kind))
                                               + ", and a file is a string; use --format json"};
        }
        if (!is_inside(given.name)) {
            return error{errc::invalid, "'" + printable(given.name) + "' cannot be the path of a file in a folder"};
        }
        namespace fs = std::filesystem;
        const auto path = fs::path(folder_) / given.name;
        std::error_code failed;
        if (made_.insert(path.parent_path().string()).second) {
            fs::create_directories(path.parent_path(), failed);
            if (failed) { return system_error("cannot make the folder", path.parent_path().string(), failed.value()); }
        }
        return write_file(path.string(), given.text);
    }
    status finish() override {
        std::error_code failed;
        std::filesystem::create_directories(folder_, failed);
        if (failed) { return system_error("cannot make the folder", folder_, failed.value()); }
        return {};
    }

private:
    // No "..", no empty step, no root, no NUL.
    static bool is_inside(std::string_view name) {
        if (name.find('\0') != std::string_view::npos) { return false; }
        for (;;) {
            const auto end = name.find('/');
            const auto step = name.substr(0, end);
            if (step.empty() || step == "." || step == "..") { return false; }
            if (end == std::string_view::npos) { return true; }
            name.remove_prefix(end + 1);
        }
    }
    static status write_file(const std::string& path, std::string_view bytes) {
        const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (file < 0) { return system_error("cannot write", path, errno); }
        int failed = 0;
        while (!bytes.empty() && failed == 0) {
            const auto put = ::write(file, bytes.data(), bytes.size());
            if (put >= 0) {
                bytes.remove_prefix(static_cast<std::size_t>(put));
            } else if (errno != EINTR) {
                failed = errno;
            }
        }
        if (::close(file) != 0 && failed == 0) { failed = errno; }
        if (failed != 0) { return system_error("cannot write", path, failed); }
        return {};
    }

    std::string folder_;
    std::unordered_set<std::string> made_;  // folders that are there
};

}  // namespace

std::unique_ptr<document_writer> make_json_writer(std::ostream& out, value_kind shape, std::vector<std::string> path) {
    return std::make_unique<json_writer>(out, shape, std::move(path));
}
std::unique_ptr<document_writer> make_ndjson_writer(std::ostream& out) { return std::make_unique<ndjson_writer>(out); }
std::unique_ptr<document_writer> make_csv_writer(std::ostream& out, csv_output form) {
    return std::make_unique<csv_writer>(out, std::move(form));
}
std::unique_ptr<document_writer> make_folder_writer(std::string folder) {
    return std::make_unique<folder_writer>(std::move(folder));
}

}  // namespace coppice::cli
