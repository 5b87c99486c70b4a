// src/wire/sniff.hpp: which protocol a connection speaks, from its first bytes.
//
// One port serves them all: 0x16 begins a TLS handshake, '*' an array of RESP; otherwise the first line
// decides, " HTTP/1." near its end is HTTP, anything else is a command typed by a person.
#pragma once

#include <string_view>

#include <coppice/base/limits.hpp>

namespace coppice::wire {

enum class spoken { undecided, resp, http, tls };

/// What `first` begins, or undecided while its first line is not whole.
[[nodiscard]] inline spoken sniff(std::string_view first) noexcept {
    constexpr char tls_handshake = 0x16;
    if (first.empty()) { return spoken::undecided; }
    if (first.front() == '*') { return spoken::resp; }
    if (first.front() == tls_handshake) { return spoken::tls; }
    const auto end = first.find('\n');
    // A line that is too long is answered as RESP, whose parser knows the limit.
    if (end == std::string_view::npos) {
        return first.size() > limits::inline_bytes ? spoken::resp : spoken::undecided;
    }
    auto line = first.substr(0, end);
    if (line.ends_with('\r')) { line.remove_suffix(1); }
    constexpr std::string_view version = " HTTP/1.x";
    return line.size() > version.size() && line.substr(line.size() - version.size()).starts_with(" HTTP/1.")
               ? spoken::http
               : spoken::resp;
}

}  // namespace coppice::wire
