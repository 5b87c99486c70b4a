// coppice/base/limits.hpp: every limit on what a peer, a file or a caller can ask for, in one place.
//
// Settings may lower a limit, never raise it. Whoever reads a length checks it against one of these
// before it sizes an allocation.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace coppice::limits {

inline constexpr std::size_t mebibyte = 1024 * 1024;

// Data.
inline constexpr std::uint64_t value_bytes =
    512 * mebibyte;  ///< one string, element or field value (Redis: proto-max-bulk-len)
inline constexpr std::size_t key_bytes = 512 * mebibyte;           ///< a key, field or member
inline constexpr std::uint64_t elements = std::uint64_t{1} << 48;  ///< elements of one collection
inline constexpr unsigned key_spaces = 16;                         ///< SELECT 0 to 15
inline constexpr std::uint64_t random_picks = 16 * mebibyte;  ///< elements of one random choice that may repeat them
inline constexpr std::size_t name_bytes = 100;                ///< a branch's or a tag's name
inline constexpr std::size_t message_bytes = 64 * 1024;       ///< a commit's message or author
inline constexpr unsigned tree_height = 24;                   ///< levels of one tree: 4^24 leaves at the least fill

// The wire.
inline constexpr std::size_t arguments = 1024 * 1024;           ///< arguments of one command
inline constexpr std::size_t inline_bytes = 64 * 1024;          ///< one inline command
inline constexpr std::size_t request_bytes = 1024 * mebibyte;   ///< all arguments of one command
inline constexpr std::size_t unread_bytes = 4 * mebibyte;       ///< how far a buffer grows ahead of the bytes seen
inline constexpr std::size_t reply_pause_bytes = 1 * mebibyte;  ///< above: stop reading from that connection
inline constexpr std::size_t reply_resume_bytes = 256 * 1024;   ///< below: go on
inline constexpr std::size_t clients = 10'000;                  ///< connections (maxclients)
inline constexpr std::size_t queued_bytes = 1024 * mebibyte;    ///< all commands between MULTI and EXEC, as kept
inline constexpr std::size_t reply_nesting = 32;                ///< depth of a reply that a client reads

// ZnSocket.
inline constexpr std::size_t event_values = 8 * mebibyte;  ///< JSON values of one event: a million commands of eight
inline constexpr std::size_t event_bytes_at_once = 64 * 1024;      ///< larger events are read by a worker
inline constexpr std::size_t inflated_bytes = 256 * mebibyte;      ///< one compressed message, unpacked
inline constexpr std::size_t chunk_sets = 1024;                    ///< messages in chunks that a connection has open
inline constexpr std::size_t chunked_bytes = 512 * mebibyte;       ///< chunks and kept answers of one connection
inline constexpr std::size_t all_chunked_bytes = 1024 * mebibyte;  ///< the same, of all connections
inline constexpr std::chrono::seconds chunk_patience{10};  ///< after that, a message gives way to others' chunks
inline constexpr std::size_t chunks = 1024 * 1024;         ///< of one message
inline constexpr std::chrono::minutes chunk_age{5};        ///< after the last chunk came, a message is forgotten
inline constexpr std::size_t checked_keys = 1024 * 1024;   ///< keys one participant has opened, or adapters it has
inline constexpr std::size_t refreshes_at_once = 32;       ///< in a window: more are brought together
inline constexpr std::chrono::milliseconds refresh_window{50};
inline constexpr std::size_t refreshes_waiting = 1024;      ///< of one participant, for the window's end
inline constexpr std::chrono::seconds adapter_patience{5};  ///< with the owner of an adapter

// HTTP, Engine.IO and Socket.IO.
inline constexpr std::size_t http_header_bytes = 32 * 1024;         ///< of one request
inline constexpr std::size_t event_bytes = 5 * mebibyte;            ///< one message, as announced: max_http_buffer_size
inline constexpr std::size_t event_bytes_max = 2 * event_bytes;     ///< and as it may be packed: base64, headers
inline constexpr std::size_t event_bytes_before_login = 16 * 1024;  ///< one body or message: as Redis has it of bulks
inline constexpr std::size_t packets_of_a_body = 4096;              ///< of one polling request
inline constexpr std::size_t attachments = 16;                      ///< binary messages of one packet
inline constexpr std::size_t unread_event_bytes = 64 * mebibyte;    ///< of one client, then it is cut off

// Files.
inline constexpr std::size_t log_record_bytes = 2048 * mebibyte;  ///< one record of the log
inline constexpr std::size_t document_nesting = 128;              ///< depth of imported JSON
inline constexpr std::size_t document_bytes = 512 * mebibyte;     ///< one imported document, row or file
inline constexpr std::size_t document_fields = 1024 * 1024;       ///< columns or fields of one document

}  // namespace coppice::limits
