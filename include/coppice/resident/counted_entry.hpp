// coppice/resident/counted_entry.hpp: an element in a block of its own, with a count.
//
// For what is not copied by copying its bytes: a leaf is then copied by counting, which neither allocates nor throws,
// and an element stays where it is for as long as any collection holds it.
#pragma once

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

/// Threads: as the nodes of the policy.
template <class T, class Nodes>
class counted_entry {
public:
    /// Errors: throws what allocating and making a T throw.
    template <class... From>
    [[nodiscard]] static counted_entry make(From&&... from) {
        void* memory = Nodes::allocate(sizeof(block), alignment);
        try {
            return counted_entry(::new (memory) block{{}, T{std::forward<From>(from)...}});
        } catch (...) {
            Nodes::deallocate(memory, sizeof(block), alignment);
            throw;
        }
    }
    counted_entry(const counted_entry& from) noexcept : block_(from.block_) { block_->owners.add(); }
    counted_entry(counted_entry&& from) noexcept : block_(std::exchange(from.block_, nullptr)) {}
    counted_entry& operator=(counted_entry from) noexcept {
        std::swap(block_, from.block_);
        return *this;
    }
    ~counted_entry() {
        if (block_ != nullptr && block_->owners.drop()) {
            std::destroy_at(block_);
            Nodes::deallocate(block_, sizeof(block), alignment);
        }
    }
    [[nodiscard]] const T& operator*() const noexcept { return block_->value; }
    [[nodiscard]] const T* operator->() const noexcept { return &block_->value; }
    /// Both are one block.
    [[nodiscard]] friend bool operator==(const counted_entry& a, const counted_entry& b) noexcept {
        return a.block_ == b.block_;
    }

private:
    struct block {
        owner_count<Nodes::atomic> owners;
        T value;
    };
    static constexpr std::align_val_t alignment{alignof(block)};
    explicit counted_entry(block* made) noexcept : block_(made) {}

    block* block_;  // null when moved from
};

template <class T, class Nodes>
inline constexpr bool relocatable<counted_entry<T, Nodes>> = true;

}  // namespace coppice::resident
