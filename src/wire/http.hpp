// src/wire/http.hpp: requests of HTTP/1.1 out of bytes, by Beast's parser, and answers into bytes.
//
// The parser takes any split of the input. Limits are given; a request above one has the status that says so.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <coppice/base/function_ref.hpp>

#include "wire/byte_buffer.hpp"

namespace coppice::wire {

struct http_limits {
    std::size_t header_bytes;
    std::size_t body_bytes;
};

struct http_refusal {
    unsigned status;
    std::string text;
};

class http_request_parser {
public:
    explicit http_request_parser(http_limits allowed);
    ~http_request_parser();
    http_request_parser(const http_request_parser&) = delete;
    http_request_parser& operator=(const http_request_parser&) = delete;

    /// Takes bytes from the front of `bytes` and says how many; stops behind a whole request.
    [[nodiscard]] std::size_t take(std::string_view bytes);
    /// The same; when the header has come, `body_bytes` says how much less than http_limits the body may have.
    [[nodiscard]] std::size_t take(std::string_view bytes, function_ref<std::size_t()> body_bytes);
    /// A request is whole; it stays until next().
    [[nodiscard]] bool whole() const noexcept;
    /// Why these bytes are no request, or none we read: answer and close.
    [[nodiscard]] const std::optional<http_refusal>& refused() const noexcept;
    void next();

    // Of a whole request.  Views live until next().
    [[nodiscard]] std::string_view method() const noexcept;
    [[nodiscard]] std::string_view path() const noexcept;  ///< without the query
    /// The first value of a name in the query, decoded; nothing when it is not there.
    [[nodiscard]] std::optional<std::string> query(std::string_view name) const;
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;  ///< empty when it is not there
    [[nodiscard]] std::string_view body() const noexcept;
    [[nodiscard]] bool keep_alive() const noexcept;
    /// Wants to go on as a WebSocket.
    [[nodiscard]] bool upgrades() const noexcept;

private:
    struct inside;
    std::unique_ptr<inside> inside_;
    const http_limits allowed_;
};

using http_header = std::pair<std::string_view, std::string_view>;

/// Appends an answer with its length.
void append_http_answer(byte_buffer& out, unsigned status, std::span<const http_header> headers, std::string_view body,
                        bool keep_alive);
/// Appends the answer that turns a connection into a WebSocket.
void append_websocket_answer(byte_buffer& out, std::string_view key);

}  // namespace coppice::wire
