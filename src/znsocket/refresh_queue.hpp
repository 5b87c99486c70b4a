// znsocket/refresh_queue.hpp: refreshes that come faster than a participant can take them, brought together.
//
//     {"target":"znsocket.List:K","data":{"indices":[4]}}
//     {"target":"znsocket.List:K","data":{"start":9,"stop":null}}
//     {"target":"znsocket.List:K","data":{"indices":[5]}}
//     {"target":"znsocket.List:K","data":{"start":3,"stop":null}}
//         become
//     {"target":"znsocket.List:K","data":{"indices":[4,5]}}
//     {"target":"znsocket.List:K","data":{"start":3,"stop":null}}
//
// A published Python client starts a thread for each refresh, so some thousands a second, which one fast writer makes,
// leave it no time for anything else. limits::refreshes_at_once of them pass in each limits::refresh_window; those
// beyond wait for its end and are one for each target and kind then. What is none of the kinds that ZnSocket's objects
// send is a message of somebody's own: it waits as well, but is left as it is, and none is lost.
//
// Threads: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace coppice::znsocket {

/// A refresh on its way to several participants: looked into at most once.
class refresh_message {
public:
    /// What it says, if it is one that ZnSocket's objects send.
    struct content {
        std::string target;              ///< JSON
        std::string_view kind;           ///< "indices", "keys" or "start"
        std::vector<std::string> items;  ///< JSON, of indices and keys
        std::int64_t start = 0;
    };
    /// `payload` must outlive this.
    explicit refresh_message(std::string_view payload) noexcept : payload_(payload) {}

    [[nodiscard]] std::string_view payload() const noexcept { return payload_; }
    /// Null for all others.
    [[nodiscard]] const content* look();

private:
    std::string_view payload_;
    bool looked_ = false;
    std::optional<content> content_;
};

class refresh_queue {
public:
    using moment = std::chrono::nanoseconds;

    /// True when the next refresh need not wait; it counts as sent.
    [[nodiscard]] bool passes(moment now);
    /// Adds one that has to wait.
    void add(refresh_message& one);
    [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }
    /// As many wait as may, or their window is over: now they should be sent.
    [[nodiscard]] bool due(moment now) const noexcept;
    /// The payloads that waited, in the order in which their kinds first came.
    [[nodiscard]] std::vector<std::string> take(moment now);

private:
    struct entry {
        std::string payload;  // of what is left as it is
        std::optional<refresh_message::content> content;
    };

    moment window_ = moment::min() / 2;  // when it began
    std::size_t sent_ = 0;               // in it
    std::vector<entry> waiting_;
    std::unordered_map<std::string, std::size_t> places_;  // among them, by kind and target
    std::size_t added_ = 0;                                // to them
    std::size_t bytes_ = 0;
};

}  // namespace coppice::znsocket
