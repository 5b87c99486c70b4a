// coppice/atomic_box.hpp: one value that many threads read and replace, without a lock.
//
// For the one variable that a program of values has: a persistent collection, a configuration, a routing table, which
// is read all the time, by every thread, and changed now and then. Readers never wait, neither for each other nor for
// a writer; a writer computes a new value beside the old one and swaps the root. Where the value is changed about as
// often as it is read, take a mutex: writers who meet here do their work again. For a number take std::atomic; for
// values that must change together, put them into one box.
//
//     box ──> [ value 7 ]     a reader marks a line of its own, looks at value 7, and clears the mark
//               │
//               v update(f)   reads 7, makes [ value 8 ], swaps if the box still holds 7, else begins anew;
//             [ value 8 ]     value 7 goes when no mark is older than the swap, and no snapshot holds it
//
//     coppice::atomic_box<table> routes;
//     auto next = routes.read([&](const table& now) { return now.find(address); });      // the fast way
//     routes.update([&](const table& now) { return now.insert(route); });
//
// **read(f) is the fast way**: it writes nothing that another core reads. load() copies the value, and a copy of a
// collection counts an owner; view() counts one itself. All readers then write to one cache line in turn, which
// costs them as much as a mutex that nobody holds; take those to keep a value, not to look at one.
//
// Cost                                 time                                             allocates
//   read                               one compare-exchange on a line of the thread's   nothing; wait-free
//                                      own, one store, and f
//   load                               the same, and T's copy                           as T's copy; wait-free
//   view                               the same, and an atomic add on a shared line     nothing; wait-free
//   store, exchange, compare_exchange  one allocation, one swap; lock-free              one cell
//   update                             that and f, for each try; lock-free: who fails   one cell a try
//                                      was overtaken by another who did not
//   memory                             128 bytes a box; T and 32 bytes a cell; 4 KiB for the marks of all boxes
//
// Threads. Any number, every member, any number of boxes. A thread has a mark only while it is inside read or load, so
// none is left behind where it ends; beyond 64 threads inside at once, they share one counter. Operations on one box
// are linearizable: each happens at one moment between its call and its return.
// Memory. A value that is replaced goes at once, unless somebody was inside a read() at that moment, of any box with
// the same epochs: then with a later change of any of them, or when the box ends. So keep f short, and let it not wait.
// T's destructor runs on a writer's thread, or on that of the last snapshot.
// Errors. Allocation, T's copy and f throw, and then the box holds what it held.
// Lifetime. Nobody uses a box when it ends; snapshots outlive it.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include <coppice/tree/epoch.hpp>

namespace coppice {

/// The epochs of every box that was given no others. It never ends, so a box may be of static storage duration.
inline epoch_domain& box_epochs() {
    static epoch_domain& shared = *new epoch_domain;
    return shared;
}

template <std::copyable T>
class atomic_box {
    struct cell final : counted {
        explicit cell(T given) : value(std::move(given)) {}
        const T value;
    };

public:
    using value_type = T;

    /// A value that a box held, kept for as long as this lives. Two are equal where they are of one write: a box that
    /// was changed and changed back holds another.
    class snapshot {
    public:
        const T& operator*() const noexcept { return held_->value; }
        const T* operator->() const noexcept { return &held_->value; }
        friend bool operator==(const snapshot& a, const snapshot& b) noexcept { return a.held_.get() == b.held_.get(); }

    private:
        friend class atomic_box;
        explicit snapshot(counted_ptr<const cell> held) noexcept : held_(std::move(held)) {}
        counted_ptr<const cell> held_;
    };

    /// `epochs` must outlive the box; boxes with epochs of their own do not keep each other's values.
    explicit atomic_box(T first = T(), epoch_domain& epochs = box_epochs()) : cell_(epochs, make(std::move(first))) {}
    atomic_box(const atomic_box&) = delete;
    atomic_box& operator=(const atomic_box&) = delete;
    /// Requires: nobody is using it.
    ~atomic_box() { cell_.epochs().reclaim(); }

    /// Lends the value to `f` for the call. Returns what `f` returns, which must not be a part of the value.
    template <class F>
    auto read(F&& f) const -> std::invoke_result_t<F&, const T&> {
        static_assert(!std::is_reference_v<std::invoke_result_t<F&, const T&>>, "what read() lends may go afterwards");
        return cell_.with([&](const cell& lent) { return f(lent.value); });
    }
    /// A copy of the value.
    [[nodiscard]] T load() const {
        return read([](const T& lent) { return lent; });
    }
    /// The value, kept: for longer looks than read() allows, and for compare_exchange.
    [[nodiscard]] snapshot view() const noexcept { return snapshot(cell_.load()); }

    void store(T value) { cell_.exchange(make(std::move(value))); }
    /// Stores `value`.  Returns what the box held before.
    snapshot exchange(T value) {
        const counted_ptr<cell> next = make(std::move(value));
        snapshot before = view();
        while (!cell_.compare_exchange(before.held_, next)) { before = view(); }
        return before;
    }
    /// Stores `value` if nobody has written since `expected` was taken, even what is equal to it.  Returns whether;
    /// if not, `expected` is what the box holds now.
    bool compare_exchange(snapshot& expected, T value) {
        if (cell_.compare_exchange(expected.held_, make(std::move(value)))) { return true; }
        expected = view();
        return false;
    }
    /// Stores f(value), computed anew whenever somebody else was first: `f` is called once or more, sees one version
    /// each time, and may take as long as it likes.  Returns what was stored.
    template <class F>
    requires std::is_invocable_r_v<T, F&, const T&> snapshot update(F&& f) {
        for (;;) {
            const snapshot before = view();
            counted_ptr<cell> next = make(f(*before));
            snapshot after(counted_ptr<const cell>::share(*next));
            if (cell_.compare_exchange(before.held_, std::move(next))) { return after; }
        }
    }

private:
    static counted_ptr<cell> make(T value) { return counted_ptr<cell>::adopt(new cell(std::move(value))); }

    published<cell> cell_;
};

}  // namespace coppice
