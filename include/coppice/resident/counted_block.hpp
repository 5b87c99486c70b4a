// coppice/resident/counted_block.hpp: an element in a block of its own, with a count.
//
// For what is not copied by copying its bytes: a leaf is then copied by counting, which neither allocates nor throws,
// and an element stays where it is for as long as any collection holds it.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include <coppice/resident/layout.hpp>
#include <coppice/resident/policy.hpp>

namespace coppice::resident {

/// It lies in the leaf itself.
template <class T>
inline constexpr bool lies_inline = std::is_trivially_copyable_v<T> && sizeof(T) <= 32;

struct no_note {};

/// The block, and what is noted of its element.  Threads: as the nodes of the policy.
template <class T, class Nodes, class Note = no_note>
struct counted_block {
    owner_count<Nodes::atomic> owners;
    [[no_unique_address]] Note note;
    T value;

    /// A block with one owner.  Errors: throws what allocating and making a T throw.
    template <class... From>
    [[nodiscard]] static counted_block* make(Note note, From&&... from) {
        void* memory = Nodes::allocate(sizeof(counted_block), alignment());
        try {
            return ::new (memory) counted_block{{}, note, T{std::forward<From>(from)...}};
        } catch (...) {
            Nodes::deallocate(memory, sizeof(counted_block), alignment());
            throw;
        }
    }
    /// Gives up one ownership.
    static void release(counted_block* of) noexcept {
        if (!of->owners.drop()) { return; }
        std::destroy_at(of);
        Nodes::deallocate(of, sizeof(counted_block), alignment());
    }
    /// Moves another element into its place if nobody else holds this one; returns whether.  Requires: an owner asks.
    bool assign(T&& other) noexcept {
        if constexpr (std::is_nothrow_move_constructible_v<T>) {
            if (owners.is_one()) {
                std::destroy_at(&value);
                std::construct_at(&value, std::move(other));
                return true;
            }
        }
        return false;
    }

private:
    static constexpr std::align_val_t alignment() noexcept { return std::align_val_t{alignof(counted_block)}; }
};

/// One ownership of a block.
template <class T, class Nodes>
class counted_entry {
    using block = counted_block<T, Nodes>;

public:
    template <class... From>
    [[nodiscard]] static counted_entry make(From&&... from) {
        return counted_entry(block::make({}, std::forward<From>(from)...));
    }
    counted_entry(const counted_entry& from) noexcept : block_(from.block_) { block_->owners.add(); }
    counted_entry(counted_entry&& from) noexcept : block_(std::exchange(from.block_, nullptr)) {}
    counted_entry& operator=(counted_entry from) noexcept {
        std::swap(block_, from.block_);
        return *this;
    }
    ~counted_entry() {
        if (block_ != nullptr) { block::release(block_); }
    }
    [[nodiscard]] const T& operator*() const noexcept { return block_->value; }
    [[nodiscard]] const T* operator->() const noexcept { return &block_->value; }
    /// As that of the block.
    bool assign(T&& other) noexcept { return block_->assign(std::move(other)); }
    /// The element, to be changed, or null where somebody else holds the block.
    [[nodiscard]] T* own() noexcept { return block_->owners.is_one() ? &block_->value : nullptr; }
    /// Both are one block.
    [[nodiscard]] friend bool operator==(const counted_entry& a, const counted_entry& b) noexcept {
        return a.block_ == b.block_;
    }

private:
    explicit counted_entry(block* made) noexcept : block_(made) {}

    block* block_;  // null when moved from
};

template <class T, class Nodes>
inline constexpr bool relocatable<counted_entry<T, Nodes>> = true;

}  // namespace coppice::resident
