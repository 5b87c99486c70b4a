// coppice/tree/epoch.hpp: what a reader may still look at is not freed.
//
// A published root is read by threads that hold nothing: between reading the pointer and counting themselves as
// owners, the writer may replace it and drop the last count. An epoch closes that gap. Use published<T> for one
// value that is often read and sometimes replaced; where a mutex is never waited for, a mutex is simpler.
//
//     reader    e = epoch;  slot := e;  p = root;  look at p;  slot := 0
//     writer    root := new;  r = epoch++;  keep (old, r)  ...  free (old, r) once r < every slot that is not 0
//
// Why it is correct. All of these but `slot := 0` (release) are sequentially consistent, so there is one order S of
// them. Take a writer's look at one slot, after epoch++, and a reader of that slot:
//   C1  The look came before `slot := e` in S. Then so did root := new, and p is not `old`.
//   C2  The look saw e, and e <= r. Then `old` is kept.
//   C3  The look saw e, and e > r. Then epoch++ came before e = epoch, and p is not `old`.
//   C4  The look saw the 0 of `slot := 0`, or what a later reader wrote over it by an RMW (the same release
//       sequence). Then all that the reader did happened before.
// An e that was read long before `slot := e` is only smaller: more is kept. No fence stands alone, since
// ThreadSanitizer does not know those; tests/tree/epoch_test.cpp walks every interleaving of a model of this.
// It is the epoch-based reclamation of K. Fraser, "Practical lock-freedom" (2004), 5.2.3, with the epoch counted
// up by each retirement instead of by agreement, which leaves one list instead of three.
//
// Cost                    time                                   allocates, waits
//   enter and leave       one compare-exchange, one store        nothing; wait-free: a crowd shares one counter
//   load                  that and one atomic add                nothing
//   exchange, retire      O(1), then reclaim                     nothing; lock-free; so compare_exchange
//   reclaim               a look at each slot, O(retired)        nothing
//
// A section keeps everything that is retired while it lasts: keep it short, and never wait inside.
// Threads: any, for every member. Errors: none.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include <coppice/base/assert.hpp>

namespace coppice {

/// What an epoch_domain can keep: the link is in the object, so that giving it up cannot fail.
struct retirable {
    retirable* retired_next = nullptr;
    std::uint64_t retired_at = 0;
    void (*retired_free)(retirable&) noexcept = nullptr;
};

class epoch_domain {
public:
    static constexpr std::size_t slots = 64;  ///< threads inside at once, before they share a counter

    epoch_domain() noexcept = default;
    epoch_domain(const epoch_domain&) = delete;
    epoch_domain& operator=(const epoch_domain&) = delete;
    /// Requires: nobody is inside.
    ~epoch_domain() {
        COPPICE_CHECK(readers() == 0);
        while (reclaim() != 0) {}
    }

    /// Calls `free` once nobody can see `object`, which has just been made unreachable for those who enter from now
    /// on. An object is retired once.
    void retire(retirable& object, void (*free)(retirable&) noexcept) noexcept {
        object.retired_free = free;
        object.retired_at = epoch_.fetch_add(1);
        push(object, object);
        reclaim();
    }

    /// Frees what nobody can see any more.  Returns how many.
    std::size_t reclaim() noexcept {
        // Taken before the slots are looked at: whatever is in the list was unreachable by then. What `free`
        // retires in its turn waits for the next call.
        retirable* object = retired_.exchange(nullptr);
        if (object == nullptr) { return 0; }
        const std::uint64_t oldest = oldest_reader();
        std::size_t freed = 0;
        retirable* kept_first = nullptr;
        retirable* kept_last = nullptr;
        while (object != nullptr) {
            retirable& each = *std::exchange(object, object->retired_next);
            if (each.retired_at < oldest) {
                each.retired_free(each);
                ++freed;
                continue;
            }
            each.retired_next = kept_first;
            if (kept_first == nullptr) { kept_last = &each; }
            kept_first = &each;
        }
        if (kept_first != nullptr) { push(*kept_first, *kept_last); }
        return freed;
    }

    /// Sections that are open at this moment.
    [[nodiscard]] std::size_t readers() const noexcept {
        std::size_t inside = crowd_.load(std::memory_order_relaxed);
        for (const slot& each : slots_) { inside += each.since.load(std::memory_order_relaxed) != 0 ? 1U : 0U; }
        return inside;
    }

private:
    friend class epoch_section;
    static constexpr std::size_t line_bytes = 64;  // two slots of one cache line would be passed back and forth
    struct alignas(line_bytes) slot {
        std::atomic<std::uint64_t> since{0};  // epoch read by who is inside; 0: free
    };
    static_assert(sizeof(slot) == line_bytes);

    /// The slot taken, or null: counted in the crowd. `hint` differs between threads.
    [[nodiscard]] slot* enter(std::size_t hint) noexcept {
        const std::uint64_t now = epoch_.load();
        for (std::size_t i = 0; i < slots; ++i) {
            slot& each = slots_[(hint + i) % slots];
            std::uint64_t nobody = 0;
            if (each.since.load(std::memory_order_relaxed) == 0 && each.since.compare_exchange_strong(nobody, now)) {
                return &each;
            }
        }
        crowd_.fetch_add(1);
        return nullptr;
    }
    void leave(slot* taken) noexcept {
        if (taken != nullptr) {
            taken->since.store(0, std::memory_order_release);
        } else {
            crowd_.fetch_sub(1);
        }
    }
    /// Nothing that was retired at this epoch or later may be freed.
    [[nodiscard]] std::uint64_t oldest_reader() const noexcept {
        if (crowd_.load() != 0) { return 0; }  // a crowd keeps everything
        std::uint64_t oldest = std::numeric_limits<std::uint64_t>::max();
        for (const slot& each : slots_) {
            const std::uint64_t since = each.since.load();
            if (since != 0 && since < oldest) { oldest = since; }
        }
        return oldest;
    }
    void push(retirable& first, retirable& last) noexcept {
        last.retired_next = retired_.load(std::memory_order_relaxed);
        while (!retired_.compare_exchange_weak(last.retired_next, &first)) {}
    }

