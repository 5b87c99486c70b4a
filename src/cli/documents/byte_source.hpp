// cli/documents/byte_source.hpp: where the bytes of a file come from, a piece at a time.
//
// A reader sees pieces of any size and keeps no view of one beyond the next call, so a file of 10 GB
// needs one buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <coppice/base/error.hpp>

namespace coppice::cli {

class byte_source {
public:
    virtual ~byte_source() = default;

    /// The next bytes, valid until the next call; empty at the end.
    [[nodiscard]] virtual result<std::string_view> next() = 0;
    /// Bytes handed out so far, and of how many, where that is known.
    [[nodiscard]] virtual std::uint64_t bytes_read() const noexcept = 0;
    [[nodiscard]] virtual std::optional<std::uint64_t> bytes_total() const noexcept = 0;
    /// As errors call it: "countries.json", "standard input".
    [[nodiscard]] virtual std::string_view name() const noexcept = 0;
};

/// Bytes in memory, handed out `piece` at a time.  The bytes must outlive the source.
class memory_source final : public byte_source {
public:
    explicit memory_source(std::string_view bytes, std::size_t piece = SIZE_MAX, std::string_view name = "input")
        : rest_(bytes), size_(bytes.size()), piece_(piece), name_(name) {}

    result<std::string_view> next() override {
        const auto taken = rest_.substr(0, piece_);
        rest_.remove_prefix(taken.size());
        return taken;
    }
    std::uint64_t bytes_read() const noexcept override { return size_ - rest_.size(); }
    std::optional<std::uint64_t> bytes_total() const noexcept override { return size_; }
    std::string_view name() const noexcept override { return name_; }

private:
    std::string_view rest_;
    std::uint64_t size_;
    std::size_t piece_;
    std::string_view name_;
};

/// A file, or standard input for "-".
[[nodiscard]] result<std::unique_ptr<byte_source>> open_source(const std::string& path);

/// A whole file.  Errors: errc::limit above `bytes_max`.
[[nodiscard]] result<std::string> read_whole_file(const std::string& path, std::uint64_t bytes_max);

/// "io: cannot open countries.json: No such file or directory"
[[nodiscard]] error system_error(std::string_view doing, std::string_view path, int number);

}  // namespace coppice::cli
