// tests/collections/support.hpp: tiny nodes that are counted, and elements that know what happens to them.
//
// tiny_nodes<F> reach every split and join within a hundred steps. Their memory, and the copies of a `fussy` element,
// run out when a test says so; nodes and elements alive are counted, so that a leak shows.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <vector>

#include <coppice/resident/layout.hpp>
#include <coppice/resident/policy.hpp>

#include <gtest/gtest.h>

#include "support/seeds.hpp"

namespace coppice::testing {

/// Whatever may fail counts here; of this thread.
struct faults {
    static inline thread_local std::int64_t left = -1;  ///< below 0: nothing fails
    static void count() {
        if (left >= 0 && left-- == 0) { throw std::bad_alloc(); }
    }
};

inline thread_local std::int64_t live_nodes = 0;
inline thread_local std::int64_t live_elements = 0;

template <std::size_t LeafBytes, unsigned Fanout, class Base = shared_nodes>
struct tiny_nodes : Base {
    static constexpr std::size_t leaf_bytes = LeafBytes;
    static constexpr unsigned fanout = Fanout;
    static constexpr unsigned narrow_height = 1;  // so that wide nodes occur
    [[nodiscard]] static void* allocate(std::size_t bytes, std::align_val_t alignment) {
        faults::count();
        ++live_nodes;
        return Base::allocate(bytes, alignment);
    }
    static void deallocate(void* memory, std::size_t bytes, std::align_val_t alignment) noexcept {
        --live_nodes;
        Base::deallocate(memory, bytes, alignment);
    }
};

/// Leaves of a map hold that many entries.
template <unsigned Entries, class Base = shared_nodes>
struct tiny_hashed : tiny_nodes<64, 4, Base> {
    static constexpr unsigned hashed_leaf = Entries;
};

/// An element whose copying may throw, and, unless Moves, its moving; a moved-from one says so.
template <bool Moves>
class fussy {
public:
    fussy(int value = 0) : value_(value) { ++live_elements; }  // NOLINT: as an int
    fussy(const fussy& from) : value_(from.value_) {
        faults::count();
        ++live_elements;
    }
    fussy(fussy&& from) noexcept(Moves) : value_(from.value_) {
        if constexpr (!Moves) { faults::count(); }
        from.value_ = moved_from;
        ++live_elements;
    }
    fussy& operator=(const fussy&) = delete;  // nobody needs it
    ~fussy() {
        EXPECT_NE(value_, dead);
        value_ = dead;
        --live_elements;
    }
    [[nodiscard]] int value() const noexcept { return value_; }
    friend bool operator==(const fussy& a, const fussy& b) noexcept { return a.value_ == b.value_; }

private:
    static constexpr int moved_from = -1'000'000;
    static constexpr int dead = -2'000'000;
    int value_;
};

/// An element that is a reference which counts: its bytes can be moved, and copying it cannot fail.
class referring {
public:
    referring(int value = 0) : to_(std::make_shared<const fussy<true>>(value)) {}  // NOLINT: as an int
    [[nodiscard]] int value() const noexcept { return to_->value(); }
    friend bool operator==(const referring& a, const referring& b) noexcept { return *a.to_ == *b.to_; }

private:
    std::shared_ptr<const fussy<true>> to_;
};

/// The number that an element was made of, and an element made of one: texts are too long to stand in their object.
template <class Element>
int number(const Element& element) {
    if constexpr (std::is_same_v<Element, int>) {
        return element;
    } else if constexpr (std::is_same_v<Element, std::string>) {
        return std::stoi(element);
    } else {
        return element.value();
    }
}
template <class Element>
Element element_of(int value) {
    if constexpr (std::is_same_v<Element, std::string>) {
        return std::to_string(value) + std::string(20, ' ');
    } else {
        return Element(value);
    }
}

/// Runs `operation(subject)` on what `make` makes, with each fault in turn, until none happens. After a fault the
/// subject must be as it was, and nothing may have leaked. With `shared` a twin holds all nodes too.
template <class Make, class Operation>
void expect_all_or_nothing(Make make, Operation operation) {
    for (const bool shared : {false, true}) {
        SCOPED_TRACE(shared ? "shared" : "sole");
        for (std::int64_t fails = 0;; ++fails) {
            ASSERT_LT(fails, 10'000);
            const auto nodes = live_nodes;
            const auto elements = live_elements;
            bool failed = false;
            {
                auto subject = make();
                auto untouched = make();
                auto twin = shared ? subject : make();
                faults::left = fails;
                try {
                    operation(subject);
                } catch (const std::bad_alloc&) { failed = true; }
                faults::left = -1;
                subject.check_invariants();
                ASSERT_TRUE(twin == untouched) << "after fault " << fails;
                if (failed) { ASSERT_TRUE(subject == untouched) << "after fault " << fails; }
            }
            ASSERT_EQ(live_nodes, nodes) << "after fault " << fails;
            ASSERT_EQ(live_elements, elements) << "after fault " << fails;
            if (!failed) { break; }
        }
    }
}
/// The same for each change at each place.
template <class Make, class At>
void expect_all_or_nothing(
    Make make, std::initializer_list<At> places,
    std::initializer_list<std::type_identity_t<void (*)(std::invoke_result_t<Make>&, At)>> changes) {
    for (const auto change : changes) {
        for (const At at : places) {
            SCOPED_TRACE(at);
            expect_all_or_nothing(make, [&](auto& of) { change(of, at); });
        }
    }
}

}  // namespace coppice::testing

template <>
inline constexpr bool coppice::resident::relocatable<coppice::testing::referring> = true;
