#include "embed/mailbox.hpp"

#include <utility>

namespace coppice {

reply_sink& mailbox::begin(std::size_t size) {
    begun_.array(size);
    return begun_;
}

void mailbox::deliver() {
    auto whole = std::exchange(begun_, {});
    const std::lock_guard lock(mutex_);
    if (delivered_.size() >= deliveries_max) { return; }
    delivered_.push_back(std::move(whole));
    there_is_.notify_one();
}

std::optional<flat_reply> mailbox::wait() {
    std::unique_lock lock(mutex_);
    there_is_.wait(lock, [this] { return !delivered_.empty() || woken_; });
    woken_ = false;
    if (delivered_.empty()) { return std::nullopt; }
    auto next = std::move(delivered_.front());
    delivered_.pop_front();
    return next;
}

void mailbox::wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    there_is_.notify_one();
}

}  // namespace coppice
