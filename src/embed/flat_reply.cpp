#include "embed/flat_reply.hpp"

#include <algorithm>

#include <coppice/base/limits.hpp>

namespace coppice {

void flat_reply::clear() noexcept {
    items_.clear();
    bytes_.clear();
    most_ = unbounded;
    if (bytes_.capacity() > limits::mebibyte) { std::string().swap(bytes_); }
    if (items_.capacity() * sizeof(item) > limits::mebibyte) { std::vector<item>().swap(items_); }
}

void flat_reply::real(double number) {
    item made{kind::real, {}, 0};
    made.real = number;
    items_.push_back(made);
}

void flat_reply::say(kind is, std::string_view text) {
    begin_bulk(text.size());
    items_.back().is = is;
    bytes_.append(text);
}

void flat_reply::say(kind is, std::int64_t number) { items_.push_back({is, {number}, 0}); }

void flat_reply::back_to(std::size_t to) {
    for (std::size_t i = to; i < items_.size(); ++i) {
        if (!has_text(items_[i].is)) { continue; }
        bytes_.resize(static_cast<std::size_t>(items_[i].begin));
        break;
    }
    items_.resize(to);
}

void flat_reply::begin_bulk(std::uint64_t length) {
    if (length > most_ - std::min(most_, bytes_.size())) { throw answer_too_long(); }
    item made{kind::bulk, {}, length};
    made.begin = bytes_.size();
    items_.push_back(made);
}

void flat_reply::part(std::string_view bytes) { bytes_.append(bytes); }

}  // namespace coppice
