#include <cli/documents/byte_source.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include <cli/documents/document.hpp>
#include <cli/interruption.hpp>

namespace coppice::cli {
namespace {

class file_source final : public byte_source {
public:
    file_source(int file, std::string name, std::optional<std::uint64_t> total)
        : file_(file), name_(std::move(name)), total_(total), buffer_(buffer_bytes) {}
    ~file_source() override {
        if (file_ != STDIN_FILENO) { ::close(file_); }
    }
    file_source(const file_source&) = delete;
    file_source& operator=(const file_source&) = delete;

    result<std::string_view> next() override {
        for (;;) {
            if (interruption::signal() != 0) { return interrupted(); }
            const auto got = ::read(file_, buffer_.data(), buffer_.size());
            // Ctrl-C also ends whoever writes into a pipe: that is not the end of the documents.
            if (interruption::signal() != 0) { return interrupted(); }
            if (got >= 0) {
                read_ += static_cast<std::uint64_t>(got);
                return std::string_view(buffer_.data(), static_cast<std::size_t>(got));
            }
            if (errno != EINTR) { return system_error("cannot read", name_, errno); }
        }
    }
    std::uint64_t bytes_read() const noexcept override { return read_; }
    std::optional<std::uint64_t> bytes_total() const noexcept override { return total_; }
    std::string_view name() const noexcept override { return name_; }

private:
    static constexpr std::size_t buffer_bytes = 256 * 1024;
    int file_;
    std::string name_;
    std::optional<std::uint64_t> total_;
    std::uint64_t read_ = 0;
    std::vector<char> buffer_;
};

}  // namespace

error system_error(std::string_view doing, std::string_view path, int number) {
    const auto code = number == ENOENT ? errc::not_found : number == ENOSPC ? errc::no_space : errc::io;
    return {code, std::string(doing) + ' ' + printable(path, 4096) + ": "
                      + std::error_code(number, std::generic_category()).message()};
}

result<std::unique_ptr<byte_source>> open_source(const std::string& path) {
    using opened = std::unique_ptr<byte_source>;
    if (path == "-") { return opened(std::make_unique<file_source>(STDIN_FILENO, "standard input", std::nullopt)); }
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) { return system_error("cannot open", path, errno); }
    struct stat about {};
    std::optional<std::uint64_t> total;
    if (::fstat(file, &about) == 0) {
        if (S_ISDIR(about.st_mode)) {
            ::close(file);
            return error{errc::invalid, path + " is a folder: give --format folder"};
        }
        if (S_ISREG(about.st_mode)) { total = static_cast<std::uint64_t>(about.st_size); }
    }
    return opened(std::make_unique<file_source>(file, path, total));
}

result<std::string> read_whole_file(const std::string& path, std::uint64_t bytes_max) {
    auto source = open_source(path);
    if (!source) { return source.error(); }
    const auto too_long = [&] {
        return error{errc::limit, path + " is longer than " + std::to_string(bytes_max) + " bytes"};
    };
    if ((*source)->bytes_total().value_or(0) > bytes_max) { return too_long(); }
    std::string bytes;
    for (;;) {
        auto piece = (*source)->next();
        if (!piece) { return piece.error(); }
        if (piece->empty()) { return bytes; }
        if (bytes.size() + piece->size() > bytes_max) { return too_long(); }
        bytes += *piece;
    }
}

}  // namespace coppice::cli
