// embed/mailbox.hpp: messages to a session that it did not ask for: refreshes, questions to adapters.
//
// They are begun by commands of other sessions, with the store's turn, and delivered when that turn ends. Whoever reads
// them has a thread that waits here; it may do so while the session runs commands, and after the session is gone.
//
// Threads: begin() and deliver() with the turn, the rest any.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>

#include <embed/flat_reply.hpp>

namespace coppice {

class mailbox {
public:
    /// Begins a message of `size` values, which are said next.
    [[nodiscard]] reply_sink& begin(std::size_t size);
    /// Where replies go whose order among the messages matters.
    [[nodiscard]] reply_sink& replies() noexcept { return begun_; }
    /// What was begun is whole.  Nobody has read for long: it is dropped.
    void deliver();

    /// Waits until there is something, or wake() is called: messages in order, or nothing.
    [[nodiscard]] std::optional<flat_reply> wait();
    void wake();

private:
    static constexpr std::size_t deliveries_max = 65'536;
    flat_reply begun_;
    std::mutex mutex_;
    std::condition_variable there_is_;
    std::deque<flat_reply> delivered_;  // guarded by mutex_, as is
    bool woken_ = false;
};

}  // namespace coppice
