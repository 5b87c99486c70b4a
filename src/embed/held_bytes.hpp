// embed/held_bytes.hpp: a string value that is held as it was, to be read without the store's turn.
//
// Its pages live as long as this does, whatever is written meanwhile.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <coppice/tree/cursor.hpp>
#include <coppice/tree/tree.hpp>

namespace coppice {

class held_bytes {
public:
    /// `owner` keeps the store open.
    held_bytes(std::shared_ptr<void> owner, std::string bytes) : owner_(std::move(owner)), short_(std::move(bytes)) {}
    held_bytes(std::shared_ptr<void> owner, tree rope) : owner_(std::move(owner)), rope_(std::move(rope)) {}

    [[nodiscard]] std::uint64_t size() const noexcept { return rope_ ? rope_->size() : short_.size(); }
    /// The bytes from `position` to the end of the page they lie in.  Requires: position < size().
    /// Throws load_error where a page cannot be read.  Cost: O(log n).  Threads: any.
    [[nodiscard]] std::string_view page_at(std::uint64_t position) const;
    /// Copies bytes to `to`.  Requires: position + count <= size().  Throws load_error.  Cost: O(log n + count).
    void copy(std::uint64_t position, std::uint64_t count, char* to) const;

private:
    std::shared_ptr<void> owner_;  // released last
    std::string short_;            // when it has no rope
    std::optional<tree> rope_;
};

}  // namespace coppice