    alignas(line_bytes) std::atomic<std::uint64_t> epoch_{1};
    std::atomic<std::uint64_t> crowd_{0};
    alignas(line_bytes) std::atomic<retirable*> retired_{nullptr};
    std::array<slot, slots> slots_{};
};

/// While it lives, what its thread reads of a domain is not freed. Sections nest.
class epoch_section {
public:
    explicit epoch_section(epoch_domain& in) noexcept : domain_(in), taken_(in.enter(place_of(this))) {}
    ~epoch_section() { domain_.leave(taken_); }
    epoch_section(const epoch_section&) = delete;
    epoch_section& operator=(const epoch_section&) = delete;

private:
    /// Threads have stacks of their own, so the section's address tells them apart without a thread_local.
    static std::size_t place_of(const void* address) noexcept {
        constexpr unsigned stack_page_bits = 12;
        return static_cast<std::size_t>(
            ((reinterpret_cast<std::uintptr_t>(address) >> stack_page_bits) * 0x9e3779b97f4a7c15U) >> 40);
    }

    epoch_domain& domain_;
    epoch_domain::slot* taken_;
};

/// Base of what published<T> holds: a count of owners inside the object. A new object has one.
class counted : public retirable {
public:
    counted() noexcept = default;
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;

private:
    template <class>
    friend class counted_ptr;
    mutable std::atomic<std::size_t> owners_{1};
};

/// One owner of a `T`, which is deleted with the last of them.
template <class T>
class counted_ptr {
public:
    counted_ptr() noexcept = default;
    /// Takes over one count.
    [[nodiscard]] static counted_ptr adopt(T* owned) noexcept {
        counted_ptr made;
        made.object_ = owned;
        return made;
    }
    /// Becomes one more owner.
    [[nodiscard]] static counted_ptr share(T& object) noexcept {
        object.owners_.fetch_add(1, std::memory_order_relaxed);
        return adopt(&object);
    }
    counted_ptr(const counted_ptr& from) noexcept : object_(from.object_) {
        if (object_ != nullptr) { object_->owners_.fetch_add(1, std::memory_order_relaxed); }
    }
    counted_ptr(counted_ptr&& from) noexcept : object_(std::exchange(from.object_, nullptr)) {}
    counted_ptr& operator=(counted_ptr from) noexcept {
        std::swap(object_, from.object_);
        return *this;
    }
    ~counted_ptr() {
        if (object_ != nullptr && object_->owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) { delete object_; }
    }

    [[nodiscard]] T* get() const noexcept { return object_; }
    T& operator*() const noexcept { return *object_; }
    T* operator->() const noexcept { return object_; }
    explicit operator bool() const noexcept { return object_ != nullptr; }
    [[nodiscard]] T* detach() noexcept { return std::exchange(object_, nullptr); }

private:
    T* object_ = nullptr;
};

/// A box that holds one `T`, read by anybody and replaced by a writer. It is never empty.
/// Requires: `T` derives from counted, and an object is put in a box once in its life.
template <class T>
class published {
public:
    /// `epochs` must outlive the box.
    published(epoch_domain& epochs, counted_ptr<T> first) noexcept : epochs_(epochs), now_(first.detach()) {
        COPPICE_CHECK(now_.load(std::memory_order_relaxed) != nullptr);
    }
    published(const published&) = delete;
    published& operator=(const published&) = delete;
    /// Requires: nobody is reading.
    ~published() { give_up(*now_.load(std::memory_order_relaxed)); }

    [[nodiscard]] epoch_domain& epochs() const noexcept { return epochs_; }

    /// What the box holds, owned.  Never waits.
    [[nodiscard]] counted_ptr<const T> load() const noexcept {
        const epoch_section in(epochs_);
        return counted_ptr<const T>::share(*now_.load());
    }
    /// What the box holds, for its writer.  Requires: nobody replaces it while that is looked at.
    [[nodiscard]] const T& held() const noexcept { return *now_.load(std::memory_order_acquire); }
    /// Lends what the box holds to `f` for the call, which is short and must not wait.
    template <class F>
    decltype(auto) with(F&& f) const {
        const epoch_section in(epochs_);
        return std::forward<F>(f)(std::as_const(*now_.load()));
    }
    /// Puts `next` into the box. The box's count of what was there is given up when no reader can be about to take
    /// one of its own.
    void exchange(counted_ptr<T> next) noexcept {
        COPPICE_CHECK(next);
        epochs_.retire(*now_.exchange(next.detach()), give_up);
    }
    /// The same where the box still holds `expected`. The owner keeps that from being freed, and nothing is put in a
    /// box twice, so what is found at its address is `expected` and nothing newer.  Returns whether it was so.
    bool compare_exchange(const counted_ptr<const T>& expected, counted_ptr<T> next) noexcept {
        COPPICE_CHECK(next);
        T* held = const_cast<T*>(expected.get());
        if (!now_.compare_exchange_strong(held, next.get())) { return false; }
        epochs_.retire(*held, give_up);
        static_cast<void>(next.detach());
        return true;
    }

private:
    static void give_up(retirable& object) noexcept {
        const auto last = counted_ptr<T>::adopt(static_cast<T*>(&object));
    }

    epoch_domain& epochs_;
    alignas(64) std::atomic<T*> now_;  // read by all: apart from what the neighbours write
};

}  // namespace coppice
