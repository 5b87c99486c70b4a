// src/wire/resp_writer.hpp: values as bytes of the Redis protocol, version 2 or 3.
//
// An aggregate is announced with its size and followed by exactly that many values. Numbers are written by
// hand: a reply of GET costs a few copies and no call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "wire/byte_buffer.hpp"

namespace coppice::wire {

/// 2 or 3: what HELLO agreed on.
enum class resp_version : std::uint8_t { two = 2, three = 3 };

class resp_writer {
public:
    explicit resp_writer(byte_buffer& out, resp_version version = resp_version::two) noexcept
        : out_(&out), version_(version) {}

    [[nodiscard]] resp_version version() const noexcept { return version_; }
    void set_version(resp_version version) noexcept { version_ = version; }
    [[nodiscard]] byte_buffer& out() const noexcept { return *out_; }
    void write_to(byte_buffer& out) noexcept { out_ = &out; }

    void status(std::string_view text);  ///< "+OK"; line ends inside become spaces
    void error(std::string_view text);   ///< "-ERR ..."; line ends inside become spaces
    void integer(std::int64_t number) { header(':', number); }
    void real(double number);  ///< 17 digits, as Redis 7.0; RESP2: a bulk string
    void boolean(bool truth);  ///< RESP2: 1 or 0
    void bulk(std::string_view bytes);
    void verbatim(std::string_view text);      ///< RESP2: a bulk string
    void big_number(std::string_view digits);  ///< RESP2: a bulk string
    void null();                               ///< RESP2: a null bulk string
    void null_array();                         ///< RESP2: a null array

    void array(std::size_t size) { header('*', static_cast<std::int64_t>(size)); }
    void map(std::size_t pairs);  ///< RESP2: an array of 2 * pairs
    void set(std::size_t size);   ///< RESP2: an array
    void push(std::size_t size);  ///< out of turn; RESP2: an array

    /// A bulk string in parts: its length, parts of that many bytes in all, and the end.
    void begin_bulk(std::uint64_t length) { header('$', static_cast<std::int64_t>(length)); }
    void part(std::string_view bytes) { out_->append(bytes); }
    void end_bulk() { out_->append("\r\n", 2); }

private:
    void header(char kind, std::int64_t number);
    void line(char kind, std::string_view text);

    byte_buffer* out_;
    resp_version version_;
};

/// `number` as Redis 7.0 prints a double (%.17g, "inf", "-inf", "nan"), at `to`; returns its end.
/// Requires: room for 32 bytes.
char* put_real(char* to, double number) noexcept;

/// Appends a command as a client sends it.  Bytes: byte_buffer or std::string.
template <class Bytes>
void append_request(Bytes& out, std::span<const std::string_view> words) {
    const auto line = [&out](char kind, std::size_t number) {
        const std::string digits = std::to_string(number);
        out.push_back(kind);
        out.append(std::string_view(digits));
        out.append(std::string_view("\r\n"));
    };
    line('*', words.size());
    for (const auto word : words) {
        line('$', word.size());
        out.append(word);
        out.append(std::string_view("\r\n"));
    }
}

}  // namespace coppice::wire
