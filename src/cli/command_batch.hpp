// cli/command_batch.hpp: commands with their arguments, packed, to be sent together.
//
// One run of bytes and two lists of ends, so an import of millions of fields allocates nothing per field.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::cli {

class command_batch {
public:
    /// Adds a command word by word: begin, then word for each.
    void begin() { first_words_.push_back(ends_.size()); }
    void word(std::string_view text) {
        bytes_ += text;
        ends_.push_back(bytes_.size());
    }
    void add(std::span<const std::string_view> words) {
        begin();
        for (const auto text : words) { word(text); }
    }
    void add(std::initializer_list<std::string_view> words) { add(std::span(words.begin(), words.size())); }
    void clear() {
        bytes_.clear();
        ends_.clear();
        first_words_.clear();
    }

    [[nodiscard]] std::size_t size() const noexcept { return first_words_.size(); }
    [[nodiscard]] bool empty() const noexcept { return first_words_.empty(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.size(); }

    /// The words of one command, valid until the batch changes.
    [[nodiscard]] std::vector<std::string_view> command(std::size_t index) const {
        const auto until = index + 1 < first_words_.size() ? first_words_[index + 1] : ends_.size();
        std::vector<std::string_view> words;
        for (auto at = first_words_[index]; at < until; ++at) {
            const auto from = at == 0 ? 0 : ends_[at - 1];
            words.push_back(std::string_view(bytes_).substr(from, ends_[at] - from));
        }
        return words;
    }

private:
    std::string bytes_;
    std::vector<std::size_t> ends_;         // of each word, in bytes_
    std::vector<std::size_t> first_words_;  // of each command, in ends_
};

}  // namespace coppice::cli
