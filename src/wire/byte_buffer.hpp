// src/wire/byte_buffer.hpp: bytes that are appended at one end and taken from the other.
//
// A std::string clears what it grows by and cannot give up its front; both cost on the way of every reply.
//
//        [ taken | bytes ......... | room ]
//        0       front_            end_   capacity_
//
// Cost: append is O(1) amortised; drop_front is O(1); neither clears memory. Only growing allocates (throws
// std::bad_alloc, and the bytes are unchanged).
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include <coppice/base/assert.hpp>

namespace coppice::wire {

class byte_buffer {
public:
    byte_buffer() noexcept = default;
    byte_buffer(byte_buffer&& other) noexcept { swap(other); }
    byte_buffer& operator=(byte_buffer&& other) noexcept {
        byte_buffer taken(std::move(other));
        swap(taken);
        return *this;
    }
    byte_buffer(const byte_buffer&) = delete;
    byte_buffer& operator=(const byte_buffer&) = delete;
    ~byte_buffer() { std::free(bytes_); }

    [[nodiscard]] const char* data() const noexcept { return bytes_ + front_; }
    [[nodiscard]] std::size_t size() const noexcept { return end_ - front_; }
    [[nodiscard]] bool empty() const noexcept { return end_ == front_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] std::string_view view() const noexcept { return {data(), size()}; }

    /// Room for `bytes` more bytes behind the end, valid until the next call.  `added` says how many were used.
    [[nodiscard]] char* room(std::size_t bytes) {
        if (capacity_ - end_ < bytes) [[unlikely]] { grow(bytes); }
        return bytes_ + end_;
    }
    void added(std::size_t bytes) noexcept {
        COPPICE_ASSERT(bytes <= capacity_ - end_);
        end_ += bytes;
    }
    void append(const char* from, std::size_t bytes) {
        if (bytes == 0) { return; }
        std::memcpy(room(bytes), from, bytes);
        end_ += bytes;
    }
    void append(std::string_view text) { append(text.data(), text.size()); }
    void push_back(char byte) {
        *room(1) = byte;
        ++end_;
    }

    /// Gives up the first `bytes` bytes.  Requires: bytes <= size().
    void drop_front(std::size_t bytes) noexcept {
        COPPICE_ASSERT(bytes <= size());
        front_ += bytes;
        if (front_ == end_) { clear(); }
    }
    /// Gives up all but the first `bytes` bytes.  Requires: bytes <= size().
    void truncate(std::size_t bytes) noexcept {
        COPPICE_ASSERT(bytes <= size());
        end_ = front_ + bytes;
    }
    /// Empty; the memory is kept.
    void clear() noexcept { front_ = end_ = 0; }
    /// Empty; the memory is given back.
    void release() noexcept { byte_buffer().swap(*this); }

    void swap(byte_buffer& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(front_, other.front_);
        std::swap(end_, other.end_);
        std::swap(capacity_, other.capacity_);
    }

private:
    static constexpr std::size_t smallest = 512;

    // Moves the bytes to the front when that alone makes room and at least half of the memory is taken bytes
    // (so a byte is moved once for each byte taken), else doubles.
    [[gnu::noinline]] void grow(std::size_t bytes) {
        if (front_ >= capacity_ / 2 && capacity_ - size() >= bytes && front_ != 0) {
            std::memmove(bytes_, data(), size());
            end_ -= front_;
            front_ = 0;
            return;
        }
        std::size_t wanted = capacity_ == 0 ? smallest : capacity_ * 2;
        while (wanted - size() < bytes) { wanted *= 2; }
        // No realloc: it copies what was taken and what is only room, and touches as much of the new memory.
        auto* grown = static_cast<char*>(std::malloc(wanted));
        if (grown == nullptr) { throw std::bad_alloc(); }
        if (!empty()) { std::memcpy(grown, data(), size()); }
        std::free(std::exchange(bytes_, grown));
        end_ = size();
        front_ = 0;
        capacity_ = wanted;
    }

    char* bytes_ = nullptr;
    std::size_t front_ = 0;
    std::size_t end_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace coppice::wire
