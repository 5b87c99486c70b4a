// coppice/resident/policy.hpp: how the nodes of a collection in memory are counted, allocated and sized.
//
// A collection takes such a policy as its last argument. Use shared_nodes, the default, unless all collections that
// share nodes stay on one thread for ever: then local_nodes counts without atomics. Another allocator, or other sizes,
// is a struct derived from one of them that hides a member.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

namespace coppice {

struct shared_nodes {
    static constexpr bool atomic = true;             ///< collections on several threads may share nodes
    static constexpr std::size_t leaf_bytes = 2048;  ///< of a full leaf; larger ones cost writers of shared values
    static constexpr unsigned fanout = 16;           ///< children of an inner node, 4 to 32: the same trade
    static constexpr unsigned narrow_height = 5;     ///< inner nodes up to here count in 32 bits
    static constexpr unsigned hashed_leaf = 32;      ///< entries of a full leaf of a map or set, at most 32

    /// Memory for a node.  Errors: throws std::bad_alloc.
    [[nodiscard]] static void* allocate(std::size_t bytes, std::align_val_t alignment) {
        return alignment <= std::align_val_t{__STDCPP_DEFAULT_NEW_ALIGNMENT__} ? ::operator new(bytes)
                                                                               : ::operator new(bytes, alignment);
    }
    static void deallocate(void* memory, std::size_t /*bytes*/, std::align_val_t alignment) noexcept {
        if (alignment <= std::align_val_t{__STDCPP_DEFAULT_NEW_ALIGNMENT__}) {
            ::operator delete(memory);
        } else {
            ::operator delete(memory, alignment);
        }
    }
};

struct local_nodes : shared_nodes {
    static constexpr bool atomic = false;
};

namespace resident {

/// How many slots and values hold a node.  Threads: any where Atomic, else one.
template <bool Atomic>
class owner_count;

template <>
class owner_count<true> {
public:
    void add() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
    /// One fewer; true if that was the last one.
    [[nodiscard]] bool drop() noexcept {
        // Nobody else can add an owner to what only the caller owns, so no locked instruction is needed then.
        return is_one() || count_.fetch_sub(1, std::memory_order_acq_rel) == 1;
    }
    [[nodiscard]] bool is_one() const noexcept { return count() == 1; }
    [[nodiscard]] std::uint32_t count() const noexcept { return count_.load(std::memory_order_acquire); }

private:
    std::atomic<std::uint32_t> count_ = 1;
};

template <>
class owner_count<false> {
public:
    void add() noexcept { ++count_; }
    [[nodiscard]] bool drop() noexcept { return --count_ == 0; }
    [[nodiscard]] bool is_one() const noexcept { return count_ == 1; }
    [[nodiscard]] std::uint32_t count() const noexcept { return count_; }

private:
    std::uint32_t count_ = 1;
};

}  // namespace resident
}  // namespace coppice
